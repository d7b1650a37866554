"""When to ask a feed again: one pure rule over the feed's floor, the server's wishes and the failures so far.

It reads no clock and rolls no dice: `now` and `jitter` are given. It never asks sooner than the floor, spreads
only upwards, and obeys a server up to a day (caching) or a week (Retry-After).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from monitor.model import FetchState, Outcome
from monitor.text.duration import DAY, words

MAX_CACHED = DAY
MAX_BACKOFF = DAY
MAX_RETRY_AFTER = 7 * DAY
GONE_INTERVAL = 30 * DAY
RATE_LIMITED_FLOOR = 600
JITTER = 0.1
_MAX_DOUBLINGS = 20  # beyond any cap; keeps the power small


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """The next poll, the interval in seconds that led to it (before jitter), and why in words."""

    next_poll_at: datetime
    interval: int
    reason: str


def next_poll(
    state: FetchState,
    *,
    outcome: Outcome,
    headers: Mapping[str, str],
    min_interval: int,
    now: datetime,
    jitter: float,
) -> Schedule:
    """Plan the next poll after one that ended in `outcome`.

    `state` is the one from before this poll, so a failure now is number `state.failures + 1`. `headers` are
    the response's, lower-case (empty without a response). `min_interval` in seconds is the floor in force;
    `jitter` in [0, 1) adds up to a tenth.
    """
    if outcome.ok:
        interval, reason = _after_success(headers, min_interval, now)
    else:
        interval, reason = _after_failure(state, outcome, headers, min_interval, now)
    wait = timedelta(seconds=interval * (1 + JITTER * jitter))
    return Schedule(next_poll_at=now + wait, interval=interval, reason=reason)


def _after_success(headers: Mapping[str, str], min_interval: int, now: datetime) -> tuple[int, str]:
    asked, field = _cached_for(headers, now)
    if asked <= min_interval:
        return min_interval, f"{words(min_interval)} floor"
    interval = max(min_interval, min(asked, MAX_CACHED))
    return interval, f"server asks {words(asked)} ({field}){_beyond(asked, MAX_CACHED)}"


def _after_failure(
    state: FetchState, outcome: Outcome, headers: Mapping[str, str], min_interval: int, now: datetime
) -> tuple[int, str]:
    # One 410 may be an accident of a server under repair; the second is believed.
    if outcome is Outcome.GONE and state.gone > 0:
        return max(min_interval, GONE_INTERVAL), "gone (HTTP 410), looked for every 30 days"
    failures = state.failures + 1
    start = max(min_interval, RATE_LIMITED_FLOOR) if outcome is Outcome.RATE_LIMITED else min_interval
    # A machine that was offline for a moment bothered no server: its first retry need not wait twice as long.
    doublings = failures - 1 if outcome is Outcome.UNREACHABLE else failures
    backoff = max(start, min(start * 2 ** min(doublings, _MAX_DOUBLINGS), MAX_BACKOFF))
    told = retry_after(headers, now)
    if told is not None:
        obeyed = min(told, MAX_RETRY_AFTER)
        # Where waiting is the server's own subject its word replaces our guess; elsewhere it can only add.
        own_subject = outcome in {Outcome.RATE_LIMITED, Outcome.SERVER_ERROR}
        if obeyed > (min_interval if own_subject else backoff):
            return obeyed, f"server asks {words(told)} (Retry-After){_beyond(told, MAX_RETRY_AFTER)}"
        if own_subject:
            return min_interval, f"{words(min_interval)} floor, server asks less (Retry-After)"
    times = "1 failure" if failures == 1 else f"{failures} failures"
    return backoff, f"backing off after {times}: {words(backoff)}"


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


def _beyond(asked: int, cap: int) -> str:
    return f", obeyed up to {words(cap)}" if asked > cap else ""
