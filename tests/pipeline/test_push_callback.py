"""What comes to a callback: verifications that were asked for or forged, pings that are the hub's or a stranger's."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from structlog.testing import capture_logs

from monitor.model import Hub, Push
from tests.hub import World, signature, world


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as made:
        yield made


async def test_a_valid_ping_makes_its_feed_due_at_once(here: World) -> None:
    await here.subscribe()
    await here.rest()
    with capture_logs() as logs:
        await here.publish()
    assert here.hub.deliveries == [202]
    assert await here.due_in() == 0
    push = await here.the_push()
    assert (push.pings, push.bad_pings, push.last_ping_at) == (1, 0, here.clock())
    assert [each["event"] for each in logs] == ["websub.pinged"]


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "sha384", "sha512"])
async def test_every_algorithm_of_the_specification_is_taken(here: World, algorithm: str) -> None:
    await here.subscribe()
    here.hub.habits.algorithm = algorithm
    await here.publish()
    assert (await here.the_push()).pings == 1


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({}, "it is not signed"),
        ({"X-Hub-Signature": "sha256=" + "0" * 64}, "not the hub's"),
        ({"X-Hub-Signature": "md5=" + "0" * 32}, "not the hub's"),
        ({"X-Hub-Signature": "sha256"}, "not the hub's"),
        ({"X-Hub-Signature": "sha256=ñ"}, "not the hub's"),
        (signature("another secret", b"<rss/>"), "not the hub's"),
    ],
)
async def test_a_ping_that_is_not_signed_by_the_hub_is_answered_counted_and_ignored(
    here: World, headers: dict[str, str], reason: str
) -> None:
    push = await here.subscribe()
    await here.rest()
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    with capture_logs() as logs:
        async with httpx.AsyncClient(trust_env=False) as stranger:
            answer = await stranger.post(push.callback, content=b"<rss/>", headers=raw)
        await here.pusher.hearing.drain()
    assert answer.status_code == 202
    after = await here.the_push()
    assert (after.pings, after.bad_pings, after.last_ping_at) == (0, 1, None)
    assert await here.due_in() == 3600
    assert [each["event"] for each in logs] == ["websub.ignored"]
    assert reason in logs[0]["reason"]


async def test_a_double_delivery_leads_to_one_poll_a_minute(here: World) -> None:
    await here.subscribe()
    await here.rest(last_polled_at=here.clock() - timedelta(seconds=20))
    await here.publish()
    await here.publish()
    assert await here.due_in() == 40
    assert (await here.the_push()).pings == 2


@pytest.mark.parametrize("outcome", ["rate_limited", "server_error", "blocked", "gone"])
async def test_a_ping_does_not_shorten_what_a_server_asked_us_to_wait(here: World, outcome: str) -> None:
    await here.subscribe()
    await here.rest(outcome=outcome, failures=1)
    await here.publish()
    assert await here.due_in() == 3600


async def test_a_ping_never_puts_a_poll_off(here: World) -> None:
    await here.subscribe()
    await here.rest(next_poll_at=here.clock() - timedelta(seconds=5))
    await here.publish()
    assert await here.due_in() == -5


async def test_a_ping_during_a_poll_is_not_lost_when_the_poll_ends(here: World) -> None:
    push = await here.subscribe()
    claimed = replace(await here.feed(), fetch=replace((await here.feed()).fetch, claimed_at=here.clock()))
    here.clock.advance(seconds=2)
    await here.publish()
    await here.rest(last_polled_at=here.clock())  # the poll in flight ends and plans its next one
    await here.app.store.write(here.pusher.discovered, claimed, hub_of(push), now=here.clock())
    assert await here.due_in() == 60


def hub_of(push: Push) -> Hub:
    return Hub(hub=push.hub, topic=push.topic)


async def test_a_verification_is_confirmed_once_and_a_replay_is_not(here: World) -> None:
    here.hub.habits.verifies = "never"
    push = await here.subscribe()
    asked = {"mode": "subscribe", "topic": push.topic, "challenge": "c&<b>é", "lease_seconds": "3600"}
    first = await here.verify(push.callback, **asked)
    assert (first.status_code, first.text) == (200, "c&<b>é")
    assert first.headers["content-type"] == "text/plain; charset=utf-8"
    assert first.headers["x-content-type-options"] == "nosniff"
    stands = await here.the_push()
    assert stands.lease_until == here.clock() + timedelta(hours=1)
    again = await here.verify(push.callback, **{**asked, "lease_seconds": "2592000"})
    assert again.status_code == 404
    assert await here.the_push() == stands


@pytest.mark.parametrize(
    "changed",
    [
        {"topic": "https://other.example/feed"},
        {"mode": "unsubscribe"},
        {"mode": "publish"},
        {"challenge": ""},
        {"challenge": "c" * 2049},
    ],
    ids=lambda changed: next(iter(changed)),
)
async def test_a_forged_verification_is_refused_and_changes_nothing(
    here: World, changed: dict[str, str]
) -> None:
    here.hub.habits.verifies = "never"
    push = await here.subscribe()
    asked = {"mode": "subscribe", "topic": push.topic, "challenge": "c", "lease_seconds": "60"}
    with capture_logs() as logs:
        answer = await here.verify(push.callback, **{**asked, **changed})
    assert answer.status_code == 404
    assert await here.the_push() == push
    assert [each["event"] for each in logs] == ["websub.ignored"]


async def test_a_token_that_is_nobodys_is_404_for_both_methods(here: World) -> None:
    push = await here.subscribe()
    stranger = push.callback[:-1] + ("a" if push.callback[-1] != "a" else "b")
    asked = {"mode": "subscribe", "topic": push.topic, "challenge": "c"}
    assert (await here.verify(stranger, **asked)).status_code == 404
    async with httpx.AsyncClient(trust_env=False) as client:
        assert (await client.post(stranger, content=b"x")).status_code == 404


async def test_an_active_subscription_cannot_be_ended_by_a_stranger(here: World) -> None:
    push = await here.subscribe()
    answer = await here.verify(push.callback, mode="unsubscribe", topic=push.topic, challenge="c")
    assert answer.status_code == 404
    assert await here.the_push() == push
