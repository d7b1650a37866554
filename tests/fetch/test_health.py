"""How a feed is doing, judged by what its polls left."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.fetch.health import Health, health
from monitor.fetch.rhythm import Rhythm, longest_pause, seed
from monitor.model import Feed, FetchState, HealthState, Outcome

NOW = datetime(2025, 3, 3, 12, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def feed(*, enabled: bool = True, **known: Any) -> Feed:
    state: dict[str, Any] = {
        "next_poll_at": NOW + timedelta(minutes=12),
        "outcome": Outcome.NOT_MODIFIED,
        "reason": "unchanged (304)",
        "last_ok_at": NOW,
        "baseline_at": NOW - 90 * DAY,
        **known,
    }
    return Feed(
        slug="el-puerto",
        url="https://puerto.example/rss",
        title="El Puerto",
        owner="ui",
        enabled=enabled,
        disabled_reason="" if enabled else "switched off by ana: too noisy",
        fetch=FetchState(**state),
    )


def judged(**known: Any) -> Health:
    return health(feed(**known), now=NOW)


def hourly(until: datetime, *, every: timedelta = HOUR) -> str:
    """What is known of a feed with an item each `every`, the last at `until`."""
    return seed([until - n * every for n in range(400)], until).to_text()


def test_a_feed_that_answers_is_ok_and_says_what_its_last_poll_said() -> None:
    assert judged(rhythm=hourly(NOW - HOUR)) == Health(
        state=HealthState.OK, since=None, reason="unchanged (304)", next="polled again in 12 min"
    )


def test_a_feed_of_which_nothing_was_learnt_is_ok() -> None:
    assert judged(baseline_at=None).state is HealthState.OK
    assert judged(baseline_at=NOW).state is HealthState.OK


def test_a_feed_that_is_due_is_polled_now() -> None:
    assert judged(next_poll_at=NOW, baseline_at=NOW).next == "polled again now"
    assert judged(next_poll_at=NOW + timedelta(seconds=1), baseline_at=NOW).next == "polled again in 1 s"


def test_a_feed_that_is_off_says_who_switched_it_off() -> None:
    off = health(feed(enabled=False, failures=3, retired_at=NOW), now=NOW)
    assert off == Health(
        state=HealthState.OFF,
        since=None,
        reason="switched off by ana: too noisy",
        next="not polled while it is off",
    )


def test_a_feed_before_its_first_poll_is_waiting() -> None:
    waiting = judged(outcome=None, reason="", last_ok_at=None, baseline_at=None)
    assert waiting == Health(
        state=HealthState.WAITING,
        since=None,
        reason="not polled yet",
        next="polled for the first time in 12 min",
    )


def test_a_failing_feed_says_since_when_why_and_when_it_is_tried_again() -> None:
    failing = judged(
        failures=3,
        failing_since=NOW - 5 * HOUR,
        outcome=Outcome.TIMEOUT,
        reason="no answer within 30 s",
        next_poll_at=NOW + 8 * HOUR,
    )
    assert failing == Health(
        state=HealthState.FAILING,
        since=NOW - 5 * HOUR,
        reason="no answer within 30 s (3 failures in a row)",
        next="tried again in 8 h",
    )
    assert (
        judged(failures=1, reason="cut short", outcome=Outcome.TIMEOUT).reason
        == "cut short (1 failure in a row)"
    )


def test_a_304_after_a_failure_heals_nothing() -> None:
    failing = judged(failures=2, failing_since=NOW - DAY)
    assert failing.state is HealthState.FAILING
    assert failing.reason == "unchanged (304) since it failed: not read whole again yet (2 failures in a row)"


def test_a_retired_feed_says_that_it_returns_by_itself() -> None:
    retired = judged(
        retired_at=NOW - 9 * DAY, failures=40, reason="no such page (404)", next_poll_at=NOW + 3 * DAY
    )
    assert retired == Health(
        state=HealthState.RETIRED,
        since=NOW - 9 * DAY,
        reason="no such page (404)",
        next="probed in 3 days; returns by itself when it is a valid feed again",
    )


@pytest.mark.parametrize(
    ("interval", "due", "state"),
    [
        (60, timedelta(minutes=10), HealthState.OK),
        (60, timedelta(minutes=10, seconds=1), HealthState.LATE),
        (1800, timedelta(minutes=30), HealthState.OK),
        (1800, timedelta(minutes=30, seconds=1), HealthState.LATE),
        (86_400, HOUR, HealthState.OK),
        (86_400, HOUR + timedelta(seconds=1), HealthState.LATE),
    ],
)
def test_late_is_an_interval_within_ten_minutes_and_an_hour(
    interval: int, due: timedelta, state: HealthState
) -> None:
    assert judged(interval=interval, next_poll_at=NOW - due, baseline_at=NOW).state is state


def test_a_late_feed_blames_the_daemon_and_not_the_feed() -> None:
    due = NOW - 3 * HOUR
    assert judged(next_poll_at=due) == Health(
        state=HealthState.LATE,
        since=due,
        reason="due for 3 h and not polled: the daemon is behind or was off",
        next="polled as soon as the daemon gets to it",
    )
    never = judged(next_poll_at=due, outcome=None)
    assert never.state is HealthState.LATE
    assert never.reason == "due for 3 h and not polled: the daemon is behind or was off, never polled"


def test_a_failing_or_retired_feed_is_not_called_late() -> None:
    due = NOW - 3 * DAY
    assert judged(next_poll_at=due, failures=1).state is HealthState.FAILING
    assert judged(next_poll_at=due, failures=1).next == "tried again now"
    assert judged(next_poll_at=due, retired_at=due).state is HealthState.RETIRED


def test_a_document_without_items_is_empty_since_then() -> None:
    empty = judged(empty_since=NOW - DAY, rhythm=hourly(NOW - 60 * DAY))
    assert empty == Health(
        state=HealthState.EMPTY,
        since=NOW - DAY,
        reason="answers with a feed that has no items",
        next="polled again in 12 min",
    )


def test_silence_is_judged_by_the_feeds_own_rhythm() -> None:
    last = NOW - 8 * HOUR
    silent = judged(rhythm=hourly(last), last_new_at=last)
    assert silent.within == pytest.approx(4.64, abs=0.01)
    assert replace(silent, within=None) == Health(
        state=HealthState.SILENT,
        since=last,
        reason="nothing new for 8 h, which at about 1 item an hour happens less than 1 time in 100",
        next="polled again in 12 min",
    )
    assert judged(rhythm=hourly(last, every=4 * HOUR), last_new_at=last).state is HealthState.OK


def test_silence_takes_six_hours_however_busy_the_feed() -> None:
    for hours, state in [(6, HealthState.SILENT), (5.99, HealthState.OK)]:
        last = NOW - hours * HOUR
        busy = hourly(last, every=timedelta(minutes=1))
        assert judged(rhythm=busy, last_new_at=last).state is state


def test_silence_is_a_chance_below_one_in_a_hundred() -> None:
    rhythm = Rhythm(start=NOW - 60 * DAY, items=2000.0)
    last = NOW - 10 * DAY
    text = replace(rhythm, last=last).to_text()
    pause = longest_pause(Rhythm.from_text(text), last, 0.01) * HOUR
    assert pause > 6 * HOUR
    assert judged(rhythm=text, last_ok_at=last + pause * 0.999).state is HealthState.OK
    assert judged(rhythm=text, last_ok_at=last + pause * 1.001).state is HealthState.SILENT


def test_nobody_heard_anything_after_the_last_answer() -> None:
    last = NOW - 8 * HOUR
    assert judged(rhythm=hourly(last), last_ok_at=NOW - 7 * HOUR).state is HealthState.OK
    assert judged(rhythm=hourly(last), last_ok_at=None).state is HealthState.SILENT
    assert judged(rhythm=hourly(last), last_ok_at=last).state is HealthState.OK


def test_silence_counts_from_the_newest_item_known_else_from_the_baseline() -> None:
    old, new = NOW - 30 * HOUR, NOW - 8 * HOUR
    assert judged(rhythm=hourly(old), last_new_at=new).since == new
    assert judged(rhythm=hourly(new), last_new_at=old).since == new
    assert judged(rhythm=hourly(new), last_new_at=None).since == new
    undated = Rhythm(start=NOW - 60 * DAY, items=9000.0).to_text()
    assert judged(rhythm=undated, baseline_at=old).since == old


def test_a_served_corpse_is_stale_after_a_month() -> None:
    last = NOW - 30 * DAY
    stale = judged(rhythm=hourly(last, every=DAY / 4))
    assert stale.within == pytest.approx(28.11, abs=0.01)
    assert replace(stale, within=None) == Health(
        state=HealthState.STALE,
        since=last,
        reason="answers, but nothing new for 30 days; it used to have about 4 items a day",
        next="polled again in 12 min; look whether the publisher has another feed",
    )
    younger = last + timedelta(seconds=1)
    assert judged(rhythm=hourly(younger, every=DAY / 4)).state is HealthState.SILENT


def test_stale_is_three_times_what_the_rhythm_explains() -> None:
    last = NOW - 300 * DAY
    text = hourly(last, every=6 * DAY)
    pause = longest_pause(Rhythm.from_text(text), last, 0.01) * HOUR
    assert 30 * DAY < 3 * pause < 300 * DAY
    assert judged(rhythm=text, last_ok_at=last + 3 * pause * 1.001).state is HealthState.STALE
    assert judged(rhythm=text, last_ok_at=last + 3 * pause * 0.999).state is HealthState.SILENT
    assert judged(rhythm=text, last_ok_at=last + pause * 0.999).state is HealthState.OK


def test_after_a_year_any_feed_is_stale() -> None:
    last = NOW - 365 * DAY
    rare = seed([last, last - 200 * DAY], last)
    assert longest_pause(rare, last, 0.01) * HOUR > 365 * DAY
    assert judged(rhythm=rare.to_text()).state is HealthState.STALE
    assert judged(rhythm=rare.to_text(), last_ok_at=NOW - timedelta(seconds=1)).state is HealthState.OK


MOMENTS = st.none() | st.integers(-(10**8), 10**5).map(lambda seconds: NOW + timedelta(seconds=seconds))


@given(
    known=st.fixed_dictionaries(
        {
            "failures": st.integers(0, 3),
            "outcome": st.none() | st.sampled_from(Outcome),
            "next_poll_at": MOMENTS.map(lambda moment: moment or NOW),
            "retired_at": st.none() | MOMENTS,
            "empty_since": MOMENTS,
            "last_new_at": MOMENTS,
            "last_ok_at": MOMENTS,
            "baseline_at": MOMENTS,
            "failing_since": MOMENTS,
            "rhythm": st.sampled_from(["", "garbage", hourly(NOW), hourly(NOW - 99 * DAY)]),
        }
    )
)
def test_every_feed_has_a_state_a_reason_and_a_next(known: dict[str, Any]) -> None:
    found = judged(**known)
    assert found.reason
    assert found.next
    assert (found.state is HealthState.RETIRED) == (known["retired_at"] is not None)
