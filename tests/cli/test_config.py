"""`check-config`, `plan`, `apply`: what the files say, what would change, and every problem with its place."""

import asyncio
from pathlib import Path

import pytest

from monitor.demo.stage import DemoStage
from tests.cli.conftest import Cli
from tests.conftest import TOPICS, recorded, recording, small_stage

PAPER = recording("gazette", recorded("old", "Council meets"))


@pytest.fixture
def site(tmp_path: Path) -> DemoStage:
    """A configuration on disk; its servers are gone again."""
    stage = small_stage(tmp_path, PAPER)

    async def write() -> None:
        async with stage:
            pass

    asyncio.run(write())
    return stage


def test_a_good_configuration_is_counted(cli: Cli, site: DemoStage) -> None:
    ran = cli("check-config", "-c", site.config_path)
    assert ran.code == 0
    assert "1 feed (1 enabled)" in ran.out
    assert "2 topics" in ran.out
    assert cli("check-config", "-c", site.config_path, "--json").json["topics"] == 2
    assert not site.state_dir.exists(), "it changes nothing"


def test_an_empty_contact_is_pointed_out(cli: Cli, site: DemoStage) -> None:
    text = site.config_path.read_text()
    site.config_path.write_text(text.replace('contact = "demo@localhost"', 'contact = ""'))
    assert "60 minutes" in cli("check-config", "-c", site.config_path).out


def test_every_problem_of_every_file_is_printed_with_file_and_line(cli: Cli, site: DemoStage) -> None:
    site.watchlist.write_text(TOPICS.replace("fentanyl OR fentanilo", "fentanyl AND"))
    feeds = site.folder / "feeds.toml"
    feeds.write_text(feeds.read_text() + '\n[[feed]]\nslug = "Bad Slug"\nurl = "not an address"\n')
    recipients = site.folder / "recipients.toml"
    recipients.write_text(recipients.read_text().replace('channel = "demo-hook"', 'channel = "demo-hok"'))
    for command in (("check-config",), ("plan",), ("apply",), ("topics", "lint"), ("topics", "test")):
        ran = cli(*command, "-c", site.config_path)
        assert ran.code == 2, command
        lines = ran.err.splitlines()
        if command[0] == "topics":
            continue
        assert any("topics.toml:8:" in line for line in lines), lines
        assert sum("feeds.toml:" in line for line in lines) == 2, lines
        assert any("recipients.toml:" in line and "demo-hook" in line for line in lines), lines
        assert ran.out == ""


def test_broken_settings_end_every_command_with_code_2(cli: Cli, site: DemoStage) -> None:
    site.config_path.write_text('[fetch]\nconcurrency = "lots"\n[nonsense]\nkey = 1\n')
    for command in (("check-config",), ("run",), ("feeds", "list"), ("doctor",), ("poll", "--once")):
        ran = cli(*command, "-c", site.config_path)
        assert ran.code == 2, command
        assert "monitor.toml:2" in ran.err
        assert "monitor.toml:3" in ran.err


def test_a_settings_file_that_is_no_toml_is_named_with_the_line(cli: Cli, site: DemoStage) -> None:
    site.config_path.write_text("[service\nname = 1\n")
    ran = cli("check-config", "-c", site.config_path)
    assert ran.code == 2
    assert "monitor.toml:1" in ran.err


def test_a_missing_settings_file_is_named(cli: Cli, tmp_path: Path) -> None:
    ran = cli("check-config", "-c", tmp_path / "none.toml")
    assert ran.code == 2
    assert str(tmp_path / "none.toml") in ran.err


def test_plan_shows_what_apply_then_does_once(cli: Cli, site: DemoStage) -> None:
    planned = cli("plan", "-c", site.config_path, "--json").json
    assert {(line["action"], line["kind"], line["slug"]) for line in planned} >= {
        ("add", "feed", "gazette"),
        ("add", "topic", "fentanyl"),
        ("add", "channel", "demo-hook"),
    }
    assert cli("plan", "-c", site.config_path, "--json").json == planned, "planning changes nothing"
    assert cli("apply", "-c", site.config_path, "--json").json == planned
    assert cli("plan", "-c", site.config_path).out == "Nothing to change.\n"
    assert cli("apply", "-c", site.config_path).out == "Nothing changed.\n"


def test_neither_plan_nor_apply_shows_a_webhook_address_or_secret(cli: Cli, site: DemoStage) -> None:
    ran = cli("apply", "-c", site.config_path)
    assert "demo-hook" in ran.out
    assert "127.0.0.1" not in "".join(line for line in ran.out.splitlines() if "demo-hook" in line)
    assert "whsec_" not in ran.out


def test_a_second_process_on_the_store_is_refused_with_code_1(cli: Cli, site: DemoStage) -> None:
    """Held by another command that is at work, not by a daemon that could be asked."""
    from monitor.state_folder import prepare_state_dir, take_lock

    lock = take_lock(prepare_state_dir(site.state_dir))
    try:
        ran = cli("feeds", "list", "-c", site.config_path)
    finally:
        lock.release()
    assert ran.code == 1
    assert str(site.state_dir) in ran.err
    assert ran.err.startswith("monitor: ")
