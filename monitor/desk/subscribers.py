"""Subscribers as administrators handle them: list, show, invite, export, erase, suppress, and take opt-outs back."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from monitor.app import App
from monitor.config.plan import APPLIED
from monitor.config.values import mail_address_fault
from monitor.desk import signup
from monitor.desk.preferences import file_of, shown_address
from monitor.desk.signup import Asked, Wanted
from monitor.errors import NotFound, Refused
from monitor.model import Channel, ChannelKind, Subscription, Timing
from monitor.store import (
    Transaction,
    audit,
    confirmations,
    meta,
    personal,
    recipients,
    silences,
    subscribers,
    suppressions,
)
from monitor.store.personal import ERASED, Holdings
from monitor.store.suppressions import Suppression


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriberLine:
    """One subscriber as a list shows them; addresses are not shown whole."""

    slug: str
    name: str
    language: str
    zone: str
    owner: str
    subscriptions: int
    destinations: tuple[str, ...]
    stopped: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionLine:
    """One subscription of a subscriber. `stopped` are topics that they unsubscribed from; "" is all of it."""

    slug: str
    channel: str
    destination: str
    topics: tuple[str, ...]
    cadence: str
    enabled: bool
    owner: str
    stopped: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriberSheet:
    """One subscriber with everything in force for them."""

    subscriber: SubscriberLine
    opted_out_at: datetime | None
    subscriptions: tuple[SubscriptionLine, ...]
    mutes: tuple[str, ...]
    suppressed: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Invited:
    """What became of an invitation, in a word and in words."""

    outcome: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """What was forgotten, by kind; `kept` says what was not, and why."""

    slug: str
    gone: dict[str, int]
    kept: tuple[str, ...]


_INVITED = {
    Asked.MAILED: "A mail asks for a yes; nothing else is sent before.",
    Asked.KNOWN: "This address gets alerts already; it was sent the way to its settings.",
    Asked.ENOUGH: f"Nothing was sent: the address got {signup.MAX_MAILS} such mails in {signup.MAIL_DAYS} days.",
}


async def list_subscribers(app: App) -> list[SubscriberLine]:
    """List all subscribers."""
    return await app.store.read(_lines)


async def show_subscriber(app: App, slug: str) -> SubscriberSheet:
    """Show one subscriber. Raises NotFound."""
    return await app.store.read(_sheet, slug, now=app.context.clock())


async def invite(app: App, wanted: Wanted, *, actor: str) -> Invited:
    """Ask the owner of an address by mail whether they want alerts. Raises Refused."""
    done = await signup.ask(app, wanted, source="invitation", actor=actor)
    if done is Asked.SUPPRESSED:
        raise Refused(
            f"{wanted.address} is on the suppression list: nobody may write there; if its owner asked you to, "
            f"take it off first: monitor subscribers unsuppress {wanted.address}"
        )
    return Invited(outcome=done.value, text=_INVITED[done])


async def export(app: App, slug: str, *, actor: str) -> dict[str, Any]:
    """Return everything that is kept of a person, as plain data, and leave an audit row. Raises NotFound."""
    return await app.store.write(_export, slug, actor=actor, now=app.context.clock())


async def erase(app: App, slug: str, *, force: bool, suppress: bool, actor: str) -> Erased:
    """Forget a person. What counts alerts and deliveries stays, and so does the suppression list.

    Raises NotFound, and Refused for somebody whom a file names: it would bring them back. With `force` the messages
    that were sent to them are forgotten nevertheless. `suppress` puts their addresses on the suppression list.
    """
    return await app.store.write(
        _erase, slug, force=force, suppress=suppress, actor=actor, now=app.context.clock()
    )


async def suppress(app: App, address: str, *, actor: str) -> Suppression:
    """Put an address on the suppression list. Raises Refused for what is no address."""
    if fault := mail_address_fault(address.strip()):
        raise Refused(f"{fault.message}: {fault.hint}")
    return await app.store.write(_suppress, address, actor=actor, now=app.context.clock())


async def unsuppress(app: App, address: str, *, actor: str) -> None:
    """Take an address off the suppression list. Raises NotFound when it is not on it."""
    await app.store.write(_unsuppress, address, actor=actor, now=app.context.clock())


async def opt_in(app: App, slug: str, *, topic: str, actor: str) -> list[str]:
    """Take back what a subscriber unsubscribed from: everything, or one topic; return what, in words.

    Raises NotFound, and Refused when there is nothing to take back.
    """
    return await app.store.write(_opt_in, slug, topic=topic, actor=actor, now=app.context.clock())


def _lines(tx: Transaction) -> list[SubscriberLine]:
    by_subscriber: dict[int, list[Subscription]] = {}
    for each in recipients.list_subscriptions(tx, enabled_only=False):
        by_subscriber.setdefault(each.subscriber.id, []).append(each)
    return [
        _line(tx, each.slug, by_subscriber.get(each.id, []))
        for each in recipients.list_subscribers(tx)
        if each.owner != ERASED
    ]


def _line(tx: Transaction, slug: str, own: Sequence[Subscription]) -> SubscriberLine:
    subscriber = recipients.get_subscriber(tx, slug)
    return SubscriberLine(
        slug=slug,
        name=subscriber.name,
        language=subscriber.language,
        zone=subscriber.zone,
        owner=subscriber.owner,
        subscriptions=sum(each.enabled for each in own),
        destinations=tuple(dict.fromkeys(shown_address(each.channel) for each in own)),
        stopped=subscribers.opted_out_at(tx, subscriber.id) is not None,
    )


def _sheet(tx: Transaction, slug: str, *, now: datetime) -> SubscriberSheet:
    subscriber = recipients.get_subscriber(tx, slug)
    own = recipients.subscriptions_of(tx, subscriber.id)
    stopped = subscribers.opt_outs_of(tx, subscriber.id)
    addresses = {each.channel.address for each in own if each.channel.kind is ChannelKind.EMAIL}
    return SubscriberSheet(
        subscriber=_line(tx, slug, own),
        opted_out_at=subscribers.opted_out_at(tx, subscriber.id),
        subscriptions=tuple(
            SubscriptionLine(
                slug=each.slug,
                channel=each.channel.slug,
                destination=shown_address(each.channel),
                topics=each.topics,
                cadence=each.timing.cadence.value,
                enabled=each.enabled,
                owner=each.owner,
                stopped=tuple(found.topic for found in stopped if found.subscription == each.slug),
            )
            for each in own
        ),
        mutes=tuple(
            f"{each.reason}, until {each.ends_at:%Y-%m-%d %H:%M}Z" if each.ends_at else each.reason
            for each in silences.list_silences(tx, now=now, owner=f"subscriber:{slug}")
        ),
        suppressed=tuple(sorted(suppressions.suppressed_of(tx, addresses))),
    )


def _export(tx: Transaction, slug: str, *, actor: str, now: datetime) -> dict[str, Any]:
    subscriber = recipients.get_subscriber(tx, slug)
    held = personal.holdings(tx, subscriber.id)
    own = recipients.subscriptions_of(tx, subscriber.id)
    channels = {each.channel.slug: each.channel for each in own}
    channels |= {each.fallback.slug: each.fallback for each in own if each.fallback}
    names = {f"subscriber:{slug}", *(f"subscription:{each.slug}" for each in own)}
    names |= {f"channel:{each.slug}" for each in channels.values() if each.id in held.channels}
    opted_out = subscribers.opted_out_at(tx, subscriber.id)
    made = {
        "made_at": now,
        "subscriber": {
            "slug": slug, "name": subscriber.name, "language": subscriber.language, "zone": subscriber.zone,
            "owner": subscriber.owner, "wants_nothing_since": opted_out,
        },
        "channels": [_exported_channel(tx, each) for each in channels.values()],
        "subscriptions": [_exported_subscription(each) for each in own],
        "opt_outs": [
            {"subscription": each.subscription, "topic": each.topic, "made_at": each.made_at, "how": each.how}
            for each in subscribers.opt_outs_of(tx, subscriber.id)
        ],
        "silences": [
            {"reason": each.reason, "begins_at": each.begins_at, "ends_at": each.ends_at, "made_at": each.created_at}
            for each in silences.list_silences(tx, owner=f"subscriber:{slug}")
        ],
        **personal.told_to(tx, held),
        "audit": personal.audit_of(tx, names),
    }  # fmt: skip
    audit.record(tx, actor=actor, action="export", object=f"subscriber:{slug}", detail={}, now=now)
    return made


def _exported_channel(tx: Transaction, channel: Channel) -> dict[str, Any]:
    """Show a channel, with its address but without its key."""
    mail = channel.kind is ChannelKind.EMAIL
    found = suppressions.suppression_of(tx, channel.address) if mail else None
    return {
        "slug": channel.slug, "kind": channel.kind.value, "address": channel.address, "owner": channel.owner,
        "enabled": channel.enabled, "disabled_reason": channel.disabled_reason,
        "suppressed": None if found is None else {"reason": found.reason, "since": found.made_at},
        "questions": [
            {
                "asked": dict(each.asked), "source": each.source, "network": each.ip_prefix, "made_at": each.made_at,
                "expires_at": each.expires_at, "confirmed_at": each.confirmed_at,
            }
            for each in confirmations.confirmations_of(tx, channel.id)
        ],
    }  # fmt: skip


def _exported_subscription(each: Subscription) -> dict[str, Any]:
    timing: Timing = each.timing
    return {
        "slug": each.slug, "channel": each.channel.slug, "fallback": each.fallback.slug if each.fallback else None,
        "topics": each.topics, "tags": each.tags, "priorities": each.priorities, "languages": each.languages,
        "publishers": each.publishers, "regions": each.regions, "timing": timing, "surges": each.surges,
        "enabled": each.enabled, "owner": each.owner,
    }  # fmt: skip


def _erase(tx: Transaction, slug: str, *, force: bool, suppress: bool, actor: str, now: datetime) -> Erased:
    subscriber = recipients.get_subscriber(tx, slug)
    held = personal.holdings(tx, subscriber.id)
    own = recipients.subscriptions_of(tx, subscriber.id)
    named = _named_in_files(tx, slug, own, held)
    if named and not force:
        raise Refused(
            f"{slug} stands in the configuration files, which would bring them back: take out {', '.join(named)}, "
            "then: monitor apply; then erase again. To forget at once what was sent to them, add --force"
        )
    if suppress:
        for address in subscribers.own_addresses(tx, subscriber.id):
            suppressions.suppress(tx, address, reason="erased", now=now)
    gone = personal.wipe_messages(tx, held, every=not named, now=now)
    if named:
        gone["questions"] = personal.wipe_questions(tx, held)
        kept = tuple(f"{each}, until its file no longer names it" for each in named)
        audited = slug
    else:
        gone |= personal.wipe_person(tx, held, now=now)
        shared = {each.channel.slug for each in own if each.channel.id not in held.channels}
        kept = tuple(f"channel {each}: others get alerts there, too" for each in sorted(shared))
        audited = f"{ERASED}-{subscriber.id}"
    audit.record(
        tx,
        actor=actor,
        action="erase",
        object=f"subscriber:{audited}",
        detail={"gone": gone, "force": force},
        now=now,
    )
    return Erased(slug=slug, gone=gone, kept=kept)


def _named_in_files(tx: Transaction, slug: str, own: Sequence[Subscription], held: Holdings) -> list[str]:
    """Return what of a person the files named when they were last applied: `subscriber ana (recipients.toml)`."""
    stored = meta.get_meta(tx, APPLIED)
    applied = json.loads(stored)["enabled"] if stored else {}
    subscriber = recipients.get_subscriber(tx, slug)
    owned = [("subscriber", slug, subscriber.owner)]
    owned += [("subscription", each.slug, each.owner) for each in own]
    owned += sorted({
        ("channel", each.channel.slug, each.channel.owner) for each in own if each.channel.id in held.channels
    })  # fmt: skip
    return [
        f"{kind} {name} ({file_of(owner)})"
        for kind, name, owner in owned
        if file_of(owner) and name in applied.get(kind, {})
    ]


def _suppress(tx: Transaction, address: str, *, actor: str, now: datetime) -> Suppression:
    suppressions.suppress(tx, address, reason="admin", now=now)
    found = suppressions.suppression_of(tx, address)
    assert found is not None
    audit.record(
        tx, actor=actor, action="suppress", object="address", detail={"reason": found.reason}, now=now
    )
    return found


def _unsuppress(tx: Transaction, address: str, *, actor: str, now: datetime) -> None:
    if not suppressions.unsuppress(tx, address):
        raise NotFound(f"{address} is not on the suppression list")
    audit.record(tx, actor=actor, action="unsuppress", object="address", detail={}, now=now)


def _opt_in(tx: Transaction, slug: str, *, topic: str, actor: str, now: datetime) -> list[str]:
    subscriber = recipients.get_subscriber(tx, slug)
    done: list[str] = []
    if not topic and subscribers.opt_in_all(tx, subscriber.id):
        done.append("everything")
    for each in subscribers.opt_outs_of(tx, subscriber.id):
        if topic in {"", each.topic}:
            found = recipients.find_subscription(tx, each.subscription)
            subscribers.opt_in(tx, found.id, each.topic)
            done.append(f"{each.subscription}: {each.topic or 'the whole subscription'}")
    if not done:
        raise Refused(
            f"{slug} did not unsubscribe from {topic or 'anything'}; see: monitor subscribers show {slug}"
        )
    audit.record(
        tx, actor=actor, action="resubscribe", object=f"subscriber:{slug}", detail={"what": done}, now=now
    )
    return done
