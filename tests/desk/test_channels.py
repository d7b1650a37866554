"""Keys are changed without a gap: what is sent during the grace verifies with either of them."""

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from monitor.app import App
from monitor.demo.loopback import HttpServer, Request, Response
from monitor.desk.channels import list_channels, rotate_secret, show_secret
from monitor.desk.send_test import send_test
from monitor.errors import NotFound, Refused
from monitor.store import audit
from tests.conftest import opened, small_stage

HOOK = "demo-hook"


@asynccontextmanager
async def with_made_key(folder: Path, *, extra: str = "") -> AsyncIterator[tuple[App, list[Request]]]:
    """Open an installation whose webhook has a key of our making, with a receiver that takes everything."""
    heard: list[Request] = []

    def take(request: Request) -> Response:
        heard.append(request)
        return Response(status=204)

    async with HttpServer(take) as server, small_stage(folder) as stage:
        file = stage.folder / "recipients.toml"
        text = file.read_text(encoding="utf-8").replace(stage.receiver.url, f"{server.url}/own")
        file.write_text(text.replace('secret = { file = "webhook.secret" }\n', extra), encoding="utf-8")
        async with opened(stage) as app:
            yield app, heard


def verifies(request: Request, secret: str) -> bool:
    try:
        Webhook(secret).verify(request.body, dict(request.headers))
    except WebhookVerificationError:
        return False
    return True


async def tried(app: App, heard: list[Request]) -> Request:
    assert (await send_test(app, HOOK, wait=20, actor="test")).accepted
    return heard[-1]


async def test_both_keys_verify_during_the_grace_and_a_second_change_ends_the_first(tmp_path: Path) -> None:
    async with with_made_key(tmp_path) as (app, heard):
        first = (await show_secret(app, HOOK, actor="test")).secret
        changed = await rotate_secret(app, HOOK, actor="test")
        assert changed.old_until is not None
        assert timedelta(hours=23) < changed.old_until - app.context.clock() <= timedelta(hours=24)
        assert len(base64.b64decode(changed.secret.removeprefix("whsec_"))) == 32
        assert (await show_secret(app, HOOK, actor="test")).secret == changed.secret
        request = await tried(app, heard)
        assert [verifies(request, key) for key in (first, changed.secret)] == [True, True]
        third = await rotate_secret(app, HOOK, actor="test")
        request = await tried(app, heard)
        assert [verifies(request, key) for key in (first, changed.secret, third.secret)] == [
            False,
            True,
            True,
        ]
        (line,) = [line for line in await list_channels(app) if line.slug == HOOK]
        assert (line.signed, line.old_key_until) == (True, third.old_until)


async def test_without_a_grace_the_old_key_ends_at_once(tmp_path: Path) -> None:
    async with with_made_key(tmp_path) as (app, heard):
        first = (await show_secret(app, HOOK, actor="test")).secret
        changed = await rotate_secret(app, HOOK, grace=timedelta(), actor="cli:ana")
        assert changed.old_until is None
        request = await tried(app, heard)
        assert [verifies(request, key) for key in (first, changed.secret)] == [False, True]
        (entry, *_) = [
            row for row in await app.store.read(audit.recent_audit, limit=9) if row.action == "rotate-secret"
        ]
        assert (entry.actor, entry.object, entry.detail) == (
            "cli:ana",
            f"channel:{HOOK}",
            {"grace_hours": 0},
        )


async def test_a_key_that_stands_in_a_file_and_a_channel_without_one_are_refused(tmp_path: Path) -> None:
    async with small_stage(tmp_path) as stage, opened(stage) as app:
        with pytest.raises(Refused, match=r"recipients\.toml.*monitor apply"):
            await rotate_secret(app, HOOK, actor="test")
        with pytest.raises(Refused, match="signs nothing"):
            await rotate_secret(app, "demo-mail", actor="test")
        with pytest.raises(NotFound, match="monitor channels list"):
            await rotate_secret(app, "nowhere", actor="test")


async def test_a_channel_can_ask_for_cloudevents(tmp_path: Path) -> None:
    async with with_made_key(tmp_path, extra='format = "cloudevents"\n') as (app, heard):
        request = await tried(app, heard)
        assert request.headers["content-type"] == "application/cloudevents+json"
        assert verifies(request, (await show_secret(app, HOOK, actor="test")).secret)
        assert request.body.startswith(b'{"specversion":"1.0","id":"msg_')
