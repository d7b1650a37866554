"""Build the FastAPI application: one router per noun, errors as problem+json (RFC 9457).

Two sites are made of the same routers. The trusted one listens on a Unix socket that only the service's user
can open, or is called in-process by a command; it may write. The public one listens on TCP and reads; what it changes
it changes for holders of a token alone: hubs, and the subscribers who have a link in their mail.
"""

from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus

import structlog
from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware

from monitor import __version__
from monitor.app import App
from monitor.errors import MonitorError
from monitor.web import (
    channels,
    config,
    deliveries,
    feeds,
    health,
    items,
    mail,
    person,
    route,
    signup,
    silences,
    stats,
    subscribers,
    topics,
    websub,
)
from monitor.web.access import only_known_parameters, status_of
from monitor.web.pace import Pace

log = structlog.get_logger()


def create_site(
    app: App, *, trusted: bool, hosts: tuple[str, ...] = ("localhost", "127.0.0.1", "[::1]")
) -> FastAPI:
    """Make the site over one App; only a `trusted` site has the routes that change something.

    The public site answers only to the names in `hosts`, so that a page elsewhere cannot reach it by rebinding.
    """
    site = FastAPI(title="news-monitor", version=__version__, docs_url=None, redoc_url=None)
    site.state.app = app
    site.include_router(health.router)
    strict = [Depends(only_known_parameters)]
    for noun in (feeds, topics, items, deliveries, channels, silences, stats, config):
        site.include_router(noun.read, prefix="/api/v1", dependencies=strict)
    if trusted:
        for noun in (feeds, topics, channels, deliveries, silences, route, mail, config, subscribers):
            site.include_router(noun.write, prefix="/api/v1", dependencies=strict)
    else:
        site.state.pace = Pace()
        for pages in (websub, person, signup):
            site.include_router(pages.router)
        site.add_middleware(TrustedHostMiddleware, allowed_hosts=list(hosts))
    site.add_exception_handler(MonitorError, _problem)
    site.add_exception_handler(RequestValidationError, _invalid)
    site.add_exception_handler(HTTPException, _refusal)
    site.middleware("http")(_boundary)
    return site


async def _problem(request: Request, error: Exception) -> JSONResponse:
    return _document(status_of(error), type(error).__name__, str(error))


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    """Name every value that does not fit, with its place in the request."""
    assert isinstance(error, RequestValidationError)
    places = [f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()]
    return _document(422, "Invalid request", "; ".join(places))


async def _refusal(request: Request, error: Exception) -> JSONResponse:
    """Say it when there is no such route, or it does not take this method."""
    assert isinstance(error, HTTPException)
    return _document(
        error.status_code, HTTPStatus(error.status_code).phrase, str(error.detail), headers=error.headers
    )


def _document(
    status: int, title: str, detail: str, *, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return JSONResponse(body, status_code=status, headers=headers, media_type="application/problem+json")


async def _boundary(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    """Answer a fault of ours with a problem document; the details go to the log, not to the client."""
    try:
        response = await call_next(request)
    except Exception:
        log.exception("web.fault", path=request.url.path)
        return _document(500, "Internal error", "see the log")
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Cache-Control", "no-store")
    return response
