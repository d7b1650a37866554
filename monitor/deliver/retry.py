"""What follows from one attempt: done, another try and when, or dead.

Pure: the time and the random part are parameters. It does not send, does not count attempts and does not
disable channels; it says in words what it decided.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.model import DeliveryState, SendOutcome, SendResult
from monitor.text.duration import words

# Waits after the first, second, … failed attempt: the schedule that Standard Webhooks 1.0.0 suggests.
SCHEDULE = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
MAX_ATTEMPTS = len(SCHEDULE) + 1
JITTER = 0.2
RETRY_AFTER_CAP = timedelta(hours=24)
UNKNOWN_WAIT = timedelta(minutes=15)
MAX_AGE = timedelta(days=7)  # a receiver's Retry-After may stretch the schedule, but news does not keep


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPlan:
    """The state a delivery takes on, when it is due (now, for a final state) and why."""

    state: DeliveryState
    due_at: datetime
    reason: str


def plan(
    result: SendResult,
    *,
    attempts: int,
    created_at: datetime,
    now: datetime,
    jitter: float,
    unknowns: int | None = None,
) -> RetryPlan:
    """Decide what becomes of a delivery after an attempt.

    `attempts` counts the one just made (from 1), `jitter` is in [0, 1) and only ever lengthens a wait, by up
    to a fifth. `unknowns` counts earlier attempts that ended unknown; without it, any earlier attempt counts
    as one, so that nothing is ever sent a third time on a guess.
    """
    match result.outcome:
        case SendOutcome.ACCEPTED:
            return RetryPlan(state=DeliveryState.DONE, due_at=now, reason=result.reason)
        case SendOutcome.REFUSED:
            return _dead(now, f"refused for good: {result.reason}")
        case SendOutcome.DISABLE:
            return _dead(now, f"the receiver asks not to be called again: {result.reason}")
        case SendOutcome.UNKNOWN:
            earlier = attempts - 1 if unknowns is None else unknowns
            return _after_unknown(result, attempts=attempts, earlier=earlier, created_at=created_at, now=now)
        case SendOutcome.RETRY:
            return _after_failure(result, attempts=attempts, created_at=created_at, now=now, jitter=jitter)


def _after_failure(
    result: SendResult, *, attempts: int, created_at: datetime, now: datetime, jitter: float
) -> RetryPlan:
    if attempts >= MAX_ATTEMPTS:
        return _dead(now, f"gave up after {attempts} attempts: {result.reason}")
    wait = SCHEDULE[max(attempts, 1) - 1] * (1 + JITTER * jitter)
    asked = min(timedelta(seconds=max(result.retry_after or 0.0, 0.0)), RETRY_AFTER_CAP)
    cause = f"attempt {attempts} of {MAX_ATTEMPTS} failed: {result.reason}"
    if asked > wait:
        cause += "; the receiver asked for this wait"
    return _later(max(wait, asked), cause, created_at=created_at, now=now)


def _after_unknown(
    result: SendResult, *, attempts: int, earlier: int, created_at: datetime, now: datetime
) -> RetryPlan:
    if earlier > 0 or attempts >= MAX_ATTEMPTS:
        return _dead(
            now,
            f"may have arrived, and is not sent again so as not to arrive twice: {result.reason}",
        )
    return _later(
        UNKNOWN_WAIT,
        f"may have arrived; one more try with the same id: {result.reason}",
        created_at=created_at,
        now=now,
    )


def _later(wait: timedelta, cause: str, *, created_at: datetime, now: datetime) -> RetryPlan:
    due_at = now + wait
    if due_at > created_at + MAX_AGE:
        return _dead(now, f"the next try would come more than {MAX_AGE.days} days after the alert: {cause}")
    return RetryPlan(
        state=DeliveryState.PENDING,
        due_at=due_at,
        reason=f"{cause}; next try in {words(wait.total_seconds())}",
    )


def _dead(now: datetime, reason: str) -> RetryPlan:
    return RetryPlan(state=DeliveryState.DEAD, due_at=now, reason=reason)
