"""When to ask a feed again: one pure rule over the feed's rhythm, the server's wishes and the failures so far.

It reads no clock and rolls no dice: `now` and `jitter` are given. A feed is asked every `pace / sqrt(rate)` hours: of
all ways to share out a number of requests, that has the least mean delay per item (set the derivative of
`sum(rate * interval / 2)` under `sum(1 / interval)` constant to nothing), and by the same rule a busy hour is asked
more often than a quiet one. It never asks sooner than the floors, spreads only upwards, and obeys a server up to a
day (caching, ttl) or a week (Retry-After).
"""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from monitor.fetch import rhythm as learnt
from monitor.model import FetchState, Hints, Outcome
from monitor.text.duration import DAY, HOUR, words

SPREAD = 0.1
MAX_CACHED = DAY
MAX_BACKOFF = DAY
MAX_RETRY_AFTER = 7 * DAY
RATE_LIMITED_FLOOR = 600
GONE_AGAIN = HOUR  # between two answers of 410 that are believed
PROBE_FAILING = DAY
LONG_FAILING = timedelta(days=7)
PROBE_RETIRED = 7 * DAY
PROBE_GONE = 30 * DAY
DEAD_AFTER = timedelta(days=30)
DEAD_FAILURES = 20
HOSTILE_TIMES = 3
WINDOW_SHARE = 3  # a window must pass by three times before it is lost
PUSHED_AIM = 6 * HOUR
PUSHED_LEAST, PUSHED_MOST = 4.0, 12.0
_MAX_DOUBLINGS = 20  # beyond any cap; keeps the power small
_HALVINGS = 32  # of the logarithm of a range that is far below e^20: exact to a millionth
NOTABLE = 0.1  # by how much an interval differs from the mean before that is said
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """The next poll, the interval in seconds that led to it (before jitter, at least every floor), and why."""

    next_poll_at: datetime
    interval: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What bounds a feed's polling besides the feed and its server.

    `floor` (configured) and `ceiling` are in seconds. `pace` in hours is the mean interval of a feed of weight 1 with
    one item an hour, as `pace()` finds it for `budget` requests per feed and hour; `weight` multiplies the feed's
    rate. With `push` its hub tells us of new items. Its host is not asked before `host_wait`. `spread` is the
    share of the interval that jitter may add.
    """

    floor: int
    ceiling: int = DAY
    pace: float = 1.0
    budget: float = 1.0
    weight: float = 1.0
    push: bool = False
    host_wait: datetime | None = None
    spread: float = SPREAD


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wait:
    """A wait in seconds, and in words where it comes from."""

    seconds: int
    reason: str


def next_poll(
    state: FetchState,
    *,
    outcome: Outcome,
    headers: Mapping[str, str],
    hints: Hints,
    limits: Limits,
    now: datetime,
    jitter: float,
) -> Schedule:
    """Plan the next poll after one that ended in `outcome`.

    `state` is the one from before this poll, so a failure now is number `state.failures + 1`; only `rhythm` and
    `window` hold what this poll taught, and `hints` are those in force after it. `headers` are the response's,
    lower-case (empty without a response). `jitter` in [0, 1) adds up to `limits.spread` of the interval.
    """
    floor = _floor(outcome, headers, hints, limits, now)
    wanted = _wanted(state, limits, now, known_at=now if outcome.ok else state.last_ok_at or now)
    if outcome.ok and not _still_retired(state, outcome):
        plan = _at_least(floor, wanted)
    else:
        # Only what holds for every poll is doubled; what is asked for this once is obeyed as it stands.
        usual = max(wanted.seconds, limits.floor, min(hints.min_interval, MAX_CACHED))
        told = retry_after(headers, now) is not None
        plan = _at_least(floor, _after_failure(state, outcome, usual, now, told=told))
    planned = now + timedelta(seconds=plan.seconds * (1 + limits.spread * jitter))
    moment, skipped = _past_skips(planned, hints, jitter)
    return Schedule(next_poll_at=moment, interval=plan.seconds, reason=plan.reason + skipped)


def retire(state: FetchState, outcome: Outcome, *, now: datetime) -> str | None:
    """Say why a feed is retired from now on, after a poll that ended in `outcome`; None when it is not.

    One 410 may be an accident of a server under repair: a second one, an hour or more after, is believed. Otherwise
    30 days of at least 20 failures, and nothing else, are a death. `state` is the one from before this poll.
    """
    if outcome.ok:
        return None
    if outcome is Outcome.GONE and state.gone and state.last_polled_at is not None:
        if now - state.last_polled_at >= timedelta(seconds=GONE_AGAIN):
            return "gone for good: its server said so twice (HTTP 410)"
        return None
    failures = state.failures + 1
    if failures < DEAD_FAILURES or state.failing_since is None or now - state.failing_since < DEAD_AFTER:
        return None
    return (
        f"nothing but failures for {words((now - state.failing_since).total_seconds())} ({failures} in a row)"
    )


def pace(
    rates: Iterable[tuple[float, float]], *, budget: float, floor: int, ceiling: int, spread: float = SPREAD
) -> float:
    """Return the `Limits.pace` at which all feeds together make `budget` requests per feed and hour.

    `rates` has each feed's items per hour and its weight; every interval is held between `floor` and `ceiling`
    (seconds) and then lengthened by jitter, as `Limits.spread` says. A budget beyond what floor and ceiling allow
    gives the pace that comes nearest; without feeds it is `1 / budget`. Longer floors of servers, and windows that
    ask for more, are not counted: the first spend less, the second more.
    """
    demands = [math.sqrt(rate * weight) for rate, weight in rates]
    if not demands:
        return 1 / budget
    wanted = budget * (1 + spread / 2) * len(demands)  # jitter lengthens the mean interval by half its spread
    shortest, longest = max(floor, 1) / HOUR, ceiling / HOUR
    low, high = shortest * min(demands), longest * max(demands)
    for _ in range(_HALVINGS):
        middle = math.sqrt(low * high)
        spent = sum(1 / min(longest, max(shortest, middle / demand)) for demand in demands)
        low, high = (middle, high) if spent > wanted else (low, middle)
    return high


def _wanted(state: FetchState, limits: Limits, now: datetime, *, known_at: datetime) -> _Wait:
    """Return the interval that rhythm, budget and window lead to, regardless of what a server asks."""
    rhythm = learnt.Rhythm.from_text(state.rhythm, whole=False)
    rate = learnt.rate(rhythm, known_at)
    said = learnt.rate_words(rate) if rhythm.start is not None else "nothing learnt yet"
    most = max(limits.ceiling, limits.floor) / HOUR
    mean = limits.pace / math.sqrt(rate * limits.weight)
    hours = learnt.reach(learnt.weights(rhythm), now, mean, most)
    if hours < most:
        here = " at this hour" if abs(hours / mean - 1) > NOTABLE else ""
        reason = f"{said}, so every {words(hours * HOUR)}{here} (budget {_share(limits)})"
    else:
        reason = f"{said}, but asked every {words(most * HOUR)} at least"
    if limits.push:
        hours = min(most, hours * min(PUSHED_MOST, max(PUSHED_LEAST, PUSHED_AIM / HOUR / hours)))
        reason = f"{said}, of which its hub tells us, so only every {words(hours * HOUR)}"
    window = state.window / rate / WINDOW_SHARE if state.window else math.inf
    if window < hours:
        hours = window
        reason = f"{said} and {state.window} shown at a time, so every {words(hours * HOUR)} to miss none"
    return _Wait(seconds=math.ceil(hours * HOUR), reason=reason)


def _share(limits: Limits) -> str:
    """Say the request budget, and the feed's weight in it where that is not 1."""
    many = limits.budget >= 1
    number = f"{limits.budget:g} request{'' if limits.budget == 1 else 's'}" if many else "1 request"
    per = "hour" if many else f"{1 / limits.budget:.3g} h"
    weight = "" if limits.weight == 1 else f", weight {limits.weight:g}"
    return f"{number} per feed and {per}{weight}"


def _floor(
    outcome: Outcome, headers: Mapping[str, str], hints: Hints, limits: Limits, now: datetime
) -> _Wait:
    """Return the longest of all that forbids to ask sooner."""
    waits = [_Wait(seconds=limits.floor, reason=f"the floor is {words(limits.floor)}")]
    if hints.min_interval:
        waits.append(_asked("feed", hints.min_interval, "ttl", MAX_CACHED))
    if outcome.ok:
        waits.append(_asked("server", *_cached_for(headers, now), MAX_CACHED))
    told = retry_after(headers, now)
    if told is not None:
        waits.append(_asked("server", told, "Retry-After", MAX_RETRY_AFTER))
    if limits.host_wait is not None:
        left = math.ceil((limits.host_wait - now).total_seconds())
        waits.append(_asked("host", left, "for all its feeds", MAX_RETRY_AFTER))
    return max(waits, key=lambda wait: wait.seconds)


def _asked(who: str, seconds: int, field: str, cap: int) -> _Wait:
    beyond = f", obeyed up to {words(cap)}" if seconds > cap else ""
    return _Wait(seconds=min(seconds, cap), reason=f"{who} asks {words(seconds)} ({field}){beyond}")


def _at_least(floor: _Wait, wanted: _Wait) -> _Wait:
    if floor.seconds <= wanted.seconds:
        return wanted
    return _Wait(seconds=floor.seconds, reason=f"{wanted.reason}; {floor.reason}, which is longer")


def _after_failure(state: FetchState, outcome: Outcome, usual: int, now: datetime, *, told: bool) -> _Wait:
    """Return our own guess at how long to leave a failing feed alone; `told` is whether its server named a time."""
    probe = _probe(state, outcome, now)
    if probe is not None:
        return probe
    failures = state.failures + 1
    times = "1 failure" if failures == 1 else f"{failures} failures"
    # Where waiting is the server's own subject its word replaces our guess; elsewhere it can only add.
    if told and outcome in {Outcome.RATE_LIMITED, Outcome.SERVER_ERROR}:
        return _Wait(seconds=usual, reason=f"after {times}: {words(usual)} as usual")
    start = max(usual, RATE_LIMITED_FLOOR) if outcome is Outcome.RATE_LIMITED else usual
    # A machine that was offline for a moment bothered no server: its first retry need not wait twice as long.
    doublings = failures - 1 if outcome is Outcome.UNREACHABLE else failures
    backoff = max(start, min(start * 2 ** min(doublings, _MAX_DOUBLINGS), MAX_BACKOFF))
    if outcome is Outcome.GONE:
        backoff = max(backoff, GONE_AGAIN)
    return _Wait(seconds=backoff, reason=f"backing off after {times}: {words(backoff)}")


def _probe(state: FetchState, outcome: Outcome, now: datetime) -> _Wait | None:
    """Return the fixed, long interval of a feed that is retired, long failing or dangerous; None for any other."""
    if _still_retired(state, outcome) or retire(state, outcome, now=now) is not None:
        if outcome is Outcome.GONE:
            return _Wait(seconds=PROBE_GONE, reason="retired (HTTP 410), probed every 30 days")
        return _Wait(seconds=PROBE_RETIRED, reason="retired, probed weekly")
    failing = now - state.failing_since if state.failing_since is not None else timedelta(0)
    if failing >= LONG_FAILING:
        return _Wait(
            seconds=PROBE_FAILING, reason=f"failing for {words(failing.total_seconds())}, probed daily"
        )
    if outcome is Outcome.HOSTILE and state.outcome is outcome and state.failures + 1 >= HOSTILE_TIMES:
        return _Wait(seconds=PROBE_FAILING, reason="hostile again and again, probed daily")
    return None


def _still_retired(state: FetchState, outcome: Outcome) -> bool:
    """Whether a retired feed stays so: only a document that was read brings it back, not a 304."""
    return state.retired_at is not None and outcome not in {Outcome.NEW, Outcome.SAME}


def _past_skips(planned: datetime, hints: Hints, jitter: float) -> tuple[datetime, str]:
    """Move a poll out of the hours and days (GMT) that the feed wants skipped, and say so.

    A list of all hours or all days is a mistake and counts as none. All feeds that skip the same hours would meet at
    the first minute after: jitter spreads them over that hour.
    """
    hours, days = set(hints.skip_hours), set(hints.skip_days)
    hours = hours if len(hours) < 24 else set()
    days = days if len(days) < 7 else set()
    at = planned.astimezone(UTC)
    while at.hour in hours or at.weekday() in days:
        at = at.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    if at == planned:
        return planned, ""
    return (
        at + min(jitter * timedelta(hours=1), timedelta(minutes=59)),
        f"; feed asks to be left alone until {_DAYS[at.weekday()]} {at.hour}:00 GMT",
    )


def _cached_for(headers: Mapping[str, str], now: datetime) -> tuple[int, str]:
    """Return for how many more seconds the response is fresh (RFC 9111, 4.2) and which field says so."""
    for directive in headers.get("cache-control", "").split(","):
        name, _, value = directive.partition("=")
        if name.strip().lower() == "max-age":
            age = _seconds(headers.get("age", "")) or 0
            return max(0, (_seconds(value.strip().strip('"')) or 0) - age), "max-age"
    expires = _http_date(headers.get("expires", ""))
    if expires is None:
        return 0, ""
    # Both fields are by the server's clock, whose error cancels out; ours would not.
    base = _http_date(headers.get("date", "")) or now
    return max(0, int((expires - base).total_seconds())), "Expires"


def retry_after(headers: Mapping[str, str], now: datetime) -> int | None:
    """Return the seconds a server asks to wait (RFC 9110, 10.2.3: a number or a date), or None."""
    value = headers.get("retry-after", "").strip()
    seconds = _seconds(value)
    if seconds is not None:
        return seconds
    moment = _http_date(value)
    if moment is None:
        return None
    base = _http_date(headers.get("date", "")) or now
    return max(0, int((moment - base).total_seconds()))


def _seconds(text: str) -> int | None:
    return int(text) if re.fullmatch(r"[0-9]{1,10}", text.strip(), re.ASCII) else None


def _http_date(text: str) -> datetime | None:
    if not re.search(r"\d\d:\d\d", text):  # `0` and `-1` are common and mean "already expired"
        return None
    try:
        moment = parsedate_to_datetime(text.strip())
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (
        ValueError,
        IndexError,
        TypeError,
        OverflowError,
    ):  # year 9999 west of Greenwich has no moment in UTC
        return None
