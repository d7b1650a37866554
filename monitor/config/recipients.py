"""Recipient files: subscribers, channels and subscriptions, every reference checked, secrets looked up.

When somebody is told is inherited: a subscription's own keys, else its subscriber's, else the `[defaults]` of its file,
else the program's. Without any subscription in the files the built-in one is added: all alerts to the console.
"""

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from monitor.config.collector import Collector, Entry
from monitor.config.document import suggestion
from monitor.config.forms import (
    ChannelForm,
    DefaultsForm,
    RecipientsFile,
    SubscriberForm,
    SubscriptionForm,
    TimingForm,
)
from monitor.config.places import Path as KeyPath
from monitor.config.values import Fault, web_address_fault
from monitor.deliver.chat.apprise import url_fault
from monitor.deliver.hook.signature import SECRET_PREFIX
from monitor.model import Channel, ChannelKind, PayloadFormat, Subscriber, Subscription, Timing

BUILTIN = "builtin"
OPERATOR = "operator"
DEFAULT = "operator-console"
CONSOLE = Channel(slug="console", kind=ChannelKind.CONSOLE, owner=BUILTIN)
_TIMING_KEYS = {
    "cadence": "cadence",
    "bundle_minutes": "bundle_minutes",
    "digest_at": "digest_at",
    "digest_day": "digest_day",
    "quiet_hours": "quiet",
    "urgent_in_quiet_hours": "pierce",
    "alerts_per_day": "budget",
    "max_age_hours": "max_age_hours",
    "all_quiet": "all_quiet",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipients:
    """Everything that recipient files describe, by slug."""

    subscribers: dict[str, Subscriber] = field(default_factory=dict)
    channels: dict[str, Channel] = field(default_factory=dict)
    subscriptions: dict[str, Subscription] = field(default_factory=dict)


def collect_recipients(collector: Collector) -> Recipients:
    """Read every recipient file, after the watchlists, whose topics are referred to. Collects problems."""
    recipients = Recipients()
    people: dict[str, SubscriberForm] = {}
    pending: list[tuple[Entry[SubscriptionForm], DefaultsForm]] = []
    for path, label in collector.paths("recipients"):
        read = collector.read(path, label, RecipientsFile)
        if read is None:
            continue
        document, head = read
        inherited = head.defaults if head is not None else DefaultsForm()
        for person in collector.entries(document, "subscriber", SubscriberForm):
            people[person.form.slug] = person.form
            recipients.subscribers[person.form.slug] = _subscriber(person, inherited)
        for destination in collector.entries(document, "channel", ChannelForm):
            recipients.channels[destination.form.slug] = _channel(collector, destination)
        pending += [
            (entry, inherited) for entry in collector.entries(document, "subscription", SubscriptionForm)
        ]
    operator = Subscriber(
        slug=OPERATOR, name="Operator", language=collector.settings.service.language, owner=BUILTIN
    )
    defaults = Subscription(slug=DEFAULT, subscriber=operator, channel=CONSOLE, owner=BUILTIN)
    for entry, inherited in pending:
        timing = timing_of(inherited, people.get(entry.form.subscriber), entry.form)
        _add_subscription(collector, recipients, entry, timing, defaults)
    if not collector.known("subscription"):
        subscriber = recipients.subscribers.setdefault(OPERATOR, operator)
        channel = recipients.channels.setdefault(CONSOLE.slug, CONSOLE)
        recipients.subscriptions[DEFAULT] = replace(defaults, subscriber=subscriber, channel=channel)
    return recipients


def timing_of(*forms: TimingForm | None) -> Timing:
    """Return the timing that several forms give together: of each key the last one that has it counts."""
    written: dict[str, Any] = {}
    for form in forms:
        if form is not None:
            said = form.model_fields_set & _TIMING_KEYS.keys()
            written |= {_TIMING_KEYS[key]: getattr(form, key) for key in said}
    return Timing(**written)


def _subscriber(entry: Entry[SubscriberForm], inherited: DefaultsForm) -> Subscriber:
    form = entry.form
    return Subscriber(
        slug=form.slug,
        name=form.name,
        language=form.language,
        zone=form.zone or inherited.zone or "UTC",
        owner=entry.owner,
    )


def _channel(collector: Collector, entry: Entry[ChannelForm]) -> Channel:
    form = entry.form
    if form.slug == CONSOLE.slug and form.kind is not ChannelKind.CONSOLE:
        fault = Fault("the name 'console' is kept for the console channel", "choose another slug")
        collector.problems.append(entry.problem("slug", fault))
    if form.kind is ChannelKind.EMAIL and form.enabled and collector.settings.smtp is None:
        fault = Fault(
            f"email channel '{form.slug}' has no mail server to send through",
            f"add a section [smtp] to {collector.settings.file.name}, or set enabled = false here",
        )
        collector.problems.append(entry.problem("kind", fault))
    chat = form.kind is ChannelKind.APPRISE
    return Channel(
        slug=form.slug,
        kind=form.kind,
        address=""
        if chat
        else form.address or _looked_up(collector, entry, "url", form.url, web_address_fault),
        secret=_looked_up(collector, entry, "url", form.url, _chat_fault)
        if chat
        else _looked_up(collector, entry, "secret", form.secret, _key_fault),
        format=form.format or PayloadFormat.STANDARD,
        enabled=form.enabled,
        disabled_reason="" if form.enabled else f"disabled in {entry.document.label}",
        owner=entry.owner,
    )


def _looked_up(
    collector: Collector,
    entry: Entry[ChannelForm],
    key: str,
    value: Any,
    fault_of: Callable[[str], Fault | None],
) -> str:
    """Take a value from the file or from where its reference points, and check it; "" when there is none."""
    if value is None:
        return ""
    plain = isinstance(value, str) and key == "url"
    found = value if plain else collector.settings.secrets.read(value)
    fault = found if isinstance(found, Fault) else fault_of(found)
    if fault is not None:
        named = Fault(f"channel '{entry.form.slug}': {fault.message}", fault.hint)
        collector.problems.append(entry.problem(key, named))
    return found if isinstance(found, str) else ""


def _chat_fault(value: str) -> Fault | None:
    """Check an Apprise URL; a missing extra is a fault, too."""
    found = url_fault(value)
    return None if found is None else Fault(found.message, found.hint)


def _key_fault(value: str) -> Fault | None:
    """Check a Standard Webhooks key: `whsec_` and 24 to 64 bytes in base64."""
    try:
        raw = base64.b64decode(value.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if value.startswith(SECRET_PREFIX) and 24 <= len(raw) <= 64:
        return None
    return Fault(
        "the secret is no webhook key",
        f"it must be {SECRET_PREFIX} and 24 to 64 bytes in base64; without a secret line one is made",
    )


def _add_subscription(
    collector: Collector,
    recipients: Recipients,
    entry: Entry[SubscriptionForm],
    timing: Timing,
    defaults: Subscription,
) -> None:
    form = entry.form
    topics = collector.known("topic")
    for index, topic in enumerate(form.topics):
        _refer(collector, entry, ("topics", index), topic, topics)
    subscribers = collector.known("subscriber") | {OPERATOR}
    channels = collector.known("channel") | {CONSOLE.slug}
    _refer(collector, entry, ("subscriber",), form.subscriber, subscribers)
    _refer(collector, entry, ("channel",), form.channel, channels)
    if form.fallback is not None:
        _refer(collector, entry, ("fallback",), form.fallback, channels)
    if form.subscriber == OPERATOR:
        recipients.subscribers.setdefault(OPERATOR, defaults.subscriber)
    if CONSOLE.slug in {form.channel, form.fallback}:
        recipients.channels.setdefault(CONSOLE.slug, CONSOLE)
    subscriber = recipients.subscribers.get(form.subscriber)
    channel = recipients.channels.get(form.channel)
    if subscriber is None or channel is None:
        return  # a problem, already told above or at the table itself
    recipients.subscriptions[form.slug] = Subscription(
        slug=form.slug,
        subscriber=subscriber,
        channel=channel,
        topics=form.topics,
        tags=form.tags,
        priorities=tuple(priority.value for priority in form.priorities),
        languages=form.languages,
        publishers=form.publishers,
        regions=form.regions,
        timing=timing,
        fallback=recipients.channels.get(form.fallback) if form.fallback is not None else None,
        surges=form.surges,
        enabled=form.enabled,
        owner=entry.owner,
    )


def _refer(
    collector: Collector, entry: Entry[SubscriptionForm], at: KeyPath, slug: str, known: set[str]
) -> None:
    if slug not in known:
        kind = str(at[0]).removesuffix("s")
        fault = Fault(
            f"subscription '{entry.form.slug}': there is no {kind} '{slug}'", suggestion(slug, known)
        )
        collector.problems.append(entry.document.problem((*entry.path, *at), fault))
