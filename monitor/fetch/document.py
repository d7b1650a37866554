"""What a parsed document is, and how it crosses the pipe between the parser child and us (JSON, never pickle).

Entries cross as rows without names, since there are many of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
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

    `pieces` names every entry of the document in its order (16 hex digits that stand for its bytes and for what
    around them gives them meaning), or is empty if the document could only be read whole. Then `entries` are all of
    it; else those whose piece the caller had not seen.
    """

    outcome: Outcome
    reason: str = ""
    title: str = ""
    format: str = ""
    language: str = "und"
    damaged: bool = False
    hints: Hints = field(default_factory=Hints)
    pieces: tuple[str, ...] = ()
    entries: tuple[Entry, ...] = ()


_HINTS = tuple(item.name for item in fields(Hints))


def to_wire(parsed: Parsed) -> dict[str, Any]:
    """Turn a parsed document into what json can write."""
    return {
        "outcome": parsed.outcome.value,
        "reason": parsed.reason,
        "title": parsed.title,
        "format": parsed.format,
        "language": parsed.language,
        "damaged": parsed.damaged,
        "hints": {name: getattr(parsed.hints, name) for name in _HINTS},
        "entries": [_row(entry) for entry in parsed.entries],
        "pieces": "".join(parsed.pieces),
    }


def from_wire(found: Mapping[str, Any]) -> Parsed:
    """Rebuild what `to_wire` wrote."""
    hints = Hints(**{**found["hints"], **{name: tuple(found["hints"][name]) for name in _HINT_LISTS}})
    names = found["pieces"]
    return Parsed(
        **{
            **found,
            "outcome": Outcome(found["outcome"]),
            "hints": hints,
            "entries": tuple(map(_entry, found["entries"])),
            "pieces": tuple(names[start : start + 16] for start in range(0, len(names), 16)),
        }
    )


def _row(entry: Entry) -> list[Any]:
    return [
        entry.raw_id,
        entry.link,
        entry.title,
        entry.summary,
        entry.body,
        entry.author,
        entry.tags,
        entry.language,
        entry.published.isoformat() if entry.published else None,
        entry.updated.isoformat() if entry.updated else None,
    ]


def _entry(row: list[Any]) -> Entry:
    raw_id, link, title, summary, body, author, tags, language, published, updated = row
    return Entry(
        raw_id=raw_id,
        link=link,
        title=title,
        summary=summary,
        body=body,
        author=author,
        tags=tuple(tags),
        language=language,
        published=datetime.fromisoformat(published) if published else None,
        updated=datetime.fromisoformat(updated) if updated else None,
    )
