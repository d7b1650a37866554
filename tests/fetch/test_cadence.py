"""When a feed is asked again."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.fetch.cadence import Limits, Schedule, next_poll, pace, retire, retry_after
from monitor.fetch.rhythm import Rhythm, learn, profile
from monitor.model import FetchState, Hints, Outcome

NOW = datetime(2025, 3, 1, 12, 0, tzinfo=UTC)  # a Saturday
HOUR, DAY = 3600, 86_400
FAILURES = [outcome for outcome in Outcome if not outcome.ok]
LEARNT = "nothing learnt yet, so every 60 min (budget 1 request per feed and hour)"


def ago(**span: float) -> datetime:
    return NOW - timedelta(**span)


def even(rate: float) -> str:
    """What is known of a feed of so many items an hour, watched for long: its hours all alike."""
    return Rhythm(start=ago(days=4000), items=(rate * 485.2167 - 0.5) * 2 ** (4000 / 14)).to_text()


def plan(
    outcome: Outcome = Outcome.NEW,
    *,
    headers: dict[str, str] | None = None,
    floor: int = HOUR,
    jitter: float = 0.0,
    hints: Hints | None = None,
    limits: Limits | None = None,
    now: datetime = NOW,
    outcome_before: Outcome | None = None,
    **known: Any,
) -> Schedule:
    return next_poll(
        FetchState(next_poll_at=NOW, outcome=outcome_before, **known),
        outcome=outcome,
        headers=headers or {},
        hints=hints or Hints(),
        limits=limits or Limits(floor=floor),
        now=now,
        jitter=jitter,
    )


def stamp(**ahead: float) -> str:
    return format_datetime(NOW + timedelta(**ahead), usegmt=True)


def test_a_new_feed_is_asked_each_hour_at_budget_one() -> None:
    assert plan(floor=300) == Schedule(next_poll_at=ago(hours=-1), interval=HOUR, reason=LEARNT)


@pytest.mark.parametrize(
    ("rate", "interval", "reason"),
    [
        (4, 1800, "about 4 items an hour, so every 30 min (budget 1 request per feed and hour)"),
        (1 / 4, 2 * HOUR, "about 6 items a day, so every 2 h (budget 1 request per feed and hour)"),
        (1 / 484, 22 * HOUR, "about 1.5 items a month, so every 22 h (budget 1 request per feed and hour)"),
        (1 / 600, DAY, "about 1.2 items a month, but asked every 24 h at least"),
        (400, 300, None),
    ],
)
def test_the_interval_goes_with_the_root_of_the_rate(rate: float, interval: int, reason: str | None) -> None:
    schedule = plan(floor=300, rhythm=even(rate))
    assert schedule.interval == pytest.approx(interval, abs=5)
    if reason:
        assert schedule.reason == reason


def test_pace_and_weight_stretch_and_shrink_the_interval() -> None:
    for pace_, weight, interval in [(2, 1, 2 * HOUR), (1, 4, 1800), (3, 4, 5400), (1, 0.25, 2 * HOUR)]:
        limits = Limits(floor=300, pace=pace_, weight=weight)
        assert plan(limits=limits).interval == interval


@pytest.mark.parametrize(
    ("budget", "weight", "words"),
    [
        (1, 1, "1 request per feed and hour"),
        (2, 1, "2 requests per feed and hour"),
        (1.5, 1, "1.5 requests per feed and hour"),
        (0.25, 1, "1 request per feed and 4 h"),
        (1 / 12, 1, "1 request per feed and 12 h"),
        (0.9, 1, "1 request per feed and 1.11 h"),
        (1, 4, "1 request per feed and hour, weight 4"),
    ],
)
def test_the_budget_is_said_as_people_set_it(budget: float, weight: float, words: str) -> None:
    limits = Limits(floor=300, budget=budget, weight=weight)
    assert plan(limits=limits).reason.endswith(f" (budget {words})")


def office() -> str:
    """What is known of a feed with two items an hour from 8 to 18 GMT, and none at night."""
    start = ago(days=60)
    times = [start + timedelta(minutes=30 * n + 1) for n in range(60 * 48)]
    open_hours = [time for time in times if 8 <= time.hour < 18]
    return learn(Rhythm(), open_hours, since=start, now=NOW).to_text()


def test_busy_hours_are_asked_more_often_than_quiet_ones() -> None:
    text = office()
    assert len(profile(Rhythm.from_text(text), NOW)) == 168
    noon, night = plan(floor=300, rhythm=text), plan(floor=300, rhythm=text, now=NOW + timedelta(hours=9))
    assert noon.interval < 3300
    assert night.interval > 2.5 * noon.interval
    assert "min at this hour (budget" in noon.reason
    assert "h at this hour (budget" in night.reason


def test_an_interval_near_the_mean_is_not_ascribed_to_the_hour() -> None:
    assert "at this hour" not in plan(floor=300, rhythm=even(2)).reason


def test_a_poll_at_the_end_of_the_night_waits_for_the_morning_and_no_longer() -> None:
    text = office()
    late = plan(floor=300, rhythm=text, now=NOW + timedelta(hours=19.5)).next_poll_at
    assert timedelta(hours=20) < late - NOW < timedelta(hours=21.2)


def test_what_was_learnt_does_not_fade_while_nobody_could_look() -> None:
    known: dict[str, Any] = {"rhythm": Rhythm(start=ago(days=60), items=2000.0).to_text()}
    seen = plan(Outcome.NEW, floor=300, **known).interval
    after = plan(Outcome.UNREACHABLE, floor=300, now=NOW + timedelta(days=2), last_ok_at=NOW, **known)
    assert after.interval == seen
    assert plan(Outcome.UNREACHABLE, floor=300, now=NOW + timedelta(days=2), **known).interval > seen


def test_a_window_is_asked_for_three_times_before_it_has_passed() -> None:
    short = plan(floor=300, rhythm=even(1), window=1)
    assert short.interval == pytest.approx(1200, abs=2)
    assert short.reason == "about 1 item an hour and 1 shown at a time, so every 20 min to miss none"
    assert plan(floor=300, rhythm=even(1), window=2).interval == pytest.approx(2400, abs=2)
    assert plan(floor=300, rhythm=even(1), window=4).interval == pytest.approx(HOUR, abs=2)
    for none in (None, 0):
        assert plan(floor=300, window=none).interval == HOUR


def test_the_window_never_leads_below_the_floor() -> None:
    schedule = plan(floor=1800, rhythm=even(1), window=1)
    assert schedule.interval == 1800
    assert schedule.reason.endswith("so every 20 min to miss none; the floor is 30 min, which is longer")


@pytest.mark.parametrize(
    ("pace_", "interval"),
    [(0.25, 3 * HOUR), (0.5, 6 * HOUR), (1, 6 * HOUR), (2, 8 * HOUR), (7, DAY), (30, DAY)],
)
def test_a_feed_that_is_pushed_is_polled_four_to_twelve_times_less_often(pace_: float, interval: int) -> None:
    schedule = plan(limits=Limits(floor=300, pace=pace_, push=True))
    assert schedule.interval == interval
    assert "of which its hub tells us, so only every " in schedule.reason


def test_a_push_keeps_the_window_covered() -> None:
    pushed = plan(limits=Limits(floor=300, push=True), rhythm=even(1), window=6)
    assert pushed.interval == pytest.approx(2 * HOUR, abs=2)


def test_the_ceiling_holds_unless_the_floor_is_above_it() -> None:
    assert plan(limits=Limits(floor=300, ceiling=7200, pace=9)).interval == 7200
    assert plan(limits=Limits(floor=300, ceiling=7200, pace=9)).reason.endswith("asked every 2 h at least")
    assert plan(limits=Limits(floor=9000, ceiling=7200, pace=9)).interval == 9000


@pytest.mark.parametrize(
    ("hints", "interval", "reason"),
    [
        (Hints(min_interval=7200), 7200, f"{LEARNT}; feed asks 2 h (ttl), which is longer"),
        (Hints(min_interval=3601), 3601, f"{LEARNT}; feed asks 60 min (ttl), which is longer"),
        (Hints(min_interval=3600), HOUR, LEARNT),
        (Hints(min_interval=60), HOUR, LEARNT),
        (Hints(min_interval=DAY), DAY, f"{LEARNT}; feed asks 24 h (ttl), which is longer"),
        (
            Hints(min_interval=7 * DAY),
            DAY,
            f"{LEARNT}; feed asks 7 days (ttl), obeyed up to 24 h, which is longer",
        ),
    ],
)
def test_the_feeds_own_ttl_is_a_floor(hints: Hints, interval: int, reason: str) -> None:
    schedule = plan(hints=hints)
    assert (schedule.interval, schedule.reason) == (interval, reason)


@pytest.mark.parametrize("outcome", [Outcome.NEW, Outcome.NOT_MODIFIED, Outcome.UNREACHABLE])
def test_the_wait_of_its_host_holds_for_each_of_its_feeds(outcome: Outcome) -> None:
    limits = Limits(floor=300, host_wait=ago(hours=-3, seconds=-0.5))
    schedule = plan(outcome, limits=limits)
    assert schedule.interval == 3 * HOUR + 1
    assert schedule.reason.endswith("; host asks 3 h (for all its feeds), which is longer")
    assert plan(limits=Limits(floor=300, host_wait=ago(hours=1))).interval == HOUR
    assert plan(limits=Limits(floor=300, host_wait=ago(days=-9))).interval == 7 * DAY


def test_the_longest_of_the_floors_is_the_one_named() -> None:
    headers = {"cache-control": "max-age=7200", "retry-after": "9000"}
    assert plan(headers=headers).reason.endswith("server asks 2 h (Retry-After), which is longer")
    assert plan(headers=headers, hints=Hints(min_interval=9001)).reason.endswith("(ttl), which is longer")


def test_jitter_comes_after_the_floors_and_by_the_spread() -> None:
    headers = {"cache-control": "max-age=7200"}
    assert plan(headers=headers, jitter=0.5).next_poll_at == ago(seconds=-7560)
    limits = Limits(floor=300, spread=0.5)
    assert plan(limits=limits, jitter=0.5).next_poll_at == ago(seconds=-4500)
    assert plan(limits=limits, jitter=0.5).interval == HOUR


@pytest.mark.parametrize(
    ("hints", "jitter", "at", "until"),
    [
        (Hints(skip_hours=(12, 14)), 0.0, ago(hours=-1), None),
        (Hints(skip_hours=(13,)), 0.0, ago(hours=-2), "Saturday 14:00"),
        (Hints(skip_hours=(13, 14)), 0.5, ago(hours=-3.5), "Saturday 15:00"),
        (Hints(skip_hours=(13, *range(14, 24))), 0.0, ago(hours=-12), "Sunday 0:00"),
        (Hints(skip_days=(5, 6)), 0.0, ago(hours=-36), "Monday 0:00"),
        (Hints(skip_days=(5, 6), skip_hours=(0,)), 0.0, ago(hours=-37), "Monday 1:00"),
        (Hints(skip_days=(0, 6)), 0.0, ago(hours=-1), None),
        (Hints(skip_hours=tuple(range(24))), 0.0, ago(hours=-1), None),
        (Hints(skip_days=tuple(range(7))), 0.0, ago(hours=-1), None),
        (Hints(skip_hours=tuple(range(23))), 0.0, ago(hours=-11), "Saturday 23:00"),
        (Hints(skip_days=tuple(range(6))), 0.0, ago(hours=-12), "Sunday 0:00"),
    ],
)
def test_skipped_hours_and_days_push_later(
    hints: Hints, jitter: float, at: datetime, until: str | None
) -> None:
    schedule = plan(hints=hints, jitter=jitter, limits=Limits(floor=300, spread=0))
    assert schedule.next_poll_at == at
    told = f"; feed asks to be left alone until {until} GMT" if until else ""
    assert schedule.reason == LEARNT + told
    assert schedule.interval == HOUR


@pytest.mark.parametrize("outcome", [Outcome.NEW, Outcome.SAME, Outcome.NOT_MODIFIED])
def test_max_age_counts_on_a_200_and_on_a_304(outcome: Outcome) -> None:
    schedule = plan(outcome, headers={"cache-control": "public, max-age=7200"})
    assert (schedule.interval, schedule.reason) == (
        7200,
        f"{LEARNT}; server asks 2 h (max-age), which is longer",
    )


@pytest.mark.parametrize(
    ("headers", "interval"),
    [
        ({"cache-control": "max-age=7200", "age": "600"}, 6600),
        ({"cache-control": 'max-age="7200"'}, 7200),
        ({"cache-control": "Max-Age = 7200"}, 7200),
        ({"cache-control": "s-maxage=7200"}, HOUR),
        ({"cache-control": "max-age=7200", "expires": stamp(hours=9)}, 7200),
        ({"cache-control": "max-age=0", "expires": stamp(hours=9)}, HOUR),
        ({"cache-control": "no-cache"}, HOUR),
        ({"cache-control": "max-age=-5"}, HOUR),
        ({"cache-control": "max-age=soon"}, HOUR),
        ({"cache-control": "max-age=99999999999999999999"}, HOUR),
        ({"cache-control": "max-age=7200", "age": "garbage"}, 7200),
        ({"cache-control": "max-age=7200", "age": "9000"}, HOUR),
        ({"expires": stamp(hours=3)}, 3 * HOUR),
        ({"expires": stamp(days=3, hours=3), "date": stamp(days=3)}, 3 * HOUR),
        ({"expires": stamp(hours=-3)}, HOUR),
        ({"expires": "0"}, HOUR),
        ({"expires": "-1"}, HOUR),
        ({"expires": "never 99:99"}, HOUR),
        ({"expires": "Mon, 10 Mar 2025"}, HOUR),
    ],
)
def test_what_a_server_asks_for_by_caching(headers: dict[str, str], interval: int) -> None:
    assert plan(headers=headers).interval == interval


def test_ten_years_are_obeyed_for_a_day_and_said() -> None:
    schedule = plan(headers={"cache-control": "max-age=315360000"})
    assert schedule.interval == DAY
    assert schedule.reason == f"{LEARNT}; server asks 3650 days (max-age), obeyed up to 24 h, which is longer"


def test_a_server_that_asks_for_what_we_do_anyway_is_not_named_as_the_cause() -> None:
    assert plan(headers={"cache-control": "max-age=3600"}).reason == LEARNT
    backing_off = plan(Outcome.BLOCKED, headers={"retry-after": str(2 * HOUR)})
    assert backing_off.reason == "backing off after 1 failure: 2 h"


def test_failures_double_the_interval_up_to_a_day() -> None:
    assert [plan(Outcome.TIMEOUT, failures=n).interval // HOUR for n in range(6)] == [2, 4, 8, 16, 24, 24]
    assert plan(Outcome.TIMEOUT, failures=2).reason == "backing off after 3 failures: 8 h"


def test_the_first_success_returns_to_the_floor() -> None:
    assert plan(Outcome.NEW, failures=9).interval == HOUR


@pytest.mark.parametrize("outcome", [Outcome.RATE_LIMITED, Outcome.SERVER_ERROR])
def test_retry_after_replaces_our_guess_where_waiting_is_the_subject(outcome: Outcome) -> None:
    schedule = plan(outcome, headers={"retry-after": "5400"}, failures=5)
    assert (schedule.interval, schedule.reason) == (
        5400,
        "after 6 failures: 60 min as usual; server asks 90 min (Retry-After), which is longer",
    )
    assert plan(outcome, headers={"retry-after": "5"}, failures=5).interval == HOUR


def test_retry_after_only_adds_to_other_failures() -> None:
    assert plan(Outcome.BLOCKED, headers={"retry-after": "60"}).interval == 2 * HOUR
    assert plan(Outcome.BLOCKED, headers={"retry-after": str(5 * HOUR)}).interval == 5 * HOUR


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "120"}, 120),
        ({"retry-after": " 120 "}, 120),
        ({"retry-after": stamp(minutes=2)}, 120),
        ({"retry-after": stamp(days=3, minutes=2), "date": stamp(days=3)}, 120),
        ({"retry-after": stamp(minutes=-2)}, 0),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "Mon, 99 Foo 2025 10:00:00 GMT"}, None),
        ({}, None),
    ],
)
def test_both_forms_of_retry_after(headers: dict[str, str], seconds: int | None) -> None:
    """A date is measured against the server's own clock, so that a wrong one here does no harm."""
    assert retry_after(headers, NOW) == seconds


def test_what_is_asked_for_once_is_obeyed_and_not_doubled() -> None:
    told = plan(Outcome.BLOCKED, headers={"retry-after": str(5 * HOUR)}, failures=3)
    assert told.interval == 16 * HOUR
    assert told.reason == "backing off after 4 failures: 16 h"
    waiting = Limits(floor=HOUR, host_wait=ago(hours=-5))
    assert plan(Outcome.TIMEOUT, limits=waiting).interval == 5 * HOUR
    assert plan(Outcome.TIMEOUT, hints=Hints(min_interval=3 * HOUR)).interval == 6 * HOUR
    assert plan(Outcome.TIMEOUT, hints=Hints(min_interval=9 * DAY)).interval == DAY


def test_retry_after_is_obeyed_for_a_week_and_the_rest_said() -> None:
    schedule = plan(Outcome.SERVER_ERROR, headers={"retry-after": str(30 * DAY)})
    assert schedule.interval == 7 * DAY
    assert schedule.reason == (
        "after 1 failure: 60 min as usual; server asks 30 days (Retry-After), obeyed up to 7 days, which is longer"
    )


def test_a_bare_429_waits_at_least_ten_minutes_and_doubles() -> None:
    limited = Outcome.RATE_LIMITED
    limits = Limits(floor=60, pace=1 / 60)
    assert [plan(limited, limits=limits, failures=n).interval for n in (0, 1)] == [1200, 2400]
    assert plan(Outcome.SERVER_ERROR, limits=limits).interval == 120


def test_the_first_410_is_asked_again_no_sooner_than_in_an_hour() -> None:
    assert plan(Outcome.GONE).interval == 2 * HOUR
    quick = Limits(floor=60, pace=1 / 60)
    assert plan(Outcome.GONE, limits=quick).interval == HOUR
    assert plan(Outcome.GONE, limits=quick).reason == "backing off after 1 failure: 60 min"


def test_the_second_410_an_hour_later_retires_a_feed_and_one_is_looked_for_each_month() -> None:
    gone = plan(Outcome.GONE, gone=1, last_polled_at=ago(hours=1))
    assert (gone.interval, gone.reason) == (30 * DAY, "retired (HTTP 410), probed every 30 days")
    soon = plan(Outcome.GONE, gone=1, failures=1, last_polled_at=ago(minutes=59))
    assert soon.interval == 4 * HOUR


@pytest.mark.parametrize("outcome", [*FAILURES, Outcome.NOT_MODIFIED])
def test_a_retired_feed_is_probed_weekly_until_a_document_was_read(outcome: Outcome) -> None:
    """A 304 is no document."""
    schedule = plan(outcome, retired_at=ago(days=3))
    assert schedule.interval == (30 if outcome is Outcome.GONE else 7) * DAY
    assert outcome is Outcome.GONE or schedule.reason == "retired, probed weekly"


@pytest.mark.parametrize("outcome", [Outcome.NEW, Outcome.SAME])
def test_a_retired_feed_that_was_read_is_polled_as_any_other(outcome: Outcome) -> None:
    assert plan(outcome, retired_at=ago(days=3), failing_since=ago(days=99), failures=50).reason == LEARNT


def test_a_feed_that_has_failed_for_a_week_is_probed_daily() -> None:
    week = plan(Outcome.SERVER_ERROR, headers={"retry-after": "60"}, failures=3, failing_since=ago(days=7))
    assert (week.interval, week.reason) == (DAY, "failing for 7 days, probed daily")
    younger = plan(
        Outcome.SERVER_ERROR, headers={"retry-after": "60"}, failures=3, failing_since=ago(days=6.9)
    )
    assert younger.interval == HOUR


def test_a_probe_obeys_the_floors_too() -> None:
    told = plan(Outcome.TIMEOUT, headers={"retry-after": str(3 * DAY)}, failing_since=ago(days=8))
    assert told.interval == 3 * DAY
    assert told.reason == (
        "failing for 8 days, probed daily; server asks 3 days (Retry-After), which is longer"
    )
    assert plan(Outcome.TIMEOUT, floor=9 * DAY, retired_at=NOW).interval == 9 * DAY


def test_a_304_after_long_failing_is_asked_as_usual() -> None:
    assert plan(Outcome.NOT_MODIFIED, failures=9, failing_since=ago(days=8)).reason == LEARNT


def test_a_feed_that_kills_its_parser_three_times_in_a_row_is_probed_daily() -> None:
    third = plan(Outcome.HOSTILE, outcome_before=Outcome.HOSTILE, failures=2)
    assert (third.interval, third.reason) == (DAY, "hostile again and again, probed daily")
    assert plan(Outcome.HOSTILE, outcome_before=Outcome.HOSTILE, failures=1).interval == 4 * HOUR
    assert plan(Outcome.HOSTILE, outcome_before=Outcome.TIMEOUT, failures=2).interval == 8 * HOUR
    assert plan(Outcome.TIMEOUT, outcome_before=Outcome.TIMEOUT, failures=2).interval == 8 * HOUR


def test_a_long_usual_interval_is_not_shortened_by_a_failure() -> None:
    slow: dict[str, Any] = {"rhythm": even(1 / 400), "last_ok_at": NOW}
    assert plan(Outcome.TIMEOUT, **slow).interval == DAY
    assert plan(Outcome.UNREACHABLE, **slow).interval == pytest.approx(20 * HOUR, abs=5)
    told = plan(Outcome.RATE_LIMITED, headers={"retry-after": "60"}, **slow)
    assert told.reason == "after 1 failure: 20 h as usual"


def verdict(outcome: Outcome = Outcome.TIMEOUT, **known: Any) -> str | None:
    return retire(FetchState(next_poll_at=NOW, **known), outcome, now=NOW)


def test_retiring_takes_a_second_410_at_least_an_hour_after_the_first() -> None:
    said = "gone for good: its server said so twice (HTTP 410)"
    assert verdict(Outcome.GONE, gone=1, last_polled_at=ago(hours=1)) == said
    assert verdict(Outcome.GONE, gone=1, last_polled_at=ago(minutes=59, seconds=59)) is None
    assert verdict(Outcome.GONE, gone=0, last_polled_at=ago(hours=9)) is None
    assert verdict(Outcome.GONE, gone=1) is None
    assert verdict(Outcome.NOT_FOUND, gone=1, last_polled_at=ago(hours=9)) is None


def test_retiring_takes_thirty_days_of_twenty_failures() -> None:
    said = "nothing but failures for 30 days (20 in a row)"
    assert verdict(failures=19, failing_since=ago(days=30)) == said
    assert verdict(failures=18, failing_since=ago(days=30)) is None
    assert verdict(failures=19, failing_since=ago(days=29.99)) is None
    assert verdict(failures=19) is None
    long: dict[str, Any] = {"failures": 40, "failing_since": ago(days=60)}
    assert verdict(Outcome.GONE, **long) == "nothing but failures for 60 days (41 in a row)"
    for outcome in (Outcome.NEW, Outcome.SAME, Outcome.NOT_MODIFIED):
        assert verdict(outcome, **long) is None
    assert plan(Outcome.TIMEOUT, **long).reason == "retired, probed weekly"


RATES = [(0.001, 1.0), (0.01, 1.0), (0.2, 4.0), (1.5, 1.0), (9.0, 0.25)]


def spent(k: float, rates: list[tuple[float, float]], floor: int, ceiling: int) -> float:
    hours = [min(ceiling / HOUR, max(floor / HOUR, k / (rate * weight) ** 0.5)) for rate, weight in rates]
    return float(sum(1 / each for each in hours) / len(rates)) / 1.05  # the mean of the jitter


@pytest.mark.parametrize("budget", [2, 1, 0.25, 1 / 12])
def test_the_pace_spends_the_budget_floor_and_ceiling_counted(budget: float) -> None:
    k = pace(RATES, budget=budget, floor=300, ceiling=DAY)
    assert spent(k, RATES, 300, DAY) == pytest.approx(budget, rel=1e-4)


def test_one_feed_of_an_item_an_hour_has_the_pace_of_its_budget() -> None:
    for rate, weight, budget, k in [(1, 1, 1, 1), (4, 1, 1, 2), (1, 4, 0.5, 4), (1, 0.25, 2, 0.25)]:
        found = pace([(rate, weight)], budget=budget, floor=300, ceiling=DAY, spread=0)
        assert found == pytest.approx(k)
    assert pace([], budget=0.25, floor=300, ceiling=DAY) == 4


def test_jitter_is_paid_for_by_a_pace_that_is_shorter_by_half_of_it() -> None:
    assert pace([(1, 1)], budget=1, floor=300, ceiling=DAY) == pytest.approx(1 / 1.05)
    assert pace([(1, 1)], budget=1, floor=300, ceiling=DAY, spread=0.5) == pytest.approx(0.8)


def test_a_budget_out_of_reach_gives_the_pace_that_comes_nearest() -> None:
    most, least = (
        pace(RATES, budget=99, floor=300, ceiling=DAY),
        pace(RATES, budget=0.01, floor=300, ceiling=DAY),
    )
    assert spent(most, RATES, 300, DAY) == pytest.approx(12 / 1.05)
    assert spent(least, RATES, 300, DAY) == pytest.approx(1 / 24 / 1.05)
    assert pace([(1, 1)], budget=9, floor=0, ceiling=DAY, spread=0) == pytest.approx(1 / 9)


@given(
    rates=st.lists(st.tuples(st.floats(0.001, 100), st.floats(0.1, 10)), min_size=1, max_size=20),
    budget=st.floats(0.05, 11),
)
def test_the_pace_never_overspends(rates: list[tuple[float, float]], budget: float) -> None:
    assert spent(pace(rates, budget=budget, floor=300, ceiling=DAY), rates, 300, DAY) <= budget * (1 + 1e-6)


TEXTS = st.one_of(
    st.integers(-(10**12), 10**12).map(str),
    st.integers(-(10**9), 10**9).map(lambda seconds: stamp(seconds=seconds)),
    st.text(max_size=30),
)
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "cache-control": TEXTS.map(lambda text: f"max-age={text}"),
        "age": TEXTS,
        "expires": TEXTS,
        "date": TEXTS,
        "retry-after": TEXTS,
    },
)


HINTS = st.builds(
    Hints,
    min_interval=st.integers(0, 10**7),
    skip_hours=st.lists(st.integers(0, 23), max_size=24).map(tuple),
    skip_days=st.lists(st.integers(0, 6), max_size=7).map(tuple),
)
LIMITS = st.builds(
    Limits,
    floor=st.integers(60, 7 * DAY),
    ceiling=st.integers(HOUR, DAY),
    pace=st.floats(0.01, 100),
    weight=st.floats(0.1, 10),
    push=st.booleans(),
    host_wait=st.none() | st.integers(-(10**7), 10**7).map(lambda s: NOW + timedelta(seconds=s)),
)


@given(
    outcome=st.sampled_from(Outcome),
    headers=HEADERS,
    failures=st.integers(0, 10**6),
    gone=st.integers(0, 3),
    hints=HINTS,
    limits=LIMITS,
    window=st.none() | st.integers(0, 100),
    rhythm=st.sampled_from(["", even(0.01), even(20), office()]),
    failing=st.none() | st.integers(0, 10**7).map(lambda s: NOW - timedelta(seconds=s)),
    retired=st.sampled_from([None, NOW]),
    jitter=st.floats(0, 1, exclude_max=True),
)
def test_never_below_a_floor_upward_jitter_only_and_capped(
    outcome: Outcome,
    headers: dict[str, str],
    failures: int,
    gone: int,
    hints: Hints,
    limits: Limits,
    window: int | None,
    rhythm: str,
    failing: datetime | None,
    retired: datetime | None,
    jitter: float,
) -> None:
    schedule = plan(
        outcome,
        headers=headers,
        hints=hints,
        limits=limits,
        jitter=jitter,
        failures=failures,
        gone=gone,
        window=window,
        rhythm=rhythm,
        failing_since=failing,
        retired_at=retired,
        last_polled_at=failing,
    )
    wait = (schedule.next_poll_at - NOW).total_seconds()
    waits: list[float] = [
        limits.floor,
        min(hints.min_interval, DAY),
        min(retry_after(headers, NOW) or 0, 7 * DAY),
    ]
    if limits.host_wait is not None:
        waits.append(min(7 * DAY, (limits.host_wait - NOW).total_seconds()))
    assert schedule.interval >= max(waits)
    assert schedule.interval <= wait + 1e-6
    assert schedule.interval <= max(7 * DAY, 30 * DAY if outcome is Outcome.GONE else 0)
    skipping = (set(hints.skip_hours) or set(hints.skip_days)) != set()
    assert wait <= schedule.interval * 1.1 + (8 * DAY if skipping else 0) + 1e-6
    at = schedule.next_poll_at
    assert len(set(hints.skip_hours)) == 24 or at.hour not in hints.skip_hours
    assert len(set(hints.skip_days)) == 7 or at.weekday() not in hints.skip_days
    assert schedule.reason


@given(headers=HEADERS)
def test_whatever_a_server_caches_a_success_is_asked_again_within_a_day(headers: dict[str, str]) -> None:
    headers.pop("retry-after", None)
    assert HOUR <= plan(headers=headers).interval <= DAY


def test_a_first_unreachable_server_is_tried_again_after_one_interval() -> None:
    """The machine may have been offline for a moment; no server was bothered."""
    assert [plan(Outcome.UNREACHABLE, failures=n).interval // HOUR for n in range(4)] == [1, 2, 4, 8]


def test_the_field_that_asks_is_named_and_a_cap_is_said_only_beyond_it() -> None:
    assert plan(headers={"expires": stamp(hours=5), "date": stamp()}).reason == (
        f"{LEARNT}; server asks 5 h (Expires), which is longer"
    )
    assert plan(headers={"cache-control": "max-age=86400"}).reason == (
        f"{LEARNT}; server asks 24 h (max-age), which is longer"
    )
    assert plan(headers={"cache-control": "max-age=86401"}).reason.endswith(
        ", obeyed up to 24 h, which is longer"
    )


def test_reasons_of_failures_say_how_many_and_what_the_server_asked() -> None:
    assert plan(Outcome.NOT_FOUND).reason == "backing off after 1 failure: 2 h"
    assert plan(Outcome.NOT_FOUND, failures=1).reason == "backing off after 2 failures: 4 h"
    less = plan(Outcome.SERVER_ERROR, headers={"retry-after": "60"})
    assert less.reason == "after 1 failure: 60 min as usual"


QUICK = Limits(floor=1, pace=1 / 3600)


def test_an_expiry_of_now_or_before_is_no_wish() -> None:
    for expires in (stamp(), stamp(hours=-1)):
        assert plan(headers={"expires": expires, "date": stamp()}, limits=QUICK).interval == 1


def test_an_age_beyond_the_maximum_leaves_no_wish() -> None:
    assert plan(headers={"cache-control": "max-age=60", "age": "600"}, limits=QUICK).interval == 1


def test_what_an_error_says_of_its_own_caching_is_no_wish_for_the_feed() -> None:
    assert plan(Outcome.NOT_FOUND, headers={"cache-control": "max-age=86400"}).interval == 2 * HOUR


@pytest.mark.parametrize("value", ["", "soon", "-5", "Sat, 01 Mar 2025"])
def test_what_is_no_wait_is_none(value: str) -> None:
    assert retry_after({"retry-after": value}, NOW) is None
    assert retry_after({}, NOW) is None


@pytest.mark.parametrize("day", range(7))
def test_the_day_is_named_that_the_feed_may_be_asked_again(day: int) -> None:
    names = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
    others = tuple(other for other in range(7) if other != day)
    monday = datetime(2025, 3, 3, tzinfo=UTC)
    start = monday + timedelta(days=(day + 1) % 7)
    assert f" until {names[day]} 0:00 GMT" in plan(hints=Hints(skip_days=others), now=start).reason
