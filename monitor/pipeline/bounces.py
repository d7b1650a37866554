"""The bounces stage: reports about our mails are read, and addresses that are dead or complain get no more.

One hard bounce or complaint suspends an address at once, five soft ones of different mails within two weeks as well.
A report without a seal of ours changes nothing. Each is committed before it is marked in the mailbox.
"""

import asyncio
import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from monitor.deliver.bounces.mailbox import Letter, MailboxOptions, fetch_unread, mark_done
from monitor.deliver.bounces.report import BounceKind, BounceReport, read_report
from monitor.deliver.relay.answers import BOUNCES
from monitor.errors import MonitorError
from monitor.model import Channel
from monitor.pipeline.context import Context
from monitor.store import Transaction, audit, bounces, recipients, suppressions

log = structlog.get_logger()

SOFT_LIMIT = 5
SOFT_WINDOW = timedelta(days=14)
BATCH = 100
ROUNDS = 50  # at one time; the rest comes next time


@dataclass(frozen=True, slots=True, kw_only=True)
class BounceOptions:
    """The mailbox, the address that its reports came to (`+ID` aside), and the key of its seals."""

    mailbox: MailboxOptions
    address: str
    key: bytes = field(repr=False)
    every: timedelta = timedelta(minutes=5)


class BounceReader:
    """Reads the mailbox when it is time to."""

    def __init__(self, context: Context, *, options: BounceOptions) -> None:
        self._context = context
        self._options = options
        self._next = datetime.min.replace(tzinfo=context.clock().tzinfo)

    async def read_due(self) -> int:
        """Read what is unread, if it is time; return how many reports were new. Trouble is logged, and tried again."""
        now = self._context.clock()
        if now < self._next:
            return 0
        self._next = now + self._options.every
        try:
            return await self.read()
        except MonitorError as error:
            log.error("bounce.unread", reason=str(error))
            return 0

    async def read(self) -> int:
        """Read all that is unread now; return how many reports were new. Raises MonitorError."""
        new = 0
        for _ in range(ROUNDS):
            letters = await asyncio.to_thread(fetch_unread, self._options.mailbox, limit=BATCH)
            for letter in letters:
                new += await self._take(letter)
            await asyncio.to_thread(mark_done, self._options.mailbox, [letter.uid for letter in letters])
            if len(letters) < BATCH:
                break
        return new

    async def _take(self, letter: Letter) -> bool:
        if letter.raw is None:
            log.warning("bounce.ignored", reason="the mail is too long for a report")
            return False
        report = await asyncio.to_thread(
            read_report, letter.raw, bounces=self._options.address, key=self._options.key
        )
        if report is None:
            log.info(
                "bounce.ignored", reason="the mail reports nothing: an automatic reply, or ordinary post"
            )
            return False
        if report.forged or not report.uid:
            log.warning(
                "bounce.ignored",
                reason="its return address is not one of ours: "
                + (", ".join(report.forged[:3]) or "none is named"),
            )
        if not report.uid:
            return False
        digest = hashlib.sha256(letter.raw).hexdigest()
        return await self._context.store.write(settle, report, digest=digest, now=self._context.clock())


def settle(tx: Transaction, report: BounceReport, *, digest: str, now: datetime) -> bool:
    """Keep a report and suspend its address if that follows; return False when it was kept before."""
    channel = bounces.channel_of_delivery(tx, report.uid)
    kept = bounces.add_bounce(
        tx,
        bounces.Bounce(
            digest=digest,
            delivery_uid=report.uid,
            channel_id=None if channel is None else channel.id,
            kind=report.kind.value,
            status=report.status,
            reason=report.said,
            received_at=now,
        ),
    )
    if not kept:
        return False
    reason = "" if channel is None else _suspension(tx, channel, report, now=now)
    log.info(
        "bounce.read",
        delivery=report.uid,
        channel=None if channel is None else channel.slug,
        kind=report.kind.value,
        status=report.status,
        suspended=bool(reason),
    )
    if channel is not None and reason:
        _suspend(tx, channel, report, reason=reason, now=now)
    return True


def _suspension(tx: Transaction, channel: Channel, report: BounceReport, *, now: datetime) -> str:
    """Say why an address gets no more, or nothing."""
    written_to = report.original_recipient.lower()
    if not channel.enabled or (written_to and written_to != channel.address.lower()):
        return ""  # off already, or the channel has had another address since
    said = " ".join(part for part in (report.status, report.said) if part)
    match report.kind:
        case BounceKind.HARD:
            return f"{BOUNCES}{said}"
        case BounceKind.COMPLAINT:
            return "the reader reported our mail as spam; ask them before you switch it on again"
        case BounceKind.SOFT:
            number = bounces.open_bounces(tx, channel.id, kind=BounceKind.SOFT.value, since=now - SOFT_WINDOW)
            return (
                f"{BOUNCES}{number} mails in {SOFT_WINDOW.days} days, at last {said}"
                if number >= SOFT_LIMIT
                else ""
            )
        case BounceKind.POLICY | BounceKind.DELAYED:
            return ""


def _suspend(tx: Transaction, channel: Channel, report: BounceReport, *, reason: str, now: datetime) -> None:
    bounces.settle_bounces(tx, channel.id)
    recipients.disable_channel(tx, channel.slug, reason=reason, now=now)
    if report.kind is BounceKind.COMPLAINT:  # it holds for every channel and form that names the address
        suppressions.suppress(tx, channel.address, reason="complaint", now=now)
    audit.record(
        tx,
        actor="daemon",
        action="disable",
        object=f"channel:{channel.slug}",
        detail={"reason": reason, "delivery": report.uid, "kind": report.kind.value},
        now=now,
    )
