"""Who is told about a story's hits, and the reason each (hit, subscription) is given."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from monitor.model import (
    AlertHit,
    AlertKind,
    Cadence,
    Channel,
    ChannelKind,
    Hit,
    HitReason,
    HoldCause,
    Item,
    ItemText,
    Matcher,
    NewsKind,
    Priority,
    Quiet,
    Silence,
    Story,
    Subscriber,
    Subscription,
    Timing,
    Told,
    Topic,
    Verdict,
)
from monitor.route import Present, Ruling, decide, facts_of

NOW = datetime(2025, 3, 9, 12, tzinfo=UTC)
ANA = Subscriber(id=1, slug="ana", name="Ana", language="es", owner="file:r.toml")
HOOK = Channel(id=1, slug="hook", kind=ChannelKind.WEBHOOK, address="https://hook.test/", owner="file:r.toml")


def hit(
    number: int = 1, topic: str = "fentanyl", *, language: str = "en", reason: HitReason = HitReason.LIVE
) -> AlertHit:
    item = Item(
        id=number,
        feed_id=1,
        feed_slug="feed",
        key=f"guid:{number}",
        version=1,
        link=None,
        canonical_link=None,
        first_seen=NOW,
        published=None,
        updated=None,
        text=ItemText(title="A title", language=language),
    )
    made = Hit(
        id=number,
        item=item,
        topic_id=1,
        topic_slug=topic,
        topic_revision=1,
        engine="1",
        reason=reason,
        spans=(),
        found_at=NOW,
    )
    shown = Topic(
        slug=topic,
        watchlist="w",
        name=topic,
        description="",
        priority=Priority.NORMAL,
        query="x",
        owner="file:w.toml",
    )
    return AlertHit(hit=made, topic=shown)


def subscription(
    number: int = 1, *, topics: tuple[str, ...] = (), languages: tuple[str, ...] = (), enabled: bool = True
) -> Subscription:
    return Subscription(
        id=number,
        slug=f"s{number}",
        subscriber=ANA,
        channel=HOOK,
        topics=topics,
        languages=languages,
        enabled=enabled,
        owner="file:r.toml",
    )


STORY = Story(
    id=1, uid="story-1", title="A title", language="en", first_seen=NOW, last_seen=NOW, independent=1
)


def ruled(
    hits: list[AlertHit],
    *subscriptions: Subscription,
    told: Mapping[int, Told] | None = None,
    story: Story = STORY,
    **present: Any,
) -> list[Ruling]:
    return decide(hits, subscriptions, story=story, told=told or {}, present=Present(now=NOW, **present))


def was_told(number: int = 1, *, minutes: float = 60, **changes: Any) -> dict[int, Told]:
    at = NOW - timedelta(minutes=minutes)
    values: dict[str, Any] = {
        "subscription_id": number,
        "story_id": 1,
        "subject": "A title",
        "first_at": at,
        "last_at": at,
        "facts": facts_of(ItemText(title="Ataque en Culiacán deja 9 muertos")),
        "languages": frozenset({"en"}),
        "independent": 1,
    }
    return {number: Told(**(values | changes))}


def timed(mine: Subscription, zone: str = "UTC", **timing: Any) -> Subscription:
    person = replace(mine.subscriber, zone=zone)
    return replace(mine, timing=replace(mine.timing, **timing), subscriber=person)


def titled(title: str, number: int = 1, **changes: Any) -> AlertHit:
    shown = hit(number)
    item = replace(shown.hit.item, text=ItemText(title=title, language="en"), **changes)
    return replace(shown, hit=replace(shown.hit, item=item))


def urgent(number: int = 1) -> AlertHit:
    shown = hit(number)
    return replace(shown, topic=replace(shown.topic, priority=Priority.URGENT))


NEWS = titled("Suben a 12 los muertos en Culiacán")


def test_the_first_report_goes_out_at_once_with_all_its_hits() -> None:
    (ruling,) = ruled([hit(1), hit(2, "tariffs")], subscription())
    assert [shown.hit.id for shown in ruling.tell] == [1, 2]
    assert {decision.verdict for decision in ruling.decisions} == {Verdict.SENT_NOW}
    assert (ruling.kind, ruling.reason) == (AlertKind.FIRST, "first report of this story")


def test_a_later_hit_without_news_goes_to_the_digest_and_says_so() -> None:
    (ruling,) = ruled([hit()], subscription(7), told=was_told(7))
    (decision,) = ruling.decisions
    assert ruling.tell == ()
    assert (decision.verdict, decision.cause) == (Verdict.DIGEST, HoldCause.NO_NEWS)
    assert "nothing new since the alert of 2025-03-09 11:00 UTC" in decision.reason
    assert decision.held_until == datetime(2025, 3, 10, 7, tzinfo=UTC)


def test_a_later_hit_with_news_follows_up_and_says_what_is_new() -> None:
    (ruling,) = ruled([NEWS], subscription(), told=was_told())
    assert (ruling.kind, len(ruling.tell)) == (AlertKind.FOLLOW_UP, 1)
    assert ruling.reason == "new since 2025-03-09 11:00 UTC: 12 muertos (was 9)"
    assert [news.text for news in ruling.news] == ["12 muertos"]


def test_news_inside_the_bundle_window_waits_until_its_end() -> None:
    (ruling,) = ruled([NEWS], subscription(), told=was_told(minutes=5))
    (decision,) = ruling.decisions
    assert (decision.verdict, decision.held_until) == (Verdict.BUNDLED, NOW + timedelta(minutes=10))


def test_a_story_has_its_share_of_follow_ups_a_day() -> None:
    (last,) = ruled([NEWS], subscription(), told=was_told(lately=5))
    (over,) = ruled([NEWS], subscription(), told=was_told(lately=6))
    assert len(last.tell) == 1
    assert over.decisions[0].cause is HoldCause.TOO_MUCH


def test_a_new_language_a_first_confirmation_and_a_higher_priority_are_news() -> None:
    (language,) = ruled([hit(language="es")], subscription(), told=was_told())
    (confirmed,) = ruled([hit()], subscription(), told=was_told(), story=replace(STORY, independent=2))
    (escalated,) = ruled([hit()], subscription(), told=was_told(priority=Priority.LOW))
    kinds = [[news.kind for news in each.news][-1] for each in (language, confirmed, escalated)]
    assert kinds == [NewsKind.LANGUAGE, NewsKind.CONFIRMED, NewsKind.ESCALATED]


def test_telling_one_subscription_does_not_silence_another() -> None:
    first, second = ruled([hit()], subscription(1), subscription(2), told=was_told(1))
    assert (first.tell, len(second.tell)) == ((), 1)


def test_a_baseline_hit_alerts_nobody_and_says_why() -> None:
    (ruling,) = ruled([hit(reason=HitReason.BASELINE)], subscription())
    assert ruling.tell == ()
    assert "first poll" in ruling.decisions[0].reason


def test_a_live_hit_beside_a_baseline_hit_is_told_alone() -> None:
    (ruling,) = ruled([hit(1, reason=HitReason.BASELINE), hit(2)], subscription())
    assert [shown.hit.id for shown in ruling.tell] == [2]
    assert [decision.verdict for decision in ruling.decisions] == [Verdict.SUPPRESSED, Verdict.SENT_NOW]


def test_an_updated_item_that_matches_for_the_first_time_says_so() -> None:
    (ruling,) = ruled([hit(reason=HitReason.UPDATED)], subscription())
    assert ruling.reason == "a changed version of the item matched for the first time"


def test_a_hit_that_a_subscription_does_not_ask_for_is_written_down_as_such() -> None:
    (ruling,) = ruled([hit(1), hit(2, "tariffs")], subscription(topics=("tariffs",)))
    assert [decision.verdict for decision in ruling.decisions] == [Verdict.UNASKED, Verdict.SENT_NOW]


def test_an_item_published_long_before_it_was_found_goes_to_the_digest_as_old() -> None:
    old = titled("A title", published=NOW - timedelta(hours=49))
    young = titled("A title", 2, published=NOW - timedelta(hours=47))
    (ruling,) = ruled([old, young], subscription())
    assert [decision.cause for decision in ruling.decisions] == [HoldCause.OLD, None]
    assert "published 2 days before it was found" in ruling.decisions[0].reason


def test_a_subscription_to_digests_gets_everything_with_its_next_one() -> None:
    weekly = timed(subscription(), "America/Tijuana", cadence=Cadence.WEEKLY, digest_day=4, digest_at=8 * 60)
    (ruling,) = ruled([hit()], weekly)
    assert ruling.decisions[0].held_until == datetime(2025, 3, 14, 15, tzinfo=UTC), "Friday 08:00 in Tijuana"


def test_quiet_hours_defer_and_urgent_topics_pierce_them_only_where_the_subscriber_agreed() -> None:
    quiet = Quiet(begins=22 * 60, ends=13 * 60)
    (normal,) = ruled([hit()], timed(subscription(), quiet=quiet, pierce=True))
    (refused,) = ruled([urgent()], timed(subscription(), quiet=quiet))
    (agreed,) = ruled([urgent()], timed(subscription(), quiet=quiet, pierce=True))
    for ruling in (normal, refused):
        (decision,) = ruling.decisions
        assert (decision.verdict, decision.cause) == (Verdict.DEFERRED, HoldCause.QUIET)
        assert decision.held_until == datetime(2025, 3, 9, 13, tzinfo=UTC)
    assert len(agreed.tell) == 1


def test_what_is_over_the_days_budget_goes_to_the_digest_but_for_urgent_topics() -> None:
    mine = timed(subscription(), budget=3)
    (within,) = ruled([hit()], mine, sent_today={1: 2})
    (over,) = ruled([hit(), urgent(2)], mine, sent_today={1: 3})
    assert len(within.tell) == 1
    assert [decision.cause for decision in over.decisions] == [HoldCause.BUDGET, None]


def test_a_silence_keeps_a_hit_back_and_names_its_owner_end_and_reason() -> None:
    silence = Silence(
        id=5,
        uid="quiet-1",
        matcher=Matcher(topics=("fentanyl",)),
        owner="ana",
        reason="known case",
        begins_at=NOW,
        ends_at=NOW + timedelta(hours=2),
        created_at=NOW,
    )
    (ruling,) = ruled([hit(), hit(2, "tariffs")], subscription(), silences=[silence])
    assert [shown.hit.id for shown in ruling.tell] == [2]
    decision = ruling.decisions[0]
    assert (decision.verdict, decision.silence_id) == (Verdict.SUPPRESSED, 5)
    assert decision.reason == "silence quiet-1 of ana, until 2025-03-09 14:00Z: known case"


DRAWN = st.tuples(
    st.sampled_from(("fentanyl", "tariffs")), st.sampled_from(HitReason), st.sampled_from(("en", "es", "und"))
)
TIMINGS = st.builds(
    Timing,
    cadence=st.sampled_from(Cadence),
    quiet=st.none() | st.just(Quiet(begins=0, ends=1439)),
    pierce=st.booleans(),
    budget=st.integers(0, 2),
)
WANTED = st.tuples(TIMINGS, st.sampled_from(((), ("tariffs",))), st.booleans())


@given(
    st.lists(DRAWN, min_size=1, max_size=6),
    st.lists(WANTED, min_size=1, max_size=4),
    st.sets(st.integers(1, 4)),
    st.integers(0, 3),
)
def test_every_hit_gets_exactly_one_decision_from_every_subscription(
    drawn: list[tuple[str, HitReason, str]],
    wanted: list[tuple[Timing, tuple[str, ...], bool]],
    before: set[int],
    sent: int,
) -> None:
    hits = [
        hit(number, topic, language=language, reason=reason)
        for number, (topic, reason, language) in enumerate(drawn, 1)
    ]
    subscriptions = [
        replace(subscription(number, topics=topics, enabled=enabled), timing=timing)
        for number, (timing, topics, enabled) in enumerate(wanted, 1)
    ]
    told = {number: was_told(number)[number] for number in before}
    rulings = ruled(hits, *subscriptions, told=told, sent_today=dict.fromkeys(range(1, 5), sent))
    pairs = [(each.hit_id, each.subscription_id) for ruling in rulings for each in ruling.decisions]
    assert sorted(pairs) == sorted((shown.hit.id, mine.id) for shown in hits for mine in subscriptions)
    for ruling in rulings:
        told_now = {shown.hit.id for shown in ruling.tell}
        for decision in ruling.decisions:
            assert decision.reason
            assert (decision.verdict is Verdict.SENT_NOW) == (decision.hit_id in told_now)
            waits = decision.verdict in {Verdict.BUNDLED, Verdict.DEFERRED, Verdict.DIGEST}
            assert waits == (decision.held_until is not None) == (decision.cause is not None)
            assert decision.held_until is None or decision.held_until > NOW
        assert all(shown.hit.reason in {HitReason.LIVE, HitReason.UPDATED} for shown in ruling.tell)
