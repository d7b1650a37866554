"""Watchlist files: `[[topic]]` tables to topics, every query parsed."""

from collections.abc import Iterator
from pathlib import Path

from monitor.config.collector import Collector, Entry, tables
from monitor.config.document import Document
from monitor.config.forms import ExampleForm, TopicForm, WatchlistFile
from monitor.config.settings import Settings
from monitor.config.values import Fault
from monitor.errors import ConfigError, QueryError
from monitor.match import parse_query
from monitor.model import Example, Topic


def collect_topics(collector: Collector) -> tuple[Topic, ...]:
    """Read every watchlist file; problems go to the collector."""
    return tuple(
        topic for path, label in collector.paths("watchlists") for topic in _topics(collector, path, label)
    )


def read_watchlist(path: Path) -> tuple[Topic, ...]:
    """Read one watchlist file by itself. Raises ConfigError with every problem."""
    collector = Collector(Settings())
    topics = tuple(_topics(collector, path, path.name))
    if collector.problems:
        raise ConfigError(collector.problems)
    return topics


def _topics(collector: Collector, path: Path, label: str) -> Iterator[Topic]:
    read = collector.read(path, label, WatchlistFile)
    if read is None:
        return
    document, head = read
    named = head is not None and collector.claim("watchlist", head.name, document, (), key="name")
    _check_queries(collector, document)
    for entry in collector.entries(document, "topic", TopicForm):
        if head is not None and named:
            yield _topic(entry, watchlist=head.name)


def _check_queries(collector: Collector, document: Document) -> None:
    """Parse each query, even where other keys of its table are wrong; an error is shown at its own line and column."""
    for path, table in tables(document, "topic"):
        query = table.get("query") if isinstance(table, dict) else None
        if not isinstance(query, str):
            continue
        try:
            parse_query(query.strip())
        except QueryError as error:
            offset = len(query) - len(query.lstrip()) + _offset(query.strip(), error.line, error.column)
            fault = Fault(f"topic '{table.get('slug', '?')}': {error.message}", error.hint)
            collector.problems.append(document.problem((*path, "query"), fault, inside=offset))


def _offset(text: str, line: int, column: int) -> int:
    """Turn line and column (from 1) inside a text into an offset."""
    before = text.split("\n")[: line - 1]
    return sum(len(each) + 1 for each in before) + column - 1


def _topic(entry: Entry[TopicForm], *, watchlist: str) -> Topic:
    form = entry.form
    examples = [_example(each, match=True) for each in form.must_match]
    examples += [_example(each, match=False) for each in form.must_not_match]
    return Topic(
        slug=form.slug,
        watchlist=watchlist,
        name=form.name,
        description=form.description.strip(),
        priority=form.priority,
        query=form.query.strip(),
        owner=entry.owner,
        enabled=form.enabled,
        examples=tuple(examples),
    )


def _example(form: ExampleForm, *, match: bool) -> Example:
    return Example(title=form.title, summary=form.summary, language=form.language, match=match)
