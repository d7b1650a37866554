"""What was learnt of a feed's publishing: how many items an hour, and at which hours of the week (pure).

Items are weighed by a half life of 14 days. The weights grow forward from `Rhythm.start` instead of shrinking
backward (forward decay: Cormode et al., ICDE 2009), so that a poll that finds nothing need not rewrite anything: the
time that has passed is in `now`. It plans no poll: `monitor.fetch.cadence` does.
"""

import base64
import binascii
import json
import math
import struct
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

HALF_LIFE = 14 * 24.0  # hours
WEEK = 168  # hours
# The prior: as if half an item had been seen in half an hour. Weak enough that one silent day outweighs it.
PRIOR_ITEMS = 0.5
PRIOR_HOURS = 0.5
FEW = 10.0  # items; below that many no hour of the week is told from another
# How many items' worth of evenness each level of the profile is given before its own items are believed.
EVEN_HOURS = 1.0
EVEN_DAYS = 4.0
EVEN_BOTH = 10.0
LEAST_WEIGHT = 0.02
REMEMBERED = timedelta(days=400)  # 28 half lives: what is older has no weight
_HOUR = timedelta(hours=1)
_UNIX = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_DOUBLINGS = 1000.0  # 2 ** 1024 is beyond a float
_FADES = tuple(2 ** (-age / HALF_LIFE) for age in range(WEEK + 1))
_PACKED = struct.Struct(f"<{WEEK}H")
_MAX_PACKED = 65_535
_BUSY_STEPS = 32  # of a byte, for the square root of a weight: up to 8 times the mean's
_WEIGHTS = tuple((step / _BUSY_STEPS) ** 2 for step in range(256))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """What was learnt of one feed; the default is nothing.

    `start` is since when its items are known without a hole. An item counted at `start` weighs 1, one a half life
    later 2, and so on. `items` is the sum of all weights, `hours` the sum in each hour of the week (Monday 0:00 UTC
    first; empty: none told). `last` is when the newest known item appeared. `busy` is the profile as known then, a
    byte for each hour of the week: reading it back costs a poll next to nothing, working it out does not.
    """

    start: datetime | None = None
    items: float = 0.0
    last: datetime | None = None
    hours: tuple[float, ...] = ()
    busy: bytes = b""

    def to_text(self) -> str:
        """Return it as compact JSON of at most some 800 characters; nothing learnt is ''."""
        if self.start is None:
            return ""
        known: dict[str, Any] = {"start": _stamp(self.start), "items": float(f"{self.items:.7g}")}
        if self.last is not None:
            known["last"] = _stamp(self.last)
        if self.hours:
            # A power of two, so that packing what was unpacked changes nothing.
            power = math.frexp(max(self.hours) / _MAX_PACKED)[1]
            scale = math.ldexp(1.0, -power)
            packed = _PACKED.pack(*[round(weight * scale) for weight in self.hours])
            known |= {"power": power, "hours": base64.b64encode(packed).decode()}
        if self.busy:
            known["busy"] = base64.b64encode(self.busy).decode()
        return json.dumps(known, separators=(",", ":"))

    @classmethod
    def from_text(cls, text: str, *, whole: bool = True) -> "Rhythm":
        """Read what `to_text` wrote; any other text is nothing learnt. Without `whole` the `hours` are left out."""
        if not text:
            return cls()
        try:
            known = json.loads(text)
            hours: tuple[float, ...] = ()
            if whole and "hours" in known:
                power = int(known["power"])
                packed = _PACKED.unpack(base64.b64decode(known["hours"], validate=True))
                scale = math.ldexp(1.0, power)
                hours = tuple([weight * scale for weight in packed])
            items = float(known["items"])
            if not 0 <= items < math.inf:
                return cls()
            last = _moment(known["last"]) if "last" in known else None
            busy = base64.b64decode(known["busy"], validate=True) if "busy" in known else b""
            if len(busy) not in {0, WEEK}:
                return cls()
            return cls(start=_moment(known["start"]), items=items, last=last, hours=hours, busy=busy)
        except (ValueError, TypeError, KeyError, OverflowError, binascii.Error, struct.error):
            return cls()


def seed(published: Sequence[datetime], now: datetime) -> Rhythm:
    """Learn from the dates of a first document (its baseline).

    A document is a window, cut off at its old end: before its oldest item nothing is known, so time counts from
    there and that item itself does not. Dates to come are left out. Where most dates share one time of day (a day
    without a time), they say nothing about hours. Fewer than two usable dates still tell of the silence since.
    """
    dates = sorted(date for date in published if now - REMEMBERED <= date <= now)
    old = [date for date in published if date < now - REMEMBERED]
    if not dates and not old:
        return Rhythm()
    # A document made on request dates all its items alike: less than an hour is no span to judge by.
    start = min((now - REMEMBERED) if old else dates[0], now - _HOUR)
    counted = dates if old else dates[1:]
    rhythm = _add(Rhythm(start=start), counted, timed=_have_times(dates))
    return replace(rhythm, last=dates[-1] if dates else max(old), busy=_packed(profile(rhythm, now)))


def learn(
    rhythm: Rhythm, arrivals: Sequence[datetime | None], *, since: datetime | None, now: datetime
) -> Rhythm:
    """Count the unseen items that a poll at `now` found.

    `arrivals` gives each item's date, or None. A date is believed between `since` (the previous poll that was
    answered; None: there was none) and `now`; otherwise the item appeared at `now`. The first call starts the clock,
    at `since`; without one its items have an unknown age and are not counted. A poll without unseen items need not
    be learnt from, once the clock runs.
    """
    if rhythm.start is None or rhythm.start > now:  # the clock was set back: start again rather than overrate
        rhythm = Rhythm(start=min(since, now) if since is not None else now, last=rhythm.last)
    if not arrivals or since is None:
        return rhythm
    times = [when if when is not None and since <= when <= now else now for when in arrivals]
    fresh = rhythm.busy and rhythm.last is not None and rhythm.last.date() == now.date()
    rhythm = replace(_add(rhythm, times, timed=True), last=max(times))
    # Once a day will do: the profile of a week hardly moves by an item.
    return rhythm if fresh else replace(rhythm, busy=_packed(profile(rhythm, now)))


def rate(rhythm: Rhythm, now: datetime) -> float:
    """Return the items per hour to be expected, as far as known at `now` (the last poll that was answered)."""
    items, hours = _evidence(rhythm, now)
    return items / hours


def weights(rhythm: Rhythm) -> tuple[float, ...]:
    """Return the profile as it was when items were last learnt of: 168 weights, or () for even."""
    return tuple(map(_WEIGHTS.__getitem__, rhythm.busy))


def profile(rhythm: Rhythm, now: datetime) -> tuple[float, ...]:
    """Return how busy each hour of the week is, as known at `now`: 168 weights with a mean of 1, or () for even.

    Three levels, each held towards the one before where items are few: all alike; hour of the day times day of the
    week; each hour of the week by itself.
    """
    if rhythm.start is None or not rhythm.hours:
        return ()
    fade = _fade(rhythm.start, now)
    counts = [weight * fade for weight in rhythm.hours]
    total = sum(counts)
    seen = _exposure_by_hour(rhythm.start, now)
    hours = sum(seen)
    if total < FEW or not hours:
        return ()
    expected = [each * total / hours for each in seen]
    by_hour = _held(
        _rounded([sum(counts[hour::24]) for hour in range(24)]),
        _rounded([sum(expected[hour::24]) for hour in range(24)]),
        EVEN_HOURS,
    )
    by_day = _held(
        [sum(counts[day : day + 24]) for day in range(0, WEEK, 24)],
        [sum(expected[day : day + 24]) for day in range(0, WEEK, 24)],
        EVEN_DAYS,
    )
    both = [day * hour for day in by_day for hour in by_hour]
    own = _held(counts, [e * b for e, b in zip(expected, both, strict=True)], EVEN_BOTH)
    weights = [max(LEAST_WEIGHT, b * o) for b, o in zip(both, own, strict=True)]
    mean = sum(weights) / WEEK
    return tuple(weight / mean for weight in weights)


def weight(rhythm: Rhythm, at: datetime) -> float:
    """Return how busy the hour of `at` is in the feed's week; 1 is the mean."""
    weights = profile(rhythm, at)
    return weights[hour_of_week(at)] if weights else 1.0


def expected(rhythm: Rhythm, since: datetime, until: datetime) -> float:
    """Return how many items were to be expected between two moments, by what was known at the first."""
    return rate(rhythm, since) * _busy_hours(rhythm, since, until)


def chance_of_none(rhythm: Rhythm, since: datetime, until: datetime) -> float:
    """Return the probability that nothing appears between two moments, by what was known at the first.

    Little evidence makes it careful: the rate is itself uncertain (gamma), so the count is negative binomial.
    """
    items, hours = _evidence(rhythm, since)
    return float((1 + _busy_hours(rhythm, since, until) / hours) ** -items)


def longest_pause(rhythm: Rhythm, at: datetime, chance: float) -> float:
    """Return how many hours of silence after `at` are as improbable as `chance`, regardless of the hours' weights."""
    items, hours = _evidence(rhythm, at)
    return float(hours * (chance ** (-1 / items) - 1))


def reach(weights: Sequence[float], now: datetime, amount: float, limit: float) -> float:
    """Return the hours from `now` until `amount` mean hours have gone by, at most `limit`.

    An hour counts by the square root of its weight, relative to the week's mean of these: over a week the sum is
    168, so the number of polls is that of even ones, but they stand denser where items do.
    """
    if not weights:
        return min(amount, limit)
    mean = sum(map(math.sqrt, weights)) / WEEK
    hour = hour_of_week(now)
    step = 1 - (now - _start_of_hour(now)) / _HOUR
    gone, left = 0.0, amount * mean
    while gone < limit:
        density = math.sqrt(weights[hour])
        if density * step >= left:
            return min(limit, gone + left / density)
        left -= density * step
        gone += step
        hour, step = (hour + 1) % WEEK, 1.0
    return limit


def hour_of_week(at: datetime) -> int:
    """Return 0 for Monday 0:00 to 1:00 UTC, up to 167."""
    utc = at.astimezone(UTC)
    return utc.weekday() * 24 + utc.hour


def rate_words(items_per_hour: float) -> str:
    """Say a rate in the unit that fits: `about 1.2 items an hour`, `about 3 items a week`."""
    for hours, unit in ((1, "an hour"), (24, "a day"), (WEEK, "a week"), (730, "a month")):
        number = items_per_hour * hours
        if number >= 0.95:  # said as 1
            shown = f"{round(number, 1):g}" if number < 10 else f"{number:.0f}"
            return f"about {shown} item{'' if shown == '1' else 's'} {unit}"
    return "less than 1 item a month"


def _add(rhythm: Rhythm, times: Sequence[datetime], *, timed: bool) -> Rhythm:
    assert rhythm.start is not None
    if not times:
        return rhythm
    hours = list(rhythm.hours) or [0.0] * WEEK
    items = rhythm.items
    for when in times:
        grown = 1 / _fade(rhythm.start, when)
        items += grown
        if timed:
            hours[hour_of_week(when)] += grown
    return replace(rhythm, items=items, hours=tuple(hours) if timed else rhythm.hours)


def _packed(weights: Sequence[float]) -> bytes:
    """Keep each weight to a few percent, by its square root: polls stand by that."""
    steps = [round(root * _BUSY_STEPS) for root in map(math.sqrt, weights)]
    return bytes(steps if max(steps, default=0) < 256 else [min(255, step) for step in steps])


def _have_times(dates: Sequence[datetime]) -> bool:
    if len(dates) < 4:
        return True
    most = Counter(date.timetz() for date in dates).most_common(1)[0][1]
    return 2 * most <= len(dates)


def _evidence(rhythm: Rhythm, now: datetime) -> tuple[float, float]:
    """Return items and hours as known at `now`, faded and with the prior: the parameters of a gamma distribution."""
    if rhythm.start is None or now <= rhythm.start:
        return PRIOR_ITEMS, PRIOR_HOURS
    fade = _fade(rhythm.start, now)
    return PRIOR_ITEMS + rhythm.items * fade, PRIOR_HOURS + (1 - fade) * HALF_LIFE / math.log(2)


def _fade(start: datetime, now: datetime) -> float:
    doublings = (now - start) / _HOUR / HALF_LIFE
    return float(2 ** -min(_MAX_DOUBLINGS, max(0.0, doublings)))


def _exposure_by_hour(start: datetime, now: datetime) -> list[float]:
    """Return for each hour of the week how many faded hours of it lie between two moments.

    The hour that runs counts as far as it has run: counted whole, it would look quiet because it is not over, and
    just this hour is the one that a poll is planned in.
    """
    seen = [0.0] * WEEK
    if now <= start:
        return seen
    first, last = _start_of_hour(start), _start_of_hour(now)
    missed, run = (start - first) / _HOUR, (now - last) / _HOUR
    current = hour_of_week(now)
    span = round((last - first) / _HOUR)
    weeks, rest = divmod(span, WEEK)
    newest = 2 ** ((0.5 - run) / HALF_LIFE) / (1 - _FADES[WEEK])
    more, fewer = newest * (1 - _FADES[WEEK] ** (weeks + 1)), newest * (1 - _FADES[WEEK] ** weeks)
    for age in range(WEEK):
        seen[current - age] = _FADES[age] * (more if age <= rest else fewer)
    seen[current] -= 1 - run
    seen[hour_of_week(start)] -= missed * 2 ** (-span / HALF_LIFE)
    return [max(0.0, each) for each in seen]


def _rounded(hours: Sequence[float]) -> list[float]:
    """Let each hour of the day share with its neighbours: news does not know the full hour."""
    return [
        hours[hour - 1] / 4 + hours[hour] / 2 + hours[(hour + 1) % len(hours)] / 4
        for hour in range(len(hours))
    ]


def _held(counts: Sequence[float], wanted: Sequence[float], even: float) -> list[float]:
    return [(count + even) / (want + even) for count, want in zip(counts, wanted, strict=True)]


def _busy_hours(rhythm: Rhythm, since: datetime, until: datetime) -> float:
    """Return how many mean hours lie between two moments, by the profile known at the first."""
    span = max(0.0, (until - since) / _HOUR)
    weights = profile(rhythm, since)
    if not weights:
        return span
    weeks, rest = divmod(span, WEEK)
    hour, step = hour_of_week(since), 1 - (since - _start_of_hour(since)) / _HOUR
    busy = weeks * WEEK
    while rest > 0:
        busy += weights[hour] * min(step, rest)
        rest -= step
        hour, step = (hour + 1) % WEEK, 1.0
    return busy


def _start_of_hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


def _stamp(moment: datetime) -> int:
    return round((moment - _UNIX).total_seconds())


def _moment(seconds: object) -> datetime:
    if not isinstance(seconds, int):
        raise TypeError(f"{seconds!r} is no whole number of seconds")
    return _UNIX + timedelta(seconds=seconds)
