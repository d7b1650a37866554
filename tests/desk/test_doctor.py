"""The doctor names what is wrong and what to do; what is fine it says, too."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from monitor.app import App
from monitor.config import load_settings
from monitor.desk.doctor import MOST_NAMESAKES, Finding, Grade, doctor
from monitor.store import recipients
from tests.conftest import TOPICS, opened, poll_all, recorded, recording, small_stage, switch_off
from tests.flow.site import entry, publisher

PAPER = recording("gazette", recorded("old", "Council meets in Douglas"))


def by_subject(findings: list[Finding]) -> dict[str, Finding]:
    return {finding.subject: finding for finding in findings}


async def test_a_healthy_installation_has_no_failure_and_advice_only_where_it_helps(tmp_path: Path) -> None:
    async with small_stage(tmp_path, PAPER) as stage, opened(stage) as app:
        await poll_all(app)
        findings = await doctor(app)
    assert not [finding for finding in findings if finding.grade is Grade.FAIL]
    for finding in findings:
        assert bool(finding.advice) == (finding.grade is not Grade.OK), finding


async def test_what_is_wrong_is_named_with_what_to_do(tmp_path: Path) -> None:
    async with small_stage(tmp_path, PAPER) as stage:
        config = stage.config_path
        config.write_text(config.read_text().replace('contact = "demo@localhost"', 'contact = ""'))
        async with opened(stage) as app:
            await stage.mailbox.__aexit__()
            await app.store.write(switch_off, "gazette", reason="asked to stop")
            now = app.context.clock()
            await app.store.write(recipients.disable_channel, "demo-hook", reason="410", now=now)
            stage.state_dir.chmod(0o755)
            found = by_subject(await doctor(app))
    assert found["contact"].grade is Grade.WARN
    assert found["state folder"].grade is Grade.WARN
    assert "chmod 700" in found["state folder"].advice
    assert found["mail relay"].grade is Grade.FAIL
    assert found["feeds"].grade is Grade.WARN
    assert found["channel demo-hook"].advice.endswith("monitor channels enable demo-hook")


async def test_a_channel_that_its_file_switches_off_is_no_failure(tmp_path: Path) -> None:
    async with small_stage(tmp_path, PAPER) as stage:
        file = stage.folder / "recipients.toml"
        file.write_text(
            file.read_text().replace('slug = "demo-hook"\n', 'slug = "demo-hook"\nenabled = false\n', 1)
        )
        async with opened(stage) as app:
            assert "channel demo-hook" not in by_subject(await doctor(app))


async def test_files_that_are_not_applied_are_pointed_out_and_applied_ones_need_no_daemon(
    tmp_path: Path,
) -> None:
    async with small_stage(tmp_path, PAPER) as stage:
        settings = load_settings(stage.config_path, {})
        async with await App.open(settings) as app:
            fresh = by_subject(await doctor(app))["configuration"]
            await app.apply_files(actor="test")
        async with await App.open(settings) as app:
            applied = by_subject(await doctor(app))["configuration"]
    assert (fresh.grade, applied.grade) == (Grade.WARN, Grade.OK)
    assert fresh.advice.startswith("monitor apply")
    assert "2 topics" in applied.found


async def test_broken_files_are_a_failure_with_their_place(tmp_path: Path) -> None:
    async with small_stage(tmp_path, PAPER) as stage:
        async with opened(stage):
            pass
        stage.watchlist.write_text(TOPICS.replace("fentanyl OR fentanilo", "fentanyl OR"))
        async with opened(stage) as app:
            found = by_subject(await doctor(app))["configuration"]
    assert found.grade is Grade.FAIL
    assert "topics.toml:8" in found.found
    assert found.advice == "monitor check-config"


async def namesakes(folder: Path, selves: Mapping[str, str], *, off: str = "") -> list[Finding]:
    """Subscribe to a feed at each path, which calls itself so, and return what is found of their names."""
    paths = {f"paper-{n}": path for n, path in enumerate(selves)}
    async with publisher(folder, paths=paths) as (site, app, _):
        for path, own in selves.items():
            site.show(entry(path), path=path, head=f'<atom:link rel="self" href="{own}"/>' if own else "")
        await poll_all(app)
        if off:
            await app.store.write(switch_off, off, reason="it was told to")
        return [finding for finding in await doctor(app) if "paper-" in finding.subject]


@pytest.mark.parametrize(
    "selves",
    [{"/a": "/b", "/b": ""}, {"/a": "/b?utm_source=x", "/b": "/b"}, {"/a": "/c", "/b": "/c"}],
    ids=["as the other's address", "as the other calls itself, too", "as neither's address"],
)
async def test_two_feeds_that_call_themselves_the_same_are_pointed_out_with_what_to_do(
    tmp_path: Path, selves: Mapping[str, str]
) -> None:
    (finding,) = await namesakes(tmp_path, selves)
    assert (finding.grade, finding.subject) == (Grade.WARN, "feeds paper-0, paper-1")
    assert "127.0.0.1" in finding.found
    assert "enabled = false" in finding.advice


async def test_feeds_with_names_of_their_own_and_one_that_is_off_are_not_pointed_out(tmp_path: Path) -> None:
    assert await namesakes(tmp_path, {"/a": "/a", "/b": "", "/c": "/x", "/d": "/c"}, off="paper-2") == []


async def test_of_many_feeds_with_one_name_ten_are_named(tmp_path: Path) -> None:
    (finding,) = await namesakes(tmp_path, {f"/{n}": "/same" for n in range(MOST_NAMESAKES + 2)})
    assert finding.subject.endswith(" and 2 more")


async def test_of_many_names_ten_are_pointed_out(tmp_path: Path) -> None:
    pairs = {f"/{n}": f"/self-{n // 2}" for n in range(2 * MOST_NAMESAKES + 2)}
    assert len(await namesakes(tmp_path, pairs)) == MOST_NAMESAKES
