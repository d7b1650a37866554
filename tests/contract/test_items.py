from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.errors import NotFound, StoreConflict, StoreError
from monitor.model import HitReason, Item, ItemDraft, ItemText
from monitor.store import Store, Transaction, feeds, items
from monitor.store.items import KnownItem
from tests.contract.conftest import Clock, Seed

DAY = 24 * 60  # minutes
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"))


async def test_an_item_reads_back_as_its_draft_said(store: Store, seed: Seed, t: Clock) -> None:
    feed = await store.write(seed.feed)
    draft = ItemDraft(
        key="guid:ñ:1", raw_id="ñ:1", fingerprint="abc", link="https://n.example/1?utm=x",
        canonical_link="https://n.example/1",
        text=ItemText(
            title="Aranceles al 25 %", summary="'quoted' :name", body="b" * 50_000, language="es",
            url="https://n.example/1?utm=x", source="Norte", author="Ana", tags=("a", "ñ", ""),
        ),
        published=t(-3), updated=t(-2),
    )  # fmt: skip
    item = await store.write(
        items.add_item, feed, draft, now=t(), reason=HitReason.BASELINE, watchlist_revision=7, engine="1"
    )
    assert item == Item(
        id=item.id, feed_id=feed.id, feed_slug=feed.slug, key=draft.key, version=1, link=draft.link,
        canonical_link=draft.canonical_link, first_seen=t(), published=t(-3), updated=t(-2), text=draft.text,
    )  # fmt: skip
    assert await store.read(items.get_item, item.id) == item


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.builds(ItemText, title=TEXT, summary=TEXT, body=TEXT, author=TEXT, tags=st.lists(TEXT).map(tuple))
)
async def test_any_text_without_nul_survives(store: Store, seed: Seed, text: ItemText) -> None:
    def keep(tx: Transaction) -> Item:
        feed = seed.feed(tx)
        tx.run("DELETE FROM items")
        return seed_item(tx, seed, feed.id, text)

    def seed_item(tx: Transaction, seed: Seed, feed_id: int, text: ItemText) -> Item:
        assert feed_id
        item = seed.item(tx, seed.feed(tx))
        return items.add_version(
            tx,
            item.id,
            seed.draft(text=text),
            now=seed.t(),
            reason=HitReason.LIVE,
            watchlist_revision=1,
            engine="1",
        )

    assert (await store.write(keep)).text == text


@pytest.mark.parametrize("bad", ["nul \x00 inside", "lone \ud800 surrogate"])
async def test_text_that_no_engine_can_keep_is_refused_with_a_reason(
    store: Store, seed: Seed, bad: str
) -> None:
    with pytest.raises(StoreError, match="stored"):
        await store.write(lambda tx: seed.item(tx, seed.feed(tx), title=bad))
    assert await store.read(feeds.list_feeds) == [], "nothing of that transaction was kept"


async def test_a_key_is_unique_in_its_feed_only(store: Store, seed: Seed) -> None:
    one, two = await store.write(seed.feed, "one"), await store.write(seed.feed, "two")
    await store.write(seed.item, one, "guid:1")
    await store.write(seed.item, two, "guid:1")
    with pytest.raises(StoreConflict):
        await store.write(seed.item, one, "guid:1")


async def test_known_gives_the_newest_version_of_the_keys_asked_for(
    store: Store, seed: Seed, t: Clock
) -> None:
    feed, other = await store.write(seed.feed), await store.write(seed.feed, "other")
    first = await store.write(seed.item, feed, "guid:1")
    second = await store.write(seed.item, feed, "guid:2")
    await store.write(seed.item, other, "guid:3")
    changed = seed.draft("guid:2", title="Tariffs return")
    await store.write(
        items.add_version,
        second.id,
        changed,
        now=t(5),
        reason=HitReason.UPDATED,
        watchlist_revision=2,
        engine="1",
    )
    assert await store.read(items.known, feed.id, ["guid:2", "guid:1", "guid:3", "guid:nope"]) == {
        "guid:1": KnownItem(id=first.id, version=1, fingerprint="print of Tariffs"),
        "guid:2": KnownItem(id=second.id, version=2, fingerprint="print of Tariffs return"),
    }
    assert await store.read(items.known, feed.id, []) == {}


async def test_a_feed_has_any_item_once_it_has_one(store: Store, seed: Seed) -> None:
    feed, other = await store.write(seed.feed), await store.write(seed.feed, "other")
    await store.write(seed.item, other, "guid:1")
    assert not await store.read(items.any_of, feed.id)
    await store.write(seed.item, feed, "guid:1")
    assert await store.read(items.any_of, feed.id)


async def test_known_takes_more_keys_than_one_statement_can(store: Store, seed: Seed) -> None:
    feed = await store.write(seed.feed)
    keys = [f"guid:{number}" for number in range(1203)]
    for each in (keys[0], keys[600], keys[-1]):
        await store.write(seed.item, feed, each)
    assert set(await store.read(items.known, feed.id, keys)) == {keys[0], keys[600], keys[-1]}


async def test_keys_and_links_longer_than_an_index_entry_are_told_apart(
    store: Store, seed: Seed, t: Clock
) -> None:
    feed = await store.write(seed.feed)
    # Random enough that no engine can squeeze them below its limit.
    noise = "".join(chr(0x4E00 + (number * 7919) % 20_000) for number in range(5_000))
    long, longer = f"guid:{noise}a", f"guid:{noise}b"
    for key in (long, longer):
        draft = replace(seed.draft(key), canonical_link=f"https://n.example/{key}")
        await store.write(
            items.add_item, feed, draft, now=t(), reason=HitReason.LIVE, watchlist_revision=1, engine="1"
        )
    known = await store.read(items.known, feed.id, [long, longer])
    assert set(known) == {long, longer}
    assert known[long].id != known[longer].id
    (found,) = await store.read(items.find_by_link, f"https://n.example/{long}")
    assert found.id == known[long].id


async def test_a_new_version_keeps_the_old_ones(store: Store, seed: Seed, t: Clock) -> None:
    item = await store.write(lambda tx: seed.item(tx, seed.feed(tx)))
    changed = replace(seed.draft(title="Tariffs return"), canonical_link="https://news.example/moved")
    newer = await store.write(
        items.add_version,
        item.id,
        changed,
        now=t(5),
        reason=HitReason.UPDATED,
        watchlist_revision=2,
        engine="2",
    )
    assert (newer.version, newer.text.title, newer.first_seen) == (2, "Tariffs return", item.first_seen)
    rows = await store.read(
        lambda tx: tx.rows(
            "SELECT version, title, reason, watchlist_revision, engine FROM item_versions ORDER BY version"
        )
    )
    assert [tuple(row.values()) for row in rows] == [
        (1, "Tariffs", "live", 1, "1"),
        (2, "Tariffs return", "updated", 2, "2"),
    ]
    for link in (item.canonical_link, newer.canonical_link):
        assert link is not None
        assert await store.read(items.find_by_link, link) == [newer], "any version's link leads to the newest"


async def test_a_new_item_is_given_back_as_it_reads(store: Store, seed: Seed) -> None:
    made = await store.write(lambda tx: seed.item(tx, seed.feed(tx)))
    assert await store.read(items.get_item, made.id) == made


async def test_many_items_get_ids_in_their_order_and_each_its_own_reason(
    store: Store, seed: Seed, t: Clock
) -> None:
    feed = await store.write(seed.feed)
    drafts = [seed.draft(f"guid:{number}", title=f"Title {number}") for number in (7, 3, 600, 5)]
    drafts += [seed.draft(f"long:{number}") for number in range(600)]
    reasons = [HitReason.LIVE, HitReason.HELD, HitReason.BASELINE, HitReason.LIVE, *[HitReason.LIVE] * 600]

    def add(tx: Transaction) -> list[Item]:
        pairs = list(zip(drafts, reasons, strict=True))
        return items.add_items(tx, feed, pairs, now=t(), watchlist_revision=3, engine="1")

    added = await store.write(add)
    assert [item.key for item in added] == [draft.key for draft in drafts]
    assert [item.id for item in added] == sorted({item.id for item in added})
    for item in added[:4]:
        assert await store.read(items.get_item, item.id) == item
    said = await store.read(
        lambda tx: tx.rows("SELECT reason, watchlist_revision FROM item_versions ORDER BY item_id LIMIT 4")
    )
    assert [(row["reason"], row["watchlist_revision"]) for row in said] == [
        (each.value, 3) for each in reasons[:4]
    ]
    with pytest.raises(StoreConflict):
        await store.write(add)


async def test_of_an_item_that_changes_at_every_poll_the_latest_versions_stay(
    store: Store, seed: Seed, t: Clock
) -> None:
    """Beside the first and those that made a hit: a counter in a text must not fill the disk."""

    def change(tx: Transaction) -> None:
        item = seed.item(tx, seed.feed(tx))
        for number in range(items.MAX_VERSIONS + 9):
            changed = items.add_version(
                tx,
                item.id,
                seed.draft(title=f"Read {number} times"),
                now=t(number),
                reason=HitReason.UPDATED,
                watchlist_revision=1,
                engine="1",
            )
            if number == 3:
                seed.hit(tx, changed, seed.topic(tx))

    await store.write(change)
    rows = await store.read(lambda tx: tx.rows("SELECT version FROM item_versions ORDER BY version"))
    newest = items.MAX_VERSIONS + 10
    kept = range(newest - items.MAX_VERSIONS + 1, newest + 1)
    assert [row["version"] for row in rows] == [1, 5, *kept]


async def test_items_are_described_by_their_newest_version(store: Store, seed: Seed, t: Clock) -> None:
    feed = await store.write(seed.feed)
    await store.write(seed.item, feed, "guid:1")
    known = await store.read(items.known, feed.id, ["guid:1"])
    described = await store.read(items.describe, known.values())
    (item,) = described.values()
    assert (item.title, item.canonical_link) == ("Tariffs", "https://news.example/guid:1")
    assert await store.read(items.describe, []) == {}


async def test_texts_and_links_that_a_feed_has_shown_are_found(store: Store, seed: Seed) -> None:
    feed, other = await store.write(seed.feed), await store.write(seed.feed, "other")
    await store.write(seed.item, feed, "guid:1")
    (shown,) = await store.read(items.shown, feed.id, ["print of Tariffs", "print of nothing"])
    assert (shown.key, shown.canonical_link) == ("guid:1", "https://news.example/guid:1")
    assert await store.read(items.shown, other.id, ["print of Tariffs"]) == []
    links = {"https://news.example/guid:1", "https://news.example/guid:2"}
    assert await store.read(items.links_shown, feed.id, links) == {"https://news.example/guid:1"}
    assert await store.read(items.links_shown, other.id, links) == set()


async def test_an_unknown_item_is_not_found(store: Store, seed: Seed, t: Clock) -> None:
    with pytest.raises(NotFound):
        await store.read(items.get_item, 99)
    with pytest.raises(NotFound):
        await store.write(
            items.add_version,
            99,
            seed.draft(),
            now=t(),
            reason=HitReason.LIVE,
            watchlist_revision=1,
            engine="1",
        )


async def test_recent_items_come_newest_first(store: Store, seed: Seed) -> None:
    feed = await store.write(seed.feed)
    for key, at in (("a", 2), ("b", 1), ("c", 2)):
        await store.write(seed.item, feed, key, at=at)
    assert [item.key for item in await store.read(items.recent_items, limit=2)] == ["c", "a"]
    assert len(await store.read(items.recent_items, limit=9)) == 3


async def test_find_by_link_gives_every_feed_that_carried_it_oldest_first(store: Store, seed: Seed) -> None:
    for slug, at in (("late", 5), ("early", 1)):
        feed = await store.write(seed.feed, slug)
        await store.write(seed.item, feed, "guid:1", at=at)
    found = await store.read(items.find_by_link, "https://news.example/guid:1")
    assert [item.feed_slug for item in found] == ["early", "late"]
    assert await store.read(items.find_by_link, "https://news.example/guid:") == []


async def test_pruning_takes_what_no_feed_shows_any_more_and_never_a_hit(
    store: Store, seed: Seed, t: Clock
) -> None:
    def fill(tx: Transaction) -> None:
        feed = seed.feed(tx)
        for key in ("hit", "gone-1", "gone-2", "gone-3", "shown"):
            seed.item(tx, feed, key)
        seed.hit(tx, items.get_item(tx, items.known(tx, feed.id, ["hit"])["hit"].id), seed.topic(tx))
        items.touch(tx, feed.id, ["shown", "not stored"], now=t(3 * DAY))
        items.touch(tx, feed.id, ["shown"], now=t(DAY))  # a late poll does not turn time back

    await store.write(fill)
    before = t(2 * DAY)
    assert await store.write(items.prune_items, before=before, limit=2) == 2
    assert await store.write(items.prune_items, before=before, limit=2) == 1
    assert await store.write(items.prune_items, before=before, limit=2) == 0
    assert {item.key for item in await store.read(items.recent_items, limit=9)} == {"hit", "shown"}
    left = await store.read(lambda tx: tx.one("SELECT count(*) AS number FROM item_versions"))
    assert left == {"number": 2}, "versions go with their item"
