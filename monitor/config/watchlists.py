"""Watchlist files: their topics, with every query and every named group parsed; `annotations` takes the rest."""

from collections.abc import Iterator, Mapping
from functools import reduce
from pathlib import Path
from typing import Any, cast

from monitor.config.annotations import Annotations
from monitor.config.collector import Collector, Entry, tables
from monitor.config.document import Document, nearest
from monitor.config.forms import ExampleForm, TopicForm, WatchlistFile
from monitor.config.places import Path as KeyPath
from monitor.config.settings import Settings
from monitor.config.values import Fault, slug_fault
from monitor.errors import ConfigError, QueryError
from monitor.match import mentions, parse_group, parse_query, used_groups
from monitor.model import Example, Topic


def collect_topics(collector: Collector, annotations: Annotations) -> tuple[Topic, ...]:
    """Read every watchlist file; problems go to the collector, places and forecasts to the annotations."""
    topics = tuple(
        topic
        for path, label in collector.paths("watchlists")
        for topic in _topics(collector, path, label, annotations)
    )
    annotations.check(collector)
    return topics


def watchlist_paths(settings: Settings) -> tuple[Path, ...]:
    """Return the watchlist files that the settings name. Raises ConfigError when a named one is missing."""
    collector = Collector(settings)
    paths = tuple(path for path, _ in collector.paths("watchlists"))
    if collector.problems:
        raise ConfigError(collector.problems)
    return paths


def read_watchlist(path: Path) -> tuple[Topic, ...]:
    """Read one watchlist file by itself. Raises ConfigError with every problem.

    Its forecasts may speak of topics and places in other files, and are not asked about them.
    """
    collector = Collector(Settings())
    annotations = Annotations()
    topics = tuple(_topics(collector, path, path.name, annotations))
    if collector.problems:
        raise ConfigError(collector.problems)
    return topics


def _topics(collector: Collector, path: Path, label: str, annotations: Annotations) -> Iterator[Topic]:
    read = collector.read(path, label, WatchlistFile)
    if read is None:
        return
    document, head = read
    named = head is not None and collector.claim("watchlist", head.name, document, (), key="name")
    groups = _groups(document)
    _check_groups(collector, document, groups)
    for kind in ("topic", "place"):
        _check_queries(collector, document, groups, kind=kind)
    annotations.take(collector, document, watchlist=head.name if head else "", groups=groups)
    for entry in collector.entries(document, "topic", TopicForm):
        if head is not None and named:
            yield _topic(entry, watchlist=head.name, groups=groups)


def _groups(document: Document) -> dict[str, str]:
    """Return what stands under [groups], as far as it is text."""
    found = document.data.get("groups")
    written = found.items() if isinstance(found, dict) else ()
    return {name: text.strip() for name, text in written if isinstance(text, str)}


def _check_groups(collector: Collector, document: Document, groups: Mapping[str, str]) -> None:
    """Parse each group, and report those that no topic and no place uses."""
    queries = [
        table.get("query")
        for kind in ("topic", "place")
        for _, table in tables(document, kind)
        if isinstance(table, dict)
    ]
    used = {name for query in queries if isinstance(query, str) for name, _ in used_groups(query, groups)}
    mentioned = {one.name for query in queries if isinstance(query, str) for one in mentions(query)}
    for name in groups:
        try:
            parse_group(name, groups)
        except QueryError as error:
            if error.group == name:  # another group's faults are shown there
                _report(collector, document, ("groups", name), f"group '{name}'", error)
        if name not in used and not slug_fault(name):
            near = nearest(name, mentioned - groups.keys())
            hint = (
                f"a query uses @{near}: did it mean @{name}?"
                if near
                else f"write @{name} in one, or remove it"
            )
            fault = Fault(f"no topic uses the group '{name}'", hint)
            collector.problems.append(document.problem(("groups", name), fault))


def _check_queries(collector: Collector, document: Document, groups: Mapping[str, str], *, kind: str) -> None:
    """Parse each query, even where other keys of its table are wrong; an error is shown at its own line and column."""
    for path, table in tables(document, kind):
        query = table.get("query") if isinstance(table, dict) else None
        if not isinstance(query, str):
            continue
        try:
            parse_query(query.strip(), groups)
        except QueryError as error:
            if not error.group:  # a group's faults are shown with the group
                _report(collector, document, (*path, "query"), f"{kind} '{table.get('slug', '?')}'", error)


def _report(collector: Collector, document: Document, path: KeyPath, what: str, error: QueryError) -> None:
    """Report a fault of a query or group at its own line and column in the file."""
    text = reduce(lambda inner, key: inner[key], path, cast("Any", document.data))
    offset = len(text) - len(text.lstrip()) + _offset(text.strip(), error.line, error.column)
    fault = Fault(f"{what}: {error.message}", error.hint)
    collector.problems.append(document.problem(path, fault, inside=offset))


def _offset(text: str, line: int, column: int) -> int:
    """Turn line and column (from 1) inside a text into an offset."""
    before = text.split("\n")[: line - 1]
    return sum(len(each) + 1 for each in before) + column - 1


def _topic(entry: Entry[TopicForm], *, watchlist: str, groups: Mapping[str, str]) -> Topic:
    form = entry.form
    query = form.query.strip()
    examples = [_example(each, match=True) for each in form.must_match]
    examples += [_example(each, match=False) for each in form.must_not_match]
    return Topic(
        slug=form.slug,
        watchlist=watchlist,
        name=form.name,
        description=form.description.strip(),
        priority=form.priority,
        query=query,
        groups=used_groups(query, groups),
        tags=form.tags,
        owner=entry.owner,
        enabled=form.enabled,
        examples=tuple(examples),
    )


def _example(form: ExampleForm, *, match: bool) -> Example:
    return Example(title=form.title, summary=form.summary, language=form.language, match=match)
