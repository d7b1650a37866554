"""Measure a watchlist on items that people have labelled, and its false alarms on general news.

Labels are JSON lines of ids and verdicts, the items' texts lie apart (they are their publishers').
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from monitor.desk.topics import record_text
from monitor.errors import MonitorError
from monitor.match import compile_watchlist
from monitor.match.quality import FalseAlarms, Judged, Quality, Verdict, false_alarms, score
from monitor.model import ItemText, Topic


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """The scores on labelled items and the false alarms on general ones, each if it was asked for."""

    quality: Quality | None
    general: tuple[FalseAlarms, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Floors:
    """What is demanded of each language: macro precision and recall at least, false alarms per 1,000 at most."""

    precision: float = 0.0
    recall: float = 0.0
    false_alarms: float | None = None
    false_alarms_of_topic: float | None = None


def measure(
    topics: Sequence[Topic],
    *,
    chosen: Sequence[str],
    items: Sequence[Path],
    labels: Sequence[Path],
    general: Sequence[Path],
) -> Measured:
    """Match the files' items against the `chosen` of the topics and compare with the labels.

    Every label needs its item in one of `items` or `general`. Raises MonitorError naming file and line of what cannot
    be read, an unknown topic, or a label without its item.
    """
    compiled = compile_watchlist([topic for topic in topics if topic.slug in chosen], revision=0)

    def hits(text: ItemText) -> frozenset[str]:
        return frozenset(match.topic.slug for match in compiled.match(text))

    verdicts = read_labels(labels, [topic.slug for topic in topics])
    judged = [
        Judged(verdict=verdicts[name], language=text.language, hits=hits(text))
        for name, text in _items(items)
        if name in verdicts
    ]
    plain = [(name, text.language, hits(text)) for name, text in _items(general)]
    lost = verdicts.keys() - {each.verdict.item for each in judged} - {name for name, _, _ in plain}
    if lost:
        raise MonitorError(f"{len(lost)} labels have no item in the files given, for example {min(lost)}")
    return Measured(
        quality=score(judged, chosen) if judged else None,
        general=tuple(false_alarms(plain, verdicts)),
    )


def shortfalls(measured: Measured, floors: Floors) -> list[str]:
    """Say in words what falls short of the floors."""
    short = []
    for macro in measured.quality.macros if measured.quality else ():
        for what, value, floor in (
            ("precision", macro.precision, floors.precision),
            ("recall", macro.recall, floors.recall),
        ):
            if value is not None and value < floor:
                short.append(f"{macro.language}: macro {what} {value:.3f} is below {floor:g}")
    for each in measured.general:
        if floors.false_alarms is not None and each.rate > floors.false_alarms:
            short.append(
                f"{each.language}: {each.rate:.2f} false alarms per 1,000 items, {floors.false_alarms:g} are allowed"
            )
        for topic, rate in each.rates.items():
            if floors.false_alarms_of_topic is not None and rate > floors.false_alarms_of_topic:
                short.append(
                    f"{each.language}: {topic}: {rate:.2f} false alarms per 1,000 items, "
                    f"{floors.false_alarms_of_topic:g} are allowed"
                )
    return short


def read_labels(paths: Sequence[Path], slugs: Sequence[str]) -> dict[str, Verdict]:
    """Read `{id, topics, marginal?}` lines. Raises MonitorError naming file and line."""
    known = frozenset(slugs)
    verdicts: dict[str, Verdict] = {}
    for path, number, record in _records(paths):
        where = f"{path}, line {number}"
        if not isinstance(record, dict) or not isinstance(record.get("id"), str):
            raise MonitorError(f"{where}: expected an object with id and topics")
        named = [record.get("topics"), record.get("marginal", [])]
        if not all(isinstance(each, list) and all(isinstance(slug, str) for slug in each) for each in named):
            raise MonitorError(f"{where}: topics and marginal must be lists of topics")
        clear, marginal = frozenset(named[0]), frozenset(named[1])
        if strange := sorted((clear | marginal) - known):
            raise MonitorError(f"{where}: no topic is named {strange[0]}")
        if record["id"] in verdicts:
            raise MonitorError(f"{where}: {record['id']} has a label already")
        verdicts[record["id"]] = Verdict(item=record["id"], topics=clear, marginal=marginal - clear)
    return verdicts


def _items(paths: Sequence[Path]) -> Iterator[tuple[str, ItemText]]:
    for path, number, record in _records(paths):
        try:
            name, text = record_text(record, line=number)
        except MonitorError as error:
            raise MonitorError(f"{path}, {error}") from error
        yield str(name), text


def _records(paths: Sequence[Path]) -> Iterator[tuple[Path, int, Any]]:
    for path in paths:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    try:
                        yield path, number, json.loads(line)
                    except ValueError as error:
                        raise MonitorError(f"{path}, line {number}: not JSON: {error}") from error
