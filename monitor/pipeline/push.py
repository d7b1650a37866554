"""The push stage: subscribes to the hubs of feeds, renews and ends that, and takes their pings.

A ping is a hint: a valid one makes its feed due for one conditional poll, and nothing of its body is read. Each
change is one transaction, and a request to a hub is written down before it is made, so that a restart at any
moment goes on where the rows say. Polling never waits for any of this; the rules are in `push_rules`.
"""

import asyncio
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import httpx
import structlog

from monitor.errors import MonitorError, NotFound
from monitor.fetch.websub import HubAnswer, ask_hub, form, may_know_secret
from monitor.model import Feed, Hub, Push, PushState
from monitor.pipeline import push_rules
from monitor.pipeline.context import Context, Stage
from monitor.pipeline.crew import Crew
from monitor.pipeline.push_rules import Asked, Heard
from monitor.store import Transaction, websub

log = structlog.get_logger()

PATH = "/websub/"
TOKEN_BYTES = 32
SECRET_BYTES = 48  # 64 characters; WebSub, 5.1 allows less than 200 bytes
SIGNATURE = "x-hub-signature"


@dataclass(frozen=True, slots=True, kw_only=True)
class PushOptions:
    """Where hubs reach us, and the bounds: hubs asked at once, and waiting for it; seconds for each; pings at once.

    A whole batch must be through before its first retry is due.
    """

    base_url: str
    concurrency: int = 4
    batch: int = 100
    total_timeout: float = 20.0
    pings: int = 32

    @property
    def callbacks(self) -> str:
        """What every callback's URL begins with; its token follows."""
        return self.base_url.rstrip("/") + PATH


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """The answer to a hub's GET: an HTTP status, and the text to send."""

    status: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Begun:
    """What one run found: pushes whose hub is to be asked, those whose lease ran out, and feeds with a push."""

    asked: list[Push]
    lapsed: list[Push]
    feeds: set[int]


class Pusher:
    """Keeps the pushes of all feeds; `discovered` belongs into a poll's transaction, `run_due` to a tick."""

    def __init__(self, context: Context, *, client: httpx.AsyncClient, options: PushOptions) -> None:
        self._context = context
        self._client = client
        self._options = options
        self._feeds: set[int] | None = None  # those that may have a push; unknown until the first run
        self._gate = asyncio.Semaphore(options.concurrency)
        self.asking = Crew(options.batch, name="hub")
        self.hearing = Crew(options.pings, name="ping")

    def discovered(self, tx: Transaction, feed: Feed, hub: Hub | None, *, now: datetime) -> None:
        """Take in the hub that a feed's document names now; to be called after `finish_poll`, in its transaction.

        `feed` is as it was claimed. Costs nothing for a feed without hub and push, else one indexed read as long as
        nothing has changed. A ping that came while the poll was under way makes the feed due again.
        """
        if hub is None and self._feeds is not None and feed.id not in self._feeds:
            return
        push = websub.wanted(tx, feed.id)
        if push is not None and hub is not None and push_rules.serves(push, hub):
            if push.last_ping_at and feed.fetch.claimed_at and push.last_ping_at >= feed.fetch.claimed_at:
                _hasten(tx, push, now)
            return
        if push is not None and not push_rules.may_change(push, now=now):
            return
        if push is not None:
            reason = "the feed names another hub or topic" if hub else "the feed names no hub any more"
            websub.save(tx, push_rules.unwanted(push, reason, now=now))
        if hub is not None:
            websub.add(tx, self._new(feed, hub, now))
            if self._feeds is not None:
                self._feeds.add(feed.id)

    def _new(self, feed: Feed, hub: Hub, now: datetime) -> Push:
        token = secrets.token_urlsafe(TOKEN_BYTES)
        return Push(
            feed_id=feed.id,
            feed_slug=feed.slug,
            hub=hub.hub,
            topic=hub.topic,
            token=token,
            callback=self._options.callbacks + token,
            secret=secrets.token_urlsafe(SECRET_BYTES) if may_know_secret(hub.hub) else None,
            since=now,
            state=PushState.PENDING,
            due_at=now,
        )

    async def run_due(self) -> int:
        """Settle what time alone has changed and start asking every hub that is due; return how many.

        The requests run as tasks of `asking`, so that a stalling hub holds up neither a tick nor a stop.
        """
        begun = await self._context.store.write(self._begin, now=self._context.clock())
        self._feeds = (self._feeds or set()) | begun.feeds
        for push in begun.lapsed:
            log.warning("websub.lapsed", feed=push.feed_slug, hub=push.hub, reason=push.reason)
        for push in begun.asked:
            self.asking.start(self._ask(push))
        return len(begun.asked)

    def _begin(self, tx: Transaction, *, now: datetime) -> _Begun:
        for push in websub.stranded(tx):
            websub.save(tx, push_rules.unwanted(push, "the feed is switched off", now=now))
        for push in websub.elsewhere(tx, base=self._options.callbacks):
            websub.save(tx, push_rules.moved(push, self._options.callbacks, now=now))
        over = [push_rules.lapsed(push) for push in websub.overrun(tx, now=now)]
        for push in over:
            websub.save(tx, push)
        asked = [
            push_rules.asking(push, now=now, jitter=self._context.random())
            for push in websub.due(tx, now=now, limit=self.asking.free)
        ]
        for push in asked:
            websub.save(tx, push)
        websub.forget_ended(tx, now=now)
        return _Begun(
            asked=[push for push in asked if push.state is not PushState.ENDED],
            lapsed=over,
            feeds=websub.feeds_with_push(tx),
        )

    async def _ask(self, push: Push) -> None:
        ending = push.state is PushState.UNSUBSCRIBING
        fields = form(
            "unsubscribe" if ending else "subscribe",
            topic=push.topic,
            callback=push.callback,
            secret=None if ending else push.secret,
            lease=None if ending else int(push_rules.LEASE_ASKED.total_seconds()),
        )
        try:
            async with self._gate:
                answer = await ask_hub(
                    self._client,
                    push.hub,
                    fields,
                    now=self._context.clock(),
                    total_timeout=self._options.total_timeout,
                )
            await self._context.store.write(_settle, push, answer)
        except MonitorError as error:  # a full disk: the row says when to ask again
            log.error("websub.unrecorded", feed=push.feed_slug, reason=str(error))
            return
        if not answer.taken:
            log.warning("websub.refused", feed=push.feed_slug, hub=push.hub, reason=answer.reason)

    async def verify(self, token: str, params: Mapping[str, str]) -> Verified:
        """Answer a hub's GET of a callback: with its challenge only for what was asked of it, else with 404 or 410."""
        if await self.find(token) is None:  # a stranger's guess does not get as far as the writer
            return Verified(status=404, text="no such subscription")
        push, asked = await self._context.store.write(
            _verify, token, params, now=self._context.clock(), jitter=self._context.random()
        )
        if asked is Asked.REFUSE:
            log.warning(
                "websub.ignored",
                feed=push.feed_slug,
                reason=f"a verification of what we did not ask for ({params.get('hub.mode', '')[:20]!r})",
            )
            gone = push.state is PushState.ENDED
            return Verified(status=410 if gone else 404, text="nothing of that kind was asked for")
        if asked is Asked.DENY:
            log.warning("websub.denied", feed=push.feed_slug, hub=push.hub, reason=push.reason)
            return Verified(status=200, text="")
        if asked is Asked.CONFIRM:
            log.info("websub.subscribed", feed=push.feed_slug, hub=push.hub, until=_stamp(push.lease_until))
        else:
            log.info("websub.ended", feed=push.feed_slug, hub=push.hub, reason=push.reason)
        return Verified(status=200, text=params["hub.challenge"])

    async def find(self, token: str) -> Push | None:
        """Return the push whose callback ends in a token, an ended one too, if any."""
        return await self._context.store.read(websub.by_token, token)

    def accept(self, token: str, headers: Mapping[str, str], body: bytes) -> bool:
        """Take a ping to judge it in a moment; False when too many are waiting already."""
        if not self.hearing.free:
            return False
        self.hearing.start(self._accepted(token, headers, body))
        return True

    async def _accepted(self, token: str, headers: Mapping[str, str], body: bytes) -> None:
        try:
            await self.ping(token, headers, body)
        except MonitorError as error:  # a full disk: the feed is polled in its own time
            log.error("websub.unrecorded", reason=str(error))

    async def ping(self, token: str, headers: Mapping[str, str], body: bytes) -> bool:
        """Judge a ping (`headers` in lower case); a valid one makes its feed due. True if it was valid."""
        heard, due_at = await self._context.store.write(
            _hear, token, headers.get(SIGNATURE, ""), body, now=self._context.clock()
        )
        if heard is None:
            return False
        slug = heard.push.feed_slug
        if not heard.valid:
            log.warning("websub.ignored", feed=slug, reason=f"a ping: {heard.reason}")
            return False
        log.info("websub.pinged", feed=slug, poll=_stamp(due_at) or "as planned")
        if due_at is not None:
            self._context.wake(Stage.POLL)
        return True

    async def close(self) -> None:
        """Finish the pings in hand; a request to a hub is broken off, and made again when its row says so."""
        await self.hearing.drain(timeout=5.0)
        await self.asking.drain(timeout=0.0)


def _settle(tx: Transaction, asked: Push, answer: HubAnswer) -> None:
    push = websub.by_token(tx, asked.token)
    if push is not None and asked.requested_at is not None:
        websub.save(tx, push_rules.answered(push, answer, asked_at=asked.requested_at))


def _verify(
    tx: Transaction, token: str, params: Mapping[str, str], *, now: datetime, jitter: float
) -> tuple[Push, Asked]:
    push = websub.by_token(tx, token)
    if push is None:
        raise NotFound("the subscription was forgotten just now")
    asked = push_rules.judge_verification(push, params)
    if asked is Asked.CONFIRM:
        push = push_rules.confirmed(push, params.get("hub.lease_seconds", ""), now=now, jitter=jitter)
    elif asked is Asked.GOODBYE:
        push = push_rules.goodbye(push, now=now)
    elif asked is Asked.DENY:
        push = push_rules.denied(push, params.get("hub.reason", ""), now=now)
    if asked is not Asked.REFUSE:
        websub.save(tx, push)
    return push, asked


def _hear(
    tx: Transaction, token: str, signature: str, body: bytes, *, now: datetime
) -> tuple[Heard | None, datetime | None]:
    push = websub.by_token(tx, token)
    if push is None:
        return None, None
    heard = push_rules.hear(push, signature, body, now=now)
    websub.save(tx, heard.push)
    return heard, _hasten(tx, heard.push, now) if heard.valid else None


def _hasten(tx: Transaction, push: Push, now: datetime) -> datetime | None:
    """Bring the next poll of a push's feed forward; return its time, None when it stays as planned."""
    due_at = push_rules.due_after_ping(websub.feed_of_push(tx, push), now=now)
    if due_at is None or not websub.hasten(tx, push.feed_id, at=due_at):
        return None
    return due_at


def _stamp(moment: datetime | None) -> str:
    return moment.isoformat(timespec="seconds") if moment else ""
