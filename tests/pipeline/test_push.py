"""Pushes against a real hub on loopback: asked, confirmed, renewed, pinged, denied, ended, and none of it trusted."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from structlog.testing import capture_logs

from monitor.demo.loopback import LoopbackServer
from monitor.model import Feed, PushState
from monitor.pipeline import Pusher, PushOptions
from monitor.pipeline.push_rules import push_alive
from monitor.store import Transaction, websub
from tests.conftest import switch_off
from tests.hub import World, signature, world


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as made:
        yield made


async def test_a_feed_that_names_a_hub_is_subscribed_to_under_its_own_address(here: World) -> None:
    with capture_logs() as logs:
        push = await here.subscribe()
    (asked,) = here.hub.requests
    assert asked["hub.mode"] == "subscribe"
    assert asked["hub.topic"] == (await here.feed()).url
    assert asked["hub.callback"] == push.callback == f"{here.stage.web_url}/websub/{push.token}"
    assert len(push.token) >= 43, "256 random bits"
    assert 40 <= len(asked["hub.secret"]) < 200
    assert asked["hub.lease_seconds"] == "864000"
    assert (push.state, push.attempts, push.requested_at) == (PushState.ACTIVE, 0, None)
    assert push.lease_until == here.clock() + timedelta(days=10)
    assert here.hub.verifications == [200]
    assert [each["event"] for each in logs if each["event"].startswith("websub.")] == ["websub.subscribed"]


async def test_a_hub_that_verifies_before_it_answers_is_confirmed_as_well(here: World) -> None:
    here.hub.habits.verifies = "before"
    assert (await here.subscribe()).state is PushState.ACTIVE


@pytest.mark.parametrize("status", [302, 307, 308])
async def test_a_hubs_redirect_is_followed_with_the_whole_request(here: World, status: int) -> None:
    await here.discover(here.hub.moved(status))
    await here.run()
    (asked,) = here.hub.requests
    assert asked["hub.secret"]
    assert (await here.the_push()).state is PushState.ACTIVE


async def test_a_hub_that_redirects_in_a_circle_fails_with_that_reason(here: World) -> None:
    await here.discover(here.hub.url.replace("/hub", "/circle"))
    await here.run()
    push = await here.the_push()
    assert push.state is PushState.FAILED
    assert "more than 3 redirects" in push.reason


async def test_naming_the_same_hub_again_changes_nothing(here: World) -> None:
    push = await here.subscribe()
    await here.discover()
    assert await here.run() == 0
    assert await here.the_push() == push


async def test_a_feed_without_hub_and_push_costs_no_read(here: World) -> None:
    await here.run()
    statements = await here.app.store.write(count_statements, here, await here.feed())
    assert statements == 0


def count_statements(tx: Transaction, here: World, feed: Feed) -> int:
    """Run the hook on a transaction that counts what goes through it."""
    counted = 0

    class Counting:
        def __getattr__(self, name: str) -> object:
            nonlocal counted
            counted += 1
            return getattr(tx, name)

    here.pusher.discovered(Counting(), feed, None, now=here.clock())  # type: ignore[arg-type]
    return counted


async def test_a_lease_of_a_minute_is_renewed_at_its_half_and_lapses_without(here: World) -> None:
    here.hub.habits.lease = 60
    first = await here.subscribe()
    assert (first.lease_until, first.due_at) == (
        here.clock() + timedelta(seconds=60),
        here.clock() + timedelta(seconds=24),
    )
    here.clock.advance(seconds=23)
    assert await here.run() == 0
    here.clock.advance(seconds=2)
    assert await here.run() == 1
    renewed = await here.the_push()
    assert renewed.lease_until == here.clock() + timedelta(seconds=60)
    assert (renewed.token, renewed.secret) == (first.token, first.secret)
    here.hub.habits.verifies = "never"
    here.clock.advance(seconds=30)
    assert await here.run() == 1
    assert (await here.the_push()).state is PushState.ACTIVE, "the lease still runs while it is being renewed"
    here.clock.advance(seconds=31)
    with capture_logs() as logs:
        await here.run()
    assert (await here.the_push()).state is PushState.LAPSED
    assert [each["event"] for each in logs] == ["websub.lapsed"]


async def test_a_lapsed_push_is_not_relied_on_even_before_anybody_noticed(here: World) -> None:
    here.hub.habits.lease = 60
    await here.subscribe()
    await here.publish()
    push, feed = await here.the_push(), await here.feed()
    assert push_alive(push, feed, now=here.clock() + timedelta(seconds=59))
    assert not push_alive(push, feed, now=here.clock() + timedelta(seconds=60))


async def test_a_silent_hub_is_asked_ever_more_seldom(here: World) -> None:
    here.hub.habits.verifies = "never"
    await here.discover()
    waits = []
    for number in range(1, 12):
        assert await here.run() == 1
        push = await here.the_push()
        assert (push.state, push.attempts) == (PushState.PENDING, number)
        waits.append((push.due_at - here.clock()) / timedelta(minutes=1))
        here.clock.now = push.due_at
    assert waits == [10, 20, 40, 80, 160, 320, 640, 1280, 1440, 1440, 1440]
    here.hub.habits.verifies = "after"
    await here.run()
    assert (await here.the_push()).state is PushState.ACTIVE


async def test_a_hub_that_never_answers_is_given_up_in_time(here: World) -> None:
    async def stall(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(-1)

    options = PushOptions(base_url=here.stage.web_url, total_timeout=0.3)
    here.app.pusher = Pusher(here.app.context, client=here.app.http, options=options)
    async with LoopbackServer(stall) as silent:
        await here.discover(f"http://127.0.0.1:{silent.port}/hub")
        async with asyncio.timeout(3):
            await here.run()
    push = await here.the_push()
    assert push.state is PushState.FAILED
    assert push.requested_at == here.clock(), "it may have heard us, and may verify yet"
    assert "no complete answer within 0.3 s" in push.reason


async def test_a_refusal_is_kept_with_the_hubs_own_words_and_wait(here: World) -> None:
    here.hub.habits.refuses = 503
    here.hub.habits.headers = {"Retry-After": "7200"}
    with capture_logs() as logs:
        push = await here.subscribe()
    assert push.state is PushState.FAILED
    assert push.reason == "the hub answered 503: not today"
    assert push.due_at == here.clock() + timedelta(hours=2)
    assert [each["event"] for each in logs] == ["websub.refused"]


async def test_a_refused_renewal_leaves_the_lease_in_force(here: World) -> None:
    push = await here.subscribe()
    here.clock.now = push.due_at
    here.hub.habits.refuses = 403
    await here.run()
    after = await here.the_push()
    assert (after.state, after.lease_until, after.attempts) == (PushState.ACTIVE, push.lease_until, 1)
    assert after.reason == "the hub answered 403: not today"
    asked = {"mode": "subscribe", "topic": push.topic, "challenge": "c"}
    assert (await here.verify(push.callback, **asked)).status_code == 404, "nothing is pending any more"


async def test_a_hub_at_a_forbidden_address_is_never_contacted(here: World) -> None:
    for number, hub in enumerate(
        ("https://169.254.169.254/hub", "http://10.0.0.1/hub", "http://[::1]:1/hub")
    ):
        await here.discover(hub)
        await here.run()
        push = await here.the_push()
        assert push.state is PushState.FAILED, number
        assert "is forbidden" in push.reason


async def test_a_hub_behind_a_plain_address_elsewhere_gets_no_secret(here: World) -> None:
    await here.discover("http://hub.example/")
    assert (await here.the_push()).secret is None
    await here.discover("https://hub.example/")
    assert (await here.the_push()).secret


async def test_a_hub_that_denies_is_no_longer_used_and_its_reason_is_kept(here: World) -> None:
    here.hub.habits.denies = "topic not <b>allowed</b>\r\nhere"
    with capture_logs() as logs:
        push = await here.subscribe()
    assert here.hub.verifications == [200]
    assert (push.state, push.reason) == (PushState.DENIED, "topic not allowed here")
    assert push.due_at == here.clock() + timedelta(days=7)
    assert [each["event"] for each in logs] == ["websub.denied"]


async def test_a_hub_may_deny_later_and_its_pings_count_no_more(here: World) -> None:
    push = await here.subscribe()
    await here.rest()
    await here.hub.deny(push.topic, push.callback, "moved out")
    after = await here.the_push()
    assert (after.state, after.reason, after.lease_until) == (PushState.DENIED, "moved out", None)
    assert push.secret
    headers = {name.lower(): value for name, value in signature(push.secret, b"x").items()}
    assert not await here.pusher.ping(push.token, headers, b"x")
    assert await here.due_in() == 3600


async def test_a_feed_that_is_switched_off_is_unsubscribed_and_its_callback_is_gone(here: World) -> None:
    push = await here.subscribe()
    await here.app.store.write(switch_off, "gazette", reason="by hand")
    with capture_logs() as logs:
        await here.run()
    assert here.hub.requests[-1]["hub.mode"] == "unsubscribe"
    assert "hub.secret" not in here.hub.requests[-1]
    assert here.hub.subscribers == {}
    ended = await here.by_token(push.token)
    assert (ended.state, ended.reason) == (PushState.ENDED, "the feed is switched off")
    assert await here.push() is None
    assert [each["event"] for each in logs] == ["websub.ended"]
    async with httpx.AsyncClient(trust_env=False) as hub:
        assert (await hub.post(push.callback, content=b"x")).status_code == 410
    asked = {"mode": "subscribe", "topic": push.topic, "challenge": "c"}
    assert (await here.verify(push.callback, **asked)).status_code == 410
    here.clock.advance(days=31)
    await here.run()
    assert (await here.verify(push.callback, **asked)).status_code == 404


async def test_another_hub_or_topic_ends_one_subscription_and_makes_another(here: World) -> None:
    first = await here.subscribe()
    await here.discover(topic="https://new.example/feed")
    await here.run()
    second = await here.the_push()
    assert second.state is PushState.ACTIVE
    assert (second.topic, second.token == first.token) == ("https://new.example/feed", False)
    assert [topic for topic, _ in here.hub.subscribers] == ["https://new.example/feed"]
    assert (await here.by_token(first.token)).state is PushState.ENDED


async def test_a_feed_that_names_another_hub_each_time_changes_it_once_an_hour(here: World) -> None:
    first = await here.subscribe()
    for number in range(20):
        await here.discover(None if number % 2 else f"https://h{number}.example/", after=60)
    assert await here.the_push() == first
    await here.discover(None, after=3600 - 20 * 60)
    assert await here.push() is None


async def test_a_feed_that_names_no_hub_any_more_is_unsubscribed(here: World) -> None:
    await here.subscribe()
    await here.discover(None)
    await here.run()
    assert (await here.push(), here.hub.subscribers) == (None, {})


async def test_a_hub_that_does_not_let_go_is_asked_five_times(here: World) -> None:
    push = await here.subscribe()
    here.hub.habits.verifies = "never"
    await here.discover(None)
    for _ in range(5):
        assert await here.run() == 1
        here.clock.now = (await here.by_token(push.token)).due_at
    assert await here.run() == 0
    assert (await here.by_token(push.token)).state is PushState.ENDED
    assert [each["hub.mode"] for each in here.hub.requests[1:]] == ["unsubscribe"] * 5


async def test_a_restart_between_request_and_verification_loses_nothing(here: World) -> None:
    here.hub.habits.verifies = "never"
    push = await here.subscribe()
    await here.restart()
    answer = await here.verify(
        push.callback, mode="subscribe", topic=push.topic, challenge="c", lease_seconds="600"
    )
    assert answer.status_code == 200
    assert (await here.the_push()).state is PushState.ACTIVE
    assert await here.run() == 0
    await here.publish()
    await here.discover(None)
    assert await here.push() is None, "a new process knows the push by its row"


async def test_a_crash_after_the_request_was_noted_asks_again_later(here: World) -> None:
    """The row is written before the hub is asked: a crash in between costs one retry interval, no loop."""
    await here.discover()
    await here.app.store.write(here.pusher._begin, now=here.clock())
    await here.restart()
    assert await here.run() == 0
    here.clock.advance(minutes=10)
    assert await here.run() == 1
    assert (await here.the_push()).state is PushState.ACTIVE


async def test_a_callback_under_a_new_address_is_made_known_to_the_hub(here: World) -> None:
    push = await here.subscribe()
    base = here.stage.web_url.replace("127.0.0.1", "localhost")
    here.app.pusher = Pusher(here.app.context, client=here.app.http, options=PushOptions(base_url=base + "/"))
    await here.run()
    after = await here.the_push()
    assert after.callback == f"{base}/websub/{push.token}"
    assert after.state is PushState.ACTIVE


async def test_a_push_whose_secret_cannot_be_opened_is_made_anew_by_the_next_poll(here: World) -> None:
    push = await here.subscribe()
    await here.app.store.write(spoil_secret)
    assert (await here.the_push()).secret == ""
    await here.publish()
    assert (await here.the_push()).bad_pings == 1
    await here.discover()
    await here.run()
    again = await here.the_push()
    assert again.token != push.token
    assert again.state is PushState.ACTIVE


def spoil_secret(tx: Transaction) -> None:
    tx.run("UPDATE pushes SET secret = :secret", secret=b"\x01" + bytes(40))


async def test_no_more_hubs_are_asked_at_once_than_allowed(here: World) -> None:
    inside: list[int] = []
    most = 0

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal most
        inside.append(1)
        most = max(most, len(inside))
        await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(0.05)
        inside.pop()
        writer.write(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")

    options = PushOptions(base_url=here.stage.web_url, concurrency=2)
    here.app.pusher = Pusher(here.app.context, client=here.app.http, options=options)
    push = await here.subscribe()
    async with LoopbackServer(slow) as hub:
        ending = replace(push, hub=f"http://127.0.0.1:{hub.port}/", state=PushState.UNSUBSCRIBING)
        for number in range(8):
            copy = replace(ending, token=f"token-{number}", due_at=here.clock())
            await here.app.store.write(websub.add, copy)
        assert await here.run() == 8
    assert most == 2


async def test_a_stalling_hub_holds_up_neither_others_nor_the_stop(here: World) -> None:
    async def stall(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(-1)

    async with LoopbackServer(stall) as silent:
        push = await here.subscribe()
        await here.app.store.write(
            lambda tx: websub.save(tx, replace(push, due_at=here.clock() - timedelta(seconds=1)))
        )
        await here.discover(f"http://127.0.0.1:{silent.port}/", topic="https://x.example/")
        assert await here.pusher.run_due() == 2
        async with asyncio.timeout(3):
            while (await here.by_token(push.token)).state is not PushState.ENDED:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        assert here.pusher.asking.busy == 1
        async with asyncio.timeout(1):
            await here.pusher.close()
