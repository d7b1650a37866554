"""Times of day in a person's own time zone: when a digest is due, and until when quiet hours last.

Pure; DST-proof: a time of day that the clocks skip is taken as RFC 5545 takes it (as if they had not been changed yet),
of one that comes twice the first counts for a beginning and the second for an end.
"""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from monitor.model import Cadence, Quiet, Timing

DAY = timedelta(days=1)


def instant(day: date, minute: int, zone: str, *, last: bool = False) -> datetime:
    """Return the UTC instant of a minute of a local day; of one that comes twice the first, or the `last`."""
    local = datetime(day.year, day.month, day.day, minute // 60, minute % 60, tzinfo=ZoneInfo(zone))
    skipped = local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset() and (
        local.astimezone(UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None) != local.replace(tzinfo=None)
    )
    return local.replace(fold=int(last and not skipped)).astimezone(UTC)


def local_day(now: datetime, zone: str) -> date:
    """Return the day that it is in the zone."""
    return now.astimezone(ZoneInfo(zone)).date()


def day_began(now: datetime, zone: str) -> datetime:
    """Return the instant at which the present local day began."""
    return instant(local_day(now, zone), 0, zone)


def quiet_until(now: datetime, quiet: Quiet | None, zone: str) -> datetime | None:
    """Return when the quiet hours end that `now` falls into, or None when it falls into none."""
    if quiet is None:
        return None
    today = local_day(now, zone)
    for day in (today - DAY, today):
        begins = instant(day, quiet.begins, zone)
        ends = instant(day + DAY * (quiet.ends <= quiet.begins), quiet.ends, zone, last=True)
        if begins <= now < ends:
            return ends
    return None


def next_digest(after: datetime, timing: Timing, zone: str) -> datetime:
    """Return the first instant later than `after` at which the subscription's digest is due.

    An instant subscription has a daily one, of what was not worth an alert of its own.
    """
    if timing.cadence is Cadence.HOURLY:
        local = after.astimezone(ZoneInfo(zone))
        passed = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
        return (after - passed + timedelta(hours=1)).astimezone(UTC)
    day = local_day(after, zone)
    while True:
        due = instant(day, timing.digest_at, zone)
        if due > after and (timing.cadence is not Cadence.WEEKLY or day.weekday() == timing.digest_day):
            return due
        day += DAY
