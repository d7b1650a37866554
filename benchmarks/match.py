"""What it costs to match: raw text to hits, one thread, from a hundred topics to a hundred thousand.

    make bench-match                                   # real items of ../shared/corpora/items, if they are there
    make bench-match ARGS="--quick"                    # a small run, to see that it works
    make bench-match ARGS="--corpora FOLDER --sizes 1000,10000"

Topics are synthetic, (A OR ..) AND (B OR ..), 30 % of them with a NOT, a quarter a plain OR; about 8.5 terms of one to
three words each, half of them taken from the items, half words that occur nowhere. Beside the engine stand, on the same
items: `str.split()`, the floor of whatever makes words in Python; every query evaluated, by our own evaluator and by
plain set operations over word n-grams (which know no plurals); and one compiled regular expression for each term.

Times are CPU time, the best of three passes (the slow ones once, capped). Each size runs in a process of its own, whose
memory is its resident set after matching, the topics themselves included.
"""

import argparse
import json
import os
import random
import re
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.news import make_item  # noqa: E402
from benchmarks.process_tree import status_mib  # noqa: E402
from benchmarks.table import Goal, finish, print_rows  # noqa: E402
from monitor.match import Watchlist, compile_watchlist, parse_query, used_groups  # noqa: E402
from monitor.match.engine.document import Document, holds  # noqa: E402
from monitor.model import ItemText, Priority, Topic  # noqa: E402
from monitor.text.gate import plain  # noqa: E402

DEFAULT = ROOT.parent / "shared" / "corpora"
SHIPPED = ROOT / "config" / "watchlists" / "us-mexico-border.toml"
SIZES = (100, 1_000, 10_000, 100_000)
QUICK = (10, 100)
CAP_SECONDS = 4.0  # of each slow contestant
EVERY_QUERY_UP_TO = 10_000


class Made(NamedTuple):
    """A synthetic query: one term of each clause must be there, none of `excluded`."""

    clauses: tuple[tuple[str, ...], ...]
    excluded: tuple[str, ...]

    def __str__(self) -> str:
        joined = " AND ".join(f"({' OR '.join(map(_quoted, clause))})" for clause in self.clauses)
        return f"{joined} AND NOT ({' OR '.join(map(_quoted, self.excluded))})" if self.excluded else joined


def _quoted(term: str) -> str:
    return f'"{term}"'


def items(corpora: Path, count: int) -> list[ItemText]:
    """Return real items, drawn at random and always the same, or made-up news where there are none."""
    paths = sorted((corpora / "items").glob("*.jsonl"))
    if not paths:
        now = datetime(2026, 1, 1, tzinfo=UTC)
        made = (make_item(number % 50, number // 50, published=now) for number in range(count))
        return [ItemText(title=one.title, summary=plain(one.html, html=True, limit=2_000)) for one in made]
    lines = [(path, number) for path in paths for number in range(_lines(path))]
    random.Random(7).shuffle(lines)
    wanted = set(lines[:count])  # so that a child holds no more than it needs
    read = (
        json.loads(line)
        for path in paths
        for number, line in enumerate(path.open(encoding="utf-8"))
        if (path, number) in wanted
    )
    return [ItemText(title=one["title"], summary=one["summary"] or "", language=one["lang"]) for one in read]


def _lines(path: Path) -> int:
    with path.open(encoding="utf-8") as file:
        return sum(1 for _ in file)


def queries(texts: Sequence[ItemText], count: int) -> Iterator[Made]:
    """Yield synthetic queries over at most 100,000 distinct terms, the same for the same items."""
    chance = random.Random(count)
    pool = list(dict.fromkeys(_terms(texts, chance, 140_000 if len(texts) > 1_000 else 2_000)))[:100_000]
    for _ in range(count):
        sizes = (
            [chance.randint(5, 12)]
            if chance.random() < 0.25
            else [chance.randint(2, 5), chance.randint(2, 6)]
        )
        clauses = tuple(tuple(chance.sample(pool, size)) for size in sizes)
        yield Made(clauses, tuple(chance.sample(pool, chance.randint(1, 3))) if chance.random() < 0.3 else ())


def _terms(texts: Sequence[ItemText], chance: random.Random, count: int) -> Iterator[str]:
    for number in range(count):
        words = chance.choices((1, 2, 3), (33, 46, 21))[0]
        there = re.findall(r"[^\W\d_]{3,}", chance.choice(texts).title)
        if number % 2 and len(there) >= words:
            start = chance.randrange(len(there) - words + 1)
            yield " ".join(there[start : start + words]).lower()
        else:
            yield " ".join(
                "".join(chance.choices("bcdfghlmnprst", k=3)) + f"x{chance.randrange(9999)}"
                for _ in range(words)
            )


def topic(slug: str, query: str) -> Topic:
    """Make a topic of a query."""
    return Topic(
        slug=slug,
        watchlist="w",
        name=slug,
        description="",
        priority=Priority.NORMAL,
        query=query,
        owner="file:w",
    )


def best(run: Callable[[], object], rounds: int = 3) -> float:
    """Return the CPU seconds of the fastest round."""
    return min(_seconds(run) for _ in range(rounds))


def _seconds(run: Callable[[], object]) -> float:
    start = time.process_time()
    run()
    return time.process_time() - start


def capped(run: Callable[[ItemText], object], texts: Sequence[ItemText]) -> float:
    """Return the CPU seconds an item of a slow contestant, over as many items as the cap allows."""
    start = time.process_time()
    done = 0
    for text in texts:
        run(text)
        done += 1
        if time.process_time() - start > CAP_SECONDS:
            break
    return (time.process_time() - start) / done


def measure(size: int, texts: Sequence[ItemText]) -> dict[str, float]:
    """Compile so many topics, match, and change them; in this process."""
    topics = [topic(f"t{number}", str(made)) for number, made in enumerate(queries(texts, size))]
    before = status_mib(os.getpid(), "VmRSS")
    start = time.process_time()
    watchlist = compile_watchlist(topics, revision=1)
    compiled = time.process_time() - start
    matched = _matched(watchlist, texts)
    memory = {"rss_mib": status_mib(os.getpid(), "VmRSS"), "before_compiling_mib": before}
    return {"compile_s": compiled, **matched, **memory, **changes(watchlist, size)}


def _matched(watchlist: Watchlist, texts: Sequence[ItemText]) -> dict[str, float]:
    def run() -> int:
        return sum(len(watchlist.match(text)) for text in texts)  # and lets go of them, as a daemon does

    start = time.process_time()
    found = run()
    first = time.process_time() - start
    spent = best(run)
    return {
        "items_per_s": len(texts) / spent,
        "us_per_item": spent / len(texts) * 1e6,
        "first_us_per_item": first / len(texts) * 1e6,  # every piece of text met for the first time
        "hits_per_item": found / len(texts),
    }


def changes(watchlist: Watchlist, size: int) -> dict[str, float]:
    """Add and remove single topics, then fold."""
    added, removed = [], []
    for number in range(100):
        new = topic(
            f"new{number}",
            '(alpha OR "beta gamma" OR delta) AND (epsilon OR zeta OR "eta theta") AND NOT iota',
        )
        start = time.perf_counter()
        watchlist = watchlist.changed(added=[new], revision=2)
        added.append(time.perf_counter() - start)
        start = time.perf_counter()
        watchlist = watchlist.changed(removed=[f"t{number % size}"], revision=3)
        removed.append(time.perf_counter() - start)
    folding = _seconds(watchlist.folded)
    return {
        "add_ms": median(added) * 1e3,
        "add_slowest_ms": max(added) * 1e3,
        "remove_ms": median(removed) * 1e3,
        "fold_s": folding,
    }


def every_query(size: int, texts: Sequence[ItemText]) -> dict[str, float]:
    """Measure what evaluating each query costs an item, in microseconds."""
    made = list(queries(texts, size))
    roots = [parse_query(str(one)).root for one in made]
    sets = [([frozenset(clause) for clause in one.clauses], frozenset(one.excluded)) for one in made]

    def evaluate(text: ItemText) -> int:
        document = Document(text)
        return sum(holds(root, document) for root in roots)

    def compare(text: ItemText) -> int:
        grams = _grams(text)
        return sum(
            excluded.isdisjoint(grams) and not any(clause.isdisjoint(grams) for clause in clauses)
            for clauses, excluded in sets
        )

    terms = dict.fromkeys(term for one in made for clause in (*one.clauses, one.excluded) for term in clause)
    figures = {"evaluator_us": capped(evaluate, texts) * 1e6, "sets_us": capped(compare, texts) * 1e6}
    if size <= 1_000:
        compiled = [re.compile(rf"\b{re.escape(term)}\b", re.IGNORECASE) for term in terms]
        figures["regex_us"] = capped(lambda text: _search(compiled, text), texts) * 1e6
    return figures


def _grams(text: ItemText) -> set[str]:
    words = re.findall(r"\w+", f"{text.title} {text.summary}".lower())
    pairs = pairwise(words)
    triples = zip(words, words[1:], words[2:], strict=False)
    return {*words, *map(" ".join, pairs), *map(" ".join, triples)}


def _search(compiled: Sequence[re.Pattern[str]], text: ItemText) -> int:
    whole = f"{text.title}\n{text.summary}"
    return sum(one.search(whole) is not None for one in compiled)


def floor(texts: Sequence[ItemText]) -> float:
    """Return the CPU microseconds an item of parting it at its spaces."""
    return best(lambda: [(text.title.split(), text.summary.split()) for text in texts]) / len(texts) * 1e6


def shipped(texts: Sequence[ItemText]) -> dict[str, float]:
    """Measure the watchlist that ships."""
    data = tomllib.loads(SHIPPED.read_text(encoding="utf-8"))
    groups = data.get("groups", {})
    topics = [
        replace(topic(one["slug"], one["query"]), groups=used_groups(one["query"], groups))
        for one in data["topic"]
    ]
    start = time.process_time()
    watchlist = compile_watchlist(topics, revision=1)
    return {"topics": len(topics), "compile_s": time.process_time() - start, **_matched(watchlist, texts)}


def child(size: int, chosen: argparse.Namespace) -> dict[str, float]:
    """Measure one size in a process of its own."""
    command = [
        sys.executable,
        __file__,
        "--child",
        str(size),
        "--items",
        str(chosen.items),
        "--corpora",
        chosen.corpora,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def main() -> None:
    """Measure, and print the table, the goals and the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpora", default=str(DEFAULT), help="the folder that holds items/*.jsonl")
    parser.add_argument("--items", type=int, default=8_000, help="items to match, drawn at random")
    parser.add_argument(
        "--sizes", type=lambda text: tuple(map(int, text.split(","))), help="numbers of topics"
    )
    parser.add_argument("--quick", action="store_true", help="a small run, to see that it works")
    parser.add_argument("--child", type=int, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.quick:
        chosen.items = min(chosen.items, 500)
    texts = items(Path(chosen.corpora), chosen.items)
    if chosen.child is not None:
        print(json.dumps(measure(chosen.child, texts)))
        return
    sizes = chosen.sizes or (QUICK if chosen.quick else SIZES)
    lowest = floor(texts)
    print(f"{len(texts)} items; str.split() alone takes {lowest:.2f} us an item\n", flush=True)
    by_size: dict[int, dict[str, float]] = {}
    for size in sizes:
        slow = every_query(size, texts) if size <= EVERY_QUERY_UP_TO else {}
        by_size[size] = {**child(size, chosen), **slow}
    ours = shipped(texts)
    _report(by_size, ours, lowest)


def _report(by_size: dict[int, dict[str, float]], ours: dict[str, float], lowest: float) -> None:
    for figures in by_size.values():
        figures["to_floor"] = figures["us_per_item"] / lowest
        for name in ("evaluator", "sets", "regex"):
            if f"{name}_us" in figures:
                figures[f"times_{name}"] = figures[f"{name}_us"] / figures["us_per_item"]
    print_rows(
        ("topics", *(title for title, _ in _COLUMNS)),
        [
            (str(size), *(figures.get(name) for _, name in _COLUMNS))
            for size, figures in [*by_size.items(), ("shipped", ours)]
        ],
    )
    thousand, ten, most = by_size.get(1_000, {}), by_size.get(10_000, {}), by_size.get(100_000, {})
    goals = [
        Goal(name="us per item at 1,000 topics", value=thousand.get("us_per_item"), limit=50, unit="us"),
        Goal(
            name="every query evaluated, 90 x slower at 10,000",
            value=_share(ten, "evaluator"),
            limit=1 / 90,
            unit="ours/naive",
        ),
        Goal(name="memory at 100,000 topics", value=most.get("rss_mib"), limit=150, unit="MiB"),
        *(
            Goal(name=f"{verb} one topic of {size:,}", value=figures[f"{what}_ms"], limit=1, unit="ms")
            for size, figures in by_size.items()
            for verb, what in (("add", "add"), ("remove", "remove"))
        ),
    ]
    sizes = {str(size): figures for size, figures in by_size.items()}
    finish({"benchmark": "match", "split_us": lowest, "sizes": sizes, "shipped": ours}, goals)


def _share(figures: dict[str, float], other: str) -> float | None:
    return 1 / figures[f"times_{other}"] if figures else None


_COLUMNS = (
    ("items/s", "items_per_s"),
    ("us/item", "us_per_item"),
    ("first time", "first_us_per_item"),
    ("x split", "to_floor"),
    ("hits/item", "hits_per_item"),
    ("evaluator/ours", "times_evaluator"),
    ("sets/ours", "times_sets"),
    ("regex/ours", "times_regex"),
    ("compile s", "compile_s"),
    ("MiB", "rss_mib"),
    ("add ms", "add_ms"),
    ("slowest", "add_slowest_ms"),
    ("remove ms", "remove_ms"),
    ("fold s", "fold_s"),
)


if __name__ == "__main__":
    main()
