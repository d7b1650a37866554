"""Deliveries that have ended are sent once more on request: under the same id, and never against anybody's will."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.app import App
from monitor.demo.stage import DemoStage
from monitor.desk.deliveries import Replayed, Wish, list_deliveries, replay
from monitor.errors import NotFound, Refused
from monitor.model import AttemptCause, DeliveryState, SendOutcome
from monitor.store import Transaction, audit, outbox, recipients, suppressions
from monitor.store.outbox import DeliveryView
from tests.conftest import opened, pass_time, poll_all, recorded, recording, round_trip, small_stage

HOOK = "demo-hook"
PAPER = recording(
    "gazette",
    recorded("old", "Council meets in Douglas"),
    recorded("one", "Agents seize fentanyl at Otay Mesa", at=5),
    recorded("two", "Contractor delays border wall near Sasabe", at=5),
)


@asynccontextmanager
async def told(folder: Path) -> AsyncIterator[tuple[App, DemoStage]]:
    """An installation that has told two stories by webhook and mail."""
    async with small_stage(folder, PAPER) as stage, opened(stage) as app:
        await poll_all(app)
        pass_time(stage)
        await poll_all(app)
        assert len(stage.receiver.requests) == len(stage.mailbox.mails) == 2
        yield app, stage


async def hooks(app: App) -> list[DeliveryView]:
    return [line.delivery for line in await list_deliveries(app, channel=HOOK)]


async def settle(app: App, state: DeliveryState, *uids: str) -> None:
    """Put deliveries into a state as if that had been their end."""

    def run(tx: Transaction) -> None:
        tx.run(
            "UPDATE deliveries SET state = :state, done_at = CASE WHEN :state = 'pending' THEN NULL ELSE 1 END, "
            "reason = 'so it ended' WHERE uid IN (:uids)",
            state=state.value,
            uids=uids,
        )

    await app.store.write(run)


@pytest.mark.parametrize("state", [DeliveryState.DONE, DeliveryState.DEAD, DeliveryState.CANCELLED])
async def test_one_that_has_ended_is_sent_again_with_the_same_id_and_bytes(
    tmp_path: Path, state: DeliveryState
) -> None:
    async with told(tmp_path) as (app, stage):
        first = (await hooks(app))[0]
        await settle(app, state, first.uid)
        assert await replay(app, Wish(delivery=first.uid), actor="cli:ana") == Replayed(asked=1, left_out={})
        await round_trip(app)
        sent = [request for request in stage.receiver.requests if request.id == first.uid]
        assert len(sent) == 2
        assert sent[0].body == sent[1].body
        (line,) = (each for each in await list_deliveries(app) if each.delivery.uid == first.uid)
        assert line.delivery.state is DeliveryState.DONE
        assert [each.cause for each in line.attempts] == [AttemptCause.DUE, AttemptCause.MANUAL]
        assert line.attempts[-1].outcome is SendOutcome.ACCEPTED
        (entry, *_) = await app.store.read(audit.recent_audit, limit=1)
        assert (entry.actor, entry.action, entry.object) == ("cli:ana", "replay", f"delivery:{first.uid}")


async def test_a_delivery_can_be_named_by_its_number(tmp_path: Path) -> None:
    async with told(tmp_path) as (app, _):
        first = (await hooks(app))[0]
        assert (await replay(app, Wish(delivery=str(first.id)), actor="t")).asked == 1
        with pytest.raises(NotFound, match="no delivery is 99999"):
            await replay(app, Wish(delivery="99999"), actor="t")


async def test_what_is_on_its_way_is_left_alone(tmp_path: Path) -> None:
    async with told(tmp_path) as (app, _):
        first = (await hooks(app))[0]
        await settle(app, DeliveryState.PENDING, first.uid)
        with pytest.raises(Refused, match="pending and goes out by itself"):
            await replay(app, Wish(delivery=first.uid), actor="t")
        await app.store.write(
            outbox.claim, owner="other", now=app.context.clock(), lease=timedelta(hours=1), limit=9
        )
        with pytest.raises(Refused, match="being sent right now"):
            await replay(app, Wish(delivery=first.uid), actor="t")


async def test_a_channel_that_is_off_gets_nothing_and_the_way_out_is_said(tmp_path: Path) -> None:
    async with told(tmp_path) as (app, _):
        first = (await hooks(app))[0]
        await app.store.write(recipients.disable_channel, HOOK, reason="410 Gone", now=app.context.clock())
        with pytest.raises(Refused, match=r"410 Gone.*monitor channels enable demo-hook"):
            await replay(app, Wish(delivery=first.uid), actor="t")
        since = first.created_at - timedelta(hours=1)
        done = await replay(app, Wish(channel=HOOK, since=since), actor="t")
        assert done.asked == 0
        assert list(done.left_out.values()) == [2]


async def test_an_ended_subscription_gets_nothing_again(tmp_path: Path) -> None:
    async with told(tmp_path) as (app, _):
        first = (await hooks(app))[0]
        await app.store.write(lambda tx: tx.run("UPDATE subscriptions SET enabled = 0"))
        with pytest.raises(Refused, match="its subscription was ended"):
            await replay(app, Wish(delivery=first.uid), actor="t")


async def test_nobody_who_took_it_back_gets_it_again(tmp_path: Path) -> None:
    async with told(tmp_path) as (app, _):
        mail = (await list_deliveries(app, channel="demo-mail"))[0].delivery
        await app.store.write(
            suppressions.suppress, "redaccion@demo.example", reason="they asked", now=app.context.clock()
        )
        with pytest.raises(Refused, match="suppression list"):
            await replay(app, Wish(delivery=mail.uid), actor="t")


async def test_what_could_never_be_written_is_not_sent_as_nothing(tmp_path: Path) -> None:
    async with told(tmp_path) as (app, _):
        first = (await hooks(app))[0]
        await settle(app, DeliveryState.DEAD, first.uid)
        await app.store.write(lambda tx: tx.run("UPDATE payloads SET body = :none", none=b""))
        with pytest.raises(Refused, match="nothing to send: so it ended"):
            await replay(app, Wish(delivery=first.uid), actor="t")


async def test_all_of_a_channel_since_a_time_and_all_dead_ones(tmp_path: Path) -> None:
    async with told(tmp_path) as (app, stage):
        newer, older = await hooks(app)
        await app.store.write(
            lambda tx: tx.run("UPDATE deliveries SET created_at = 0 WHERE uid = :uid", uid=older.uid)
        )
        since = newer.created_at - timedelta(minutes=1)
        assert (await replay(app, Wish(channel=HOOK, since=since), actor="t")).asked == 1
        await round_trip(app)
        assert [request.id for request in stage.receiver.requests][2:] == [newer.uid]
        await settle(app, DeliveryState.DEAD, older.uid)
        assert (await replay(app, Wish(dead=True, channel="demo-mail"), actor="t")).asked == 0
        assert (await replay(app, Wish(dead=True), actor="t")).asked == 1
        await round_trip(app)
        assert [request.id for request in stage.receiver.requests][3:] == [older.uid]


async def test_its_time_to_live_begins_anew(tmp_path: Path) -> None:
    async with told(tmp_path) as (app, _):
        first = (await hooks(app))[0]
        await app.store.write(lambda tx: tx.run("UPDATE deliveries SET expires_at = 1"))
        await replay(app, Wish(delivery=first.uid), actor="t")
        await round_trip(app)
        assert (await hooks(app))[0].state is DeliveryState.DONE


@pytest.mark.parametrize(
    "wish",
    [
        Wish(),
        Wish(channel=HOOK),
        Wish(delivery="x", dead=True),
        Wish(delivery="x", channel=HOOK),
    ],
)
async def test_a_wish_that_is_not_clear_is_refused(tmp_path: Path, wish: Wish) -> None:
    async with small_stage(tmp_path) as stage, opened(stage) as app:
        with pytest.raises(Refused):
            await replay(app, wish, actor="t")


async def test_an_unknown_channel_is_said(tmp_path: Path) -> None:
    async with small_stage(tmp_path) as stage, opened(stage) as app:
        with pytest.raises(NotFound, match="no channel is named nobody"):
            await replay(app, Wish(channel="nobody", dead=True), actor="t")
        with pytest.raises(NotFound, match="no channel is named nobody"):
            await list_deliveries(app, channel="nobody")
