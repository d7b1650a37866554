"""The stage is a whole installation less the daemon: the configuration loads, and the servers answer."""

import asyncio
import json
import signal
import smtplib
import sys
import time
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import httpx
import pytest
from standardwebhooks.webhooks import Webhook

from monitor.config import load_desired, load_settings, read_watchlist
from monitor.demo.expectations import Report
from monitor.demo.recordings import load_recordings
from monitor.demo.stage import DemoStage, shipped_watchlist
from monitor.errors import Refused
from monitor.match import compile_watchlist
from monitor.model import ChannelKind, ItemText


async def test_the_configuration_it_writes_is_whole(tmp_path: Path) -> None:
    async with DemoStage(tmp_path / "demo") as stage:
        settings = load_settings(stage.config_path, {})
        desired = load_desired(settings)
        assert settings.state_dir == stage.state_dir
        assert settings.floor_seconds == 1
        assert {feed.slug: feed.url for feed in desired.feeds} == {
            recording.slug: stage.feeds.url(recording.slug) for recording in stage.recordings
        }
        assert {channel.kind for channel in desired.channels} == {ChannelKind.WEBHOOK, ChannelKind.EMAIL}
        assert len(desired.subscriptions) == 2
        assert all(not subscription.topics for subscription in desired.subscriptions)
        assert len(desired.topics) == 16


async def test_the_secret_is_readable_by_its_owner_alone_and_in_no_other_file(tmp_path: Path) -> None:
    async with DemoStage(tmp_path / "demo") as stage:
        secret = stage.folder / "webhook.secret"
        assert secret.stat().st_mode & 0o077 == 0
        others = [
            path for path in stage.folder.glob("*.toml") if secret.read_text().strip() in path.read_text()
        ]
        assert others == []


async def test_a_folder_with_an_earlier_run_is_refused(tmp_path: Path) -> None:
    async with DemoStage(tmp_path):
        pass
    with pytest.raises(Refused, match="earlier run"):
        async with DemoStage(tmp_path):
            pass


def test_every_recorded_text_matches_its_topics_and_the_others_none() -> None:
    """The recordings are clear cases of the shipped watchlist, as the matcher of the daemon reads them."""
    watchlist = compile_watchlist(read_watchlist(shipped_watchlist()), revision=1)
    for recording in load_recordings():
        for item in recording.items:
            for version in item.versions:
                text = ItemText(title=version.title, summary=version.summary, language=recording.language)
                found = {match.topic.slug for match in watchlist.match(text)}
                assert version.topics <= found, (item.id, found)
                assert bool(version.topics) == bool(found), (item.id, found)


def hook(stage: DemoStage, identifier: str, link: str, topics: list[str]) -> httpx.Response:
    body = json.dumps({"type": "alert.created", "data": {"link": link, "topics": topics}})
    secret = (stage.folder / "webhook.secret").read_text().strip()
    now = datetime.fromtimestamp(int(time.time()), tz=UTC)
    headers = {
        "webhook-id": identifier,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign(identifier, now, body),
    }
    return httpx.post(stage.receiver.url, content=body, headers=headers, trust_env=False)


def mail(stage: DemoStage, identifier: str, link: str) -> None:
    message = EmailMessage()
    message["Message-ID"] = identifier
    message["Subject"] = "Alert"
    message.set_content(f"Read: {link}\n")
    with smtplib.SMTP(stage.mailbox.host, stage.mailbox.port, timeout=10) as smtp:
        smtp.send_message(message, "monitor@demo.example", ["redaccion@demo.example"])


async def test_what_arrives_over_the_wire_is_judged(tmp_path: Path) -> None:
    async with DemoStage(tmp_path, refuse_webhooks=()) as stage:
        assert stage.report().missing == 2 * len(stage.expected)
        due = {story.story: story for story in stage.expected}
        items = {item.story: item for recording in stage.recordings for item in recording.items}
        for number, (story, expected) in enumerate(due.items()):
            link = items[story].link
            response = await asyncio.to_thread(hook, stage, f"msg_{number}", link, sorted(expected.topics))
            assert response.status_code == 200
            await asyncio.to_thread(mail, stage, f"<{number}@demo.example>", link)
        report: Report = stage.report()
        assert report.ok, report.lines
        await asyncio.to_thread(mail, stage, "<again@demo.example>", items["otay-tunnel"].link)
        assert [line.split(" ")[0] for line in stage.report().lines] == ["doubled"]
        async with httpx.AsyncClient(trust_env=False) as client:
            status = (await client.get(stage.status_url)).json()
        assert status["lines"] == list(stage.report().lines)
        assert status["arrived"] == {"webhook": len(due), "email": len(due)}
        assert not status["finished"]


async def test_as_a_process_it_tells_its_addresses_and_leaves_a_report(tmp_path: Path) -> None:
    folder = tmp_path / "stage"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "monitor.demo.stage", "--folder", folder, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    addresses = json.loads(await process.stdout.readline())
    try:
        async with httpx.AsyncClient(trust_env=False) as client:
            assert (await client.get(addresses["feed:frontera-hoy"])).status_code == 200
            status = (await client.get(addresses["status"])).json()
        assert [request["feed"] for request in status["feed_requests"]] == ["frontera-hoy"]
        assert addresses["config"] == str(folder / "monitor.toml")
    finally:
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0
    left = json.loads((folder / "report.json").read_text())
    assert not left["ok"]
    assert left["missing"] == 2 * left["expected"]
