"""What a publisher sees of us, fifth part: how each request looks, and what becomes of an answer that is no feed."""

import asyncio
import gzip
from pathlib import Path

import brotli
import pytest

from monitor.model import Outcome
from tests.conftest import small_stage
from tests.flow.checklist import checklist
from tests.flow.publisher import TITLES, answer, document, living, ok, publishing, reading, subscribe

FIELDS = {"host", "user-agent", "accept", "accept-encoding", "connection", "if-none-match"}
BODY = document("Otra nota, señores", *TITLES)


@checklist(44, 45, 46, 47, 48, 54)
async def test_a_poll_is_one_plain_get_that_says_who_asks_and_nothing_else(tmp_path: Path) -> None:
    async with publishing() as publisher, small_stage(tmp_path) as stage:
        fields = "Set-Cookie: id=7; Path=/", 'ETag: "1"', 'Link: </favicon.ico>; rel="icon"'
        url = publisher.on("/feed?section=a&b", ok(*fields), answer("304 Not Modified", fields[0]))
        subscribe(stage, {"paper": f"{url}#newest"})
        async with living(stage, publisher) as life:
            await life.polls(4)
        assert [(each.method, each.target) for each in publisher.asked] == [("GET", "/feed?section=a&b")] * 4
        for each in publisher.asked:
            assert set(each.fields) <= FIELDS, "no cookie, no referer, no more than needed"
            assert each.fields["user-agent"].startswith("news-monitor/")
            assert each.fields["user-agent"].endswith(" (+demo@localhost)")
            assert each.fields["accept"].startswith("application/atom+xml, application/rss+xml")
            assert each.fields["accept-encoding"] == "gzip, br"


@checklist(49)
@pytest.mark.parametrize(
    ("encoding", "body"),
    [("gzip", gzip.compress(BODY)), ("br", brotli.compress(BODY)), ("identity", BODY)],
    ids=["gzip", "br", "identity"],
)
async def test_what_we_ask_for_is_decoded(tmp_path: Path, encoding: str, body: bytes) -> None:
    async with reading(tmp_path, ok(f"Content-Encoding: {encoding}", body=body)) as life:
        await life.polls(1)
        assert await life.titles() == {"Otra nota, señores", *TITLES}


@checklist(49, 55)
@pytest.mark.parametrize(
    "bad",
    [
        ok("Content-Encoding: gzip", 'ETag: "2"', body=BODY),
        ok("Content-Encoding: zstd", 'ETag: "2"', body=BODY),
        ok("Content-Encoding: gzip, gzip", 'ETag: "2"', body=gzip.compress(gzip.compress(BODY))),
        ok("Content-Encoding: gzip", 'ETag: "2"', body=gzip.compress(BODY)[:-20]),
    ],
    ids=["not gzip", "unasked", "twice", "cut gzip"],
)
async def test_what_cannot_be_decoded_is_an_error_and_changes_nothing(tmp_path: Path, bad: bytes) -> None:
    async with reading(tmp_path, ok('ETag: "1"'), bad) as life:
        await life.polls(2)
        state = await life.state()
        assert (state.outcome, state.etag) == (Outcome.BAD_ENCODING, '"1"')
        assert await life.titles() == set(TITLES)


@checklist(55)
@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunks"])
async def test_a_body_cut_short_is_an_error_and_changes_nothing(tmp_path: Path, *, chunked: bool) -> None:
    """The connection ends in the middle, after whole items: what came would parse."""
    whole = document("Cut away", *TITLES)
    part = whole[: whole.index(b"<item><guid>Council meets, part 9")]
    if chunked:
        head = b'HTTP/1.1 200 OK\r\nETag: "2"\r\nTransfer-Encoding: chunked\r\n\r\n'
        cut = head + b"%x\r\n" % len(part) + part + b"\r\n"
    else:
        cut = b'HTTP/1.1 200 OK\r\nETag: "2"\r\nContent-Length: %d\r\n\r\n' % len(whole) + part
    async with publishing() as publisher, small_stage(tmp_path) as stage:
        subscribe(stage, {"paper": publisher.on("/feed", ok('ETag: "1"'), cut)})
        publisher.hangs_up_after = (cut,)
        async with living(stage, publisher) as life:
            await life.polls(2)
            state = await life.state()
            assert (state.outcome, state.etag) == (Outcome.BAD_ENCODING, '"1"')
            assert await life.titles() == set(TITLES)


@checklist(51)
async def test_a_host_sees_one_connection_at_a_time_and_none_while_it_is_not_asked(tmp_path: Path) -> None:
    async with publishing() as publisher, small_stage(tmp_path) as stage:
        subscribe(stage, {f"paper-{n}": publisher.on(f"/{n}", ok()) for n in range(6)})
        async with living(stage, publisher) as life:
            life.clock.advance(hours=1)
            await life.app.poller.poll_due()
            assert len(publisher.asked) == 6
            assert publisher.most_open == 1
            async with asyncio.timeout(4):
                while publisher.open:  # noqa: ASYNC110 - the client closes it after two seconds
                    await asyncio.sleep(0.05)


@checklist(56)
@pytest.mark.parametrize(
    "empty",
    [
        answer("200 OK", 'ETag: "2"'),
        answer("200 OK", 'ETag: "2"', body=b" \n"),
        b"HTTP/1.1 204 No Content\r\n\r\n",
    ],
    ids=["nothing", "white space", "204"],
)
async def test_no_content_is_a_failure_and_not_a_feed_without_items(tmp_path: Path, empty: bytes) -> None:
    async with reading(tmp_path, ok('ETag: "1"'), empty) as life:
        await life.polls(2)
        state = await life.state()
        assert (state.outcome, state.etag, state.failures) == (Outcome.EMPTY, '"1"', 1)
        assert await life.titles() == set(TITLES)


@checklist(57)
async def test_a_page_is_no_feed_and_the_feed_that_it_names_is_said_but_not_asked(tmp_path: Path) -> None:
    page = (
        b'<!doctype html><html><head><link rel="alternate" type="application/rss+xml" href="/rss"></head>'
        b"<body>Council meets</body></html>"
    )
    async with reading(tmp_path, ok(), answer("200 OK", "Content-Type: text/html", body=page)) as life:
        await life.polls(4)
        feed = await life.feed()
        assert feed.fetch.outcome is Outcome.NOT_A_FEED
        assert "/rss" in feed.fetch.reason
        assert {each.target for each in life.publisher.asked} == {"/feed"}
        assert await life.titles() == set(TITLES)


@checklist("self")
async def test_what_a_feed_calls_itself_is_kept_and_never_asked(tmp_path: Path) -> None:
    link = '<atom:link xmlns:atom="http://www.w3.org/2005/Atom" rel="self" href="/other"/>'
    async with reading(tmp_path, ok(body=document(channel=link))) as life:
        await life.polls(4)
        feed = await life.feed()
        assert feed.fetch.hints.self_url == feed.url.replace("/feed", "/other")
        assert {each.target for each in life.publisher.asked} == {"/feed"}


@checklist(58)
async def test_a_body_that_comes_in_drops_is_given_up_in_time(tmp_path: Path) -> None:
    async with publishing() as publisher, small_stage(tmp_path) as stage:
        publisher.on("/feed", ok('ETag: "1"'), ok('ETag: "2"', body=BODY))
        subscribe(
            stage,
            {"paper": f"http://127.0.0.1:{publisher.port}/feed"},
            fetch="total_timeout_seconds = 1",
        )
        async with living(stage, publisher) as life:
            await life.polls(1)
            publisher.drip = 0.05
            began = asyncio.get_running_loop().time()
            await life.polls(1)
            assert asyncio.get_running_loop().time() - began < 3
            state = await life.state()
            assert (state.outcome, state.etag) == (Outcome.TIMEOUT, '"1"')
            assert await life.titles() == set(TITLES)
