"""The rules of pushes as plain functions: leases, retries, verifications, pings, and when push is relied on."""

import itertools
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
    goodbye,
    hear,
    judge_verification,
    lapsed,
    may_change,
    moved,
    push_alive,
    push_line,
    serves,
    unwanted,
)

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
SECOND = timedelta(seconds=1)
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


def test_the_first_retries_come_after_ten_minutes_then_twenty_then_forty() -> None:
    assert [backoff(attempts, 0.0) / MINUTE for attempts in (0, 1, 2, 3, 8, 9, 60)] == [
        10, 10, 20, 40, 1280, 1440, 1440,
    ]  # fmt: skip
    assert backoff(1, 0.5) == 10.5 * MINUTE


@given(pushes, jitters)
def test_whoever_is_asked_is_asked_again_only_later(push: Push, jitter: float) -> None:
    after = asking(push, now=NOW, jitter=jitter)
    assert after.due_at >= NOW + 10 * MINUTE
    if after.state is PushState.ENDED:
        assert push.state in {PushState.UNSUBSCRIBING, PushState.ENDED}
    else:
        assert (after.requested_at, after.attempts) == (NOW, push.attempts + 1)


TOPICS = ("https://t.example/feed", "https://t.example/feed/", "")
CHALLENGES = {"": False, "c": True, "c" * 2048: True, "c" * 2049: False}


@pytest.mark.parametrize("state", PushState)
@pytest.mark.parametrize("requested_at", [None, NOW])
@pytest.mark.parametrize("mode", ["subscribe", "unsubscribe", "denied", "publish", ""])
def test_a_challenge_is_confirmed_only_if_pending_for_this_topic_and_mode(
    state: PushState, requested_at: datetime | None, mode: str
) -> None:
    """Every state, mode, topic and length of challenge, against the rule written out."""
    push = a_push(state=state, requested_at=requested_at)
    for topic, (challenge, fits) in itertools.product(TOPICS, CHALLENGES.items()):
        expected = Asked.REFUSE
        if topic == push.topic and state is not PushState.ENDED:
            leaving = state is PushState.UNSUBSCRIBING
            if mode == "denied":
                expected = Asked.DENY
            elif requested_at and fits and mode == ("unsubscribe" if leaving else "subscribe"):
                expected = Asked.GOODBYE if leaving else Asked.CONFIRM
        params = {"hub.mode": mode, "hub.topic": topic, "hub.challenge": challenge}
        assert judge_verification(push, params) is expected, (topic, len(challenge))


def test_a_verification_without_its_parameters_is_refused() -> None:
    push = a_push(requested_at=NOW)
    assert judge_verification(push, {}) is Asked.REFUSE
    assert judge_verification(push, {"hub.topic": push.topic}) is Asked.REFUSE
    assert judge_verification(push, {"hub.topic": push.topic, "hub.mode": "subscribe"}) is Asked.REFUSE


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


def test_who_leaves_says_so_once_more_while_the_hub_may_be_serving_us() -> None:
    leaving = a_push(state=PushState.UNSUBSCRIBING, lease_until=NOW + MINUTE)
    for attempts, state in ((4, PushState.UNSUBSCRIBING), (5, PushState.ENDED), (6, PushState.ENDED)):
        assert asking(replace(leaving, attempts=attempts), now=NOW, jitter=0).state is state
    over = asking(replace(leaving, lease_until=NOW), now=NOW, jitter=0)
    assert (over.state, over.lease_until, over.due_at) == (PushState.ENDED, None, NOW + timedelta(days=30))


def test_the_lease_of_who_leaves_stays_or_is_guessed_as_a_day() -> None:
    runs = unwanted(a_push(attempts=3, requested_at=NOW), "r", now=NOW)
    assert (runs.lease_until, runs.attempts, runs.requested_at) == (NOW + 2 * HOUR, 0, None)
    for lease in (None, NOW):
        asked = unwanted(a_push(lease_until=lease, requested_at=NOW), "r", now=NOW)
        assert asked.lease_until == NOW + timedelta(days=1)
    assert unwanted(a_push(lease_until=NOW), "r", now=NOW).state is PushState.ENDED


@pytest.mark.parametrize(
    ("before", "while_asked"),
    [
        (PushState.PENDING, PushState.PENDING),
        (PushState.ACTIVE, PushState.ACTIVE),
        (PushState.DENIED, PushState.PENDING),
        (PushState.LAPSED, PushState.PENDING),
        (PushState.FAILED, PushState.PENDING),
        (PushState.UNSUBSCRIBING, PushState.UNSUBSCRIBING),
    ],
)
def test_a_request_changes_only_who_was_given_up(before: PushState, while_asked: PushState) -> None:
    assert asking(a_push(state=before), now=NOW, jitter=0).state is while_asked


@pytest.mark.parametrize(
    ("state", "answer", "after"),
    [
        (PushState.PENDING, HubAnswer(taken=True, reason="202"), (PushState.PENDING, "", True)),
        (PushState.PENDING, HubAnswer(taken=False, reason="no"), (PushState.FAILED, "no", False)),
        (PushState.PENDING, HubAnswer(taken=False, reason="?", certain=False), (PushState.FAILED, "?", True)),
        (PushState.ACTIVE, HubAnswer(taken=True, reason="202"), (PushState.ACTIVE, "", True)),
        (PushState.ACTIVE, HubAnswer(taken=False, reason="no"), (PushState.ACTIVE, "no", False)),
        (PushState.UNSUBSCRIBING, HubAnswer(taken=True, reason="202"), (PushState.UNSUBSCRIBING, "was", True)),
        (PushState.UNSUBSCRIBING, HubAnswer(taken=False, reason="no"), (PushState.UNSUBSCRIBING, "was", False)),
    ],
)  # fmt: skip
def test_what_a_hubs_answer_makes_of_a_push(
    state: PushState, answer: HubAnswer, after: tuple[PushState, str, bool]
) -> None:
    push = answered(a_push(state=state, reason="was", requested_at=NOW), answer, asked_at=NOW)
    assert (push.state, push.reason, push.requested_at == NOW) == after


def test_a_denial_keeps_the_hubs_words_in_one_short_line_or_says_that_there_are_none() -> None:
    push = denied(a_push(requested_at=NOW), "no\r\nmore", now=NOW)
    assert (push.state, push.reason, push.requested_at, push.lease_until) == (
        PushState.DENIED, "no more", None, None,
    )  # fmt: skip
    assert push.due_at == NOW + timedelta(days=7)
    assert denied(a_push(), "\x00", now=NOW).reason == "the hub gives no reason"
    assert len(denied(a_push(), "n" * 5000, now=NOW).reason) == 200


def test_a_lapsed_push_says_why_it_was_not_renewed() -> None:
    assert lapsed(a_push()).reason == "the hub did not renew it in time"
    push = lapsed(a_push(reason="the hub answered 500"))
    assert (push.state, push.reason, push.due_at) == (PushState.LAPSED, "the hub answered 500", NOW + HOUR)


def test_a_callback_that_moved_is_asked_for_anew_under_its_old_token() -> None:
    push = moved(a_push(attempts=4, requested_at=NOW), "https://new.example/websub/", now=NOW)
    assert push.callback == "https://new.example/websub/tok"
    assert (push.state, push.lease_until, push.requested_at, push.attempts, push.due_at) == (
        PushState.PENDING, None, None, 0, NOW,
    )  # fmt: skip
    assert push.reason == "the address of our callback has changed"


def test_a_confirmed_end_is_the_end() -> None:
    push = goodbye(a_push(state=PushState.UNSUBSCRIBING, requested_at=NOW, reason="off"), now=NOW)
    assert (push.state, push.reason, push.requested_at, push.lease_until) == (
        PushState.ENDED, "off", None, None,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("push", "header", "reason"),
    [
        (a_push(), "", "it is not signed"),
        (a_push(), "sha1=00", "its signature is not the hub's"),
        (a_push(secret=""), "sha1=00", "its signature is not the hub's"),
        (a_push(state=PushState.DENIED), "", "the subscription is denied"),
        (a_push(state=PushState.UNSUBSCRIBING), "", "the subscription is unsubscribing"),
    ],
)
def test_why_a_ping_was_ignored_is_said(push: Push, header: str, reason: str) -> None:
    assert hear(push, header, b"", now=NOW).reason == reason


@pytest.mark.parametrize(
    ("polled", "claimed", "due_at"),
    [
        (None, None, NOW),
        (NOW - 20 * SECOND, None, NOW + 40 * SECOND),
        (None, NOW - 20 * SECOND, NOW + 40 * SECOND),
        (NOW - 30 * SECOND, NOW - 20 * SECOND, NOW + 40 * SECOND),
        (NOW - 20 * SECOND, NOW - 30 * SECOND, NOW + 40 * SECOND),
        (NOW, None, NOW + MINUTE),
        (NOW - MINUTE, None, NOW),
        (NOW + SECOND, None, NOW),
    ],
)
def test_polls_of_a_feed_are_a_minute_apart_however_often_it_is_pinged(
    polled: datetime | None, claimed: datetime | None, due_at: datetime
) -> None:
    assert due_after_ping(a_feed(last_polled_at=polled, claimed_at=claimed), now=NOW) == due_at


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
        (a_push(last_ping_at=NOW - HOUR), a_feed(last_new_at=NOW), False),
        (a_push(last_ping_at=NOW - HOUR + MINUTE), a_feed(last_new_at=NOW), True),
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
        (
            a_push(pings=2, lease_until=NOW - HOUR, last_ping_at=NOW + HOUR),
            "push by https://h.example/: active for 0 s more, 2 pings, the last 0 s ago",
        ),
        (a_push(state=PushState.PENDING), "push by https://h.example/: pending; next try in 60 min"),
        (
            a_push(state=PushState.PENDING, attempts=1, due_at=NOW),
            "push by https://h.example/: asked once, not confirmed yet; next try now",
        ),
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
