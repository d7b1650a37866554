"""Read JSON Feed 1.0 and 1.1 (jsonfeed.org/version/1.1), which feedparser does not know."""

import hashlib
import json
import re
from collections.abc import Collection
from datetime import datetime
from typing import Any
from urllib.parse import urljoin

from monitor.fetch import hints
from monitor.fetch.cut import piece
from monitor.fetch.dates import read
from monitor.fetch.document import AUTHOR_LIMIT, MAX_TAGS, TAG_LIMIT, Entry, Parsed
from monitor.fetch.language import primary
from monitor.model import Outcome
from monitor.text import gate

_VERSION = re.compile(r"https?://(?:www\.)?jsonfeed\.org/version/([0-9.]{1,8})/?")

_PIECES = "1"  # another reading of the same items: everything is read anew
_FORMATS = {"1": "json10", "1.0": "json10", "1.1": "json11"}


def parse(body: bytes, *, url: str, now: datetime, limit: int, seen: Collection[str] = frozenset()) -> Parsed:
    """Read the first `limit` items but for those whose piece is in `seen`; outcomes are as in `parse.parse`."""
    try:
        found = json.loads(body)
    except RecursionError:
        return Parsed(outcome=Outcome.HOSTILE, reason="JSON nested too deeply to be a feed")
    except ValueError as error:
        return Parsed(outcome=Outcome.MALFORMED, reason=f"JSON that cannot be read: {error}"[:200])
    version = _VERSION.fullmatch(_string(found.get("version"))) if isinstance(found, dict) else None
    if version is None or not isinstance(found.get("items"), list):
        return Parsed(outcome=Outcome.NOT_A_FEED, reason="JSON, but no JSON Feed (no version or no items)")
    language = primary(_string(found.get("language")))
    items = [item for item in found["items"] if isinstance(item, dict)]
    count = len(found["items"])
    notes = [f"{count - len(items)} items that are no objects were left out"] if len(items) < count else []
    if len(items) > limit:
        notes.append(f"{len(items)} items, of which the first {limit} were read")
    pieces = _pieces(items[:limit], found, url)
    unseen = [item for item, name in zip(items, pieces, strict=False) if name not in seen]
    return Parsed(
        outcome=Outcome.NEW,
        reason="; ".join(notes),
        title=gate.title(_string(found.get("title"))),
        format=_FORMATS.get(version[1], "json"),
        language=language,
        hints=hints.of_json_feed(found, url=url),
        entries=tuple(_entry(item, found, url, language, now) for item in unseen),
        pieces=pieces,
    )


def _pieces(items: list[dict[str, Any]], feed: dict[str, Any], url: str) -> tuple[str, ...]:
    """Name each item by its own content and by what it takes from the feed: language, authors, address."""
    taken = [_PIECES, url, *(feed.get(name) for name in ("language", "authors", "author"))]
    context = hashlib.blake2b(_canonical(taken)).digest()
    return tuple(piece(_canonical(item), context) for item in items)


def _canonical(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode("ascii")


def _entry(item: dict[str, Any], feed: dict[str, Any], url: str, language: str, now: datetime) -> Entry:
    marked_up = _string(item.get("content_html"))
    content = marked_up or _string(item.get("content_text"))
    own = primary(_string(item.get("language")))
    return Entry(
        raw_id=gate.plain(_identity(item.get("id")), html=False, limit=gate.LINK_LIMIT) or None,
        link=_link(item, url),
        title=gate.title(_string(item.get("title"))),
        summary=gate.plain(_string(item.get("summary")), html=False, limit=gate.TEXT_LIMIT),
        body=gate.plain(content, html=bool(marked_up), limit=gate.TEXT_LIMIT),
        author=_author(item) or _author(feed),
        tags=_tags(item.get("tags")),
        language=own if own != "und" else language,
        published=read(_string(item.get("date_published")), None, now=now),
        updated=read(_string(item.get("date_modified")), None, now=now),
    )


def _identity(value: object) -> str:
    """Return the id as text; the specification asks readers to coerce numbers."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return _string(value)


def _link(item: dict[str, Any], url: str) -> str | None:
    value = _string(item.get("url")) or _string(item.get("external_url"))
    try:
        return gate.link(urljoin(url, value.strip())) if value else None
    except ValueError:
        return None


def _author(owner: dict[str, Any]) -> str:
    """Return the names in `authors` (1.1), else in `author` (1.0)."""
    several = owner.get("authors")
    people = several if isinstance(several, list) and several else [owner.get("author")]
    names = [_string(person.get("name")) for person in people if isinstance(person, dict)]
    return gate.plain(", ".join(name for name in names if name), html=False, limit=AUTHOR_LIMIT)


def _tags(value: object) -> tuple[str, ...]:
    texts = [_string(tag) for tag in value] if isinstance(value, list) else []
    names = (gate.plain(text, html=False, limit=TAG_LIMIT) for text in texts)
    return tuple(dict.fromkeys(name for name in names if name))[:MAX_TAGS]


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""
