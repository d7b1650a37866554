"""Surges: the tail against exact sums, and which numbers of stories are one."""

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.match.surge import CALM, DAY, SENSITIVE, SurgeRules, in_words, judge_surge, tail


def exact_tail(least: int, size: int, share: Fraction) -> Fraction:
    """P(X >= least) where X counts failures before the `size`th success, by fractions alone."""
    below = (
        Fraction(math.comb(number + size - 1, number)) * share**size * (1 - share) ** number
        for number in range(least)
    )
    return 1 - sum(below, Fraction(0))


@given(least=st.integers(0, 120), size=st.integers(1, 30), parts=st.integers(1, 19))
def test_the_tail_equals_the_exact_sum(least: int, size: int, parts: int) -> None:
    share = Fraction(parts, 20)
    mean = size * (1 - share) / share
    found = tail(least, mean=float(mean), variance=float(mean / share))
    assert found == pytest.approx(float(exact_tail(least, size, share)), rel=1e-9, abs=1e-13)


def test_a_tiny_tail_keeps_its_digits() -> None:
    share = Fraction(10, 11)
    exact = float(exact_tail(60, 10, share))
    assert 0 < exact < 1e-30
    assert tail(60, mean=1.0, variance=1.1) == pytest.approx(exact, rel=1e-9)


@given(least=st.integers(0, 3000), mean=st.floats(0.01, 2000), factor=st.floats(1.05, 50))
def test_a_tail_is_a_probability_and_falls_with_the_number(least: int, mean: float, factor: float) -> None:
    one, more = (tail(number, mean=mean, variance=factor * mean) for number in (least, least + 1))
    assert 0 <= more <= one + 1e-9 <= 1 + 1e-9


def history(per_window: int, *, days: int = 28, last: int = 0) -> list[int | None]:
    """So many stories in each past window, and `last` in this one."""
    hours: list[int | None] = [0] * (days * DAY + 6)
    for day in range(1, days + 1):
        hours[len(hours) - day * DAY - 3] = per_window
    hours[-2] = last
    return hours


def test_nine_stories_where_one_is_usual_are_a_surge_and_say_so() -> None:
    found = judge_surge(history(1, last=9), CALM)
    assert found.surge
    assert found.reason == "9 stories in 6 h, usually 1.0"
    assert found.chance is not None
    assert found.chance < 1e-4


def test_what_is_usual_is_no_surge() -> None:
    assert not judge_surge(history(9, last=11), CALM).surge


def test_two_stories_are_never_a_surge_and_three_after_silence_are() -> None:
    assert not judge_surge(history(0, last=2), CALM).surge
    found = judge_surge(history(0, last=3), CALM)
    assert found.surge
    assert found.reason == "3 stories in 6 h, usually less than 0.1"


def test_the_sensitive_setting_tells_what_the_calm_one_does_not() -> None:
    counts = history(2, last=9)
    assert not judge_surge(counts, CALM).surge
    assert judge_surge(counts, SENSITIVE).surge


def test_a_new_topic_goes_by_the_fixed_number_alone_and_says_why() -> None:
    few, many = (judge_surge(history(0, days=6, last=last), CALM) for last in (9, 10))
    assert not few.surge
    assert many.surge
    assert many.usual is many.chance is None
    assert many.reason == "10 stories in 6 h; what is usual is not known yet (6 days of history)"
    assert judge_surge([], CALM).reason.startswith("0 stories in 6 h; what is usual")


def test_one_earlier_surge_does_not_hide_the_next() -> None:
    counts = history(1, last=9)
    counts[len(counts) - 3 * DAY - 2] = 40
    assert judge_surge(counts, CALM).surge


def test_windows_with_an_hour_that_was_not_watched_are_left_out() -> None:
    counts = history(4, last=4)
    for day in range(1, 22):
        counts[len(counts) - day * DAY - 3] = None
    found = judge_surge(counts, CALM)
    assert found.days == 7
    assert found.usual == pytest.approx(4.0)
    counts[len(counts) - 22 * DAY - 3] = None
    assert judge_surge(counts, CALM).usual is None


def test_a_level_that_has_risen_for_a_week_is_the_new_usual() -> None:
    risen = history(2, last=12)
    for day in range(1, 8):
        for hour in range(7, DAY):
            risen[len(risen) - day * DAY - hour + 6] = 1
    assert judge_surge(history(2, last=12), CALM).surge
    level, flat = (judge_surge(risen, SurgeRules(steepest=steepest)).usual for steepest in (4.0, 1.0))
    assert level is not None
    assert flat is not None
    assert level > 1.5 * flat


@given(counts=st.lists(st.none() | st.integers(0, 50), max_size=CALM.span), more=st.integers(1, 100))
def test_more_stories_never_make_a_surge_go_away(counts: list[int | None], more: int) -> None:
    before = judge_surge([*counts, 5], CALM)
    after = judge_surge([*counts, 5 + more], CALM)
    assert after.surge or not before.surge
    assert after.usual == before.usual


@pytest.mark.parametrize(
    ("usual", "said"), [(0.04, "less than 0.1"), (1.24, "1.2"), (9.96, "10"), (41.5, "42")]
)
def test_means_are_said_shortly(usual: float, said: str) -> None:
    assert in_words(usual) == said
