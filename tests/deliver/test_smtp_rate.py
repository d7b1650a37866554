"""Mails a minute, with time as a number."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from monitor.deliver.relay.rate import Bucket


def sent_in(bucket: Bucket, seconds: float, *, start: float = 1000.0) -> int:
    """Send as fast as the bucket allows, and count what began within so many seconds."""
    now, count = start, 0
    while True:
        now += bucket.wait(now)
        if now >= start + seconds:
            return count
        bucket.take(now)
        count += 1


def test_without_a_bound_nobody_waits() -> None:
    bucket = Bucket(0)
    for _ in range(1000):
        assert bucket.wait(5.0) == 0
        bucket.take(5.0)


@given(rate=st.floats(1, 600), minutes=st.integers(1, 5))
def test_no_more_than_the_rate_and_one_burst_go(rate: float, minutes: int) -> None:
    burst = max(1.0, rate / 6)
    sent = sent_in(Bucket(rate), 60.0 * minutes)
    assert rate * minutes - 1 <= sent <= rate * minutes + burst + 1


def test_a_complaint_slows_down_and_time_heals() -> None:
    bucket = Bucket(0)
    bucket.slow(1000.0)
    assert bucket.rate(1000.0) == 30
    assert sent_in(bucket, 50.0) <= 26
    bucket.slow(1060.0)
    assert bucket.rate(1061.0) == 30  # it had doubled once, and was halved
    bucket.slow(1062.0)
    assert bucket.rate(1063.0) == 15
    assert bucket.rate(1062.0 + 3600) == 0


def test_it_never_stops_altogether_and_never_exceeds_what_is_configured() -> None:
    bucket = Bucket(40)
    for _ in range(20):
        bucket.slow(1000.0)
    assert bucket.rate(1001.0) == 1
    assert bucket.rate(1000.0 + 3600) == 40
    assert 0 < bucket.wait(1001.0) <= 60


@given(rate=st.floats(1, 600), mails=st.integers(1, 200))
def test_who_is_sent_away_comes_back_one_by_one(rate: float, mails: int) -> None:
    bucket = Bucket(rate)
    while not bucket.wait(1000.0):
        bucket.take(1000.0)
    turns = [bucket.turn(1000.0) for _ in range(mails)]
    assert all(0 <= turn <= 961 for turn in turns)
    between = [late - early for early, late in itertools.pairwise(turns)]
    # Only where the line would grow too long does it begin anew.
    assert all(abs(gap - 60 / rate) < 1e-6 for gap in between if gap > 0)
    assert sum(gap <= 0 for gap in between) <= mails * 60 / rate / 800 + 1
