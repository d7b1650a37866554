"""What the app opens, holds and gives back, and what it hands on of the settings."""

import base64
import re
from pathlib import Path

import pytest

from monitor.app import App
from monitor.config import load_settings
from monitor.errors import ConfigError, StoreBusy, StoreError
from monitor.options import send_options, smtp_options, user_agent
from monitor.pipeline import Stage
from monitor.state_folder import prepare_state_dir
from monitor.store import recipients
from tests.conftest import TOPICS, opened, recorded, recording, small_stage

PAPER = recording("gazette", recorded("old", "Council meets in Douglas"))


def test_the_relays_time_limit_is_the_configured_one_and_leases_outlast_it(tmp_path: Path) -> None:
    """A lease that ends in mid-send lets the same message go out twice."""
    file = tmp_path / "monitor.toml"
    file.write_text("[smtp]\nhost = 'relay.example'\nfrom = 'news@paper.example'\ntimeout_seconds = 600\n")
    relay = smtp_options(load_settings(file, {}))
    assert relay is not None
    assert relay.timeout == 600
    assert send_options(relay).lease.total_seconds() > relay.longest_send
    assert send_options(None).lease.total_seconds() > 0


async def test_what_it_makes_is_for_its_owner_alone(tmp_path: Path) -> None:
    async with small_stage(tmp_path, PAPER) as stage, opened(stage):
        modes = {path.name: path.stat().st_mode & 0o777 for path in stage.state_dir.iterdir()}
        assert stage.state_dir.stat().st_mode & 0o777 == 0o700
    assert {modes["monitor.lock"], modes["secret.key"], modes["monitor.db"]} == {0o600}


async def test_a_store_is_held_by_one_app_and_free_again_when_it_closes(tmp_path: Path) -> None:
    async with small_stage(tmp_path, PAPER) as stage:
        settings = load_settings(stage.config_path, {})
        async with opened(stage):
            with pytest.raises(StoreBusy, match=re.escape(str(stage.state_dir))):
                await App.open(settings)
        async with await App.open(settings):
            pass


async def test_a_failed_open_leaves_nothing_held(tmp_path: Path) -> None:
    async with small_stage(tmp_path, PAPER) as stage:
        settings = load_settings(stage.config_path, {})
        key = prepare_state_dir(stage.state_dir) / "secret.key"
        key.write_text("not a key")
        for _ in range(2):
            with pytest.raises(StoreError, match=r"secret\.key does not hold 32 bytes"):
                await App.open(settings)
        key.unlink()
        async with await App.open(settings):
            assert len(base64.b64decode(key.read_bytes())) == 32


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"AAAA", b"====", base64.b64encode(bytes(31))])
async def test_a_damaged_key_file_is_named_with_what_to_do(tmp_path: Path, content: bytes) -> None:
    async with small_stage(tmp_path, PAPER) as stage:
        (prepare_state_dir(stage.state_dir) / "secret.key").write_bytes(content)
        with pytest.raises(StoreError, match="put it back from a backup"):
            await App.open(load_settings(stage.config_path, {}))


async def test_a_configured_key_is_used_and_no_other_is_made(tmp_path: Path) -> None:
    async with small_stage(tmp_path, PAPER) as stage:
        key = base64.b64encode(bytes(range(32))).decode()
        settings = load_settings(stage.config_path, {"MONITOR__STORE__KEY": key})
        async with await App.open(settings) as app:
            await app.apply_files(actor="test")
        assert not (stage.state_dir / "secret.key").exists()
        other = load_settings(stage.config_path, {})
        async with await App.open(other) as app:
            assert await app.store.read(recipients.locked_channels) == ["demo-hook"]


async def test_applying_wakes_every_stage_and_swaps_the_watchlist(tmp_path: Path) -> None:
    woken: list[Stage] = []
    async with small_stage(tmp_path, PAPER) as stage:
        async with await App.open(load_settings(stage.config_path, {})) as app:
            app.on_wake(woken.append)
            assert not app.watchlist.topics
            await app.apply_files(actor="test")
            assert {topic.slug for topic in app.watchlist.topics} == {"fentanyl", "border-wall"}
            assert set(woken) == set(Stage)
            assert app.files.applied_at is not None
        async with await App.open(load_settings(stage.config_path, {})) as app:
            assert len(app.watchlist.topics) == 2, "what was applied is in force without the files"


async def test_a_problem_in_the_files_changes_nothing_and_is_remembered_until_it_is_gone(
    tmp_path: Path,
) -> None:
    async with small_stage(tmp_path, PAPER) as stage, opened(stage) as app:
        revision = app.watchlist.revision
        stage.watchlist.write_text(TOPICS.replace("fentanyl OR fentanilo", "fentanyl OR"))
        with pytest.raises(ConfigError):
            await app.apply_files(actor="test")
        assert app.watchlist.revision == revision
        assert [problem.line for problem in app.files.problems] == [8]
        stage.watchlist.write_text(TOPICS)
        assert not await app.apply_files(actor="test")
        assert app.files.problems == ()


def test_servers_learn_who_runs_this(tmp_path: Path) -> None:
    assert re.fullmatch(r"news-monitor/[0-9.]+\S* \(\+desk@paper\.org\)", user_agent("desk@paper.org"))
    assert re.fullmatch(r"news-monitor/[0-9.]+\S*", user_agent(""))
