"""The one HTTP client: httpx over a transport that checks every address at connect time.

A host name is resolved once, every address it has is judged by `monitor.net.guard`, and the connection goes
to an address that was judged; there is no second look-up that could answer differently. TLS still verifies
the original name. The client keeps no cookies, reads no proxy or certificate settings from the environment,
follows no redirects and keeps no idle connections. Total deadlines and body sizes are the caller's
(`asyncio.timeout`, `monitor.net.bounded`).
"""

import asyncio
import contextlib
import itertools
import socket
import ssl
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import httpcore
import httpx

from monitor.errors import GuardError
from monitor.net.guard import Network, parse_networks, verdict

SCHEMES = frozenset({"http", "https"})
_HEAD_START = 0.25  # seconds that an address gets before the next one is tried beside it (RFC 8305, 5)
_SocketOption = Any  # httpcore does not export its name for it


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
    client = httpx.AsyncClient(
        transport=GuardedTransport(
            allowed=parse_networks(allow_networks),
            max_connections=max_connections,
            tls=tls or httpx.create_ssl_context(trust_env=False),
        ),
        headers={"User-Agent": user_agent, "Accept-Encoding": "gzip"},
        timeout=httpx.Timeout(20.0, pool=None),
        follow_redirects=False,
        trust_env=False,
    )
    client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return client


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Opens TCP connections, to permitted addresses only."""

    def __init__(self, allowed: Sequence[Network]) -> None:
        self._allowed = tuple(allowed)
        self._plain = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[_SocketOption] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Resolve, judge every address, connect to the first that answers.

        Raises GuardError if any address is forbidden: a name with public and private addresses is no feed's.
        """
        options = list(socket_options or ())
        try:
            async with asyncio.timeout(timeout):
                addresses = await _resolve(host, port)
                self._check(host, addresses)
                return await self._race(host, addresses, port, local_address, options)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout(f"no connection to {host}:{port} within {timeout:g} s") from error

    async def sleep(self, seconds: float) -> None:
        """Wait without blocking the loop."""
        await asyncio.sleep(seconds)

    def _check(self, host: str, addresses: Sequence[str]) -> None:
        for address in addresses:
            reason = verdict(address, allowed=self._allowed)
            if reason is not None:
                shown = address if address == host else f"{host} ({address})"
                raise GuardError(
                    f"{shown} is forbidden: {reason} (if meant, allow its network in the settings)"
                )

    async def _race(
        self, host: str, addresses: Sequence[str], port: int, local: str | None, options: list[_SocketOption]
    ) -> httpcore.AsyncNetworkStream:
        """Try the addresses in turn, each with a head start over the next; the first connection wins."""
        waiting = list(reversed(addresses))
        running: set[asyncio.Task[httpcore.AsyncNetworkStream]] = set()
        failures: list[Exception] = []
        try:
            while waiting or running:
                if waiting:
                    address = waiting.pop()
                    running.add(asyncio.create_task(self._connect(address, port, local, options)))
                done, running = await asyncio.wait(
                    running, timeout=_HEAD_START if waiting else None, return_when=asyncio.FIRST_COMPLETED
                )
                streams = [task.result() for task in done if task.exception() is None]
                failures += [error for task in done if isinstance(error := task.exception(), Exception)]
                for spare in streams[1:]:
                    await spare.aclose()
                if streams:
                    return streams[0]
        finally:
            await _abandon(running)
        raise httpcore.ConnectError(_why(host, port, failures)) from next(iter(failures), None)

    async def _connect(
        self, address: str, port: int, local: str | None, options: list[_SocketOption]
    ) -> httpcore.AsyncNetworkStream:
        return await self._plain.connect_tcp(address, port, local_address=local, socket_options=options)


async def _resolve(host: str, port: int) -> list[str]:
    """Return the addresses of `host`, families alternating; ConnectError if there are none."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        words = error.strerror if isinstance(error, socket.gaierror) else "not a valid name"
        raise httpcore.ConnectError(f"DNS: {host} cannot be resolved ({words})") from error
    by_family: dict[int, dict[str, None]] = {}
    for family, _, _, _, place in found:
        by_family.setdefault(family, {})[str(place[0])] = None
    rounds = itertools.zip_longest(*by_family.values())
    return [address for group in rounds for address in group if address is not None]


async def _abandon(tasks: set["asyncio.Task[httpcore.AsyncNetworkStream]"]) -> None:
    for task in tasks:
        task.cancel()
    for outcome in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(outcome, httpcore.AsyncNetworkStream):
            await outcome.aclose()


def _why(host: str, port: int, failures: Sequence[Exception]) -> str:
    causes = []
    for failure in failures:
        text = str(failure)
        for error in _chain(failure):
            if isinstance(error, ConnectionRefusedError):
                text = "connection refused"
            elif isinstance(error, OSError) and error.strerror:
                text = error.strerror
        causes.append(text or type(failure).__name__)
    return f"{host}:{port}: {', '.join(dict.fromkeys(causes))}"


def _chain(error: BaseException) -> Iterator[BaseException]:
    current: BaseException | None = error
    while current is not None:
        yield current
        if isinstance(current, BaseExceptionGroup):
            for inner in current.exceptions:
                yield from _chain(inner)
        current = current.__cause__ or current.__context__


class GuardedTransport(httpx.AsyncBaseTransport):
    """Carries httpx requests over an httpcore pool whose connections are guarded."""

    def __init__(self, *, allowed: Sequence[Network], max_connections: int, tls: ssl.SSLContext) -> None:
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=tls,
            max_connections=max_connections,
            max_keepalive_connections=0,
            network_backend=GuardedBackend(allowed),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request; raises GuardError, or httpx's errors."""
        if request.url.scheme not in SCHEMES:
            raise GuardError(f"only http and https are fetched, not {request.url.scheme or 'a bare path'}")
        assert isinstance(request.stream, httpx.AsyncByteStream)
        inner = httpcore.Request(
            method=request.method,
            url=httpcore.URL(
                scheme=request.url.raw_scheme,
                host=request.url.raw_host,
                port=request.url.port,
                target=request.url.raw_path,
            ),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        with _httpx_errors(request):
            answer = await self._pool.handle_async_request(inner)
        return httpx.Response(
            status_code=answer.status,
            headers=answer.headers,
            stream=_Body(answer, request),
            extensions=answer.extensions,
        )

    async def aclose(self) -> None:
        """Close every connection."""
        await self._pool.aclose()


class _Body(httpx.AsyncByteStream):
    def __init__(self, answer: httpcore.Response, request: httpx.Request) -> None:
        self._answer = answer
        self._request = request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _httpx_errors(self._request):
            async for part in self._answer.aiter_stream():
                yield part

    async def aclose(self) -> None:
        await self._answer.aclose()


_ERRORS: dict[type[Exception], type[httpx.TransportError]] = {
    httpcore.ConnectTimeout: httpx.ConnectTimeout,
    httpcore.ReadTimeout: httpx.ReadTimeout,
    httpcore.WriteTimeout: httpx.WriteTimeout,
    httpcore.PoolTimeout: httpx.PoolTimeout,
    httpcore.ConnectError: httpx.ConnectError,
    httpcore.ReadError: httpx.ReadError,
    httpcore.WriteError: httpx.WriteError,
    httpcore.UnsupportedProtocol: httpx.UnsupportedProtocol,
    httpcore.LocalProtocolError: httpx.LocalProtocolError,
    httpcore.RemoteProtocolError: httpx.RemoteProtocolError,
}


@contextlib.contextmanager
def _httpx_errors(request: httpx.Request) -> Iterator[None]:
    """Turn httpcore's errors into httpx's of the same name, so that callers know one family."""
    try:
        yield
    except tuple(_ERRORS) as error:
        raise _ERRORS[type(error)](str(error), request=request) from error
    except OSError as error:  # a broken TLS record in mid-stream passes httpcore as it is
        raise httpx.ReadError(str(error), request=request) from error
