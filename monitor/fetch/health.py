"""How a feed is doing: one word, since when, why, and what happens next (pure).

Silence is judged against the feed's own rhythm. It plans no poll and changes nothing: it reads what polling left in
the feed's state.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.fetch import rhythm as learnt
from monitor.model import Feed, FetchState, HealthState, Outcome
from monitor.text.duration import words

LATE_LEAST = timedelta(minutes=10)
LATE_MOST = timedelta(hours=1)
IMPROBABLE = 0.01
SILENT_LEAST = timedelta(hours=6)
STALE_LEAST = timedelta(days=30)
STALE_MOST = timedelta(days=365)  # of a feed with hardly an item the rhythm would explain decades
STALE_TIMES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """The state, since when it holds (None: not known), why in a sentence, and what happens next.

    Of a silent or stale feed `within` is the longest pause, in hours, that its rhythm explains.
    """

    state: HealthState
    since: datetime | None
    reason: str
    next: str
    within: float | None = None


def health(feed: Feed, *, now: datetime) -> Health:
    """Judge a feed by what its polls left."""
    state = feed.fetch
    if not feed.enabled:
        return Health(
            state=HealthState.OFF, since=None, reason=feed.disabled_reason, next="not polled while it is off"
        )
    if state.retired_at is not None:
        return Health(
            state=HealthState.RETIRED,
            since=state.retired_at,
            reason=state.reason,
            next=f"probed {_in(state, now)}; returns by itself when it is a valid feed again",
        )
    if state.failures:
        return Health(
            state=HealthState.FAILING,
            since=state.failing_since,
            reason=_failing(state),
            next=f"tried again {_in(state, now)}",
        )
    if now - state.next_poll_at > _patience(state):
        return _late(state, now)
    if state.outcome is None:
        return Health(
            state=HealthState.WAITING,
            since=None,
            reason="not polled yet",
            next=f"polled for the first time {_in(state, now)}",
        )
    return _answering(state, now)


def _answering(state: FetchState, now: datetime) -> Health:
    polled = f"polled again {_in(state, now)}"
    if state.empty_since is not None:
        reason = "answers with a feed that has no items"
        return Health(state=HealthState.EMPTY, since=state.empty_since, reason=reason, next=polled)
    rhythm = learnt.Rhythm.from_text(state.rhythm)
    last = _last_item(state, rhythm)
    known = state.last_ok_at or now  # after that nobody looked
    if last is not None and known > last:
        rate = learnt.rate_words(learnt.rate(rhythm, last))
        quiet = words((known - last).total_seconds())
        if _is_stale(rhythm, last, known):
            reason = f"answers, but nothing new for {quiet}; it used to have {rate}"
            next_ = f"{polled}; look whether the publisher has another feed"
            within = learnt.longest_pause(rhythm, last, IMPROBABLE)
            return Health(state=HealthState.STALE, since=last, reason=reason, next=next_, within=within)
        if known - last >= SILENT_LEAST and learnt.chance_of_none(rhythm, last, known) < IMPROBABLE:
            reason = f"nothing new for {quiet}, which at {rate} happens less than 1 time in 100"
            within = learnt.longest_pause(rhythm, last, IMPROBABLE)
            return Health(state=HealthState.SILENT, since=last, reason=reason, next=polled, within=within)
    return Health(state=HealthState.OK, since=None, reason=state.reason, next=polled)


def _is_stale(rhythm: learnt.Rhythm, last: datetime, known: datetime) -> bool:
    """Whether a silence is three times as long as the longest that the rhythm explains, and a month at least."""
    explained = learnt.longest_pause(rhythm, last, IMPROBABLE)
    bearable = min(STALE_MOST / timedelta(hours=1), STALE_TIMES * explained)
    return known - last >= max(STALE_LEAST, timedelta(hours=bearable))


def _last_item(state: FetchState, rhythm: learnt.Rhythm) -> datetime | None:
    """Return when the newest item appeared; without any dated or unseen one, when the first document was read."""
    known = [moment for moment in (state.last_new_at, rhythm.last) if moment is not None]
    return max(known) if known else state.baseline_at


def _failing(state: FetchState) -> str:
    times = f"{state.failures} failure{'s' if state.failures > 1 else ''} in a row"
    if state.outcome is Outcome.NOT_MODIFIED:
        # A 304 heals nothing: what failed may be the very document that did not change.
        return f"unchanged (304) since it failed: not read whole again yet ({times})"
    return f"{state.reason} ({times})"


def _late(state: FetchState, now: datetime) -> Health:
    due = words((now - state.next_poll_at).total_seconds())
    never = ", never polled" if state.outcome is None else ""
    return Health(
        state=HealthState.LATE,
        since=state.next_poll_at,
        reason=f"due for {due} and not polled: the daemon is behind or was off{never}",
        next="polled as soon as the daemon gets to it",
    )


def _patience(state: FetchState) -> timedelta:
    """Return how long a feed may be due: its interval, within ten minutes and an hour."""
    return max(LATE_LEAST, min(LATE_MOST, timedelta(seconds=state.interval)))


def _in(state: FetchState, now: datetime) -> str:
    left = (state.next_poll_at - now).total_seconds()
    return f"in {words(left)}" if left > 0 else "now"
