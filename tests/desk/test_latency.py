"""How long stretches took: percentiles by nearest rank, and what is counted once."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.desk.latency import Stretch, group, percentile, stretches
from monitor.model import AlertKind, DeliveryState
from monitor.store.latency import Passage

T = datetime(2026, 1, 5, 9, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return T + timedelta(seconds=seconds)


PASSAGE = Passage(
    alert="a",
    kind=AlertKind.FIRST,
    delivery="d",
    state=DeliveryState.DONE,
    feed="gazette",
    channel="hook",
    published=after(-600),
    seen=T,
    matched=after(0.1),
    queued=after(2),
    accepted=after(5),
)


def test_each_stretch_lies_between_two_moments() -> None:
    assert stretches(PASSAGE) == {
        Stretch.PUBLISHED_SEEN: 600,
        Stretch.SEEN_MATCHED: 0.1,
        Stretch.MATCHED_QUEUED: 1.9,
        Stretch.QUEUED_ACCEPTED: 3,
        Stretch.SEEN_ACCEPTED: 5,
    }


def test_what_is_not_known_is_left_out_and_a_date_to_come_is_no_time() -> None:
    waiting = replace(PASSAGE, published=None, accepted=None)
    assert set(stretches(waiting)) == {Stretch.SEEN_MATCHED, Stretch.MATCHED_QUEUED}
    assert stretches(replace(PASSAGE, published=after(90)))[Stretch.PUBLISHED_SEEN] == 0


def test_the_way_to_the_queue_counts_once_for_an_alert_of_two_deliveries() -> None:
    other = replace(PASSAGE, delivery="d2", channel="mail", accepted=after(65))
    found = {(each.by, each.name): each for each in group([PASSAGE, other])}
    feed = found["feed", "gazette"]
    assert (feed.deliveries, feed.accepted) == (2, 2)
    assert {each.stretch: each.count for each in feed.stretches} == {
        Stretch.PUBLISHED_SEEN: 1,
        Stretch.SEEN_MATCHED: 1,
        Stretch.MATCHED_QUEUED: 1,
        Stretch.QUEUED_ACCEPTED: 2,
        Stretch.SEEN_ACCEPTED: 2,
    }
    assert [each.count for each in found["channel", "mail"].stretches] == [1] * 5


def test_what_waits_by_intention_is_shown_by_kind_alone() -> None:
    digest = replace(PASSAGE, alert="b", delivery="d3", kind=AlertKind.DIGEST)
    found = group([PASSAGE, digest])
    assert [(each.by, each.name) for each in found] == [
        ("kind", "digest"),
        ("kind", "first"),
        ("feed", "gazette"),
        ("channel", "hook"),
    ]
    assert all(each.deliveries == 1 for each in found)


@given(st.lists(st.floats(0, 1e6), min_size=1), st.sampled_from((50, 95, 100)))
def test_a_percentile_is_the_least_value_that_so_many_do_not_exceed(
    values: list[float], percent: int
) -> None:
    found = percentile(values, percent)
    assert found in values
    assert sum(each <= found for each in values) >= ceil(len(values) * percent / 100)
    assert sum(each < found for each in values) < len(values) * percent / 100


def test_nothing_has_no_percentile() -> None:
    with pytest.raises(ValueError, match="no percentile"):
        percentile([], 50)
