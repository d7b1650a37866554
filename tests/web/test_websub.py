"""The callback as strangers meet it: bounded, quick, and silent about what it believes."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from time import perf_counter

import httpx
import pytest
from structlog.testing import capture_logs

from monitor.config import load_settings
from monitor.pipeline import Pusher, PushOptions
from monitor.web import create_site
from monitor.web import websub as route
from tests.conftest import opened, recorded, recording, small_stage
from tests.hub import World, signature, with_websub, world

PAPER = recording("gazette", recorded("old", "Council meets in Douglas"))


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as made:
        yield made


async def raw(here: World, request: bytes) -> bytes:
    """Send bytes as they are and return the beginning of the answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", here.stage.web_port)
    try:
        writer.write(request)
        await writer.drain()
        return await reader.readline()
    finally:
        writer.close()


async def test_a_body_over_the_limit_is_refused_by_its_length_before_it_is_sent(here: World) -> None:
    push = await here.subscribe()
    head = f"POST /websub/{push.token} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1048577\r\n\r\n"
    assert b" 413 " in await raw(here, head.encode())
    assert (await here.the_push()).bad_pings == 0


async def test_a_body_over_the_limit_in_pieces_is_refused_as_well(here: World) -> None:
    push = await here.subscribe()
    head = f"POST /websub/{push.token} HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    assert b" 413 " in await raw(here, head.encode() + chunk * 17)


async def test_a_body_of_exactly_the_limit_is_taken(here: World) -> None:
    await here.subscribe()
    await here.publish(b"x" * route.MAX_BODY)
    assert here.hub.deliveries == [202]
    assert (await here.the_push()).pings == 1


async def test_a_body_that_does_not_come_is_not_waited_for(
    here: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(route, "BODY_SECONDS", 0.2)
    push = await here.subscribe()
    head = f"POST /websub/{push.token} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 10\r\n\r\nabc"
    assert b" 408 " in await raw(here, head.encode())


async def test_a_sender_that_leaves_in_the_middle_is_no_fault_of_ours(here: World) -> None:
    push = await here.subscribe()
    with capture_logs() as logs:
        _, writer = await asyncio.open_connection("127.0.0.1", here.stage.web_port)
        writer.write(
            f"POST /websub/{push.token} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nab".encode()
        )
        await writer.drain()
        writer.close()
        await asyncio.sleep(0.2)
        await here.publish()
    assert [each["event"] for each in logs] == ["websub.pinged"]


async def test_the_answer_to_a_ping_does_not_wait_for_the_store(here: World) -> None:
    """The writer is busy for a second; the hub has its answer long before."""
    push = await here.subscribe()
    assert push.secret
    busy = asyncio.create_task(here.app.store.write(lambda _: _wait(1.0)))
    await asyncio.sleep(0.05)
    async with httpx.AsyncClient(trust_env=False) as hub:
        began = perf_counter()
        answer = await hub.post(push.callback, content=b"x", headers=signature(push.secret, b"x"))
        took = perf_counter() - began
    assert answer.status_code == 202
    assert not busy.done(), f"answered after {took:.3f} s"
    await busy
    await here.pusher.hearing.drain()
    assert (await here.the_push()).pings == 1


def _wait(seconds: float) -> None:
    import time

    time.sleep(seconds)


async def test_more_pings_at_once_than_can_be_judged_are_told_to_come_again(here: World) -> None:
    push = await here.subscribe()
    options = PushOptions(base_url=here.stage.web_url, pings=0)
    here.app.pusher = Pusher(here.app.context, client=here.app.http, options=options)
    async with httpx.AsyncClient(trust_env=False) as hub:
        answer = await hub.post(push.callback, content=b"x")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")


async def test_a_callback_takes_no_other_method_and_is_not_in_the_public_schema(here: World) -> None:
    push = await here.subscribe()
    async with httpx.AsyncClient(trust_env=False) as client:
        assert (await client.put(push.callback, content=b"x")).status_code == 405
        assert "websub" not in (await client.get(f"{here.stage.web_url}/openapi.json")).text


async def test_without_websub_there_is_no_callback(tmp_path: Path) -> None:
    async with small_stage(tmp_path, PAPER) as stage, opened(stage) as app:
        assert app.pusher is None
        transport = httpx.ASGITransport(app=create_site(app, trusted=False))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            assert (await client.get("/websub/x", params={"hub.mode": "denied"})).status_code == 404
            assert (await client.post("/websub/x", content=b"x")).status_code == 404


async def test_the_setting_makes_the_stage(tmp_path: Path) -> None:
    async with small_stage(tmp_path, PAPER) as stage:
        with_websub(stage)
        settings = load_settings(stage.config_path, {})
        async with opened(stage) as app:
            assert app.pusher is not None
            assert await app.pusher.run_due() == 0
            assert settings.websub_fault is None
