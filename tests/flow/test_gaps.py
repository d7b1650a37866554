"""Windows that share nothing: said aloud, recorded, and filled from older pages where the feed offers them."""

from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from monitor.app import App
from monitor.desk.why import why_feed
from monitor.model import HitReason
from monitor.store import feeds, gaps, hits
from monitor.store.gaps import MOST_GAPS, Gap
from tests.conftest import poll_all
from tests.flow.site import Site, entry, publisher
from tests.pipeline.conftest import Clock


def page(clock: Clock, *names: int) -> list[str]:
    """Write items an hour apart: the higher the number, the newer."""
    return [
        entry(n, more=f"<pubDate>{format_datetime(clock.now - timedelta(hours=100 - n))}</pubDate>")
        for n in names
    ]


async def begun(site: Site, app: App, clock: Clock) -> None:
    site.show(*page(clock, 3, 2, 1))
    await poll_all(app)
    assert not (await why_feed(app, "gazette")).gaps, "a first poll makes no gap"
    clock.advance(days=3)


async def live(app: App) -> int:
    found = await app.store.read(hits.recent_hits, limit=99)
    return sum(hit.reason is HitReason.LIVE for hit in found)


async def test_a_gap_is_recorded_told_and_polled_more_often_after(tmp_path: Path) -> None:
    async with publisher(tmp_path) as (site, app, clock):
        await begun(site, app, clock)
        before = await app.store.read(feeds.get_feed, "gazette")
        site.show(*page(clock, 99, 98, 97))
        with capture_logs() as logged:
            await poll_all(app)
        assert [line["closed"] for line in logged if line["event"] == "feed.gap"] == [False]
        (gap,) = (await why_feed(app, "gazette")).gaps
        assert (gap.since, gap.recovered, gap.closed) == (before.fetch.last_ok_at, 0, False)
        after = await app.store.read(feeds.get_feed, "gazette")
        assert "shares nothing" in after.fetch.reason
        assert after.fetch.interval <= before.fetch.interval


@pytest.mark.parametrize("cut", [False, True], ids=["to the end", "in part"])
async def test_a_gap_is_filled_from_archives(tmp_path: Path, *, cut: bool) -> None:
    async with publisher(tmp_path) as (site, app, clock):
        await begun(site, app, clock)
        at = '<atom:link rel="prev-archive" href="{}"/>'
        site.show(*page(clock, 99, 98), head=at.format("/a1"))
        site.show(*page(clock, 98, 97, 96), head=at.format("/a2"), path="/a1")
        if not cut:
            site.show(*page(clock, 95, 20, 3), path="/a2")
        await poll_all(app)
        (gap,) = (await why_feed(app, "gazette")).gaps
        assert (gap.recovered, gap.closed) == ((2, False) if cut else (4, True))
        assert await live(app) == (4 if cut else 5), "item 20 is older than the window before"


async def test_a_link_to_another_host_or_back_to_itself_is_not_followed(tmp_path: Path) -> None:
    async with publisher(tmp_path) as (site, app, clock):
        await begun(site, app, clock)
        other = site.url.replace("127.0.0.1", "localhost")
        site.show(*page(clock, 99), head=f'<atom:link rel="next" href="{other}/more"/>')
        await poll_all(app)
        assert site.asked["/more"] == 0
        clock.advance(days=1)
        asked = site.asked["/feed"]
        site.show(*page(clock, 98), head=f'<atom:link rel="next" href="{site.url}/feed"/>')
        await poll_all(app)
        assert site.asked["/feed"] == asked + 1


async def test_wordpress_is_asked_for_its_older_pages(tmp_path: Path) -> None:
    async with publisher(tmp_path) as (site, app, clock):
        await begun(site, app, clock)
        site.show(*page(clock, 99), head="<generator>https://wordpress.org/?v=6.6</generator>")
        asked = site.asked["/feed"]
        await poll_all(app)
        assert site.asked["/feed"] > asked + 1


async def test_a_feed_of_nothing_but_gaps_keeps_the_newest(tmp_path: Path) -> None:
    async with publisher(tmp_path) as (_, app, clock):
        feed = await app.store.read(feeds.get_feed, "gazette")
        for number in range(MOST_GAPS + 3):
            found = clock.now + timedelta(minutes=number)
            gap = Gap(found_at=found, since=clock.now, recovered=0, closed=False, reason=str(number))
            await app.store.write(gaps.add_gap, feed.id, gap)
        rows = await app.store.read(gaps.gaps_of_feed, feed.id, limit=999)
        assert [row.reason for row in rows] == [str(n) for n in range(MOST_GAPS + 2, 2, -1)]
