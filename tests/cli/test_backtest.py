"""`monitor topics backtest | near-misses | explain`, beside a daemon and without one."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor.cli.backtest import moment
from monitor.errors import Refused
from tests.cli.conftest import Cli, Site

NOW = datetime(2026, 3, 9, 12, tzinfo=UTC)


@pytest.fixture(scope="module", params=["daemon", "alone"])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("backtest") / "site"
    with Site(folder, with_daemon=request.param == "daemon") as made:
        yield made


@pytest.fixture(autouse=True)
def polled(cli: Cli, site: Site) -> None:
    """Both feeds have been read once."""
    if not site.with_daemon:
        assert cli("poll", "--once", "-c", site.config).code == 0
    for _ in range(200):
        feeds = cli("feeds", "list", "-c", site.config, "--json").json
        if all(feed["last_ok_at"] for feed in feeds):
            return
        time.sleep(0.05)
    raise AssertionError(feeds)


def test_a_query_is_tried_and_told_in_words_and_as_json(cli: Cli, site: Site) -> None:
    call = ("topics", "backtest", "border-wall", "--query", "council OR bakery", "-c", site.config)
    found = cli(*call, "--json").json
    assert (found["gained"], found["lost"]) == (2, 0)
    ran = cli(*call, "--since", "30d")
    assert ran.code == 0
    assert "2 gained, 0 lost" in ran.out
    assert "Council meets in Douglas [Council]" in ran.out
    assert "gazette" in ran.out
    assert cli("topics", "backtest", "border-wall", "--as-recorded", "-c", site.config).code == 0


def test_a_topic_of_a_file_is_tried(cli: Cli, site: Site, tmp_path: Path) -> None:
    file = tmp_path / "other.toml"
    file.write_text(
        'name = "x"\n[groups]\nplaces = "Douglas OR Laredo"\n'
        '[[topic]]\nslug = "fentanyl"\nname = "F"\nquery = "@places"\n'
    )
    ran = cli("topics", "backtest", "fentanyl", "--watchlist", file, "-c", site.config, "--json")
    assert ran.json["gained"] == 2


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--query", "NOT x"), "the query: line 1"),
        (("--query", "x", "--as-recorded"), "give one"),
        (("--since", "yesterday"), "is no time"),
    ],
)
def test_what_cannot_be_asked_ends_with_code_1(
    cli: Cli, site: Site, options: tuple[str, ...], said: str
) -> None:
    ran = cli("topics", "backtest", "fentanyl", *options, "-c", site.config)
    assert ran.code == 1
    assert said in ran.err
    assert ran.out == ""


def test_an_unknown_topic_is_told(cli: Cli, site: Site) -> None:
    assert "no topic is named nothing" in cli("topics", "backtest", "nothing", "-c", site.config).err
    assert "no topic is named nothing" in cli("topics", "near-misses", "nothing", "-c", site.config).err


def test_near_misses_and_explanations_speak(cli: Cli, site: Site) -> None:
    near = cli("topics", "near-misses", "fentanyl", "-c", site.config)
    assert near.code == 0
    assert "lack one clause" in near.out
    told = cli("topics", "explain", "https://paper.example/old", "fentanyl", "-c", site.config)
    assert told.code == 0
    assert told.out == cli("explain", "https://paper.example/old", "fentanyl", "-c", site.config).out
    assert "does not occur" in told.out or "occurs" in told.out


@pytest.mark.parametrize(
    ("text", "read"),
    [
        (None, None),
        ("2d", "2026-03-07T12:00:00+00:00"),
        ("12h", "2026-03-09T00:00:00+00:00"),
        ("1w", "2026-03-02T12:00:00+00:00"),
        ("2026-01-31", "2026-01-31T00:00:00+00:00"),
        ("2026-01-31T08:00+01:00", "2026-01-31T08:00:00+01:00"),
    ],
)
def test_times_are_read_as_dates_or_as_how_long_ago(text: str | None, read: str | None) -> None:
    assert moment(text, now=NOW) == read


@pytest.mark.parametrize("text", ["", "d", "-3d", "3 days", "2026-02-30", "9" * 20 + "w"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="is no time"):
        moment(text, now=NOW)
