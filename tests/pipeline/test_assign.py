"""Items are given their stories in the stored order: the same after restarts and lost transactions."""

import json
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from monitor.match import StoryRules, StoryWindow
from monitor.model import Feed, FetchState, HitReason, Item, ItemDraft, ItemText, Story
from monitor.pipeline.assign import StoryAssigner, assign, outlet_of
from monitor.store import Sealer, Transaction, feeds, items, open_store, stories, story_window

BILINGUAL = Path(__file__).parents[1] / "data" / "stories_bilingual.jsonl"
START = datetime(2026, 1, 5, tzinfo=UTC)
RULES = StoryRules(window=timedelta(hours=12))


class Lost(Exception):  # noqa: N818 - what happened to the transaction
    """The transaction was given up after all its work."""


def fill(tx: Transaction) -> list[Item]:
    """Store the items of the set, each under a feed of its outlet, in the order in which they came."""
    rows = [json.loads(line) for line in BILINGUAL.read_text(encoding="utf-8").splitlines()[1:]]
    stored = []
    for row in sorted(rows, key=lambda row: (row["hour"], row["id"])):
        slug = row["source"].lower().replace(" ", "-").replace("í", "i")
        feed = feeds.put_feed(
            tx,
            Feed(
                slug=slug,
                url=f"https://{slug}.example/feed",
                title=row["source"],
                owner="ui",
                fetch=FetchState(next_poll_at=START),
            ),
        )
        draft = ItemDraft(
            key=f"guid:{row['id']}",
            raw_id=None,
            fingerprint=str(row["id"]),
            link=f"https://{slug}.example/{row['id']}",
            canonical_link=f"https://{slug}.example/{row['id']}",
            text=ItemText(
                title=row["title"], summary=row["summary"], language=row["lang"], source=row["source"]
            ),
        )
        stored.append(
            items.add_item(
                tx,
                feed,
                draft,
                now=START + timedelta(hours=row["hour"]),
                reason=HitReason.LIVE,
                watchlist_revision=1,
                engine="1",
            )
        )
    return stored


def place(
    tx: Transaction,
    assigner: StoryAssigner,
    batch: list[Item],
    uids: Callable[[], str],
    *,
    lose: bool = False,
) -> StoryWindow | None:
    """Do what dispatch does inside its transaction; None when the window in memory is not the store's."""
    window = assigner.begin(tx)
    if window is None:
        return None
    for item in batch:
        assign(tx, window, item, new_uid=uids)
    if lose:
        raise Lost
    return window


async def replay(path: Path, *, chance: random.Random | None) -> list[tuple[object, ...]]:
    """Assign all items, in batches; with `chance`, restart and lose transactions between them."""
    store = await open_store(f"sqlite:{path}", sealer=Sealer(b"k" * 32), backup_dir=None)
    try:
        waiting, numbers = await store.write(fill), count(1)
        every = [item.id for item in waiting]
        assigner = StoryAssigner(rules=RULES)
        while waiting:
            size = chance.randint(1, 9) if chance else 5
            batch = waiting[:size]
            if chance and chance.random() < 0.3:
                assigner = StoryAssigner(rules=RULES)
            await assigner.load(store)
            if chance and chance.random() < 0.3:
                with pytest.raises(Lost):
                    await store.write(place, assigner, batch, lambda: f"lost {next(numbers)}", lose=True)
                continue
            window = await store.write(place, assigner, batch, lambda: f"uid {next(numbers)}")
            if window is not None:
                assigner.settle(window)
                waiting = waiting[size:]
        return await store.read(told, every)
    finally:
        await store.close()


def told(tx: Transaction, item_ids: list[int]) -> list[tuple[object, ...]]:
    found: list[tuple[object, ...]] = []
    for item_id in item_ids:
        story = stories.story_of_item(tx, item_id)
        assert story is not None
        related = [(other.id, similarity) for other, similarity in stories.related_stories(tx, story.id)]
        counted = (story.items, story.outlets, story.independent)
        found.append((item_id, story.id, counted, stories.why_in_story(tx, item_id), related))
    return found


@pytest.mark.parametrize("seed", range(4))
async def test_restarts_and_lost_transactions_change_no_story(tmp_path: Path, seed: int) -> None:
    straight = await replay(tmp_path / "straight.db", chance=None)
    assert await replay(tmp_path / "broken.db", chance=random.Random(seed)) == straight
    assert any(related for *_, related in straight)


async def test_a_store_that_moved_on_is_read_again(tmp_path: Path) -> None:
    store = await open_store(f"sqlite:{tmp_path / 'm.db'}", sealer=Sealer(b"k" * 32), backup_dir=None)
    waiting = await store.write(fill)
    uids = (f"uid {number}" for number in count())
    here, there = StoryAssigner(), StoryAssigner()
    for assigner in (here, there):
        await assigner.load(store)
    assert await store.write(place, here, waiting[:3], lambda: next(uids))
    assert not await store.write(place, there, waiting[3:6], lambda: next(uids)), (
        "it knows nothing of the three"
    )
    await there.load(store)
    assert await store.write(place, there, waiting[3:6], lambda: next(uids))
    assert await store.read(story_window.last_position) == 6
    await store.close()


async def test_a_wire_report_in_three_papers_is_one_independent_outlet(tmp_path: Path) -> None:
    store = await open_store(f"sqlite:{tmp_path / 'm.db'}", sealer=Sealer(b"k" * 32), backup_dir=None)
    story = await store.write(_three_copies)
    assert (story.items, story.outlets, story.independent) == (3, 3, 1)
    await store.close()


def _three_copies(tx: Transaction) -> Story:
    assigner = StoryAssigner()
    assigner.settle(StoryWindow())
    window = assigner.begin(tx)
    assert window is not None
    found = []
    for number, outlet in enumerate(("Coast Wire", "Laredo Star", "Pacific Herald")):
        feed = feeds.put_feed(
            tx,
            Feed(
                slug=f"f{number}",
                url=f"https://f{number}.example/feed",
                title=outlet,
                owner="ui",
                fetch=FetchState(next_poll_at=START),
            ),
        )
        text = ItemText(
            title="Mexico sends 26 cartel suspects to United States", language="en", source=outlet
        )
        draft = ItemDraft(key="k", raw_id=None, fingerprint="f", link=None, canonical_link=None, text=text)
        item = items.add_item(
            tx, feed, draft, now=START, reason=HitReason.LIVE, watchlist_revision=1, engine="1"
        )
        found.append(assign(tx, window, item, new_uid=lambda: "uid"))
    return found[-1]


def test_an_outlet_is_known_by_its_name_or_else_by_where_it_publishes() -> None:
    def item(source: str, link: str | None) -> Item:
        return Item(
            id=1, feed_id=1, feed_slug="feed", key="k", version=1, link=link, canonical_link=link,
            first_seen=START, published=None, updated=None, text=ItemText(title="t", source=source),
        )  # fmt: skip

    assert outlet_of(item("The Ledger – Más", "https://a.example/1")) == outlet_of(
        item("THE LEDGER MAS", None)
    )
    assert outlet_of(item("", "https://a.example/1")) == "a.example"
    assert outlet_of(item("", None)) == "feed"
    assert len(outlet_of(item("x" * 5000, None))) == 200
