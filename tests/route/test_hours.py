"""Digest hours and quiet hours in the zones of the border, over the clock changes of 2025."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.model import Cadence, Quiet, Timing
from monitor.route.hours import day_began, instant, next_digest, quiet_until

SPRING = date(2025, 3, 9)
AUTUMN = date(2025, 11, 2)
NIGHT = Quiet(begins=22 * 60, ends=7 * 60)
CHANGING = ("America/Tijuana", "America/Matamoros", "America/Chicago")

# Local 02:30 on the day clocks go forward, 01:30 on the day they go back (first and last), in UTC; the length of the
# night from 22:00 to 07:00 over each change, in hours.
TABLE = {
    "America/Tijuana": ("10:30", "08:30", "09:30", 8, 10),
    "America/Matamoros": ("08:30", "06:30", "07:30", 8, 10),
    "America/Chicago": ("08:30", "06:30", "07:30", 8, 10),
    "America/Mexico_City": ("08:30", "07:30", "07:30", 9, 9),
    "America/Phoenix": ("09:30", "08:30", "08:30", 9, 9),
}
MOMENTS = st.datetimes(datetime(2025, 1, 1), datetime(2026, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - given one


@pytest.mark.parametrize("zone", TABLE)
def test_times_that_are_skipped_or_come_twice(zone: str) -> None:
    skipped, first, last, spring, autumn = TABLE[zone]
    assert f"{instant(SPRING, 150, zone):%H:%M}" == skipped
    assert f"{instant(AUTUMN, 90, zone):%H:%M}" == first
    assert f"{instant(AUTUMN, 90, zone, last=True):%H:%M}" == last
    for day, hours in ((SPRING, spring), (AUTUMN, autumn)):
        begins = instant(day - timedelta(days=1), NIGHT.begins, zone)
        ends = quiet_until(begins, NIGHT, zone)
        assert ends is not None
        assert (ends - begins).total_seconds() / 3600 == hours
        assert f"{ends.astimezone(ZoneInfo(zone)):%d %H:%M}" == f"{day:%d} 07:00"
        assert quiet_until(ends, NIGHT, zone) is None
        assert quiet_until(begins - timedelta(microseconds=1), NIGHT, zone) is None


@pytest.mark.parametrize("zone", TABLE)
def test_a_daily_digest_comes_once_a_day_at_its_hour_all_year(zone: str) -> None:
    timing = Timing(cadence=Cadence.DAILY, digest_at=150)
    at, seen = datetime(2025, 1, 1, tzinfo=UTC), []
    while at.year == 2025:
        at = next_digest(at, timing, zone)
        seen.append(at.astimezone(ZoneInfo(zone)))
    assert len({each.date() for each in seen}) == len(seen) == 365 + 1 - (seen[0].day - 1)
    odd = [f"{each:%m-%d %H:%M}" for each in seen if f"{each:%H:%M}" != "02:30"]
    assert odd == (["03-09 03:30"] if zone in CHANGING else [])


def test_a_time_that_comes_twice_is_one_digest() -> None:
    timing = Timing(cadence=Cadence.DAILY, digest_at=90)
    first = next_digest(datetime(2025, 11, 2, 5, tzinfo=UTC), timing, "America/Chicago")
    assert first == datetime(2025, 11, 2, 6, 30, tzinfo=UTC)
    assert next_digest(first, timing, "America/Chicago") == datetime(2025, 11, 3, 7, 30, tzinfo=UTC)


def test_weekly_and_hourly_digests() -> None:
    friday = Timing(cadence=Cadence.WEEKLY, digest_day=4, digest_at=8 * 60)
    now = datetime(2025, 3, 9, 12, 5, tzinfo=UTC)
    assert next_digest(now, friday, "America/Phoenix") == datetime(2025, 3, 14, 15, tzinfo=UTC)
    hourly = Timing(cadence=Cadence.HOURLY)
    assert next_digest(now, hourly, "America/Phoenix") == datetime(2025, 3, 9, 13, tzinfo=UTC)
    assert next_digest(now, hourly, "Asia/Kathmandu") == datetime(2025, 3, 9, 12, 15, tzinfo=UTC)


@given(MOMENTS, st.sampled_from(list(TABLE)), st.integers(0, 1439), st.integers(0, 1439))
def test_quiet_hours_end_later_than_now_and_within_a_day(
    now: datetime, zone: str, begins: int, ends: int
) -> None:
    until = quiet_until(now, Quiet(begins=begins, ends=ends), zone)
    if until is not None:
        assert now < until <= now + timedelta(hours=26)
        local = until.astimezone(ZoneInfo(zone))
        assert local.hour * 60 + local.minute in {ends, (ends + 60) % 1440}


@given(
    MOMENTS, st.sampled_from(list(TABLE)), st.sampled_from(Cadence), st.integers(0, 1439), st.integers(0, 6)
)
def test_the_next_digest_is_always_later_and_soon(
    now: datetime, zone: str, cadence: Cadence, minute: int, day: int
) -> None:
    due = next_digest(now, Timing(cadence=cadence, digest_at=minute, digest_day=day), zone)
    longest = {Cadence.HOURLY: timedelta(hours=1), Cadence.WEEKLY: timedelta(days=7, hours=2)}
    assert now < due <= now + longest.get(cadence, timedelta(hours=26))


def test_a_local_day_begins_at_its_own_midnight() -> None:
    began = [day_began(datetime(2025, 3, day, 5, tzinfo=UTC), "America/Tijuana") for day in (9, 10)]
    assert began == [datetime(2025, 3, 8, 8, tzinfo=UTC), datetime(2025, 3, 9, 8, tzinfo=UTC)]
