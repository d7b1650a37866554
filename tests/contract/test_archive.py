"""The archive index on each engine: its candidates are never fewer than the matcher's hits."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from monitor.match import compile_watchlist, parse_query
from monitor.match.archive import UNLISTED, filed_words, let_through, wanted
from monitor.model import HitReason, Item, ItemText, Priority, Topic
from monitor.model.wanted import EVERYTHING, Key, Wanted
from monitor.store import Store, Transaction, archive, items, versions, watchlist
from monitor.store.archive import Filed, IndexState
from tests.contract.conftest import Seed
from tests.match.query_texts import item_texts, query_texts

FOLDING = "test"


def index(tx: Transaction, *, limit: int = 1000) -> int:
    archive.renew(tx, folding=FOLDING, limit=1000)
    return archive.file_words(
        tx,
        [
            Filed(item_id=each.item_id, version=each.version, words=filed_words(each.text))
            for each in archive.next_queued(tx, limit=limit)
        ],
    )


def asked(query: str) -> Wanted:
    return let_through(wanted(parse_query(query).root))


def candidates(tx: Transaction, query: str) -> list[int]:
    return archive.candidates(tx, asked(query), folding=FOLDING)


def state(tx: Transaction) -> IndexState:
    return archive.index_state(tx, folding=FOLDING)


def store_texts(tx: Transaction, seed: Seed, texts: Sequence[ItemText]) -> list[Item]:
    feed = seed.feed(tx)
    return [add(tx, seed, feed.slug, text, key=f"guid:{number}") for number, text in enumerate(texts)]


def add(tx: Transaction, seed: Seed, slug: str, text: ItemText, *, key: str, at: float = 0) -> Item:
    return items.add_item(
        tx,
        seed.feed(tx, slug),
        replace(seed.draft(key), text=text),
        now=seed.t(at),
        reason=HitReason.LIVE,
        watchlist_revision=1,
        engine="1",
    )


def edit(tx: Transaction, seed: Seed, item: Item, text: ItemText, *, at: float = 0) -> Item:
    return items.add_version(
        tx,
        item.id,
        replace(seed.draft(item.key), text=text, fingerprint=f"print of {at}"),
        now=seed.t(at),
        reason=HitReason.UPDATED,
        watchlist_revision=1,
        engine="1",
    )


def hit_ids(query: str, tx: Transaction, item_ids: Sequence[int]) -> set[int]:
    topic = Topic(
        slug="t", watchlist="w", name="t", description="", priority=Priority.NORMAL, query=query, owner=""
    )
    compiled = compile_watchlist([topic], revision=0)
    return {each.item_id for each in versions.read_versions(tx, item_ids) if compiled.match(each.text)}


BORDER = ItemText(title="Cárteles cross the border", source="Valley Paper")
BAKERY = ItemText(title="A bakery opens", summary="In Laredo", url="https://p.example/border/1")


async def test_words_prefixes_and_fields_are_found(store: Store, seed: Seed) -> None:
    def play(tx: Transaction) -> None:
        border, bakery = (item.id for item in store_texts(tx, seed, [BORDER, BAKERY]))
        assert index(tx) == 2
        assert candidates(tx, "cartel AND border") == [border]
        assert candidates(tx, "bake*") == candidates(tx, "opening OR laredo") == [bakery]
        assert candidates(tx, "url:border") == [bakery], "what stands in an address is no word of the text"
        assert candidates(tx, "source:vall*") == [border]
        assert candidates(tx, "xylazine") == []
        assert candidates(tx, "border OR bakery") == [border, bakery]

    await store.write(play)


async def test_what_is_not_indexed_yet_is_always_a_candidate(store: Store, seed: Seed) -> None:
    def play(tx: Transaction) -> None:
        first, second = (item.id for item in store_texts(tx, seed, [BAKERY, BAKERY]))
        assert candidates(tx, "xylazine") == [first, second]
        assert index(tx, limit=1) == 1
        assert candidates(tx, "xylazine") == [second]
        assert state(tx) == IndexState(indexed=1, queued=1, current=True)
        assert index(tx) == 1
        assert index(tx) == 0
        assert candidates(tx, "xylazine") == []

    await store.write(play)


async def test_each_version_counts(store: Store, seed: Seed) -> None:
    def play(tx: Transaction) -> None:
        (item,) = store_texts(tx, seed, [BAKERY])
        index(tx)
        edit(tx, seed, item, BORDER, at=5)
        assert candidates(tx, "xylazine") == [item.id]
        index(tx)
        assert candidates(tx, "bakery") == candidates(tx, "border") == [item.id]
        assert candidates(tx, "bakery AND border") == []

    await store.write(play)


async def test_what_is_pruned_is_gone_from_the_index_and_the_queue(store: Store, seed: Seed) -> None:
    def words(tx: Transaction) -> int:
        if tx.dialect == "postgres":
            return state(tx).indexed
        row = tx.one("SELECT COUNT(*) AS n FROM archive_words WHERE archive_words MATCH 'bakery'")
        assert row
        return int(row["n"])

    def play(tx: Transaction) -> None:
        old, _ = store_texts(tx, seed, [BAKERY, BAKERY])
        index(tx)
        assert words(tx) == 2
        edit(tx, seed, old, BAKERY, at=1)
        add(tx, seed, "border-wire", BORDER, key="guid:new", at=60 * 24 * 200)
        assert items.prune_items(tx, before=seed.t(60 * 24 * 100), limit=10) == 2
        assert words(tx) == 0
        assert state(tx) == IndexState(indexed=0, queued=1, current=True)
        index(tx)
        again = add(tx, seed, "border-wire", BORDER, key="guid:again", at=60 * 24 * 200)
        index(tx)
        assert candidates(tx, "bakery") == [], "a place in the index that is used again has its own words"
        assert again.id in candidates(tx, "border")

    await store.write(play)


async def test_a_version_that_went_meanwhile_is_passed_over(store: Store, seed: Seed) -> None:
    def play(tx: Transaction) -> None:
        (item,) = store_texts(tx, seed, [BAKERY])
        gone = Filed(item_id=item.id + 100, version=1, words=["bakery"])
        there = Filed(item_id=item.id, version=1, words=["bakery"])
        assert archive.file_words(tx, [gone, there, there]) == 1
        assert state(tx).indexed == 1

    await store.write(play)


async def test_an_index_of_another_folding_is_not_asked_and_made_anew_in_slices(
    store: Store, seed: Seed
) -> None:
    def play(tx: Transaction) -> None:
        ids = [item.id for item in store_texts(tx, seed, [BAKERY, BAKERY, BORDER])]
        index(tx)

        def ask_anew() -> list[int]:
            return archive.candidates(tx, asked("border"), folding="other")

        assert ask_anew() == ids
        done = [archive.renew(tx, folding="other", limit=2) for _ in range(3)]
        assert done == [False, False, True]
        assert candidates(tx, "border") == ids, "neither is the old one"
        assert ask_anew() == ids
        assert index_with(tx, "other") == 3
        assert ask_anew() == ids[2:]

    def index_with(tx: Transaction, folding: str) -> int:
        assert archive.renew(tx, folding=folding, limit=10)
        return archive.file_words(
            tx,
            [
                Filed(item_id=each.item_id, version=each.version, words=filed_words(each.text))
                for each in archive.next_queued(tx, limit=10)
            ],
        )

    await store.write(play)


async def test_a_time_is_kept_to_by_item(store: Store, seed: Seed) -> None:
    def play(tx: Transaction) -> None:
        feed = seed.feed(tx)
        early = add(tx, seed, feed.slug, BORDER, key="guid:early", at=0)
        both = add(tx, seed, feed.slug, BORDER, key="guid:both", at=0)
        edit(tx, seed, both, BAKERY, at=20)
        late = add(tx, seed, feed.slug, BORDER, key="guid:late", at=20)
        index(tx)

        def ask(since: float | None, until: float | None) -> list[int]:
            return archive.candidates(
                tx,
                asked("border"),
                folding=FOLDING,
                since=None if since is None else seed.t(since),
                until=None if until is None else seed.t(until),
            )

        assert ask(None, None) == [early.id, both.id, late.id]
        assert ask(10, None) == [both.id, late.id], "an item with an earlier version that may hit counts"
        assert ask(None, 20) == [early.id, both.id]
        assert ask(10, 20) == []
        assert ask(20, 21) == [both.id, late.id]

    await store.write(play)


async def test_texts_the_index_cannot_hold_are_let_through(store: Store, seed: Seed) -> None:
    def play(tx: Transaction) -> None:
        huge = ItemText(title="", body=" ".join(f"word{number:07}" for number in range(40_000)))
        many = ItemText(title="", body=" ".join(f"ñandú{number:05}" for number in range(20_000)))
        empty = ItemText(title="🙂")
        odd = ItemText(title="it's “quoted” 'x' \\ \" ' ’ * AND 中文 ꙮ 𝔘nicode ①")
        ids = [item.id for item in store_texts(tx, seed, [huge, many, empty, odd])]
        assert index(tx) == 4
        assert candidates(tx, "border") == ids[:1]
        assert candidates(tx, "ñandú19999") == ids[:2]
        assert candidates(tx, "quoted 中文 𝔘nicode") == [ids[0], ids[3]]

    await store.write(play)


async def test_everything_is_a_candidate_of_a_query_that_needs_no_words(store: Store, seed: Seed) -> None:
    def play(tx: Transaction) -> None:
        ids = [item.id for item in store_texts(tx, seed, [BORDER, BAKERY])]
        index(tx)
        assert archive.candidates(tx, EVERYTHING, folding=FOLDING) == ids
        assert archive.candidates(tx, Key(UNLISTED), folding=FOLDING) == []

    await store.write(play)


@settings(
    max_examples=20,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    texts=st.lists(item_texts, min_size=1, max_size=40),
    queries=st.lists(query_texts, min_size=1, max_size=20),
    chance=st.integers(0, 1000),
)
async def test_candidates_are_a_superset_while_the_index_lags_and_after_pruning(
    store: Store, seed: Seed, texts: list[ItemText], queries: list[str], chance: int
) -> None:
    def play(tx: Transaction) -> None:
        seen = random.Random(chance)
        for table in ("item_versions", "items"):
            tx.run(f"DELETE FROM {table}")
        stored = store_texts(tx, seed, texts)
        while archive.next_queued(tx, limit=1):
            check(tx)
            index(tx, limit=seen.randint(1, 20))
            if seen.random() < 0.5:
                edit(tx, seed, seen.choice(stored), seen.choice(texts), at=seen.random())
            if seen.random() < 0.5 and len(stored) > 1:
                gone = stored.pop(seen.randrange(len(stored)))
                tx.run("DELETE FROM items WHERE id = :id", id=gone.id)
        check(tx)

    def check(tx: Transaction) -> None:
        ids = [row["id"] for row in tx.rows("SELECT id FROM items")]
        for query in queries:
            assert set(candidates(tx, query)) >= hit_ids(query, tx, ids), query

    await store.write(play)


async def test_it_is_written_down_how_each_topic_stood_at_each_revision(store: Store, seed: Seed) -> None:
    def play(tx: Transaction) -> None:
        assert watchlist.history_begins(tx) == 0
        topic = seed.topic(tx, query="tariff")
        seed.topic(tx, "other", query="steel")
        seed.topic(tx, query="tariff OR arancel", groups=(("x", "y"),))
        seed.topic(tx, query="tariff OR arancel", groups=(("x", "y"),))
        watchlist.disable_topic(tx, topic.slug, actor="ana", now=seed.t(9))
        watchlist.disable_topic(tx, topic.slug, actor="ana", now=seed.t(9))
        seed.topic(tx, query="tariff OR arancel", groups=(("x", "y"),))
        told = [
            (state.since, state.revision, state.enabled, state.query, state.groups)
            for state in watchlist.topic_history(tx, topic.id)
        ]
        assert told == [
            (1, 1, True, "tariff", ()),
            (3, 2, True, "tariff OR arancel", (("x", "y"),)),
            (4, 2, False, "tariff OR arancel", (("x", "y"),)),
            (5, 2, True, "tariff OR arancel", (("x", "y"),)),
        ]
        assert watchlist.history_begins(tx) == 1
        assert watchlist.watchlist_revision(tx) == 5

    await store.write(play)


async def test_stored_versions_hits_and_their_extent_are_read_back(store: Store, seed: Seed) -> None:
    def play(tx: Transaction) -> None:
        (item,) = store_texts(tx, seed, [BAKERY])
        newer = edit(tx, seed, item, BORDER, at=30)
        topic = seed.topic(tx)
        seed.hit(tx, newer, topic)
        one, two = versions.read_versions(tx, [item.id])
        assert (one.version, one.text, one.seen_at, one.feed) == (1, BAKERY, seed.t(), "border-wire")
        assert (two.version, two.text, two.watchlist_revision, two.engine) == (2, BORDER, 1, "1")
        (hit,) = versions.recorded_hits(tx, topic.id).values()
        assert (hit.item_id, hit.version, hit.seen_at, hit.topic_revision) == (item.id, 2, seed.t(30), 1)
        assert [span.field for span in hit.spans] == ["title"]
        whole = versions.extent(tx, since=None, until=None)
        assert (whole.items, whole.versions, whole.oldest) == (1, 2, seed.t())
        part = versions.extent(tx, since=seed.t() + timedelta(seconds=1), until=None)
        assert (part.items, part.versions, part.oldest) == (1, 1, seed.t(30))
        assert versions.extent(tx, since=None, until=seed.t()).oldest is None

    await store.write(play)


@pytest.mark.parametrize("limit", [1, 3])
async def test_versions_are_queued_in_order_of_their_items(store: Store, seed: Seed, limit: int) -> None:
    def play(tx: Transaction) -> None:
        stored = store_texts(tx, seed, [BORDER, BAKERY, BORDER])
        queued = archive.next_queued(tx, limit=limit)
        assert [each.item_id for each in queued] == [item.id for item in stored][:limit]
        assert queued[0].text == BORDER

    await store.write(play)
