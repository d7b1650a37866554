"""Durations in words, in the largest unit that fits."""

import pytest

from monitor.text.duration import words


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (0.6, "1 s"),
        (119, "119 s"),
        (120, "2 min"),
        (3600, "60 min"),
        (7199, "120 min"),
        (7200, "2 h"),
        (18_000, "5 h"),
        (172_799, "48 h"),
        (172_800, "2 days"),
        (604_800, "7 days"),
    ],
)
def test_a_duration_is_said_in_the_largest_unit_that_fits(seconds: float, text: str) -> None:
    assert words(seconds) == text
