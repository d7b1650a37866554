"""What it costs to find an item's story in a full window, and how well stories are found.

    make bench-stories                                    # over ../shared/corpora/items
    make bench-stories ARGS="--fnc FOLDER --uci FILE"     # quality on two public sets, too

Cost: real items, then perturbed copies of them, come in until the window holds 10,000, 30,000 and 100,000. At each size
the next items are timed, in CPU time, from text to place in the window (keys and vector included), against the floor:
`str.split` of the same texts. Quality is the B-cubed F1 with the thresholds shipped; the sets are not part of this:

- FOLDER has competition_test_bodies.csv and competition_test_stances.csv of github.com/FakeNewsChallenge/fnc-1: leads
  of 60 words; bodies and headlines whose stance is not `unrelated` are one story.
- FILE is uci-news-aggregator.csv of github.com/ankurbag/my-refugee-app, its first 999 titles with their STORY.

The last line is one JSON object with all figures.
"""

import argparse
import csv
import gc
import json
import math
import random
import statistics
import time
from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
from table import Goal, finish, print_rows

from monitor.match import StoryWindow, story_text
from monitor.model import ItemText, Story

CORPUS = Path(__file__).parents[2] / "shared" / "corpora" / "items"
START = datetime(2026, 1, 5, tzinfo=UTC)
SIZES = (10_000, 30_000, 100_000)
TIMED = 1_500
ROUNDS = 3
CHANGED = 4  # words of a copy that become others


@dataclass(slots=True)
class Desk:
    """Stories as dispatch makes them, without a store: keys first, then the window."""

    window: StoryWindow = field(default_factory=StoryWindow)
    keys: dict[str, int] = field(default_factory=dict)
    stories: dict[int, Story] = field(default_factory=dict)

    def take(self, number: int, text: ItemText, seen: datetime) -> int:
        read = story_text(text)
        keys = read.keys
        known = [self.stories[self.keys[key]] for key in keys if key in self.keys]
        copied = max(known, key=lambda story: (story.last_seen, -story.id), default=None)
        placement = self.window.place(read, seen=seen, known=copied)
        found = placement.story_id or len(self.stories) + 1
        story = self.stories.get(found) or Story(
            id=found, uid="", title="", language=text.language, first_seen=seen, last_seen=seen
        )
        self.window.add(placement, item_id=number, story=story)
        self.stories[found] = replace(story, last_seen=seen, items=story.items + 1)
        self.keys.update(dict.fromkeys(keys, found))
        return found


def b_cubed(gold: Mapping[int, Hashable], found: Mapping[int, Hashable]) -> tuple[float, float, float]:
    """Return B-cubed precision, recall and F1 (Bagga and Baldwin, 1998) over the items of `gold`."""
    right, made = defaultdict[Hashable, set[int]](set), defaultdict[Hashable, set[int]](set)
    for item in gold:
        right[gold[item]].add(item)
        made[found[item]].add(item)
    shared = {item: len(right[gold[item]] & made[found[item]]) for item in gold}
    precision = statistics.fmean(shared[item] / len(made[found[item]]) for item in gold)
    recall = statistics.fmean(shared[item] / len(right[gold[item]]) for item in gold)
    return precision, recall, 2 * precision * recall / (precision + recall)


def corpus(folder: Path) -> list[ItemText]:
    found = []
    for name in ("general-en", "general-es", "candidates"):
        for line in (folder / f"{name}.jsonl").read_text(encoding="utf-8").splitlines():
            item = json.loads(line)
            found.append(
                ItemText(
                    title=item["title"],
                    summary=item["summary"] or "",
                    language=item["lang"],
                    source=item["outlet"],
                )
            )
    return found


def endless(texts: Sequence[ItemText], seed: int) -> Iterator[ItemText]:
    """Yield the items in random order, then copies of them in which some words of other items stand."""
    chance = random.Random(seed)
    shuffled = chance.sample(texts, len(texts))
    yield from shuffled
    words = {lang: [w for t in texts if t.language == lang for w in t.title.split()] for lang in ("en", "es")}
    while True:
        text = chance.choice(shuffled)
        title, summary = text.title.split(), text.summary.split()
        for part in (title, summary):
            for _ in range(CHANGED if part else 0):
                part[chance.randrange(len(part))] = chance.choice(words[text.language])
        yield replace(text, title=" ".join(title), summary=" ".join(summary))


def cost(folder: Path, sizes: Sequence[int]) -> list[dict[str, float]]:
    """Fill one window up to each size and time the items that come next."""
    stream, desk, rows, number = endless(corpus(folder), 7), Desk(), [], 0
    step = timedelta(hours=71) / (max(sizes) + TIMED * ROUNDS * len(sizes))
    process = psutil.Process()
    before = process.memory_info().rss
    for size in sizes:
        while len(desk.window) < size:
            number += 1
            desk.take(number, next(stream), START + number * step)
        gc.collect()
        memory = process.memory_info().rss - before
        ours, floor = [], []
        for _ in range(ROUNDS):
            batch = [next(stream) for _ in range(TIMED)]
            begun = time.process_time()
            for text in batch:
                text.title.split()
                text.summary.split()
            floor.append((time.process_time() - begun) / TIMED * 1e6)
            begun = time.process_time()
            for text in batch:
                number += 1
                desk.take(number, text, START + number * step)
            ours.append((time.process_time() - begun) / TIMED * 1e6)
        rows.append(
            {
                "items": size,
                "stories": len(desk.stories),
                "us": min(ours),
                "floor_us": min(floor),
                "ratio": min(ours) / min(floor),
                "mib": memory / 2**20,
            }
        )
    return rows


def exponent(rows: Sequence[Mapping[str, float]]) -> float:
    """Return the slope of cost over size, both as logarithms (least squares): 0 does not grow, 1 is linear."""
    xs, ys = ([math.log(row[name]) for row in rows] for name in ("items", "us"))
    return statistics.linear_regression(xs, ys).slope


def fnc(folder: Path) -> tuple[list[ItemText], dict[int, Hashable]]:
    csv.field_size_limit(2**30)
    with (folder / "competition_test_bodies.csv").open(encoding="utf-8") as file:
        bodies = {row["Body ID"]: row["articleBody"] for row in csv.DictReader(file)}
    parent: dict[Hashable, Hashable] = {}

    def root(node: Hashable) -> Hashable:
        while parent.setdefault(node, node) != node:
            node = parent[node]
        return node

    with (folder / "competition_test_stances.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["Stance"] != "unrelated":
                parent[root(("headline", row["Headline"]))] = root(("body", row["Body ID"]))
    texts = [
        ItemText(title="", summary=" ".join(body.split()[:60]), language="en") for body in bodies.values()
    ]
    return texts, {number: root(("body", body)) for number, body in enumerate(bodies)}


def uci(path: Path) -> tuple[list[ItemText], dict[int, Hashable]]:
    with path.open(encoding="utf-8") as file:
        rows = [row for row, _ in zip(csv.DictReader(file), range(999), strict=False)]
    texts = [ItemText(title=row["TITLE"], source=row["PUBLISHER"], language="en") for row in rows]
    return texts, {number: row["STORY"] for number, row in enumerate(rows)}


def quality(texts: Sequence[ItemText], gold: Mapping[int, Hashable]) -> dict[str, float]:
    desk = Desk()
    found = {
        number: desk.take(number, text, START + timedelta(seconds=number))
        for number, text in enumerate(texts)
    }
    precision, recall, f1 = b_cubed(gold, found)
    sizes = {"items": len(gold), "gold": len(set(gold.values())), "found": len(set(found.values()))}
    return {**sizes, "precision": precision, "recall": recall, "f1": f1}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpora", type=Path, default=CORPUS, help="folder of the item files")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--fnc", type=Path, help="folder of fnc-1's test files")
    parser.add_argument("--uci", type=Path, help="uci-news-aggregator.csv")
    asked = parser.parse_args()
    figures: dict[str, Any] = {}
    if (asked.corpora / "candidates.jsonl").exists():
        rows = cost(asked.corpora, asked.sizes)
        columns = ("items", "stories", "us", "floor_us", "ratio", "mib")
        print_rows(("in the window", "stories", "µs an item", "floor µs", "ratio", "MiB"),
                   [[row[name] for name in columns] for row in rows])  # fmt: skip
        figures = {"cost": rows, "exponent": exponent(rows) if len(rows) > 1 else None}
        print(f"\ncost grows with size to the power of {figures['exponent'] or 0:.2f}")
    else:
        print(f"cost is not measured: no items in {asked.corpora} (give --corpora FOLDER)")
    for name, where, read in (("fnc", asked.fnc, fnc), ("uci", asked.uci, uci)):
        if where is None or not where.exists():
            print(
                f"{name} is not measured: {where or f'no --{name}'} is not there; see --help for where it comes from"
            )
            continue
        figures[name] = quality(*read(where))
        print(f"{name}: " + ", ".join(f"{key} {value:.3g}" for key, value in figures[name].items()))
    last = figures["cost"][-1] if figures.get("cost") else {}
    miss = {name: 1 - figures[name]["f1"] if name in figures else None for name in ("fnc", "uci")}
    goals = [
        Goal(name=f"an item at {last.get('items', 0):,}", value=last.get("us"), limit=300, unit="µs CPU"),
        Goal(name="FNC leads, 1 - B-cubed F1", value=miss["fnc"], limit=0.20),
        Goal(name="UCI titles, 1 - B-cubed F1", value=miss["uci"], limit=0.32),
    ]
    finish(figures, goals)


if __name__ == "__main__":
    main()
