"""What a delivery costs beside bare clients, and what a dead endpoint and long queues do to the others.

Ours runs as in the daemon: leases, attempts and results are committed to SQLite on disk (synchronous = FULL). Each
contestant has a process of its own, the receivers another. A table, then one line of JSON.
"""

import argparse
import asyncio
import base64
import json
import multiprocessing
import resource
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from pathlib import Path
from typing import Any

from delivery_peers import HOST, MAIL, WEBHOOK, bare_mails, bare_webhooks
from table import Goal, finish, print_rows

from monitor.app import App
from monitor.config import load_settings
from monitor.daemon import bring_up
from monitor.logs import configure_logs
from monitor.model import ChannelKind
from monitor.pipeline import Stage
from monitor.runner import LocalRunner
from monitor.store import Transaction, outbox, recipients

HOOKS_AT_ONCE, MAILS_AT_ONCE = outbox.Lanes().per_channel, outbox.Lanes().relay
HEALTHY_EVERY = 0.1  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Where the sink takes webhooks and mails, and where nobody listens."""

    http: int
    smtp: int
    dead: int


class Sink:
    """The receivers' process."""

    def __init__(self, process: "subprocess.Popen[str]", ports: Ports) -> None:
        self._process = process
        self.ports = ports

    def report(self) -> dict[str, Any]:
        """Tell what came since the last report."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("report\n")
        self._process.stdin.flush()
        return dict(json.loads(self._process.stdout.readline()))


@contextmanager
def sink() -> Iterator[Sink]:
    """Run the receivers."""
    script = Path(__file__).parent / "delivery_peers.py"
    process = subprocess.Popen(
        [sys.executable, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process, socket.socket() as unheard:
        unheard.bind((HOST, 0))  # bound and not listening: every connection is refused
        assert process.stdout is not None
        http, smtp = json.loads(process.stdout.readline())
        yield Sink(process, Ports(http=http, smtp=smtp, dead=unheard.getsockname()[1]))
        process.kill()


def _configure(folder: Path, ports: Ports) -> Path:
    key = folder / "hook.secret"
    key.touch(mode=0o600)
    key.write_text("whsec_" + base64.b64encode(secrets.token_bytes(32)).decode())
    (folder / "monitor.toml").write_text(
        f"""
[service]
contact = "bench@localhost"
[store]
state_dir = {json.dumps(str(folder / "state"))}
[fetch]
allow_networks = ["{HOST}/32"]
[web]
enabled = false
[smtp]
host = "{HOST}"
port = {ports.smtp}
tls = "none"
from = "monitor@bench.example"
[files]
watchlists = ["topics.toml"]
feeds = []
recipients = ["recipients.toml"]
"""
    )
    (folder / "topics.toml").write_text('name = "bench"\n')
    hooks = {"hook": ports.http, "dead": ports.dead}
    channels = [
        f'[[channel]]\nslug = "{slug}"\nkind = "webhook"\nurl = "http://{HOST}:{port}/hook"\n'
        'secret = { file = "hook.secret" }\n'
        for slug, port in hooks.items()
    ]
    channels.append('[[channel]]\nslug = "mail"\nkind = "email"\naddress = "reader@bench.example"\n')
    (folder / "recipients.toml").write_text("\n".join(channels))
    return folder / "monitor.toml"


@asynccontextmanager
async def _installation(folder: Path, ports: Ports) -> AsyncIterator[App]:
    with (folder / "log").open("w") as log:
        configure_logs(style="logfmt", stream=log)
        async with await App.open(load_settings(_configure(folder, ports), {})) as app:
            await bring_up(app)
            yield app


def _queue(tx: Transaction, slug: str, count: int, *, now: datetime, prefix: str) -> None:
    (channel,) = (each for each in recipients.list_channels(tx) if each.slug == slug)
    for number in range(count):
        outbox.add_delivery(
            tx,
            uid=f"{prefix}-{number}",
            event="alert.first",
            title="news",
            channel_id=channel.id,
            payload=MAIL if channel.kind is ChannelKind.EMAIL else WEBHOOK,
            due_at=now,
            expires_at=now + timedelta(days=2),
            now=now,
        )


async def _ours(folder: Path, ports: Ports, slug: str, count: int) -> tuple[float, float]:
    """Deliver `count` rows; return the CPU seconds of this process and the seconds it took."""
    async with _installation(folder, ports) as app:
        await app.store.write(_queue, slug, count, now=app.context.clock(), prefix=slug)
        began, spent = time.monotonic(), time.process_time()
        while await app.shipper.fill():
            await app.shipper.crew.drain()
        spent, took = time.process_time() - spent, time.monotonic() - began
        done = (await app.store.read(outbox.outbox_counts))["done"]
        if done != count:
            sys.exit(f"{done} of {count} deliveries to {slug} were accepted")
        return spent, took


async def _beside_dead(folder: Path, ports: Ports, waiting: int, seconds: float) -> int:
    """Queue a healthy delivery now and then while `waiting` rows wait for an endpoint that is dead; return how many."""
    async with _installation(folder, ports) as app:
        await app.store.write(_queue, "dead", waiting, now=app.context.clock(), prefix="dead")

        async def nothing() -> None: ...

        runner = LocalRunner({Stage.SEND: app.shipper.fill}, heartbeat=nothing, hourly={})
        app.on_wake(runner.wake)
        runner.start()
        sent, end = 0, time.monotonic() + seconds
        while time.monotonic() < end:
            # Its id tells when it was queued, its first byte on the other side when it came.
            await app.store.write(
                _queue,
                "hook",
                1,
                now=app.context.clock(),
                prefix=f"at-{time.time():.6f}-{secrets.token_hex(4)}",
            )
            app.context.wake(Stage.SEND)
            sent += 1
            await asyncio.sleep(HEALTHY_EVERY)
        await asyncio.sleep(2.5)
        await runner.stop()
        await app.shipper.finish(timeout=5)
        return sent


async def _memory(folder: Path, ports: Ports, waiting: int) -> float:
    """Return the MiB that the process grows by while `waiting` rows wait and it works on others."""
    async with _installation(folder, ports) as app:
        await app.store.write(_queue, "hook", 500, now=app.context.clock(), prefix="first")
        await _drain(app)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        for part in range(0, waiting, 5000):
            count = min(5000, waiting - part)
            await app.store.write(_queue, "dead", count, now=app.context.clock(), prefix=f"wait{part}")
        await app.store.write(_queue, "hook", 500, now=app.context.clock(), prefix="second")
        await _drain(app)
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - before


async def _drain(app: App) -> None:
    while await app.shipper.fill():
        await app.shipper.crew.drain()


def _run(work: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    return asyncio.run(work(*arguments, **options))


def _apart(work: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """Run in a fresh process, so that its CPU and memory are its own."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(_run, work, *arguments, **options).result()


def main() -> None:
    """Measure, print, and judge."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--deliveries", type=int, default=10_000)
    parser.add_argument("--dead", type=int, default=10_000, help="rows that wait for the dead endpoint")
    parser.add_argument(
        "--waiting", type=int, default=100_000, help="rows that wait while memory is measured"
    )
    parser.add_argument("--seconds", type=float, default=20.0, help="how long the dead endpoint is watched")
    options = parser.parse_args()
    count = options.deliveries
    with sink() as receivers, tempfile.TemporaryDirectory() as name:
        folders = iter(range(99))

        def place() -> Path:
            folder = Path(name) / str(next(folders))
            folder.mkdir()
            return folder

        ports = receivers.ports
        rows, figures, goals = [], {}, []
        for kind, slug, bare, at_once in (
            ("webhook", "hook", bare_webhooks, HOOKS_AT_ONCE),
            ("email", "mail", bare_mails, MAILS_AT_ONCE),
        ):
            port = ports.http if kind == "webhook" else ports.smtp
            floor = _apart(bare, port, count, at_once=at_once)
            spent, took = _apart(_ours, place(), ports, slug, count)
            receivers.report()
            rows.append((kind, count, count / floor, count / spent, count / took, spent / floor))
            figures[kind] = {
                "bare_cpu": floor,
                "cpu": spent,
                "seconds": took,
                "per_cpu_second": count / spent,
            }
            goals.append(
                Goal(name=f"{kind}: CPU beside a bare client", value=spent / floor, limit=2.0, unit="x")
            )
        print_rows(("kind", "deliveries", "bare/CPU s", "ours/CPU s", "ours/s", "times its CPU"), rows)
        sent = _apart(_beside_dead, place(), ports, options.dead, options.seconds)
        waits = _waits(receivers.report()["heard"])
        p95 = waits[ceil(len(waits) * 0.95) - 1] if len(waits) == sent else None
        grown = _apart(_memory, place(), ports, options.waiting)
    print(f"\nbeside {options.dead} rows for a dead endpoint: {len(waits)} of {sent} arrived, p95 {p95} s")
    print(f"with {options.waiting} rows waiting: {grown:.1f} MiB more")
    goals.append(Goal(name="queued to accepted, p95", value=p95, limit=2.0, unit="s"))
    goals.append(Goal(name=f"memory with {options.waiting} waiting", value=grown, limit=48.0, unit="MiB"))
    finish({"benchmark": "deliver", **figures, "p95_beside_dead": p95, "memory_mib": grown}, goals)


def _waits(heard: dict[str, float]) -> list[float]:
    return sorted(at - float(uid.split("-")[1]) for uid, at in heard.items() if uid.startswith("at-"))


if __name__ == "__main__":
    main()
