"""When a subscription is told: at once or in digests, its quiet hours, and how much of it."""

from dataclasses import dataclass
from enum import StrEnum

DAY_MINUTES = 24 * 60


class Cadence(StrEnum):
    """How often a subscription is told at most; every cadence but `instant` is a digest."""

    INSTANT = "instant"
    HOURLY = "hourly"
    DAILY = "daily"
    WEEKLY = "weekly"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet:
    """A window of the day in which nothing is sent: local minutes after midnight; it may wrap over midnight."""

    begins: int
    ends: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """When one subscription is told; all hours are meant in its subscriber's time zone.

    `bundle_minutes`: further news of a story told less than that ago waits, and goes out together. `digest_at` is a
    minute of the day and `digest_day` a day of the week (Monday is 0, for `weekly`); an instant subscription has a
    daily digest too, of what was not worth an alert of its own. `pierce`: urgent topics are told in quiet hours, too.
    `budget` bounds instant alerts a local day (0: no bound); what is over goes to the digest. An item published more
    than `max_age_hours` before it was found is no alert: it goes to the digest, marked as old. `all_quiet`: once a
    week without anything to tell, say so.
    """

    cadence: Cadence = Cadence.INSTANT
    bundle_minutes: int = 15
    digest_at: int = 7 * 60
    digest_day: int = 0
    quiet: Quiet | None = None
    pierce: bool = False
    budget: int = 0
    max_age_hours: int = 48
    all_quiet: bool = False
