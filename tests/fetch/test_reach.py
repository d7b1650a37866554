"""A feed's own fields, credentials, proxy and authorities, on the wire."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from monitor.fetch.access import AccessError, Reach, origin
from monitor.fetch.request import Fetched, FetchOptions, fetch, withheld
from monitor.model import FetchState, Outcome
from tests.fetch.certificates import make_authority

if TYPE_CHECKING:
    from tests.fetch.conftest import ScriptedServer

FEED = b'<rss version="2.0"><channel><title>Frontera</title></channel></rss>'
FRESH = FetchState(next_poll_at=datetime(2025, 3, 1, tzinfo=UTC))
OPTIONS = FetchOptions(total_timeout=5.0)
FIELDS = (("Accept-Language", "es-MX"), ("Authorization", "Bearer s3cret"), ("Cookie", "session=s3cret"))
OWN = {name.lower() for name, _ in FIELDS}


def reach_to(url: str, **changes: object) -> Reach:
    made = Reach(
        origin=origin(httpx.URL(url)), fields=FIELDS, credentials='the bearer token from {env = "T"}'
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # fields by name


async def ask(
    client: httpx.AsyncClient, url: str, reach: Reach, state: FetchState = FRESH, *, force: bool = False
) -> Fetched:
    return await fetch(client, url, state, options=OPTIONS, reach=reach, force=force)


async def test_own_fields_and_credentials_are_sent_as_configured(
    server: "ScriptedServer", client: httpx.AsyncClient
) -> None:
    url = server.on("/feed", "200 OK", body=FEED)
    assert (await ask(client, url, reach_to(url))).body == FEED
    sent = server.fields()
    assert {name: sent[name] for name in OWN} == {name.lower(): value for name, value in FIELDS}
    assert sent["user-agent"].startswith("news-monitor/")


async def test_an_own_field_takes_the_place_of_ours(
    server: "ScriptedServer", client: httpx.AsyncClient
) -> None:
    url = server.on("/feed", "200 OK", body=FEED)
    await ask(client, url, reach_to(url, fields=(("accept", "text/xml"),)))
    assert server.heads[0].lower().count("\r\naccept:") == 1
    assert server.fields()["accept"] == "text/xml"


async def test_credentials_follow_redirects_inside_their_origin_only(
    server: "ScriptedServer", elsewhere: "ScriptedServer", client: httpx.AsyncClient
) -> None:
    elsewhere.on("/c", "200 OK", body=FEED)
    server.on("/b", "302 Found", f"Location: {elsewhere.url}/c")
    url = server.on("/a", "301 Moved", "Location: /b")
    fetched = await ask(client, url, reach_to(url))
    assert fetched.body == FEED
    assert all(server.fields(number).keys() >= OWN for number in (0, 1))
    assert not OWN & elsewhere.fields().keys()
    assert "s3cret" not in repr(fetched)


async def test_an_address_that_the_feed_moved_to_is_told_nothing(
    server: "ScriptedServer", elsewhere: "ScriptedServer", client: httpx.AsyncClient
) -> None:
    """Credentials belong to the configured address, whatever address is asked."""
    url = elsewhere.on("/feed", "401 Unauthorized")
    fetched = await ask(client, url, reach_to(server.url))
    assert not OWN & elsewhere.fields().keys()
    assert "no credentials were sent here" in fetched.reason


async def test_credentials_come_with_validators_and_force_leaves_these_out(
    server: "ScriptedServer", client: httpx.AsyncClient
) -> None:
    url = server.on("/feed", "304 Not Modified")
    known = replace(FRESH, etag='"a"', last_modified="Mon", validator_url=url)
    assert (await ask(client, url, reach_to(url), known)).outcome is Outcome.NOT_MODIFIED
    assert server.fields()["if-none-match"] == '"a"'
    forced = await ask(client, url, reach_to(url), known, force=True)
    assert not {"if-none-match", "if-modified-since"} & server.fields().keys()
    assert forced.outcome is Outcome.HTTP_ERROR
    assert "without validators" in forced.reason


async def test_a_refused_login_names_the_credential_and_not_its_secret(
    server: "ScriptedServer", client: httpx.AsyncClient
) -> None:
    url = server.on("/feed", "401 Unauthorized")
    fetched = await ask(client, url, reach_to(url))
    assert fetched.outcome is Outcome.UNAUTHORIZED
    assert 'check the bearer token from {env = "T"}' in fetched.reason


async def test_an_unreadable_secret_ends_the_poll_before_anything_is_sent() -> None:
    error = AccessError(
        'the secret {env = "T"} cannot be read: the environment variable T is not set', hint="set it"
    )
    fetched = withheld("https://paper.mx/feed#top", error)
    assert (fetched.outcome, fetched.url, fetched.status) == (
        Outcome.UNAUTHORIZED, "https://paper.mx/feed", None,
    )  # fmt: skip
    assert fetched.reason == f"nothing was sent: {error}"


async def test_a_block_is_told_with_what_to_do(server: "ScriptedServer", client: httpx.AsyncClient) -> None:
    page = b"<html><title>Just a moment...</title></html>"
    url = server.on("/feed", "403 Forbidden", "Server: cloudflare", body=page)
    fetched = await ask(client, url, Reach())
    assert (fetched.outcome, fetched.size) == (Outcome.BLOCKED, len(page))
    assert "blocked by Cloudflare challenge: only a browser gets past it" in fetched.reason


async def test_a_robot_check_with_200_is_a_block_and_no_body(
    server: "ScriptedServer", client: httpx.AsyncClient
) -> None:
    page = b'<!doctype html><html><script id="anubis_challenge">{}</script></html>'
    fetched = await ask(client, server.on("/feed", "200 OK", body=page), Reach())
    assert (fetched.outcome, fetched.body) == (Outcome.BLOCKED, b"")
    assert "Anubis" in fetched.reason


@pytest.mark.parametrize("body", [b"x" * 100_000, b"\x1f\x8bbroken", b""])
async def test_a_refusal_is_a_refusal_whatever_page_comes_with_it(
    server: "ScriptedServer", client: httpx.AsyncClient, body: bytes
) -> None:
    fields = ("Content-Encoding: gzip",) if body.startswith(b"\x1f") else ()
    fetched = await ask(client, server.on("/feed", "403 Forbidden", *fields, body=body), Reach())
    assert fetched.outcome is Outcome.BLOCKED
    assert "the server refuses us" in fetched.reason


async def test_a_refusal_does_not_wait_long_for_its_page(
    server: "ScriptedServer", client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def drip(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 403 Forbidden\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            for _ in range(200):
                writer.write(b"<")
                await writer.drain()
                await asyncio.sleep(0.02)

    monkeypatch.setattr("monitor.fetch.request._PAGE_SECONDS", 0.2)
    server.scripts["/feed"] = drip
    async with asyncio.timeout(2):
        fetched = await ask(client, server.url + "/feed", Reach())
    assert fetched.outcome is Outcome.BLOCKED


class Recorder(httpx.AsyncBaseTransport):
    """Answers by address and keeps the requests; stands at the wire, where TLS and proxies are not needed."""

    def __init__(self, **answers: httpx.Response | Exception) -> None:
        self.answers = answers
        self.requests: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers[request.url.path.strip("/")]
        if isinstance(answer, Exception):
            raise answer
        return answer


class Body(httpx.AsyncByteStream):
    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield FEED


def found(location: str) -> httpx.Response:
    return httpx.Response(302, headers={"Location": location})


async def test_proxy_and_authorities_go_to_the_transport_with_every_hop() -> None:
    recorder = Recorder(a=found("https://cdn.mx/b"), b=httpx.Response(204))
    tls = ssl.create_default_context()
    async with httpx.AsyncClient(transport=recorder) as client:
        await ask(client, "https://paper.mx/a", Reach(proxy="http://proxy:3128", tls=tls))
    assert [request.extensions["proxy"] for request in recorder.requests] == ["http://proxy:3128"] * 2
    assert all(request.extensions["tls"] is tls for request in recorder.requests)
    assert all("timeout" in request.extensions for request in recorder.requests)


async def test_without_proxy_and_authorities_the_transport_hears_nothing_of_them() -> None:
    recorder = Recorder(a=httpx.Response(204))
    async with httpx.AsyncClient(transport=recorder) as client:
        await ask(client, "https://paper.mx/a", Reach())
    assert not {"proxy", "tls"} & recorder.requests[0].extensions.keys()


async def test_a_feed_with_credentials_does_not_leave_https() -> None:
    recorder = Recorder(a=found("https://cdn.mx/b"), b=found("http://cdn.mx/c"), c=httpx.Response(204))
    async with httpx.AsyncClient(transport=recorder) as client:
        fetched = await ask(client, "https://paper.mx/a", reach_to("https://paper.mx"))
    assert [request.url.path for request in recorder.requests] == ["/a", "/b"]
    assert fetched.outcome is Outcome.FORBIDDEN_ADDRESS
    assert "https://cdn.mx/b redirects to plain http (http://cdn.mx/c), which is refused" in fetched.reason


async def test_credentials_in_the_address_do_not_leave_https_either() -> None:
    recorder = Recorder(a=found("http://paper.mx/b"))
    async with httpx.AsyncClient(transport=recorder) as client:
        fetched = await ask(client, "https://ana:s3cret@paper.mx/a", Reach())
    assert fetched.outcome is Outcome.FORBIDDEN_ADDRESS
    assert "s3cret" not in repr(fetched)


async def test_another_feed_may_leave_https_and_it_is_said() -> None:
    recorder = Recorder(
        a=found("http://paper.mx/b"), b=httpx.Response(200, stream=Body()), c=httpx.Response(204)
    )
    async with httpx.AsyncClient(transport=recorder) as client:
        fetched = await ask(client, "https://paper.mx/a", Reach())
        plain = await ask(client, "http://paper.mx/c", Reach())
    assert (fetched.outcome, fetched.body) == (None, FEED)
    assert fetched.note == (
        "paper.mx redirects from https to plain http (http://paper.mx/b): anyone on the way can read it"
    )
    assert plain.note == ""


async def test_a_proxy_that_asks_who_we_are_is_told_from_one_that_fails() -> None:
    recorder = Recorder(
        a=httpx.ProxyError("407 Proxy Authentication Required"), b=httpx.ProxyError("502 Bad Gateway")
    )
    reach = Reach(proxy="http://proxy:3128")
    async with httpx.AsyncClient(transport=recorder) as client:
        asked = await ask(client, "https://paper.mx/a", reach)
        failed = await ask(client, "https://paper.mx/b", reach)
    assert (asked.outcome, failed.outcome) == (Outcome.UNAUTHORIZED, Outcome.UNREACHABLE)
    assert "the proxy http://proxy:3128 asks for credentials" in asked.reason
    assert "502 Bad Gateway" in failed.reason


@dataclass(kw_only=True)
class Proxy:
    """A real HTTP proxy on loopback: forwards absolute-form requests and opens tunnels (RFC 9110, 9.3.6)."""

    url: str = ""
    heads: list[str] = field(default_factory=list)
    running: set["asyncio.Task[None] | None"] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.running.add(asyncio.current_task())
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError), contextlib.closing(writer):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            self.heads.append(head)
            method, target = head.split(" ")[:2]
            host, port = target.removeprefix("http://").partition("/")[0].split(":")
            above, below = await asyncio.open_connection(host, int(port))
            with contextlib.closing(below):
                if method == "CONNECT":
                    writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                else:
                    path = "/" + target.removeprefix("http://").partition("/")[2]
                    below.write(head.replace(target, path, 1).encode("latin-1"))
                await _first(_pump(reader, below), _pump(above, writer))


async def _first(*streams: Coroutine[None, None, None]) -> None:
    """Run two directions until one of them ends, then end the other."""
    tasks = [asyncio.create_task(stream) for stream in streams]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await source.read(65536):
            sink.write(data)
            await sink.drain()


@asynccontextmanager
async def proxying() -> AsyncIterator[Proxy]:
    proxy = Proxy()
    listener = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    async with listener:
        yield proxy
    tasks = [task for task in proxy.running if task]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def tls_feed(context: ssl.SSLContext) -> AsyncIterator[str]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(FEED) + FEED)
            await writer.drain()
        writer.close()

    listener = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    async with listener:
        yield f"https://127.0.0.1:{listener.sockets[0].getsockname()[1]}/feed"


async def test_a_plain_feed_is_asked_by_its_proxy(
    server: "ScriptedServer", client: httpx.AsyncClient
) -> None:
    url = server.on("/feed", "200 OK", body=FEED)
    async with proxying() as proxy:
        fetched = await ask(client, url, Reach(proxy=proxy.url))
    assert fetched.body == FEED
    assert [head.split("\r\n")[0] for head in proxy.heads] == [f"GET {url} HTTP/1.1"]


async def test_the_proxy_is_told_its_own_password_and_the_feed_is_not(
    server: "ScriptedServer", client: httpx.AsyncClient
) -> None:
    url = server.on("/feed", "200 OK", body=FEED)
    async with proxying() as proxy:
        await ask(client, url, Reach(proxy=proxy.url.replace("://", "://ana:s3cret@")))
    assert "Proxy-Authorization: Basic YW5hOnMzY3JldA==" in proxy.heads[0]
    assert "authorization" not in server.fields()


async def test_a_feed_under_an_own_authority_is_read_with_it_and_only_with_it(
    client: httpx.AsyncClient, tmp_path: Path
) -> None:
    own = make_authority(tmp_path)
    tls = httpx.create_ssl_context(trust_env=False)
    tls.load_verify_locations(cafile=own.ca_file)
    async with tls_feed(own.server) as url:
        distrusted = await ask(client, url, Reach())
        trusted = await ask(client, url, Reach(tls=tls))
    assert distrusted.outcome is Outcome.UNREACHABLE
    assert distrusted.reason.startswith("TLS: the certificate of 127.0.0.1 is not valid")
    assert trusted.body == FEED


async def test_a_secure_feed_goes_through_a_tunnel_that_the_proxy_cannot_look_into(
    client: httpx.AsyncClient, tmp_path: Path
) -> None:
    own = make_authority(tmp_path)
    tls = httpx.create_ssl_context(trust_env=False)
    tls.load_verify_locations(cafile=own.ca_file)
    async with tls_feed(own.server) as url, proxying() as proxy:
        fetched = await ask(client, url, reach_to(url, tls=tls, proxy=proxy.url))
    assert fetched.body == FEED
    assert proxy.heads[0].startswith("CONNECT 127.0.0.1:")
    assert "s3cret" not in "".join(proxy.heads)


async def test_a_proxy_that_wants_a_password_is_named(client: httpx.AsyncClient) -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    listener = await asyncio.start_server(refuse, "127.0.0.1", 0)
    async with listener:
        proxy = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
        for url in ("http://127.0.0.1:9/feed", "https://127.0.0.1:9/feed"):
            fetched = await ask(client, url, Reach(proxy=proxy))
            assert fetched.outcome is Outcome.UNAUTHORIZED
            assert f"the proxy {proxy} asks for credentials" in fetched.reason
