"""How well surges are told from the usual: false alarms, recall and delay beside the rules of two others.

    make bench-surge                                12 runs of 60 days for each level
    make bench-surge ARGS="--runs 3 --seed 7"       fewer, another draw

Hourly numbers of new stories with a daily and a weekly cycle and over-dispersion (Poisson with a gamma rate that
changes from hour to hour and from day to day), at 0.5, 5, 50 and 500 stories a day, and at 50 a day growing to three
times that over the 60 days. Three bursts a run, at random after day 30: the rate is 4 to 10 times as high (15 to 30 at
0.5 a day) for 6 to 12 hours. Every rule is asked each hour from day 30 on and is quiet for 12 hours after an alarm;
each sees the same numbers:

- ours: the product's own `judge_surge`, and the same with the sensitive setting;
- without the level: ours, not told how the last week compares with the month;
- ratio: the hourly mean of the last 6 hours is above 150 % of the mean of the last 7 days;
- two deviations: the last 6 hours are above the mean and two standard deviations of the 6-hour windows of 7 days.

An alarm from a burst's first hour to 6 hours after its end is right, every other one in a quiet hour false. The delay
counts from the burst's beginning. The last line is one JSON object.
"""

import argparse
import math
import random
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from table import Goal, finish, print_rows

from monitor.match.surge import CALM, DAY, SENSITIVE, SurgeRules, judge_surge

DAYS, QUIET_DAYS, BURSTS = 60, 30, 3
AFTER = 6  # hours after a burst in which an alarm still belongs to it
REFRACTORY = 12
WEEKEND = 0.7
HOUR_SHAPE, DAY_SHAPE = 6.0, 12.0  # of the gamma rates: the smaller, the wilder
LEVELS = {"0.5/day": 0.5, "5/day": 5.0, "50/day": 50.0, "50/day, drift x3": 50.0, "500/day": 500.0}

Rule = Callable[[Sequence[int]], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Hourly counts and the bursts in them, as (first hour, hour after the last)."""

    counts: tuple[int, ...]
    bursts: tuple[tuple[int, int], ...]


@dataclass(slots=True)
class Score:
    """What one rule made of all runs of a level."""

    false: int = 0
    quiet_hours: int = 0
    bursts: int = 0
    delays: list[int] | None = None

    def row(self) -> tuple[float, float, float | None]:
        """False alarms in 30 quiet days, recall, median delay in hours."""
        delays = self.delays or []
        return (
            self.false / (self.quiet_hours / DAY) * 30,
            len(delays) / self.bursts,
            float(statistics.median(delays)) if delays else None,
        )


def make_run(per_day: float, *, drift: float, chance: random.Random) -> Run:
    bursts = _bursts(per_day, chance)
    counts = []
    for hour in range(DAYS * DAY):
        if hour % DAY == 0:
            day = chance.gammavariate(DAY_SHAPE, 1 / DAY_SHAPE)
        cycle = 1 + 0.7 * math.sin((hour % DAY - 8) / DAY * 2 * math.pi)
        week = WEEKEND if hour // DAY % 7 >= 5 else 1.0
        grown = 1 + (drift - 1) * hour / (DAYS * DAY)
        lifted = next((factor for start, end, factor in bursts if start <= hour < end), 1.0)
        rate = per_day / DAY * cycle * week * grown * lifted * day
        counts.append(poisson(rate * chance.gammavariate(HOUR_SHAPE, 1 / HOUR_SHAPE), chance))
    return Run(counts=tuple(counts), bursts=tuple((start, end) for start, end, _ in bursts))


def _bursts(per_day: float, chance: random.Random) -> list[tuple[int, int, float]]:
    """Draw bursts at least three days apart, in the second half."""
    low, high = (15, 30) if per_day < 1 else (4, 10)
    third = (DAYS - QUIET_DAYS) * DAY // BURSTS
    found = []
    for number in range(BURSTS):
        start = QUIET_DAYS * DAY + number * third + chance.randrange(third - 3 * DAY)
        found.append((start, start + chance.randint(6, 12), chance.uniform(low, high)))
    return found


def poisson(rate: float, chance: random.Random) -> int:
    """Draw by counting exponential waiting times; rates here stay below a few hundred."""
    count, waited = 0, chance.expovariate(1.0)
    while waited < rate:
        count += 1
        waited += chance.expovariate(1.0)
    return count


def ours(rules: SurgeRules) -> Rule:
    return lambda counts: judge_surge(counts[-rules.span :], rules).surge


def ratio(counts: Sequence[int]) -> bool:
    recent, week = sum(counts[-6:]), sum(counts[-7 * DAY - 6 : -6])
    return recent >= 3 and recent / 6 > 1.5 * week / (7 * DAY)


def two_deviations(counts: Sequence[int]) -> bool:
    week = counts[-7 * DAY - 6 : -6]
    sums = [sum(week[start : start + 6]) for start in range(0, len(week), 6)]
    recent = sum(counts[-6:])
    return recent >= 3 and recent > statistics.fmean(sums) + 2 * statistics.stdev(sums)


RULES: dict[str, Rule] = {
    "ours": ours(CALM),
    "ours, sensitive": ours(SENSITIVE),
    "ours, without the level": ours(SurgeRules(steepest=1.0)),
    "ratio 150 % of 7-day mean": ratio,
    "mean + 2 sd of 7 days": two_deviations,
}


def score(rule: Rule, run: Run, into: Score) -> None:
    quiet_until, found = 0, dict[int, int]()
    into.delays = into.delays if into.delays is not None else []
    for hour in range(QUIET_DAYS * DAY, DAYS * DAY):
        number = next((n for n, (start, end) in enumerate(run.bursts) if start <= hour < end + AFTER), None)
        into.quiet_hours += number is None
        if hour < quiet_until or not rule(run.counts[: hour + 1]):
            continue
        quiet_until = hour + REFRACTORY
        if number is None:
            into.false += 1
        else:
            found.setdefault(number, hour - run.bursts[number][0] + 1)
    into.bursts += len(run.bursts)
    into.delays += found.values()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--runs", type=int, default=12)
    parser.add_argument("--seed", type=int, default=20261128)
    options = parser.parse_args()
    started = time.process_time()
    scores: dict[str, dict[str, tuple[float, float, float | None]]] = {name: {} for name in RULES}
    for level, per_day in LEVELS.items():
        drift = 3.0 if "drift" in level else 1.0
        runs = [
            make_run(per_day, drift=drift, chance=random.Random(f"{options.seed}/{level}/{number}"))
            for number in range(options.runs)
        ]
        for name, rule in RULES.items():
            into = Score()
            for run in runs:
                score(rule, run, into)
            scores[name][level] = into.row()
    tell(scores, options.runs, time.process_time() - started)


def tell(scores: dict[str, dict[str, tuple[float, float, float | None]]], runs: int, seconds: float) -> None:
    print(f"{runs} runs of {DAYS} days a level: false alarms in 30 quiet days / recall / median delay in h\n")
    print_rows(
        ("rule", *LEVELS),
        [(name, *(_shown(row[level]) for level in LEVELS)) for name, row in scores.items()],
    )
    calm, peer = scores["ours"], scores["ratio 150 % of 7-day mean"]
    goals = [
        Goal(name=f"false alarms at {level}", value=calm[level][0], limit=limit, unit="per 30 days")
        for level, limit in (("0.5/day", 0.2), ("5/day", 0.3), ("50/day", 1.0), ("500/day", 0.5))
    ]
    goals += [
        Goal(name=f"missed at {level}", value=1 - calm[level][1], limit=limit, unit="of bursts")
        for level, limit in (("5/day", 0.6), ("50/day", 0.1), ("500/day", 0.05))
    ]
    names = ("false_alarms", "recall", "delay_hours")
    figures = {
        "rules": {
            rule: {level: dict(zip(names, row, strict=True)) for level, row in levels.items()}
            for rule, levels in scores.items()
        },
        "ratios": {
            f"false alarms to ratio rule, {level}": _by(calm[level][0], peer[level][0]) for level in LEVELS
        },
        "cpu_seconds": seconds,
    }
    finish(_rounded(figures), goals)


def _by(value: float, other: float) -> float | None:
    return value / other if other else None


def _shown(row: tuple[float, float, float | None]) -> str:
    false, recall, delay = row
    return f"{false:.2f}/{recall:.2f}/{'-' if delay is None else f'{delay:g}'}"


def _rounded(value: object) -> object:
    if isinstance(value, dict):
        return {key: _rounded(each) for key, each in value.items()}
    return round(value, 3) if isinstance(value, float) else value


if __name__ == "__main__":
    main()
