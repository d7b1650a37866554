"""New mail subscribers, and new addresses of old ones: nothing is sent to an address before its owner has said yes.

A request is kept with a token that stands in one mail alone; the page behind it asks, and acts on its button. Whoever
asks for an address learns nothing about it: the answer is the same whatever is known of it, and who is on the
suppression list is sent nothing.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import available_timezones

from monitor.app import App
from monitor.config.values import mail_address_fault
from monitor.deliver import SenderIdentity
from monitor.deliver.links import Link, LinkKind, link_to
from monitor.desk.confirm_words import ask_words, known_words
from monitor.desk.preferences import (
    LANGUAGES,
    NO_CHOICE,
    NO_ZONE,
    OWNED,
    cadence_of,
    file_of,
    wanted_topics,
)
from monitor.errors import NotFound, Refused
from monitor.model import Cadence, Channel, ChannelKind, Notice, NoticeKind, Subscriber, Subscription, Timing
from monitor.pipeline import Stage
from monitor.pipeline.outgoing import queue_notice
from monitor.store import Transaction, audit, confirmations, recipients, suppressions
from monitor.store.confirmations import Confirmation
from monitor.store.suppressions import normal_address

DAYS_TO_CONFIRM = 7
MAIL_DAYS, MAX_MAILS = 30, 3  # no address gets more of our questions in so many days
MAX_OPEN = 500  # questions without an answer yet, of all addresses together: a bound on abuse

NO_ADDRESS = "This is no mail address: write it as name@example.org."
TOO_MANY = "Too many people are signing up right now. Please try again later."


class Asked(StrEnum):
    """What became of a request. Only an administrator is told; a stranger gets the same answer for all."""

    MAILED = "mailed"
    KNOWN = "known"  # a reader already: they were sent the way to their preferences
    SUPPRESSED = "suppressed"
    ENOUGH = "enough"  # the address had its share of such mails


class Answer(StrEnum):
    """What a link in a question stands for, and what became of it."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What somebody asks for; `topics` empty asks for all."""

    address: str
    language: str = "en"
    zone: str = "UTC"
    topics: tuple[str, ...] = ()
    cadence: str = Cadence.DAILY.value
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question as its page shows it. `subscriber` is who came of it; `changes`: it is about another address only."""

    answer: Answer
    address: str
    language: str
    topics: tuple[str, ...]
    cadence: str
    changes: bool
    subscriber: str


def signup_fault(app: App) -> str:
    """Say why nobody can be asked by mail; "" when they can."""
    if app.settings.smtp is None:
        return "there is no mail server: add a section [smtp] to the settings"
    if not app.settings.service.base_url:
        return "the mail needs a link to our pages: set [service] base_url"
    return ""


async def ask(app: App, wanted: Wanted, *, source: str, ip_prefix: str = "", actor: str) -> Asked:
    """Ask the owner of an address whether they want what was asked for.

    Raises Refused with a fault of the form, or when there is no way to ask.
    """
    if fault := signup_fault(app):
        raise Refused(fault)
    _check(wanted)
    asked = {
        "language": wanted.language, "zone": wanted.zone, "topics": list(wanted.topics), "cadence": wanted.cadence,
        "name": wanted.name,
    }  # fmt: skip
    done = await app.store.write(
        _ask, wanted.address.strip(), asked, app=app, source=source, ip_prefix=ip_prefix, actor=actor
    )
    app.context.wake(Stage.SEND)
    return done


async def ask_new_address(app: App, slug: str, channel: str, address: str, *, ip_prefix: str = "") -> Asked:
    """Ask the owner of a new address of a subscriber's; until they say yes, mail goes to the old one.

    Raises NotFound, and Refused with a fault of the form.
    """
    if fault := signup_fault(app):
        raise Refused(fault)
    if mail_address_fault(address.strip()):
        raise Refused(NO_ADDRESS)
    done = await app.store.write(
        _ask_new_address, slug, channel, address.strip(), app=app, ip_prefix=ip_prefix
    )
    app.context.wake(Stage.SEND)
    return done


async def question(app: App, channel: str, token: str) -> Question:
    """Return what a link in a question stands for. Raises NotFound when nothing is known of it any more."""
    return await app.store.read(_question, channel, token, now=app.context.clock())


async def confirm(app: App, channel: str, token: str) -> Question:
    """Take the yes to a question: the subscription, or the new address, is in force at once. Twice is no error.

    Raises NotFound as `question` does; an expired question stays unanswered.
    """
    done = await app.store.write(_confirm, channel, token, now=app.context.clock())
    app.context.wake(Stage.DISPATCH)
    return done


def _check(wanted: Wanted) -> None:
    if mail_address_fault(wanted.address.strip()):
        raise Refused(NO_ADDRESS)
    if wanted.language not in LANGUAGES:
        raise Refused(NO_CHOICE)
    if wanted.zone not in available_timezones():
        raise Refused(NO_ZONE)
    cadence_of(wanted.cadence)


def _ask(
    tx: Transaction, address: str, asked: dict[str, Any], *, app: App, source: str, ip_prefix: str, actor: str
) -> Asked:
    now = app.context.clock()
    asked["topics"] = list(wanted_topics(tx, tuple(asked["topics"])))
    if confirmations.count_open(tx, now=now) >= MAX_OPEN:
        raise Refused(TOO_MANY)
    if suppressions.is_suppressed(tx, address):
        return Asked.SUPPRESSED
    if _had_enough(tx, address, now=now):
        return Asked.ENOUGH
    known = _reader_at(tx, address)
    if known is not None:
        _send_known(tx, known, asked, app=app, source=source, ip_prefix=ip_prefix)
        return Asked.KNOWN
    channel = _unconfirmed_at(tx, address) or recipients.put_channel(
        tx, Channel(slug=f"{_new_slug()}-mail", kind=ChannelKind.EMAIL, address=address, owner="ui")
    )
    _send_question(tx, channel, asked, app=app, source=source, ip_prefix=ip_prefix)
    about = f"channel:{channel.slug}"
    audit.record(tx, actor=actor, action="ask", object=about, detail={"source": source}, now=now)
    return Asked.MAILED


def _ask_new_address(
    tx: Transaction, slug: str, channel: str, address: str, *, app: App, ip_prefix: str
) -> Asked:
    now = app.context.clock()
    subscriber = recipients.get_subscriber(tx, slug)
    own = {each.channel.slug: each.channel for each in recipients.subscriptions_of(tx, subscriber.id)}
    if channel not in own or own[channel].kind is not ChannelKind.EMAIL:
        raise NotFound(f"{slug} has no mail channel {channel!r}")
    if file_of(own[channel].owner):
        raise Refused(OWNED)
    if suppressions.is_suppressed(tx, address):
        return Asked.SUPPRESSED
    if _had_enough(tx, address, now=now):
        return Asked.ENOUGH
    if _reader_at(tx, address) is not None:
        return Asked.KNOWN
    made = _unconfirmed_at(tx, address) or recipients.put_channel(
        tx, Channel(slug=f"{_new_slug()}-mail", kind=ChannelKind.EMAIL, address=address, owner="ui")
    )
    asked = {"language": subscriber.language, "replaces": channel}
    _send_question(tx, made, asked, app=app, source="change", ip_prefix=ip_prefix)
    detail = {"new": made.slug}
    audit.record(
        tx, actor=f"subscriber:{slug}", action="ask", object=f"channel:{channel}", detail=detail, now=now
    )
    return Asked.MAILED


def _had_enough(tx: Transaction, address: str, *, now: datetime) -> bool:
    sent = confirmations.mails_since(tx, address, since=now - timedelta(days=MAIL_DAYS))
    return sent >= MAX_MAILS


def _mail_channels(tx: Transaction, address: str) -> list[Channel]:
    wanted = normal_address(address)
    mail = (each for each in recipients.list_channels(tx) if each.kind is ChannelKind.EMAIL)
    return [each for each in mail if normal_address(each.address) == wanted]


def _reader_at(tx: Transaction, address: str) -> Subscription | None:
    """Return a subscription by which an address gets mail already."""
    slugs = {channel.slug for channel in _mail_channels(tx, address)}
    if not slugs:
        return None
    return next((each for each in recipients.list_subscriptions(tx) if each.channel.slug in slugs), None)


def _unconfirmed_at(tx: Transaction, address: str) -> Channel | None:
    """Return the channel of an earlier question to the same address."""
    own = (each for each in _mail_channels(tx, address) if each.owner == "ui")
    return next((each for each in own if not confirmations.is_confirmed(tx, each.id)), None)


def _new_slug() -> str:
    return f"reader-{secrets.token_hex(4)}"


def _send_question(
    tx: Transaction, channel: Channel, asked: Mapping[str, Any], *, app: App, source: str, ip_prefix: str
) -> None:
    now, identity = app.context.clock(), app.identity
    token, expires = secrets.token_urlsafe(16), now + timedelta(days=DAYS_TO_CONFIRM)
    confirmations.add_confirmation(
        tx, token=token, channel_id=channel.id, address=channel.address, asked=asked, source=source,
        ip_prefix=ip_prefix, now=now, expires_at=expires,
    )  # fmt: skip
    link = Link(kind=LinkKind.CONFIRM, subject=channel.slug, object=token)
    words = ask_words(
        asked["language"],
        instance=identity.instance,
        until=expires,
        changes="replaces" in asked,
        source=source,
    )
    _queue(tx, channel, words, link, asked["language"], app=app, identity=identity)


def _send_known(
    tx: Transaction, known: Subscription, asked: Mapping[str, Any], *, app: App, source: str, ip_prefix: str
) -> None:
    """Answer somebody who is a reader already with the way to their preferences; it counts as a question, too."""
    now, language = app.context.clock(), known.subscriber.language
    confirmations.add_confirmation(
        tx, token=secrets.token_urlsafe(16), channel_id=known.channel.id, address=known.channel.address, asked=asked,
        source=source, ip_prefix=ip_prefix, now=now, expires_at=now,
    )  # fmt: skip
    link = Link(kind=LinkKind.PREFERENCES, subject=known.subscriber.slug)
    words = known_words(language, instance=app.identity.instance)
    _queue(tx, known.channel, words, link, language, app=app, identity=app.identity)


def _queue(
    tx: Transaction,
    channel: Channel,
    words: tuple[str, tuple[str, ...]],
    link: Link,
    language: str,
    *,
    app: App,
    identity: SenderIdentity,
) -> None:
    now = app.context.clock()
    notice = Notice(
        uid=app.context.new_uid(),
        kind=NoticeKind.CONFIRM,
        channel=channel,
        language=language,
        title=words[0],
        lines=words[1],
        link=link_to(identity.base_url, identity.link_key, link),
        about=channel.slug,
        created_at=now,
    )
    queue_notice(tx, notice, identity=identity, now=now)


def _found(tx: Transaction, channel: str, token: str) -> tuple[Confirmation, Channel]:
    found = confirmations.find_confirmation(tx, token)
    channels = {each.id: each for each in recipients.list_channels(tx, enabled_only=False)}
    if found is None or found.channel != channel or "language" not in found.asked:
        raise NotFound("nothing is known of this question any more")
    return found, channels[found.channel_id]


def _question(tx: Transaction, channel: str, token: str, *, now: datetime) -> Question:
    found, destination = _found(tx, channel, token)
    asked = found.asked
    expired = found.expires_at <= now or suppressions.is_suppressed(tx, destination.address)
    answer = Answer.CONFIRMED if found.confirmed_at else Answer.EXPIRED if expired else Answer.OPEN
    in_force = {each.slug: each for each in recipients.list_channels(tx)}
    holder = in_force.get(asked.get("replaces", ""), destination) if found.confirmed_at else destination
    return Question(
        answer=answer,
        address=holder.address,
        language=asked["language"],
        topics=tuple(asked.get("topics", ())),
        cadence=asked.get("cadence", ""),
        changes="replaces" in asked,
        subscriber=_came_of(tx, asked.get("replaces", channel)) if answer is Answer.CONFIRMED else "",
    )


def _came_of(tx: Transaction, channel: str) -> str:
    for each in recipients.list_subscriptions(tx, enabled_only=False):
        if each.channel.slug == channel:
            return each.subscriber.slug
    return ""


def _confirm(tx: Transaction, channel: str, token: str, *, now: datetime) -> Question:
    shown = _question(tx, channel, token, now=now)
    if shown.answer is not Answer.OPEN:
        return shown
    found, destination = _found(tx, channel, token)
    confirmations.settle_confirmation(tx, found, now=now)
    if shown.changes:
        _replace_address(tx, found.asked["replaces"], destination, now=now)
    elif not _came_of(tx, channel):
        _subscribe(tx, destination, found, now=now)
    return _question(tx, channel, token, now=now)


def _subscribe(tx: Transaction, channel: Channel, found: Confirmation, *, now: datetime) -> None:
    asked, slug = found.asked, channel.slug.removesuffix("-mail")
    subscriber = recipients.put_subscriber(
        tx,
        Subscriber(
            slug=slug,
            name=asked.get("name") or slug,
            language=asked["language"],
            zone=asked["zone"],
            owner="ui",
        ),
    )
    timing = Timing(cadence=Cadence(asked["cadence"]))
    recipients.put_subscription(
        tx,
        Subscription(
            slug=slug,
            subscriber=subscriber,
            channel=channel,
            topics=tuple(asked["topics"]),
            timing=timing,
            owner="ui",
        ),
    )
    detail = {"source": found.source, "asked_at": found.made_at.isoformat()}
    audit.record(
        tx, actor=f"subscriber:{slug}", action="confirm", object=f"subscriber:{slug}", detail=detail, now=now
    )


def _replace_address(tx: Transaction, old: str, new: Channel, *, now: datetime) -> None:
    """Give the new address to the old channel, so that its subscriptions and what waits for it stay as they are."""
    channels = {each.slug: each for each in recipients.list_channels(tx, enabled_only=False)}
    kept = channels[old]
    if file_of(kept.owner):
        raise Refused(OWNED)
    recipients.put_channel(tx, replace(kept, address=new.address))
    recipients.enable_channel(tx, old)
    confirmations.confirm_channel(tx, kept.id, now=now)
    confirmations.wipe_channel(tx, new.id, reason=f"its address went over to {old}", now=now)
    audit.record(
        tx,
        actor="subscriber",
        action="change",
        object=f"channel:{old}",
        detail={"address": "confirmed"},
        now=now,
    )
