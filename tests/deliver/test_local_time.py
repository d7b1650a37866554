"""Times as the reader's own clock shows them."""

from datetime import UTC, datetime

import pytest

from monitor.deliver.local_time import clock, period, short_period, when, zone_of
from monitor.deliver.wording import ENGLISH, SPANISH

TIJUANA = zone_of("America/Tijuana")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "english", "spanish"),
    [
        ("America/Tijuana", "4 March 2025, 06:05 PST", "4 de marzo de 2025, 06:05 PST"),
        ("America/Mexico_City", "4 March 2025, 08:05 CST", "4 de marzo de 2025, 08:05 CST"),
        ("America/Phoenix", "4 March 2025, 07:05 MST", "4 de marzo de 2025, 07:05 MST"),
        ("America/Sao_Paulo", "4 March 2025, 11:05 UTC-03", "4 de marzo de 2025, 11:05 UTC-03"),
        ("UTC", "4 March 2025, 14:05 UTC", "4 de marzo de 2025, 14:05 UTC"),
        ("Nowhere/Land", "4 March 2025, 14:05 UTC", "4 de marzo de 2025, 14:05 UTC"),
        ("../../etc/passwd", "4 March 2025, 14:05 UTC", "4 de marzo de 2025, 14:05 UTC"),
    ],
)
def test_a_time_names_the_readers_zone(zone: str, english: str, spanish: str) -> None:
    assert when(at("2025-03-04T14:05"), ENGLISH, zone_of(zone)) == english
    assert when(at("2025-03-04T14:05"), SPANISH, zone_of(zone)) == spanish


def test_the_hour_that_comes_twice_is_told_apart() -> None:
    twice = [when(at(f"2025-11-02T{hour}:30"), ENGLISH, TIJUANA) for hour in ("08", "09")]
    assert twice == ["2 November 2025, 01:30 PDT", "2 November 2025, 01:30 PST"]


def test_a_recent_time_has_its_day_only_when_that_is_another() -> None:
    now = at("2025-03-04T14:05")
    assert clock(at("2025-03-04T09:00"), ENGLISH, TIJUANA, beside=now) == "01:00 PST"
    assert clock(at("2025-03-04T07:00"), SPANISH, TIJUANA, beside=now) == "3 de marzo, 23:00 PST"


@pytest.mark.parametrize(
    ("since", "until", "long", "short"),
    [
        (
            "2025-03-03T15:00",
            "2025-03-04T15:00",
            "3 March 2025, 07:00 – 4 March 2025, 07:00 PST",
            "3–4 March",
        ),
        ("2025-03-04T15:00", "2025-03-04T16:00", "4 March 2025, 07:00 – 08:00 PST", "4 March, 07:00–08:00"),
        (
            "2025-03-08T15:00",
            "2025-03-09T14:00",
            "8 March 2025, 07:00 PST – 9 March 2025, 07:00 PDT",
            "8–9 March",
        ),
        (
            "2025-02-24T15:00",
            "2025-03-03T15:00",
            "24 February 2025, 07:00 – 3 March 2025, 07:00 PST",
            "24 February – 3 March",
        ),
    ],
)
def test_a_period_is_said_long_in_the_mail_and_short_in_its_subject(
    since: str, until: str, long: str, short: str
) -> None:
    assert period(at(since), at(until), ENGLISH, TIJUANA) == long
    assert short_period(at(since), at(until), ENGLISH, TIJUANA) == short
