"""Read the dates that feeds write and feedparser misreads or gives up on (pure).

Three kinds are taken before feedparser is believed, because it returns a wrong moment for them: epoch numbers,
compact ISO, ISO with a named or spaced zone. The rest (Spanish words, month first, 24:00) is tried where it
found nothing. A date that is implausible is unknown, never "now".
"""

import calendar
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone

EARLIEST = datetime(1995, 1, 1, tzinfo=UTC)
AHEAD = timedelta(hours=48)

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january ene enero",
            "feb february febrero",
            "mar march marzo",
            "apr april abr abril",
            "may mayo",
            "jun june junio",
            "jul july julio",
            "aug august ago agosto",
            "sep sept september set septiembre setiembre",
            "oct october octubre",
            "nov november noviembre",
            "dec december dic diciembre",
        ),
        start=1,
    )
    for name in names.split()
}
_HOURS = {
    name: hours
    for hours, names in (
        (0, "z ut utc gmt wet"),
        (-3, "adt"),
        (-4, "ast at edt"),
        (-5, "est et cdt"),
        (-6, "cst ct mdt"),
        (-7, "mst mt pdt"),
        (-8, "pst pt"),
        (1, "west bst cet met"),
        (2, "cest mest eet"),
        (3, "eest msk"),
    )
    for name in names.split()
}
_TIME = r"(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,]\d+)?)?"
_HALF = r"(?:\s*(?P<half>[ap])\.?\s?m\.?)?"
_ZONE = r"(?:\s*(?P<zone>[+-]\d\d:?\d\d|[+-]\d\d|[a-z]{1,5}))?"
_EPOCH = re.compile(r"(\d{9,10})(\d{3})?(?:\.\d+)?")
_COMPACT = re.compile(
    r"(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)t?(?P<hour>\d\d)(?P<minute>\d\d)(?P<second>\d\d)?" + _ZONE
)
_ISO = re.compile(r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)(?:t|\s+)" + _TIME + _ZONE)
_DATE = re.compile(r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)")
_DAY_FIRST = re.compile(
    r"(?:[a-záéíóú]{2,10}\.?,?\s+)?(?P<day>\d{1,2})(?:\s+de)?[\s-]+(?P<word>[a-z]{3,10})\.?,?(?:\s+del?)?[\s-]+"
    r"(?P<year>\d{4})(?:[\s,-]+(?:a las\s+)?" + _TIME + _HALF + r"(?:\s*h(?:rs|oras)?\b\.?)?" + _ZONE + r")?"
)
_MONTH_FIRST = re.compile(
    r"(?:[a-z]{3,10}\.?,?\s+)?(?P<word>[a-z]{3,10})\.?\s+(?P<day>\d{1,2})(?:st|nd|rd|th)?,?\s+"
    r"(?P<year>\d{4})(?:(?:,|\s+at|\s+-)?\s+" + _TIME + _HALF + _ZONE + r")?"
)
_LONGEST = 80


def read(text: str | None, parsed: Sequence[int] | None, *, now: datetime) -> datetime | None:
    """Return the moment a date text means, or None if it is unreadable, before 1995 or over 48 h ahead.

    `parsed` is what feedparser made of the same text: a UTC time tuple or None.
    """
    moment = _moment(text or "", parsed)
    if moment is None or not EARLIEST <= moment <= now + AHEAD:
        return None
    return moment


def _moment(text: str, parsed: Sequence[int] | None) -> datetime | None:
    value = " ".join(text.split()).lower()
    if len(value) <= _LONGEST:
        for pattern in (_COMPACT, _ISO):
            if (match := pattern.fullmatch(value)) and _ours(match, parsed):
                return _build(match)
        if match := _EPOCH.fullmatch(value):
            return _from_epoch(int(match[1]))
    if parsed is not None:
        try:
            return _from_epoch(calendar.timegm(tuple(parsed)))
        except (ValueError, OverflowError, TypeError):
            return None
    if len(value) > _LONGEST:
        return None
    found = next(filter(None, (form.fullmatch(value) for form in (_DATE, _DAY_FIRST, _MONTH_FIRST))), None)
    return _build(found) if found else None


def _ours(match: re.Match[str], parsed: Sequence[int] | None) -> bool:
    """Whether feedparser misreads this form: compact, a space before the zone, or a zone in words."""
    if match.re is _COMPACT or parsed is None:
        return True
    zone = match["zone"] or ""
    return len(zone) > 1 and (zone.isalpha() or match.string[match.start("zone") - 1] == " ")


def _build(match: re.Match[str]) -> datetime | None:
    parts = match.groupdict()
    month = _MONTHS.get(parts["word"]) if "word" in parts else int(parts["month"])
    hours = _offset(parts.get("zone") or "z")
    if month is None or hours is None:
        return None
    hour, minute, second = (int(parts.get(name) or 0) for name in ("hour", "minute", "second"))
    if parts.get("half"):
        hour = hour % 12 + (12 if parts["half"] == "p" else 0)
    next_day = hour == 24 and minute == second == 0  # ISO 8601: the end of the day
    try:
        moment = datetime(
            int(parts["year"]),
            month,
            int(parts["day"]),
            0 if next_day else hour,
            minute,
            min(second, 59),
            tzinfo=timezone(timedelta(hours=hours)),
        )
        return (moment + timedelta(days=int(next_day))).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _offset(zone: str) -> float | None:
    if zone[0] not in "+-":
        return _HOURS.get(zone)
    digits = zone[1:].replace(":", "").ljust(4, "0")
    hours = int(digits[:2]) + int(digits[2:]) / 60
    return -hours if zone[0] == "-" else hours


def _from_epoch(seconds: int) -> datetime | None:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
