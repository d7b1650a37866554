"""Parser children: what a hostile document costs, and what it does not."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from monitor.fetch.document import Parsed
from monitor.fetch.parse import parse
from monitor.fetch.pool import ParserPool, ParserUnavailable, TaskKilled
from monitor.model import Outcome

NOW = datetime(2025, 3, 1, tzinfo=UTC)
URL = "https://a.example/feed"
GOOD = b'<rss version="2.0"><channel><title>F</title><item><title>Uno</title><guid>1</guid></item></channel></rss>'
# feedparser's pattern for mail addresses in an author is quadratic in this.
DOTS = b"<rss><channel><item><author>" + b"a." * 60_000 + b"</author></item></channel></rss>"
LARGE = b"<rss><channel><item><title>" + b"x" * 20_000_000 + b"</title></item></channel></rss>"
MIB = 1024 * 1024


@asynccontextmanager
async def pool(
    workers: int = 1, *, cpu_seconds: float = 5, memory_bytes: int = 1024 * MIB, wall_seconds: float = 20
) -> AsyncIterator[ParserPool]:
    made = ParserPool(workers, cpu_seconds=cpu_seconds, memory_bytes=memory_bytes, wall_seconds=wall_seconds)
    try:
        yield made
    finally:
        await made.close()


async def ask(parsers: ParserPool, body: bytes) -> Parsed:
    headers = {"content-type": "application/rss+xml", "set-cookie": "x"}
    return await parsers.parse(body, headers=headers, url=URL, now=NOW)


async def test_a_child_reads_what_we_would_read() -> None:
    async with pool() as parsers:
        assert await ask(parsers, GOOD) == parse(GOOD, headers={}, url=URL, now=NOW)


async def test_a_document_that_hangs_ends_at_the_cpu_limit_and_the_next_is_read() -> None:
    async with pool(cpu_seconds=1) as parsers:
        hung = await ask(parsers, DOTS)
        assert hung == Parsed(
            outcome=Outcome.HOSTILE, reason="parsing used more than 1 s of CPU and was stopped"
        )
        assert (await ask(parsers, GOOD)).outcome is Outcome.NEW


async def test_a_document_that_outlasts_the_wall_clock_is_killed_and_the_next_is_read() -> None:
    async with pool(cpu_seconds=60, wall_seconds=0.5) as parsers:
        await ask(parsers, GOOD)
        hung = await ask(parsers, DOTS)
        assert hung.outcome is Outcome.HOSTILE
        assert "did not end within 0.5 s" in hung.reason
        assert (await ask(parsers, GOOD)).outcome is Outcome.NEW


async def test_a_document_that_eats_memory_ends_its_child_only() -> None:
    async with pool(cpu_seconds=60, memory_bytes=120 * MIB) as parsers:
        eaten = await ask(parsers, LARGE)
        assert eaten == Parsed(
            outcome=Outcome.HOSTILE, reason="parsing needed more memory than allowed and was stopped"
        )
        assert (await ask(parsers, GOOD)).outcome is Outcome.NEW


async def test_the_cpu_limit_is_for_each_document_not_for_the_childs_life() -> None:
    """Documents that together use more than the limit are all read by one child."""
    busy = b"<rss><channel>" + b"<item><title>x</title></item>" * 4000 + b"</channel></rss>"
    async with pool(cpu_seconds=1) as parsers:
        await ask(parsers, GOOD)
        (child,) = parsers._all
        until = time.monotonic() + 30
        while _cpu(child._process.pid) < 2.2:
            assert (await ask(parsers, busy)).outcome is Outcome.NEW
            assert time.monotonic() < until
        assert parsers._all == {child}


def _cpu(pid: int) -> float:
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:  # noqa: PTH123 - a kernel file
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def test_a_hanging_document_does_not_hold_up_the_others() -> None:
    async with pool(2, cpu_seconds=60, wall_seconds=3) as parsers:
        hung = asyncio.create_task(ask(parsers, DOTS * 3))
        good = await asyncio.gather(*(ask(parsers, GOOD) for _ in range(20)))
        assert {parsed.outcome for parsed in good} == {Outcome.NEW}
        assert not hung.done()
        assert (await hung).outcome is Outcome.HOSTILE


async def test_a_cancelled_caller_leaves_no_answer_for_the_next() -> None:
    async with pool(cpu_seconds=60) as parsers:
        await ask(parsers, GOOD)
        waiting = asyncio.create_task(ask(parsers, DOTS))
        await asyncio.sleep(0.1)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert (await ask(parsers, GOOD)).entries[0].title == "Uno"


async def test_a_child_killed_from_outside_is_replaced() -> None:
    async with pool() as parsers:
        await ask(parsers, GOOD)
        (child,) = parsers._all
        os.kill(child._process.pid, signal.SIGKILL)
        assert (await ask(parsers, GOOD)).outcome in {Outcome.NEW, Outcome.HOSTILE}
        assert (await ask(parsers, GOOD)).outcome is Outcome.NEW


async def test_closing_ends_every_child_and_refuses_work() -> None:
    async with pool(2) as parsers:
        await asyncio.gather(ask(parsers, GOOD), ask(parsers, GOOD))
        pids = [child._process.pid for child in parsers._all]
        await parsers.close()
        for pid in pids:
            with pytest.raises(ProcessLookupError):
                os.kill(pid, 0)
        with pytest.raises(ParserUnavailable, match="closed"):
            await ask(parsers, GOOD)


async def test_closing_during_a_parse_lets_it_end_as_hostile() -> None:
    async with pool(cpu_seconds=60) as parsers:
        await ask(parsers, GOOD)
        waiting = asyncio.create_task(ask(parsers, DOTS))
        await asyncio.sleep(0.1)
        await parsers.close()
        assert (await waiting).outcome is Outcome.HOSTILE


async def test_a_child_that_cannot_start_is_no_documents_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    async with pool() as parsers:
        with pytest.raises(ParserUnavailable, match="did not come up"):
            await ask(parsers, GOOD)


async def test_the_childs_environment_holds_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONITOR_SMTP_PASSWORD", "geheim")
    async with pool() as parsers:
        await ask(parsers, GOOD)
        (child,) = parsers._all
        with open(f"/proc/{child._process.pid}/environ", "rb") as file:  # noqa: ASYNC230, PTH123
            environment = file.read()
        assert b"geheim" not in environment
        assert b"TZ=UTC" in environment


def test_a_child_ends_with_its_input() -> None:
    """So no child outlives a daemon that was killed."""
    command = [sys.executable, "-m", "monitor.fetch.worker", str(1024 * MIB), "5"]
    ended = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=30, check=True)
    assert ended.returncode == 0


async def test_a_child_leaves_out_what_was_seen() -> None:
    two = GOOD.replace(b"<item>", b"<item><title>Dos</title></item><item>", 1)
    async with pool() as parsers:
        first = await ask(parsers, GOOD)
        again = await parsers.parse(two, headers={}, url=URL, now=NOW, seen=first.pieces)
        assert [entry.title for entry in again.entries] == ["Dos"]
        assert again.pieces[1:] == first.pieces
        assert again == parse(two, headers={}, url=URL, now=NOW, seen=frozenset(first.pieces))


async def test_a_task_that_kills_its_child_says_so() -> None:
    header = {"headers": {}, "url": URL, "now": NOW.isoformat(), "seen": []}
    async with pool(cpu_seconds=1) as parsers:
        with pytest.raises(TaskKilled, match=r"more than 1 s of CPU"):
            await parsers.run("feed", header, DOTS)
        with pytest.raises(TaskKilled, match=r"exit status 1\b"):
            await parsers.run("no such task", header, GOOD)
        assert (await parsers.run("feed", header, GOOD))["title"] == "F"


async def test_seen_pieces_by_the_thousand_cross_the_pipe() -> None:
    seen = [f"{number:016x}" for number in range(5000)]
    async with pool() as parsers:
        parsed = await parsers.parse(GOOD, headers={}, url=URL, now=NOW, seen=seen)
        assert len(parsed.entries) == 1
