"""Which stories are new when, how far back the history goes, and what mutes a surge."""

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from monitor.match.surge import CALM
from monitor.pipeline.surge_rules import HOUR, FeedWatch, Found, unwatched_hours, weigh
from monitor.store.surges import Appearance

UNTIL = datetime(2026, 3, 1, 12, tzinfo=UTC)
LONG_AGO = UNTIL - timedelta(days=60)
OLD = FeedWatch(slug="old", since=LONG_AGO, interval=HOUR)
FEEDS = {1: OLD, 2: replace(OLD, slug="second")}


def told(story: int, hours_ago: float, *, feed: int = 1) -> Appearance:
    return Appearance(story_id=story, feed_id=feed, hit_id=story, at=UNTIL - hours_ago * HOUR)


def burst(number: int, *, feed: int = 1, first: int = 100) -> list[Appearance]:
    return [told(first + n, 1.5 + n % 4, feed=feed) for n in range(number)]


def weighed(
    seen: list[Appearance],
    feeds: dict[int, FeedWatch] = FEEDS,
    *,
    asked_since: datetime = LONG_AGO,
    unwatched: Collection[datetime] = (),
) -> Found:
    return weigh(seen, feeds, asked_since=asked_since, unwatched=unwatched, until=UNTIL, rules=CALM)


def test_a_story_is_new_once_whoever_else_tells_it_later() -> None:
    again = [told(story, 30.0) for story in range(100, 109)]
    assert weighed(burst(9)).judgement.stories == 9
    assert weighed([*again, *burst(9)]).judgement.stories == 0
    twice = weighed([*burst(9), *burst(9, feed=2)])
    assert (twice.judgement.stories, len(twice.stories)) == (9, 9)


def test_the_newest_story_comes_first() -> None:
    found = weighed([told(1, 5.5), told(2, 0.5), told(3, 2.0)])
    assert found.stories == (2, 3, 1)


def test_what_is_told_in_the_windows_first_moment_counts_and_what_before_it_not() -> None:
    assert weighed([told(1, 6.0)]).judgement.stories == 1
    assert weighed([told(1, 6.001)]).judgement.stories == 0


def test_a_feed_of_this_week_does_not_count_in_a_topic_that_has_others() -> None:
    feeds = {**FEEDS, 3: replace(OLD, slug="new", since=UNTIL - timedelta(days=5))}
    assert weighed(burst(9, feed=3), feeds).judgement.stories == 0
    assert weighed([*burst(9, feed=3), *burst(4, first=300)], feeds).judgement.stories == 4


def test_a_feed_of_this_month_sets_back_the_beginning_of_the_history_if_it_brings_much() -> None:
    feeds = {**FEEDS, 3: replace(OLD, slug="young", since=UNTIL - timedelta(days=10))}
    assert weighed(burst(9), feeds).judgement.days == 28
    assert weighed([*burst(9), *burst(1, feed=3, first=300)], feeds).judgement.days == 9
    little = [*burst(30), told(300, 2.0, feed=3)]
    assert weighed(little, feeds).judgement.days == 28


def test_a_topic_with_another_query_begins_anew() -> None:
    found = weighed(burst(9), asked_since=UNTIL - timedelta(days=3))
    assert (found.judgement.surge, found.judgement.usual) == (False, None)
    assert weighed(burst(10), asked_since=UNTIL - timedelta(days=3)).judgement.surge


def test_in_a_new_installation_all_feeds_count() -> None:
    feeds = {1: replace(OLD, since=UNTIL - timedelta(days=2))}
    found = weighed(burst(10), feeds)
    assert found.judgement.surge
    assert found.judgement.usual is None
    assert weighed([], {}).judgement.stories == 0


def test_a_surge_from_a_feed_in_trouble_alone_is_muted_and_the_feed_named() -> None:
    back = {1: replace(OLD, silence=timedelta(hours=9)), 2: FEEDS[2]}
    assert weighed(burst(9), back).muted == (
        "9 of 9 stories come only from a feed that just came back after an outage: old"
    )
    gap = {1: replace(OLD, gap=True), 2: replace(FEEDS[2], silence=timedelta(hours=9))}
    both = weighed([*burst(5), *burst(4, feed=2, first=300)], gap)
    assert both.muted.endswith("feeds that just had a gap or came back after an outage: old, second")


def test_a_surge_that_stands_without_the_feeds_in_trouble_is_told() -> None:
    back = {1: replace(OLD, silence=timedelta(hours=9)), 2: FEEDS[2]}
    assert weighed([*burst(9), *burst(9, feed=2)], back).muted == ""
    assert weighed([*burst(3), *burst(8, feed=2, first=300)], back).muted == ""
    assert weighed([*burst(8), *burst(2, feed=2, first=300)], back).muted != ""


def test_a_feed_asked_seldom_was_not_away_between_two_polls() -> None:
    daily = replace(OLD, interval=timedelta(hours=24), silence=timedelta(hours=25))
    assert not daily.trouble
    assert replace(daily, silence=timedelta(hours=49)).trouble
    assert not replace(OLD, silence=timedelta(hours=6)).trouble


def test_hours_without_any_poll_are_left_out_when_there_are_many_in_a_row() -> None:
    polled = {UNTIL - hour * HOUR for hour in (30, 29, 20, 14, 13, 3, 2, 1)}
    missing = unwatched_hours(polled, until=UNTIL, usual=HOUR)
    assert missing == {UNTIL - hour * HOUR for hour in [*range(21, 29), *range(4, 13)]}
    assert unwatched_hours(polled, until=UNTIL, usual=timedelta(hours=24)) == set()
    assert unwatched_hours(set(), until=UNTIL, usual=HOUR) == set()


def test_an_outage_does_not_count_as_a_usual_lack_of_stories() -> None:
    steady = [told(number, 24.0 * (number // 4) + 2 + number % 4) for number in range(4, 28 * 4)]
    off = {UNTIL - hour * HOUR for hour in range(7 * 24, 20 * 24)}
    quiet = [each for each in steady if each.at < UNTIL - 20 * 24 * HOUR or each.at >= UNTIL - 7 * 24 * HOUR]
    full, blind, left_out = (
        weighed([*seen, *burst(5)], unwatched=hours).judgement.usual
        for seen, hours in ((steady, ()), (quiet, ()), (quiet, off))
    )
    assert full is not None
    assert blind is not None
    assert left_out is not None
    assert blind < 0.8 * full
    assert abs(left_out - full) < 0.1 * full


@given(
    seen=st.lists(
        st.builds(told, st.integers(1, 30), st.floats(0.01, 900), feed=st.sampled_from([1, 2])), max_size=60
    )
)
def test_stories_and_counts_agree_and_order_does_not_matter(seen: list[Appearance]) -> None:
    found = weighed(seen)
    assert found.judgement.stories == len(found.stories)
    assert weighed(seen[::-1]).judgement == found.judgement
