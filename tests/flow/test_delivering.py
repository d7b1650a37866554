"""Deliveries on real wires: retries repeat the same bytes, refusals are visible, and no crash loses or repeats one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from monitor.demo.loopback import HttpServer, Request, Response
from monitor.demo.stage import DemoStage
from monitor.desk.channels import enable_channel
from monitor.desk.deliveries import DeliveryLine, list_deliveries
from monitor.desk.doctor import Grade, doctor
from monitor.desk.feeds import list_feeds, poll_now
from monitor.desk.status import status
from monitor.model import DeliveryState, SendOutcome
from monitor.store import hits, outbox
from tests.conftest import (
    make_deliveries_due,
    opened,
    pass_time,
    poll_all,
    recorded,
    recording,
    round_trip,
    small_stage,
)

NEW = recorded("new", "Agents seize fentanyl at Otay Mesa", at=5)
LATER = recorded("later", "Contractor delays border wall near Sasabe", at=20)
PAPER = recording("gazette", recorded("old", "Council meets in Douglas"), NEW, LATER)


@asynccontextmanager
async def receiver(stage: DemoStage, *statuses: int) -> AsyncIterator[list[Request]]:
    """Put the stage's webhook channel on a receiver that answers with these statuses, then with 200."""
    heard: list[Request] = []
    queue = list(statuses)

    def answer(request: Request) -> Response:
        heard.append(request)
        return Response(status=queue.pop(0) if queue else 200)

    async with HttpServer(answer) as server:
        recipients = stage.folder / "recipients.toml"
        recipients.write_text(recipients.read_text().replace(stage.receiver.url, f"{server.url}/own"))
        yield heard


def by_kind(lines: list[DeliveryLine]) -> dict[str, DeliveryLine]:
    return {line.delivery.kind.value: line for line in lines}


async def test_a_refused_webhook_is_repeated_under_the_same_id_with_the_same_bytes(tmp_path: Path) -> None:
    async with small_stage(tmp_path, PAPER, refuse_webhooks={1}) as stage, opened(stage) as app:
        await poll_all(app)
        pass_time(stage)
        await poll_all(app)
        waiting = by_kind(await list_deliveries(app))
        assert waiting["webhook"].delivery.state is DeliveryState.PENDING
        assert "503" in waiting["webhook"].delivery.reason
        assert waiting["email"].delivery.state is DeliveryState.DONE, "one channel does not hold up the other"
        await round_trip(app)
        assert len(stage.receiver.requests) == 1, "it is not repeated before it is due"
        await make_deliveries_due(app)
        await round_trip(app)
        done = by_kind(await list_deliveries(app))["webhook"]
    first, second = stage.receiver.requests
    assert (first.id, first.body) == (second.id, second.body)
    assert [first.status, second.status] == [503, 200]
    assert done.delivery.state is DeliveryState.DONE
    assert [each.outcome for each in done.attempts] == [SendOutcome.RETRY, SendOutcome.ACCEPTED]


async def test_a_mail_refused_for_the_moment_arrives_once_later(tmp_path: Path) -> None:
    async with small_stage(tmp_path, PAPER, refuse_mails={1}) as stage, opened(stage) as app:
        await poll_all(app)
        pass_time(stage)
        await poll_all(app)
        assert stage.mailbox.mails == []
        await make_deliveries_due(app)
        await round_trip(app)
        assert len(stage.mailbox.mails) == 1
        assert len(by_kind(await list_deliveries(app))["email"].attempts) == 2


async def test_a_receiver_that_is_gone_switches_its_channel_off_for_all_to_see(tmp_path: Path) -> None:
    async with (
        small_stage(tmp_path, PAPER) as stage,
        receiver(stage, 410) as heard,
        opened(stage) as app,
    ):
        await poll_all(app)
        pass_time(stage, 10)
        await poll_all(app)
        pass_time(stage, 30)
        await poll_all(app)
        assert len(heard) == 1, "it is never called again"
        assert len(stage.mailbox.mails) == 2, "the other channel goes on"
        (finding,) = (each for each in await doctor(app) if each.subject == "channel demo-hook")
        assert finding.grade is Grade.FAIL
        assert "410" in finding.found
        assert finding.advice
        dead, cancelled = (
            line.delivery for line in reversed(await list_deliveries(app)) if line.delivery.kind == "webhook"
        )
        assert (dead.state, cancelled.state) == (DeliveryState.DEAD, DeliveryState.CANCELLED)
        assert "410" in dead.reason
        assert "switched off" in cancelled.reason


async def test_a_channel_is_switched_on_again_when_its_receiver_is_back(tmp_path: Path) -> None:
    async with small_stage(tmp_path, PAPER) as stage, receiver(stage, 410) as heard, opened(stage) as app:
        await poll_all(app)
        pass_time(stage, 10)
        await poll_all(app)
        line = await enable_channel(app, "demo-hook", actor="test")
        assert line.enabled
        assert not [each for each in await doctor(app) if each.subject == "channel demo-hook"]
        pass_time(stage, 30)
        await poll_all(app)
    assert len(heard) == 2


async def test_a_channel_that_was_switched_off_stays_off_after_a_restart(tmp_path: Path) -> None:
    async with small_stage(tmp_path, PAPER) as stage, receiver(stage, 410) as heard:
        async with opened(stage) as app:
            await poll_all(app)
            pass_time(stage, 10)
            await poll_all(app)
        async with opened(stage) as app:
            pass_time(stage, 30)
            await poll_all(app)
            assert len(heard) == 1
            assert (await status(app)).deliveries["cancelled"] == 1


async def test_a_crash_between_poll_and_dispatch_loses_and_repeats_nothing(tmp_path: Path) -> None:
    async with small_stage(tmp_path, PAPER) as stage:
        async with opened(stage) as app:
            await poll_all(app)
            pass_time(stage)
            await poll_now(app, [line.slug for line in await list_feeds(app)])
            await app.poller.fill()
            await app.poller.finish()
            assert await app.store.read(hits.undecided, limit_items=10)
        assert stage.receiver.requests == []
        async with opened(stage) as app:
            await round_trip(app)
            await poll_all(app)
        assert len(stage.receiver.requests) == len(stage.mailbox.mails) == 1


async def test_a_crash_between_dispatch_and_send_loses_and_repeats_nothing(tmp_path: Path) -> None:
    async with small_stage(tmp_path, PAPER) as stage:
        async with opened(stage) as app:
            await poll_all(app)
            pass_time(stage)
            await poll_now(app, [line.slug for line in await list_feeds(app)])
            await app.poller.fill()
            await app.poller.finish()
            assert await app.dispatch() == 2
        assert stage.receiver.requests == []
        async with opened(stage) as app:
            await round_trip(app)
            await poll_all(app)
        assert len(stage.receiver.requests) == len(stage.mailbox.mails) == 1


async def test_a_delivery_that_a_dead_process_had_leased_goes_out_after_the_next_start(
    tmp_path: Path,
) -> None:
    async with small_stage(tmp_path, PAPER) as stage:
        async with opened(stage) as app:
            await poll_all(app)
            pass_time(stage)
            await poll_now(app, [line.slug for line in await list_feeds(app)])
            await app.poller.fill()
            await app.poller.finish()
            await app.dispatch()
            taken = await app.store.write(
                outbox.claim,
                owner="dead-process",
                now=app.context.clock(),
                lease=timedelta(hours=1),
                limit=10,
            )
            await round_trip(app)
            assert len(taken) == 2
            assert stage.receiver.requests == [], "a lease is respected while it runs"
        async with opened(stage) as app:
            await round_trip(app)
            lines = await list_deliveries(app)
        assert len(stage.receiver.requests) == len(stage.mailbox.mails) == 1
    for line in lines:
        assert line.delivery.state is DeliveryState.DONE
        first, second = line.attempts
        assert first.outcome is SendOutcome.UNKNOWN
        assert "the process ended" in first.reason
        assert second.outcome is SendOutcome.ACCEPTED
