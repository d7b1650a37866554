"""What is learnt of a feed's publishing."""

import json
import math
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.fetch import rhythm as learnt
from monitor.fetch.rhythm import (
    WEEK,
    Rhythm,
    chance_of_none,
    expected,
    hour_of_week,
    learn,
    longest_pause,
    profile,
    rate,
    rate_words,
    reach,
    seed,
    weight,
)

MONDAY = datetime(2025, 3, 3, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ONE_EXPOSED = 14 * 24 / math.log(2)  # hours that a steady feed's evidence amounts to in the end


def fed(every: float, days: float, *, end: datetime = MONDAY, only: range = range(24)) -> Rhythm:
    """Learn a feed with an item each `every` hours, in some hours of the day."""
    start = end - days * DAY
    times = [start + n * every * HOUR for n in range(1, int(days * 24 / every) + 1)]
    return learn(Rhythm(), [time for time in times if time.hour in only], since=start, now=end)


def test_a_new_feed_is_taken_to_have_an_item_an_hour() -> None:
    assert rate(Rhythm(), MONDAY) == 1.0
    started = learn(Rhythm(), (), since=None, now=MONDAY)
    assert started.start == MONDAY
    assert rate(started, MONDAY) == 1.0
    assert rate(started, MONDAY - DAY) == 1.0


def test_one_silent_day_outweighs_the_first_guess() -> None:
    started = learn(Rhythm(), (), since=None, now=MONDAY)
    assert rate(started, MONDAY + DAY) == pytest.approx(0.5 / 24, rel=0.05)


@pytest.mark.parametrize("every", [0.25, 1, 6, 24])
def test_a_steady_feed_is_known_for_what_it_is_after_a_month(every: float) -> None:
    assert rate(fed(every, 56), MONDAY) == pytest.approx(1 / every, rel=0.15)


def test_what_happened_a_half_life_ago_weighs_half() -> None:
    rhythm = Rhythm(start=MONDAY, items=8.0)
    later = MONDAY + 14 * DAY
    assert rate(rhythm, later) == pytest.approx((0.5 + 4) / (0.5 + ONE_EXPOSED / 2))
    assert rate(rhythm, later + 14 * DAY) == pytest.approx((0.5 + 2) / (0.5 + ONE_EXPOSED * 3 / 4))


def test_a_poll_without_items_changes_nothing_once_the_clock_runs() -> None:
    rhythm = fed(2, 3)
    assert learn(rhythm, (), since=MONDAY - HOUR, now=MONDAY) is rhythm


def test_items_of_unknown_age_start_the_clock_and_are_not_counted() -> None:
    assert learn(Rhythm(), [MONDAY], since=None, now=MONDAY) == Rhythm(start=MONDAY)
    began = learn(Rhythm(), [MONDAY], since=MONDAY - HOUR, now=MONDAY)
    assert (began.start, began.last) == (MONDAY - HOUR, MONDAY)
    assert began.items == pytest.approx(1, rel=0.01)


def test_a_date_counts_only_between_the_polls_and_the_poll_does_otherwise() -> None:
    start = MONDAY - 10 * HOUR
    known = Rhythm(start=start)
    since, now = MONDAY - 2 * HOUR, MONDAY + timedelta(minutes=30)
    for when, hour in [
        (since, 166),
        (now, 0),
        (MONDAY - HOUR, 167),
        (since - HOUR, 0),
        (now + HOUR, 0),
        (None, 0),
    ]:
        rhythm = learn(known, [when], since=since, now=now)
        assert [index for index, each in enumerate(rhythm.hours) if each] == [hour]
    both = learn(known, [since, None], since=since, now=now)
    assert both.last == now
    assert both.items == pytest.approx(2 ** (8 / 336) + 2 ** (10.5 / 336))


def test_a_clock_set_back_starts_again() -> None:
    ahead = learn(Rhythm(), (), since=None, now=MONDAY + 365 * DAY)
    again = learn(ahead, [MONDAY], since=MONDAY - HOUR, now=MONDAY)
    assert again.start == MONDAY - HOUR
    assert rate(again, MONDAY) == pytest.approx(1.0, rel=0.01)
    assert learn(ahead, (), since=MONDAY + HOUR, now=MONDAY).start == MONDAY


def test_the_first_document_tells_the_rate_between_its_dates_and_the_silence_since() -> None:
    dates = [MONDAY - n * 3 * HOUR for n in range(20)]
    assert rate(seed(dates, MONDAY), MONDAY) == pytest.approx(1 / 3, rel=0.05)
    assert rate(seed(dates, MONDAY + 3 * DAY), MONDAY + 3 * DAY) == pytest.approx(19 / 129, rel=0.1)
    assert seed(dates, MONDAY).last == MONDAY
    assert seed(dates, MONDAY).start == MONDAY - 57 * HOUR


def test_the_oldest_item_opens_the_window_and_is_not_counted() -> None:
    assert seed([MONDAY - DAY], MONDAY) == Rhythm(start=MONDAY - DAY, last=MONDAY - DAY)
    assert seed([MONDAY - DAY, MONDAY - 2 * DAY], MONDAY).items == pytest.approx(2 ** (1 / 14))


def test_dates_to_come_and_no_dates_tell_nothing() -> None:
    assert seed([], MONDAY) == Rhythm()
    assert seed([MONDAY + timedelta(seconds=1)], MONDAY) == Rhythm()
    assert seed([MONDAY], MONDAY).last == MONDAY


def test_a_document_dated_when_it_was_asked_for_is_judged_as_one_hour() -> None:
    rhythm = seed([MONDAY] * 20, MONDAY)
    assert rhythm.start == MONDAY - HOUR
    assert rate(rhythm, MONDAY) == pytest.approx(13, rel=0.01)


def test_items_older_than_all_weight_say_only_that_the_feed_is_old() -> None:
    edge = MONDAY - 400 * DAY
    old = seed([edge - DAY, edge - 3000 * DAY], MONDAY)
    assert old == Rhythm(start=edge, last=edge - DAY)
    mixed = seed([edge - DAY, MONDAY - DAY], MONDAY)
    assert (mixed.start, mixed.last) == (edge, MONDAY - DAY)
    assert mixed.items > 1  # the newer one is not the window's edge
    assert seed([edge], MONDAY).start == edge


def test_dates_without_a_time_tell_the_rate_and_no_hour() -> None:
    dated = seed([MONDAY - n * DAY for n in range(20)], MONDAY)
    assert dated.hours == ()
    assert rate(dated, MONDAY) == pytest.approx(1 / 24, rel=0.1)
    timed = seed([MONDAY - n * DAY - n * timedelta(minutes=7) for n in range(20)], MONDAY)
    assert sum(timed.hours) == pytest.approx(timed.items)
    half = [MONDAY - DAY, MONDAY - 2 * DAY, MONDAY - 3.1 * DAY, MONDAY - 4.2 * DAY]
    assert seed(half, MONDAY).hours
    assert not seed([*half, MONDAY - 5 * DAY], MONDAY).hours
    assert seed([MONDAY - n * DAY for n in range(3)], MONDAY).hours


def test_hours_are_of_the_week_in_utc() -> None:
    assert [hour_of_week(MONDAY + n * HOUR) for n in (0, 1, 25, 167, 168)] == [0, 1, 25, 167, 0]
    assert hour_of_week(MONDAY.astimezone(timezone(timedelta(hours=-6)))) == 0


def test_few_items_tell_no_hour_from_another() -> None:
    few = fed(24, 9, only=range(24))
    assert few.hours
    assert profile(few, MONDAY) == ()
    assert weight(few, MONDAY) == 1.0
    assert profile(Rhythm(), MONDAY) == ()


def test_ten_items_are_enough_to_begin_with() -> None:
    hours = (10.0, *[0.0] * 167)
    start = MONDAY - timedelta(seconds=1)
    assert profile(Rhythm(start=start, items=10, hours=hours), start + timedelta(seconds=0)) == ()
    week = Rhythm(start=MONDAY - 7 * DAY, items=10 * 2**0.5, hours=tuple(each * 2**0.5 for each in hours))
    assert profile(week, MONDAY)
    assert profile(week, MONDAY + HOUR) == ()


def test_office_hours_are_found_and_the_weights_have_a_mean_of_one() -> None:
    rhythm = fed(0.5, 42, only=range(8, 18))
    weights = profile(rhythm, MONDAY)
    assert len(weights) == WEEK
    assert sum(weights) / WEEK == pytest.approx(1)
    assert weights[12] == pytest.approx(2.4, rel=0.15)
    assert 0 < weights[2] < 0.15
    assert weight(rhythm, MONDAY) == weights[0]


def test_a_busy_day_of_the_week_is_found() -> None:
    start = MONDAY - 42 * DAY
    times = [start + number * 20 * timedelta(minutes=1) for number in range(42 * 72)]
    rhythm = learn(Rhythm(), [time for time in times if time.weekday() == 2], since=start, now=MONDAY)
    weights = profile(rhythm, MONDAY)
    assert min(weights[48:72]) > 3
    assert max(weights[72:]) < 0.7


@pytest.mark.parametrize("hours", [9, 31, 100, 168, 200, 500, 1500])
@pytest.mark.parametrize("minute", [0, 20, 59])
def test_an_even_feed_looks_even_however_long_it_was_watched(hours: int, minute: int) -> None:
    """Hours watched more often, or not yet over, must not look busier or quieter than they are."""
    end = MONDAY + 5 * DAY + timedelta(minutes=minute)
    start = end - hours * HOUR
    times = [start + number * timedelta(minutes=6) for number in range(1, hours * 10)]
    rhythm = learn(Rhythm(), times, since=start, now=end)
    weights = profile(rhythm, end)
    assert max(weights) < 1.2
    assert min(weights) > 0.8


def test_without_a_minute_watched_no_hour_is_told_from_another() -> None:
    rhythm = Rhythm(start=MONDAY, items=20.0, hours=(20.0, *[0.0] * 167))
    assert profile(rhythm, MONDAY) == ()
    assert profile(rhythm, MONDAY - DAY) == ()


def test_what_is_expected_of_a_span_is_the_sum_of_its_hours() -> None:
    rhythm = fed(0.5, 42, only=range(8, 18))
    weights = profile(rhythm, MONDAY)
    by_hour = rate(rhythm, MONDAY) * sum(weights[0:24])
    assert expected(rhythm, MONDAY, MONDAY + DAY) == pytest.approx(by_hour)
    assert expected(rhythm, MONDAY, MONDAY + 9 * HOUR + timedelta(minutes=30)) == pytest.approx(
        rate(rhythm, MONDAY) * (sum(weights[:9]) + weights[9] / 2)
    )
    assert expected(rhythm, MONDAY, MONDAY + 14 * DAY) == pytest.approx(rate(rhythm, MONDAY) * 336)
    assert expected(rhythm, MONDAY, MONDAY - DAY) == 0
    late = MONDAY + timedelta(minutes=45)
    assert expected(rhythm, late, late + HOUR) == pytest.approx(
        rate(rhythm, late) * (profile(rhythm, late)[0] / 4 + profile(rhythm, late)[1] * 3 / 4)
    )
    assert expected(Rhythm(), MONDAY, MONDAY + 3 * HOUR) == 3


def test_silence_is_improbable_for_a_busy_feed_only() -> None:
    busy, slow = fed(1, 42), fed(48, 42)
    assert chance_of_none(busy, MONDAY, MONDAY + 6 * HOUR) < 0.01
    assert chance_of_none(slow, MONDAY, MONDAY + DAY) > 0.5
    assert chance_of_none(busy, MONDAY, MONDAY) == 1
    assert chance_of_none(Rhythm(), MONDAY, MONDAY + HOUR) == pytest.approx(3**-0.5)


def test_a_quiet_night_surprises_nobody() -> None:
    rhythm = fed(0.5, 42, only=range(8, 18))
    evening = MONDAY + 18 * HOUR
    assert chance_of_none(rhythm, evening, evening + 12 * HOUR) > 0.1
    morning = MONDAY + 8 * HOUR
    assert chance_of_none(rhythm, morning, morning + 9 * HOUR) < 0.01


def test_the_longest_pause_is_the_silence_of_that_chance() -> None:
    even = Rhythm(start=MONDAY - 42 * DAY, items=500.0)
    pause = longest_pause(even, MONDAY, 0.01)
    assert chance_of_none(even, MONDAY, MONDAY + pause * HOUR) == pytest.approx(0.01)
    assert longest_pause(even, MONDAY, 0.5) < pause
    assert longest_pause(Rhythm(), MONDAY, 0.1) == pytest.approx(0.5 * 99)


def test_an_even_feed_waits_the_amount_and_nobody_beyond_the_limit() -> None:
    assert reach((), MONDAY, 2.5, 24) == 2.5
    assert reach((), MONDAY, 25, 24) == 24
    assert reach((1.0,) * WEEK, MONDAY, 2.5, 24) == pytest.approx(2.5)
    assert reach((1.0,) * WEEK, MONDAY, 25, 24) == 24
    assert reach((1.0,) * WEEK, MONDAY, 1.75, 1.5) == 1.5


def test_hours_count_by_the_root_of_their_weight() -> None:
    """Hours of weight 4 and 0.25 count 2 and 0.5: of the week's mean of 1.25, 1.6 and 0.4 hours each."""
    weights = (4.0, 0.25) * 84
    assert reach(weights, MONDAY, 0.8, 24) == pytest.approx(0.5)
    assert reach(weights, MONDAY, 1.6, 24) == pytest.approx(1)
    assert reach(weights, MONDAY, 1.8, 24) == pytest.approx(1.5)
    assert reach(weights, MONDAY, 2.8, 24) == pytest.approx(2.5)
    assert reach(weights, MONDAY + timedelta(minutes=30), 1.2, 24) == pytest.approx(1.5)
    assert reach(weights, MONDAY + timedelta(minutes=30), 0.4, 24) == pytest.approx(0.25)
    sunday = MONDAY - timedelta(minutes=30)
    assert reach(weights, sunday, 0.2 + 0.8, 24) == pytest.approx(1)
    assert reach(weights, MONDAY, 1.8, 1.25) == 1.25


@given(
    weights=st.lists(st.floats(0.02, 50), min_size=WEEK, max_size=WEEK),
    amount=st.floats(0.01, 300),
    minute=st.integers(0, 10_079),
)
def test_a_week_of_polls_has_as_many_as_even_ones(weights: list[float], amount: float, minute: int) -> None:
    now = MONDAY + minute * timedelta(minutes=1)
    assert reach(weights, now, WEEK, 1000) == pytest.approx(WEEK)
    assert reach(weights, now, amount + WEEK, 1000) == pytest.approx(
        reach(weights, now, amount, 1000) + WEEK, rel=1e-6
    )


@pytest.mark.parametrize(
    ("items_per_hour", "words"),
    [
        (12.4, "about 12 items an hour"),
        (9.97, "about 10 items an hour"),
        (1.23, "about 1.2 items an hour"),
        (1.01, "about 1 item an hour"),
        (0.96, "about 1 item an hour"),
        (0.94, "about 23 items a day"),
        (2 / 24, "about 2 items a day"),
        (0.9 / 24, "about 6.3 items a week"),
        (1 / 168, "about 1 item a week"),
        (1 / 365, "about 2 items a month"),
        (0.001, "less than 1 item a month"),
    ],
)
def test_a_rate_is_said_in_the_unit_that_fits(items_per_hour: float, words: str) -> None:
    assert rate_words(items_per_hour) == words


def test_nothing_learnt_is_an_empty_text() -> None:
    assert Rhythm().to_text() == ""
    assert Rhythm.from_text("") == Rhythm()


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "[]",
        "null",
        "7",
        "{",
        '{"start":1}',
        '{"start":"x","items":1}',
        '{"start":1.5,"items":1}',
        '{"start":1,"items":-1}',
        '{"start":1,"items":NaN}',
        '{"start":1,"items":Infinity}',
        '{"start":99999999999999999,"items":1}',
        '{"start":1,"items":1,"hours":"AAAA","power":0}',
        '{"start":1,"items":1,"hours":"?","power":0}',
        '{"start":1,"items":1,"hours":"AAAA"}',
        '{"start":1,"items":1,"last":null}',
    ],
)
def test_a_text_that_is_not_ours_is_nothing_learnt(text: str) -> None:
    assert Rhythm.from_text(text) == Rhythm()


@given(st.text(max_size=60))
def test_any_text_can_be_read(text: str) -> None:
    assert isinstance(Rhythm.from_text(text), Rhythm)


MOMENTS = st.integers(0, 4 * 10**9).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


@given(
    start=MOMENTS,
    last=st.none() | MOMENTS,
    items=st.floats(0, 1e200),
    hours=st.just([]) | st.lists(st.floats(0, 1e200), min_size=WEEK, max_size=WEEK),
)
def test_the_text_is_short_exact_enough_and_settles_at_once(
    start: datetime, last: datetime | None, items: float, hours: list[float]
) -> None:
    rhythm = Rhythm(start=start, last=last, items=items, hours=tuple(hours))
    text = rhythm.to_text()
    again = Rhythm.from_text(text)
    assert len(text) < 600
    assert (again.start, again.last) == (start, last)
    assert again.items == pytest.approx(items, rel=1e-6)
    assert again.hours == pytest.approx(tuple(hours), rel=0, abs=max([0, *hours]) / 32_767)
    assert Rhythm.from_text(again.to_text()) == again


def test_the_text_is_json_with_seconds_and_packed_hours() -> None:
    assert json.loads(Rhythm(start=MONDAY, items=2.0, last=MONDAY + HOUR).to_text()) == {
        "start": 1_740_960_000,
        "items": 2.0,
        "last": 1_740_963_600,
    }
    assert " " not in fed(2, 20).to_text()


@given(
    published=st.lists(
        st.integers(-(10**9), 10**5).map(lambda s: MONDAY + timedelta(seconds=s)), max_size=40
    ),
    gaps=st.lists(st.floats(0.01, 500), max_size=10),
)
def test_whatever_was_published_rate_and_weights_are_sane(
    published: list[datetime], gaps: list[float]
) -> None:
    rhythm, now = seed(published, MONDAY), MONDAY
    for gap in gaps:
        since, now = now, now + gap * HOUR
        rhythm = learn(rhythm, [None, since + gap / 2 * HOUR], since=since, now=now)
        rhythm = Rhythm.from_text(rhythm.to_text())
    assert 0.0009 < rate(rhythm, now) < 1000
    weights = profile(rhythm, now)
    assert not weights or sum(weights) == pytest.approx(WEEK)
    assert all(each > 0 for each in weights)
    assert 0 <= chance_of_none(rhythm, now, now + DAY) <= 1


def test_after_forty_years_the_numbers_still_fit() -> None:
    rhythm = learn(Rhythm(), (), since=None, now=MONDAY)
    late = MONDAY + 60 * 365 * DAY
    rhythm = learn(rhythm, [late], since=late - HOUR, now=late)
    assert math.isfinite(rate(Rhythm.from_text(rhythm.to_text()), late))
    assert learnt.rate(rhythm, late) > 0
