"""Every way a request can end, caused by a real server."""

import asyncio
import gzip
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import httpx
import pytest

from monitor.fetch.request import Fetched, FetchOptions, fetch
from monitor.model import FetchState, Outcome
from monitor.net.client import make_client

if TYPE_CHECKING:
    from tests.fetch.conftest import ScriptedServer

FEED = b'<rss version="2.0"><channel><title>Frontera</title></channel></rss>'
FRESH = FetchState(next_poll_at=datetime(2025, 3, 1, tzinfo=UTC))
OPTIONS = FetchOptions(total_timeout=5.0)
MIB = 1024 * 1024


def packed(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)  # parameters must be the same in every test process


async def ask(client: httpx.AsyncClient, url: str, state: FetchState = FRESH) -> Fetched:
    return await fetch(client, url, state, options=OPTIONS)


async def test_a_body_comes_back_to_be_parsed(server: "ScriptedServer", client: httpx.AsyncClient) -> None:
    body = packed(FEED)
    url = server.on("/feed", "200 OK", "Content-Encoding: gzip", "ETag: abc", body=body)
    fetched = await ask(client, url + "#part")
    assert fetched.outcome is None
    assert (fetched.body, fetched.size, fetched.status) == (FEED, len(body), 200)
    assert (fetched.url, fetched.headers["etag"], fetched.permanent_url) == (url, "abc", None)


async def test_the_request_is_plain_and_honest(server: "ScriptedServer", client: httpx.AsyncClient) -> None:
    await ask(client, server.on("/feed?a=1", "200 OK", body=FEED))
    sent = server.fields()
    assert sent["user-agent"] == "news-monitor/1 (+https://monitor.example/about)"
    assert sent["accept-encoding"] == "gzip, br"
    assert "application/rss+xml" in sent["accept"]
    assert server.heads[0].startswith("GET /feed?a=1 HTTP/1.1\r\n")
    assert not {"if-none-match", "if-modified-since", "cookie", "referer", "a-im"} & sent.keys()


@pytest.mark.parametrize("etag", ['"a,b"', 'W/"x"', "unquoted", '"sp ace"', '"\xe9"', '"x-gzip"', "W/'odd'"])
@pytest.mark.parametrize("modified", ["Sat, 1 Jan 2000 0:0:0 GMT", "2025-03-01T00:00:00Z"])
async def test_validators_go_back_byte_for_byte(
    server: "ScriptedServer", client: httpx.AsyncClient, etag: str, modified: str
) -> None:
    url = server.on("/feed", "200 OK", f"ETag: {etag}", f"Last-Modified: {modified}", body=FEED)
    first = await ask(client, url)
    state = replace(
        FRESH,
        etag=first.headers["etag"],
        last_modified=first.headers["last-modified"],
        validator_url=first.url,
    )
    server.on("/feed", "304 Not Modified", 'ETag: "new"')
    second = await ask(client, url, state)
    assert second.outcome is Outcome.NOT_MODIFIED
    assert second.headers["etag"] == '"new"'
    assert server.fields()["if-none-match"] == etag
    assert server.fields()["if-modified-since"] == modified


async def test_only_the_validator_that_was_given_is_sent(
    server: "ScriptedServer", client: httpx.AsyncClient
) -> None:
    url = server.on("/feed", "304 Not Modified")
    await ask(client, url, replace(FRESH, etag='"a"', validator_url=url))
    assert "if-modified-since" not in server.fields()
    await ask(client, url, replace(FRESH, last_modified="Mon", validator_url=url))
    assert "if-none-match" not in server.fields()


async def test_validators_are_not_sent_to_another_url(
    server: "ScriptedServer", elsewhere: "ScriptedServer", client: httpx.AsyncClient
) -> None:
    """They belong to the URL that issued them: not the redirecting one before it, not another host."""
    target = elsewhere.on("/feed", "304 Not Modified")
    url = server.on("/feed", "302 Found", f"Location: {target}")
    await ask(client, url, replace(FRESH, etag='"a"', validator_url=url))
    assert server.fields()["if-none-match"] == '"a"'
    assert "if-none-match" not in elsewhere.fields()
    await ask(client, url, replace(FRESH, etag='"b"', validator_url=target))
    assert "if-none-match" not in server.fields()
    assert elsewhere.fields()["if-none-match"] == '"b"'


async def test_a_304_that_nobody_asked_for_is_an_error(
    server: "ScriptedServer", client: httpx.AsyncClient
) -> None:
    fetched = await ask(client, server.on("/feed", "304 Not Modified"))
    assert fetched.outcome is Outcome.HTTP_ERROR
    assert "without validators" in fetched.reason


@pytest.mark.parametrize(
    ("status", "fields", "outcome", "words"),
    [
        ("204 No Content", (), Outcome.EMPTY, "no content"),
        ("200 OK", (), Outcome.EMPTY, "empty body"),
        ("206 Partial Content", (), Outcome.HTTP_ERROR, "HTTP 206"),
        ("226 IM Used", (), Outcome.HTTP_ERROR, "HTTP 226"),
        ("300 Multiple Choices", (), Outcome.HTTP_ERROR, "HTTP 300"),
        ("400 Bad Request", (), Outcome.HTTP_ERROR, "HTTP 400"),
        ("401 Unauthorized", (), Outcome.UNAUTHORIZED, "credentials"),
        ("403 Forbidden", (), Outcome.BLOCKED, "User-Agent"),
        ("403 Forbidden", ("CF-Mitigated: challenge",), Outcome.BLOCKED, "Cloudflare challenge"),
        ("503 Busy", ("cf-mitigated: challenge",), Outcome.BLOCKED, "Cloudflare challenge"),
        ("404 Not Found", (), Outcome.NOT_FOUND, "new one"),
        ("407 Proxy", (), Outcome.UNAUTHORIZED, "proxy"),
        ("410 Gone", (), Outcome.GONE, "gone for good"),
        ("418 Teapot", (), Outcome.HTTP_ERROR, "HTTP 418"),
        ("429 Too Many", ("Retry-After: 90",), Outcome.RATE_LIMITED, "less often"),
        ("451 Legal", (), Outcome.BLOCKED, "legal"),
        ("500 Oops", (), Outcome.SERVER_ERROR, "HTTP 500"),
        ("503 Busy", (), Outcome.SERVER_ERROR, "HTTP 503"),
    ],
)
async def test_each_status_has_its_outcome_and_words(
    server: "ScriptedServer",
    client: httpx.AsyncClient,
    status: str,
    fields: tuple[str, ...],
    outcome: Outcome,
    words: str,
) -> None:
    fetched = await ask(client, server.on("/feed", status, *fields))
    assert (fetched.outcome, fetched.status) == (outcome, int(status[:3]))
    assert words in fetched.reason


async def test_a_body_of_white_space_is_empty(server: "ScriptedServer", client: httpx.AsyncClient) -> None:
    fetched = await ask(client, server.on("/feed", "200 OK", body=b" \r\n\t "))
    assert (fetched.outcome, fetched.size) == (Outcome.EMPTY, 5)


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
async def test_redirects_are_followed_and_only_permanent_ones_remembered(
    server: "ScriptedServer", client: httpx.AsyncClient, code: int
) -> None:
    target = server.on("/new", "200 OK", body=FEED)
    fetched = await ask(client, server.on("/feed", f"{code} Moved", "Location: new"))
    assert (fetched.outcome, fetched.url, fetched.body) == (None, target, FEED)
    assert fetched.permanent_url == (target if code in {301, 308} else None)


async def test_only_the_unbroken_permanent_run_counts(
    server: "ScriptedServer", client: httpx.AsyncClient
) -> None:
    server.on("/c", "301 Moved", "Location: /d")
    server.on("/d", "200 OK", body=FEED)
    server.on("/b", "302 Found", "Location: /c")
    url = server.on("/a", "308 Moved", "Location: /b")
    fetched = await ask(client, url)
    assert (fetched.url, fetched.permanent_url) == (server.url + "/d", server.url + "/b")


@pytest.mark.parametrize(
    ("location", "words"),
    [
        (("Location: /feed",), "circle"),
        ((), "no usable Location"),
        (("Location: ",), "no usable Location"),
        (("Location: http://[::1/",), "no usable Location"),
    ],
)
async def test_useless_redirects_have_their_own_outcome(
    server: "ScriptedServer", client: httpx.AsyncClient, location: tuple[str, ...], words: str
) -> None:
    fetched = await ask(client, server.on("/feed", "302 Found", *location))
    assert fetched.outcome is Outcome.REDIRECT_LOOP
    assert words in fetched.reason


async def test_a_loop_over_two_addresses_is_seen(server: "ScriptedServer", client: httpx.AsyncClient) -> None:
    server.on("/b", "302 Found", "Location: /a#x")
    fetched = await ask(client, server.on("/a", "302 Found", "Location: /b"))
    assert fetched.outcome is Outcome.REDIRECT_LOOP
    assert len(server.heads) == 2


async def test_an_endless_chain_ends(server: "ScriptedServer", client: httpx.AsyncClient) -> None:
    for number in range(10):
        server.on(f"/{number}", "302 Found", f"Location: /{number + 1}")
    fetched = await ask(client, server.url + "/0")
    assert (fetched.outcome, len(server.heads)) == (Outcome.REDIRECT_LOOP, 6)
    assert "more than 5 redirects" in fetched.reason


@pytest.mark.parametrize(
    ("location", "outcome"),
    [
        ("file:///etc/passwd", Outcome.FORBIDDEN_ADDRESS),
        ("ftp://127.0.0.1/", Outcome.FORBIDDEN_ADDRESS),
        ("javascript:alert(1)", Outcome.FORBIDDEN_ADDRESS),
        ("data:text/xml,x", Outcome.FORBIDDEN_ADDRESS),
    ],
)
async def test_a_redirect_to_another_scheme_is_not_followed(
    server: "ScriptedServer", client: httpx.AsyncClient, location: str, outcome: Outcome
) -> None:
    fetched = await ask(client, server.on("/feed", "302 Found", f"Location: {location}"))
    assert fetched.outcome is outcome


async def test_a_redirect_to_a_private_address_is_stopped(
    server: "ScriptedServer", client: httpx.AsyncClient
) -> None:
    url = server.on("/feed", "302 Found", "Location: http://169.254.169.254/latest/meta-data/")
    fetched = await ask(client, url)
    assert fetched.outcome is Outcome.FORBIDDEN_ADDRESS
    assert "169.254.169.254 is forbidden: cloud metadata" in fetched.reason


async def test_the_guard_stops_the_first_hop_too(server: "ScriptedServer") -> None:
    async with make_client(user_agent="t/1", allow_networks=[], max_connections=1) as strict:
        fetched = await ask(strict, server.on("/feed", "200 OK", body=FEED))
    assert (fetched.outcome, server.heads) == (Outcome.FORBIDDEN_ADDRESS, [])


async def test_no_cookie_is_sent_after_set_cookie(
    server: "ScriptedServer", client: httpx.AsyncClient
) -> None:
    server.on("/b", "200 OK", body=FEED)
    url = server.on("/a", "302 Found", "Location: /b", "Set-Cookie: track=1; Path=/")
    await ask(client, url)
    await ask(client, url)
    assert len(server.heads) == 4
    assert all("cookie" not in head.lower() for head in server.heads)


async def test_credentials_stay_with_their_origin_and_out_of_every_text(
    server: "ScriptedServer", elsewhere: "ScriptedServer", client: httpx.AsyncClient
) -> None:
    elsewhere.on("/c", "404 Not Found")
    server.on("/b", "302 Found", f"Location: {elsewhere.url}/c")
    server.on("/a", "302 Found", "Location: /b")
    url = server.url.replace("://", "://reader:geheim@") + "/a"
    fetched = await ask(client, url)
    assert [server.fields(n).get("authorization") for n in (0, 1)] == ["Basic cmVhZGVyOmdlaGVpbQ=="] * 2
    assert "authorization" not in elsewhere.fields()
    assert "geheim" not in repr(fetched)


async def test_a_redirect_cannot_hand_us_credentials(
    server: "ScriptedServer", elsewhere: "ScriptedServer", client: httpx.AsyncClient
) -> None:
    elsewhere.on("/b", "200 OK", body=FEED)
    target = elsewhere.url.replace("://", "://u:p@") + "/b"
    await ask(client, server.on("/a", "302 Found", f"Location: {target}"))
    assert "authorization" not in elsewhere.fields()


async def test_a_location_in_raw_utf8_is_understood(
    server: "ScriptedServer", client: httpx.AsyncClient
) -> None:
    server.on("/m%C3%A9xico", "200 OK", body=FEED)
    location = "Location: /méxico".encode().decode("latin-1")
    fetched = await ask(client, server.on("/a", "301 Moved", location))
    assert fetched.outcome is None


async def test_too_large_is_said_and_reading_stops(
    server: "ScriptedServer", client: httpx.AsyncClient
) -> None:
    written = 0

    async def flood(writer: asyncio.StreamWriter) -> None:
        nonlocal written
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        for _ in range(50):
            writer.write(b"x" * MIB)
            await writer.drain()
            written += MIB

    server.scripts["/feed"] = flood
    fetched = await ask(client, server.url + "/feed")
    assert (fetched.outcome, fetched.status) == (Outcome.TOO_LARGE, 200)
    assert fetched.size < 6 * MIB
    assert written < 50 * MIB


async def test_a_gzip_bomb_is_too_large(server: "ScriptedServer", client: httpx.AsyncClient) -> None:
    bomb = packed(b" " * (40 * MIB))
    fetched = await ask(client, server.on("/feed", "200 OK", "Content-Encoding: gzip", body=bomb))
    assert (fetched.outcome, fetched.body) == (Outcome.TOO_LARGE, b"")


@pytest.mark.parametrize(
    ("fields", "body"),
    [
        (("Content-Encoding: gzip, gzip",), packed(packed(FEED))),
        (("Content-Encoding: br",), FEED),
        (("Content-Encoding: gzip",), FEED),
        (("Content-Encoding: gzip",), packed(FEED)[:-4]),
        ((f"Content-Length: {len(FEED) + 1}",), FEED),
        (("Transfer-Encoding: chunked", "Content-Length: 0"), b"5\r\n<rss>\r\n"),
    ],
)
async def test_broken_and_cut_bodies_are_bad_encodings(
    server: "ScriptedServer", client: httpx.AsyncClient, fields: tuple[str, ...], body: bytes
) -> None:
    fetched = await ask(client, server.on("/feed", "200 OK", *fields, body=body))
    assert (fetched.outcome, fetched.body) == (Outcome.BAD_ENCODING, b"")
    assert fetched.reason


async def test_a_connection_reset_inside_the_body_is_a_cut_body(
    server: "ScriptedServer", client: httpx.AsyncClient
) -> None:
    async def reset(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nhalf")
        await writer.drain()
        await asyncio.sleep(0.05)
        writer.transport.abort()

    server.scripts["/feed"] = reset
    fetched = await ask(client, server.url + "/feed")
    assert fetched.outcome is Outcome.BAD_ENCODING
    assert "cut short" in fetched.reason


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nX-Slow: "])
async def test_a_drip_runs_into_the_total_time(
    server: "ScriptedServer", client: httpx.AsyncClient, head: bytes
) -> None:
    """One byte now and then keeps every read timeout happy, in the body as in the header."""

    async def drip(writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        for _ in range(200):
            writer.write(b"<")
            await writer.drain()
            await asyncio.sleep(0.02)

    server.scripts["/feed"] = drip
    options = FetchOptions(total_timeout=0.3)
    async with asyncio.timeout(3):
        fetched = await fetch(client, server.url + "/feed", FRESH, options=options)
    assert fetched.outcome is Outcome.TIMEOUT
    assert "0.3 s" in fetched.reason


async def test_connection_refused_names_the_place(client: httpx.AsyncClient) -> None:
    probe = await asyncio.start_server(lambda _r, w: w.close(), "127.0.0.1", 0)
    port = probe.sockets[0].getsockname()[1]
    probe.close()
    await probe.wait_closed()
    fetched = await ask(client, f"http://127.0.0.1:{port}/feed")
    assert fetched.outcome is Outcome.UNREACHABLE
    assert fetched.reason == f"127.0.0.1:{port}: connection refused"


async def test_an_unknown_name_is_told_from_a_refusal(client: httpx.AsyncClient) -> None:
    fetched = await ask(client, "http://no-such-host.invalid/feed")
    assert fetched.outcome is Outcome.UNREACHABLE
    assert fetched.reason.startswith("DNS: no-such-host.invalid cannot be resolved")


async def test_a_failed_handshake_is_a_tls_failure(client: httpx.AsyncClient) -> None:
    """The server speaks plain HTTP where TLS was asked for."""

    async def plain(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        writer.close()

    listener = await asyncio.start_server(plain, "127.0.0.1", 0)
    async with listener:
        port = listener.sockets[0].getsockname()[1]
        fetched = await ask(client, f"https://127.0.0.1:{port}/")
    assert fetched.outcome is Outcome.UNREACHABLE
    assert fetched.reason.startswith("TLS: no secure connection to 127.0.0.1")


async def test_an_answer_that_is_not_http_is_unreachable(
    server: "ScriptedServer", client: httpx.AsyncClient
) -> None:
    server.scripts["/feed"] = b"220 mail.example ESMTP\r\n"
    fetched = await ask(client, server.url + "/feed")
    assert fetched.outcome is Outcome.UNREACHABLE
    assert "does not speak proper HTTP" in fetched.reason


@pytest.mark.parametrize(
    "url",
    [
        "",
        "feed",
        "http://",
        "http://[::1",
        "http://a b/",
        "feed://x.example/",
        "http://127.0.0.1:99999/",
        "http://127.0.0.1:0/",
        "http://" + "a" * 300 + ".example/",
        "http://é..example/",
    ],
)
async def test_an_unusable_address_ends_in_an_outcome(client: httpx.AsyncClient, url: str) -> None:
    fetched = await ask(client, url)
    assert fetched.outcome in {Outcome.UNREACHABLE, Outcome.FORBIDDEN_ADDRESS}
    assert fetched.reason


async def test_a_cancelled_request_closes_its_connection(
    server: "ScriptedServer", client: httpx.AsyncClient
) -> None:
    closed = asyncio.Event()

    async def hang(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        try:
            while True:
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.01)
        except ConnectionError:
            closed.set()
            raise

    server.scripts["/feed"] = hang
    task = asyncio.create_task(ask(client, server.url + "/feed"))
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(5):
        await closed.wait()


async def test_repeated_fields_are_joined_only_where_lists_are_allowed(
    server: "ScriptedServer", client: httpx.AsyncClient
) -> None:
    fields = ("Cache-Control: public", "Cache-Control: max-age=60", 'ETag: "a"', 'ETag: "b"')
    fetched = await ask(client, server.on("/feed", "200 OK", *fields, body=FEED))
    assert fetched.headers["cache-control"] == "public, max-age=60"
    assert fetched.headers["etag"] == '"a"'
