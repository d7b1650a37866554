"""The pieces of a webhook's body: hits, stories, surges and how the feeds stand, in the names that the schemas give.

How much of each is told is the caller's `Detail`; nothing here knows how large the whole becomes.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from monitor.deliver.wording import (
    headline,
    joined,
    matched_words,
    one_line,
    phrases_for,
    safe_link,
    why_topic,
)
from monitor.model import Alert, AlertHit, FeedHealth, HoldCause, Story, Surge


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """How much is told. `summary`, `title`, `name`, `why` and `line` are characters, `link` is bytes.

    The others are the greatest number of entries: spans and words of a hit, hits of one story among several, surges,
    and `lines` of each list of remarks.
    """

    summary: int
    spans: int
    title: int = 300
    name: int = 200
    why: int = 400
    line: int = 300
    link: int = 8000
    words: int = 10
    hits: int = 20
    surges: int = 8
    lines: int = 10


def stamp(moment: datetime) -> str:
    """Return a moment in RFC 3339, in UTC."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def remarks(texts: Iterable[str], detail: Detail) -> list[str]:
    """Return remarks as clean lines, the first few, without empty ones."""
    lines = (one_line(text, detail.line) for text in texts)
    return [line for line in lines if line][: detail.lines]


def story_part(story: Story, title: str) -> dict[str, Any]:
    """Say which story it is."""
    return {
        "id": story.uid,
        "title": title,
        "language": story.language,
        "first_seen": stamp(story.first_seen),
        "last_seen": stamp(story.last_seen),
        "items": story.items,
        "outlets": story.outlets,
        "independent": story.independent,
    }


def report_part(
    story: Story, hits: Sequence[AlertHit], told: Sequence[Mapping[str, Any]], *, alert: Alert, detail: Detail
) -> dict[str, Any]:
    """Say which story it is, who tells of it in which languages, and its hits as far as they are `told`."""
    phrases = phrases_for(alert.subscription.subscriber.language)
    title = one_line(story.title, detail.title) or one_line(hits[0].hit.item.text.title, detail.title)
    publishers = dict.fromkeys(_publisher(entry, detail) for entry in hits)
    languages = dict.fromkeys(one_line(entry.hit.item.text.language, 35) or "und" for entry in hits)
    return {
        **story_part(story, title or phrases.no_headline),
        "publishers": [name for name in publishers if name][: detail.lines],
        "languages": list(languages)[: detail.lines],
        "hits": list(told),
    }


def alert_story(alert: Alert, detail: Detail) -> dict[str, Any]:
    """Say which story an alert is about, as `story_part` does."""
    return story_part(alert.story, headline(alert, limit=detail.title))


def surge_part(surge: Surge, detail: Detail) -> dict[str, Any]:
    """Say how many stories a topic, or a place in it, has and how many are usual."""
    return {
        "topic": surge.topic,
        "topic_name": one_line(surge.topic_name, detail.name),
        "place": surge.place or None,
        "place_name": one_line(surge.place_name, detail.name) or None,
        "until": stamp(surge.until),
        "hours": surge.hours,
        "stories": surge.stories,
        "usual": surge.usual if surge.usual is None else round(surge.usual, 3),
        "chance": surge.chance,
        "reason": one_line(surge.reason, detail.line) or "-",
    }


def health_part(health: FeedHealth | None, detail: Detail) -> dict[str, Any] | None:
    """Say how the feeds stood."""
    if health is None:
        return None
    return {
        "feeds": health.feeds,
        "healthy": health.healthy,
        "silent": remarks(health.silent, detail),
        "failing": remarks(health.failing, detail),
        "gaps": health.gaps,
    }


def held_part(held: Iterable[tuple[HoldCause, int]]) -> list[dict[str, Any]]:
    """Say how many hits waited, by cause."""
    return [{"cause": cause.value, "hits": number} for cause, number in held]


def hit_part(entry: AlertHit, alert: Alert, detail: Detail) -> dict[str, Any]:
    """Tell of one item under one topic: what it says, where, and on which words it matched."""
    hit, item, text = entry.hit, entry.hit.item, entry.hit.item.text
    phrases = phrases_for(alert.subscription.subscriber.language)
    link = safe_link(item.link)
    return {
        "topic": hit.topic_slug,
        "topic_name": one_line(entry.topic.name, detail.name),
        "priority": entry.topic.priority.value,
        "revision": hit.topic_revision,
        "cause": entry.cause.value if entry.cause is not None else None,
        "note": one_line(entry.note, detail.line),
        "item": {
            "title": one_line(text.title, detail.title) or phrases.no_headline,
            "summary": one_line(text.summary or text.body, detail.summary),
            "link": link if link is not None and len(link.encode()) <= detail.link else None,
            "publisher": _publisher(entry, detail),
            "region": one_line(entry.region, 80),
            "language": one_line(text.language, 35) or "und",
            "published": stamp(item.published) if item.published is not None else None,
            "first_seen": stamp(item.first_seen),
            "feed": item.feed_slug,
        },
        "spans": [
            {"field": span.field, "start": span.start, "end": span.end, "text": one_line(span.text, 200)}
            for span in hit.spans[: detail.spans]
        ],
        "words": list(matched_words(hit.spans, limit=60)[: detail.words]),
        "why": one_line(joined(why_topic(entry, phrases)), detail.why),
    }


def _publisher(entry: AlertHit, detail: Detail) -> str:
    return one_line(entry.hit.item.text.source or entry.publisher, min(detail.name, 120))
