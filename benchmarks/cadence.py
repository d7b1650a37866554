"""How long an item waits to be found: three ways to plan polls, compared at equal numbers of requests.

    make bench-cadence                              four weeks after four of learning, at three budgets
    make bench-cadence ARGS="--seed 7 --days 14"    another draw, a shorter time

Each feed of the corpus with five dated items or more lends its rate and its window; the hours of the week are those of
all their items together. Items then appear at random (Poisson, by the hour of the week), and each way of polling is
charged the mean time from an item's publication to the poll that finds it, and its requests:

- ours: the product's own modules, which know nothing but what their polls found; `pace` is set anew each day;
- ours, rates known: the same rule, told the true rates and hours;
- 1/rate: as often as the feed publishes, told the true rates (its best case);
- 1/rate, counted: the same from the number of items of the last week, as is usual;
- fixed: all feeds alike.

Every other way is given as many requests as ours made. Floor 5 min, ceiling 24 h for all; servers ask for nothing.
The last line is one JSON object.
"""

import argparse
import csv
import json
import math
import random
import sys
import time
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from monitor.fetch.cadence import Limits, next_poll, pace
from monitor.fetch.parse import parse
from monitor.fetch.rhythm import WEEK, Rhythm, hour_of_week, learn, rate, reach, seed
from monitor.model import FetchState, Hints, Outcome

ROOT = Path(__file__).resolve().parent.parent
FLOOR, CEILING = 300, 86_400  # seconds
BUDGETS = (1.0, 1 / 4, 1 / 12)
GOALS = {"1/rate": 0.65, "fixed": 0.3}  # at the first two budgets
LEAST_DATED = 5
BEGIN = datetime(2026, 1, 5, tzinfo=UTC)  # a Monday
READ = datetime(2027, 1, 1, tzinfo=UTC)  # later than any date in the corpus
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A feed: items per hour, items shown at a time, and when its items appear, in hours from BEGIN."""

    rate: float
    window: int
    before: tuple[float, ...] = ()
    items: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The hours that count: from the end of learning to the end."""

    start: float
    end: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """Mean minutes an item waited, and the requests made in the span."""

    delay: float
    requests: int


Way = Callable[[Source, float], float]  # the interval in hours of a feed polled at an hour


def sources(corpus: Path) -> tuple[list[Source], list[float]]:
    """Read the rates, the windows, and the weights of the hours of the week from real documents."""
    found: list[Source] = []
    hours: Counter[int] = Counter()
    with (corpus / "manifest.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["content"] in {"real", "mixed"}]
    for row in rows:
        document = parse(
            (corpus / row["file"]).read_bytes(), headers={}, url="https://feed.example/", now=READ
        )
        dates = sorted(entry.published for entry in document.entries if entry.published is not None)
        if len(dates) < LEAST_DATED or dates[0] == dates[-1]:
            continue
        span = (dates[-1] - dates[0]) / HOUR
        found.append(Source(rate=(len(dates) - 1) / span, window=len(document.entries)))
        if span >= WEEK:  # a shorter window would tell of its own hours only; a date without a time, of none
            hours.update(hour_of_week(date) for date in dates if date.hour or date.minute or date.second)
    counts = [hours[hour] for hour in range(WEEK)]
    smooth = [counts[hour - 1] + 2 * counts[hour] + counts[(hour + 1) % WEEK] for hour in range(WEEK)]
    mean = sum(smooth) / WEEK
    return found, [weight / mean for weight in smooth]


def publish(source: Source, weights: Sequence[float], hours: float, chance: random.Random) -> Source:
    """Draw when the items appear: the window's worth before the beginning, then through all hours."""
    before, at = [], 0.0
    while len(before) < source.window:
        at -= chance.expovariate(source.rate)
        before.append(at)
    # A process of the busiest hour's rate, thinned out by each hour's own (Lewis and Shedler, 1979).
    most, items, at = max(weights), [], 0.0
    while (at := at + chance.expovariate(source.rate * most)) < hours:
        if chance.random() * most < weights[int(at) % WEEK]:
            items.append(at)
    return replace(source, before=tuple(reversed(before)), items=tuple(items))


def waits(items: Sequence[float], polls: Sequence[float], span: Span) -> float:
    """Return the hours that the items of the span waited, together; the last poll is after the last item."""
    return sum(polls[bisect_right(polls, item)] - item for item in items if span.start <= item < span.end)


def run(feeds: Sequence[Source], way: Way, span: Span, chance: random.Random) -> Result:
    """Poll each feed by a way that needs no memory; the first polls are spread over one interval."""
    waited, requests = 0.0, 0
    for source in feeds:
        at = chance.random() * way(source, 0.0)
        polls = [at]
        while at < span.end:
            at += way(source, at)
            polls.append(at)
        waited += waits(source.items, polls, span)
        requests += sum(span.start <= poll < span.end for poll in polls)
    return _result(feeds, waited, requests, span)


def ours(feeds: Sequence[Source], budget: float, span: Span, chance: random.Random) -> Result:
    """Poll with the product's modules: a baseline, then learning from each poll that found something."""
    rhythms = [seed([_at(hour) for hour in source.before], BEGIN) for source in feeds]
    due = [chance.random() for _ in feeds]
    polls: list[list[float]] = [[0.0] for _ in feeds]
    states = [
        FetchState(next_poll_at=BEGIN, window=source.window, rhythm=rhythm.to_text())
        for source, rhythm in zip(feeds, rhythms, strict=True)
    ]
    for day in range(int(span.end // 24) + 2):
        now = _at(24 * day)
        k = pace(
            [(rate(rhythm, now), 1.0) for rhythm in rhythms], budget=budget, floor=FLOOR, ceiling=CEILING
        )
        limits = Limits(floor=FLOOR, ceiling=CEILING, pace=k, budget=budget)
        for index, source in enumerate(feeds):
            while due[index] < 24 * (day + 1):
                at = due[index]
                rhythms[index], new = _found(rhythms[index], source.items, polls[index][-1], at)
                if new:
                    states[index] = replace(states[index], rhythm=rhythms[index].to_text())
                schedule = next_poll(
                    states[index],
                    outcome=Outcome.NEW if new else Outcome.NOT_MODIFIED,
                    headers={},
                    hints=Hints(),
                    limits=limits,
                    now=_at(at),
                    jitter=chance.random(),
                )
                polls[index].append(at)
                due[index] = (schedule.next_poll_at - BEGIN) / HOUR
    for index, source in enumerate(feeds):
        assert polls[index][-1] >= span.end, source
    waited = sum(waits(source.items, each, span) for source, each in zip(feeds, polls, strict=True))
    requests = sum(span.start <= poll < span.end for each in polls for poll in each)
    return _result(feeds, waited, requests, span)


def _found(rhythm: Rhythm, items: Sequence[float], last: float, at: float) -> tuple[Rhythm, bool]:
    new = items[bisect_right(items, last) : bisect_right(items, at)]
    if not new:
        return rhythm, False
    return learn(rhythm, [_at(item) for item in new], since=_at(last), now=_at(at)), True


def told(weights: Sequence[float], k: float) -> Way:
    """Plan as our rule does, with the true rates and hours."""
    return lambda source, at: max(FLOOR / 3600, reach(weights, _at(at), k / source.rate**0.5, CEILING / 3600))


def by_rate(k: float) -> Way:
    """Plan by 1/rate, the true one."""
    return lambda source, _: _held(k / source.rate)


def counted(k: float) -> Way:
    """Plan by 1/rate, by the number of items of the last week."""

    def interval(source: Source, at: float) -> float:
        items = source.items
        week = bisect_right(items, at) - bisect_right(items, at - WEEK)
        if at < WEEK:
            week += len(source.before) - bisect_right(source.before, at - WEEK)
        return _held(k * WEEK / week) if week else CEILING / 3600

    return interval


def matched(
    feeds: Sequence[Source], make: Callable[[float], Way], requests: int, span: Span, number: int
) -> Result:
    """Find the factor at which a way makes as many requests as asked for, to within 0.3 %."""
    low = high = None
    k = 0.2 * len(feeds) * (span.end - span.start) / requests  # near enough to begin with
    for step in range(40):
        result = run(feeds, make(k), span, random.Random(number))
        if abs(result.requests - requests) <= 0.003 * requests:
            return result
        point = (math.log(k), math.log(result.requests / requests))
        low, high = (point, high) if point[1] > 0 else (low, point)
        if low is None or high is None:
            k *= 2 if high is None else 0.5
        else:
            share = 0.5 if step % 3 == 2 else low[1] / (low[1] - high[1])
            k = math.exp(low[0] + share * (high[0] - low[0]))
    raise SystemExit(f"no factor gives {requests} requests; the last gave {result.requests}")


def _held(hours: float) -> float:
    return min(CEILING / 3600, max(FLOOR / 3600, hours))


def _at(hours: float) -> datetime:
    return BEGIN + hours * HOUR


def _result(feeds: Sequence[Source], waited: float, requests: int, span: Span) -> Result:
    number = sum(span.start <= item < span.end for source in feeds for item in source.items)
    return Result(delay=60 * waited / number, requests=requests)


def compare(
    feeds: Sequence[Source], weights: Sequence[float], budget: float, span: Span, number: int
) -> dict[str, Result]:
    mine = ours(feeds, budget, span, random.Random(number))
    per_hour = mine.requests / len(feeds) / (span.end - span.start)
    return {
        "ours": mine,
        "ours, rates known": matched(feeds, lambda k: told(weights, k), mine.requests, span, number),
        "1/rate": matched(feeds, by_rate, mine.requests, span, number),
        "1/rate, counted": matched(feeds, counted, mine.requests, span, number),
        "fixed": run(feeds, lambda *_: 1 / per_hour, span, random.Random(number)),
    }


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seed", type=int, default=1, help="which draw (default 1)")
    parser.add_argument("--days", type=int, default=28, help="that count (default 28)")
    parser.add_argument("--learn", type=int, default=28, help="days before them (default 28)")
    parser.add_argument("--feeds", type=Path, default=ROOT.parent / "shared" / "corpora" / "feeds")
    return parser.parse_args()


def main() -> int:
    options = _options()
    began = time.monotonic()
    if not (options.feeds / "manifest.csv").is_file():
        sys.exit(f"no corpus of feeds in {options.feeds}: say where it is with --feeds DIR")
    known, weights = sources(options.feeds)
    span = Span(start=24.0 * options.learn, end=24.0 * (options.learn + options.days))
    chance = random.Random(options.seed)
    feeds = [publish(source, weights, span.end, chance) for source in known]
    number = sum(len(source.items) for source in feeds)
    spread = sorted(24 * source.rate for source in feeds)
    print(
        f"{len(feeds)} feeds, {number} items in {options.learn} + {options.days} days; items a day: "
        f"median {spread[len(spread) // 2]:.2f}, nine tenths below {spread[9 * len(spread) // 10]:.1f}; "
        f"floor 5 min, ceiling 24 h, seed {options.seed}"
    )
    print(
        f"\n{'budget':<10}{'way':<20}{'requests':>10}{'a feed and hour':>17}{'mean delay':>13}{'ours/it':>9}"
    )
    figures, reached = [], True
    for budget in BUDGETS:
        results = compare(feeds, weights, budget, span, options.seed)
        figures.append(_show(budget, results, len(feeds) * (span.end - span.start)))
        if budget in BUDGETS[:2]:
            reached &= all(figures[-1]["ratios"][way] <= goal for way, goal in GOALS.items())
    summary = {
        "feeds": len(feeds),
        "items": number,
        "seed": options.seed,
        "budgets": figures,
        "goals": GOALS,
        "reached": reached,
        "seconds": round(time.monotonic() - began),
    }
    print(f"\ngoals at budgets 1 and 1/4: {GOALS}: {'reached' if reached else 'MISSED'}")
    print(json.dumps(summary))
    return 0 if reached else 1


def _show(budget: float, results: dict[str, Result], feed_hours: float) -> dict:
    name = "1" if budget == 1 else f"1/{1 / budget:.0f}"
    mine = results["ours"].delay
    for way, result in results.items():
        share = f"{mine / result.delay:.2f}" if way != "ours" else ""
        print(
            f"{name:<10}{way:<20}{result.requests:>10}{result.requests / feed_hours:>17.3f}"
            f"{result.delay:>9.1f} min{share:>9}"
        )
    return {
        "budget": name,
        "requests_a_feed_and_hour": round(results["ours"].requests / feed_hours, 4),
        "minutes": {way: round(result.delay, 2) for way, result in results.items()},
        "ratios": {way: round(mine / result.delay, 3) for way, result in results.items() if way != "ours"},
    }


if __name__ == "__main__":
    sys.exit(main())
