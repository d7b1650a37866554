"""Durations in words, as reasons use them (pure)."""

HOUR = 3600
DAY = 86_400
_UNITS = ((1, "s", 120), (60, "min", 7200), (3600, "h", 2 * DAY))  # seconds in one, its name, used below


def words(seconds: float) -> str:
    """Say a duration in the largest unit that fits: `90 s`, `60 min`, `5 h`, `3 days`."""
    for size, unit, until in _UNITS:
        if seconds < until:
            return f"{round(seconds / size)} {unit}"
    return f"{round(seconds / DAY)} days"
