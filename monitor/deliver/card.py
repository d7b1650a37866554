"""What a person is shown of each item of an alert: headline, outlet, time, excerpt, link and the reason.

Groups an alert's hits by item, so that an item which several topics found is told once. Used by the senders
that write for people (email, console); the webhook carries the hits as they are.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from monitor.deliver.wording import (
    Part,
    Phrases,
    joined,
    one_line,
    outermost,
    phrases_for,
    safe_link,
    when,
    why_alert,
)
from monitor.model import Alert, AlertHit, Item, Priority, Span, Story

HEADLINE_LIMIT = 300
EXCERPT_LIMIT = 420
LEAD_IN = 80  # characters shown before the first matched word when an excerpt starts in mid-text


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One item, ready to be shown; all text is clean and bounded.

    `line` holds outlet, time and language, and of the first item how many outlets its story has.
    """

    language: str
    urgent: bool
    headline: tuple[Part, ...]
    line: str
    excerpt: tuple[Part, ...]
    link: str | None
    why: tuple[Part, ...]
    topics: tuple[str, ...]

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
    phrases = phrases_for(alert.subscription.subscriber.language)
    by_item: dict[int, list[AlertHit]] = {}
    for entry in alert.hits:
        by_item.setdefault(entry.hit.item.id, []).append(entry)
    coverage = _coverage(alert.story, phrases)
    return tuple(
        _card(entries, phrases, coverage="" if number else coverage)
        for number, entries in enumerate(by_item.values())
    )


def _coverage(story: Story, phrases: Phrases) -> str:
    """Say how many outlets a story has, once it has more than one."""
    if story.outlets < 2:
        return ""
    return phrases.coverage.format(outlets=story.outlets, independent=story.independent)


def _card(entries: Sequence[AlertHit], phrases: Phrases, *, coverage: str) -> Card:
    item = entries[0].hit.item
    spans = [span for entry in entries for span in entry.hit.spans]
    return Card(
        language=_tag(item.text.language),
        urgent=any(entry.topic.priority is Priority.URGENT for entry in entries),
        headline=_window(item.text.title, _of(spans, "title"), HEADLINE_LIMIT)
        or (Part(text=phrases.no_headline),),
        line=" · ".join(part for part in (_line(item, phrases), coverage) if part),
        excerpt=_excerpt(item, spans),
        link=safe_link(item.link),
        why=why_alert(entries, phrases),
        topics=tuple(one_line(entry.topic.name, 200) or entry.topic.slug for entry in entries),
    )


def _line(item: Item, phrases: Phrases) -> str:
    link = safe_link(item.link)
    outlet = one_line(item.text.source, 120) or (urlsplit(link).hostname if link else "")
    published = item.published or item.updated
    if published is not None:
        time = phrases.published.format(when=when(published, phrases))
    else:
        time = phrases.first_seen.format(when=when(item.first_seen, phrases))
    language = phrases.languages.get(_tag(item.text.language), "")
    return " · ".join(part for part in (outlet, time, language) if part)


def _tag(language: str) -> str:
    primary = language.lower().partition("-")[0]
    return primary if primary.isascii() and primary.isalpha() and 2 <= len(primary) <= 3 else "und"


def _of(spans: Iterable[Span], field: str) -> list[Span]:
    return [span for span in spans if span.field == field]


def _excerpt(item: Item, spans: Sequence[Span]) -> tuple[Part, ...]:
    # The body is shown only where it alone holds the words, so that a summary stays what its author wrote.
    in_body = _of(spans, "body")
    if in_body and (not _of(spans, "summary") or not item.text.summary):
        return _window(item.text.body, in_body, EXCERPT_LIMIT)
    if not item.text.summary:
        return _window(item.text.body, (), EXCERPT_LIMIT)  # many feeds send only the whole text
    return _window(item.text.summary, _of(spans, "summary"), EXCERPT_LIMIT)


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
