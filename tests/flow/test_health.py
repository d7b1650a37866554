"""How a feed is said to be, from its polls alone."""

from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from monitor.app import App
from monitor.demo.loopback import Response
from monitor.desk.feeds import FeedLine, list_feeds
from monitor.desk.why import why_feed
from monitor.store import feeds
from tests.conftest import poll_all
from tests.flow.site import entry, publisher


async def line(app: App) -> FeedLine:
    (found,) = await list_feeds(app)
    assert (await why_feed(app, "gazette")).feed == found, "one story, wherever it is told"
    return found


async def test_a_304_heals_nothing_and_a_whole_document_a_day_later_does(tmp_path: Path) -> None:
    async with publisher(tmp_path) as (site, app, clock):
        site.show(entry(1))
        body = site.answers["/feed"].body
        whole = Response(status=200, body=body, headers={"ETag": '"1"'})
        site.answers["/feed"] = whole
        assert (await line(app)).state == "waiting"
        await poll_all(app)
        assert (await line(app)).state == "ok"
        for status in (404, 304):
            clock.advance(hours=1)
            site.answers["/feed"] = Response(status=status)
            await poll_all(app)
            assert (await line(app)).state == "failing"
        clock.advance(hours=23)
        site.answers["/feed"] = whole
        await poll_all(app)
        assert (await line(app)).state == "ok"


async def test_a_feed_that_was_empty_for_a_moment_is_not_called_so_after(tmp_path: Path) -> None:
    async with publisher(tmp_path) as (site, app, _):
        site.show(entry(1))
        await poll_all(app)
        whole = site.answers["/feed"]
        site.answers["/feed"] = Response(status=200)
        await poll_all(app)
        assert (await line(app)).state == "failing"
        site.answers["/feed"] = whole
        await poll_all(app)
        assert (await line(app)).state == "ok"


async def test_gone_twice_is_retired_probed_monthly_and_returns_by_itself(tmp_path: Path) -> None:
    async with publisher(tmp_path) as (site, app, clock):
        site.show(entry(1))
        await poll_all(app)
        whole = site.answers["/feed"]
        site.answers["/feed"] = Response(status=410)
        for _ in range(2):
            await poll_all(app)
            clock.advance(hours=2)
        found = await line(app)
        assert found.state == "retired"
        assert found.since is not None
        feed = await app.store.read(feeds.get_feed, "gazette")
        assert (feed.fetch.next_poll_at - clock.now).days in {29, 30}
        site.answers["/feed"] = whole
        clock.now = feed.fetch.next_poll_at
        await app.poller.poll_due()
        assert (await line(app)).state == "ok"


async def test_a_feed_that_no_one_polled_is_late(tmp_path: Path) -> None:
    async with publisher(tmp_path) as (site, app, clock):
        site.show(entry(1))
        await poll_all(app)
        clock.advance(days=2)
        found = await line(app)
        assert (found.state, found.since) == ("late", found.next_poll_at)


@pytest.mark.parametrize(
    ("days", "state", "said"),
    [
        (0.2, "ok", ""),
        (2, "silent", "nothing new for 2 days, which at about"),
        (90, "stale", "answers, but nothing new for 90 days; it used to have"),
    ],
)
async def test_a_lively_feed_that_falls_silent_is_said_to_be_since_its_last_item(
    tmp_path: Path, days: float, state: str, said: str
) -> None:
    async with publisher(tmp_path) as (site, app, clock):
        newest = clock.now.replace(microsecond=0)
        dates = (format_datetime(newest - timedelta(hours=n)) for n in range(48))
        site.show(*(entry(n, more=f"<pubDate>{date}</pubDate>") for n, date in enumerate(dates)))
        await poll_all(app)
        assert (await line(app)).state == "ok"
        clock.advance(days=days)
        await poll_all(app)
        found = await line(app)
        assert (found.state, found.since) == (state, newest if said else None)
        assert said in found.reason
        assert found.then.startswith("polled again in ")
        assert ("look whether the publisher has another feed" in found.then) == (state == "stale")
        if days == 2:
            news = entry("news", more=f"<pubDate>{format_datetime(clock.now)}</pubDate>")
            site.show(news)
            await poll_all(app)
            assert (await line(app)).state == "ok"


async def test_a_feed_without_items_is_said_to_be_empty_since_it_first_was(tmp_path: Path) -> None:
    async with publisher(tmp_path) as (site, app, clock):
        site.show(entry(1))
        await poll_all(app)
        clock.advance(hours=1)
        since = clock.now
        for _ in range(2):
            site.show(head=f"<lastBuildDate>{format_datetime(clock.now)}</lastBuildDate>")
            await poll_all(app)
            found = await line(app)
            assert (found.state, found.since) == ("empty", since)
            assert found.reason == "answers with a feed that has no items"
            assert found.then.startswith("polled again in ")
            clock.advance(hours=2)
        site.show(entry(1))
        await poll_all(app)
        assert (await line(app)).state == "ok"
