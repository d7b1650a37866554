from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.deliver.retry import MAX_ATTEMPTS, SCHEDULE, RetryPlan, parked, plan, varied
from monitor.model import ChannelKind, DeliveryState, SendOutcome, SendResult

NOW = datetime(2025, 11, 2, 5, 0, tzinfo=UTC)
FINAL = {DeliveryState.DONE, DeliveryState.DEAD}


LONG = timedelta(days=30)


def after(
    outcome: SendOutcome,
    *,
    kind: ChannelKind = ChannelKind.WEBHOOK,
    attempts: int = 1,
    status: int | None = None,
    retry_after: float | None = None,
    lives: timedelta = LONG,
    jitter: float = 0.5,
    unknowns: int = 0,
) -> RetryPlan:
    result = SendResult(outcome=outcome, reason="answered 503", status=status, retry_after=retry_after)
    return plan(
        result,
        kind=kind,
        attempts=attempts,
        unknowns=unknowns,
        expires_at=NOW + lives,
        now=NOW,
        jitter=jitter,
    )


@pytest.mark.parametrize(
    ("attempts", "wait"),
    list(
        zip(
            range(1, 10),
            [
                "0:00:05",
                "0:05:00",
                "0:30:00",
                "2:00:00",
                "5:00:00",
                "10:00:00",
                "14:00:00",
                "20:00:00",
                "24:00:00",
            ],
            strict=True,
        )
    ),
)
def test_failures_are_retried_on_the_standard_webhooks_schedule(attempts: int, wait: str) -> None:
    hours, minutes, seconds = (int(part) for part in wait.split(":"))
    decided = after(SendOutcome.RETRY, attempts=attempts)
    assert decided.state is DeliveryState.PENDING
    assert decided.due_at - NOW == timedelta(hours=hours, minutes=minutes, seconds=seconds)
    assert f"attempt {attempts} of 10" in decided.reason


def test_the_tenth_failure_is_the_last() -> None:
    decided = after(SendOutcome.RETRY, attempts=10)
    assert decided.state is DeliveryState.DEAD
    assert decided.reason == "gave up after 10 attempts: answered 503"


@pytest.mark.parametrize(
    ("outcome", "state", "said"),
    [
        (SendOutcome.ACCEPTED, DeliveryState.DONE, "answered 503"),
        (SendOutcome.REFUSED, DeliveryState.DEAD, "refused for good"),
        (SendOutcome.DISABLE, DeliveryState.DEAD, "not to be called again"),
    ],
)
def test_final_outcomes_end_the_delivery_at_once(
    outcome: SendOutcome, state: DeliveryState, said: str
) -> None:
    decided = after(outcome)
    assert (decided.state, decided.due_at) == (state, NOW)
    assert said in decided.reason


def test_an_unknown_outcome_is_tried_once_more_after_a_quarter_of_an_hour() -> None:
    first = after(SendOutcome.UNKNOWN)
    assert (first.state, first.due_at - NOW) == (DeliveryState.PENDING, timedelta(minutes=15))
    assert "same id" in first.reason
    second = after(SendOutcome.UNKNOWN, attempts=2, unknowns=1)
    assert second.state is DeliveryState.DEAD
    assert "may have arrived" in second.reason


def test_known_failures_before_an_unknown_one_do_not_count_as_unknown() -> None:
    assert after(SendOutcome.UNKNOWN, attempts=4, unknowns=0).state is DeliveryState.PENDING
    assert after(SendOutcome.UNKNOWN, attempts=4, unknowns=1).state is DeliveryState.DEAD
    assert after(SendOutcome.UNKNOWN, attempts=10, unknowns=0).state is DeliveryState.DEAD


def test_retry_after_lengthens_a_wait_and_never_shortens_it() -> None:
    assert after(SendOutcome.RETRY, retry_after=600).due_at - NOW == timedelta(minutes=10)
    assert after(SendOutcome.RETRY, attempts=3, retry_after=1).due_at - NOW == timedelta(minutes=30)
    assert after(SendOutcome.RETRY, retry_after=1e7).due_at - NOW == timedelta(hours=24)
    assert after(SendOutcome.RETRY, retry_after=-5).due_at - NOW == timedelta(seconds=5)


@pytest.mark.parametrize("status", [450, 451, 452])
def test_a_greylisting_server_is_left_alone_for_five_minutes_at_least(status: int) -> None:
    first = after(SendOutcome.RETRY, kind=ChannelKind.EMAIL, status=status, jitter=0.0)
    assert first.due_at - NOW == timedelta(minutes=5)
    later = after(SendOutcome.RETRY, kind=ChannelKind.EMAIL, status=status, attempts=3)
    assert later.due_at - NOW == SCHEDULE[2]
    assert after(SendOutcome.RETRY, status=status).due_at - NOW == SCHEDULE[0], (
        "HTTP means something else by it"
    )


def test_a_try_that_would_come_when_it_is_no_news_is_not_planned() -> None:
    assert after(SendOutcome.RETRY, lives=SCHEDULE[0]).state is DeliveryState.PENDING
    decided = after(SendOutcome.RETRY, attempts=2, lives=timedelta(minutes=4))
    assert decided.state is DeliveryState.DEAD
    assert decided.reason == (
        "no news any more by the next try, in 5 min; last: attempt 2 of 10 failed: answered 503"
    )


def test_a_parked_delivery_keeps_its_tries() -> None:
    decided = parked(SendResult(outcome=SendOutcome.RETRY, reason="cannot connect"), now=NOW)
    assert (decided.state, decided.counts) == (DeliveryState.PENDING, False)
    assert "cannot connect" in decided.reason


@given(
    outcome=st.sampled_from(SendOutcome),
    kind=st.sampled_from(ChannelKind),
    attempts=st.integers(1, 40),
    status=st.none() | st.sampled_from((421, 450, 451, 452, 503)),
    retry_after=st.none() | st.floats(-10, 1e8),
    jitter=st.floats(0, 1, exclude_max=True),
    lives=st.timedeltas(timedelta(0), timedelta(days=9)),
    unknowns=st.integers(0, 12),
)
def test_every_plan_is_final_now_or_pending_within_bounds(
    outcome: SendOutcome,
    kind: ChannelKind,
    attempts: int,
    status: int | None,
    retry_after: float | None,
    jitter: float,
    lives: timedelta,
    unknowns: int,
) -> None:
    decided = after(
        outcome, kind=kind, attempts=attempts, status=status, retry_after=retry_after, lives=lives,
        jitter=jitter, unknowns=unknowns,
    )  # fmt: skip
    assert decided.reason
    assert decided.counts
    if decided.state in FINAL:
        assert decided.due_at == NOW
        return
    assert decided.state is DeliveryState.PENDING
    assert attempts < MAX_ATTEMPTS
    assert decided.due_at <= NOW + lives
    wait = decided.due_at - NOW
    assert timedelta(seconds=4) <= wait <= timedelta(hours=24) * 1.2
    if outcome is SendOutcome.RETRY:
        assert wait >= SCHEDULE[attempts - 1] * 0.8
        if retry_after is None and status in {None, 421, 503}:
            assert wait <= SCHEDULE[attempts - 1] * 1.2


@given(jitter=st.floats(0, 1, exclude_max=True))
def test_waits_vary_by_a_fifth_either_way(jitter: float) -> None:
    assert timedelta(seconds=80) <= varied(timedelta(seconds=100), jitter) <= timedelta(seconds=120)


@given(jitter=st.lists(st.floats(0, 1, exclude_max=True), min_size=10, max_size=10))
def test_a_receiver_that_never_answers_is_given_between_two_and_four_days(jitter: list[float]) -> None:
    now, attempts = NOW, 0
    while True:
        attempts += 1
        result = SendResult(outcome=SendOutcome.RETRY, reason="no answer")
        decided = plan(
            result, kind=ChannelKind.WEBHOOK, attempts=attempts, unknowns=0, expires_at=NOW + LONG, now=now,
            jitter=jitter[attempts - 1],
        )  # fmt: skip
        if decided.state is DeliveryState.DEAD:
            break
        now = decided.due_at
    assert attempts == 10
    assert timedelta(hours=60) <= now - NOW <= timedelta(hours=91)


@pytest.mark.parametrize(("attempts", "said"), [(1, "5 s"), (2, "5 min"), (4, "2 h")])
def test_the_reason_says_when_the_next_try_is(attempts: int, said: str) -> None:
    assert after(SendOutcome.RETRY, attempts=attempts).reason == (
        f"attempt {attempts} of 10 failed: answered 503; next try in {said}"
    )


def test_only_a_longer_wish_of_the_receiver_is_said_and_obeyed() -> None:
    longer = after(SendOutcome.RETRY, retry_after=6.0)
    assert longer.due_at - NOW == timedelta(seconds=6)
    assert longer.reason.endswith("; the receiver asked for this wait; next try in 6 s")
    for wish in (5.0, 0.0, -3.0, None):
        same = after(SendOutcome.RETRY, retry_after=wish)
        assert same.due_at - NOW == timedelta(seconds=5)
        assert "asked" not in same.reason


def test_a_chat_that_fails_five_times_is_given_up() -> None:
    assert after(SendOutcome.RETRY, kind=ChannelKind.APPRISE, attempts=4).state is DeliveryState.PENDING
    given_up = after(SendOutcome.RETRY, kind=ChannelKind.APPRISE, attempts=5)
    assert (given_up.state, given_up.reason) == (DeliveryState.DEAD, "gave up after 5 attempts: answered 503")
    assert "of 5 failed" in after(SendOutcome.RETRY, kind=ChannelKind.APPRISE).reason
