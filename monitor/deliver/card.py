"""What a person is shown of each item of an alert: headline, outlet, time, excerpt, link and the reason.

Groups an alert's hits by item, so that an item which several topics found is told once. Used by the senders
that write for people (email, console); the webhook carries the hits as they are.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from urllib.parse import urlsplit

from monitor.deliver.local_time import when, zone_of
from monitor.deliver.wording import (
    Part,
    Phrases,
    joined,
    one_line,
    outermost,
    phrases_for,
    safe_link,
    why_alert,
)
from monitor.model import Alert, AlertHit, HoldCause, Item, Priority, Span, Story

HEADLINE_LIMIT = 300
EXCERPT_LIMIT = 420
LEAD_IN = 80  # characters shown before the first matched word when an excerpt starts in mid-text


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One item, ready to be shown; all text is clean and bounded.

    `line` holds outlet, time and language, and of a story's first item how many outlets the story has. `note` says
    why it waited, or that it is old.
    """

    language: str
    urgent: bool
    headline: tuple[Part, ...]
    line: str
    excerpt: tuple[Part, ...]
    link: str | None
    why: tuple[Part, ...]
    topics: tuple[str, ...]
    note: str = ""

    @property
    def headline_text(self) -> str:
        """The headline without its marks."""
        return joined(self.headline)

    @property
    def excerpt_text(self) -> str:
        """The excerpt without its marks."""
        return joined(self.excerpt)

    @property
    def why_text(self) -> str:
        """The reason without its marks."""
        return joined(self.why)


def cards(alert: Alert) -> tuple[Card, ...]:
    """Return one card for each item of the alert, in the alert's order."""
    subscriber = alert.subscription.subscriber
    phrases, zone = phrases_for(subscriber.language), zone_of(subscriber.zone)
    counted: set[str] = set()
    made = []
    for entries in by_item(alert.hits):
        story = entries[0].story or alert.story
        coverage = "" if story.uid in counted else _coverage(story, phrases)
        counted.add(story.uid)
        made.append(card_of(entries, phrases, zone, coverage=coverage))
    return tuple(made)


def by_item(entries: Iterable[AlertHit]) -> tuple[tuple[AlertHit, ...], ...]:
    """Put the hits of one item together; items keep the order of their first hits."""
    found: dict[int, list[AlertHit]] = {}
    for entry in entries:
        found.setdefault(entry.hit.item.id, []).append(entry)
    return tuple(map(tuple, found.values()))


def card_of(
    entries: Sequence[AlertHit],
    phrases: Phrases,
    zone: tzinfo,
    *,
    coverage: str = "",
    excerpt: int = EXCERPT_LIMIT,
) -> Card:
    """Return the card of one item, from its hits; `excerpt` bounds that in characters."""
    item = entries[0].hit.item
    spans = [span for entry in entries for span in entry.hit.spans]
    return Card(
        language=language_tag(item.text.language),
        urgent=any(entry.topic.priority is Priority.URGENT for entry in entries),
        headline=_window(item.text.title, _of(spans, "title"), HEADLINE_LIMIT)
        or (Part(text=phrases.no_headline),),
        line=" · ".join(part for part in (_line(item, phrases, zone), coverage) if part),
        excerpt=_excerpt(item, spans, excerpt),
        link=safe_link(item.link),
        why=why_alert(entries, phrases),
        topics=tuple(one_line(entry.topic.name, 200) or entry.topic.slug for entry in entries),
        note=_note(entries),
    )


def _note(entries: Iterable[AlertHit]) -> str:
    """Say why an item waited; that it came on schedule is worth no words."""
    notes = (one_line(entry.note, 200) for entry in entries if entry.cause is not HoldCause.CADENCE)
    return "; ".join(dict.fromkeys(note for note in notes if note))


def outlet_name(item: Item) -> str:
    """Return who published an item: its source, or the host it lies on."""
    link = safe_link(item.link)
    return one_line(item.text.source, 120) or (urlsplit(link).hostname or "" if link else "")


def _coverage(story: Story, phrases: Phrases) -> str:
    """Say how many outlets a story has, once it has more than one."""
    if story.outlets < 2:
        return ""
    return phrases.coverage.format(outlets=story.outlets, independent=story.independent)


def _line(item: Item, phrases: Phrases, zone: tzinfo) -> str:
    published = item.published or item.updated
    if published is not None:
        time = phrases.published.format(when=when(published, phrases, zone))
    else:
        time = phrases.first_seen.format(when=when(item.first_seen, phrases, zone))
    language = phrases.languages.get(language_tag(item.text.language), "")
    return " · ".join(part for part in (outlet_name(item), time, language) if part)


def language_tag(language: str) -> str:
    """Return the primary tag of a language as HTML takes it, `und` for what is none."""
    primary = language.lower().partition("-")[0]
    return primary if primary.isascii() and primary.isalpha() and 2 <= len(primary) <= 3 else "und"


def _of(spans: Iterable[Span], field: str) -> list[Span]:
    return [span for span in spans if span.field == field]


def _excerpt(item: Item, spans: Sequence[Span], limit: int) -> tuple[Part, ...]:
    # The body is shown only where it alone holds the words, so that a summary stays what its author wrote.
    in_body = _of(spans, "body")
    if in_body and (not _of(spans, "summary") or not item.text.summary):
        return _window(item.text.body, in_body, limit)
    if not item.text.summary:
        return _window(item.text.body, (), limit)  # many feeds send only the whole text
    return _window(item.text.summary, _of(spans, "summary"), limit)


def _window(text: str, spans: Sequence[Span], limit: int) -> tuple[Part, ...]:
    """Cut `limit` characters out of the text around the first span, and mark the spans inside them."""
    first = min((span.start for span in spans), default=0)
    start = 0
    if first > limit - LEAD_IN:
        start = text.find(" ", max(first - LEAD_IN, 0), first) + 1 or first
    end = len(text)
    if end - start > limit:
        end = text.rfind(" ", start + limit // 2, start + limit)
        end = end if end != -1 else start + limit
    parts = _marked(text, start, end, spans)
    if parts and start:
        parts.insert(0, Part(text="…"))
    if parts and end < len(text):
        parts.append(Part(text="…"))
    return tuple(parts)


def _marked(text: str, start: int, end: int, spans: Sequence[Span]) -> list[Part]:
    parts: list[Part] = []
    at = start
    for span in outermost(spans):
        left, right = max(span.start, at), min(span.end, end)
        if left >= right:
            continue
        parts += [_part(text[at:left], marked=False), _part(text[left:right], marked=True)]
        at = right
    parts.append(_part(text[at:end], marked=False))
    return _trimmed([part for part in parts if part.text])


def _part(raw: str, *, marked: bool) -> Part:
    # one_line trims; the spaces that part a piece from its neighbours are put back.
    clean = one_line(raw, len(raw))
    if not clean:
        return Part(text=" " if raw[:1].isspace() else "")
    left = " " if raw[0].isspace() else ""
    right = " " if raw[-1].isspace() else ""
    return Part(text=f"{left}{clean}{right}", marked=marked)


def _trimmed(parts: list[Part]) -> list[Part]:
    if not parts or not joined(parts).strip():
        return []
    parts[0] = Part(text=parts[0].text.lstrip(), marked=parts[0].marked)
    parts[-1] = Part(text=parts[-1].text.rstrip(), marked=parts[-1].marked)
    return [part for part in parts if part.text]
