"""Counts, precision and recall follow from verdicts and hits; marginal items count neither way."""

import pytest

from monitor.match.quality import Judged, Verdict, false_alarms, score


def judged(
    item: str, language: str, hits: set[str], topics: set[str], marginal: set[str] | None = None
) -> Judged:
    verdict = Verdict(item=item, topics=frozenset(topics), marginal=frozenset(marginal or ()))
    return Judged(verdict=verdict, language=language, hits=frozenset(hits))


def test_counts_by_topic_and_language() -> None:
    quality = score(
        [
            judged("a", "en", {"wall"}, {"wall"}),
            judged("b", "en", {"wall"}, set()),
            judged("c", "en", set(), {"wall", "tariffs"}),
            judged("d", "es", {"wall"}, {"wall"}),
        ],
        ["wall", "tariffs"],
    )
    wall = quality.scores[0]
    assert (wall.topic, wall.language, wall.right, wall.false, wall.missed) == (
        "wall",
        "en",
        1,
        ("b",),
        ("c",),
    )
    assert (wall.precision, wall.recall) == (0.5, 0.5)
    assert quality.scores[1].precision == 1.0


def test_marginal_items_count_neither_way() -> None:
    quality = score(
        [judged("a", "en", {"wall"}, set(), {"wall"}), judged("b", "en", set(), set(), {"wall"})], ["wall"]
    )
    assert quality.scores[0].precision is None
    assert quality.scores[0].recall is None


def test_means_are_over_the_topics_with_relevant_items_and_other_hits_are_counted() -> None:
    quality = score(
        [
            judged("a", "en", {"wall", "fentanyl"}, {"wall"}),
            judged("b", "en", set(), {"tariffs"}),
        ],
        ["wall", "tariffs", "fentanyl"],
    )
    (macro,) = quality.macros
    assert macro.items == 2
    assert macro.precision == 1.0  # of wall alone: tariffs has no hit
    assert macro.recall == 0.5  # of wall and tariffs: nothing is about fentanyl
    assert macro.strays == 1


def test_a_hit_on_general_news_is_false_until_a_reader_confirms_it() -> None:
    verdicts = {
        "right": Verdict(item="right", topics=frozenset({"wall"})),
        "either": Verdict(item="either", topics=frozenset(), marginal=frozenset({"wall"})),
        "wrong": Verdict(item="wrong", topics=frozenset({"tariffs"})),
    }
    hits = [(name, "en", {"wall"}) for name in ("right", "either", "wrong", "unread")]
    (alarms,) = false_alarms([*hits, *((f"quiet{n}", "en", set()) for n in range(996))], verdicts)
    assert alarms.items == 1000
    assert alarms.hits == 4
    assert alarms.false == {"wall": ("wrong", "unread")}
    assert alarms.unjudged == (("unread", "wall"),)
    assert alarms.rate == pytest.approx(2.0)
    assert alarms.rates == {"wall": pytest.approx(2.0)}
