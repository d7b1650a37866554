"""Topics as people handle them: list, lint, test against pinned examples, match text given by hand."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from monitor.app import App
from monitor.errors import MonitorError
from monitor.match import Finding, Sample, Watchlist, check_examples, lint, lint_group
from monitor.model import ItemText, Topic
from monitor.store import items as stored_items
from monitor.store import watchlist
from monitor.text.gate import plain
from monitor.text.gate import title as clean_title

TEXT_LIMIT = 64 * 1024
RECENT = 2_000  # items that advice looks at


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicLine:
    """One topic as a list shows it."""

    slug: str
    name: str
    watchlist: str
    priority: str
    revision: int
    enabled: bool
    owner: str
    groups: tuple[str, ...]
    examples: int
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicTest:
    """How a topic's pinned examples fared: how many there are, and each that broke, in words."""

    slug: str
    must_match: int
    must_not_match: int
    broken: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordText:
    """What a stored item says, in the form that `record_text` reads."""

    id: int
    title: str
    summary: str
    lang: str


def topic_line(topic: Topic) -> TopicLine:
    """Show a topic."""
    return TopicLine(
        slug=topic.slug,
        name=topic.name,
        watchlist=topic.watchlist,
        priority=topic.priority.value,
        revision=topic.revision,
        enabled=topic.enabled,
        owner=topic.owner,
        groups=tuple(name for name, _ in topic.groups),
        examples=len(topic.examples),
        description=topic.description,
    )


async def list_topics(app: App) -> list[TopicLine]:
    """List the topics in the store, by slug."""
    topics = await app.store.read(watchlist.list_topics, enabled_only=False)
    return sorted((topic_line(topic) for topic in topics), key=lambda line: line.slug)


def run_tests(topics: Iterable[Topic]) -> list[TopicTest]:
    """Run the pinned examples of each topic against its own query."""
    return [
        TopicTest(
            slug=topic.slug,
            must_match=sum(example.match for example in topic.examples),
            must_not_match=sum(not example.match for example in topic.examples),
            broken=tuple(str(broken) for broken in check_examples(topic)),
        )
        for topic in topics
    ]


def run_lint(topics: Iterable[Topic], items: Iterable[ItemText] = ()) -> dict[str, list[Finding]]:
    """Collect what the linter finds, by topic and by `@group`; those without findings are left out.

    `items` are recent ones: with some hundred of them, terms and NOTs are also judged by what they do to these.
    """
    topics = list(topics)
    sample = Sample(tuple(items))
    groups = dict(pair for topic in topics for pair in topic.groups)
    found = {f"@{name}": lint_group(name, groups, sample) for name in sorted(groups)}
    found |= {topic.slug: lint(topic, sample) for topic in topics}
    return {slug: findings for slug, findings in found.items() if findings}


async def recent_texts(app: App, *, limit: int) -> list[RecordText]:
    """Return title and summary of the newest items, newest first."""
    newest = await app.store.read(stored_items.recent_items, limit=limit)
    return [
        RecordText(id=item.id, title=item.text.title, summary=item.text.summary, lang=item.text.language)
        for item in newest
    ]


def read_records(lines: Iterable[str]) -> Iterator[ItemText]:
    """Read JSON lines `{id, title, summary, lang?, …}` as texts. Raises MonitorError naming the line that is none."""
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                record = json.loads(line)
            except ValueError as error:
                raise MonitorError(f"line {number}: not JSON: {error}") from error
            yield record_text(record, line=number)[1]


def record_text(record: Any, *, line: int) -> tuple[Any, ItemText]:
    """Read one record `{id, title, summary, lang?}`: its id, and its text as the ingest gate leaves a feed's.

    Raises MonitorError naming the line when the record is not of that shape.
    """
    if not isinstance(record, dict) or "id" not in record:
        raise MonitorError(f"line {line}: expected an object with id, title and summary")
    for name in ("title", "summary", "body", "lang", "source", "url", "author"):
        if not isinstance(record.get(name) or "", str):
            raise MonitorError(f"line {line}: {name} must be text")
    tags = record.get("tags") or []
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise MonitorError(f"line {line}: tags must be a list of texts")
    text = ItemText(
        title=clean_title(record.get("title") or ""),
        summary=plain(record.get("summary") or "", html=True, limit=TEXT_LIMIT),
        body=plain(record.get("body") or "", html=True, limit=TEXT_LIMIT),
        language=record.get("lang") or "und",
        url=record.get("url") or "",
        source=clean_title(record.get("source") or ""),
        author=clean_title(record.get("author") or ""),
        tags=tuple(clean_title(tag) for tag in tags),
    )
    return record["id"], text


def match_record(compiled: Watchlist, record: Any, *, line: int) -> dict[str, Any]:
    """Match one record `{id, title, summary, lang?, …}` and return `{id, topics: [{topic, spans}]}`.

    `body`, `source`, `url`, `author` (texts) and `tags` (a list of texts) may be there too.

    Spans point into the text after the ingest gate. Raises MonitorError naming the line when the record is not of
    that shape.
    """
    name, text = record_text(record, line=line)
    return {
        "id": name,
        "topics": [
            {
                "topic": match.topic.slug,
                "spans": [
                    {"field": span.field, "start": span.start, "end": span.end, "text": span.text}
                    for span in match.spans
                ],
            }
            for match in compiled.match(text)
        ],
    }


def pick(topics: Sequence[Topic], slugs: Sequence[str]) -> list[Topic]:
    """Choose topics by slug (none named: all). Raises MonitorError naming what there is instead."""
    known = {topic.slug: topic for topic in topics}
    for slug in slugs:
        if slug not in known:
            raise MonitorError(f"no topic is named {slug}; there are: {', '.join(sorted(known))}")
    return [known[slug] for slug in slugs] if slugs else list(topics)
