"""What results mean for the endpoint they came from: its breaker, its ladder, and who is told by another channel.

Everything happens inside the transaction that keeps the results; `say` logs what it did, after the commit.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

import structlog

from monitor.deliver import SenderIdentity
from monitor.deliver.breaker import OPENS_AFTER, answered, failed, is_given_up, is_to_be_told, undecided
from monitor.deliver.notice_wording import endpoint_notice
from monitor.model import (
    RELAY,
    Breaker,
    Channel,
    ChannelKind,
    Notice,
    NoticeKind,
    SendOutcome,
    SendResult,
    channel_key,
)
from monitor.pipeline.outgoing import queue_notice
from monitor.store import Transaction, audit, breakers, outbox, recipients
from monitor.text.duration import words

log = structlog.get_logger()


class Turn(StrEnum):
    """What became of an endpoint."""

    OPENED = "opened"
    CLOSED = "closed"
    DEGRADED = "degraded"
    RECOVERED = "recovered"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One turn of an endpoint (a channel's slug, or `relay`), why, and the channels by which it was told."""

    turn: Turn
    endpoint: str
    reason: str
    told: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What is needed to write a notice."""

    identity: SenderIdentity
    new_uid: Callable[[], str]


class Endpoints:
    """The breakers that the results of one transaction concern; `keep` writes those that changed."""

    def __init__(
        self,
        tx: Transaction,
        channels: Iterable[Channel],
        *,
        desk: Desk,
        now: datetime,
        random: Callable[[], float],
    ) -> None:
        known = {each.id: each for each in channels}
        keys = sorted({channel_key(each) for each in known})
        if any(each.kind is ChannelKind.EMAIL for each in known.values()):
            keys.append(RELAY)
        self._tx = tx
        self._desk = desk
        self._now = now
        self._random = random
        self._before = breakers.breakers_of(tx, keys)
        self._now_are = dict(self._before)
        self.changes: list[Change] = []

    def parks(self, channel: Channel, result: SendResult) -> bool:
        """Say whether a result leaves its delivery waiting for an endpoint that is down, or known to be from now on."""
        if result.outcome is not SendOutcome.RETRY:
            return False
        own = self._breaker(channel_key(channel.id), channel.id)
        relay = self._now_are.get(RELAY) if channel.kind is ChannelKind.EMAIL else None
        return (
            result.relay_fault
            or own.is_open
            or own.failures + 1 >= OPENS_AFTER
            or (relay is not None and relay.is_open)
        )

    def note(self, channel: Channel, result: SendResult) -> None:
        """Take in one result of a channel; one that was held back here says nothing about it."""
        if result.held_back:
            return
        if channel.kind is ChannelKind.EMAIL:
            self._note_relay(result)
        own = self._breaker(channel_key(channel.id), channel.id)
        match result.outcome:
            case SendOutcome.ACCEPTED | SendOutcome.REFUSED:
                self._put(
                    answered(own, accepted=result.outcome is SendOutcome.ACCEPTED, now=self._now), channel
                )
            case SendOutcome.UNKNOWN:
                self._put(undecided(own, kind=channel.kind, now=self._now, jitter=self._random()), channel)
            case SendOutcome.RETRY if not result.relay_fault:
                self._fail(own, channel, result)
            case SendOutcome.DISABLE:
                self._disable(channel, result.reason)

    def keep(self) -> None:
        """Write what changed."""
        for key, breaker in self._now_are.items():
            if breaker is not self._before.get(key):
                breakers.put_breaker(self._tx, breaker)

    def _note_relay(self, result: SendResult) -> None:
        relay = self._breaker(RELAY, None)
        chance = self._random()
        if result.relay_fault:
            self._put(failed(relay, result, kind=ChannelKind.EMAIL, now=self._now, jitter=chance), None)
        elif result.outcome is SendOutcome.UNKNOWN:
            self._put(undecided(relay, kind=ChannelKind.EMAIL, now=self._now, jitter=chance), None)
        else:
            accepted = result.outcome is SendOutcome.ACCEPTED
            self._put(answered(relay, accepted=accepted, now=self._now), None)

    def _fail(self, own: Breaker, channel: Channel, result: SendResult) -> None:
        after = failed(own, result, kind=channel.kind, now=self._now, jitter=self._random())
        self._put(after, channel)
        if is_given_up(after, now=self._now) and after.failing_since is not None:
            lasted = words((self._now - after.failing_since).total_seconds())
            self._disable(
                channel,
                f"nothing but failures for {lasted}, {after.failures} in a row; the last: {result.reason}",
            )

    def _put(self, breaker: Breaker, channel: Channel | None) -> None:
        before = self._now_are.get(breaker.key) or Breaker(key=breaker.key)
        self._now_are[breaker.key] = breaker
        endpoint = channel.slug if channel is not None else RELAY
        if breaker.is_open and not before.is_open:
            self.changes.append(Change(turn=Turn.OPENED, endpoint=endpoint, reason=breaker.reason))
        if before.opened_at is not None and not breaker.is_open:
            self.changes.append(Change(turn=Turn.CLOSED, endpoint=endpoint, reason=before.reason))
            if before.told_at is not None:
                self._tell(NoticeKind.RECOVERED, Turn.RECOVERED, channel, before)

    def _tell(self, kind: NoticeKind, turn: Turn, channel: Channel | None, before: Breaker) -> None:
        told = tell(self._tx, kind, channel, before, desk=self._desk, now=self._now)
        endpoint = channel.slug if channel is not None else RELAY
        self.changes.append(Change(turn=turn, endpoint=endpoint, reason=before.reason, told=told))

    def _disable(self, channel: Channel, reason: str) -> None:
        recipients.disable_channel(self._tx, channel.slug, reason=reason, now=self._now)
        audit.record(
            self._tx,
            actor="daemon",
            action="disable",
            object=f"channel:{channel.slug}",
            detail={"reason": reason},
            now=self._now,
        )
        about = replace(self._breaker(channel_key(channel.id), channel.id), reason=reason)
        self._tell(NoticeKind.DISABLED, Turn.DISABLED, channel, about)

    def _breaker(self, key: str, channel_id: int | None) -> Breaker:
        return self._now_are.get(key) or Breaker(key=key, channel_id=channel_id)


def tell_degraded(tx: Transaction, *, desk: Desk, now: datetime) -> list[Change]:
    """Tell people of what has not worked for a day, once; return what was told."""
    changes: list[Change] = []
    for breaker in breakers.stopping(tx, now=now):
        if not is_to_be_told(breaker, now=now):
            continue
        channel = None if breaker.channel_id is None else recipients.get_channel(tx, breaker.channel_id)
        told = tell(tx, NoticeKind.DEGRADED, channel, breaker, desk=desk, now=now)
        breakers.put_breaker(tx, replace(breaker, told_at=now))
        endpoint = channel.slug if channel is not None else RELAY
        changes.append(Change(turn=Turn.DEGRADED, endpoint=endpoint, reason=breaker.reason, told=told))
    return changes


def tell(
    tx: Transaction, kind: NoticeKind, channel: Channel | None, breaker: Breaker, *, desk: Desk, now: datetime
) -> tuple[str, ...]:
    """Queue a notice about a channel (None: the mail relay) on other channels; return which.

    Its subscribers are told by another channel of theirs, and when they have none, the operator by the console.
    """
    by = _other_channels(tx, channel)
    waiting = outbox.count_waiting(tx, channel_id=None if channel is None else channel.id)
    for target, language in by:
        text = endpoint_notice(
            kind,
            language=language,
            name=channel.slug if channel is not None else "",
            reason=breaker.reason,
            since=breaker.failing_since or now,
            waiting=waiting,
        )
        notice = Notice(
            uid=desk.new_uid(),
            kind=kind,
            channel=target,
            language=language,
            title=text.title,
            lines=text.lines,
            about=channel.slug if channel is not None else RELAY,
            created_at=now,
        )
        queue_notice(tx, notice, identity=desk.identity, now=now)
    return tuple(target.slug for target, _ in by)


def _other_channels(tx: Transaction, broken: Channel | None) -> list[tuple[Channel, str]]:
    """Choose by which channels it is told that one is broken, each with its reader's language."""
    shut = {each.channel_id for each in breakers.list_breakers(tx) if each.is_open}

    def works(channel: Channel) -> bool:
        through_relay = broken is None and channel.kind is ChannelKind.EMAIL
        is_it = broken is not None and channel.id == broken.id
        return channel.enabled and not through_relay and not is_it and channel.id not in shut

    consoles = [
        (each, "en")
        for each in recipients.list_channels(tx)
        if each.kind is ChannelKind.CONSOLE and works(each)
    ]
    if broken is None and consoles:  # the relay is the operator's business
        return consoles
    every = recipients.list_subscriptions(tx)
    readers = {
        each.subscriber.slug
        for each in every
        if (each.channel.kind is ChannelKind.EMAIL if broken is None else each.channel.id == broken.id)
    }
    chosen: dict[int, tuple[Channel, str]] = {}
    for reader in sorted(readers):
        theirs = [each for each in every if each.subscriber.slug == reader]
        possible = [
            way for each in theirs for way in (each.channel, each.fallback) if way is not None and works(way)
        ]
        if possible:
            chosen.setdefault(possible[0].id, (possible[0], theirs[0].subscriber.language))
    return list(chosen.values()) or consoles


def say(changes: Sequence[Change]) -> None:
    """Log what became of endpoints."""
    for each in changes:
        told = list(each.told)
        match each.turn:
            case Turn.OPENED:
                log.warning("breaker.opened", endpoint=each.endpoint, reason=each.reason)
            case Turn.CLOSED:
                log.info("breaker.closed", endpoint=each.endpoint, was=each.reason)
            case Turn.DEGRADED:
                log.error("channel.degraded", endpoint=each.endpoint, reason=each.reason, told=told)
            case Turn.RECOVERED:
                log.info("channel.recovered", endpoint=each.endpoint, was=each.reason, told=told)
            case Turn.DISABLED:
                log.error("channel.disabled", endpoint=each.endpoint, reason=each.reason, told=told)
