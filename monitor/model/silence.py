"""A silence: a one-off mute with an owner, a reason and an end."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Matcher:
    """What a silence keeps back: hits that pass every filter that is not empty.

    All hold slugs or codes but `stories`, which holds uids of stories, and `words`: any of them in the title or summary
    of the item, whatever their case and accents. An empty matcher keeps back everything.
    """

    subscribers: tuple[str, ...] = ()
    subscriptions: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    priorities: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    publishers: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    feeds: tuple[str, ...] = ()
    stories: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """In force from `begins_at` until before `ends_at` (None: until somebody ends it).

    `owner` is who made it: `cli`, `ui`, `api`, or `subscriber:SLUG` for one made by a link in a subscriber's own mail.
    """

    id: int = 0
    uid: str
    matcher: Matcher
    owner: str
    reason: str
    begins_at: datetime
    ends_at: datetime | None = None
    created_at: datetime

    def in_force(self, now: datetime) -> bool:
        """Whether it keeps hits back at that time."""
        return self.begins_at <= now and (self.ends_at is None or now < self.ends_at)
