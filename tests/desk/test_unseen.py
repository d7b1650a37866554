"""Why an address was never seen: no feed, a feed in trouble, a gap, too early, too old, or not in the feed."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.desk.unseen import Unseen, why_unseen
from monitor.errors import Refused
from monitor.model import Feed, FetchState, HitReason, ItemDraft, ItemText, Outcome, Poll
from monitor.store import Sealer, Store, Transaction, feeds, gaps, items, open_store
from monitor.store.gaps import Gap

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAY = timedelta(days=1)
KEPT = timedelta(days=90)
LINK = "https://paper.example/2026/11/18/a-story"
STATE = FetchState(
    next_poll_at=NOW + timedelta(hours=1), last_polled_at=NOW, last_ok_at=NOW, baseline_at=NOW - 30 * DAY,
    outcome=Outcome.NEW, reason="2 new", last_new_at=NOW, full_at=NOW, window=20,
)  # fmt: skip


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await open_store(f"sqlite:{tmp_path / 'monitor.db'}", sealer=Sealer(b"k" * 32), backup_dir=None)
    yield opened
    await opened.close()


def paper(state: FetchState = STATE, *, url: str = "https://paper.example/feed", slug: str = "paper") -> Feed:
    return Feed(slug=slug, url=url, title=slug, owner="ui", fetch=state)


def put(tx: Transaction, feed: Feed) -> Feed:
    stored = feeds.put_feed(tx, feed)
    tx.run("UPDATE feeds SET claimed_at = 1 WHERE id = :id", id=stored.id)
    claimed = replace(
        stored, fetch=replace(stored.fetch, claimed_at=datetime(1970, 1, 1, 0, 0, 0, 1, tzinfo=UTC))
    )
    poll = Poll(started_at=NOW - DAY, ended_at=NOW, outcome=Outcome.NEW, reason="2 new")
    assert feeds.finish_poll(tx, claimed, feed.fetch, poll)
    return stored


def item(tx: Transaction, feed: Feed, link: str) -> None:
    draft = ItemDraft(
        key=link,
        raw_id=None,
        fingerprint=link,
        link=link,
        canonical_link=link,
        text=ItemText(title="A story"),
    )
    items.add_item(tx, feed, draft, now=NOW - DAY, reason=HitReason.LIVE, watchlist_revision=1, engine="2")


async def ask(store: Store, link: str = LINK, *, now: datetime = NOW) -> Unseen:
    return await store.read(why_unseen, link, retention=KEPT, now=now)


async def test_no_feed_is_near(store: Store) -> None:
    await store.write(put, paper(url="https://other.example/feed"))
    found = await ask(store)
    assert found.sentence == "not fetched: no feed here is of paper.example, and none links to it"
    assert found.then.endswith(f"monitor feeds discover {LINK}")
    assert found.feeds == ()
    assert found.day == datetime(2026, 11, 18, tzinfo=UTC)


async def test_a_feed_of_another_site_that_links_there_is_near(store: Store) -> None:
    def fill(tx: Transaction) -> None:
        wire = put(tx, paper(url="https://wire.example/feed", slug="wire"))
        item(tx, wire, "https://www.paper.example/2026/11/17/another")
        item(tx, wire, "https://www.paper.example/2026/11/18/a-story?page=2")

    await store.write(fill)
    found = await ask(store)
    (near,) = found.feeds
    assert (near.feed.slug, near.items) == ("wire", 2)
    assert "2 of its items lead there" in near.near
    assert "in no polled window of the feed wire" in found.sentence
    (alike,) = found.alike
    assert (alike.feed, alike.link) == ("wire", "https://www.paper.example/2026/11/18/a-story?page=2")


async def test_a_failing_feed_is_named_with_its_reason(store: Store) -> None:
    failing = replace(
        STATE, outcome=Outcome.BLOCKED, reason="403 Forbidden", failures=5, failing_since=NOW - 2 * DAY,
        last_ok_at=NOW - 2 * DAY,
    )  # fmt: skip
    await store.write(put, paper(failing))
    found = await ask(store)
    assert found.sentence.startswith("not fetched: the feed paper is failing since 2026-11-18 12:00Z")
    assert "403 Forbidden" in found.sentence
    assert found.then == "see monitor feeds why paper"
    assert [poll.reason for poll in found.feeds[0].polls] == ["2 new"]


async def test_a_gap_over_the_day_in_the_address_explains_it(store: Store) -> None:
    def fill(tx: Transaction) -> None:
        feed = put(tx, paper())
        for before in (9, 2):
            gap = Gap(
                found_at=NOW - (before - 1) * DAY,
                since=NOW - before * DAY,
                recovered=0,
                closed=False,
                reason="x",
            )
            gaps.add_gap(tx, feed.id, gap)

    await store.write(fill)
    found = await ask(store)
    assert "between 2026-11-18 12:00Z and 2026-11-19 12:00Z the feed paper has a gap" in found.sentence
    assert len(found.feeds[0].gaps) == 1
    other = await ask(store, "https://paper.example/2026-11-15-a-story")
    assert "in no polled window" in other.sentence
    undated = await ask(store, "https://paper.example/a-story")
    assert "in no polled window" in undated.sentence
    assert len(undated.feeds[0].gaps) == 2, "without a day the newest gaps are shown"


async def test_what_was_before_the_first_reading_or_is_past_its_retention(store: Store) -> None:
    await store.write(put, paper())
    early = await ask(store, "https://www.paper.example/2026/10/01/a-story")
    assert "it is of 2026-10-01, and the feed paper is read only since 2026-10-21 12:00Z" in early.sentence
    old = await ask(store, "https://paper.example/20250101/a-story")
    assert old.sentence == "not stored: it is of 2025-01-01, and items without a hit are kept for 90 days"
    no_day = await ask(store, "https://paper.example/2026/02/31/a-story")
    assert no_day.day is None


async def test_a_feed_that_was_never_read_says_so(store: Store) -> None:
    await store.write(feeds.put_feed, paper(FetchState(next_poll_at=NOW)))
    assert "has not been read yet" in (await ask(store)).sentence


@pytest.mark.parametrize("target", ["no address at all", "msg_1", "mailto:a@b.example", "https://", ""])
async def test_what_is_no_address_is_refused(store: Store, target: str) -> None:
    with pytest.raises(Refused, match="no item, delivery or alert"):
        await ask(store, target)
