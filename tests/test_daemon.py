"""The daemon's life: what it refuses to start on, how it says so, and how it stops and reloads as a real process."""

import asyncio
import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, MutableMapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlite_utils.utils import sqlite3  # type: ignore[attr-defined]  # the driver it chose
from structlog.testing import capture_logs

from monitor.app import App
from monitor.config import load_settings
from monitor.daemon import bring_up, public_hosts, reload, run_daemon
from monitor.demo.loopback import HttpServer, Request, Response
from monitor.demo.stage import DemoStage
from monitor.desk.status import status
from monitor.errors import ConfigError
from monitor.model import DeliveryState
from monitor.store import Transaction, outbox
from monitor.web import create_site
from tests.conftest import TOPICS, opened, pass_time, poll_all, recorded, recording, small_stage, until

PAPER = recording(
    "gazette",
    recorded("old", "Council meets in Douglas"),
    recorded("new", "Agents seize fentanyl at Otay Mesa", at=5),
)
Logged = list[MutableMapping[str, Any]]


async def started(stage: DemoStage) -> tuple[int, Logged]:
    """Run a daemon that is told to stop at once; return its exit code and what it logged."""
    stop = asyncio.Event()
    stop.set()
    with capture_logs() as logged:
        code = await run_daemon(load_settings(stage.config_path, {}), stop=stop)
    return code, logged


def reasons(logged: Logged, event: str) -> list[str]:
    return [str(line.get("reason", line.get("problem"))) for line in logged if line["event"] == event]


async def test_a_daemon_told_to_stop_ends_in_order(tmp_path: Path) -> None:
    async with small_stage(tmp_path, PAPER) as stage:
        code, logged = await started(stage)
    assert code == 0
    events = [line["event"] for line in logged]
    assert [event for event in events if event.startswith("daemon.")] == [
        "daemon.ready",
        "daemon.stopping",
        "daemon.stopped",
    ]


async def test_a_second_daemon_on_the_same_store_is_refused_by_name_of_the_folder(tmp_path: Path) -> None:
    async with small_stage(tmp_path, PAPER) as stage, opened(stage):
        code, logged = await started(stage)
        (reason,) = reasons(logged, "daemon.refused")
        assert code == 1
        assert str(stage.state_dir) in reason
        assert "stop it first" in reason


def _from_the_future(tx: Transaction) -> None:
    tx.run("INSERT INTO schema_migrations (name, checksum, applied_at) VALUES ('9999_later', 'x', 0)")


def contents(stage: DemoStage) -> list[object]:
    """Return the schema and every row of every table."""
    with contextlib.closing(sqlite3.connect(stage.state_dir / "monitor.db")) as database:
        schema = database.execute("SELECT * FROM sqlite_master").fetchall()
        tables = [name for kind, name, *_ in schema if kind == "table"]
        return [schema, *(database.execute(f'SELECT * FROM "{name}"').fetchall() for name in tables)]


async def test_a_database_of_a_newer_version_is_refused_unchanged(tmp_path: Path) -> None:
    async with small_stage(tmp_path, PAPER) as stage:
        async with opened(stage) as app:
            await app.store.write(_from_the_future)
        before = contents(stage)
        code, logged = await started(stage)
        (reason,) = reasons(logged, "daemon.refused")
        assert code == 1
        assert "9999_later" in reason
        assert "install that version again" in reason
        assert contents(stage) == before


async def test_a_damaged_database_is_refused_with_advice(tmp_path: Path) -> None:
    async with small_stage(tmp_path, PAPER) as stage:
        stage.state_dir.mkdir()
        (stage.state_dir / "monitor.db").write_bytes(b"this is no database at all" * 100)
        code, logged = await started(stage)
        (reason,) = reasons(logged, "daemon.refused")
        assert code == 1
        assert "restore a backup" in reason


async def test_a_state_folder_that_cannot_be_made_is_refused_with_advice(tmp_path: Path) -> None:
    """A path below a file: the one that even root cannot make."""
    (tmp_path / "file").write_text("in the way")
    async with small_stage(tmp_path, PAPER) as stage:
        text = stage.config_path.read_text()
        stage.config_path.write_text(text.replace(str(stage.state_dir), str(tmp_path / "file" / "state")))
        code, logged = await started(stage)
        (reason,) = reasons(logged, "daemon.refused")
    assert code == 1
    assert str(tmp_path / "file" / "state") in reason
    assert "[store] state_dir" in reason


@contextmanager
def small_disk(folder: Path, size: str, *options: str) -> Iterator[None]:
    """Mount a tiny file system; skip the test, with the reason, where that is not allowed."""
    folder.mkdir(parents=True, exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "news-monitor-test", str(folder)]
    try:
        done = subprocess.run(mount, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no mount command here")
    if done.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def make_read_only(mounted: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(mounted)], check=True)


async def test_a_read_only_state_folder_is_refused_with_advice(tmp_path: Path) -> None:
    async with small_stage(tmp_path, PAPER) as stage:
        with small_disk(stage.state_dir, "4m"):
            make_read_only(stage.state_dir)
            code, logged = await started(stage)
        (reason,) = reasons(logged, "daemon.refused")
    assert code == 1
    assert str(stage.state_dir) in reason
    assert "check its owner and the disk" in reason


async def test_a_web_port_that_is_taken_is_refused_with_what_to_set(tmp_path: Path) -> None:
    async with small_stage(tmp_path, PAPER) as stage:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", stage.web_port))
            taken.listen()
            code, logged = await started(stage)
        (reason,) = reasons(logged, "daemon.refused")
        assert code == 1
        assert str(stage.web_port) in reason
        assert "[web] port" in reason
        assert (await started(stage))[0] == 0, "nothing stays behind: the next start works"


def break_watchlist(stage: DemoStage) -> None:
    stage.watchlist.write_text(TOPICS.replace("fentanyl OR fentanilo", "fentanyl OR"))


async def test_a_broken_watchlist_and_an_empty_store_refuse_with_code_2(tmp_path: Path) -> None:
    async with small_stage(tmp_path, PAPER) as stage:
        break_watchlist(stage)
        code, logged = await started(stage)
    assert code == 2
    assert any("topics.toml:8" in problem for problem in reasons(logged, "config.problem")), logged
    assert reasons(logged, "daemon.refused")


async def test_a_broken_watchlist_and_a_filled_store_keep_what_was_applied_last(tmp_path: Path) -> None:
    async with small_stage(tmp_path, PAPER) as stage:
        async with opened(stage) as app:
            await poll_all(app)
        break_watchlist(stage)
        with capture_logs() as logged:
            async with opened(stage) as app:
                pass_time(stage)
                await poll_all(app)
                said = await status(app)
        assert not said.ready
        assert said.alive
        assert any("topics.toml:8" in reason for reason in said.reasons)
        assert reasons(logged, "config.kept") == ["the last applied configuration stays in force"]
        assert len(stage.receiver.requests) == 1, "it goes on alerting"


async def test_reloading_a_broken_file_keeps_the_running_configuration(tmp_path: Path) -> None:
    async with small_stage(tmp_path, PAPER) as stage, opened(stage) as app:
        before = app.watchlist
        break_watchlist(stage)
        with capture_logs() as logged:
            await reload(app)
        assert app.watchlist is before
        assert reasons(logged, "config.kept")
        assert not (await status(app)).ready
        stage.watchlist.write_text(TOPICS)
        await reload(app)
        assert (await status(app)).ready, "a repaired file heals it"


async def test_a_broken_settings_file_cannot_be_loaded_and_every_problem_is_named(tmp_path: Path) -> None:
    async with small_stage(tmp_path, PAPER) as stage:
        stage.config_path.write_text('[fetch]\nconcurrency = 0\n[web]\nport = "many"\n')
        with pytest.raises(ConfigError) as caught:
            load_settings(stage.config_path, {})
    assert [problem.line for problem in caught.value.problems] == [2, 4]


async def test_bring_up_gives_the_leases_of_a_dead_process_back_and_says_so(tmp_path: Path) -> None:
    async with small_stage(tmp_path, PAPER) as stage:
        async with opened(stage) as app:
            await poll_all(app)
            pass_time(stage)
            await app.store.write(_hasten_all)
            await app.poller.fill()
            await app.poller.finish()
            await app.dispatch()
            now = app.context.clock()
            lease = app.shipper._options.lease
            await app.store.write(outbox.claim, owner="dead", now=now, lease=lease, limit=9)
        async with await App.open(load_settings(stage.config_path, {})) as app:
            with capture_logs() as logged:
                await bring_up(app)
            assert [line["count"] for line in logged if line["event"] == "delivery.released"] == [2]


def _hasten_all(tx: Transaction) -> None:
    tx.run("UPDATE feeds SET next_poll_at = 0")


# --- the real process -------------------------------------------------------------------------------------------


class Daemon:
    """The daemon as a process; `lines` are its log lines so far, as JSON."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path, console: Path) -> None:
        self.process = process
        self.log = log
        self.console = console

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]

    def said(self, event: str) -> list[dict[str, Any]]:
        return [line for line in self.lines if line["event"] == event]

    async def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return await asyncio.wait_for(self.process.wait(), 40)


@asynccontextmanager
async def daemon(
    stage: DemoStage, folder: Path, *, ready: bool = True, **environ: str
) -> AsyncIterator[Daemon]:
    log, console = folder / "daemon.log", folder / "daemon.out"
    with log.open("wb") as errors, console.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "monitor", "run", "--config", str(stage.config_path)),
            stdout=output,
            stderr=errors,
            env={**os.environ, **environ},
        )
    running = Daemon(process, log, console)
    try:
        if ready:
            await until(lambda: process.returncode is not None or running.said("daemon.ready"))
            assert process.returncode is None, log.read_text()
        yield running
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


@pytest.mark.process
async def test_sighup_puts_a_changed_watchlist_in_force_and_the_service_manager_hears_all(
    tmp_path: Path,
) -> None:
    heard = b""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.setblocking(False)

        def told(word: bytes) -> bool:
            nonlocal heard
            with contextlib.suppress(BlockingIOError):
                while True:
                    heard += manager.recv(4096) + b"\n"
            return word in heard

        async with (
            small_stage(tmp_path, PAPER) as stage,
            daemon(stage, tmp_path, NOTIFY_SOCKET=str(tmp_path / "notify")) as running,
        ):
            await until(lambda: told(b"READY=1\n"))
            assert b"STATUS=2 topics" in heard
            await until(lambda: running.said("feed.polled"))
            heard = b""
            stage.watchlist.write_text(TOPICS.replace("fentanyl OR fentanilo", '"Otay Mesa"'))
            running.process.send_signal(signal.SIGHUP)
            await until(lambda: told(b"READY=1\n"))
            assert re.search(rb"RELOADING=1\nMONOTONIC_USEC=\d+\n", heard)
            assert [line["changes"] for line in running.said("config.applied")] == [9, 1]
            pass_time(stage)
            await until(lambda: stage.receiver.requests)
            (hit,) = json.loads(stage.receiver.requests[0].body)["data"]["hits"]
            assert (hit["topic"], hit["revision"], hit["words"]) == ("fentanyl", 2, ["Otay Mesa"])
            assert await running.stop() == 0
            assert told(b"STOPPING=1\n")


@pytest.mark.process
async def test_sigterm_lets_a_delivery_in_flight_come_to_its_end(tmp_path: Path) -> None:
    held: list[Request] = []
    gate = asyncio.Event()

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        held.append(Request(method="POST", path="/", headers={}, body=b""))
        await gate.wait()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    listener = await asyncio.start_server(converse, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    async with listener, small_stage(tmp_path, PAPER) as stage:
        recipients = stage.folder / "recipients.toml"
        recipients.write_text(recipients.read_text().replace(stage.receiver.url, f"http://127.0.0.1:{port}/"))
        async with daemon(stage, tmp_path) as running:
            await until(lambda: running.said("feed.polled"))
            pass_time(stage)
            await until(lambda: held)
            running.process.send_signal(signal.SIGTERM)
            await until(lambda: running.said("daemon.stopping"))
            gate.set()
            assert await asyncio.wait_for(running.process.wait(), 30) == 0
            (webhook,) = (line for line in running.said("delivery.done") if line["kind"] == "webhook")
            assert webhook["attempt"] == 1
            assert running.lines[-1]["event"] == "daemon.stopped"
        async with opened(stage) as app:
            views = await app.store.read(outbox.list_deliveries, limit=10)
            assert {view.state for view in views} == {DeliveryState.DONE}
    assert len(held) == 1


@pytest.mark.process
async def test_no_secret_and_no_webhook_address_is_in_anything_it_says(tmp_path: Path) -> None:
    """Over good and failing deliveries, a reload, and all pages of the site, at the most talkative level."""
    planted = "https-token-7f3a9c51e2"
    statuses = [500, 200]
    async with (
        HttpServer(lambda _: Response(status=statuses.pop(0) if statuses else 200)) as server,
        small_stage(tmp_path, PAPER) as stage,
    ):
        recipients = stage.folder / "recipients.toml"
        recipients.write_text(
            recipients.read_text().replace(stage.receiver.url, f"{server.url}/services/{planted}")
        )
        async with daemon(stage, tmp_path, MONITOR__LOG__LEVEL="debug") as running:
            await until(lambda: running.said("feed.polled"))
            pass_time(stage)
            await until(lambda: running.said("delivery.retry"))
            running.process.send_signal(signal.SIGHUP)
            await until(lambda: len(running.said("config.applied")) == 2)
            async with httpx.AsyncClient(trust_env=False, base_url=stage.web_url) as client:
                pages = [
                    (await client.get(path)).text
                    for path in ("/readyz", "/api/v1/feeds", "/api/v1/deliveries", "/api/v1/config/plan")
                ]
            assert await running.stop() == 0
        everything = running.log.read_text() + running.console.read_text() + "".join(pages)
        secret = (stage.folder / "webhook.secret").read_text().strip()
    assert "delivery.retry" in everything
    assert planted not in everything
    assert secret not in everything
    assert secret.removeprefix("whsec_") not in everything


@pytest.mark.process
async def test_without_recipients_alerts_are_printed_where_the_daemon_was_started(tmp_path: Path) -> None:
    async with small_stage(tmp_path, PAPER) as stage:
        (stage.folder / "recipients.toml").write_text("# nobody yet\n")
        async with daemon(stage, tmp_path) as running:
            await until(lambda: running.said("feed.polled"))
            pass_time(stage)
            await until(lambda: running.said("delivery.done"))
            assert await running.stop() == 0
        printed = running.console.read_text()
    assert printed.startswith("[URGENT] Agents seize fentanyl at Otay Mesa\n")
    assert "“fentanyl”" in printed
    assert stage.receiver.requests == []


@pytest.mark.process
async def test_a_full_disk_is_said_and_everything_arrives_once_there_is_room(tmp_path: Path) -> None:
    async with small_stage(tmp_path, PAPER) as stage:
        with small_disk(stage.state_dir, "16m"):
            async with daemon(stage, tmp_path) as running:
                await until(lambda: running.said("feed.polled"))
                filler = stage.state_dir / "filler"
                with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
                    while True:
                        file.write(b"\0" * 65536)
                pass_time(stage)
                await until(
                    lambda: any("no room left" in json.dumps(line) for line in running.lines), seconds=20
                )
                assert running.process.returncode is None
                filler.unlink()
                await until(lambda: stage.receiver.requests and stage.mailbox.mails, seconds=30)
                assert len(stage.receiver.requests) == len(stage.mailbox.mails) == 1
                assert await running.stop() == 0


async def test_the_public_site_answers_to_the_name_that_a_proxy_passes_on(tmp_path: Path) -> None:
    async with small_stage(tmp_path, PAPER) as stage:
        text = stage.config_path.read_text(encoding="utf-8").replace(stage.web_url, "https://news.paper.mx/m")
        stage.config_path.write_text(text, encoding="utf-8")
        settings = load_settings(stage.config_path, {})
        assert public_hosts(settings) == ("localhost", "127.0.0.1", "[::1]", "news.paper.mx")
        async with opened(stage) as app:
            site = httpx.ASGITransport(app=create_site(app, trusted=False, hosts=public_hosts(settings)))
            for host, status in (("news.paper.mx", 200), ("127.0.0.1:8631", 200), ("evil.example", 400)):
                async with httpx.AsyncClient(transport=site, base_url=f"http://{host}") as client:
                    assert (await client.get("/healthz")).status_code == status
