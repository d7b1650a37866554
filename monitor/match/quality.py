"""How good a watchlist is on items that people have labelled: counts, precision, recall, false alarms.

The unit is (item, topic). A verdict says which topics an item is about, and of which a fair reader could say either:
these are left out on both sides. Nothing here reads or matches; the hits are given.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a reader found an item to be about; `marginal` topics count neither way."""

    item: str
    topics: frozenset[str]
    marginal: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One labelled item with the topics that hit it; `language` is a BCP 47 primary tag."""

    verdict: Verdict
    language: str
    hits: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How one topic fared in one language: how many hits were right, and by id those that were not, and the misses."""

    topic: str
    language: str
    right: int
    false: tuple[str, ...]
    missed: tuple[str, ...]

    @property
    def precision(self) -> float | None:
        """The share of hits that are right; None without a hit."""
        return _share(self.right, self.right + len(self.false))

    @property
    def recall(self) -> float | None:
        """The share of relevant items that were hit; None without a relevant one."""
        return _share(self.right, self.right + len(self.missed))


@dataclass(frozen=True, slots=True, kw_only=True)
class Macro:
    """Means over the topics of which a language has relevant items; None where there is none.

    Of the other topics nothing can be said but how often they hit: `strays` counts these hits, all of them false.
    """

    language: str
    items: int
    precision: float | None
    recall: float | None
    strays: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """The scores of every topic in every language, and their means."""

    scores: tuple[Score, ...]
    macros: tuple[Macro, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FalseAlarms:
    """Hits on general news of one language that no reader confirmed, by topic and over all.

    Rates are per 1,000 items. `unjudged` holds (item, topic) of hits on items that nobody has read: they count as
    false until someone does.
    """

    language: str
    items: int
    hits: int
    false: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unjudged: tuple[tuple[str, str], ...] = ()

    @property
    def rates(self) -> dict[str, float]:
        """False alarms per 1,000 items, by topic that has any."""
        return {topic: 1000 * len(ids) / self.items for topic, ids in self.false.items()}

    @property
    def rate(self) -> float:
        """False alarms of all topics per 1,000 items; 0 without items."""
        return 1000 * sum(map(len, self.false.values())) / self.items if self.items else 0.0


def score(judged: Sequence[Judged], topics: Sequence[str]) -> Quality:
    """Score topics on labelled items, in the order of `topics`, languages in alphabetical order."""
    languages = sorted({each.language for each in judged})
    scores = tuple(
        _score([each for each in judged if each.language == language], topic, language)
        for topic in topics
        for language in languages
    )
    relevant = [one for one in scores if one.recall is not None]
    macros = tuple(
        Macro(
            language=language,
            items=sum(each.language == language for each in judged),
            precision=_mean(one.precision for one in relevant if one.language == language),
            recall=_mean(one.recall for one in relevant if one.language == language),
            strays=sum(len(one.false) for one in scores if one.language == language and one not in relevant),
        )
        for language in languages
    )
    return Quality(scores=scores, macros=macros)


def false_alarms(
    hits: Iterable[tuple[str, str, Collection[str]]], verdicts: Mapping[str, Verdict]
) -> list[FalseAlarms]:
    """Count the unconfirmed hits on general news, of `(item, language, topics that hit it)`; one result a language."""
    items: dict[str, int] = defaultdict(int)
    count: dict[str, int] = defaultdict(int)
    false: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    unjudged: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for item, language, topics in hits:
        items[language] += 1
        count[language] += len(topics)
        verdict = verdicts.get(item)
        for topic in sorted(topics):
            if verdict is None:
                unjudged[language].append((item, topic))
            if verdict is None or topic not in verdict.topics | verdict.marginal:
                false[language][topic].append(item)
    return [
        FalseAlarms(
            language=language,
            items=items[language],
            hits=count[language],
            false={topic: tuple(ids) for topic, ids in sorted(false[language].items())},
            unjudged=tuple(unjudged[language]),
        )
        for language in sorted(items)
    ]


def _score(judged: Sequence[Judged], topic: str, language: str) -> Score:
    clear = [each for each in judged if topic not in each.verdict.marginal]
    hit = [each for each in clear if topic in each.hits]
    return Score(
        topic=topic,
        language=language,
        right=sum(topic in each.verdict.topics for each in hit),
        false=tuple(each.verdict.item for each in hit if topic not in each.verdict.topics),
        missed=tuple(
            each.verdict.item for each in clear if topic in each.verdict.topics and topic not in each.hits
        ),
    )


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
