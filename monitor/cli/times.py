"""Read the times that people write on a command line."""

from datetime import UTC, datetime, timedelta

from monitor.errors import Refused

_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


def span(text: str) -> timedelta:
    """Read how long: `90m`, `24h`, `7d` or `2w`. Raises Refused."""
    number, unit = text[:-1], text[-1:]
    try:
        if unit in _UNITS and number.isdecimal() and int(number):
            return int(number) * _UNITS[unit]
    except OverflowError:
        pass
    raise Refused(f"{text!r} is no length of time: write 90m, 24h, 7d or 2w")


def date(text: str) -> datetime:
    """Read a date or time; one without a zone is meant in UTC. Raises Refused."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise Refused(f"{text!r} is no time: write 2026-01-31 or 2026-01-31T12:00-07:00") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
