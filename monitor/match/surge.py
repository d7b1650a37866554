"""Surges: whether the last hours brought more new stories than a topic's own past explains, and in what words.

The stories of the last six hours are tested against the same hours of the day on the last 28 days: how likely is a
number as high as this one under the negative-binomial distribution with their mean and variance? Counts and which
hours were watched are given; what is counted, and who is told, is decided elsewhere.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

DAY = 24  # hours
TRIMMED = 0.05  # share of the highest past windows that is left out: earlier surges are not usual
VARIANCE_FLOOR = 1.1  # times the mean: counts are never steadier than chance
SMOOTHING = 2 / (7 + 1)  # weight of the newest day in an exponential mean over about seven days
SHRINKING = 5.0  # stories that the level is held back by: a few more are no new level yet
NEGLIGIBLE = 1e-17  # a tail's remaining terms, relative to its sum


@dataclass(frozen=True, slots=True, kw_only=True)
class SurgeRules:
    """When a number of stories is a surge.

    `chance` is the probability below which it is none of the usual, `least` the smallest number that can be one, and
    `fixed` the number that is one as long as fewer than `learning` past days are known. `hours` is the length of the
    window, `days` how far back is looked; after a surge the topic is quiet for `refractory`. `steepest` bounds how many
    times the level of the month that of the last week may count for.
    """

    chance: float = 1e-4
    least: int = 3
    fixed: int = 10
    hours: int = 6
    days: int = 28
    learning: int = 7
    steepest: float = 4.0
    refractory: timedelta = timedelta(hours=12)

    @property
    def span(self) -> int:
        """How many hours of counts are looked at."""
        return self.days * DAY + self.hours


CALM = SurgeRules()
SENSITIVE = SurgeRules(chance=1e-3)


@dataclass(frozen=True, slots=True, kw_only=True)
class SurgeJudgement:
    """What the last window's `stories` mean; `usual` and `chance` are None while too few `days` are known."""

    surge: bool
    stories: int
    hours: int
    days: int
    usual: float | None = None
    chance: float | None = None

    @property
    def reason(self) -> str:
        """The numbers in words: "9 stories in 6 h, usually 1.2"."""
        said = f"{self.stories} {'story' if self.stories == 1 else 'stories'} in {self.hours} h"
        if self.usual is None:
            known = f"{self.days} {'day' if self.days == 1 else 'days'}"
            return f"{said}; what is usual is not known yet ({known} of history)"
        return f"{said}, usually {in_words(self.usual)}"


def in_words(usual: float) -> str:
    """Write a mean as people say it: "1.2", "14", and "less than 0.1" for what hardly ever happens."""
    if usual < 0.1:
        return "less than 0.1"
    return f"{usual:.1f}" if usual < 9.95 else f"{usual:.0f}"


def judge_surge(counts: Sequence[int | None], rules: SurgeRules) -> SurgeJudgement:
    """Judge the last `rules.hours` of hourly numbers of new stories, oldest first.

    None stands for an hour that was not watched: a past window with one is left out, inside the last window it counts
    as an hour without a story.
    """
    stories = sum(count or 0 for count in counts[-rules.hours :])
    past = _past_windows(counts, rules)
    if len(past) < rules.learning:
        enough = stories >= rules.fixed
        return SurgeJudgement(surge=enough, stories=stories, hours=rules.hours, days=len(past))
    mean, variance = _expected(past)
    level = _level(counts[: -rules.hours], rules)
    mean, variance = mean * level, variance * level * level
    chance = tail(stories, mean=mean, variance=max(variance, VARIANCE_FLOOR * mean))
    return SurgeJudgement(
        surge=stories >= rules.least and chance < rules.chance,
        stories=stories,
        hours=rules.hours,
        days=len(past),
        usual=mean,
        chance=chance,
    )


def tail(least: int, *, mean: float, variance: float) -> float:
    """Return P(X >= least) of the negative binomial with this mean (> 0) and variance (> mean).

    Upwards term by term from the first, which the log-gamma function gives, so that tiny tails keep their digits;
    for what lies below the mean, one less the terms below.
    """
    if least <= 0:
        return 1.0
    size = mean * mean / (variance - mean)
    share = mean / variance  # of success, in the form in which failures are counted
    first = math.exp(
        math.lgamma(least + size)
        - math.lgamma(size)
        - math.lgamma(least + 1)
        + size * math.log(share)
        + least * math.log1p(-share)
    )
    if least <= mean:
        return max(0.0, 1.0 - _falling(first, least, size, share))
    total, term, number = 0.0, first, least
    while term > total * NEGLIGIBLE:
        total += term
        term *= (number + size) / (number + 1) * (1 - share)
        number += 1
    return min(total, 1.0)


def _falling(first: float, least: int, size: float, share: float) -> float:
    """Sum the terms below `least`, from its own term downwards."""
    total, term = 0.0, first
    for number in range(least, 0, -1):
        term *= number / ((number - 1 + size) * (1 - share))
        total += term
        if term < total * NEGLIGIBLE:
            break
    return total


def _past_windows(counts: Sequence[int | None], rules: SurgeRules) -> list[int]:
    """Count the same hours on each past day that was watched in full."""
    found = []
    for day in range(1, rules.days + 1):
        end = len(counts) - day * DAY
        if end < rules.hours:
            break
        total = _total(counts[end - rules.hours : end])
        if total is not None:
            found.append(total)
    return found


def _total(counts: Sequence[int | None]) -> int | None:
    total = 0
    for count in counts:
        if count is None:
            return None
        total += count
    return total


def _expected(past: Sequence[int]) -> tuple[float, float]:
    """Return mean and variance without the highest; of what never happened, half a story in all the time."""
    kept = _trimmed(past)
    mean = max(sum(kept) / len(kept), 1 / (2 * len(kept)))
    return mean, sum((count - mean) ** 2 for count in kept) / max(len(kept) - 1, 1)


def _trimmed(counts: Sequence[int]) -> list[int]:
    return sorted(counts)[: len(counts) - max(1, round(TRIMMED * len(counts)))]


def _level(counts: Sequence[int | None], rules: SurgeRules) -> float:
    """Return how much higher the level of the last week is than that of the month; 1 when it is not.

    Whole days before the window; those that an earlier surge made stand out count as the highest of the others.
    """
    days = [
        total
        for day in range(rules.days, 0, -1)
        if (start := len(counts) - day * DAY) >= 0
        and (total := _total(counts[start : start + DAY])) is not None
    ]
    if not days:
        return 1.0
    highest = _trimmed(days)[-1] if len(days) > 1 else days[0]
    capped = [min(day, highest) for day in days]
    mean = recent = sum(capped) / len(capped)
    for day in capped:
        recent += SMOOTHING * (day - recent)
    ratio = (7 * recent + SHRINKING) / (7 * mean + SHRINKING)
    return min(max(ratio, 1.0), rules.steepest)
