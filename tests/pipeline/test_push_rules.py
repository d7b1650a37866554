"""The rules of pushes as plain functions: leases, retries, verifications, pings, and when push is relied on."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.fetch.websub import HubAnswer
from monitor.model import Feed, FetchState, Hub, Outcome, Push, PushState
from monitor.pipeline.push_rules import (
    LAST_RETRY,
    LONGEST_LEASE,
    SHORTEST_LEASE,
    Asked,
    answered,
    asking,
    backoff,
    confirmed,
    denied,
    due_after_ping,
    hear,
    judge_verification,
    lapsed,
    may_change,
    push_alive,
    push_line,
    serves,
    unwanted,
)

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)

states = st.sampled_from(PushState)
jitters = st.floats(0, 1, exclude_max=True)
moments = st.none() | st.integers(-5000, 5000).map(lambda minutes: NOW + minutes * MINUTE)


def a_push(**changes: Any) -> Push:
    values: dict[str, Any] = {
        "id": 1,
        "feed_id": 7,
        "feed_slug": "gazette",
        "hub": "https://h.example/",
        "topic": "https://t.example/feed",
        "token": "tok",
        "callback": "https://us.example/websub/tok",
        "secret": "s",
        "since": NOW - 3 * HOUR,
        "state": PushState.ACTIVE,
        "due_at": NOW + HOUR,
        "lease_until": NOW + 2 * HOUR,
        "last_ping_at": NOW - MINUTE,
        "pings": 1,
    }
    return Push(**(values | changes))


def a_feed(**state: Any) -> Feed:
    fetch = FetchState(next_poll_at=NOW + HOUR, **state)
    return Feed(id=7, slug="gazette", url="https://t.example/feed", title="Gazette", owner="ui", fetch=fetch)


pushes = st.builds(
    a_push,
    state=states,
    lease_until=moments,
    requested_at=moments,
    last_ping_at=moments,
    attempts=st.integers(0, 50),
    secret=st.sampled_from([None, "", "s"]),
)


@given(st.text(max_size=30) | st.integers(0, 10**13).map(str), jitters)
def test_a_lease_is_sane_whatever_a_hub_says_and_renewed_around_its_half(text: str, jitter: float) -> None:
    push = confirmed(a_push(requested_at=NOW, attempts=3), text, now=NOW, jitter=jitter)
    assert push.lease_until is not None
    lease = push.lease_until - NOW
    assert SHORTEST_LEASE <= lease <= LONGEST_LEASE
    assert 0.39 * lease <= push.due_at - NOW <= 0.61 * lease
    assert (push.state, push.requested_at, push.attempts) == (PushState.ACTIVE, None, 0)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("60", 60),
        ("0", 60),
        ("864000", 864_000),
        ("99999999999", 2_592_000),
        ("", 86_400),
        ("-5", 86_400),
        ("١٢", 86_400),
    ],
)  # fmt: skip
def test_the_hubs_lease_counts_within_bounds(text: str, seconds: int) -> None:
    assert confirmed(a_push(), text, now=NOW, jitter=0.5).lease_until == NOW + timedelta(seconds=seconds)


@given(st.integers(-3, 10_000), jitters)
def test_retries_grow_to_a_day_and_spread_upwards_only(attempts: int, jitter: float) -> None:
    wait = backoff(attempts, jitter)
    assert 10 * MINUTE <= backoff(attempts, 0.0) <= wait <= LAST_RETRY * 1.1
    assert backoff(attempts + 1, 0.0) >= backoff(attempts, 0.0)


@given(pushes, jitters)
def test_whoever_is_asked_is_asked_again_only_later(push: Push, jitter: float) -> None:
    after = asking(push, now=NOW, jitter=jitter)
    assert after.due_at >= NOW + 10 * MINUTE
    if after.state is PushState.ENDED:
        assert push.state in {PushState.UNSUBSCRIBING, PushState.ENDED}
    else:
        assert (after.requested_at, after.attempts) == (NOW, push.attempts + 1)


@given(
    pushes,
    st.sampled_from(["subscribe", "unsubscribe", "denied", "publish", ""]),
    st.sampled_from(["https://t.example/feed", "https://t.example/feed/", ""]),
    st.sampled_from(["", "c", "c" * 2048, "c" * 2049]),
)
def test_a_challenge_is_confirmed_only_if_pending_for_this_topic_and_mode(
    push: Push, mode: str, topic: str, challenge: str
) -> None:
    params = {"hub.mode": mode, "hub.topic": topic, "hub.challenge": challenge}
    asked = judge_verification(push, params)
    if asked is not Asked.REFUSE:
        assert topic == push.topic
        assert push.state is not PushState.ENDED
    if asked in {Asked.CONFIRM, Asked.GOODBYE}:
        assert push.requested_at is not None
        assert 0 < len(challenge) <= 2048
        assert mode == ("unsubscribe" if push.state is PushState.UNSUBSCRIBING else "subscribe")
    if asked is Asked.DENY:
        assert mode == "denied"


def test_an_answer_to_a_request_that_was_settled_meanwhile_changes_nothing() -> None:
    push = a_push(requested_at=None)
    refusal = HubAnswer(taken=False, reason="the hub answered 500")
    assert answered(push, refusal, asked_at=NOW) == push
    later = a_push(requested_at=NOW + MINUTE)
    assert answered(later, refusal, asked_at=NOW) == later


def test_a_hub_may_ask_us_to_wait_for_a_week_at_most() -> None:
    push = a_push(state=PushState.PENDING, requested_at=NOW, due_at=NOW + 10 * MINUTE)
    for seconds, due_at in ((5, 10 * MINUTE), (3600, HOUR), (10**9, timedelta(days=7))):
        refusal = HubAnswer(taken=False, reason="no", retry_after=seconds)
        assert answered(push, refusal, asked_at=NOW).due_at == NOW + due_at


@pytest.mark.parametrize("state", PushState)
def test_only_who_may_be_served_is_unsubscribed_and_nobody_is_forgotten_at_once(state: PushState) -> None:
    idle = unwanted(a_push(state=state, lease_until=None), "r", now=NOW)
    assert (idle.state, idle.due_at) == (PushState.ENDED, NOW + timedelta(days=30))
    served = unwanted(a_push(state=state), "r", now=NOW)
    assert (served.state, served.due_at, served.reason) == (PushState.UNSUBSCRIBING, NOW, "r")
    asked = unwanted(a_push(state=state, lease_until=None, requested_at=NOW - HOUR), "r", now=NOW)
    assert asked.state is PushState.UNSUBSCRIBING
    assert asking(asked, now=NOW, jitter=0).state is PushState.UNSUBSCRIBING, (
        "a hub that may verify yet is told"
    )


def test_a_hub_that_denies_while_we_leave_has_let_us_go() -> None:
    push = denied(a_push(state=PushState.UNSUBSCRIBING, requested_at=NOW, reason="off"), "no", now=NOW)
    assert (push.state, push.reason) == (PushState.ENDED, "off")


@given(pushes, st.binary(max_size=20), st.text(max_size=80))
def test_a_ping_counts_once_and_never_changes_the_subscription(push: Push, body: bytes, header: str) -> None:
    heard = hear(push, header, body, now=NOW)
    counted = ("pings", "bad_pings", "last_ping_at")
    assert replace(heard.push, **{name: getattr(push, name) for name in counted}) == push
    if push.state in {PushState.DENIED, PushState.UNSUBSCRIBING, PushState.ENDED}:
        assert (heard.valid, heard.push) == (False, push)
        return
    assert heard.valid is (push.secret is None), "no text is a signature by chance"
    assert heard.push.pings - push.pings == int(heard.valid)
    assert heard.push.bad_pings - push.bad_pings == int(not heard.valid)


@given(st.sampled_from(Outcome), moments, moments)
def test_a_ping_makes_a_feed_due_within_a_minute_or_not_at_all(
    outcome: Outcome, polled: datetime | None, claimed: datetime | None
) -> None:
    due_at = due_after_ping(a_feed(outcome=outcome, last_polled_at=polled, claimed_at=claimed), now=NOW)
    if due_at is None:
        assert not outcome.ok
        return
    assert NOW <= due_at <= NOW + MINUTE
    for asked in (polled, claimed):
        assert asked is None or asked > NOW or due_at - asked >= MINUTE


def test_a_feed_that_is_off_or_retired_is_not_hastened() -> None:
    assert due_after_ping(a_feed(), now=NOW) == NOW
    assert due_after_ping(replace(a_feed(), enabled=False), now=NOW) is None
    assert due_after_ping(a_feed(retired_at=NOW - HOUR), now=NOW) is None


@pytest.mark.parametrize(
    ("push", "feed", "alive"),
    [
        (a_push(), a_feed(), True),
        (a_push(), a_feed(last_new_at=NOW), True),
        (a_push(), a_feed(last_new_at=NOW - 90 * HOUR), True),
        (a_push(last_ping_at=NOW - 50 * HOUR), a_feed(last_new_at=NOW - 60 * HOUR), True),
        (a_push(last_ping_at=NOW - 2 * HOUR), a_feed(last_new_at=NOW), False),
        (a_push(last_ping_at=None), a_feed(), False),
        (a_push(lease_until=NOW), a_feed(), False),
        (a_push(lease_until=None), a_feed(), False),
        (a_push(state=PushState.LAPSED), a_feed(), False),
        (a_push(state=PushState.PENDING), a_feed(), False),
        (a_push(state=PushState.DENIED), a_feed(), False),
        (None, a_feed(), False),
    ],
)
def test_push_is_relied_on_while_the_lease_runs_and_news_is_announced(
    push: Push | None,
    feed: Feed,
    alive: bool,  # noqa: FBT001
) -> None:
    assert push_alive(push, feed, now=NOW) is alive


def test_a_push_serves_its_own_hub_and_topic_with_a_secret_that_opens() -> None:
    hub = Hub(hub="https://h.example/", topic="https://t.example/feed")
    assert serves(a_push(), hub)
    assert serves(a_push(secret=None), hub)
    assert not serves(a_push(secret=""), hub)
    assert not serves(a_push(), replace(hub, topic="https://t.example/"))
    assert not serves(a_push(), replace(hub, hub="https://g.example/"))


def test_a_push_stands_for_an_hour_before_its_feed_can_change_it() -> None:
    assert may_change(a_push(since=NOW - HOUR), now=NOW)
    assert not may_change(a_push(since=NOW - HOUR + MINUTE), now=NOW)
    assert not may_change(a_push(since=NOW), now=NOW)
    assert may_change(a_push(since=NOW + MINUTE), now=NOW), "made by a clock that was wrong"


@pytest.mark.parametrize(
    ("push", "line"),
    [
        (a_push(), "push by https://h.example/: active for 2 h more, 1 ping, the last 60 s ago"),
        (
            a_push(lease_until=NOW + timedelta(days=3), bad_pings=2, reason="said 403"),
            "push by https://h.example/: active for 3 days more, 1 ping, the last 60 s ago, 2 ignored: said 403",
        ),
        (a_push(pings=0, last_ping_at=None), "push by https://h.example/: active for 2 h more, no ping yet"),
        (a_push(state=PushState.PENDING), "push by https://h.example/: pending; next try in 60 min"),
        (
            a_push(state=PushState.PENDING, attempts=3),
            "push by https://h.example/: asked 3 times, not confirmed yet; next try in 60 min",
        ),
        (
            a_push(state=PushState.DENIED, reason="moved out", due_at=NOW),
            "push by https://h.example/: denied: moved out; next try now",
        ),
        (
            lapsed(a_push(due_at=NOW + MINUTE)),
            "push by https://h.example/: lapsed: the hub did not renew it in time; next try in 60 s",
        ),
        (
            unwanted(a_push(), "the feed is switched off", now=NOW),
            "push by https://h.example/: unsubscribing: the feed is switched off",
        ),
    ],
)  # fmt: skip
def test_how_a_push_stands_is_said_in_words(push: Push, line: str) -> None:
    assert push_line(push, now=NOW) == line
