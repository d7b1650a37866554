"""Dates that feedparser misreads or gives up on, and the bounds of belief."""

import calendar
from datetime import UTC, datetime, timedelta

import feedparser.datetimes
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.fetch.dates import read

NOW = datetime(2025, 3, 1, tzinfo=UTC)
HALF_PAST = "2025-02-03T20:05:00+00:00"


def reading(text: str) -> datetime | None:
    return read(text, feedparser.datetimes._parse_date(text), now=NOW)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("lun, 03 feb 2025 14:05:00 -0600", HALF_PAST),
        ("Lunes, 3 de febrero de 2025 14:05 CST", HALF_PAST),
        ("lunes 3 de febrero del 2025, a las 8:05 p. m.", HALF_PAST),
        ("mié, 05 feb 2025 00:00:00 GMT", "2025-02-05T00:00:00+00:00"),
        ("3 ene 2025", "2025-01-03T00:00:00+00:00"),
        ("03-ago-2024 10:00:00", "2024-08-03T10:00:00+00:00"),
        ("15 de septiembre de 2024", "2024-09-15T00:00:00+00:00"),
        ("31 dic. 2024 23:59 hrs", "2024-12-31T23:59:00+00:00"),
        ("Feb 3, 2025 8:05 PM", HALF_PAST),
        ("February 3, 2025 at 2:05 PM CST", HALF_PAST),
        ("Friday, January 29, 2021 12:42 AM", "2021-01-29T00:42:00+00:00"),
        ("1738613100", HALF_PAST),
        ("1738613100000", HALF_PAST),
        ("20250203T200500Z", HALF_PAST),
        ("20250203T140500-0600", HALF_PAST),
        ("20250203200500", HALF_PAST),
        ("2025-02-03 14:05:00 CST", HALF_PAST),
        ("2025-02-03 14:05:00 -0600", HALF_PAST),
        ("2025-02-03 14:05 -06:00", HALF_PAST),
        ("2025-02-03T24:00:00Z", "2025-02-04T00:00:00+00:00"),
        ("Mon, 03 Feb 2025 24:00:00 GMT", "2025-02-04T00:00:00+00:00"),
        ("Mon, 03 Feb 2025 20:05:00 GMT", HALF_PAST),
        ("2025-02-03T14:05:00.123-06:00", HALF_PAST),
        ("2025-02-03", "2025-02-03T00:00:00+00:00"),
    ],
)
def test_these_dates_are_read_right(text: str, expected: str) -> None:
    assert reading(text) == datetime.fromisoformat(expected)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "ayer",
        "hace 3 horas",
        "32 ene 2025",
        "3 foo 2025",
        "2025-02-30 14:05:00 CST",
        "2025-02-03 14:05:00 XYZ",
        "Mon, 01 Jan 0001 00:00:00 +0000",
        "Tue, 01 Feb 1994 00:00:00 +0000",
        "0001-01-01T00:00:00Z",
        "Mon, 03 Mar 2025 00:00:01 GMT",
        "Mon, 03 Mar 2031 20:05:00 GMT",
        "99999999999999999999",
        "1" * 5000,
        "a " * 5000,
    ],
)
def test_these_are_unknown(text: str) -> None:
    assert reading(text) is None


def test_up_to_two_days_ahead_is_believed() -> None:
    assert reading("Mon, 03 Mar 2025 00:00:00 GMT") == NOW + timedelta(hours=48)


@given(st.text(max_size=100))
def test_any_text_gives_a_plausible_moment_or_none(text: str) -> None:
    found = read(text, None, now=NOW)
    assert found is None or datetime(1995, 1, 1, tzinfo=UTC) <= found <= NOW + timedelta(hours=48)


@given(st.datetimes(datetime(1995, 1, 2), datetime(2025, 2, 28)))  # noqa: DTZ001 - hypothesis draws naive bounds
def test_what_feedparser_reads_is_kept(moment: datetime) -> None:
    moment = moment.replace(microsecond=0, tzinfo=UTC)
    text = moment.strftime("%a, %d %b %Y %H:%M:%S GMT")
    assert read(text, moment.utctimetuple(), now=NOW) == moment
    assert calendar.timegm(moment.utctimetuple()) == moment.timestamp()
