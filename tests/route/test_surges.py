"""Who is told of a surge, and with which of its stories."""

from dataclasses import replace
from datetime import UTC, datetime

from monitor.model import (
    AlertHit,
    Channel,
    ChannelKind,
    Hit,
    HitReason,
    Item,
    ItemText,
    Priority,
    Subscriber,
    Subscription,
    Topic,
)
from monitor.route import tell_surge
from monitor.route.surges import SHOWN

NOW = datetime(2026, 1, 5, tzinfo=UTC)
TOPIC = Topic(
    id=1,
    slug="tariffs",
    watchlist="w",
    name="Tariffs",
    description="",
    priority=Priority.NORMAL,
    query="x",
    owner="ui",
)
EVERYBODY = Subscription(
    slug="all",
    subscriber=Subscriber(slug="ana", name="Ana", owner="ui"),
    channel=Channel(slug="console", kind=ChannelKind.CONSOLE, owner="ui"),
    owner="ui",
)


def hit(number: int, language: str = "en") -> AlertHit:
    item = Item(
        id=number, feed_id=1, feed_slug="f", key=str(number), version=1, link=None, canonical_link=None,
        first_seen=NOW, published=None, updated=None, text=ItemText(title=str(number), language=language),
    )  # fmt: skip
    made = Hit(
        id=number, item=item, topic_id=1, topic_slug="tariffs", topic_revision=1, engine="1",
        reason=HitReason.LIVE, spans=(), found_at=NOW,
    )  # fmt: skip
    return AlertHit(hit=made, topic=TOPIC)


STORIES = [(hit(9), hit(10, "es")), (hit(7),), (hit(3, "es"),)]


def shown(subscription: Subscription) -> list[list[int]]:
    return [[each.hit.id for each in hits] for _, hits in tell_surge(STORIES, [subscription])]


def test_one_hit_of_each_story_is_shown_in_the_order_given() -> None:
    assert shown(EVERYBODY) == [[9, 7, 3]]


def test_each_story_is_shown_in_a_language_that_the_subscription_takes() -> None:
    assert shown(replace(EVERYBODY, languages=("es",))) == [[10, 3]]


def test_who_wants_no_surges_other_topics_or_other_languages_is_not_told() -> None:
    assert shown(replace(EVERYBODY, surges=False)) == []
    assert shown(replace(EVERYBODY, topics=("fentanyl",))) == []
    assert shown(replace(EVERYBODY, languages=("fr",))) == []
    assert shown(replace(EVERYBODY, enabled=False)) == []


def test_a_list_of_many_stories_is_cut() -> None:
    many = [(hit(number),) for number in range(100)]
    ((_, hits),) = tell_surge(many, [EVERYBODY])
    assert [each.hit.id for each in hits] == list(range(SHOWN))
