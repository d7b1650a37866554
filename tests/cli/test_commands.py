"""The commands that ask the store do the same with a daemon running and without one."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from monitor.cli.session import daemon_runs
from monitor.config import load_settings
from monitor.demo.loopback import HOST
from tests.cli.conftest import Cli, Site
from tests.conftest import pass_time

MODES = ("alone", "daemon")
NEW = "https://paper.example/new"
OTHER = "https://paper.example/other"


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Site]]:
    folder = tmp_path_factory.mktemp("sites")
    with ExitStack() as running:
        yield {
            mode: running.enter_context(Site(folder / mode, with_daemon=mode == "daemon")) for mode in MODES
        }


@pytest.fixture(params=MODES)
def site(request: pytest.FixtureRequest, sites: dict[str, Site], cli: Cli) -> Site:
    """An installation whose one alert has gone out on both channels."""
    chosen = sites[request.param]
    stage = chosen.stage

    def turn(until: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 20
        while not until():
            assert time.monotonic() < deadline, (
                cli("feeds", "list", "-c", chosen.config).out
                + cli("deliveries", "list", "-c", chosen.config).out
            )
            if chosen.with_daemon:
                time.sleep(0.05)
            else:
                assert cli("poll", "--once", "gazette", "herald", "-c", chosen.config).code == 0

    def polled() -> bool:
        lines = cli("feeds", "list", "-c", chosen.config, "--json").json
        return len(lines) >= 2 and all(line["last_ok_at"] for line in lines)

    if not stage.receiver.messages:
        turn(polled)
        pass_time(stage)
        turn(lambda: bool(stage.receiver.messages and stage.mailbox.mails))
    return chosen


def test_the_feeds_are_listed(site: Site, cli: Cli) -> None:
    ran = cli("feeds", "list", "-c", site.config, "--json")
    assert ran.code == 0
    lines = {line["slug"]: line for line in ran.json}
    assert lines["gazette"]["state"] == "ok"
    assert lines["gazette"]["url"] == site.stage.feeds.url("gazette")
    text = cli("feeds", "list", "-c", site.config).out.splitlines()
    assert text[0].split() == ["feed", "state", "since", "lang", "next", "poll", "reason"]
    assert any(line.startswith("gazette") for line in text)
    assert [line for line in text if line != line.rstrip()] == []


def test_a_feed_is_added_after_a_look_at_it(site: Site, cli: Cli) -> None:
    url = site.stage.feeds.url("herald")
    known = cli("feeds", "add", url, "-c", site.config)
    assert known.code == 1
    assert "known already as the feed herald" in known.err
    nothing = cli("feeds", "add", url + "-none", "-c", site.config)
    assert nothing.code == 1
    assert "404" in nothing.err
    assert "--unchecked" in nothing.err
    page = cli("feeds", "add", site.stage.status_url, "-c", site.config)
    assert page.code == 1
    assert "not a readable feed" in page.err
    wrong = cli("feeds", "add", "gopher://example.org/", "-c", site.config)
    assert wrong.code == 1
    assert "not an http or https address" in wrong.err
    added = cli("feeds", "add", url + "?copy", "--slug", "copy", "-c", site.config, "--json")
    assert added.code == 0
    (line,) = added.json["added"]
    assert (line["slug"], line["title"], line["language"]) == ("copy", "The Herald", "en")
    assert line["owner"] == "api"
    assert "1 items" in added.json["found"]
    assert "copy" in cli("feeds", "list", "-c", site.config).out


def test_feeds_are_imported_and_known_ones_named(site: Site, cli: Cli, tmp_path: Path) -> None:
    opml = tmp_path / "subscriptions.opml"
    known = site.stage.feeds.url("gazette")
    fresh = f"http://{HOST}:9/imported"
    opml.write_text(
        f'<opml version="2.0"><body><outline text="Known" xmlUrl="{known}"/>'
        f'<outline text="The Fresh" xmlUrl="{fresh}"/></body></opml>'
    )
    ran = cli("feeds", "import", opml, "-c", site.config)
    assert ran.code == 0
    assert "added the-fresh: The Fresh" in ran.out
    assert "left out:" in ran.out
    assert "gazette" in ran.out
    broken = tmp_path / "broken.opml"
    broken.write_text("<opml><body>")
    ran = cli("feeds", "import", broken, "-c", site.config)
    assert ran.code == 2
    assert "broken.opml" in ran.err


def test_a_feed_that_was_added_by_hand_survives_an_apply(site: Site, cli: Cli) -> None:
    cli("feeds", "add", f"http://{HOST}:9/mine", "--unchecked", "--slug", "mine", "-c", site.config)
    assert cli("apply", "-c", site.config).out == "Nothing changed.\n"
    assert "mine" in cli("feeds", "list", "-c", site.config).out


def test_the_topics_are_listed(site: Site, cli: Cli) -> None:
    lines = cli("topics", "list", "-c", site.config, "--json").json
    assert [(line["slug"], line["priority"], line["revision"]) for line in lines] == [
        ("border-wall", "normal", 1),
        ("fentanyl", "urgent", 1),
    ]
    assert "fentanyl" in cli("topics", "list", "-c", site.config).out


def test_the_deliveries_are_listed_by_state(site: Site, cli: Cli) -> None:
    lines = cli("deliveries", "list", "-c", site.config, "--json").json
    assert {line["delivery"]["channel"] for line in lines} == {"demo-hook", "demo-mail"}
    assert [(line["delivery"]["state"], len(line["attempts"])) for line in lines] == [("done", 1)] * 2, lines
    assert "Agents seize fentanyl" in cli("deliveries", "list", "-c", site.config).out
    assert cli("deliveries", "list", "--state", "dead", "-c", site.config).out == "No deliveries are dead.\n"
    wrong = cli("deliveries", "list", "--state", "lost", "-c", site.config)
    assert wrong.code != 0
    assert "pending, leased, done, dead, cancelled" in wrong.err
    assert cli("deliveries", "list", "--limit", "0", "-c", site.config).code == 2


def test_deliveries_are_of_one_channel_when_asked_and_replayed_only_when_there_are_any(
    site: Site, cli: Cli
) -> None:
    lines = cli("deliveries", "list", "--channel", "demo-mail", "-c", site.config, "--json").json
    assert [line["delivery"]["kind"] for line in lines] == ["email"]
    assert (
        "no channel is named nowhere"
        in cli("deliveries", "list", "--channel", "nowhere", "-c", site.config).err
    )
    assert cli("deliveries", "replay", "--dead", "-c", site.config).out == "Nothing is sent again.\n"
    since = cli(
        "deliveries",
        "replay",
        "--channel",
        "demo-mail",
        "--since",
        "1h",
        "--dead",
        "-c",
        site.config,
        "--json",
    )
    assert since.json == {"asked": 0, "left_out": {}}
    unclear = cli("deliveries", "replay", "-c", site.config)
    assert (unclear.code, "say what to send again" in unclear.err) == (1, True)
    assert "no delivery is msg_x" in cli("deliveries", "replay", "msg_x", "-c", site.config).err


def test_channels_are_listed_without_their_addresses_and_switched_on_only_when_off(
    site: Site, cli: Cli
) -> None:
    lines = {line["slug"]: line for line in cli("channels", "list", "-c", site.config, "--json").json}
    assert (lines["demo-hook"]["kind"], lines["demo-hook"]["signed"]) == ("webhook", True)
    text = cli("channels", "list", "-c", site.config).out
    assert "demo-mail" in text
    assert site.stage.receiver.url not in text
    assert cli("channels", "secret", "demo-hook", "-c", site.config).out.startswith("whsec_")
    assert "signs nothing" in cli("channels", "secret", "demo-mail", "-c", site.config).err
    on = cli("channels", "enable", "demo-hook", "-c", site.config)
    assert (on.code, on.err) == (1, "monitor: the channel demo-hook is on\n")
    assert "no channel is named nowhere" in cli("channels", "enable", "nowhere", "-c", site.config).err


def test_explain_shows_a_hit_with_its_words_and_decisions(site: Site, cli: Cli) -> None:
    (item,) = cli("explain", NEW, "fentanyl", "-c", site.config, "--json").json
    (verdict,) = item["verdicts"]
    assert verdict["hit"]
    assert verdict["recorded"]
    assert verdict["words"] == ["fentanyl"]
    assert len(verdict["decisions"]) == 2
    text = cli("explain", f"{NEW}?utm_source=x", "-c", site.config).out
    assert "HIT  fentanyl: hit (live) by revision 1 of the topic [fentanyl]" in text
    assert "newsroom-hook: sent_now, first report of this story" in text
    by_id = cli("explain", item["item"], "-c", site.config)
    assert by_id.out == cli("explain", NEW, "-c", site.config).out


def test_explain_says_why_an_item_was_no_hit(site: Site, cli: Cli) -> None:
    ran = cli("explain", OTHER, "-c", site.config)
    assert ran.code == 0
    assert ran.out.count("  no   ") == 2 * ran.out.count(", version 1,")
    assert "HIT" not in ran.out
    item, *_ = cli("explain", OTHER, "fentanyl", "-c", site.config, "--json").json
    assert not item["verdicts"][0]["hit"]
    assert "fentanyl" in item["verdicts"][0]["sentence"]


def test_explain_says_what_an_unknown_address_means(site: Site, cli: Cli) -> None:
    ran = cli("explain", "https://paper.example/never", "-c", site.config)
    assert ran.code == 1
    assert "no polled window of any feed contained it" in ran.err
    assert "monitor feeds list" in ran.err
    assert cli("explain", "999999", "-c", site.config).code == 1
    wrong = cli("explain", NEW, "no-such-topic", "-c", site.config)
    assert wrong.code == 1
    assert "monitor topics list" in wrong.err


def test_plan_and_apply_follow_the_files(site: Site, cli: Cli) -> None:
    file = site.stage.watchlist
    before = file.read_text()
    file.write_text(before.replace('name = "Border wall"', 'name = "The border wall"'))
    try:
        (change,) = cli("plan", "-c", site.config, "--json").json
        assert (change["action"], change["slug"]) == ("change", "border-wall")
        assert "The border wall" in cli("apply", "-c", site.config).out
        assert "The border wall" in cli("topics", "list", "-c", site.config).out
    finally:
        file.write_text(before)
        assert cli("apply", "-c", site.config).code == 0


def test_the_doctor_looks_everything_over(site: Site, cli: Cli) -> None:
    ran = cli("doctor", "-c", site.config, "--json")
    report = ran.json
    assert report["daemon"] is site.with_daemon
    subjects = {finding["subject"]: finding for finding in report["findings"]}
    assert {"configuration", "contact", "disk", "SQLite", "feeds", "deliveries", "mail relay"} <= set(
        subjects
    )
    assert subjects["mail relay"]["grade"] == subjects["configuration"]["grade"] == "ok"
    assert all(finding["advice"] for finding in report["findings"] if finding["grade"] != "ok")
    assert ran.code == (1 if any(f["grade"] == "fail" for f in report["findings"]) else 0)
    assert (
        f"daemon {'running' if site.with_daemon else 'not running'}" in cli("doctor", "-c", site.config).out
    )


def test_poll_now_names_what_it_does_not_know(site: Site, cli: Cli) -> None:
    ran = cli("poll", "--once", "nowhere", "-c", site.config)
    assert ran.code == 1
    assert "no feed is named nowhere" in ran.err
    ran = cli("poll", "--once", "herald", "-c", site.config)
    assert ran.code == 0
    assert "herald" in ran.out or "polls 1 feed" in ran.out
    assert json.loads(cli("poll", "--once", "herald", "-c", site.config, "--json").out)


def test_poll_without_a_daemon_says_how_to_have_it_done(sites: dict[str, Site], cli: Cli) -> None:
    ran = cli("poll", "-c", sites["alone"].config)
    assert ran.code == 1
    assert "monitor run" in ran.err
    assert "--once" in ran.err


def test_the_command_socket_is_for_its_owner_alone(sites: dict[str, Site]) -> None:
    settings = load_settings(sites["daemon"].config, {})
    assert daemon_runs(settings)
    assert (settings.state_dir / "monitor.sock").stat().st_mode & 0o777 == 0o600
    assert settings.state_dir.stat().st_mode & 0o777 == 0o700
