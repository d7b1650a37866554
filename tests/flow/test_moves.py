"""A feed that has moved for good is asked where it is, and at its old address again when that fails."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from structlog.testing import capture_logs

from monitor.app import App
from monitor.demo.loopback import Response
from monitor.desk.why import why_feed
from monitor.model import Feed, HitReason
from monitor.store import feeds, gaps, hits, items, windows
from tests.conftest import poll_all
from tests.flow.site import Site, entry, publisher
from tests.pipeline.conftest import Clock


async def moved(site: Site, app: App, clock: Clock, *, days: int) -> Feed:
    site.answers["/feed"] = Response(status=301, headers={"Location": "/new"})
    for day in range(days):
        site.show(entry(day), *(entry(f"old{n}") for n in range(3)), path="/new")
        await poll_all(app)
        clock.advance(days=1)
    return await app.store.read(feeds.get_feed, "gazette")


async def test_a_week_of_redirects_is_followed_though_each_poll_finds_news(tmp_path: Path) -> None:
    async with publisher(tmp_path) as (site, app, clock):
        feed = await moved(site, app, clock, days=7)
        assert not feed.fetch.follows_move
        feed = await moved(site, app, clock, days=2)
        assert feed.fetch.follows_move
        asked = site.asked["/feed"]
        await poll_all(app)
        assert site.asked["/feed"] == asked, "the old address is left alone"
        told = await why_feed(app, "gazette")
        assert told.follows == f"{site.url}/new"
        assert told.feed.url == f"{site.url}/feed"
        assert "moved it to" in told.history[0].reason


async def test_a_followed_address_that_is_lost_leads_back(tmp_path: Path) -> None:
    async with publisher(tmp_path) as (site, app, clock):
        await moved(site, app, clock, days=9)
        site.answers["/new"] = Response(status=404)
        with capture_logs() as logged:
            await poll_all(app)
        assert [line["to"] for line in logged if line["event"] == "feed.moved"] == [f"{site.url}/feed"]
        site.show(entry("old1"), entry("news"))
        await poll_all(app)
        feed = await app.store.read(feeds.get_feed, "gazette")
        assert (feed.fetch.failures, feed.fetch.follows_move) == (0, False)


async def test_a_followed_address_whose_server_stays_broken_leads_back(tmp_path: Path) -> None:
    async with publisher(tmp_path) as (site, app, clock):
        await moved(site, app, clock, days=9)
        site.answers["/new"] = Response(status=500)
        states = []
        for _ in range(3):
            await poll_all(app)
            states.append((await app.store.read(feeds.get_feed, "gazette")).fetch.follows_move)
        assert states == [True, True, False]


async def test_a_redirect_to_a_page_is_never_followed(tmp_path: Path) -> None:
    async with publisher(tmp_path) as (site, app, clock):
        site.show(entry(1))
        await poll_all(app)
        site.answers["/feed"] = Response(status=301, headers={"Location": "/parked"})
        site.answers["/parked"] = Response(status=200, body=b"<!doctype html><title>For sale</title>")
        for _ in range(9):
            clock.advance(days=1)
            await poll_all(app)
        feed = await app.store.read(feeds.get_feed, "gazette")
        assert (feed.fetch.moved_to, feed.fetch.follows_move) == (None, False)


async def test_an_address_that_a_person_changes_starts_with_an_empty_memory_and_keeps_its_items(
    tmp_path: Path,
) -> None:
    """What was remembered of the old document must not hide entries of the new one, nor make news of it."""
    async with publisher(tmp_path) as (site, app, clock):
        site.show(entry(1), entry(2))
        await poll_all(app)
        feed = await app.store.read(feeds.get_feed, "gazette")
        assert await app.store.read(windows.get_window, feed.id) is not None
        elsewhere = replace(
            feed, url=f"{site.url}/elsewhere", fetch=replace(feed.fetch, next_poll_at=clock.now)
        )
        changed = await app.store.write(feeds.put_feed, elsewhere)
        assert await app.store.read(windows.get_window, feed.id) is None
        assert (changed.fetch.window, changed.fetch.body_hash) == (None, None)
        site.show(entry(2), entry(3), path="/elsewhere")
        await poll_all(app)
        again = await app.store.read(windows.get_window, feed.id)
        assert again is not None
        assert [slot.key for slot in again.slots] == ["guid:g2", "guid:g3"]
        assert len(await app.store.read(items.recent_items, limit=9)) == 3
        found = await app.store.read(hits.recent_hits, limit=9)
        assert [hit.reason for hit in found] == [HitReason.BASELINE] * 3
        assert not await app.store.read(gaps.open_gaps, after=clock.now - timedelta(days=1))
