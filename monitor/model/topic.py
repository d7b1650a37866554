"""A topic: what someone wants watched."""

from dataclasses import dataclass
from enum import StrEnum


class Priority(StrEnum):
    """How urgent a topic's alerts are."""

    URGENT = "urgent"
    NORMAL = "normal"
    LOW = "low"


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A pinned example: text that the topic's query must (or must not) match."""

    title: str
    summary: str = ""
    language: str = "und"
    match: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """Name, description, priority and query; each change of the query or of its groups makes a new `revision`.

    `groups` are the named groups that the query uses, directly or through another group: name and expression, by
    name, so that a topic can be read by itself. `tags` are what subscriptions can ask for. `watchlist` names the file
    or export it belongs to; `id` is 0 before the topic is stored.
    """

    id: int = 0
    slug: str
    watchlist: str
    name: str
    description: str
    priority: Priority
    query: str
    groups: tuple[tuple[str, str], ...] = ()
    tags: tuple[str, ...] = ()
    owner: str
    revision: int = 1
    enabled: bool = True
    examples: tuple[Example, ...] = ()
