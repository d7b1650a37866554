"""The one HTTP client: httpx over the guarded transport, without what a monitor must not do.

It keeps no cookies, reads no proxy or certificate settings from the environment and follows no redirects.
Total deadlines and body sizes are the caller's (`asyncio.timeout`, `monitor.net.bounded`).
"""

import ssl
from collections.abc import Sequence
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import httpx

from monitor.net.bounded import ACCEPT_ENCODING
from monitor.net.guard import parse_networks
from monitor.net.transport import SCHEMES, GuardedTransport

__all__ = ["SCHEMES", "GuardedClient", "make_client"]


def make_client(
    *,
    user_agent: str,
    allow_networks: Sequence[str],
    max_connections: int,
    tls: ssl.SSLContext | None = None,
) -> httpx.AsyncClient:
    """Make the guarded client; close it with `aclose()`.

    `allow_networks` are CIDR texts that may be reached although they are private. `tls` replaces the context
    that trusts the usual public authorities. Any request may raise GuardError beside httpx's own errors.
    """
    client = GuardedClient(
        transport=GuardedTransport(
            allowed=parse_networks(allow_networks), max_connections=max_connections, tls=tls
        ),
        headers={"User-Agent": user_agent, "Accept-Encoding": ACCEPT_ENCODING},
        timeout=httpx.Timeout(20.0, pool=None),
        follow_redirects=False,
        trust_env=False,
    )
    client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return client


class GuardedClient(httpx.AsyncClient):
    """An httpx client that hands a request to its transport and little else.

    httpx spends more on authentication flows, cookies, redirects that are not followed and a log line than the
    exchange costs; a plain send leaves these out. Only credentials in the URL are honoured (Basic). A call that
    gives `auth` or wants redirects followed takes httpx's whole way.
    """

    def __init__(self, *, transport: httpx.AsyncBaseTransport, **options: Any) -> None:
        super().__init__(transport=transport, **options)
        self._carrier = transport
        self._fields = [(b"User-Agent", self.headers["User-Agent"].encode()), (b"Connection", b"keep-alive")]
        self._times = {"timeout": self.timeout.as_dict()}

    def build_request(self, method: str, url: Any, **options: Any) -> httpx.Request:
        """Build a request; from a list of raw fields without merging it with others but our User-Agent.

        httpx takes as long to merge three sets of fields as the transport to send the request.
        """
        fields = options.get("headers")
        if not isinstance(fields, list) or not options.keys() <= {"headers", "extensions"}:
            return super().build_request(method, url, **options)
        extensions = {**self._times, **(options.get("extensions") or {})}
        return httpx.Request(method, url, headers=[*self._fields, *fields], extensions=extensions)

    async def send(self, request: httpx.Request, *, stream: bool = False, **options: Any) -> httpx.Response:
        """Send a request as it is; the body is read unless `stream`."""
        default = httpx.USE_CLIENT_DEFAULT
        if options.get("follow_redirects") is True or options.get("auth", default) is not default:
            return await super().send(request, stream=stream, **options)
        if self.is_closed:
            raise RuntimeError("the client is closed")
        if request.url.userinfo:
            basic = httpx.BasicAuth(request.url.username, request.url.password)
            next(basic.auth_flow(request))
        response = await self._carrier.handle_async_request(request)
        response.request = request
        if not stream:
            try:
                await response.aread()
            finally:
                await response.aclose()
        return response
