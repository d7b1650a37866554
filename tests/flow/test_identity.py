"""Who an item is, from one document of a real feed to the next: nothing is lost, and nothing is told twice."""

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from monitor.app import App
from monitor.model import HitReason, Item
from monitor.store import Transaction, feeds, hits, items
from tests.conftest import poll_all
from tests.flow.site import entry, publisher


async def kept(app: App) -> list[Item]:
    return await app.store.read(items.recent_items, limit=200)


async def reasons(app: App) -> list[HitReason]:
    return [hit.reason for hit in await app.store.read(hits.recent_hits, limit=200)]


def versions(tx: Transaction) -> int:
    row = tx.one("SELECT COUNT(*) AS number FROM item_versions")
    assert row
    return int(row["number"])


async def test_new_guids_on_old_items_are_the_old_items(tmp_path: Path) -> None:
    async with publisher(tmp_path) as (site, app, _):
        site.show(*(entry(n) for n in range(15)))
        await poll_all(app)
        site.show(*(entry(n, guid=f"new{n}") for n in range(15)))
        await poll_all(app)
        assert len(await kept(app)) == 15
        assert set(await reasons(app)) == {HitReason.BASELINE}


async def test_restyled_links_and_guids_are_held_and_said_aloud(tmp_path: Path) -> None:
    async with publisher(tmp_path) as (site, app, _):
        site.show(*(entry(n) for n in range(15)))
        await poll_all(app)
        before = (await app.store.read(feeds.get_feed, "gazette")).fetch
        site.show(*(entry(n, guid=f"n{n}", link=f"https://paper.example/2025/{n}") for n in range(15)))
        with capture_logs() as logged:
            await poll_all(app)
        (told,) = [line for line in logged if line["event"] == "feed.reissued"]
        assert told["items"] == 15
        assert not [line for line in logged if line["event"] == "feed.gap"]
        assert HitReason.LIVE not in await reasons(app)
        after = (await app.store.read(feeds.get_feed, "gazette")).fetch
        assert (after.rhythm, after.last_new_at) == (before.rhythm, before.last_new_at), "it taught nothing"


async def test_a_flood_of_items_with_the_same_words_is_news(tmp_path: Path) -> None:
    async with publisher(tmp_path) as (site, app, _):
        site.show(entry("a", title="Fentanyl alert"))
        await poll_all(app)
        site.show(*(entry(n, title="Fentanyl alert") for n in range(12)))
        await poll_all(app)
        assert (await reasons(app)).count(HitReason.LIVE) == 12


async def test_reordered_and_repeated_entries_are_no_news(tmp_path: Path) -> None:
    async with publisher(tmp_path) as (site, app, _):
        entries = [entry(n) for n in range(5)]
        site.show(*entries)
        await poll_all(app)
        site.show(*reversed(entries), entries[2], entry(9), entry(9))
        await poll_all(app)
        assert len(await kept(app)) == 6
        assert (await reasons(app)).count(HitReason.LIVE) == 1


async def test_guids_made_anew_at_every_fetch_keep_no_rows(tmp_path: Path) -> None:
    async with publisher(tmp_path) as (site, app, _):
        for turn in range(20):
            site.show(*(entry(n, guid=f"{turn}-{n}") for n in range(4)))
            await poll_all(app)
        assert len(await kept(app)) == 4
        assert await app.store.read(versions) == 4


async def test_an_item_issued_again_and_then_edited_is_not_told_twice(tmp_path: Path) -> None:
    async with publisher(tmp_path) as (site, app, _):
        site.show(entry(1), entry(2))
        await poll_all(app)
        site.show(entry(3), entry(1), entry(2))
        await poll_all(app)
        site.show(entry(3, guid="anew"), entry(1), entry(2))
        await poll_all(app)
        for edit in ("Fentanyl seized, now with a picture", "Fentanyl seized, and corrected"):
            site.show(entry(3, guid="anew", title=edit), entry(1), entry(2))
            await poll_all(app)
        found = {item.key: item for item in await kept(app)}
        assert set(found) == {"guid:g1", "guid:g2", "guid:g3"}
        assert (found["guid:g3"].version, found["guid:g3"].text.title) == (3, edit)
        assert (await reasons(app)).count(HitReason.LIVE) == 1


async def test_a_guid_issued_again_and_then_given_to_another_article_loses_neither(tmp_path: Path) -> None:
    async with publisher(tmp_path) as (site, app, _):
        site.show(entry(1))
        await poll_all(app)
        site.show(entry(1, guid="anew"))
        await poll_all(app)
        site.show(entry(2, guid="anew", title="Muro fronterizo: sigue la obra"))
        await poll_all(app)
        assert {item.link for item in await kept(app)} == {f"https://paper.example/{n}" for n in (1, 2)}
        assert (await reasons(app)).count(HitReason.LIVE) == 1


async def test_a_guid_given_to_another_article_loses_neither(tmp_path: Path) -> None:
    async with publisher(tmp_path) as (site, app, _):
        site.show(entry("old"))
        await poll_all(app)
        for name, title in (("one", "Fentanyl found in a truck"), ("two", "Muro fronterizo: sigue la obra")):
            site.show(entry(name, guid="top", title=title), entry("old"))
            await poll_all(app)
        assert (await reasons(app)).count(HitReason.LIVE) == 2
        assert len(await kept(app)) == 3


@pytest.mark.parametrize(
    "link",
    ["http://paper.example/1", "https://paper.example/1?utm_source=rss", "https://PAPER.example:443/1"],
)
async def test_an_address_written_otherwise_is_the_same_item(tmp_path: Path, link: str) -> None:
    async with publisher(tmp_path) as (site, app, _):
        site.show(entry(1, guid=""))
        await poll_all(app)
        site.show(entry(1, guid="", link=link), entry(2, guid=""))
        await poll_all(app)
        assert len(await kept(app)) == 2


async def test_an_edit_is_a_version_and_alerts_when_a_topic_matches_first(tmp_path: Path) -> None:
    async with publisher(tmp_path) as (site, app, _):
        site.show(entry(1, title="Truck stopped"))
        await poll_all(app)
        for title in ("Truck stopped with fentanyl", "Truck stopped with much fentanyl"):
            site.show(entry(1, title=title))
            await poll_all(app)
        assert await reasons(app) == [HitReason.UPDATED]
        (item,) = await kept(app)
        assert item.version == 3


async def test_an_item_that_changes_at_every_poll_is_bounded(tmp_path: Path) -> None:
    async with publisher(tmp_path) as (site, app, _):
        for turn in range(items.MAX_VERSIONS + 8):
            site.show(entry(1, title=f"Fentanyl, {turn} readers"))
            await poll_all(app)
        assert await app.store.read(versions) <= items.MAX_VERSIONS + 1
        assert len(await reasons(app)) == 1


@pytest.mark.parametrize("date", ["", "yesterday", "Fri, 01 Jan 2100 00:00:00 GMT"])
async def test_a_date_that_is_absent_or_wrong_never_becomes_now(tmp_path: Path, date: str) -> None:
    async with publisher(tmp_path) as (site, app, _):
        site.show(entry(1, more=f"<pubDate>{date}</pubDate>"))
        await poll_all(app)
        (item,) = await kept(app)
        assert item.published is None


async def test_a_first_document_cut_short_makes_no_news_of_its_rest(tmp_path: Path) -> None:
    async with publisher(tmp_path) as (site, app, _):
        site.show(*(entry(n) for n in range(20)))
        whole = site.answers["/feed"].body
        site.answers["/feed"] = type(site.answers["/feed"])(status=200, body=whole[:500])
        await poll_all(app)
        site.show(*(entry(n) for n in range(20)))
        await poll_all(app)
        assert len(await kept(app)) == 20
        assert set(await reasons(app)) == {HitReason.BASELINE}


async def test_of_thirty_entries_only_the_new_one_is_parsed_and_one_that_returns_is_known(
    tmp_path: Path,
) -> None:
    """Items that the store has lost, and the window has not, would come back with the first whole parse."""
    async with publisher(tmp_path) as (site, app, _):
        entries = [entry(n, title=f"Council meets, part {n}") for n in range(30)]
        site.show(*entries)
        await poll_all(app)
        assert len(await kept(app)) == 30
        await app.store.write(lambda tx: tx.run("DELETE FROM items WHERE key <> 'guid:g29'"))
        for shown in (entries[:29], [*entries[:28], entries[29]]):
            site.show(entry("new"), *shown)
            await poll_all(app)
            assert {item.key for item in await kept(app)} == {"guid:gnew", "guid:g29"}
        assert await reasons(app) == [HitReason.LIVE]
        (known,) = [item for item in await kept(app) if item.key == "guid:g29"]
        assert known.version == 1
