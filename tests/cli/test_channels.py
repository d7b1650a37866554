"""Channels by commands, with a daemon and without: a test that shows the receiver's answer, and a new key."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.cli.conftest import Cli, Site

MODES = ("alone", "daemon")


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Site]]:
    folder = tmp_path_factory.mktemp("sites")
    with ExitStack() as running:
        yield {
            mode: running.enter_context(Site(folder / mode, with_daemon=mode == "daemon")) for mode in MODES
        }


@pytest.fixture(params=MODES)
def site(request: pytest.FixtureRequest, sites: dict[str, Site], cli: Cli) -> Site:
    """An installation whose channels are in force."""
    chosen = sites[request.param]
    assert cli("apply", "-c", chosen.config).code == 0
    return chosen


def test_a_test_is_sent_and_the_answer_shown(site: Site, cli: Cli) -> None:
    ran = cli("send-test", "demo-hook", "-c", site.config)
    assert (ran.code, ran.err) == (0, "")
    first, said, where = ran.out.splitlines()
    assert first.startswith("accepted after ")
    assert first.endswith(" ms: answered 200 OK")
    assert said == "It said: taken"
    assert where.endswith("to the webhook channel demo-hook.")
    told = cli("send-test", "demo-hook", "--wait", "20", "--json", "-c", site.config).json
    assert (told["accepted"], told["status"], told["channel"]) == (True, 200, "demo-hook")
    unknown = cli("send-test", "nowhere", "-c", site.config)
    assert (unknown.code, unknown.out) == (1, "")
    assert "no channel is named nowhere" in unknown.err


def test_a_key_that_stands_in_a_file_is_not_changed_by_a_command(site: Site, cli: Cli) -> None:
    ran = cli("channels", "rotate", "demo-hook", "--grace", "7d", "-c", site.config)
    assert (ran.code, ran.out) == (1, "")
    assert "change it there" in ran.err
    odd = cli("channels", "rotate", "demo-hook", "--grace", "soon", "-c", site.config)
    assert (odd.code, odd.out) == (2, "")
    assert "90m, 24h or 7d" in odd.err


def test_a_test_that_is_not_taken_ends_with_code_1(site: Site, cli: Cli) -> None:
    file: Path = site.config.parent / "recipients.toml"
    text = file.read_text(encoding="utf-8")
    address = site.stage.receiver.url
    try:
        file.write_text(text.replace(address, f"{address}/nowhere"), encoding="utf-8")
        assert cli("apply", "-c", site.config).code == 0
        ran = cli("send-test", "demo-hook", "-c", site.config)
        assert ran.code == 1
        assert "answered 404 Not Found" in ran.out
        assert "It said: no such place" in ran.out
        told = cli("send-test", "demo-hook", "--json", "-c", site.config)
        assert (told.code, json.loads(told.out)["status"]) == (1, 404)
    finally:
        file.write_text(text, encoding="utf-8")
        assert cli("apply", "-c", site.config).code == 0


def test_a_key_of_our_making_is_changed_and_shown_once(site: Site, cli: Cli) -> None:
    file: Path = site.config.parent / "recipients.toml"
    hook = '\n[[channel]]\nslug = "made"\nkind = "webhook"\nurl = "http://127.0.0.1:9/hook"\n'
    text = file.read_text(encoding="utf-8")
    if hook not in text:
        file.write_text(text + hook, encoding="utf-8")
        assert cli("apply", "-c", site.config).code == 0
    old = cli("channels", "secret", "made", "-c", site.config).out.strip()
    ran = cli("channels", "rotate", "made", "--grace", "48h", "-c", site.config)
    assert ran.code == 0
    assert ran.out.startswith("whsec_")
    assert ran.out.strip() != old
    assert "The old key signs, too, until 2" in ran.err
    ended = cli("channels", "rotate", "made", "--grace", "0h", "--json", "-c", site.config).json
    assert ended["old_until"] is None
    assert cli("channels", "secret", "made", "-c", site.config).out.strip() == ended["secret"]
