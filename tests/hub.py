"""A WebSub hub on loopback, written to the W3C text, and an installation that it can reach.

The hub keeps subscriptions by (topic, callback), verifies intent, grants leases, signs what it distributes, tries a
delivery again, drops a subscriber that answers 410, and can be told to redirect, refuse, deny or keep silent.
"""

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from monitor.app import App
from monitor.demo.recordings import Recording
from monitor.demo.stage import DemoStage
from monitor.model import Feed, Hub, Push
from monitor.pipeline import Pusher, PushOptions
from monitor.store import Transaction, feeds, websub
from monitor.web import create_site
from monitor.web.serve import SiteServer, tcp_listener
from tests.conftest import opened, recorded, recording, small_stage
from tests.pipeline.conftest import Clock, by_clock

HOST = "127.0.0.1"
DEFAULT_LEASE = 864_000  # seconds


@dataclass(kw_only=True)
class Subscriber:
    """One active subscription of the hub."""

    callback: str
    secret: str
    until: datetime


@dataclass(kw_only=True)
class Habits:
    """How the hub behaves; tests change it while it runs.

    `lease` in seconds is granted whatever was asked for (None: as asked). `verifies` is when: after the answer,
    before it, or never. `refuses` answers with that status, `denies` accepts and then says no with that reason.
    """

    lease: int | None = None
    verifies: str = "after"
    refuses: int = 0
    denies: str = ""
    algorithm: str = "sha256"
    tries: int = 3
    headers: dict[str, str] = field(default_factory=dict)


class WebSubHub:
    """A context manager: while it is open it listens on `url`; `moved(status)` redirects there."""

    def __init__(self, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.habits = Habits()
        self.subscribers: dict[tuple[str, str], Subscriber] = {}
        self.requests: list[dict[str, str]] = []
        self.verifications: list[int] = []
        self.deliveries: list[int] = []
        self.clock = clock
        self.port = 0
        self._work: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        listener = tcp_listener(HOST, 0)
        self.port = listener.getsockname()[1]
        routes = [
            Route("/hub", self._request, methods=["POST"]),
            Route("/moved/{status:int}", self._redirect, methods=["POST"]),
            Route("/circle", lambda _: RedirectResponse("/circle", 307), methods=["POST"]),
        ]
        self._server = SiteServer(Starlette(routes=routes), listener)
        self._client = httpx.AsyncClient(trust_env=False, timeout=10)
        await self._server.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.settle()
        await self._client.aclose()
        await self._server.stop()

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}/hub"

    def moved(self, status: int) -> str:
        return f"http://{HOST}:{self.port}/moved/{status}"

    async def settle(self) -> None:
        """Wait until every verification that was started has come to its end."""
        while self._work:
            await asyncio.gather(*self._work)

    async def _redirect(self, request: Request) -> Response:
        return RedirectResponse("/hub", status_code=request.path_params["status"])

    async def _request(self, request: Request) -> Response:
        fields = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
        self.requests.append(fields)
        fault = self._fault(fields)
        if fault or self.habits.refuses:
            return PlainTextResponse(
                fault or "not today", status_code=self.habits.refuses or 400, headers=self.habits.headers
            )
        if self.habits.verifies == "before":
            await self._verify(fields)
        elif self.habits.verifies == "after":
            task = asyncio.create_task(self._verify(fields))
            self._work.add(task)
            task.add_done_callback(self._work.discard)
        return Response(status_code=202)

    def _fault(self, fields: dict[str, str]) -> str:
        """Section 5.1: what a request must hold."""
        if fields.get("hub.mode") not in {"subscribe", "unsubscribe"}:
            return "hub.mode must be subscribe or unsubscribe"
        for name in ("hub.callback", "hub.topic"):
            if urlsplit(fields.get(name, "")).scheme not in {"http", "https"}:
                return f"{name} must be a URL"
        if len(fields.get("hub.secret", "").encode()) >= 200:
            return "hub.secret must be less than 200 bytes"
        return ""

    async def _verify(self, fields: dict[str, str]) -> None:
        """Section 5.2 and 5.3: deny, or verify the intent of the subscriber."""
        mode, topic, callback = fields["hub.mode"], fields["hub.topic"], fields["hub.callback"]
        if self.habits.denies:
            await self.deny(topic, callback, self.habits.denies)
            return
        asked = int(fields.get("hub.lease_seconds", DEFAULT_LEASE))
        lease = asked if self.habits.lease is None else self.habits.lease
        challenge = secrets.token_urlsafe(16)
        query = {"hub.mode": mode, "hub.topic": topic, "hub.challenge": challenge}
        if mode == "subscribe":
            query["hub.lease_seconds"] = str(lease)
        answer = await self._client.get(callback, params=query)
        self.verifications.append(answer.status_code)
        if not (answer.is_success and answer.text == challenge):
            return
        if mode == "unsubscribe":
            self.subscribers.pop((topic, callback), None)
            return
        self.subscribers[topic, callback] = Subscriber(
            callback=callback,
            secret=fields.get("hub.secret", ""),
            until=self.clock() + timedelta(seconds=lease),
        )

    async def deny(self, topic: str, callback: str, reason: str) -> None:
        self.subscribers.pop((topic, callback), None)
        params = {"hub.mode": "denied", "hub.topic": topic, "hub.reason": reason}
        answer = await self._client.get(callback, params=params)
        self.verifications.append(answer.status_code)

    async def publish(self, topic: str, body: bytes) -> None:
        """Section 7: distribute the content to every subscriber whose lease runs."""
        for (subject, callback), subscriber in list(self.subscribers.items()):
            if subject == topic and subscriber.until > self.clock():
                status = await self._deliver(topic, subscriber, body)
                if status == 410:
                    del self.subscribers[subject, callback]

    async def _deliver(self, topic: str, subscriber: Subscriber, body: bytes) -> int:
        headers = {
            "Content-Type": "application/rss+xml",
            "Link": f'<{self.url}>; rel="hub", <{topic}>; rel="self"',
            **signature(subscriber.secret, body, self.habits.algorithm),
        }
        for _ in range(self.habits.tries):
            answer = await self._client.post(subscriber.callback, content=body, headers=headers)
            self.deliveries.append(answer.status_code)
            if answer.is_success or answer.status_code == 410:
                break
        return answer.status_code


def signature(secret: str, body: bytes, algorithm: str = "sha256") -> dict[str, str]:
    """Section 7.1: the header that proves who sent a body; none without a secret."""
    if not secret:
        return {}
    made = hmac.new(secret.encode(), body, getattr(hashlib, algorithm)).hexdigest()
    return {"X-Hub-Signature": f"{algorithm}={made}"}


@dataclass(kw_only=True)
class World:
    """An installation with one feed, its public site on a real port, a hub, and a clock that all of them go by."""

    app: App
    stage: DemoStage
    hub: WebSubHub
    clock: Clock

    @property
    def pusher(self) -> Pusher:
        assert self.app.pusher is not None
        return self.app.pusher

    async def feed(self) -> Feed:
        return await self.app.store.read(feeds.get_feed, "gazette")

    async def push(self) -> Push | None:
        feed = await self.feed()
        return await self.app.store.read(websub.wanted, feed.id)

    async def the_push(self) -> Push:
        push = await self.push()
        assert push is not None
        return push

    async def by_token(self, token: str) -> Push:
        push = await self.app.store.read(websub.by_token, token)
        assert push is not None
        return push

    async def discover(self, hub: str | None = "", *, topic: str = "", after: float = 3600) -> None:
        """Do what a poll does `after` seconds that reads which hub the feed has.

        `hub` "" is the world's own, None is none.
        """
        if await self.push() is not None:
            self.clock.advance(seconds=after)
        feed = await self.feed()
        found = None if hub is None else Hub(hub=hub or self.hub.url, topic=topic or feed.url)
        await self.app.store.write(self.pusher.discovered, feed, found, now=self.clock())

    async def run(self) -> int:
        """Tick once, and let the hub finish what it does about it."""
        asked = await self.pusher.run_due()
        await self.pusher.asking.drain()
        await self.hub.settle()
        return asked

    async def subscribe(self) -> Push:
        await self.discover()
        await self.run()
        return await self.the_push()

    async def publish(self, body: bytes = b"<rss/>") -> None:
        await self.hub.publish((await self.feed()).url, body)
        await self.pusher.hearing.drain()

    async def verify(self, callback: str, **params: str) -> httpx.Response:
        """GET a callback as a hub, or a stranger, does; the names of `params` lack their hub."""
        query = {f"hub.{name}": value for name, value in params.items()}
        async with httpx.AsyncClient(trust_env=False) as stranger:
            return await stranger.get(callback, params=query)

    async def restart(self) -> None:
        """Forget all that is not in a row, as a new process does."""
        await self.pusher.close()
        self.app.pusher = _pusher(self.app, self.stage)

    async def due_in(self) -> float:
        """Seconds until the feed is due, negative when it is."""
        return ((await self.feed()).fetch.next_poll_at - self.clock()).total_seconds()

    async def rest(self, **state: Any) -> None:
        """Let the feed have been polled 10 minutes ago and be due in an hour, unless `state` says otherwise."""
        columns: dict[str, Any] = {
            "next_poll_at": self.clock() + timedelta(hours=1),
            "last_polled_at": self.clock() - timedelta(minutes=10),
            "outcome": "same",
            **state,
        }
        await self.app.store.write(_set_feed, columns)


def _set_feed(tx: Transaction, columns: dict[str, Any]) -> None:
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    values = {
        name: (value - epoch) // timedelta(microseconds=1) if isinstance(value, datetime) else value
        for name, value in columns.items()
    }
    tx.run(f"UPDATE feeds SET {', '.join(f'{name} = :{name}' for name in values)}", **values)


def _pusher(app: App, stage: DemoStage) -> Pusher:
    return Pusher(
        app.context, client=app.http, options=PushOptions(base_url=stage.web_url, total_timeout=5.0)
    )


def with_websub(stage: DemoStage) -> None:
    """Switch the setting on in a stage's file."""
    text = stage.config_path.read_text(encoding="utf-8")
    stage.config_path.write_text(text.replace("[fetch]", "[fetch]\nwebsub = true"), encoding="utf-8")


@asynccontextmanager
async def world(folder: Path, *papers: Recording) -> AsyncIterator[World]:
    """Open an installation that takes pings, its public site, and a hub."""
    shown = papers or (recording("gazette", recorded("old", "Council meets in Douglas")),)
    async with small_stage(folder, *shown) as stage:
        with_websub(stage)
        async with opened(stage) as app, WebSubHub() as hub:
            clock = by_clock(app)
            hub.clock = clock
            app.pusher = _pusher(app, stage)
            site = SiteServer(create_site(app, trusted=False), tcp_listener(HOST, stage.web_port))
            await site.start()
            made = World(app=app, stage=stage, hub=hub, clock=clock)
            try:
                yield made
            finally:
                await made.pusher.close()
                await site.stop()
