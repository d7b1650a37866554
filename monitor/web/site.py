"""Build the FastAPI application: one router per noun, errors as problem+json (RFC 9457).

Two sites are made of the same routers. The trusted one listens on a Unix socket that only the service's user
can open, or is called in-process by a command; it may write. The public one listens on TCP and only reads.
"""

from collections.abc import Awaitable, Callable

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from starlette.middleware.trustedhost import TrustedHostMiddleware

from monitor import __version__
from monitor.app import App
from monitor.errors import ConfigError, MonitorError, NotFound, Refused, StoreConflict
from monitor.web import channels, config, deliveries, feeds, health, items, topics

log = structlog.get_logger()

STATUS: dict[type[MonitorError], int] = {NotFound: 404, Refused: 422, StoreConflict: 409, ConfigError: 422}


def create_site(
    app: App, *, trusted: bool, hosts: tuple[str, ...] = ("localhost", "127.0.0.1", "[::1]")
) -> FastAPI:
    """Make the site over one App; only a `trusted` site has the routes that change something.

    The public site answers only to the names in `hosts`, so that a page elsewhere cannot reach it by rebinding.
    """
    site = FastAPI(title="news-monitor", version=__version__, docs_url=None, redoc_url=None)
    site.state.app = app
    site.include_router(health.router)
    for noun in (feeds, topics, items, deliveries, channels, config):
        site.include_router(noun.read, prefix="/api/v1")
    if trusted:
        for noun in (feeds, channels, config):
            site.include_router(noun.write, prefix="/api/v1")
    else:
        site.add_middleware(TrustedHostMiddleware, allowed_hosts=list(hosts))
    site.add_exception_handler(MonitorError, _problem)
    site.middleware("http")(_boundary)
    return site


async def _problem(request: Request, error: Exception) -> JSONResponse:
    status = next((code for kind, code in STATUS.items() if isinstance(error, kind)), 500)
    body = {"type": "about:blank", "title": type(error).__name__, "status": status, "detail": str(error)}
    return JSONResponse(body, status_code=status, media_type="application/problem+json")


async def _boundary(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    """Answer a fault of ours with a problem document; the details go to the log, not to the client."""
    try:
        response = await call_next(request)
    except Exception:
        log.exception("web.fault", path=request.url.path)
        body = {"type": "about:blank", "title": "Internal error", "status": 500, "detail": "see the log"}
        return JSONResponse(body, status_code=500, media_type="application/problem+json")
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Cache-Control", "no-store")
    return response
