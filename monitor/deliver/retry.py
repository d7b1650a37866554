"""What follows from one attempt: done, another try and when, or dead.

Pure: the time and the random part are parameters. It does not send, does not count attempts and does not
disable channels; it says in words what it decided.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.model import ChannelKind, DeliveryState, SendOutcome, SendResult
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
CHAT_ATTEMPTS = 5  # Apprise does not tell a full queue from a wrong token
JITTER = 0.2
RETRY_AFTER_CAP = timedelta(hours=24)
UNKNOWN_WAIT = timedelta(minutes=15)
GREYLISTED = frozenset({450, 451, 452})  # a server that asks to see us again later, and means later
GREYLISTED_WAIT = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPlan:
    """The state a delivery takes on, when it is due (now, for a final state) and why.

    `counts`: whether the attempt is one of those that a delivery has.
    """

    state: DeliveryState
    due_at: datetime
    reason: str
    counts: bool = True


def plan(
    result: SendResult,
    *,
    kind: ChannelKind,
    attempts: int,
    unknowns: int,
    expires_at: datetime,
    now: datetime,
    jitter: float,
) -> RetryPlan:
    """Decide what becomes of a delivery after an attempt.

    `attempts` counts the one just made (from 1), `unknowns` those before it that ended unknown; those that our own end
    cut short are in neither. `jitter` is in [0, 1) and moves a wait by up to a fifth either way. No try is planned
    for after `expires_at`.
    """
    match result.outcome:
        case SendOutcome.ACCEPTED:
            return RetryPlan(state=DeliveryState.DONE, due_at=now, reason=result.reason)
        case SendOutcome.REFUSED:
            return _dead(now, f"refused for good: {result.reason}")
        case SendOutcome.DISABLE:
            return _dead(now, f"the receiver asks not to be called again: {result.reason}")
        case SendOutcome.UNKNOWN:
            return _after_unknown(
                result,
                attempts=attempts,
                most=most_attempts(kind),
                earlier=unknowns,
                expires_at=expires_at,
                now=now,
            )
        case SendOutcome.RETRY:
            least = (
                GREYLISTED_WAIT if kind is ChannelKind.EMAIL and result.status in GREYLISTED else timedelta()
            )
            return _after_failure(
                result,
                attempts=attempts,
                most=most_attempts(kind),
                least=least,
                expires_at=expires_at,
                now=now,
                jitter=jitter,
            )


def most_attempts(kind: ChannelKind) -> int:
    """Return after how many failed attempts a delivery to such a channel is dead."""
    return CHAT_ATTEMPTS if kind is ChannelKind.APPRISE else MAX_ATTEMPTS


def parked(result: SendResult, *, now: datetime) -> RetryPlan:
    """Decide what becomes of a delivery whose attempt failed while its endpoint, or the relay, is known to be down.

    The attempt does not count: the delivery waits for the breaker to close, behind those that wait there already.
    """
    return RetryPlan(
        state=DeliveryState.PENDING,
        due_at=now + SCHEDULE[0],
        reason=f"waits until it works again there, without losing a try: {result.reason}",
        counts=False,
    )


def held_back(result: SendResult, *, now: datetime) -> RetryPlan:
    """Decide what becomes of a delivery that was not tried, since enough of them go at a time: it does not count."""
    wait = max(asked_wait(result), timedelta(seconds=1))
    return RetryPlan(state=DeliveryState.PENDING, due_at=now + wait, reason=result.reason, counts=False)


def varied(wait: timedelta, jitter: float) -> timedelta:
    """Return a wait changed by up to a fifth either way; `jitter` is in [0, 1)."""
    return wait * (1 + JITTER * (2 * jitter - 1))


def asked_wait(result: SendResult) -> timedelta:
    """Return how long the receiver asks us to stay away: up to a day, and nothing for a moment that is past."""
    return min(timedelta(seconds=max(result.retry_after or 0.0, 0.0)), RETRY_AFTER_CAP)


def _after_failure(
    result: SendResult,
    *,
    attempts: int,
    most: int,
    least: timedelta,
    expires_at: datetime,
    now: datetime,
    jitter: float,
) -> RetryPlan:
    if attempts >= most:
        return _dead(now, f"gave up after {attempts} attempts: {result.reason}")
    wait = max(varied(SCHEDULE[max(attempts, 1) - 1], jitter), least)
    asked = asked_wait(result)
    cause = f"attempt {attempts} of {most} failed: {result.reason}"
    if asked > wait:
        cause += "; the receiver asked for this wait"
    return _later(max(wait, asked), cause, expires_at=expires_at, now=now)


def _after_unknown(
    result: SendResult, *, attempts: int, most: int, earlier: int, expires_at: datetime, now: datetime
) -> RetryPlan:
    if earlier > 0 or attempts >= most:
        return _dead(
            now,
            f"may have arrived, and is not sent again so as not to arrive twice: {result.reason}",
        )
    return _later(
        UNKNOWN_WAIT,
        f"may have arrived; one more try with the same id: {result.reason}",
        expires_at=expires_at,
        now=now,
    )


def _later(wait: timedelta, cause: str, *, expires_at: datetime, now: datetime) -> RetryPlan:
    due_at = now + wait
    if due_at > expires_at:
        return _dead(
            now, f"no news any more by the next try, in {words(wait.total_seconds())}; last: {cause}"
        )
    return RetryPlan(
        state=DeliveryState.PENDING,
        due_at=due_at,
        reason=f"{cause}; next try in {words(wait.total_seconds())}",
    )


def _dead(now: datetime, reason: str) -> RetryPlan:
    return RetryPlan(state=DeliveryState.DEAD, due_at=now, reason=reason)
