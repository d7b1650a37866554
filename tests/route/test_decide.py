"""Who is told about a story's hits, and the reason each (hit, subscription) is given."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

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
    Verdict,
)
from monitor.route import decide, unwanted

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


def test_the_first_report_goes_out_at_once_with_all_its_hits() -> None:
    (ruling,) = decide([hit(1), hit(2, "tariffs")], [subscription()], told=set())
    assert [shown.hit.id for shown in ruling.tell] == [1, 2]
    assert {decision.verdict for decision in ruling.decisions} == {Verdict.SENT_NOW}
    assert ruling.reason == "first report of this story"


def test_a_subscription_that_was_told_is_not_told_again() -> None:
    (ruling,) = decide([hit()], [subscription(7)], told={7})
    assert ruling.tell == ()
    assert ruling.decisions[0].verdict is Verdict.SUPPRESSED
    assert "already told" in ruling.decisions[0].reason


def test_telling_one_subscription_does_not_silence_another() -> None:
    first, second = decide([hit()], [subscription(1), subscription(2)], told={1})
    assert (first.tell, len(second.tell)) == ((), 1)


def test_a_baseline_hit_alerts_nobody_and_says_why() -> None:
    (ruling,) = decide([hit(reason=HitReason.BASELINE)], [subscription()], told=set())
    assert ruling.tell == ()
    assert "first poll" in ruling.decisions[0].reason


def test_a_live_hit_beside_a_baseline_hit_is_told_alone() -> None:
    (ruling,) = decide([hit(1, reason=HitReason.BASELINE), hit(2)], [subscription()], told=set())
    assert [shown.hit.id for shown in ruling.tell] == [2]
    assert [decision.verdict for decision in ruling.decisions] == [Verdict.SUPPRESSED, Verdict.SENT_NOW]


def test_an_updated_item_that_matches_for_the_first_time_says_so() -> None:
    (ruling,) = decide([hit(reason=HitReason.UPDATED)], [subscription()], told=set())
    assert ruling.reason == "a changed version of the item matched for the first time"


def test_a_subscription_gets_only_the_topics_it_names() -> None:
    (ruling,) = decide([hit(1), hit(2, "tariffs")], [subscription(topics=("tariffs",))], told=set())
    assert [decision.hit_id for decision in ruling.decisions] == [2]


def test_a_subscription_that_wants_none_of_the_hits_gets_no_ruling() -> None:
    assert (
        decide([hit()], [subscription(topics=("tariffs",)), subscription(2, enabled=False)], told=set()) == []
    )


def test_each_refusal_says_what_stood_in_the_way() -> None:
    assert "switched off" in (unwanted(subscription(enabled=False), hit()) or "")
    assert "fentanyl" in (unwanted(subscription(topics=("tariffs",)), hit()) or "")
    assert "es only" in (unwanted(subscription(languages=("es",)), hit()) or "")


def test_a_refusal_for_the_language_names_all_that_are_taken() -> None:
    said = unwanted(subscription(languages=("es", "fr")), hit())
    assert said == "the subscription takes es, fr only, the item is in en"


def test_an_item_of_unknown_language_passes_a_language_filter() -> None:
    assert unwanted(subscription(languages=("es",)), hit(language="und")) is None


TOPICS = ("fentanyl", "tariffs", "smuggling-corridors")
HITS = st.lists(
    st.tuples(
        st.sampled_from(TOPICS), st.sampled_from(["en", "es", "und"]), st.sampled_from(list(HitReason))
    ),
    max_size=6,
).map(lambda rows: [hit(n, t, language=lang, reason=r) for n, (t, lang, r) in enumerate(rows, start=1)])
SUBSCRIPTIONS = st.lists(
    st.tuples(st.sets(st.sampled_from(TOPICS)), st.sets(st.sampled_from(["en", "es"])), st.booleans()),
    max_size=5,
).map(
    lambda rows: [
        subscription(n, topics=tuple(t), languages=tuple(lang), enabled=on)
        for n, (t, lang, on) in enumerate(rows, start=1)
    ]
)


@given(HITS, SUBSCRIPTIONS, st.sets(st.integers(1, 5)))
def test_every_wanted_hit_has_exactly_one_decision_and_every_unwanted_one_a_reason(
    hits: list[AlertHit], subscriptions: list[Subscription], told: set[int]
) -> None:
    rulings = {ruling.subscription.id: ruling for ruling in decide(hits, subscriptions, told=told)}
    for each in subscriptions:
        decided = [d.hit_id for d in rulings[each.id].decisions] if each.id in rulings else []
        assert decided == [shown.hit.id for shown in hits if unwanted(each, shown) is None]


@given(HITS, SUBSCRIPTIONS, st.sets(st.integers(1, 5)))
def test_what_is_told_is_what_was_decided_to_be_sent(
    hits: list[AlertHit], subscriptions: list[Subscription], told: set[int]
) -> None:
    for ruling in decide(hits, subscriptions, told=told):
        sent = [d.hit_id for d in ruling.decisions if d.verdict is Verdict.SENT_NOW]
        assert sent == [shown.hit.id for shown in ruling.tell]
        assert all(decision.reason for decision in ruling.decisions)
        assert bool(ruling.tell) == bool(ruling.reason)
        assert not (ruling.tell and ruling.subscription.id in told)
