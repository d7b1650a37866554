"""An item: one thing published in a feed, and its text as the matcher sees it."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemText:
    """What a query can look at: plain text of every field, as the ingest gate left it.

    `language` is a BCP 47 primary tag or `und`; `source` is the publisher or feed title.
    """

    title: str
    summary: str = ""
    body: str = ""
    language: str = "und"
    url: str = ""
    source: str = ""
    author: str = ""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemDraft:
    """An item as one poll found it, before the store knows whether it is new.

    `key` is its identity inside the feed (`guid:…`, `link:…` or `hash:…`), `fingerprint` changes when title or
    text change, `canonical_link` is for comparing only. Unknown or implausible dates are None, never "now".
    """

    key: str
    raw_id: str | None
    fingerprint: str
    link: str | None
    canonical_link: str | None
    text: ItemText
    published: datetime | None = None
    updated: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A stored item in one version; of a `full_text` one the body was read from the article's own page."""

    id: int
    feed_id: int
    feed_slug: str
    key: str
    version: int
    link: str | None
    canonical_link: str | None
    first_seen: datetime
    published: datetime | None
    updated: datetime | None
    text: ItemText
    full_text: bool = False
