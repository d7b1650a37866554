"""What a parsed document is, and how it crosses the pipe between the parser child and us (JSON, never pickle)."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from monitor.model import Hints, Outcome

AUTHOR_LIMIT = 200
TAG_LIMIT = 100
MAX_TAGS = 50
_HINT_LISTS = ("skip_hours", "skip_days")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of a document, in plain text as the ingest gate left it.

    `raw_id` is the guid or id as written; `link` is absolute; unknown or implausible dates are None.
    """

    raw_id: str | None = None
    link: str | None = None
    title: str = ""
    summary: str = ""
    body: str = ""
    author: str = ""
    tags: tuple[str, ...] = ()
    language: str = "und"
    published: datetime | None = None
    updated: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """How parsing ended. `outcome` NEW means that it was read; `reason` then is empty or says what was lost.

    `damaged` says that it was not well-formed: it may have been cut, and its validators stand for all of it.
    `format` is like `rss20`, `atom10`, `rss10` or `json11`; `language` a primary subtag or `und`; `hints` what the
    document says of its own polling.
    """

    outcome: Outcome
    reason: str = ""
    title: str = ""
    format: str = ""
    language: str = "und"
    damaged: bool = False
    hints: Hints = field(default_factory=Hints)
    entries: tuple[Entry, ...] = ()


def to_wire(parsed: Parsed) -> dict[str, Any]:
    """Turn a parsed document into what json can write."""
    fields = asdict(parsed)
    for entry in fields["entries"]:
        for name in ("published", "updated"):
            entry[name] = entry[name].isoformat() if entry[name] else None
    return fields


def from_wire(fields: Mapping[str, Any]) -> Parsed:
    """Rebuild what `to_wire` wrote."""
    entries = tuple(_entry(entry) for entry in fields["entries"])
    hints = Hints(**{**fields["hints"], **{name: tuple(fields["hints"][name]) for name in _HINT_LISTS}})
    return Parsed(**{**fields, "outcome": Outcome(fields["outcome"]), "hints": hints, "entries": entries})


def _entry(fields: Mapping[str, Any]) -> Entry:
    dates = {
        name: datetime.fromisoformat(fields[name]) if fields[name] else None
        for name in ("published", "updated")
    }
    return Entry(**{**fields, **dates, "tags": tuple(fields["tags"])})
