"""When an endpoint, or the mail relay, is left alone, asked again, told about and given up.

Pure: the time and the random part are parameters. closed -> open after failures in a row (the relay: at once) ->
half-open when a probe is due, one at a time and ever rarer -> closed by any success. It stores and sends nothing.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from monitor.deliver.retry import asked_wait, varied
from monitor.model import RELAY, Breaker, ChannelKind, SendResult

OPENS_AFTER = 5
FIRST_PROBE = {
    ChannelKind.WEBHOOK: timedelta(minutes=5),
    ChannelKind.EMAIL: timedelta(minutes=1),
    ChannelKind.CONSOLE: timedelta(minutes=1),
    ChannelKind.APPRISE: timedelta(minutes=5),
}
LONGEST_PROBE = timedelta(hours=1)
TOLD_AFTER = timedelta(hours=24)
GIVEN_UP_AFTER = timedelta(days=5)
GIVEN_UP_ATTEMPTS = 10
NOTED_EVERY = timedelta(minutes=1)  # a success that changes nothing else is written down this often


def failed(
    breaker: Breaker, result: SendResult, *, kind: ChannelKind, now: datetime, jitter: float
) -> Breaker:
    """Return the breaker after an attempt that its endpoint or relay let down; `jitter` is in [0, 1).

    The fifth failure in a row opens a channel's breaker, the first the relay's. A probe that failed doubles the wait
    for the next, up to an hour. Where the receiver says how long to stay away, nothing goes there before.
    """
    asked = asked_wait(result)
    held_until = now + asked if asked else breaker.held_until
    after = replace(
        breaker,
        failures=breaker.failures + 1,
        failing_since=breaker.failing_since or now,
        held_until=held_until,
        reason=result.reason,
    )
    if after.opened_at is not None:
        return _probed(after, kind=kind, now=now, jitter=jitter, asked=asked)
    if after.failures < OPENS_AFTER and after.key != RELAY:
        return after
    wait = max(varied(FIRST_PROBE[kind], jitter), asked)
    return replace(after, opened_at=now, probes=0, probe_at=now + wait)


def undecided(breaker: Breaker, *, kind: ChannelKind, now: datetime, jitter: float) -> Breaker:
    """Return the breaker after an attempt of which nobody knows what became of it: no failure, and no success."""
    return (
        _probed(breaker, kind=kind, now=now, jitter=jitter, asked=timedelta()) if breaker.is_open else breaker
    )


def answered(breaker: Breaker, *, accepted: bool, now: datetime) -> Breaker:
    """Return the breaker after an answer: it is closed, and one that `accepted` is remembered as the last success."""
    rested = breaker.last_ok_at is not None and now - breaker.last_ok_at < NOTED_EVERY
    if (
        not breaker.failures
        and not breaker.is_open
        and breaker.held_until is None
        and (rested or not accepted)
    ):
        return breaker
    return Breaker(
        key=breaker.key, channel_id=breaker.channel_id, last_ok_at=now if accepted else breaker.last_ok_at
    )


def is_given_up(breaker: Breaker, *, now: datetime) -> bool:
    """Say whether a channel has only failed for so long that it is switched off; the relay never is."""
    return (
        breaker.key != RELAY
        and breaker.failing_since is not None
        and breaker.failures >= GIVEN_UP_ATTEMPTS
        and now - breaker.failing_since >= GIVEN_UP_AFTER
    )


def is_to_be_told(breaker: Breaker, *, now: datetime) -> bool:
    """Say whether people are to be told now that it is degraded: open for a day, and not told yet."""
    return breaker.opened_at is not None and breaker.told_at is None and now - breaker.opened_at >= TOLD_AFTER


def _probed(
    breaker: Breaker, *, kind: ChannelKind, now: datetime, jitter: float, asked: timedelta
) -> Breaker:
    """Plan the next probe, if this was one: what was on its way when the breaker opened comes back before."""
    if breaker.probe_at is None or breaker.probe_at > now:
        return breaker
    probes = breaker.probes + 1
    wait = min(FIRST_PROBE[kind] * 2 ** min(probes, 10), LONGEST_PROBE)
    return replace(breaker, probes=probes, probe_at=now + max(varied(wait, jitter), asked))
