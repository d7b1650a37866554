"""What a changed feed costs to parse, in CPU time, with 1, 3 and all of its entries new.

    make bench-parse                                    # over ../shared/corpora, real feeds of 5 entries and more
    make bench-parse ARGS="--corpora FOLDER --rounds 9 --limit 40"

Ours is the whole way: a frame to a parser child, the child's parsing, its answer, read back (CPU of both processes).
It is held against feedparser's parse of the same bytes (its sanitiser and its resolving of addresses off) and against
the floor, one pass of expat with three empty handlers; both in this process, in turn with ours, round by round.
The last line is one JSON object with all figures.
"""

import argparse
import asyncio
import csv
import gc
import io
import json
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.parsers.expat import ExpatError, ParserCreate

import feedparser
import feedparser.encodings

from monitor.fetch.parse import xml_headers
from monitor.fetch.pool import ParserPool

URL = "https://feeds.example/news/feed.xml"
NOW = datetime(2026, 11, 1, tzinfo=UTC)
FEWEST = 5
NEW: dict[str, int | None] = {"1 new": 1, "3 new": 3, "all new": None}
KINDS = ("expat", "feedparser", *NEW)
DEFAULT = Path(__file__).parents[2] / "shared" / "corpora"


@dataclass(kw_only=True)
class Subject:
    """One feed, the pieces of its entries, and the CPU seconds each way of reading it took, round by round."""

    body: bytes
    pieces: tuple[str, ...] = ()
    entries: int = 0
    spent: dict[str, list[float]] = field(default_factory=lambda: {kind: [] for kind in KINDS})

    def cost(self, kind: str) -> float:
        return statistics.median(self.spent[kind])


def bodies(corpora: Path) -> list[bytes]:
    """Return the corpus' feeds from the wild, in the order of the manifest."""
    with (corpora / "feeds" / "manifest.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["content"] in {"real", "mixed"}]
    found = [
        (corpora / "feeds" / row["file"]).read_bytes()
        for row in rows
        if int(row["fp_entries"] or 0) >= FEWEST
    ]
    return [body for body in found if body.lstrip()[:1] != b"{"]


def floor(data: bytes) -> None:
    parser = ParserCreate("utf-8")
    parser.StartElementHandler = lambda _name, _attributes: None
    parser.EndElementHandler = lambda _name: None
    parser.CharacterDataHandler = lambda _text: None
    try:
        parser.Parse(data, True)
    except ExpatError:
        return


def full(body: bytes, headers: dict[str, str]) -> Any:
    return feedparser.parse(
        io.BytesIO(body), response_headers=headers, sanitize_html=False, resolve_relative_uris=False
    )


class Meter:
    """CPU time of this process and of the pool's only child."""

    def __init__(self, pool: ParserPool) -> None:
        self._pool = pool

    async def cost(self, work: Callable[[], Awaitable[None]]) -> float:
        """Return what the work took in seconds; it is done again if its child was replaced meanwhile."""
        while True:
            children, before = self._now()
            await work()
            after = self._now()
            if after[0] == children:
                return after[1] - before

    def _now(self) -> tuple[list[int], float]:
        children = [child._process.pid for child in self._pool._all]  # noqa: SLF001 - measured from outside
        return children, time.process_time() + sum(time.clock_gettime((~pid << 3) | 2) for pid in children)


async def measure(kind: str, subject: Subject, pool: ParserPool, meter: Meter) -> None:
    """Read one feed once in one way."""
    headers = xml_headers(subject.body, {})
    decoded = feedparser.encodings.convert_to_utf8(headers, subject.body, {})

    async def expat() -> None:
        floor(decoded)

    async def whole() -> None:
        full(subject.body, headers)

    async def ours() -> None:
        count = NEW[kind]
        seen = () if count is None else subject.pieces[count:]
        parsed = await pool.parse(subject.body, headers={}, url=URL, now=NOW, seen=seen)
        assert parsed.pieces == subject.pieces

    work = {"expat": expat, "feedparser": whole}.get(kind, ours)
    subject.spent[kind].append(await meter.cost(work))


async def prepare(found: Sequence[bytes], pool: ParserPool) -> list[Subject]:
    subjects = []
    for body in found:
        parsed = await pool.parse(body, headers={}, url=URL, now=NOW)
        if len(parsed.entries) >= FEWEST:
            subjects.append(Subject(body=body, pieces=parsed.pieces, entries=len(parsed.entries)))
    return subjects


async def run(found: Sequence[bytes], rounds: int) -> list[Subject]:
    pool = ParserPool(1, cpu_seconds=60, wall_seconds=120)
    try:
        subjects = await prepare(found, pool)
        meter = Meter(pool)
        for number in range(rounds):
            for kind in KINDS:
                gc.collect()
                for subject in subjects:
                    await measure(kind, subject, pool, meter)
            print(f"round {number + 1} of {rounds} done", flush=True)
    finally:
        await pool.close()
    return subjects


def figures(subjects: Sequence[Subject]) -> dict[str, Any]:
    """Return medians and totals in ms, and each way's ratio to the floor and to feedparser (of totals, of medians)."""
    result: dict[str, Any] = {
        "feeds": len(subjects),
        "entries": sum(subject.entries for subject in subjects),
        "bytes": sum(len(subject.body) for subject in subjects),
        "cut": sum(1 for subject in subjects if subject.pieces),
        "cpu_ms": {},
    }
    for kind in KINDS:
        costs = [subject.cost(kind) * 1000 for subject in subjects]
        expat = [cost / (subject.cost("expat") * 1000) for cost, subject in zip(costs, subjects, strict=True)]
        whole = [
            cost / (subject.cost("feedparser") * 1000) for cost, subject in zip(costs, subjects, strict=True)
        ]
        result["cpu_ms"][kind] = {
            "median": round(statistics.median(costs), 3),
            "total": round(sum(costs), 1),
            "to_expat_median": round(statistics.median(expat), 2),
            "to_feedparser_median": round(statistics.median(whole), 3),
        }
    totals = {kind: result["cpu_ms"][kind]["total"] for kind in KINDS}
    for kind in KINDS:
        result["cpu_ms"][kind]["to_expat_total"] = round(totals[kind] / totals["expat"], 2)
        result["cpu_ms"][kind]["to_feedparser_total"] = round(totals[kind] / totals["feedparser"], 3)
    return result


def show(result: dict[str, Any]) -> None:
    print(
        f"{result['feeds']} feeds, {result['entries']} entries, {result['bytes']} bytes; {result['cut']} can be cut"
    )
    heads = "median", "total", "x expat", "(median)", "x feedp.", "(median)"
    print(f"{'CPU, ms a feed':16}" + "".join(f"{head:>10}" for head in heads))
    table(result["cpu_ms"])
    print("of those that can be cut:")
    table(result["cpu_ms_of_cut"])
    print(json.dumps(result))


def table(costs: dict[str, Any]) -> None:
    for kind, row in costs.items():
        print(
            f"{kind:16}{row['median']:10.3f}{row['total']:10.1f}{row['to_expat_total']:10.2f}"
            f"{row['to_expat_median']:10.2f}{row['to_feedparser_total']:10.3f}{row['to_feedparser_median']:10.3f}"
        )


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument(
        "--corpora", type=Path, default=DEFAULT, help="the folder that holds feeds/manifest.csv"
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--limit", type=int, help="only so many feeds, spread over the corpus")
    chosen = parser.parse_args(arguments)
    if not (chosen.corpora / "feeds" / "manifest.csv").is_file():
        parser.error(
            f"{chosen.corpora} holds no feeds/manifest.csv; name the corpora's folder with --corpora"
        )
    found = bodies(chosen.corpora)
    if chosen.limit:
        found = found[:: max(1, len(found) // chosen.limit)][: chosen.limit]
    subjects = asyncio.run(run(found, chosen.rounds))
    result = figures(subjects)
    result["cpu_ms_of_cut"] = figures([subject for subject in subjects if subject.pieces])["cpu_ms"]
    show(result)


if __name__ == "__main__":
    main()
