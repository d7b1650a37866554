from dataclasses import replace

import pytest

from monitor.errors import NotFound
from monitor.model import Example, Priority, Topic
from monitor.store import Store, watchlist
from monitor.store.columns import from_json, micros
from tests.contract.conftest import Clock, Seed

TOPIC = Topic(
    slug="tariffs", watchlist="border", name="Tariffs", description="on Mexico", priority=Priority.URGENT,
    query='tariff* OR "arancel"~2', owner="file:border", enabled=True,
    examples=(Example(title="A 25 % tariff", summary="s", language="en", match=True), Example(title="x", match=False)),
)  # fmt: skip


async def test_a_topic_reads_back_as_it_was_put(store: Store, t: Clock) -> None:
    stored = await store.write(watchlist.put_topic, TOPIC, actor="ana", now=t())
    assert stored == replace(TOPIC, id=stored.id)
    assert await store.read(watchlist.get_topic, "tariffs") == stored
    assert await store.read(watchlist.list_topics) == [stored]


async def test_only_another_query_makes_a_topic_revision_and_any_change_a_watchlist_revision(
    store: Store, t: Clock
) -> None:
    assert await store.read(watchlist.watchlist_revision) == 0
    first = await store.write(watchlist.put_topic, TOPIC, actor="ana", now=t())
    same = await store.write(watchlist.put_topic, replace(TOPIC, revision=9, id=9), actor="eva", now=t(1))
    assert same == first
    assert await store.read(watchlist.watchlist_revision) == 1
    renamed = await store.write(watchlist.put_topic, replace(TOPIC, name="Duties"), actor="eva", now=t(2))
    assert (renamed.revision, renamed.name) == (1, "Duties")
    assert await store.read(watchlist.watchlist_revision) == 2
    asked = await store.write(watchlist.put_topic, replace(TOPIC, query="duty"), actor="eva", now=t(3))
    assert asked == replace(TOPIC, id=first.id, query="duty", revision=2)
    assert await store.read(watchlist.watchlist_revision) == 3
    kept = await store.read(
        lambda tx: tx.rows("SELECT revision, query, actor, at FROM topic_revisions ORDER BY revision")
    )
    assert [tuple(row.values()) for row in kept] == [
        (1, TOPIC.query, "ana", micros(t())),
        (2, "duty", "eva", micros(t(3))),
    ]


async def test_the_watchlist_revision_counts_past_nine(store: Store, seed: Seed) -> None:
    for number in range(12):
        await store.write(seed.topic, f"topic-{number}")
    assert await store.read(watchlist.watchlist_revision) == 12


async def test_a_disabled_topic_is_out_of_the_watchlist_and_not_forgotten(
    store: Store, seed: Seed, t: Clock
) -> None:
    for slug in ("wall", "asylum"):
        await store.write(seed.topic, slug)
    await store.write(watchlist.disable_topic, "wall", actor="ana", now=t())
    assert await store.read(watchlist.watchlist_revision) == 3
    await store.write(watchlist.disable_topic, "wall", actor="ana", now=t())
    assert await store.read(watchlist.watchlist_revision) == 3, "disabling twice changes nothing"
    assert [topic.slug for topic in await store.read(watchlist.list_topics)] == ["asylum"]
    every = await store.read(watchlist.list_topics, enabled_only=False)
    assert [(topic.slug, topic.enabled) for topic in every] == [("asylum", True), ("wall", False)]
    await store.write(seed.topic, "wall")
    assert (await store.read(watchlist.get_topic, "wall")).enabled


async def test_an_unknown_topic_is_not_found(store: Store, t: Clock) -> None:
    with pytest.raises(NotFound, match="nothing-such"):
        await store.read(watchlist.get_topic, "nothing-such")
    with pytest.raises(NotFound, match="nothing-such"):
        await store.write(watchlist.disable_topic, "nothing-such", actor="ana", now=t())


async def test_another_meaning_of_a_group_makes_a_revision_that_can_be_read_by_itself(
    store: Store, t: Clock
) -> None:
    first = replace(TOPIC, query="@duties", groups=(("duties", "tariff OR @es"), ("es", "arancel")))
    assert (await store.write(watchlist.put_topic, first, actor="ana", now=t())).groups == first.groups
    same = await store.write(
        watchlist.put_topic, replace(first, priority=Priority.LOW), actor="ana", now=t(1)
    )
    assert same.revision == 1
    changed = replace(first, groups=(("duties", "tariff OR @es"), ("es", "arancel OR impuesto")))
    stored = await store.write(watchlist.put_topic, changed, actor="ana", now=t(2))
    assert (stored.revision, stored.groups) == (2, changed.groups)
    assert await store.read(watchlist.get_topic, "tariffs") == stored
    kept = await store.read(
        lambda tx: tx.rows("SELECT query, query_groups FROM topic_revisions ORDER BY revision")
    )
    assert [(row["query"], from_json(row["query_groups"])) for row in kept] == [
        ("@duties", [["duties", "tariff OR @es"], ["es", "arancel"]]),
        ("@duties", [["duties", "tariff OR @es"], ["es", "arancel OR impuesto"]]),
    ]
