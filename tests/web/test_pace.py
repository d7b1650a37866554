from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from monitor.web.pace import Pace, Rate

START = datetime(2026, 1, 5, 9, tzinfo=UTC)


@given(
    st.lists(st.floats(0, 30), max_size=80),
    st.integers(1, 5),
    st.floats(0.5, 20),
    st.sampled_from(("a", "b")),
)
def test_never_more_than_the_burst_and_what_came_back_since(
    waits: list[float], burst: int, seconds: float, key: str
) -> None:
    pace, now, allowed = Pace(), START, 0
    for wait in waits:
        now += timedelta(seconds=wait)
        allowed += pace.may(key, Rate(burst, seconds), now=now)
    assert allowed <= burst + (now - START).total_seconds() / seconds + 1e-6


def test_each_key_has_its_own_and_the_oldest_makes_room() -> None:
    pace, once = Pace(most=2), Rate(1, 60.0)
    assert pace.may("a", once, now=START)
    assert not pace.may("a", once, now=START)
    assert pace.may("b", once, now=START)
    assert pace.may("c", once, now=START)
    assert pace.may("a", once, now=START), "it was forgotten"


def test_a_clock_that_goes_back_gives_nothing() -> None:
    pace, once = Pace(), Rate(1, 60.0)
    assert pace.may("a", once, now=START)
    assert not pace.may("a", once, now=START - timedelta(hours=1))
