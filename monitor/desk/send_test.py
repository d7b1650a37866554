"""Try out a channel: a notice goes the way that alerts go, and what the receiver answered comes back."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from monitor.app import App
from monitor.deliver.trial import trial
from monitor.desk.channels import known_channel
from monitor.errors import Refused
from monitor.model import Attempt, SendOutcome
from monitor.pipeline import Stage
from monitor.pipeline.outgoing import queue_notice
from monitor.store import Transaction, audit, notices

LONGEST_WAIT = 110.0  # seconds: a command gives up on an answer after two minutes
_LOOK_EVERY = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class SentTest:
    """What came of a test. `outcome` is None when nothing was tried, or no answer came, in time.

    `ms` is how long the attempt took, `reply` the beginning of what the receiver wrote back.
    """

    channel: str
    kind: str
    delivery: str
    accepted: bool
    outcome: SendOutcome | None
    status: int | None
    ms: int | None
    reason: str
    reply: str


async def send_test(app: App, slug: str, *, wait: float, actor: str) -> SentTest:
    """Send a test to a channel and wait, up to `wait` seconds, for its first attempt to end.

    One that was answered is not sent again. Raises NotFound for an unknown channel and Refused for one that is
    switched off.
    """
    wait = min(wait, LONGEST_WAIT)
    channel, delivery, uid = await app.store.write(_queue, slug, actor=actor, app=app)
    app.context.wake(Stage.SEND)
    attempt = await _first_answer(app, delivery, seconds=wait)
    now = app.context.clock()
    words = f"a test is tried once: {attempt.reason}" if attempt else f"not tried within {wait:g} seconds"
    withdrawn = await app.store.write(notices.withdraw, delivery, reason=words, now=now)
    missing = (
        f"it was not tried within {wait:g} seconds and is withdrawn: the channel, or what is ahead of it, is slow"
        if withdrawn
        else f"no answer within {wait:g} seconds; it is under way, see: monitor deliveries list"
    )
    return SentTest(
        channel=slug,
        kind=channel,
        delivery=uid,
        accepted=attempt is not None and attempt.outcome is SendOutcome.ACCEPTED,
        outcome=attempt.outcome if attempt else None,
        status=attempt.status if attempt else None,
        ms=_milliseconds(attempt),
        reason=attempt.reason if attempt else missing,
        reply=attempt.reply if attempt else "",
    )


async def _first_answer(app: App, delivery: int, *, seconds: float) -> Attempt | None:
    """Wait for the first attempt to end. Where no runner ticks, what is due is sent here until this one was."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while True:
        attempt = await app.store.read(notices.first_answer, delivery)
        if attempt is not None or loop.time() >= deadline:
            return attempt
        if not app.is_ticking and await app.shipper.fill():
            await app.shipper.crew.drain(timeout=max(deadline - loop.time(), 0.0))
        else:
            await asyncio.sleep(_LOOK_EVERY)


def _milliseconds(attempt: Attempt | None) -> int | None:
    if attempt is None or attempt.ended_at is None:
        return None
    return round((attempt.ended_at - attempt.started_at) / timedelta(milliseconds=1))


def _queue(tx: Transaction, slug: str, *, actor: str, app: App) -> tuple[str, int, str]:
    channel = known_channel(tx, slug)
    if not channel.enabled:
        raise Refused(
            f"the channel {slug} is switched off ({channel.disabled_reason}), so nothing is sent to it; "
            f"switch it on first: monitor channels enable {slug}"
        )
    now = app.context.clock()
    notice = trial(
        channel,
        uid=app.context.new_uid(),
        instance=app.identity.instance,
        language=app.settings.service.language,
        now=now,
    )
    delivery = queue_notice(tx, notice, identity=app.identity, now=now)
    audit.record(
        tx,
        actor=actor,
        action="send-test",
        object=f"channel:{slug}",
        detail={"delivery": notice.uid},
        now=now,
    )
    return channel.kind.value, delivery, notice.uid
