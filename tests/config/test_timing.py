"""When somebody is told: inherited from the file's defaults, then the subscriber, then the subscription."""

import pytest

from monitor.model import Cadence, Quiet, Timing
from tests.config.conftest import Folder

TOPICS = """
name = "w"
[[topic]]
slug = "tariffs"
name = "Tariffs"
tags = ["trade", "money"]
query = "tariff"
"""
RECIPIENTS = """
[defaults]
zone = "America/Tijuana"
quiet_hours = "22:00-07:00"
digest_at = "06:30"

[[subscriber]]
slug = "ana"
name = "Ana"
zone = "America/Mexico_City"
alerts_per_day = 6
digest_at = 08:15:00

[[subscriber]]
slug = "bob"
name = "Bob"

[[channel]]
slug = "hook"
kind = "webhook"
url = "https://paper.mx/h"

[[subscription]]
slug = "ana-all"
subscriber = "ana"
channel = "hook"
fallback = "console"
tags = ["trade"]
priorities = ["urgent", "normal"]
publishers = ["El Mañana"]
regions = ["mx-tamaulipas"]
cadence = "weekly"
digest_day = "friday"
quiet_hours = "none"
urgent_in_quiet_hours = true
all_quiet = true

[[subscription]]
slug = "bob-all"
subscriber = "bob"
channel = "hook"
"""


def test_each_key_comes_from_the_nearest_table_that_has_it(folder: Folder) -> None:
    folder.write("watchlists/w.toml", TOPICS)
    folder.write("recipients.toml", RECIPIENTS)
    found = folder.desired().subscriptions
    ana = next(each for each in found if each.slug == "ana-all")
    bob = next(each for each in found if each.slug == "bob-all")
    assert ana.timing == Timing(
        cadence=Cadence.WEEKLY,
        digest_at=8 * 60 + 15,
        digest_day=4,
        quiet=None,
        pierce=True,
        budget=6,
        all_quiet=True,
    )
    assert bob.timing == Timing(digest_at=6 * 60 + 30, quiet=Quiet(begins=22 * 60, ends=7 * 60))
    assert (ana.subscriber.zone, bob.subscriber.zone) == ("America/Mexico_City", "America/Tijuana")
    assert ana.fallback is not None
    assert (ana.fallback.slug, bob.fallback) == ("console", None)
    assert (ana.tags, ana.priorities) == (("trade",), ("urgent", "normal"))
    assert (ana.publishers, ana.regions) == (("El Mañana",), ("mx-tamaulipas",))


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('quiet_hours = "22-7"', "write them as"),
        ('quiet_hours = "07:00-07:00"', "these are no quiet hours"),
        ("quiet_hours = 7", "these are no quiet hours"),
        ('digest_at = "25:00"', "this is no time of day"),
        ('digest_at = "7:00"', "07:00"),
        ('digest_day = "Freitag"', "monday"),
        ('cadence = "sometimes"', "instant"),
        ("alerts_per_day = -1", "alerts_per_day"),
        ("max_age_hours = 0", "max_age_hours"),
        ('fallback = "hok"', "did you mean 'hook'"),
        ('tags = ["Not A Slug"]', "tags"),
    ],
)
def test_what_cannot_be_meant_is_told_with_what_would_be_right(folder: Folder, line: str, says: str) -> None:
    folder.write("watchlists/w.toml", TOPICS)
    folder.write("recipients.toml", RECIPIENTS + line + "\n")
    problem = folder.problem()
    assert says in str(problem)


def test_a_zone_that_does_not_exist_is_told_with_the_nearest(folder: Folder) -> None:
    folder.write("watchlists/w.toml", TOPICS)
    folder.write("recipients.toml", RECIPIENTS.replace("America/Tijuana", "America/Tijuna"))
    assert "did you mean 'America/Tijuana'?" in str(folder.problem())
