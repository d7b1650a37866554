"""A parsed document as plain data: what `monitor parse` prints, the one way to see what was read."""

from datetime import UTC, datetime
from typing import Any

from monitor.fetch.document import Entry, Parsed
from monitor.model import Outcome

PARSED = "parsed"  # what a poll calls new or same; a single document cannot know which


def document(file_name: str, parsed: Parsed) -> dict[str, Any]:
    """Return the document as JSON-ready data; times are RFC 3339 in UTC or None, text is body or summary."""
    return {
        "file": file_name,
        "outcome": PARSED if parsed.outcome is Outcome.NEW else parsed.outcome.value,
        "reason": parsed.reason,
        "feed": {"title": parsed.title, "format": parsed.format, "language": parsed.language},
        "items": [_item(entry) for entry in parsed.entries],
    }


def _item(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.raw_id,
        "title": entry.title,
        "link": entry.link,
        "published": _rfc3339(entry.published),
        "updated": _rfc3339(entry.updated),
        "text": entry.body or entry.summary,
    }


def _rfc3339(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z") if moment else None
