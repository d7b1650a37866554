"""Every feed of the corpus reads the same with most of its entries left out as seen.

The oracle is our own reading of the whole document (which `test_corpus_parse` holds against feedparser), forced by
a DOCTYPE that means nothing to feedparser. What feeds could not be cut is counted, so that the fast way stays the
usual one.
"""

import csv
import functools
import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor.fetch import parse as parsing
from monitor.fetch.cut import cut
from monitor.fetch.document import Parsed
from monitor.fetch.parse import MAX_ENTRIES, parse
from monitor.model import Outcome

FEEDS = Path(__file__).parents[3] / "shared" / "corpora" / "feeds"
URL = "https://feeds.example/news/feed.xml"
NOW = datetime(2026, 11, 1, tzinfo=UTC)
LARGE = 200_000  # bytes; beyond it fewer positions are tried, and feedparser's own reading is trusted

pytestmark = pytest.mark.corpus


@functools.cache
def manifest() -> dict[str, list[dict[str, str]]]:
    """Return the rows of the manifest by repository."""
    rows: defaultdict[str, list[dict[str, str]]] = defaultdict(list)
    if FEEDS.is_dir():
        with (FEEDS / "manifest.csv").open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                rows[row["repo"]].append(row)
    return dict(rows)


def reading(body: bytes, seen: tuple[str, ...] = ()) -> Parsed:
    return parse(body, headers={}, url=URL, now=NOW, seen=frozenset(seen))


def decoded(body: bytes) -> bytes:
    start = 0 if body.startswith(parsing._WIDE) else body.index(b"<")
    return parsing._decoded(body[start:], {})


def whole(body: bytes) -> Parsed:
    """Read a document that cannot be cut, since it has a DOCTYPE."""
    data = decoded(body)
    end = data.index(b">") + 1
    return reading(data[:end] + b"<!DOCTYPE feed>" + data[end:])


def windows(count: int, *, large: bool) -> Iterator[range]:
    """Choose which entries are new: one and three of them, first, in the middle and last."""
    if large:
        yield range(count // 2, count // 2 + 1)
        return
    for size in (1, 3):
        if size < count:
            yield from (range(start, start + size) for start in {0, (count - size) // 2, count - size})


@pytest.mark.parametrize("repo", sorted(manifest()) or ["absent"])
def test_unseen_entries_equal_those_of_the_whole(repo: str) -> None:
    """Field by field, and the head with them: title, format, language, hints."""
    different = []
    for row in manifest()[repo]:
        body = (FEEDS / row["file"]).read_bytes()
        full = reading(body)
        if not full.pieces:
            continue
        large = len(body) > LARGE
        is_json = full.format.startswith("json")
        if not large and not is_json and replace(full, pieces=()) != whole(body):
            different.append(f"{row['file']}: the whole")
        for window in windows(len(full.pieces), large=large):
            names = {full.pieces[number] for number in window}
            seen = tuple(name for name in full.pieces if name not in names)
            entries = tuple(
                entry for entry, name in zip(full.entries, full.pieces, strict=True) if name in names
            )
            if reading(body, seen) != replace(full, entries=entries):
                different.append(f"{row['file']}: {window}")
    assert different == []


def small_feeds() -> list[bytes]:
    rows = [row for rows in manifest().values() for row in rows if row["content"] in {"real", "mixed"}]
    rows = [row for row in rows if row["wellformed"] == "yes" and int(row["fp_entries"] or 0) > 0]
    found = [(FEEDS / row["file"]).read_bytes() for row in rows if int(row["size"]) < LARGE // 4]
    return [body for body in found if body.lstrip()[:1] != b"{"]


def test_most_feeds_are_cut() -> None:
    """Of the well-formed real feeds, over nine in ten."""
    found = [reading(body) for body in small_feeds()]
    sure = [parsed for parsed in found if parsed.pieces]
    assert len(found) > 150
    assert len(sure) > 0.9 * len(found)
    assert sum(len(parsed.entries) for parsed in sure) > 0.9 * sum(len(parsed.entries) for parsed in found)


def test_entries_moved_dropped_and_repeated_are_remembered() -> None:
    """A later version of each small feed, made from its own entries."""
    dice = random.Random(4711)
    for body in small_feeds()[::2]:
        data = decoded(body)
        where = cut(data, limit=MAX_ENTRIES)
        old = reading(data)
        if where is None or not old.pieces:
            continue
        raw = [data[start:end] for start, end in where.spans]
        later = dice.choices(raw, k=len(raw))
        opening, closing = data[: where.spans[0][0]], data[where.spans[-1][1] :]
        changed = opening + b"\n".join(later) + closing
        new, expected = reading(changed, old.pieces), whole(changed)
        memory = dict(zip(old.pieces, old.entries, strict=True))
        fresh = iter(new.entries)
        entries = new.entries
        if new.pieces:
            entries = tuple(memory[name] if name in memory else next(fresh) for name in new.pieces)
        assert new.outcome is Outcome.NEW
        assert replace(new, entries=entries, pieces=()) == expected
