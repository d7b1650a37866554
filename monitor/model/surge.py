"""Places that stories are told by, surges of a topic, and forecasts to hold its trend against."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place named in a watchlist; an item whose text satisfies `query` tells of it. Degrees north and east.

    `groups` are the named groups that the query uses, as a topic's are.
    """

    id: int = 0
    slug: str
    watchlist: str
    name: str
    query: str
    groups: tuple[tuple[str, str], ...] = ()
    latitude: float | None = None
    longitude: float | None = None
    owner: str
    revision: int = 1
    enabled: bool = True


class Direction(StrEnum):
    """Where a forecast sees the number of stories go."""

    UP = "up"
    DOWN = "down"


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What somebody expects of topics from the day `begins` to the day `ends`, both included, in our own words.

    An empty `places` means no place in particular; `source` says who expects it.
    """

    id: int = 0
    slug: str
    watchlist: str
    topics: tuple[str, ...]
    places: tuple[str, ...] = ()
    begins: date
    ends: date
    direction: Direction
    text: str
    source: str = ""
    owner: str
    enabled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Surge:
    """Many more new stories of a topic (of a `place`, if one is named) than usual, in the `hours` before `until`.

    `usual` and `chance` are None while the history is too short to say. `reason` says it in words; `muted` is empty,
    or says why nobody is told.
    """

    id: int = 0
    topic: str
    topic_name: str
    place: str = ""
    place_name: str = ""
    until: datetime
    hours: int
    stories: int
    usual: float | None
    chance: float | None
    reason: str
    muted: str = ""
    found_at: datetime
