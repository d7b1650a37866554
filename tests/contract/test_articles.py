"""Pages that are to be read: the queue, its claims, its ends."""

from dataclasses import replace

import pytest

from monitor.model import Feed, HitReason, Item
from monitor.store import Store, Transaction, articles, feeds, hosts, items
from monitor.store.articles import (
    LEASE,
    MAX_ATTEMPTS,
    PER_HOUR,
    ArticleState,
    ArticleStatus,
    ClaimedArticle,
)
from tests.contract.conftest import Clock, Seed


def paper(tx: Transaction, seed: Seed, slug: str = "paper") -> Feed:
    return seed.feed(tx, slug, full_text=True)


def queued(
    tx: Transaction, seed: Seed, feed: Feed, name: str = "one", *, at: float = 0, host: str = "news.example"
) -> Item:
    """Store an item with a page of its own, and queue it."""
    link = f"https://{host}/{name}"
    draft = seed.draft(f"guid:{name}", title=name, link=link, canonical_link=link)
    item = items.add_item(
        tx, feed, draft, now=seed.t(at), reason=HitReason.LIVE, watchlist_revision=1, engine="1"
    )
    assert articles.enqueue(tx, item, now=seed.t(at))
    return item


async def start(store: Store, seed: Seed, name: str = "one", **options: object) -> Item:
    feed = await store.write(paper, seed)
    return await store.write(queued, seed, feed, name, **options)  # type: ignore[arg-type]


async def claim(store: Store, t: Clock, minutes: float = 0, **options: object) -> list[ClaimedArticle]:
    return await store.write(articles.claim_due, now=t(minutes), limit=9, **options)  # type: ignore[arg-type]


async def status(store: Store, item: Item) -> ArticleStatus:
    found = await store.read(articles.status_of, item.id)
    assert found is not None
    return found


async def test_a_claim_brings_the_item_as_its_feed_gave_it(store: Store, seed: Seed, t: Clock) -> None:
    item = await start(store, seed)
    assert await store.read(articles.any_due, now=t()) is True
    (claimed,) = await claim(store, t)
    assert claimed.item == item
    assert (claimed.url, claimed.host, claimed.attempts) == ("https://news.example/one", "news.example", 1)
    assert (claimed.draft.fingerprint, claimed.draft.raw_id) == ("print of one", "guid:one")
    assert (claimed.found_as, claimed.feed.slug, claimed.claimed_at) == (HitReason.LIVE, "paper", t())
    assert await store.read(articles.any_due, now=t()) is False


async def test_a_claim_that_never_ends_comes_due_again_and_is_given_up_after_three(
    store: Store, seed: Seed, t: Clock
) -> None:
    item = await start(store, seed)
    lease = LEASE.total_seconds() / 60
    for number in range(MAX_ATTEMPTS):
        assert await claim(store, t, number * lease - 1) == []
        (claimed,) = await claim(store, t, number * lease)
        assert claimed.attempts == number + 1
    assert await store.write(articles.give_up, now=t(MAX_ATTEMPTS * lease - 1)) == 0
    assert await claim(store, t, MAX_ATTEMPTS * lease) == []
    assert await store.write(articles.give_up, now=t(MAX_ATTEMPTS * lease)) == 1
    found = await status(store, item)
    assert found.state is ArticleState.REFUSED
    assert found.reason == "given up: it was begun 3 times and never ended"


async def test_what_waited_for_a_day_is_given_up_with_its_last_reason(
    store: Store, seed: Seed, t: Clock
) -> None:
    item = await start(store, seed)
    (claimed,) = await claim(store, t)
    assert await store.write(articles.postpone, claimed, due_at=t(20), reason="HTTP 500")
    assert await store.write(articles.give_up, now=t(24 * 60 - 1)) == 0
    assert await store.write(articles.give_up, now=t(24 * 60)) == 1
    assert (await status(store, item)).reason == "not read within a day; HTTP 500"


async def test_a_postponed_page_is_due_at_its_time(store: Store, seed: Seed, t: Clock) -> None:
    item = await start(store, seed)
    (claimed,) = await claim(store, t)
    assert await store.write(articles.postpone, claimed, due_at=t(30), reason="HTTP 500")
    assert (await status(store, item)).reason == "HTTP 500"
    assert await claim(store, t, 29) == []
    (again,) = await claim(store, t, 30)
    assert again.attempts == 2


async def test_a_settled_page_is_claimed_no_more(store: Store, seed: Seed, t: Clock) -> None:
    item = await start(store, seed)
    (claimed,) = await claim(store, t)
    assert await store.write(articles.settle, claimed, state=ArticleState.READ, reason="")
    assert await claim(store, t, 600) == []
    assert (await status(store, item)).state is ArticleState.READ
    assert not await store.write(articles.settle, claimed, state=ArticleState.REFUSED, reason="again")


async def test_a_lost_claim_writes_nothing(store: Store, seed: Seed, t: Clock) -> None:
    item = await start(store, seed)
    (first,) = await claim(store, t)
    (second,) = await claim(store, t, 11)
    assert not await store.write(articles.settle, first, state=ArticleState.READ, reason="late")
    assert not await store.write(articles.postpone, first, due_at=t(99), reason="late")
    assert await store.write(articles.settle, second, state=ArticleState.READ, reason="")
    assert (await status(store, item)).reason == ""


async def test_the_page_of_a_changed_item_is_read_again_once_an_hour(
    store: Store, seed: Seed, t: Clock
) -> None:
    item = await start(store, seed)
    (claimed,) = await claim(store, t)
    await store.write(articles.settle, claimed, state=ArticleState.READ, reason="")
    edited = replace(claimed.draft, fingerprint="edited")
    changed = await store.write(
        items.add_version,
        item.id,
        edited,
        now=t(5),
        reason=HitReason.UPDATED,
        watchlist_revision=1,
        engine="1",
    )
    assert await store.write(articles.enqueue, changed, now=t(5))
    assert await claim(store, t, 59) == []
    (again,) = await claim(store, t, 60)
    assert (again.item.version, again.attempts, again.found_as) == (2, 1, HitReason.UPDATED)


async def test_a_change_meanwhile_ends_the_claim(store: Store, seed: Seed, t: Clock) -> None:
    item = await start(store, seed)
    (claimed,) = await claim(store, t)
    await store.write(articles.enqueue, replace(item, version=2), now=t(1))
    assert not await store.write(articles.settle, claimed, state=ArticleState.READ, reason="")


async def test_of_a_host_one_page_is_claimed_at_a_time_the_newest_first(
    store: Store, seed: Seed, t: Clock
) -> None:
    feed = await store.write(paper, seed)
    for number in range(12):
        await store.write(queued, seed, feed, f"p{number}", at=number - 20)
    await store.write(queued, seed, feed, "other", at=-30, host="other.example")
    claimed = await claim(store, t)
    assert [each.item.key for each in claimed] == ["guid:p11", "guid:other"]
    assert await claim(store, t, room={"news.example": 0}, but=[claimed[1].item.id]) == []
    (more,) = await claim(store, t, room={"news.example": 1})
    assert more.item.key == "guid:p10"


async def test_nothing_of_a_host_that_asked_us_to_wait_is_claimed(store: Store, seed: Seed, t: Clock) -> None:
    await start(store, seed)
    await store.write(hosts.hold, "news.example", until=t(10), reason="HTTP 429", now=t())
    assert await claim(store, t, 9) == []
    assert await store.read(articles.any_due, now=t(9)) is False
    assert len(await claim(store, t, 10)) == 1


async def test_a_full_host_makes_nothing_due(store: Store, seed: Seed, t: Clock) -> None:
    await start(store, seed)
    assert await store.read(articles.any_due, now=t(), full=["news.example"]) is False
    assert await store.read(articles.any_due, now=t(), full=["other.example"]) is True


async def test_of_a_feed_no_more_than_its_share_is_claimed_in_an_hour(
    store: Store, seed: Seed, t: Clock
) -> None:
    feed = await store.write(paper, seed)
    for number in range(PER_HOUR + 3):
        await store.write(queued, seed, feed, f"p{number}", host=f"h{number}.example")
    taken = await store.write(articles.claim_due, now=t(), limit=PER_HOUR - 2)
    taken += await store.write(articles.claim_due, now=t(1), limit=9)
    assert len(taken) == PER_HOUR
    for each in taken:
        await store.write(articles.settle, each, state=ArticleState.READ, reason="")
    assert await store.read(articles.any_due, now=t(59)) is False
    assert len(await claim(store, t, 62)) == 3


@pytest.mark.parametrize("changes", [{"full_text": False}, {"enabled": False, "disabled_reason": "off"}])
async def test_a_feed_that_wants_no_full_text_any_more_has_none_claimed(
    store: Store, seed: Seed, t: Clock, changes: dict[str, object]
) -> None:
    item = await start(store, seed)
    feed = await store.read(feeds.get_feed, item.feed_slug)
    await store.write(feeds.put_feed, replace(feed, **changes))  # type: ignore[arg-type]
    assert await claim(store, t) == []


@pytest.mark.parametrize(
    "link",
    [
        None,
        "https://news.example/",
        "https://news.example",
        "https://news.example/live#7",
        "mailto:a@b.example",
    ],
)
async def test_a_link_that_is_no_page_of_its_own_is_not_queued(
    store: Store, seed: Seed, t: Clock, link: str | None
) -> None:
    feed = await store.write(paper, seed)
    item = await store.write(seed.item, feed)
    assert await store.write(articles.enqueue, replace(item, link=link), now=t()) is False
    assert await store.read(articles.status_of, item.id) is None


async def test_a_link_that_two_items_share_is_not_queued(store: Store, seed: Seed, t: Clock) -> None:
    feed = await store.write(paper, seed)
    same = "https://news.example/live"
    await store.write(queued, seed, feed, "live")
    second = await store.write(
        items.add_item,
        feed,
        seed.draft("guid:2", link=same, canonical_link=same),
        now=t(),
        reason=HitReason.LIVE,
        watchlist_revision=1,
        engine="1",
    )
    assert await store.write(articles.enqueue, second, now=t()) is False


async def test_credentials_in_a_link_are_not_kept(store: Store, seed: Seed, t: Clock) -> None:
    item = await start(store, seed)
    await store.write(articles.enqueue, replace(item, link="https://me:secret@news.example/one"), now=t())
    assert (await status(store, item)).url == "https://news.example/one"


async def test_a_row_goes_with_its_item(store: Store, seed: Seed, t: Clock) -> None:
    item = await start(store, seed)
    await store.write(seed.item, await store.read(feeds.get_feed, "paper"), "guid:later", at=60 * 24 * 9)
    assert await store.write(items.prune_items, before=t(60), limit=9) == 1
    assert await store.read(articles.status_of, item.id) is None


async def test_a_due_time_from_a_clock_that_ran_ahead_does_not_count(
    store: Store, seed: Seed, t: Clock
) -> None:
    await start(store, seed, at=60 * 24 * 400)
    assert len(await claim(store, t)) == 1


async def test_a_version_says_whether_its_body_is_the_full_text(store: Store, seed: Seed, t: Clock) -> None:
    item = await start(store, seed)
    (claimed,) = await claim(store, t)
    made = await store.write(
        items.add_version,
        item.id,
        claimed.draft,
        now=t(1),
        reason=HitReason.LIVE,
        watchlist_revision=1,
        engine="1",
        full_text=True,
    )
    assert (item.full_text, made.full_text) == (False, True)
    assert await store.read(items.get_item, item.id) == made
