"""Dates in response headers that have no moment in UTC."""

from datetime import UTC, datetime, timedelta

import pytest

from monitor.fetch.cadence import Limits, next_poll
from monitor.model import FetchState, Hints, Outcome

NOW = datetime(2025, 3, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize("outcome", [Outcome.NEW, Outcome.RATE_LIMITED])
@pytest.mark.parametrize("field", ["expires", "retry-after", "date"])
def test_a_date_beyond_the_calendar_is_no_date(field: str, outcome: Outcome) -> None:
    """One header of a server must not keep its feed from ever being finished."""
    schedule = next_poll(
        FetchState(next_poll_at=NOW),
        outcome=outcome,
        headers={"expires": "Fri, 31 Dec 9999 23:59:59 -0100", field: "Fri, 31 Dec 9999 23:59:59 -0100"},
        hints=Hints(),
        limits=Limits(floor=3600),
        now=NOW,
        jitter=0.0,
    )
    assert NOW < schedule.next_poll_at <= NOW + timedelta(hours=2)
