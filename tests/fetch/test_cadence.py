"""When a feed is asked again."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.fetch.cadence import Schedule, next_poll, retry_after
from monitor.model import FetchState, Outcome

NOW = datetime(2025, 3, 1, 12, 0, tzinfo=UTC)
HOUR, DAY = 3600, 86_400
FAILURES = [outcome for outcome in Outcome if not outcome.ok]


def plan(
    outcome: Outcome = Outcome.NEW,
    *,
    headers: dict[str, str] | None = None,
    failures: int = 0,
    gone: int = 0,
    floor: int = HOUR,
    jitter: float = 0.0,
) -> Schedule:
    state = FetchState(next_poll_at=NOW, failures=failures, gone=gone)
    return next_poll(
        state, outcome=outcome, headers=headers or {}, min_interval=floor, now=NOW, jitter=jitter
    )


def stamp(**ahead: float) -> str:
    return format_datetime(NOW + timedelta(**ahead), usegmt=True)


def test_without_wishes_the_floor_counts() -> None:
    assert plan() == Schedule(next_poll_at=NOW + timedelta(hours=1), interval=HOUR, reason="60 min floor")


@pytest.mark.parametrize("outcome", [Outcome.NEW, Outcome.SAME, Outcome.NOT_MODIFIED])
def test_max_age_counts_on_a_200_and_on_a_304(outcome: Outcome) -> None:
    schedule = plan(outcome, headers={"cache-control": "public, max-age=7200"})
    assert (schedule.interval, schedule.reason) == (7200, "server asks 2 h (max-age)")


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
    assert schedule.reason == "server asks 3650 days (max-age), obeyed up to 24 h"


def test_a_server_that_asks_for_what_we_do_anyway_is_not_named_as_the_cause() -> None:
    assert plan(headers={"cache-control": "max-age=3600"}).reason == "60 min floor"
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
    assert (schedule.interval, schedule.reason) == (5400, "server asks 90 min (Retry-After)")
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


def test_retry_after_is_obeyed_for_a_week_and_the_rest_said() -> None:
    schedule = plan(Outcome.SERVER_ERROR, headers={"retry-after": str(30 * DAY)})
    assert schedule.interval == 7 * DAY
    assert schedule.reason.endswith("obeyed up to 7 days")


def test_a_bare_429_waits_at_least_ten_minutes_and_doubles() -> None:
    limited = Outcome.RATE_LIMITED
    assert [plan(limited, floor=60, failures=n).interval for n in (0, 1)] == [1200, 2400]


def test_the_second_410_is_believed() -> None:
    assert plan(Outcome.GONE).interval == 2 * HOUR
    assert plan(Outcome.GONE, gone=1).interval == 30 * DAY
    assert "30 days" in plan(Outcome.GONE, gone=1).reason


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


@given(
    outcome=st.sampled_from(Outcome),
    headers=HEADERS,
    failures=st.integers(0, 10**6),
    gone=st.integers(0, 3),
    floor=st.integers(60, 7 * DAY),
    jitter=st.floats(0, 1, exclude_max=True),
)
def test_never_below_the_floor_upward_jitter_only_and_capped(
    outcome: Outcome, headers: dict[str, str], failures: int, gone: int, floor: int, jitter: float
) -> None:
    schedule = plan(outcome, headers=headers, failures=failures, gone=gone, floor=floor, jitter=jitter)
    wait = (schedule.next_poll_at - NOW).total_seconds()
    assert schedule.interval >= floor
    assert schedule.interval <= wait + 1e-6
    assert wait <= schedule.interval * 1.1 + 1e-6
    cap = DAY if outcome.ok else 30 * DAY if outcome is Outcome.GONE else 7 * DAY
    assert schedule.interval <= max(floor, cap)
    assert schedule.reason


@given(headers=HEADERS)
def test_whatever_a_server_sends_a_success_is_asked_again_within_a_day(headers: dict[str, str]) -> None:
    assert HOUR <= plan(headers=headers).interval <= DAY


def test_a_first_unreachable_server_is_tried_again_after_one_interval() -> None:
    """The machine may have been offline for a moment; no server was bothered."""
    assert [plan(Outcome.UNREACHABLE, failures=n).interval // HOUR for n in range(4)] == [1, 2, 4, 8]


def test_the_field_that_asks_is_named_and_a_cap_is_said_only_beyond_it() -> None:
    assert plan(headers={"expires": stamp(hours=5), "date": stamp()}).reason == "server asks 5 h (Expires)"
    assert plan(headers={"cache-control": "max-age=86400"}).reason == "server asks 24 h (max-age)"
    assert plan(headers={"cache-control": "max-age=86401"}).reason.endswith(", obeyed up to 24 h")


def test_reasons_of_failures_say_how_many_and_what_the_server_asked() -> None:
    assert plan(Outcome.NOT_FOUND).reason == "backing off after 1 failure: 2 h"
    assert plan(Outcome.NOT_FOUND, failures=1).reason == "backing off after 2 failures: 4 h"
    less = plan(Outcome.SERVER_ERROR, headers={"retry-after": "60"})
    assert less.reason == "60 min floor, server asks less (Retry-After)"


def test_an_expiry_of_now_or_before_is_no_wish() -> None:
    for expires in (stamp(), stamp(hours=-1)):
        schedule = plan(headers={"expires": expires, "date": stamp()}, floor=1)
        assert (schedule.interval, schedule.reason) == (1, "1 s floor")


def test_an_age_beyond_the_maximum_leaves_no_wish() -> None:
    assert plan(headers={"cache-control": "max-age=60", "age": "600"}, floor=1).reason == "1 s floor"


@pytest.mark.parametrize("value", ["", "soon", "-5", "Sat, 01 Mar 2025"])
def test_what_is_no_wait_is_none(value: str) -> None:
    assert retry_after({"retry-after": value}, NOW) is None
    assert retry_after({}, NOW) is None
