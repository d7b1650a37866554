"""The crash matrix: the real daemon kills itself at a named step, starts again, and everything arrives.

Twenty alerts go to a webhook receiver and twenty to a mailbox. `make guarantees` writes what was found into
docs/guarantees.md, and the tests check that the document says what they find.
"""

import asyncio
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from monitor import crash_point
from monitor.demo.stage import DemoStage
from monitor.store import Transaction, outbox, read_only
from monitor.store.outbox import Lanes
from tests.conftest import ROOT, opened, poll_all, small_stage, until
from tests.flow.publisher import Publisher, document, ok, publishing

DOCUMENT = ROOT / "docs" / "guarantees.md"
ALERTS = 20
KINDS = ("webhook", "email")
HEAD = "| killed when | webhook: lost | webhook: repeated | email: lost | email: repeated |\n|---|---|---|---|---|"
BEGIN, END = "<!-- crash matrix: written by make guarantees -->", "<!-- end of the crash matrix -->"
IN_FLIGHT = {"webhook": Lanes().per_channel, "email": Lanes().relay}

# Words that no two headlines share, so that each is a story of its own.
WORDS = """
harbour violin glacier almond lantern orchard pelican saddle turbine walnut compass falcon granite heron ivory jasmine
kettle lagoon marble nectar
ballot copper dentist engine fabric garlic hammer insect jacket kitchen ladder magnet napkin octopus pepper quarry
ribbon salmon tunnel umbrella
accordion blizzard cathedral dolphin elevator fountain gymnast hospital icicle juggler karate lighthouse museum notary
orchestra pharmacy quilt rodeo stadium theatre
"""
HEADLINES = tuple(
    f"{first.title()} {second} {third} with fentanyl"
    for first, second, third in zip(*(iter(WORDS.split()[part::3]) for part in range(3)), strict=True)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Where the process ends: at the `times`-th passing of `name`, by each kind of channel or (`shared`) by neither.

    `repeats`: deliveries that a receiver has by then, of which we do not know, come again.
    """

    name: str
    words: str
    times: int = 1
    shared: bool = False
    repeats: bool = False


STEPS = (
    Step(name=crash_point.INGEST_READ, words="feed read, nothing stored", shared=True),
    Step(name=crash_point.INGEST_OPEN, words="items and hits written, not committed", shared=True),
    Step(name=crash_point.INGEST_KEPT, words="items and hits committed", shared=True),
    Step(name=crash_point.DISPATCH_BEGUN, words="hits taken up", shared=True),
    Step(name=crash_point.DISPATCH_OPEN, words="alerts and deliveries written, not committed", shared=True),
    Step(name=crash_point.DISPATCH_KEPT, words="alerts and deliveries committed", shared=True),
    Step(name=crash_point.SEND_OPEN, words="lease and attempt written, not committed"),
    Step(name=crash_point.SEND_CLAIMED, words="lease and attempt committed, nothing sent"),
    Step(name=crash_point.SEND_ANSWERED, words="receiver has answered", times=3, repeats=True),
    Step(name=crash_point.RESULT_OPEN, words="result written, not committed", times=3, repeats=True),
    Step(name=crash_point.RESULT_KEPT, words="result committed", times=ALERTS),
)
CASES = tuple((step, kind) for step in STEPS for kind in (("",) if step.shared else KINDS))


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What one kind of channel got: how many alerts never came, how many came again, and under how many ids."""

    lost: int
    repeated: int
    ids: int


async def run_case(folder: Path, step: Step, kind: str) -> dict[str, Found]:
    """Kill the daemon at a step, let it start again and finish, and return what arrived, by kind of channel."""
    async with publishing() as publisher, small_stage(folder) as stage:
        await _begin(stage, publisher)
        async with _daemon(stage, {"MONITOR_KILL_AT": f"{step.name}:{kind}:{step.times}"}) as killed:
            await until(lambda: killed.returncode is not None, seconds=60)
            if killed.returncode != -signal.SIGKILL:
                raise RuntimeError(f"the daemon ended by itself ({killed.returncode}), not at {step.name}")
        async with _daemon(stage, {}):
            await until(lambda: _is_drained(stage), seconds=60)
        return _found(stage)


async def _begin(stage: DemoStage, publisher: Publisher) -> None:
    """Let the feed be known, and have twenty news from now on."""
    url = publisher.on("/feed", ok(body=document("Council meets")))
    (stage.folder / "feeds.toml").write_text(f'[[feed]]\nslug = "paper"\nurl = "{url}"\n')
    async with opened(stage) as app:
        await poll_all(app)
        await app.store.write(lambda tx: tx.run("UPDATE feeds SET next_poll_at = 0"))
    publisher.on("/feed", ok(body=document("Council meets", *HEADLINES)))


@asynccontextmanager
async def _daemon(stage: DemoStage, extra: Mapping[str, str]) -> AsyncIterator[asyncio.subprocess.Process]:
    with (stage.folder / "daemon.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "monitor", "run", "--config", str(stage.config_path),
            stdout=log, stderr=log, env={**os.environ, **extra},
        )  # fmt: skip
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()


def _is_drained(stage: DemoStage) -> bool:
    with read_only(f"sqlite:{stage.state_dir / 'monitor.db'}") as tx:
        return _waiting(tx) == 0


def _waiting(tx: Transaction) -> int:
    """Count the alerts that are not settled: those that are still to be made, and those on their way."""
    counts = outbox.outbox_counts(tx)
    return ALERTS * len(KINDS) - counts["done"] - counts["dead"] - counts["cancelled"]


def _found(stage: DemoStage) -> dict[str, Found]:
    return {
        "webhook": _tally([request.id for request in stage.receiver.requests]),
        "email": _tally([mail.message_id for mail in stage.mailbox.mails]),
    }


def _tally(arrived: Collection[str]) -> Found:
    counted = Counter(arrived)
    return Found(
        lost=max(ALERTS - len(counted), 0),
        repeated=sum(number > 1 for number in counted.values()),
        ids=len(counted),
    )


def cells(step: Step, kind: str, found: Found) -> tuple[str, str]:
    """Say what was found for one kind of channel as the document does."""
    repeated = "0" if found.repeated == 0 else f"1 to {IN_FLIGHT[kind]}, same id"
    return str(found.lost), repeated


def rows_of(text: str) -> dict[str, tuple[str, ...]]:
    """Read the table in the document: the cells of each step, by its words."""
    table = text.partition(BEGIN)[2].partition(END)[0]
    rows = [tuple(cell.strip() for cell in line.split("|")[1:-1]) for line in table.splitlines() if line]
    return {row[0]: row[1:] for row in rows[2:]}


def table_of(found: Mapping[tuple[str, str], Found]) -> str:
    """Write the table; `found` is by step and kind of channel."""
    lines = [
        f"| {step.words} | " + " | ".join(
            cell for kind in KINDS for cell in cells(step, kind, found[step.name, kind])
        ) + " |"
        for step in STEPS
    ]  # fmt: skip
    return "\n".join([BEGIN, HEAD, *lines, END])
