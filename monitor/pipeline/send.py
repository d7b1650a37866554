"""The send stage: deliveries are claimed, handed to their sender, and the answer is committed.

The attempt row is written with the claim, before the send; the result is fenced by lease owner and attempt
number. Between a receiver's answer and our commit a crash can repeat a delivery, always under the same id.
"""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from monitor.deliver import SENDERS, SendTools
from monitor.deliver.retry import RetryPlan, plan
from monitor.errors import MonitorError
from monitor.model import Attempt, Delivery, DeliveryState, SendOutcome, SendResult
from monitor.pipeline.context import Context, Stage
from monitor.pipeline.crew import Crew
from monitor.store import Transaction, audit, outbox, recipients

log = structlog.get_logger()

EVENTS = {
    DeliveryState.DONE: "delivery.done",
    DeliveryState.PENDING: "delivery.retry",
    DeliveryState.DEAD: "delivery.dead",
    DeliveryState.CANCELLED: "delivery.cancelled",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SendOptions:
    """`owner` names this process in leases; a lease outlasts any sender's own time limits."""

    owner: str
    concurrency: int = 8
    lease: timedelta = timedelta(minutes=15)


class Shipper:
    """Claims due deliveries into free slots; `fill` returns at once, the sends run as tasks."""

    def __init__(self, context: Context, *, tools: SendTools, options: SendOptions) -> None:
        self._context = context
        self._tools = tools
        self._options = options
        self.crew = Crew(options.concurrency, name="send")

    async def fill(self) -> int:
        """Claim as many due deliveries as there are free slots and start sending them; return how many."""
        if not self.crew.free:
            return 0
        claimed = await self._context.store.write(
            outbox.claim,
            owner=self._options.owner,
            now=self._context.clock(),
            lease=self._options.lease,
            limit=self.crew.free,
        )
        for delivery, attempt in claimed:
            self.crew.start(self._ship(delivery, attempt))
        return len(claimed)

    async def _ship(self, delivery: Delivery, attempt: Attempt) -> None:
        started = time.monotonic()
        result = await self._send(delivery, attempt)
        try:
            await self._record(delivery, attempt, result, started=started)
        except MonitorError as error:  # a full disk: the lease runs out, and the same id is sent once more
            log.error(
                "delivery.unrecorded",
                delivery=delivery.uid,
                channel=delivery.channel.slug,
                outcome=result.outcome.value,
                reason=str(error),
            )
        self._context.wake(Stage.SEND)

    async def _record(
        self, delivery: Delivery, attempt: Attempt, result: SendResult, *, started: float
    ) -> None:
        earlier = _answered(await self._context.store.read(outbox.attempts_of, delivery.id))
        now = self._context.clock()
        answer = plan(
            result,
            attempts=1 + len(earlier),
            created_at=delivery.created_at,
            now=now,
            jitter=self._context.random(),
            unknowns=sum(each.outcome is SendOutcome.UNKNOWN for each in earlier),
        )
        kept = await self._context.store.write(
            _keep, delivery=delivery, attempt=attempt, result=result, answer=answer, context=self._context
        )
        if kept:
            log.log(
                _level(answer.state),
                EVENTS[answer.state],
                delivery=delivery.uid,
                alert=delivery.uid,
                channel=delivery.channel.slug,
                kind=delivery.channel.kind.value,
                attempt=attempt.number,
                status=result.status,
                reason=answer.reason,
                ms=round((time.monotonic() - started) * 1000),
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


def _answered(earlier: Sequence[Attempt]) -> list[Attempt]:
    """Keep the attempts that the receiver had a part in: one cut short by our own end is no failure of theirs."""
    ours = {outbox.PROCESS_ENDED, outbox.LEASE_RAN_OUT}
    return [each for each in earlier if each.ended_at is not None and each.reason not in ours]


def _level(state: DeliveryState) -> int:
    levels = {DeliveryState.DONE: logging.INFO, DeliveryState.PENDING: logging.WARNING}
    return levels.get(state, logging.ERROR)


def _keep(
    tx: Transaction,
    *,
    delivery: Delivery,
    attempt: Attempt,
    result: SendResult,
    answer: RetryPlan,
    context: Context,
) -> bool:
    now = context.clock()
    kept = outbox.finish(
        tx, delivery, attempt, result, state=answer.state, due_at=answer.due_at, reason=answer.reason, now=now
    )
    if kept and result.outcome is SendOutcome.DISABLE:
        recipients.disable_channel(tx, delivery.channel.slug, reason=result.reason, now=now)
        audit.record(
            tx,
            actor="daemon",
            action="disable",
            object=f"channel:{delivery.channel.slug}",
            detail={"reason": result.reason, "delivery": delivery.uid},
            now=now,
        )
    return kept
