"""Requests by way of a proxy: what is sent to it, what is refused before."""

import asyncio
import base64
import contextlib
import ssl
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from monitor.errors import GuardError
from monitor.net.client import make_client
from monitor.net.proxy import read_proxy
from monitor.net.tls import tls_context
from tests.net.conftest import Peer, certificate, peer, saying, serving_tls

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class LittleProxy:
    """Speaks for any name: answers plain requests itself, tunnels every CONNECT to one target."""

    def __init__(self) -> None:
        self.heads: list[str] = []
        self.target = 0
        self.refusal = b""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            self.heads.append(head)
            if self.refusal:
                writer.write(self.refusal)
                await writer.drain()
            elif head.startswith("CONNECT "):
                await self._tunnel(reader, writer)
                return
            else:
                writer.write(OK)
                await writer.drain()

    async def _tunnel(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        back, forth = await asyncio.open_connection("127.0.0.1", self.target)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        copies = [asyncio.create_task(copy(reader, forth)), asyncio.create_task(copy(back, writer))]
        try:
            await asyncio.wait(copies, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in copies:
                task.cancel()
            await asyncio.gather(*copies, return_exceptions=True)
            forth.transport.abort()
            with contextlib.suppress(ConnectionError):
                await forth.wait_closed()


async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()


@pytest.fixture
async def little() -> AsyncIterator[tuple[LittleProxy, Peer]]:
    made = LittleProxy()
    async with peer(made.serve) as listening:
        yield made, listening


@pytest.fixture
async def strict() -> AsyncIterator[httpx.AsyncClient]:
    """Give a client that may reach no private network: the proxy on loopback is named, not allowed."""
    async with make_client(user_agent="test/1", allow_networks=[], max_connections=4) as made:
        yield made


def by(listening: Peer, *, who: str = "", **more: object) -> dict[str, object]:
    return {"proxy": f"http://{who}127.0.0.1:{listening.port}", **more}


async def test_a_plain_request_goes_to_the_proxy_in_absolute_form(
    little: tuple[LittleProxy, Peer], strict: httpx.AsyncClient
) -> None:
    """The name is not even looked up here; credentials of the target are a field, never in the line."""
    proxy, listening = little
    response = await strict.get(
        "http://ana:x@feed.invalid:8080/a?b=c", extensions=by(listening, who="u:p%40@")
    )
    assert response.text == "ok"
    lines = proxy.heads[0].split("\r\n")
    assert lines[0] == "GET http://feed.invalid:8080/a?b=c HTTP/1.1"
    assert "Host: feed.invalid:8080" in lines
    assert "Proxy-Authorization: Basic " + base64.b64encode(b"u:p@").decode() in lines
    await strict.get("http://feed.invalid/", extensions={"proxy": httpx.URL(by(listening)["proxy"])})  # type: ignore[arg-type]
    assert proxy.heads[1].startswith("GET http://feed.invalid/ HTTP/1.1\r\n")
    assert "proxy-authorization" not in proxy.heads[1].lower()


async def test_a_tls_request_goes_through_a_tunnel(
    little: tuple[LittleProxy, Peer], strict: httpx.AsyncClient, tmp_path: Path
) -> None:
    """Its certificate is checked against the target's name; the proxy's password stays outside the tunnel."""
    proxy, listening = little
    inner: list[bytes] = []

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            inner.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(OK)
            await writer.drain()

    file = certificate(tmp_path, "feed.invalid")
    async with peer(handler, tls=serving_tls(file)) as server:
        proxy.target = server.port
        extensions = by(listening, who="u:p@", tls=tls_context(str(file)))
        for _ in range(2):
            assert (await strict.get("https://feed.invalid/x", extensions=extensions)).text == "ok"
        assert proxy.heads == [
            (
                "CONNECT feed.invalid:443 HTTP/1.1\r\nHost: feed.invalid:443\r\n"
                "Proxy-Authorization: Basic dTpw\r\n\r\n"
            )
        ], "one tunnel serves both requests"
        assert inner[0].startswith(b"GET /x HTTP/1.1\r\n")
        assert b"roxy" not in inner[0]
        with pytest.raises(httpx.ConnectError, match="certificate") as caught:
            await strict.get("https://other.invalid/", extensions=extensions)
        assert isinstance(caught.value.__cause__, ssl.SSLCertVerificationError)
        assert len(proxy.heads) == 2, "a tunnel is for one target"


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        (b"HTTP/1.1 407 Who\r\nContent-Length: 0\r\n\r\n", r"HTTP 407; check the user and password"),
        (b"HTTP/1.1 502 No\r\nContent-Length: 0\r\n\r\n", r"no way to feed\.invalid:443: HTTP 502"),
    ],
)
async def test_a_refused_tunnel_is_the_proxys_error(
    little: tuple[LittleProxy, Peer], strict: httpx.AsyncClient, refusal: bytes, words: str
) -> None:
    proxy, listening = little
    proxy.refusal = refusal
    with pytest.raises(httpx.ProxyError, match=words) as caught:
        await strict.get("https://feed.invalid/", extensions=by(listening, who="u:geheim@"))
    assert "geheim" not in str(caught.value)


async def test_a_proxy_that_speaks_something_else_is_an_error(strict: httpx.AsyncClient) -> None:
    async with peer(saying(b"SSH-2.0-x\r\n")) as listening:
        with pytest.raises(httpx.ProxyError, match=r"does not answer as one.*SSH"):
            await strict.get("https://feed.invalid/", extensions=by(listening))


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_proxy_that_is_not_there_is_named(strict: httpx.AsyncClient, scheme: str) -> None:
    async with peer(saying(OK)) as listening:
        pass
    with pytest.raises(
        httpx.ProxyError, match=rf"proxy cannot be reached: 127\.0\.0\.1:{listening.port}: conn"
    ):
        await strict.get(f"{scheme}://feed.invalid/", extensions=by(listening))


@pytest.mark.parametrize("host", ["a..invalid", "x" * 64 + ".invalid"])
async def test_a_target_that_is_no_name_is_an_error_inside_the_tunnel_too(
    little: tuple[LittleProxy, Peer], strict: httpx.AsyncClient, host: str
) -> None:
    proxy, listening = little
    async with peer(saying(OK)) as server:
        proxy.target = server.port
        with pytest.raises(httpx.ConnectError, match="not a valid name"):
            await strict.get(f"https://{host}/", extensions=by(listening))


async def test_a_tunnel_that_fails_leaves_no_socket(
    little: tuple[LittleProxy, Peer], strict: httpx.AsyncClient
) -> None:
    """Neither when the far end speaks no TLS, nor when the request is cancelled in the handshake."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        if server.connections == 1:
            writer.write(b"HTTP/1.1 400 No\r\n\r\n")
            await writer.drain()
        else:
            await reader.read()

    proxy, listening = little
    async with peer(handler) as server:
        proxy.target = server.port
        with pytest.raises(httpx.ConnectError):
            await strict.get("https://feed.invalid/", extensions=by(listening))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await strict.get("https://feed.invalid/", extensions=by(listening))
        async with asyncio.timeout(5):
            while server.open or listening.open:  # noqa: ASYNC110 - the peers see the end a moment later
                await asyncio.sleep(0.01)
        began = time.monotonic()
        await strict.aclose()
        assert time.monotonic() - began < 0.5, "nothing is left to wait for"


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "[::1]",
        "[::ffff:10.0.0.1]",
        "10.1.2.3",
        "169.254.169.254",
        "2130706433",
        "0x7f.1",
        "0177.1",
        "127.1",
        "127.0.0.1.",
        "localhost",
        "LOCALHOST.",
        "a.localhost",
        "printer.local",
        "metadata.google.internal",
        "metadata.google.internal.",
    ],
)
async def test_a_target_that_shows_that_it_is_inside_is_refused(
    little: tuple[LittleProxy, Peer], strict: httpx.AsyncClient, scheme: str, host: str
) -> None:
    proxy, listening = little
    with pytest.raises(GuardError, match="is forbidden"):
        await strict.get(f"{scheme}://{host}/", extensions=by(listening))
    assert (proxy.heads, listening.connections) == ([], 0)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "93.184.215.14", "local.example", "internal.example"]
)
async def test_allowed_and_public_targets_are_asked(little: tuple[LittleProxy, Peer], host: str) -> None:
    _, listening = little
    async with make_client(user_agent="t", allow_networks=["127.0.0.1"], max_connections=1) as client:
        assert (await client.get(f"http://{host}/", extensions=by(listening))).text == "ok"


async def test_direct_and_proxied_connections_are_not_mixed(little: tuple[LittleProxy, Peer]) -> None:
    proxy, listening = little
    async with (
        peer(saying(OK)) as server,
        make_client(user_agent="t", allow_networks=["127.0.0.1"], max_connections=2) as client,
    ):
        url = f"http://127.0.0.1:{server.port}/"
        await client.get(url)
        await client.get(url, extensions=by(listening))
        await client.get(url)
        assert (server.connections, len(proxy.heads)) == (1, 1)


@pytest.mark.parametrize(
    "text",
    ["", "socks5://h:1", "https://h:1", "h:3128", "http://", "http://h:0", "http://h:1/path", "http://h:x"],
)
async def test_what_is_no_proxy_is_said(text: str, strict: httpx.AsyncClient) -> None:
    with pytest.raises(ValueError, match="prox"):
        read_proxy(text)
    with pytest.raises(httpx.ProxyError, match="prox"):
        await strict.get("http://feed.invalid/", extensions={"proxy": text})


def test_a_proxys_password_is_not_shown() -> None:
    proxy = read_proxy("http://ana:geheim@proxy.example")
    assert (str(proxy), proxy.authorization) == ("proxy.example:80", b"Basic YW5hOmdlaGVpbQ==")
    assert "geheim" not in repr(proxy)
    assert "YW5h" not in repr(proxy)
