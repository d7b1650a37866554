"""The send stage: every attempt ends in a recorded result, whatever the receiver or the sender does."""

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

from structlog.testing import capture_logs

from monitor.app import App
from monitor.demo.loopback import HOST, LoopbackServer
from monitor.demo.stage import DemoStage
from monitor.desk.deliveries import DeliveryLine, list_deliveries
from monitor.desk.feeds import poll_now
from monitor.model import DeliveryState, SendOutcome
from monitor.store import Transaction, breakers, outbox
from tests.conftest import opened, pass_time, poll_all, recorded, recording, round_trip, small_stage
from tests.pipeline.conftest import by_clock

PAPER = recording("gazette", recorded("old", "Council meets"), recorded("new", "Agents seize fentanyl", at=5))


class Console(io.StringIO):
    """A console that breaks as often as told."""

    def __init__(self, *faults: Exception) -> None:
        super().__init__()
        self.faults = list(faults)

    def write(self, text: str) -> int:
        if self.faults:
            raise self.faults.pop(0)
        return super().write(text)


async def alerted(app: App, stage: DemoStage) -> None:
    """Bring one alert to the console channel."""
    (stage.folder / "recipients.toml").write_text("")
    await app.apply_files(actor="test")
    await poll_all(app)
    pass_time(stage)
    await poll_all(app)


async def only(app: App) -> DeliveryLine:
    (line,) = await list_deliveries(app)
    return line


async def test_a_fault_in_a_sender_ends_as_an_attempt_and_not_as_a_stuck_lease(tmp_path: Path) -> None:
    console = Console(RuntimeError("a fault of ours"))
    async with small_stage(tmp_path, PAPER) as stage, opened(stage, console=console) as app:
        clock = by_clock(app)
        with capture_logs() as logged:
            await alerted(app, stage)
        line = await only(app)
        assert line.delivery.state is DeliveryState.PENDING
        assert "fault in the sender: RuntimeError: a fault of ours" in line.delivery.reason
        assert [each["log_level"] for each in logged if each["event"] == "delivery.fault"] == ["error"]
        clock.advance(seconds=10)
        await round_trip(app)
        assert (await only(app)).delivery.state is DeliveryState.DONE
    assert "Agents seize fentanyl" in console.getvalue()


async def test_attempts_cut_short_by_our_own_end_do_not_lengthen_the_wait(tmp_path: Path) -> None:
    """Two crashes and then one failure of the receiver: the next try comes after seconds, not minutes."""
    console = Console(RuntimeError("a fault"))
    async with small_stage(tmp_path, PAPER) as stage, opened(stage, console=console) as app:
        clock = by_clock(app)
        (stage.folder / "recipients.toml").write_text("")
        await app.apply_files(actor="test")
        await poll_all(app)
        pass_time(stage)
        await poll_now(app, ["gazette"])
        await app.poller.fill()
        await app.poller.finish()
        await app.dispatch()
        for _ in range(2):
            claimed = await app.store.write(
                outbox.claim, owner="killed", now=app.context.clock(), lease=timedelta(minutes=15), limit=9
            )
            assert len(claimed) == 1
            await app.store.write(outbox.release_leases, now=app.context.clock())
        await app.shipper.fill()
        await app.shipper.crew.drain()
        line = await only(app)
        assert sorted(each.number for each in line.attempts) == [1, 2, 3]
        assert line.delivery.reason.startswith("attempt 1 of 10 failed")
        clock.advance(seconds=10)
        await round_trip(app)
        assert (await only(app)).delivery.state is DeliveryState.DONE


async def test_a_delivery_that_never_succeeds_is_dead_when_it_is_no_news_with_the_last_reason(
    tmp_path: Path,
) -> None:
    """Five failures open the breaker; then it is asked by probes alone, which take no try from the delivery."""
    console = Console(*(OSError(28, "No space left on device") for _ in range(50)))
    async with small_stage(tmp_path, PAPER) as stage, opened(stage, console=console) as app:
        clock = by_clock(app)
        await alerted(app, stage)
        for _ in range(24 * 60):
            clock.advance(minutes=1)
            await app.shipper.fill()
            await app.shipper.crew.drain()
            if (line := await only(app)).delivery.state is not DeliveryState.PENDING:
                break
        (breaker,) = await app.store.read(breakers.list_breakers)
    assert line.delivery.state is DeliveryState.DEAD
    assert line.delivery.reason.startswith("no news any more: not accepted within 24 h of being made; last: ")
    assert line.delivery.reason.endswith("No space left on device")
    assert {each.outcome for each in line.attempts} == {SendOutcome.RETRY}
    waits = [
        (later.started_at - sooner.started_at).total_seconds() / 60
        for sooner, later in pairwise(line.attempts)
    ]
    assert [round(wait) for wait in waits[:4]] == [1, 4, 24, 96], "0.8 x schedule while it is closed"
    assert [round(wait) for wait in waits[4:9]] == [1, 2, 4, 7, 13], "then probes, further and further apart"
    assert max(waits[4:]) <= 60
    assert breaker.failures == len(line.attempts)


async def test_the_result_of_a_lost_lease_changes_nothing(tmp_path: Path) -> None:
    """A slow process comes back after another one took over: the row belongs to the other."""
    async with small_stage(tmp_path, PAPER) as stage, opened(stage) as app:
        clock = by_clock(app)

        async def overtake() -> None:
            clock.advance(hours=1)
            await app.store.write(_take_over, clock.now)

        async with receiver(stage, app, overtake):
            await poll_all(app)
            pass_time(stage)
            with capture_logs() as logged:
                await poll_all(app)
        (line,) = (each for each in await list_deliveries(app) if each.delivery.kind == "webhook")
        assert line.delivery.state is DeliveryState.LEASED
        assert [each.outcome for each in line.attempts] == [SendOutcome.UNKNOWN, None]
        assert not [each for each in logged if each["event"] == "delivery.done" and each["kind"] == "webhook"]


async def test_a_result_that_cannot_be_recorded_is_said_and_sent_again_under_its_id(tmp_path: Path) -> None:
    heard = 0
    async with small_stage(tmp_path, PAPER, refuse_mails=range(1, 9)) as stage, opened(stage) as app:
        clock = by_clock(app)

        async def lock() -> None:
            nonlocal heard
            heard += 1
            if heard == 1:
                await app.store.write(_refuse_done)

        async with receiver(stage, app, lock):
            await poll_all(app)
            pass_time(stage)
            with capture_logs() as logged:
                await poll_all(app)
            (unrecorded,) = (each for each in logged if each["event"] == "delivery.unrecorded")
            assert (unrecorded["channel"], unrecorded["outcome"]) == ("demo-hook", "accepted")
            assert "no room" in unrecorded["reason"]
            await app.store.write(_allow_done)
            await round_trip(app)
            assert heard == 1, "its lease runs first"
            clock.advance(minutes=16)
            await round_trip(app)
        assert heard == 2
        (line,) = (each for each in await list_deliveries(app) if each.delivery.kind == "webhook")
        assert line.delivery.state is DeliveryState.DONE
        assert [each.outcome for each in line.attempts] == [SendOutcome.UNKNOWN, SendOutcome.ACCEPTED]


def _take_over(tx: Transaction, now: datetime) -> None:
    outbox.sweep(tx, now=now)
    outbox.claim(tx, owner="other", now=now, lease=timedelta(hours=1), limit=9)


def _refuse_done(tx: Transaction) -> None:
    """Let the database refuse the one update that says done, as a disk that fills up just then would."""
    tx.run(
        "CREATE TRIGGER no_room BEFORE UPDATE ON deliveries WHEN new.state = 'done' "
        "BEGIN SELECT raise(ABORT, 'no room'); END"
    )


def _allow_done(tx: Transaction) -> None:
    tx.run("DROP TRIGGER no_room")


@asynccontextmanager
async def receiver(
    stage: DemoStage, app: App, meanwhile: Callable[[], Awaitable[None]]
) -> AsyncIterator[None]:
    """Take the webhooks of the stage, after doing something else first."""

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readuntil(b"\r\n\r\n"):
            await meanwhile()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            await writer.drain()
            return

    async with LoopbackServer(converse) as server:
        file = stage.folder / "recipients.toml"
        file.write_text(file.read_text().replace(stage.receiver.url, f"http://{HOST}:{server.port}/"))
        await app.apply_files(actor="test")
        yield
