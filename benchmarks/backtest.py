"""What a back-test costs: one topic over a hundred thousand stored items, with the archive index and without.

Items are real ones and perturbed copies of them, in a store on disk as polling fills it. For each topic of the shipped
watchlist and a small one: the query in force against one with another term, in one process with the index, in the child
process that commands use (its start and its helper included), and as a full scan without the index. The floor is
reading all rows. Prints a table and, as the last line, all figures as one JSON object.

    python benchmarks/backtest.py [--corpora FOLDER] [--items N] [--scans N]
"""

import argparse
import asyncio
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.table import Goal, finish, print_rows
from monitor.config import read_watchlist
from monitor.desk.apart import run_apart, silent
from monitor.desk.sweep import sweep
from monitor.desk.tally import Mode, Sweep, Swept
from monitor.match import ENGINE
from monitor.match.archive import filed_words
from monitor.model import Feed, FetchState, HitReason, ItemDraft, ItemText, Priority, Topic
from monitor.pipeline import folding
from monitor.store import (
    Sealer,
    Store,
    Transaction,
    archive,
    feeds,
    items,
    open_store,
    read_only,
    versions,
    watchlist,
)
from monitor.store.archive import Filed

ROOT = Path(__file__).parent.parent
CORPORA = ROOT.parent / "shared" / "corpora" / "items"
WATCHLIST = ROOT / "config" / "watchlists" / "us-mexico-border.toml"
START = datetime(2026, 1, 1, tzinfo=UTC)
DAYS = 90
FEEDS = 40
BATCH = 500
REPEATS = 3
GOAL_SECONDS = 2.0
SMALL = Topic(
    slug="small",
    watchlist="bench",
    name="Small",
    description="",
    priority=Priority.NORMAL,
    query="(fentanyl OR fentanilo) NEAR/10 (border OR frontera)",
    owner="ui",
)


def texts(corpora: Path, count: int, rng: random.Random) -> Iterator[ItemText]:
    """Yield the real items, then copies with every tenth word taken from another item."""
    real = [
        json.loads(line)
        for name in ("candidates", "general-en", "general-es")
        for line in (corpora / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    rng.shuffle(real)
    vocabulary = [word for record in real[:2000] for word in f"{record['title']} {record['summary']}".split()]

    def perturbed(text: str) -> str:
        return " ".join(rng.choice(vocabulary) if rng.random() < 0.1 else word for word in text.split())

    for number in range(count):
        record = real[number % len(real)]
        change = perturbed if number >= len(real) else str
        yield ItemText(
            title=change(record["title"]),
            summary=change(record["summary"]),
            language=record["lang"],
            source=record["outlet"],
            url=f"https://paper{number % FEEDS}.example/{number}",
        )


def fill(tx: Transaction, batch: Sequence[tuple[int, ItemText]], papers: Sequence[Feed], count: int) -> None:
    """Store items as polls do, spread over the days."""
    for number, text in batch:
        draft = ItemDraft(
            key=f"guid:{number}",
            raw_id=str(number),
            fingerprint=str(number),
            link=text.url,
            canonical_link=text.url,
            text=text,
        )
        items.add_item(
            tx,
            papers[number % FEEDS],
            draft,
            now=START + timedelta(days=DAYS) * (number / count),
            reason=HitReason.LIVE,
            watchlist_revision=1,
            engine=ENGINE,
        )


def make_feeds(tx: Transaction) -> list[Feed]:
    """Store the papers."""
    return [
        feeds.put_feed(
            tx,
            Feed(
                slug=f"paper-{number}",
                url=f"https://paper{number}.example/feed",
                title=f"Paper {number}",
                owner="ui",
                fetch=FetchState(next_poll_at=START),
            ),
        )
        for number in range(FEEDS)
    ]


def pages(tx: Transaction) -> int:
    """Return the bytes of the database that are in use."""
    rows = [tx.one(f"PRAGMA {name}") or {} for name in ("page_count", "freelist_count", "page_size")]
    total, free, size = (next(iter(row.values())) for row in rows)
    return int((total - free) * size)


async def build(store: Store, corpora: Path, count: int) -> dict[str, float]:
    """Fill a store and index it; return what that cost."""
    papers = await store.write(make_feeds)
    pending: list[tuple[int, ItemText]] = []
    began = time.process_time()
    for number, text in enumerate(texts(corpora, count, random.Random(7))):
        pending.append((number, text))
        if len(pending) == BATCH or number == count - 1:
            await store.write(fill, pending, papers, count)
            pending = []
    stored = time.process_time() - began
    before = await store.read(pages)
    folded = written = 0.0
    await store.write(archive.renew, folding=folding(), limit=1)
    while queued := await store.read(archive.next_queued, limit=BATCH):
        began = time.process_time()
        filed = [
            Filed(item_id=each.item_id, version=each.version, words=filed_words(each.text)) for each in queued
        ]
        folded += time.process_time() - began
        began = time.process_time()
        await store.write(archive.file_words, filed)
        written += time.process_time() - began
    after = await store.read(pages)
    return {
        "store_us_per_item": stored / count * 1e6,
        "fold_us_per_item": folded / count * 1e6,
        "file_us_per_item": written / count * 1e6,
        "index_bytes_per_item": (after - before) / count,
        "store_bytes_per_item": before / count,
    }


def another(topic: Topic, sign: str) -> Sweep:
    """Ask for a topic's query with one more term on the other side."""
    return Sweep(
        topic=topic.slug,
        mode=Mode.QUERY,
        query=f"({topic.query}\n) OR (extorsión AND Sinaloa)",
        groups=topic.groups,
        folding=sign,
    )


def timed_sweep(url: str, asked: Sweep) -> tuple[float, float, Swept]:
    """Sweep in this process alone; return the seconds, those of CPU, and the answer."""
    began, worked = time.perf_counter(), time.process_time()
    with read_only(url) as tx:
        answer = sweep(tx, asked, silent)
    return time.perf_counter() - began, time.process_time() - worked, answer


async def timed_apart(url: str, asked: Sweep) -> float:
    """Sweep in a child; return the seconds, its start included."""
    began = time.perf_counter()
    await run_apart(url, "sweep", asdict(asked), places=asyncio.Semaphore(1), seconds=600)
    return time.perf_counter() - began


def read_all(url: str) -> float:
    """Read every row; return the seconds."""
    began = time.perf_counter()
    with read_only(url) as tx:
        ids = [row["id"] for row in tx.rows("SELECT id FROM items ORDER BY id")]
        assert sum(1 for _ in versions.read_versions(tx, ids)) >= len(ids)
    return time.perf_counter() - began


async def measure(url: str, topics: Sequence[Topic], scans: set[str]) -> list[dict[str, Any]]:
    """Measure each topic; the median of some runs."""
    measured = []
    for topic in topics:
        asked = another(topic, folding())
        runs = [timed_sweep(url, asked) for _ in range(REPEATS)]
        answer = runs[0][2]
        row: dict[str, Any] = {
            "topic": topic.slug,
            "terms": len(topic.query.split()) + sum(len(text.split()) for _, text in topic.groups),
            "examined": answer.examined,
            "hits": answer.kept,
            "gained": answer.gained,
            "seconds": statistics.median(seconds for seconds, _, _ in runs),
            "cpu_seconds": statistics.median(worked for _, worked, _ in runs),
            "apart_seconds": statistics.median([await timed_apart(url, asked) for _ in range(REPEATS)]),
            "scan_seconds": None,
        }
        if topic.slug in scans:
            row["scan_seconds"], _, scanned = timed_sweep(url, replace(asked, folding="none"))
            assert (scanned.kept, scanned.gained, scanned.lost) == (answer.kept, answer.gained, answer.lost)
        measured.append(row)
    return measured


async def run(corpora: Path, count: int, scans: int) -> None:
    """Build, measure, print."""
    topics = [SMALL, *read_watchlist(WATCHLIST)]
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:{Path(folder) / 'bench.db'}"
        store = await open_store(url, sealer=Sealer(Sealer.new_key()), backup_dir=None)
        try:
            for topic in topics:
                await store.write(watchlist.put_topic, topic, actor="bench", now=START)
            cost = await build(store, corpora, count)
            floor = min(read_all(url) for _ in range(REPEATS))
            largest = sorted(topics, key=lambda topic: len(topic.query), reverse=True)[: scans - 1]
            rows = await measure(url, topics, {SMALL.slug, *(topic.slug for topic in largest)})
        finally:
            await store.close()
    head = ("topic", "words", "examined", "hits", "index s", "of CPU", "in a child s", "full scan s")
    keys = ("topic", "terms", "examined", "hits", "seconds", "cpu_seconds", "apart_seconds", "scan_seconds")
    print_rows(head, [[row[key] for key in keys] for row in rows])
    print(f"\nfloor, reading the rows of {count:,} items: {floor:.2f} s")
    for name, value in cost.items():
        print(f"{name.replace('_', ' ')}: {value:.0f}")
    scanned = [row for row in rows if row["scan_seconds"]]
    figures = {
        "items": count,
        "floor_seconds": floor,
        **cost,
        "topics": rows,
        "scan_over_index": statistics.median(row["scan_seconds"] / row["seconds"] for row in scanned),
        "index_over_floor": statistics.median(row["seconds"] / floor for row in rows),
    }
    finish(
        figures,
        [
            Goal(
                name="slowest back-test, child included",
                value=max(row["apart_seconds"] for row in rows),
                limit=GOAL_SECONDS,
                unit="s",
            )
        ],
    )


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument(
        "--corpora", type=Path, default=CORPORA, help="the folder with candidates.jsonl and others"
    )
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument(
        "--scans", type=int, default=3, help="how many topics are also scanned without the index"
    )
    options = parser.parse_args()
    asyncio.run(run(options.corpora, options.items, options.scans))


if __name__ == "__main__":
    main()
