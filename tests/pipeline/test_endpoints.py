"""Breakers at work: a dead endpoint is left alone, loses nothing, and is told of by another channel."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from monitor.app import App
from monitor.deliver.breaker import OPENS_AFTER
from monitor.demo.loopback import HttpServer, Request, Response
from monitor.demo.stage import DemoStage
from monitor.model import (
    RELAY,
    Channel,
    ChannelKind,
    DeliveryState,
    NoticeKind,
    SendOutcome,
    SendResult,
)
from monitor.pipeline.endpoints import Desk, Endpoints, Turn
from monitor.store import Transaction, breakers, outbox, recipients
from monitor.store.delivery_rows import DeliveryView
from tests.conftest import opened, small_stage
from tests.pipeline.conftest import Clock, by_clock

HOOK, MAIL, SPARE = "demo-hook", "demo-mail", "spare-hook"


class Receiver:
    """Answers every webhook with `status`."""

    def __init__(self) -> None:
        self.status = 503
        self.heard: list[str] = []

    def answer(self, request: Request) -> Response:
        self.heard.append(request.headers.get("webhook-id", ""))
        return Response(status=self.status)


@asynccontextmanager
async def at_work(folder: Path) -> AsyncIterator[tuple[App, Clock, Receiver, Receiver]]:
    """An installation with a webhook channel, a spare one of the same reader, and a mailbox."""
    dead, spare = Receiver(), Receiver()
    spare.status = 200
    async with (
        small_stage(folder) as stage,
        HttpServer(dead.answer) as one,
        HttpServer(spare.answer) as other,
    ):
        _recipients(stage, f"{one.url}/hook", f"{other.url}/hook")
        async with opened(stage) as app:
            yield app, by_clock(app), dead, spare


def _recipients(stage: DemoStage, hook: str, spare: str) -> None:
    secret = 'secret = { file = "webhook.secret" }'
    text = (stage.folder / "recipients.toml").read_text().replace(stage.receiver.url, hook)
    text += f'\n[[channel]]\nslug = "{SPARE}"\nkind = "webhook"\nurl = "{spare}"\n{secret}\n'
    text += f'[[subscription]]\nslug = "newsroom-spare"\nsubscriber = "newsroom"\nchannel = "{SPARE}"\n'
    (stage.folder / "recipients.toml").write_text(text)


async def channel(app: App, slug: str) -> Channel:
    (found,) = (each for each in await app.store.read(recipients.list_channels) if each.slug == slug)
    return found


async def queue(app: App, slug: str, *uids: str, hours: float = 24 * 30) -> None:
    target = await channel(app, slug)
    payload = b"From: <monitor@demo.example>\r\nSubject: news\r\n\r\nNews.\r\n" if slug == MAIL else b"{}"
    now = app.context.clock()

    def add(tx: Transaction) -> None:
        for uid in uids:
            outbox.add_delivery(
                tx, uid=uid, event="alert.first", title=uid, channel_id=target.id, payload=payload, due_at=now,
                expires_at=now + timedelta(hours=hours), now=now,
            )  # fmt: skip

    await app.store.write(add)


async def ship(app: App) -> None:
    while await app.shipper.fill():
        await app.shipper.crew.drain()


async def live(app: App, clock: Clock, *, hours: float, step: timedelta = timedelta(minutes=10)) -> None:
    end = clock.now + timedelta(hours=hours)
    while clock.now < end:
        clock.now += step
        await ship(app)


async def views(app: App) -> dict[str, DeliveryView]:
    return {view.uid: view for view in await app.store.read(outbox.list_deliveries, limit=999)}


async def told(app: App) -> list[tuple[str, str]]:
    found = sorted((await views(app)).values(), key=lambda view: view.id)
    return [(view.event, view.channel) for view in found if view.event.startswith("endpoint.")]


async def test_a_dead_endpoint_costs_five_tries_and_then_a_probe_now_and_then(tmp_path: Path) -> None:
    async with at_work(tmp_path) as (app, clock, dead, _):
        await queue(app, HOOK, *(f"d-{number:02}" for number in range(40)))
        await ship(app)
        asked = len(dead.heard)
        assert OPENS_AFTER <= asked <= OPENS_AFTER + app.shipper._options.lanes.per_channel - 1
        await live(app, clock, hours=24)
        assert len(dead.heard) - asked <= 24 * 1.25 + 6, "one an hour, after the first few"
        waiting = [view for view in (await views(app)).values() if view.uid.startswith("d-")]
        assert {view.state for view in waiting} == {DeliveryState.PENDING}
        tries = await app.store.read(lambda tx: tx.rows("SELECT max(tries) AS most FROM deliveries"))
        assert tries[0]["most"] <= 1, "those that wait for a breaker keep their tries"
        dead.status = 200
        await live(app, clock, hours=2)
        assert {view.state for view in (await views(app)).values()} == {DeliveryState.DONE}


async def test_it_is_told_by_another_channel_of_the_reader_once_and_again_when_it_is_over(
    tmp_path: Path,
) -> None:
    async with at_work(tmp_path) as (app, clock, dead, spare):
        await queue(app, HOOK, *(f"d-{number}" for number in range(9)))
        await ship(app)
        await live(app, clock, hours=23)
        assert await told(app) == []
        await live(app, clock, hours=10)
        assert await told(app) == [(NoticeKind.DEGRADED, SPARE)]
        dead.status = 200
        await live(app, clock, hours=2)
        assert await told(app) == [(NoticeKind.DEGRADED, SPARE), (NoticeKind.RECOVERED, SPARE)]
        assert len(spare.heard) == 2


async def test_after_days_of_nothing_but_failures_it_is_switched_off_and_that_is_told(tmp_path: Path) -> None:
    async with at_work(tmp_path) as (app, clock, _, _):
        await queue(app, HOOK, *(f"d-{number}" for number in range(9)))
        await live(app, clock, hours=24 * 5 + 2, step=timedelta(minutes=30))
        found = await app.store.read(recipients.list_channels, enabled_only=False)
        (off,) = (each for each in found if not each.enabled)
        assert off.slug == HOOK
        assert off.disabled_reason.startswith("nothing but failures for 5 days")
        assert (await told(app))[-1] == (NoticeKind.DISABLED, SPARE)
        states = {view.state for view in (await views(app)).values() if view.uid.startswith("d-")}
        assert states == {DeliveryState.CANCELLED}


async def test_a_receiver_that_is_gone_is_told_of_at_once(tmp_path: Path) -> None:
    async with at_work(tmp_path) as (app, _, dead, _):
        dead.status = 410
        await queue(app, HOOK, "d")
        await ship(app)
        assert await told(app) == [(NoticeKind.DISABLED, SPARE)]


async def noted(app: App, target: Channel, result: SendResult) -> list[tuple[Turn, str]]:
    def run(tx: Transaction) -> list[tuple[Turn, str]]:
        desk = Desk(identity=app.identity, new_uid=app.context.new_uid)
        endpoints = Endpoints(tx, [target], desk=desk, now=app.context.clock(), random=lambda: 0.5)
        endpoints.note(target, result)
        endpoints.keep()
        return [(change.turn, change.endpoint) for change in endpoints.changes]

    return await app.store.write(run)


async def test_the_relay_is_one_endpoint_for_all_mail_and_its_reader_is_told_by_no_mail(
    tmp_path: Path,
) -> None:
    fault = SendResult(outcome=SendOutcome.RETRY, reason="535 no such login", status=535, relay_fault=True)
    async with at_work(tmp_path) as (app, clock, _, _):
        mail = await channel(app, MAIL)
        assert mail.kind is ChannelKind.EMAIL
        assert await noted(app, mail, fault) == [(Turn.OPENED, RELAY)]
        await queue(app, MAIL, "m-1")
        await ship(app)
        assert (await views(app))["m-1"].attempts == 0
        await live(app, clock, hours=0.1, step=timedelta(minutes=2))
        assert (await views(app))["m-1"].state is DeliveryState.DONE, "the probe found it well"
        (own, relay) = await app.store.read(breakers.list_breakers)
        assert (relay.key, relay.is_open, own.failures) == (RELAY, False, 0)
        assert relay.last_ok_at is not None


async def test_a_mailbox_that_is_full_is_no_fault_of_the_relay(tmp_path: Path) -> None:
    full = SendResult(outcome=SendOutcome.RETRY, reason="452 mailbox full", status=452)
    async with at_work(tmp_path) as (app, _, _, _):
        mail = await channel(app, MAIL)
        turns = [await noted(app, mail, full) for _ in range(OPENS_AFTER)]
        assert turns == [[]] * (OPENS_AFTER - 1) + [[(Turn.OPENED, MAIL)]]
        assert await noted(app, mail, SendResult(outcome=SendOutcome.ACCEPTED, reason="250")) == [
            (Turn.CLOSED, MAIL)
        ]


async def test_without_another_channel_the_console_is_told_and_without_one_the_log(tmp_path: Path) -> None:
    gone = SendResult(outcome=SendOutcome.DISABLE, reason="550 no such user")
    async with at_work(tmp_path) as (app, _, _, _):
        assert await noted(app, await channel(app, MAIL), gone) == [(Turn.DISABLED, MAIL)]
        assert await told(app) == [], "its reader has no other channel, and there is no console"
        await app.store.write(
            recipients.put_channel, Channel(slug="screen", kind=ChannelKind.CONSOLE, owner="ui")
        )
        await noted(app, await channel(app, SPARE), gone)
        assert (await told(app))[-1] == (NoticeKind.DISABLED, HOOK), "the reader's own comes before"
        await noted(app, await channel(app, HOOK), gone)
        assert (await told(app))[-1] == (NoticeKind.DISABLED, "screen")


async def test_what_is_known_of_failures_is_forgotten_when_somebody_switches_it_on(tmp_path: Path) -> None:
    async with at_work(tmp_path) as (app, _, dead, _):
        dead.status = 410
        await queue(app, HOOK, "d")
        await ship(app)
        await app.store.write(recipients.enable_channel, HOOK)
        assert [each.key for each in await app.store.read(breakers.list_breakers)] == [
            f"channel:{(await channel(app, SPARE)).id}"
        ]


async def test_once_told_to_finish_it_sends_what_is_on_its_way_and_claims_nothing_more(
    tmp_path: Path,
) -> None:
    async with at_work(tmp_path) as (app, _, dead, _):
        dead.status = 200
        await queue(app, HOOK, *(f"d-{number}" for number in range(9)))
        assert await app.shipper.fill() == app.shipper._options.lanes.per_channel
        await app.shipper.finish(timeout=20)
        assert await app.shipper.fill() == 0
        counts = await app.store.read(outbox.outbox_counts)
    assert (counts["done"], counts["leased"], counts["pending"]) == (2, 0, 7)
