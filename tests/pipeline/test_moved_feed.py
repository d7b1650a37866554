"""A publisher redirects a feed for good: it is read, people are told, and the address stays what they gave."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from monitor.app import App
from monitor.demo.loopback import HOST, LoopbackServer
from monitor.demo.stage import DemoStage
from monitor.desk.feeds import FeedLine, NewFeed, add_feed, list_feeds
from monitor.store import feeds
from tests.conftest import opened, poll_all, small_stage

FEED = b"""<rss version="2.0"><channel><title>Gazette</title>
<item><guid>1</guid><title>Council meets</title></item></channel></rss>"""


def answer(status: str, *fields: str, body: bytes = b"") -> bytes:
    return (
        "\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *fields, "", ""]).encode() + body
    )


@asynccontextmanager
async def site(pages: Mapping[str, bytes]) -> AsyncIterator[LoopbackServer]:
    """Answer each path with its bytes."""

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readuntil(b"\r\n\r\n"):
            writer.write(pages[head.split(b" ")[1].decode()])
            await writer.drain()

    async with LoopbackServer(converse) as server:
        yield server


def list_in_file(stage: DemoStage, url: str) -> None:
    (stage.folder / "feeds.toml").write_text(f'[[feed]]\nslug = "gazette"\nurl = "{url}"\n')


async def polled(app: App) -> tuple[FeedLine, list[object]]:
    with capture_logs() as logged:
        await poll_all(app)
    (line,) = await list_feeds(app)
    return line, [(each["feed"], each["to"]) for each in logged if each["event"] == "feed.moved"]


async def test_a_feed_that_moved_for_good_is_read_told_and_left_where_it_is(tmp_path: Path) -> None:
    pages = {"/old": answer("301 Moved", "Location: /new"), "/new": answer("200 OK", body=FEED)}
    async with site(pages) as server, small_stage(tmp_path) as stage:
        old, new = f"http://{HOST}:{server.port}/old", f"http://{HOST}:{server.port}/new"
        list_in_file(stage, old)
        async with opened(stage) as app:
            for outcome in ("1 new", "the same bytes as last time"):
                line, told = await polled(app)
                assert told == [("gazette", new)]
                said = f"the publisher has moved it to {new}: change the address in its file"
                assert line.reason == f"{outcome}; {said}"
                assert (line.state, line.url) == ("ok", old)


async def test_a_feed_without_a_file_is_to_be_added_again(tmp_path: Path) -> None:
    pages = {"/old": answer("308 Moved", "Location: /new"), "/new": answer("200 OK", body=FEED)}
    async with site(pages) as server, small_stage(tmp_path) as stage, opened(stage) as app:
        await add_feed(app, NewFeed(url=f"http://{HOST}:{server.port}/old"), actor="test")
        line, _ = await polled(app)
    assert line.reason.endswith("/new: add it under that address")


@pytest.mark.parametrize(
    ("status", "there"),
    [("302 Found", answer("200 OK", body=FEED)), ("301 Moved", answer("404 Not Found"))],
    ids=["for now", "to nothing"],
)
async def test_a_redirect_for_now_or_to_nothing_is_no_move(tmp_path: Path, status: str, there: bytes) -> None:
    pages = {"/old": answer(status, "Location: /new"), "/new": there}
    async with site(pages) as server, small_stage(tmp_path) as stage:
        list_in_file(stage, f"http://{HOST}:{server.port}/old")
        async with opened(stage) as app:
            line, told = await polled(app)
    assert told == []
    assert "moved" not in line.reason


async def test_no_password_is_told_with_the_new_address(tmp_path: Path) -> None:
    """Credentials stay with their own origin, in the request and nowhere else."""
    async with site({"/new": answer("200 OK", body=FEED)}) as server:
        pages = {"/old": answer("301 Moved", f"Location: http://eve:s3cret@{HOST}:{server.port}/new")}
        async with site(pages) as first, small_stage(tmp_path) as stage, opened(stage) as app:
            url = f"http://ana:pa55word@{HOST}:{first.port}/old"
            await add_feed(app, NewFeed(url=url.replace("ana:pa55word@", "")), actor="test")
            (added,) = await app.store.read(feeds.list_feeds)
            await app.store.write(feeds.put_feed, replace(added, url=url))  # as older versions accepted it
            line, told = await polled(app)
            feed = await app.store.read(feeds.get_feed, line.slug)
    assert told == [(line.slug, f"http://{HOST}:{server.port}/new")]
    for shown in (line.reason, feed.fetch.reason):
        assert "s3cret" not in shown
        assert "pa55word" not in shown
    assert feed.url == url
