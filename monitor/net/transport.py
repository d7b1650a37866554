"""The httpx transport: guarded connections, one request each, without a pool.

It decides where to connect (directly or by a proxy), under which TLS context, and whether a connection that was
just used will do; the work is done by `dial`, `connection` and `answer`. A request may carry in its
`extensions` a "proxy" (`http://[user:password@]host:port`) and a "tls" (an ssl.SSLContext). Names, proxies and
certificates of the environment play no part. With "repeatable" a request that is no GET may go over a kept
connection, too, and is sent again should that have died: for receivers that know a request by its id.
"""

import asyncio
import functools
import re
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from typing import NamedTuple

import httpx

from monitor.errors import GuardError
from monitor.net.answer import Head
from monitor.net.connection import Connection
from monitor.net.dial import dial
from monitor.net.guard import Network
from monitor.net.idle import IdleConnections
from monitor.net.proxy import Proxy, check_target, connect_request, read_proxy
from monitor.net.tls import tls_context

SCHEMES = frozenset({"http", "https"})
_PORTS = {"http": 80, "https": 443}
_REPEATABLE = frozenset({"GET", "HEAD"})
_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, 5.6.2
_TARGET = re.compile(rb"[!-~]+")


class _Limits(NamedTuple):
    connect: float | None
    read: float | None
    write: float | None


class _Route(NamedTuple):
    """Where a request goes; a kept connection serves the same route only."""

    scheme: str
    host: str
    port: int
    proxy: Proxy | None
    tls: ssl.SSLContext | None


class GuardedTransport(httpx.AsyncBaseTransport):
    """Carries requests to permitted addresses.

    `allowed` networks may be reached although they are private. At most `max_connections` requests are under
    way at once, the others wait. `tls` replaces the context that trusts the public authorities.
    """

    def __init__(
        self,
        *,
        allowed: Sequence[Network],
        max_connections: int,
        tls: ssl.SSLContext | None = None,
        idle: IdleConnections | None = None,
    ) -> None:
        self._allowed = tuple(allowed)
        self._slots = asyncio.Semaphore(max_connections)
        self._tls = tls
        self._idle = IdleConnections() if idle is None else idle
        self._open: set[Connection] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request; raises GuardError, or httpx's errors with their request."""
        route = self._route(request)
        times = request.extensions.get("timeout", {})
        limits = _Limits(times.get("connect"), times.get("read"), times.get("write"))
        await self._admit(request, times.get("pool"))
        try:
            payload = await _serialise(request, route)
            connection, head = await self._exchange(request, route, payload, limits)
        except httpx.RequestError as error:
            self._slots.release()
            error.request = request
            raise
        except BaseException:
            self._slots.release()
            raise
        return httpx.Response(
            status_code=head.status,
            headers=head.fields,
            stream=_Body(
                connection,
                request=request,
                seconds=limits.read,
                done=functools.partial(
                    self._done, route, connection, two=bool(request.extensions.get("repeatable"))
                ),
            ),
            extensions={"http_version": b"HTTP/" + head.version, "reason_phrase": head.reason},
        )

    async def aclose(self) -> None:
        """Close every connection, those in use too, and wait until their sockets are closed."""
        self._idle.clear()
        closing = [connection.closed for connection in self._open]
        for connection in self._open:
            connection.abort()
        if closing:
            await asyncio.wait(closing, timeout=1.0)

    def _route(self, request: httpx.Request) -> _Route:
        url = request.url
        if url.scheme not in SCHEMES:
            raise GuardError(f"only http and https are fetched, not {url.scheme or 'a bare path'}")
        tls = (request.extensions.get("tls") or self._tls or tls_context()) if url.scheme == "https" else None
        host = url.raw_host.decode("ascii")
        named = request.extensions.get("proxy")
        proxy = None
        if named is not None:
            try:
                proxy = read_proxy(str(named))
            except ValueError as error:
                raise httpx.ProxyError(str(error), request=request) from error
            check_target(host, allowed=self._allowed)
        port = _PORTS[url.scheme] if url.port is None else url.port
        return _Route(url.scheme, host, port, proxy, tls)

    async def _admit(self, request: httpx.Request, seconds: float | None) -> None:
        if seconds is None:
            await self._slots.acquire()
            return
        try:
            async with asyncio.timeout(seconds):
                await self._slots.acquire()
        except TimeoutError as error:
            words = f"no connection became free within {seconds:g} s"
            raise httpx.PoolTimeout(words, request=request) from error

    async def _exchange(
        self, request: httpx.Request, route: _Route, payload: bytes, limits: _Limits
    ) -> tuple[Connection, Head]:
        """Ask over a kept connection if the request may be repeated, else, or if that one died, over a new one."""
        no_body = request.method == "HEAD"
        repeatable = request.method in _REPEATABLE or request.extensions.get("repeatable")
        kept = (self._idle.take(route) or self._idle.take((route, 2))) if repeatable else None
        if kept is not None:
            try:
                return kept, await kept.ask(payload, write=limits.write, read=limits.read, no_body=no_body)
            except (httpx.RemoteProtocolError, httpx.ReadError):
                kept.abort()
                if kept.answered:
                    raise
            except BaseException:
                kept.abort()
                raise
        connection = await self._connect(route, limits)
        try:
            return connection, await connection.ask(
                payload, write=limits.write, read=limits.read, no_body=no_body
            )
        except BaseException:
            connection.abort()
            raise

    async def _connect(self, route: _Route, limits: _Limits) -> Connection:
        """Open a judged connection, through the proxy's tunnel and TLS where the route says so."""
        clock = asyncio.timeout(limits.connect)
        try:
            async with clock:
                if route.proxy is None:
                    return await self._direct(route)
                return await self._by_proxy(route, route.proxy, limits)
        except OSError as error:
            place = f"{route.host}:{route.port}"
            if clock.expired():
                raise httpx.ConnectTimeout(f"no connection to {place} within {limits.connect:g} s") from error
            silent = (
                "hung up before the connection stood"
                if isinstance(error, ConnectionError)
                else type(error).__name__
            )
            raise httpx.ConnectError(f"{place}: {str(error) or silent}") from error
        except UnicodeError as error:  # ssl reads the name anew, and a proxy may have swallowed it
            raise httpx.ConnectError(f"{route.host}: not a valid name") from error

    async def _direct(self, route: _Route) -> Connection:
        opened = await dial(route.host, route.port, allowed=self._allowed)
        loop = asyncio.get_running_loop()
        try:
            _, connection = await loop.create_connection(
                Connection,
                sock=opened,
                ssl=route.tls,
                server_hostname=None if route.tls is None else _name(route),
            )
        except BaseException:
            opened.close()
            raise
        return self._known(connection)

    async def _by_proxy(self, route: _Route, proxy: Proxy, limits: _Limits) -> Connection:
        try:
            opened = await dial(proxy.host, proxy.port, allowed=None)
        except httpx.ConnectError as error:
            raise httpx.ProxyError(f"the proxy cannot be reached: {error}") from error
        try:
            _, connection = await asyncio.get_running_loop().create_connection(Connection, sock=opened)
        except BaseException:
            opened.close()
            raise
        self._known(connection)
        if route.tls is None:
            return connection
        try:
            await _open_tunnel(connection, route, proxy, limits)
            await connection.start_tls(route.tls, _name(route))
        except BaseException:
            connection.abort()
            self._open.discard(connection)  # a handshake that fails tells its protocol nothing
            raise
        return connection

    def _known(self, connection: Connection) -> Connection:
        self._open.add(connection)
        connection.closed.add_done_callback(lambda _: self._open.discard(connection))
        return connection

    def _done(self, route: _Route, connection: Connection, *, two: bool) -> None:
        """Take a connection back from a response that was read or given up; `two` may be kept for its route."""
        self._slots.release()
        if connection.finish():
            self._idle.keep((route, 2) if two and route in self._idle else route, connection)


async def _open_tunnel(connection: Connection, route: _Route, proxy: Proxy, limits: _Limits) -> None:
    asked = connect_request(route.host, route.port, proxy)
    try:
        head = await connection.ask(asked, write=limits.write, read=limits.read, no_body=True)
    except (httpx.RemoteProtocolError, httpx.ReadError) as error:
        raise httpx.ProxyError(f"the proxy {proxy} does not answer as one: {error}") from error
    if not 200 <= head.status < 300:
        hint = "; check the user and password in its URL" if head.status == 407 else ""
        raise httpx.ProxyError(
            f"the proxy {proxy} opens no way to {route.host}:{route.port}: HTTP {head.status}{hint}"
        )


class _Body(httpx.AsyncByteStream):
    """The body of one response; `aclose()` gives its connection back."""

    def __init__(
        self,
        connection: Connection,
        *,
        request: httpx.Request,
        seconds: float | None,
        done: Callable[[], None],
    ) -> None:
        self._connection = connection
        self._request = request
        self._seconds = seconds
        self._done: Callable[[], None] | None = done

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        try:
            data = b"" if self._done is None else await self._connection.read(self._seconds)
        except httpx.RequestError as error:
            error.request = self._request
            raise
        if not data:
            raise StopAsyncIteration
        return data

    async def aclose(self) -> None:
        done, self._done = self._done, None
        if done is not None:
            done()


def _name(route: _Route) -> str:
    return route.host.rstrip(".")  # a certificate's names have no dot at the end


async def _serialise(request: httpx.Request, route: _Route) -> bytes:
    """Return the whole request, body included; httpx.LocalProtocolError for what would not stay one request."""
    target = request.url.raw_path
    lines = [b"%s: %s\r\n" % field for field in request.headers.raw]
    if route.proxy is not None and route.tls is None:
        target = b"http://%s%s" % (request.url.netloc, target)
        if route.proxy.authorization is not None:
            lines.append(b"Proxy-Authorization: %s\r\n" % route.proxy.authorization)
    head = b"".join(lines)
    names = [name for name, _ in request.headers.raw]
    method = request.method.encode("ascii")
    if (
        head.count(b"\n") != len(lines)
        or head.count(b"\r") != len(lines)
        or b"\0" in head
        or not all(names)
        or not _TOKEN.fullmatch(b"".join(names))
        or not _TOKEN.fullmatch(method)
        or not _TARGET.fullmatch(target)
    ):
        raise httpx.LocalProtocolError(
            "the request's method, path or a header field holds a forbidden character"
        )
    body = await request.aread()
    if "transfer-encoding" in request.headers:
        last = b"0\r\n\r\n"
        body = b"%x\r\n%s\r\n%s" % (len(body), body, last) if body else last
    return b"%s %s HTTP/1.1\r\n%s\r\n%s" % (method, target, head, body)
