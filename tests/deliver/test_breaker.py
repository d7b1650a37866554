from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.deliver.breaker import (
    GIVEN_UP_AFTER,
    GIVEN_UP_ATTEMPTS,
    LONGEST_PROBE,
    OPENS_AFTER,
    answered,
    failed,
    is_given_up,
    is_to_be_told,
    undecided,
)
from monitor.model import RELAY, Breaker, ChannelKind, SendOutcome, SendResult

NOW = datetime(2026, 3, 8, 9, 0, tzinfo=UTC)
HOOK = Breaker(key="channel:1", channel_id=1)
DOWN = SendResult(outcome=SendOutcome.RETRY, reason="cannot connect")


def fail(breaker: Breaker, *, at: datetime = NOW, kind: ChannelKind = ChannelKind.WEBHOOK) -> Breaker:
    return failed(breaker, DOWN, kind=kind, now=at, jitter=0.5)


def opened(kind: ChannelKind = ChannelKind.WEBHOOK) -> Breaker:
    breaker = HOOK
    for _ in range(OPENS_AFTER):
        breaker = fail(breaker, kind=kind)
    return breaker


def test_the_fifth_failure_in_a_row_opens_it_and_a_success_between_begins_anew() -> None:
    breaker = HOOK
    for number in range(1, OPENS_AFTER):
        breaker = fail(breaker)
        assert (breaker.failures, breaker.is_open) == (number, False)
    assert not fail(answered(breaker, accepted=True, now=NOW)).is_open
    assert fail(breaker).is_open


def test_the_relay_opens_at_once() -> None:
    breaker = fail(Breaker(key=RELAY), kind=ChannelKind.EMAIL)
    assert breaker.is_open
    assert breaker.probe_at == NOW + timedelta(minutes=1)


@pytest.mark.parametrize(
    ("kind", "minutes"),
    [(ChannelKind.WEBHOOK, [5, 10, 20, 40, 60, 60]), (ChannelKind.EMAIL, [1, 2, 4, 8, 16, 32, 60, 60])],
)
def test_probes_come_further_and_further_apart_up_to_an_hour(kind: ChannelKind, minutes: list[int]) -> None:
    breaker, waits, now = opened(kind), [], NOW
    for _ in minutes:
        assert breaker.probe_at is not None
        waits.append((breaker.probe_at - now).total_seconds() / 60)
        now = breaker.probe_at
        breaker = fail(breaker, at=now, kind=kind)
    assert waits == minutes


def test_what_was_on_its_way_when_it_opened_is_no_probe() -> None:
    breaker = opened()
    late = fail(breaker, at=NOW + timedelta(seconds=1))
    assert (late.probe_at, late.probes, late.failures) == (breaker.probe_at, 0, OPENS_AFTER + 1)


def test_any_answer_closes_it_and_forgets_the_failures() -> None:
    closed = answered(opened(), accepted=True, now=NOW)
    assert closed == Breaker(key="channel:1", channel_id=1, last_ok_at=NOW)
    assert answered(opened(), accepted=False, now=NOW) == HOOK


def test_a_success_is_not_written_down_again_within_a_minute() -> None:
    known = answered(HOOK, accepted=True, now=NOW)
    assert answered(known, accepted=True, now=NOW + timedelta(seconds=59)) is known
    assert answered(known, accepted=True, now=NOW + timedelta(seconds=60)) is not known


def test_nobody_knows_what_an_unknown_end_means_so_the_next_probe_waits_its_time() -> None:
    breaker = opened()
    assert undecided(HOOK, kind=ChannelKind.WEBHOOK, now=NOW, jitter=0.5) is HOOK
    assert breaker.probe_at is not None
    after = undecided(breaker, kind=ChannelKind.WEBHOOK, now=breaker.probe_at, jitter=0.5)
    assert (after.failures, after.probe_at) == (breaker.failures, breaker.probe_at + timedelta(minutes=10))


def test_a_receiver_that_says_how_long_is_not_asked_before() -> None:
    busy = SendResult(outcome=SendOutcome.RETRY, reason="429", status=429, retry_after=7200.0)
    once = failed(HOOK, busy, kind=ChannelKind.WEBHOOK, now=NOW, jitter=0.5)
    assert (once.is_open, once.held_until) == (False, NOW + timedelta(hours=2))
    breaker = replace(once, failures=OPENS_AFTER - 1)
    assert failed(breaker, busy, kind=ChannelKind.WEBHOOK, now=NOW, jitter=0.5).probe_at == NOW + timedelta(
        hours=2
    )
    past = replace(busy, retry_after=-3600.0)
    assert failed(HOOK, past, kind=ChannelKind.WEBHOOK, now=NOW, jitter=0.5).held_until is None
    assert answered(once, accepted=True, now=NOW).held_until is None


def test_people_are_told_once_after_a_day() -> None:
    breaker = opened()
    assert not is_to_be_told(breaker, now=NOW + timedelta(hours=23, minutes=59))
    assert is_to_be_told(breaker, now=NOW + timedelta(hours=24))
    assert not is_to_be_told(replace(breaker, told_at=NOW), now=NOW + timedelta(days=3))
    assert not is_to_be_told(HOOK, now=NOW + timedelta(days=3))


def test_it_is_given_up_after_days_of_failures_and_enough_of_them() -> None:
    breaker = replace(opened(), failures=GIVEN_UP_ATTEMPTS, failing_since=NOW)
    assert is_given_up(breaker, now=NOW + GIVEN_UP_AFTER)
    assert not is_given_up(breaker, now=NOW + GIVEN_UP_AFTER - timedelta(seconds=1))
    assert not is_given_up(replace(breaker, failures=GIVEN_UP_ATTEMPTS - 1), now=NOW + GIVEN_UP_AFTER)
    assert not is_given_up(replace(breaker, key=RELAY), now=NOW + timedelta(days=99)), (
        "the relay is everybody's"
    )


@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(("failed", "answered", "undecided")),
            st.timedeltas(timedelta(0), timedelta(hours=3)),
            st.floats(0, 1, exclude_max=True),
        ),
        max_size=40,
    ),
    kind=st.sampled_from(ChannelKind),
)
def test_whatever_happens_an_open_breaker_has_a_probe_within_reach(
    steps: list[tuple[str, timedelta, float]], kind: ChannelKind
) -> None:
    breaker, now, in_a_row = HOOK, NOW, 0
    for what, later, jitter in steps:
        now += later
        if what == "failed":
            breaker, in_a_row = failed(breaker, DOWN, kind=kind, now=now, jitter=jitter), in_a_row + 1
        elif what == "answered":
            breaker, in_a_row = answered(breaker, accepted=True, now=now), 0
        else:
            breaker = undecided(breaker, kind=kind, now=now, jitter=jitter)
        assert breaker.failures == in_a_row
        assert breaker.is_open is (in_a_row >= OPENS_AFTER)
        assert (breaker.probe_at is not None) is breaker.is_open
        if breaker.probe_at is not None:
            assert breaker.probe_at <= now + LONGEST_PROBE * 1.2


@pytest.mark.parametrize("kind", ChannelKind)
def test_every_kind_of_channel_is_asked_again_some_time(kind: ChannelKind) -> None:
    breaker = opened(kind)
    assert breaker.probe_at is not None
    assert NOW < breaker.probe_at <= NOW + LONGEST_PROBE
