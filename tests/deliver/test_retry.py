from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.deliver.retry import MAX_AGE, MAX_ATTEMPTS, SCHEDULE, RetryPlan, plan
from monitor.model import DeliveryState, SendOutcome, SendResult

NOW = datetime(2025, 11, 2, 5, 0, tzinfo=UTC)
FINAL = {DeliveryState.DONE, DeliveryState.DEAD}


def after(
    outcome: SendOutcome,
    *,
    attempts: int = 1,
    retry_after: float | None = None,
    age: timedelta = timedelta(0),
    jitter: float = 0.0,
    unknowns: int | None = None,
) -> RetryPlan:
    result = SendResult(outcome=outcome, reason="answered 503", retry_after=retry_after)
    return plan(result, attempts=attempts, created_at=NOW - age, now=NOW, jitter=jitter, unknowns=unknowns)


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
    second = after(SendOutcome.UNKNOWN, attempts=2)
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


def test_news_older_than_a_week_is_not_chased() -> None:
    decided = after(SendOutcome.RETRY, attempts=2, age=timedelta(days=7))
    assert decided.state is DeliveryState.DEAD
    assert "7 days" in decided.reason


@given(
    outcome=st.sampled_from(SendOutcome),
    attempts=st.integers(1, 40),
    retry_after=st.none() | st.floats(-10, 1e8),
    jitter=st.floats(0, 1, exclude_max=True),
    age=st.timedeltas(timedelta(0), timedelta(days=30)),
    unknowns=st.none() | st.integers(0, 12),
)
def test_every_plan_is_final_now_or_pending_within_bounds(
    outcome: SendOutcome,
    attempts: int,
    retry_after: float | None,
    jitter: float,
    age: timedelta,
    unknowns: int | None,
) -> None:
    decided = after(
        outcome, attempts=attempts, retry_after=retry_after, jitter=jitter, age=age, unknowns=unknowns
    )
    assert decided.reason
    if decided.state in FINAL:
        assert decided.due_at == NOW
        return
    assert decided.state is DeliveryState.PENDING
    assert attempts < MAX_ATTEMPTS
    assert decided.due_at <= NOW - age + MAX_AGE
    wait = decided.due_at - NOW
    assert timedelta(seconds=5) <= wait <= timedelta(hours=24) * 1.2
    if outcome is SendOutcome.RETRY:
        assert wait >= SCHEDULE[attempts - 1]
        if retry_after is None:
            assert wait <= SCHEDULE[attempts - 1] * 1.2


@given(jitter=st.lists(st.floats(0, 1, exclude_max=True), min_size=10, max_size=10))
def test_a_receiver_that_never_answers_is_given_between_three_and_four_days(jitter: list[float]) -> None:
    now, attempts = NOW, 0
    while True:
        attempts += 1
        result = SendResult(outcome=SendOutcome.RETRY, reason="no answer")
        decided = plan(result, attempts=attempts, created_at=NOW, now=now, jitter=jitter[attempts - 1])
        if decided.state is DeliveryState.DEAD:
            break
        now = decided.due_at
    assert attempts == 10
    assert timedelta(hours=75) <= now - NOW <= timedelta(hours=91)


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


def test_a_try_exactly_at_the_age_limit_is_still_made() -> None:
    assert after(SendOutcome.RETRY, age=MAX_AGE - timedelta(seconds=5)).state is DeliveryState.PENDING
    assert after(SendOutcome.RETRY, age=MAX_AGE - timedelta(seconds=4)).state is DeliveryState.DEAD
