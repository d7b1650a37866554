"""Anchors: what occurs seldom is cheap and tried first (white box; results never change)."""

import pytest

from monitor.match.matcher import _cost


def cost(
    *words: str,
    exact: bool = False,
    prefix: bool = False,
    slop: int = 0,
    field: str | None = None,
    topics: int = 1,
) -> float:
    return _cost((words, exact, prefix, slop, field), topics)


@pytest.mark.parametrize(
    ("cheap", "dear"),
    [
        (cost("fentanyl"), cost("border")),
        (cost("border", "wall"), cost("border")),
        (cost("a", "border", "b"), cost("border", "wall")),
        (cost("border", "wall"), cost("border", "wall", slop=3)),
        (cost("ice", exact=True), cost("ice")),
        (cost("border", field="title"), cost("border")),
        (cost("smuggl"), cost("smuggl", prefix=True)),
        (cost("border"), cost("border", topics=2)),
        (cost("deportations"), cost("deport", prefix=True)),
    ],
)
def test_the_rarer_of_two_terms_is_the_cheaper_anchor(cheap: float, dear: float) -> None:
    assert 0 < cheap < dear


def test_a_prefix_costs_three_times_its_word_and_a_second_topic_twice() -> None:
    assert cost("smuggl", prefix=True) == pytest.approx(3 * cost("smuggl"))
    assert cost("smuggl", topics=2) == pytest.approx(2 * cost("smuggl"))
    assert cost("smuggl") == pytest.approx(1 / 49)
    assert cost("border", "wall") == pytest.approx(1 / 100)
    assert cost("ice", exact=True) == cost("ice", field="title") == pytest.approx(1 / 36)
