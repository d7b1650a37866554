"""`mail doctor` as a person sees it."""

import asyncio
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.conftest import opened, recorded, recording, small_stage

PAPER = recording("gazette", recorded("old", "Council meets in Douglas"))


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """An installation whose relay is gone by now."""

    async def fill() -> Path:
        async with small_stage(tmp_path, PAPER) as stage, opened(stage):
            return stage.config_path

    return asyncio.run(fill())


def test_a_relay_that_is_gone_is_a_failure_in_words_and_in_json(
    cli: Cli, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # No name server answers here: that is said, and does not hide the relay.
    monkeypatch.setattr("monitor.net.records.SECONDS", 0.2)
    ran = cli("mail", "doctor", "--config", config)
    assert ran.code == 1
    assert "fail  relay: 127.0.0.1:" in ran.out
    assert "-> check [smtp]" in ran.out
    found = cli("mail", "doctor", "--config", config, "--json").json
    assert {"grade", "subject", "found", "advice"} == set(found[0])
    assert (found[0]["subject"], found[0]["grade"]) == ("relay", "fail")


def test_without_a_relay_there_is_nothing_to_look_over(cli: Cli, config: Path) -> None:
    text = config.read_text()
    begin = text.index("[smtp]")
    config.write_text(text[:begin] + text[text.index("\n[", begin) :])
    ran = cli("mail", "doctor", "--config", config)
    assert ran.code == 1
    assert "[smtp] is not set" in ran.err
