"""`[[place]]` and `[[forecast]]` tables: what they become, and where their problems are shown."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from monitor.config import load_desired, load_settings, read_watchlist
from monitor.config.desired import Desired
from monitor.errors import ConfigError
from monitor.model import Direction

GOOD = """name = "border"
[groups]
otay = '"Otay Mesa" OR "Mesa de Otay"'
[[topic]]
slug = "tariffs"
name = "Tariffs"
query = "tariff"
[[place]]
slug = "tijuana"
name = "Tijuana"
query = "Tijuana OR @otay"
lat = 32.5149
lon = -117
[[forecast]]
slug = "falls"
topics = ["tariffs"]
places = ["tijuana"]
from = 2025-10-01
to = 2026-03-31
direction = "down"
text = "Fewer,  it was said."
source = "an outlook"
"""

Load = Callable[[str], Desired]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def read(text: str) -> Desired:
        (tmp_path / "border.toml").write_text(text)
        (tmp_path / "monitor.toml").write_text(
            '[files]\nwatchlists = ["border.toml"]\nfeeds = []\nrecipients = []\n'
        )
        return load_desired(load_settings(tmp_path / "monitor.toml", {}))

    return read


def problem(load: Load, text: str) -> tuple[int | None, int | None, str, str]:
    with pytest.raises(ConfigError) as caught:
        load(text)
    (only,) = caught.value.problems
    return only.line, only.column, only.message, only.hint


def test_places_and_forecasts_are_read_with_their_groups_and_days(load: Load) -> None:
    desired = load(GOOD)
    (place,), (forecast,) = desired.places, desired.forecasts
    assert (place.slug, place.query, place.groups) == (
        "tijuana", "Tijuana OR @otay", (("otay", '"Otay Mesa" OR "Mesa de Otay"'),)
    )  # fmt: skip
    assert (place.latitude, place.longitude, place.watchlist) == (32.5149, -117.0, "border")
    assert (forecast.begins, forecast.ends) == (date(2025, 10, 1), date(2026, 3, 31))
    assert (forecast.direction, forecast.text) == (Direction.DOWN, "Fewer, it was said.")
    assert place.owner == forecast.owner == "file:border.toml"


def test_another_place_or_forecast_is_another_revision_of_the_files(load: Load) -> None:
    revisions = {
        load(text).revision
        for text in (GOOD, GOOD.replace("Tijuana OR", "Tecate OR"), GOOD.replace('"down"', '"up"'))
    }
    assert len(revisions) == 3


@pytest.mark.parametrize(
    ("old", "new", "line", "column", "said"),
    [
        ("Tijuana OR @otay", "Tijuana OR @otay OR @otai", 11, 30, "place 'tijuana'"),
        ("Tijuana OR @otay", "Tijuana OR (@otay", 11, None, "place 'tijuana'"),
        ('topics = ["tariffs"]', 'topics = ["tarifs"]', 16, 11, "there is no topic 'tarifs'"),
        ('places = ["tijuana"]', 'places = ["tecate"]', 17, 11, "there is no place 'tecate'"),
        ("from = 2025-10-01", 'from = "soon"', 18, 1, "no day"),
        ("from = 2025-10-01", "from = 2025-10-01T00:00:00Z", 18, 1, "no day"),
        ("from = 2025-10-01", "from = 2026-10-01", None, None, "before it begins"),
        ('direction = "down"', 'direction = "sideways"', 20, 1, "'up' or 'down'"),
        ("lon = -117\n", "", 8, None, "only one of lat and lon"),
        ("lat = 32.5149", "lat = 325.149", 12, 1, "less than or equal to 90"),
        ('slug = "falls"\n', 'slug = "falls"\nwhy = "x"\n', 16, 1, "unknown key 'why'"),
    ],
)
def test_a_problem_is_shown_at_its_line_and_column(
    load: Load, old: str, new: str, line: int | None, column: int | None, said: str
) -> None:
    assert old in GOOD
    found = problem(load, GOOD.replace(old, new, 1))
    assert said in found[2], found
    if line is not None:
        assert found[0] == line, found
    if column is not None:
        assert found[1] == column, found


def test_a_place_described_twice_names_the_first(load: Load) -> None:
    twice = GOOD + '[[place]]\nslug = "tijuana"\nname = "TJ"\nquery = "TJ"\n'
    assert "already described in" in problem(load, twice)[2]


def test_a_group_that_only_a_place_uses_is_used(load: Load) -> None:
    unused = GOOD.replace("Tijuana OR @otay", "Tijuana")
    assert "no topic uses the group 'otay'" in problem(load, unused)[2]


def test_a_file_read_by_itself_may_forecast_topics_of_another(tmp_path: Path) -> None:
    file = tmp_path / "places.toml"
    file.write_text(GOOD.replace('topics = ["tariffs"]', 'topics = ["fentanyl"]'))
    assert [topic.slug for topic in read_watchlist(file)] == ["tariffs"]
