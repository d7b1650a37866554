"""The send stage: deliveries are claimed, handed to their sender, and the answer is committed.

The attempt row is written with the claim, before the send; the result is fenced by lease owner and attempt
number. Between a receiver's answer and our commit a crash can repeat a delivery, always under the same id. The
results of all sends that have ended by then, and the next claims, share one transaction.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from monitor import crash_point
from monitor.deliver import SENDERS, SenderIdentity, SendTools
from monitor.deliver.retry import RetryPlan, held_back, parked, plan
from monitor.errors import MonitorError
from monitor.model import Attempt, Delivery, DeliveryState, SendOutcome, SendResult, Urgency
from monitor.pipeline.context import Context
from monitor.pipeline.crew import Crew
from monitor.pipeline.endpoints import Change, Desk, Endpoints, say, tell_degraded
from monitor.store import Transaction, outbox
from monitor.store.outbox import GivenUp, Lanes

log = structlog.get_logger()

EVENTS = {
    DeliveryState.DONE: "delivery.done",
    DeliveryState.PENDING: "delivery.retry",
    DeliveryState.DEAD: "delivery.dead",
    DeliveryState.CANCELLED: "delivery.cancelled",
}
_TELL_EVERY = timedelta(minutes=1)
_GATHER_SECONDS = 0.006  # a result waits so long for others on their way, to share a transaction with them


@dataclass(frozen=True, slots=True, kw_only=True)
class SendOptions:
    """`owner` names this process in leases; a lease outlasts any sender's own time limits.

    `lanes` bound what is on its way to one channel and to the relay, so that slow ones leave room for others.
    """

    owner: str
    concurrency: int = 40
    lease: timedelta = timedelta(minutes=15)
    lanes: Lanes = field(default_factory=Lanes)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Ended:
    """An attempt that has ended, and `seconds` it took."""

    delivery: Delivery
    attempt: Attempt
    result: SendResult
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Turn:
    """What one transaction did: results that were kept, claims, deliveries given up, turns of endpoints."""

    kept: Sequence[tuple[_Ended, RetryPlan]] = ()
    claimed: Sequence[tuple[Delivery, Attempt]] = ()
    given_up: Sequence[GivenUp] = ()
    changes: Sequence[Change] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claims:
    """How many to claim in a transaction, behind which channels, and what else to see to in it."""

    room: int
    after: Mapping[Urgency, int] = field(default_factory=dict)
    sweep: bool = False
    tell: bool = False


class Shipper:
    """Claims due deliveries into free slots; `fill` returns at once, the sends run as tasks."""

    def __init__(
        self, context: Context, *, tools: SendTools, options: SendOptions, identity: SenderIdentity
    ) -> None:
        self._context = context
        self._tools = tools
        self._options = options
        self._desk = Desk(identity=identity, new_uid=context.new_uid)
        self.crew = Crew(options.concurrency, name="send")
        self._turns = asyncio.Lock()
        self._ended: list[_Ended] = []
        self._on_way = 0
        self._gathering = False
        self._all_ended = asyncio.Event()
        self._after: dict[Urgency, int] = {}
        self._told_at: datetime | None = None
        self._stopping = False

    async def fill(self) -> int:
        """Claim as many due deliveries as there are free slots and start sending them; return how many.

        What ran out of its lease or its time is seen to first. A send that ends claims the next by itself.
        """
        async with self._turns:
            if self._stopping or not self.crew.free:
                return 0
            return await self._take_turn(sweep=True)

    async def finish(self, *, timeout: float | None = None) -> None:  # noqa: ASYNC109 - cancels what is left over
        """Claim nothing more, and wait for what is on its way; after `timeout` seconds cancel the rest."""
        self._stopping = True
        await self.crew.drain(timeout=timeout)

    async def _ship(self, delivery: Delivery, attempt: Attempt) -> None:
        kind = delivery.channel.kind
        crash_point.passing(crash_point.SEND_CLAIMED, kind)
        started = time.monotonic()
        self._on_way += 1
        try:
            result = await self._send(delivery, attempt)
        finally:
            self._on_way -= 1
        crash_point.passing(crash_point.SEND_ANSWERED, kind)
        seconds = time.monotonic() - started
        ended = _Ended(delivery=delivery, attempt=attempt, result=result, seconds=seconds)
        self._ended.append(ended)
        if not self._gathering:
            await self._gather()
        elif not self._on_way:  # somebody waits already, who keeps this one as well, and there is no other
            self._all_ended.set()

    async def _gather(self) -> None:
        """Wait for others that end now, and keep all of them in one transaction."""
        self._gathering = True
        self._all_ended.clear()
        try:
            if self._on_way:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_GATHER_SECONDS):
                        await self._all_ended.wait()
            await self._turns.acquire()
        finally:
            self._gathering = False  # what ends from here on comes with the next transaction
        try:
            if self._ended:
                await self._record()
        finally:
            self._turns.release()

    async def _record(self) -> None:
        try:
            await self._take_turn(sweep=False)
        except (
            MonitorError
        ):  # a full disk, or one result that cannot be kept: it must not take others with it
            ended, self._ended = self._ended, []
            for each in ended:
                await self._record_alone(each)

    async def _record_alone(self, ended: _Ended) -> None:
        try:
            turn = await self._write((ended,), _Claims(room=0))
        except MonitorError as error:  # its lease runs out, and the same id is sent once more
            log.error(
                "delivery.unrecorded",
                delivery=ended.delivery.uid,
                channel=ended.delivery.channel.slug,
                outcome=ended.result.outcome.value,
                reason=str(error),
            )
        else:
            _say(turn)

    async def _take_turn(self, *, sweep: bool) -> int:
        """Keep what has ended and claim what fits, in one transaction; return how many were claimed."""
        ended, now = tuple(self._ended), self._context.clock()
        tell = sweep and (self._told_at is None or abs(now - self._told_at) >= _TELL_EVERY)
        leaving = 0 if sweep else 1  # the send that asks has ended itself
        room = 0 if self._stopping else self.crew.free + leaving
        turn = await self._write(ended, _Claims(room=room, after=self._after, sweep=sweep, tell=tell))
        del self._ended[: len(ended)]
        if tell:
            self._told_at = now
        for delivery, attempt in turn.claimed:
            self._after[delivery.urgency] = delivery.channel.id
            self.crew.start(self._ship(delivery, attempt))
        _say(turn)
        return len(turn.claimed)

    async def _write(self, ended: Sequence[_Ended], claims: _Claims) -> _Turn:
        return await self._context.store.write(
            _run_turn, ended, claims, context=self._context, options=self._options, desk=self._desk
        )

    async def _send(self, delivery: Delivery, attempt: Attempt) -> SendResult:
        """Call the sender. A fault of ours must end as an attempt with a reason, not as a stuck lease."""
        try:
            return await SENDERS[delivery.channel.kind].send(delivery, attempt, self._tools)
        except Exception as error:
            log.exception("delivery.fault", delivery=delivery.uid)
            return SendResult(
                outcome=SendOutcome.RETRY, reason=f"fault in the sender: {type(error).__name__}: {error}"
            )


def _run_turn(
    tx: Transaction,
    ended: Sequence[_Ended],
    claims: _Claims,
    *,
    context: Context,
    options: SendOptions,
    desk: Desk,
) -> _Turn:
    now = context.clock()
    kept, changes = _keep(tx, ended, context=context, desk=desk, now=now) if ended else ((), [])
    given_up = outbox.sweep(tx, now=now) if claims.sweep else []
    if claims.tell:
        changes += tell_degraded(tx, desk=desk, now=now)
    claimed = (
        outbox.claim(
            tx,
            owner=options.owner,
            now=now,
            lease=options.lease,
            limit=claims.room,
            lanes=options.lanes,
            after=claims.after,
        )
        if claims.room > 0
        else []
    )
    for delivery, _ in claimed:
        crash_point.passing(crash_point.SEND_OPEN, delivery.channel.kind)
    return _Turn(kept=kept, claimed=claimed, given_up=given_up, changes=changes)


def _keep(
    tx: Transaction, ended: Sequence[_Ended], *, context: Context, desk: Desk, now: datetime
) -> tuple[Sequence[tuple[_Ended, RetryPlan]], list[Change]]:
    """Close the attempts, each with what follows from it; a result whose lease was lost counts for nothing."""
    channels = [each.delivery.channel for each in ended]
    endpoints = Endpoints(tx, channels, desk=desk, now=now, random=context.random)
    kept: list[tuple[_Ended, RetryPlan]] = []
    for each in ended:
        answer = _judge(each, endpoints, now=now, jitter=context.random())
        held = outbox.finish(
            tx,
            each.delivery,
            each.attempt,
            each.result,
            state=answer.state,
            due_at=answer.due_at,
            reason=answer.reason,
            now=now,
            counts=answer.counts,
        )
        if held:
            kept.append((each, answer))
            endpoints.note(each.delivery.channel, each.result)
        crash_point.passing(crash_point.RESULT_OPEN, each.delivery.channel.kind)
    endpoints.keep()
    return kept, endpoints.changes


def _judge(ended: _Ended, endpoints: Endpoints, *, now: datetime, jitter: float) -> RetryPlan:
    delivery, result = ended.delivery, ended.result
    if result.held_back:
        return held_back(result, now=now)
    if endpoints.parks(delivery.channel, result):
        return parked(result, now=now)
    return plan(
        result,
        kind=delivery.channel.kind,
        attempts=1 + delivery.tries + delivery.unknowns,
        unknowns=delivery.unknowns,
        expires_at=delivery.expires_at,
        now=now,
        jitter=jitter,
    )


def _say(turn: _Turn) -> None:
    """Log what was committed."""
    for ended, answer in turn.kept:
        delivery = ended.delivery
        crash_point.passing(crash_point.RESULT_KEPT, delivery.channel.kind)
        log.log(
            _level(answer.state),
            EVENTS[answer.state],
            delivery=delivery.uid,
            alert=delivery.uid,
            channel=delivery.channel.slug,
            kind=delivery.channel.kind.value,
            attempt=ended.attempt.number,
            status=ended.result.status,
            reason=answer.reason,
            ms=round(ended.seconds * 1000),
        )
    for gone in turn.given_up:
        log.error(EVENTS[gone.state], delivery=gone.uid, reason=gone.reason)
    say(turn.changes)


def _level(state: DeliveryState) -> int:
    levels = {DeliveryState.DONE: logging.INFO, DeliveryState.PENDING: logging.WARNING}
    return levels.get(state, logging.ERROR)
