"""A hit: the fact that an item satisfied a topic, with the words that made it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from monitor.model.item import Item


class HitReason(StrEnum):
    """In which situation the item was judged; only `live` hits may alert."""

    LIVE = "live"
    UPDATED = "updated"  # a changed version matched for the first time; may alert
    BASELINE = "baseline"  # found by the first poll of the feed
    HELD = "held"  # the feed issued its whole window again: kept, told to nobody
    BACKFILLED = "backfilled"  # found on an older page, from before the gap that was being filled


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One matched passage: `text == getattr(item.text, field)[start:end]`, offsets in code points."""

    field: str
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """Item version, topic revision, engine version and spans; unique per (item, topic)."""

    id: int = 0
    item: Item
    topic_id: int
    topic_slug: str
    topic_revision: int
    engine: str
    reason: HitReason
    spans: tuple[Span, ...]
    found_at: datetime

    @property
    def only_in_full_text(self) -> bool:
        """Whether all of its words were found only on the article's own page."""
        return self.item.full_text and all(span.field == "body" for span in self.spans) and bool(self.spans)
