"""The guarded client against real loopback servers."""

import asyncio
from typing import TYPE_CHECKING

import httpx
import pytest

from monitor.errors import GuardError
from monitor.net.client import make_client

if TYPE_CHECKING:
    from tests.net.conftest import RawServer


def strict() -> httpx.AsyncClient:
    return make_client(user_agent="test/1", allow_networks=[], max_connections=4)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "0.0.0.0",
        "0",
        "2130706433",
        "0x7f.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "169.254.169.254",
        "[fe80::1]",
    ],
)
async def test_a_forbidden_address_is_stopped_before_a_connection_exists(
    server: "RawServer", host: str
) -> None:
    port = httpx.URL(server.url).port
    async with strict() as client:
        with pytest.raises(GuardError, match="forbidden"):
            await client.get(f"http://{host}:{port}/")
    assert server.heads == []


async def test_an_allowed_network_is_reached(server: "RawServer", client: httpx.AsyncClient) -> None:
    assert (await client.get(server.url)).text == "ok"


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/x", "file:///etc/passwd", "ws://127.0.0.1/", "gopher://a/"])
async def test_other_schemes_are_refused(client: httpx.AsyncClient, url: str) -> None:
    with pytest.raises((GuardError, httpx.UnsupportedProtocol)):
        await client.get(url)


async def test_a_cookie_is_neither_kept_nor_sent(server: "RawServer", client: httpx.AsyncClient) -> None:
    server.answer = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b; Path=/\r\nContent-Length: 2\r\n\r\nok"
    await client.get(server.url)
    await client.get(server.url)
    assert len(client.cookies) == 0
    assert all("cookie" not in head.lower() for head in server.heads)


async def test_proxies_of_the_environment_are_ignored(
    server: "RawServer", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    async with make_client(user_agent="test/1", allow_networks=["127.0.0.1"], max_connections=1) as client:
        assert (await client.get(server.url)).status_code == 200


async def test_redirects_are_not_followed(server: "RawServer", client: httpx.AsyncClient) -> None:
    server.answer = b"HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n"
    assert (await client.get(server.url)).status_code == 302
    assert len(server.heads) == 1


async def test_the_user_agent_is_ours_and_no_referer_is_sent(
    server: "RawServer", client: httpx.AsyncClient
) -> None:
    await client.get(server.url)
    head = server.heads[0].lower()
    assert "user-agent: test/1\r\n" in head
    assert "accept-encoding: gzip, br\r\n" in head
    assert "referer" not in head


async def test_a_refused_connection_says_so(client: httpx.AsyncClient) -> None:
    probe = await asyncio.start_server(lambda _r, w: w.close(), "127.0.0.1", 0)
    port = probe.sockets[0].getsockname()[1]
    probe.close()
    await probe.wait_closed()
    with pytest.raises(httpx.ConnectError, match=rf"127\.0\.0\.1:{port}: connection refused"):
        await client.get(f"http://127.0.0.1:{port}/")


async def test_an_unknown_name_is_a_dns_failure(client: httpx.AsyncClient) -> None:
    with pytest.raises(httpx.ConnectError, match=r"DNS: no-such-host\.invalid cannot be resolved"):
        await client.get("http://no-such-host.invalid/")


async def test_an_answer_that_is_not_http_is_a_protocol_error(
    server: "RawServer", client: httpx.AsyncClient
) -> None:
    server.answer = b"220 mail.example ESMTP\r\n"
    with pytest.raises(httpx.RemoteProtocolError):
        await client.get(server.url)


async def test_credentials_in_the_url_are_sent_as_basic(
    server: "RawServer", client: httpx.AsyncClient
) -> None:
    await client.get(server.url.replace("://", "://ana:se%20creto@"))
    assert "authorization: Basic YW5hOnNlIGNyZXRv\r\n" in server.heads[0].replace(
        "Authorization", "authorization"
    )


async def test_given_credentials_and_wanted_redirects_take_the_whole_way_of_httpx(
    server: "RawServer", client: httpx.AsyncClient
) -> None:
    await client.get(server.url, auth=("ana", "x"))
    assert "Basic YW5hOng=" in server.heads[0]
    server.answer = b"HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n"
    with pytest.raises(httpx.TooManyRedirects):
        await client.get(server.url, follow_redirects=True)
    assert len(server.heads) > 10


async def test_a_redirect_to_the_inside_is_stopped_when_followed(
    server: "RawServer", client: httpx.AsyncClient
) -> None:
    server.answer = b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n"
    with pytest.raises(GuardError, match="cloud metadata"):
        await client.get(server.url, follow_redirects=True)


async def test_a_closed_client_sends_nothing(server: "RawServer") -> None:
    client = strict()
    await client.aclose()
    with pytest.raises(RuntimeError, match="closed"):
        await client.get(server.url)
