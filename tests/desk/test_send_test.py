"""A test goes the way of an alert, and what the receiver answered is told as it is."""

import json
import socket
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.app import App
from monitor.deliver.trial import trial
from monitor.demo.loopback import HttpServer, Request, Response
from monitor.demo.stage import DemoStage
from monitor.desk.channels import list_channels, show_secret
from monitor.desk.send_test import SentTest, send_test
from monitor.errors import NotFound, Refused
from monitor.model import DeliveryState, SendOutcome
from monitor.pipeline.outgoing import queue_notice
from monitor.store import audit, outbox, recipients
from tests.conftest import make_deliveries_due, opened, round_trip, small_stage

HOOK, MAIL = "demo-hook", "demo-mail"


async def tried(app: App, slug: str = HOOK) -> SentTest:
    return await send_test(app, slug, wait=20, actor="cli:test")


def point_hook_at(stage: DemoStage, url: str) -> None:
    file = stage.folder / "recipients.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace(stage.receiver.url, url), encoding="utf-8")


async def test_the_receiver_takes_a_signed_test_and_its_answer_is_told(tmp_path: Path) -> None:
    async with small_stage(tmp_path) as stage, opened(stage) as app:
        found = await tried(app)
        (request,) = stage.receiver.requests
        assert (found.accepted, found.outcome, found.status) == (True, SendOutcome.ACCEPTED, 200)
        assert (found.reason, found.reply) == ("answered 200 OK", "taken")
        assert found.ms is not None
        assert request.id == found.delivery
        body = json.loads(request.body)
        assert (body["type"], body["data"]["about"]) == ("endpoint.test", HOOK)
        (delivery,) = await app.store.read(outbox.list_deliveries, limit=9)
        assert (delivery.event, delivery.state) == ("endpoint.test", DeliveryState.DONE)
        assert any(
            (row.action, row.object, row.actor) == ("send-test", f"channel:{HOOK}", "cli:test")
            for row in await app.store.read(audit.recent_audit, limit=50)
        )


async def test_a_test_gets_its_turn_behind_what_is_due_already(tmp_path: Path) -> None:
    async with small_stage(tmp_path) as stage, opened(stage) as app:
        (hook,) = [
            channel for channel in await app.store.read(recipients.list_channels) if channel.slug == HOOK
        ]
        now = app.context.clock() - timedelta(minutes=5)
        for number in range(20):
            notice = trial(hook, uid=f"msg_{number}", instance="x", language="en", now=now)
            await app.store.write(queue_notice, notice, identity=app.identity, now=now)
        assert (await tried(app)).accepted


async def test_a_mail_channel_is_tried_by_a_mail(tmp_path: Path) -> None:
    async with small_stage(tmp_path) as stage, opened(stage) as app:
        found = await tried(app, MAIL)
        (mail,) = stage.mailbox.mails
        assert (found.accepted, found.kind) == (True, "email")
        assert MAIL in mail.subject


@pytest.mark.parametrize(
    ("answer", "outcome", "reason"),
    [
        (Response(status=404, body=b"no route here"), SendOutcome.RETRY, "answered 404 Not Found"),
        (
            Response(status=302, headers={"Location": "/login"}),
            SendOutcome.RETRY,
            "redirects are not followed",
        ),
        (Response(status=503, headers={"Retry-After": "60"}), SendOutcome.RETRY, "answered 503"),
        (Response(status=410), SendOutcome.DISABLE, "this webhook is gone"),
    ],
)
async def test_a_refusal_is_told_as_it_is_and_not_tried_again(
    tmp_path: Path, answer: Response, outcome: SendOutcome, reason: str
) -> None:
    heard: list[Request] = []

    def refuse(request: Request) -> Response:
        heard.append(request)
        return answer

    async with HttpServer(refuse) as server, small_stage(tmp_path) as stage:
        point_hook_at(stage, f"{server.url}/own")
        async with opened(stage) as app:
            found = await tried(app)
            assert (found.accepted, found.outcome, found.status) == (False, outcome, answer.status)
            assert reason in found.reason
            await make_deliveries_due(app)
            await round_trip(app)
            assert len(heard) == 1
            (delivery,) = await app.store.read(outbox.list_deliveries, limit=9)
            assert delivery.state in {DeliveryState.CANCELLED, DeliveryState.DEAD}


async def test_a_receiver_that_does_not_answer_in_time_is_said_to_be_slow(tmp_path: Path) -> None:
    with socket.socket() as silent:  # it listens, but never answers
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        async with small_stage(tmp_path) as stage:
            point_hook_at(stage, f"http://127.0.0.1:{silent.getsockname()[1]}/own")
            async with opened(stage) as app:
                found = await send_test(app, HOOK, wait=0.3, actor="cli:test")
    assert (found.accepted, found.outcome, found.status, found.ms) == (False, None, None, None)
    assert "within 0.3 seconds" in found.reason


async def test_a_chat_is_tried_through_its_service_and_its_url_is_stored_sealed(
    tmp_path: Path,
) -> None:
    pytest.importorskip("apprise", reason="the extra [apprise] is not installed")
    heard: list[Request] = []

    def take(request: Request) -> Response:
        heard.append(request)
        return Response(status=200, body=b"{}")

    async with HttpServer(take) as server, small_stage(tmp_path) as stage:
        url = server.url.replace("http://", "gotify://") + "/AbCdEfGhIjKlMn1"
        (stage.folder / "chat.url").write_text(url, encoding="utf-8")
        file = stage.folder / "recipients.toml"
        chat = '\n[[channel]]\nslug = "chat"\nkind = "apprise"\nurl = { file = "chat.url" }\n'
        file.write_text(file.read_text(encoding="utf-8") + chat, encoding="utf-8")
        async with opened(stage) as app:
            found = await tried(app, "chat")
            assert (found.accepted, found.kind) == (True, "apprise")
            assert json.loads(heard[0].body)["title"] == "Test of the channel chat"
            row = await app.store.read(lambda tx: tx.one("SELECT * FROM channels WHERE slug = 'chat'"))
            assert row is not None
            assert row["address"] == ""
            assert b"AbCdEf" not in bytes(row["secret"])
            with pytest.raises(Refused, match="signs nothing"):
                await show_secret(app, "chat", actor="test")
            (line,) = [line for line in await list_channels(app) if line.slug == "chat"]
            assert not line.signed


async def test_a_channel_that_is_switched_off_or_unknown_is_refused_with_words(tmp_path: Path) -> None:
    async with small_stage(tmp_path) as stage, opened(stage) as app:
        await app.store.write(
            recipients.disable_channel, HOOK, reason="the receiver is gone", now=app.context.clock()
        )
        with pytest.raises(Refused, match=r"switched off \(the receiver is gone\).*monitor channels enable"):
            await tried(app)
        with pytest.raises(NotFound, match="monitor channels list"):
            await tried(app, "nowhere")
        assert stage.receiver.requests == []
        assert await app.store.read(outbox.list_deliveries, limit=9) == []
