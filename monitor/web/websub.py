"""The callbacks that hubs call: a GET verifies a subscription, a POST says that its feed has changed.

Open to anybody, as WebSub needs; a callback's own token is what tells the hub from a stranger. A ping is answered
before it is judged, its body is read up to a bound, and whether it was believed is not told.
"""

import asyncio

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse
from starlette.requests import ClientDisconnect

from monitor.model import PushState
from monitor.pipeline.push import PATH
from monitor.web.access import TheApp

router = APIRouter(include_in_schema=False)

MAX_BODY = 1024 * 1024  # bytes
BODY_SECONDS = 10.0
_NOBODY = PlainTextResponse("no such subscription", status_code=404)


@router.get(PATH + "{token}")
async def verify(token: str, request: Request, app: TheApp) -> Response:
    """Confirm to a hub what was asked of it."""
    if app.pusher is None:
        return _NOBODY
    verified = await app.pusher.verify(token, request.query_params)
    return PlainTextResponse(verified.text, status_code=verified.status)


@router.post(PATH + "{token}")
async def ping(token: str, request: Request, app: TheApp) -> Response:
    """Take a hub's word that a feed has changed: 202 at once, believed or not."""
    push = await app.pusher.find(token) if app.pusher is not None else None
    if app.pusher is None or push is None:
        return _NOBODY
    if push.state is PushState.ENDED:
        return PlainTextResponse("the subscription has ended", status_code=410)
    body = await _body(request)
    if isinstance(body, bytes) and not app.pusher.accept(token, request.headers, body):
        return PlainTextResponse("busy", status_code=503, headers={"Retry-After": "60"})
    return Response(status_code=202) if isinstance(body, bytes) else body


async def _body(request: Request) -> bytes | Response:
    """Read a body of at most MAX_BODY bytes, or say why not; of a larger one no more is read."""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            body = await _bounded(request)
    except TimeoutError:
        return PlainTextResponse("the body took too long", status_code=408)
    except ClientDisconnect:
        return PlainTextResponse("the body was cut short", status_code=400)
    return PlainTextResponse(f"more than {MAX_BODY} bytes", status_code=413) if body is None else body


async def _bounded(request: Request) -> bytes | None:
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length[:20]) > MAX_BODY:
        return None
    taken = bytearray()
    async for chunk in request.stream():
        taken += chunk
        if len(taken) > MAX_BODY:
            return None
    return bytes(taken)
