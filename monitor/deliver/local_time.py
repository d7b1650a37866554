"""Moments and periods in words: in the reader's language, time zone and to the minute (pure).

A time that is shown names its zone by the short form that people there use (PST), so that an hour that occurs twice
when the clocks are turned back is told apart; where a zone has none, by its distance from UTC.
"""

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from monitor.deliver.wording import Phrases


def zone_of(name: str) -> tzinfo:
    """Return the time zone with an IANA name, UTC for a name that nobody knows: a mail is written all the same."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def when(moment: datetime, phrases: Phrases, zone: tzinfo) -> str:
    """Return a moment in words: "4 March 2025, 05:05 PST"."""
    return f"{_date(moment.astimezone(zone), phrases)} {zone_name(moment, zone)}"


def clock(moment: datetime, phrases: Phrases, zone: tzinfo, *, beside: datetime) -> str:
    """Return a moment of the recent past: "14:05 PST", with its day when that is not the day of `beside`."""
    local = moment.astimezone(zone)
    time = f"{local:%H:%M} {zone_name(moment, zone)}"
    return time if local.date() == beside.astimezone(zone).date() else f"{_day(local, phrases)}, {time}"


def zone_name(moment: datetime, zone: tzinfo) -> str:
    """Return what a zone is called at a moment: "PST", "CDT", "UTC", or "UTC-03" where it has no name."""
    name = moment.astimezone(zone).tzname() or "UTC"
    return name if name[0].isalpha() else f"UTC{name}"


def period(since: datetime, until: datetime, phrases: Phrases, zone: tzinfo) -> str:
    """Return a period in words, to the minute: "3 March 2025, 07:00 – 4 March 2025, 07:00 PST"."""
    first, last = since.astimezone(zone), until.astimezone(zone)
    names = zone_name(since, zone), zone_name(until, zone)
    start = f"{_date(first, phrases)}{f' {names[0]}' if names[0] != names[1] else ''}"
    end = f"{last:%H:%M}" if first.date() == last.date() else _date(last, phrases)
    return f"{start} – {end} {names[1]}"


def short_period(since: datetime, until: datetime, phrases: Phrases, zone: tzinfo) -> str:
    """Return a period as a subject can hold it: "4 March, 14:00–15:00", "3–4 March", "28 February – 1 March"."""
    first, last = since.astimezone(zone), until.astimezone(zone)
    if first.date() == last.date():
        return f"{_day(last, phrases)}, {first:%H:%M}–{last:%H:%M}"
    if (first.year, first.month) == (last.year, last.month):
        return phrases.day.format(day=f"{first.day}–{last.day}", month=phrases.months[last.month - 1])
    return f"{_day(first, phrases)} – {_day(last, phrases)}"


def short_day(moment: datetime, phrases: Phrases, zone: tzinfo) -> str:
    """Return the day of a moment, without the year: "4 March"."""
    return _day(moment.astimezone(zone), phrases)


def _day(local: datetime, phrases: Phrases) -> str:
    return phrases.day.format(day=local.day, month=phrases.months[local.month - 1])


def _date(local: datetime, phrases: Phrases) -> str:
    return phrases.date.format(
        day=local.day, month=phrases.months[local.month - 1], year=local.year, time=f"{local:%H:%M}"
    )
