"""Channels as people handle them: list, switch on again, show the signing key a receiver needs, and change it."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.app import App
from monitor.config import load_desired
from monitor.deliver.hook.signature import GRACE, generate_secret
from monitor.errors import NotFound, Refused
from monitor.model import Channel, ChannelKind
from monitor.store import Transaction, audit, recipients

BY_FILE = ("disabled in ", "no longer in ")  # how the reasons begin that a configuration file gives


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelLine:
    """One channel as a list shows it; where it leads to stays out, since a webhook's address is a secret."""

    slug: str
    kind: str
    owner: str
    enabled: bool
    reason: str
    signed: bool
    old_key_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelSecret:
    """The key that signs a channel's webhooks (`whsec_…`)."""

    slug: str
    secret: str


async def list_channels(app: App) -> list[ChannelLine]:
    """List all channels, by slug."""
    channels = await app.store.read(recipients.list_channels, enabled_only=False)
    return [_line(channel) for channel in sorted(channels, key=lambda channel: channel.slug)]


async def show_secret(app: App, slug: str, *, actor: str) -> ChannelSecret:
    """Show the signing key of one channel, and leave an audit row that it was shown.

    Raises NotFound for an unknown channel and Refused for one that has no key.
    """
    return await app.store.write(_show, slug, actor=actor, app=app)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSecret:
    """A channel's new signing key; `old_until` is when the one before it signs no more, None if it does not now."""

    slug: str
    secret: str
    old_until: datetime | None


async def rotate_secret(app: App, slug: str, *, grace: timedelta = GRACE, actor: str) -> NewSecret:
    """Make a new signing key; the one before signs beside it for `grace`.

    Raises NotFound for an unknown channel, Refused for one that signs nothing or whose key stands in a file, and
    ConfigError while the files, where its key may stand, cannot be read.
    """
    desired = await asyncio.to_thread(load_desired, app.settings)
    in_files = {channel.slug for channel in desired.channels if channel.secret}
    return await app.store.write(_rotate, slug, in_files=in_files, grace=grace, actor=actor, app=app)


async def enable_channel(app: App, slug: str, *, actor: str) -> ChannelLine:
    """Switch a channel on again; deliveries that were cancelled meanwhile stay cancelled.

    Raises NotFound for an unknown channel and Refused for one that its file switches off, or that is on.
    """
    return await app.store.write(_enable, slug, actor=actor, app=app)


def _enable(tx: Transaction, slug: str, *, actor: str, app: App) -> ChannelLine:
    channel = known_channel(tx, slug)
    if channel.enabled:
        raise Refused(f"the channel {slug} is on")
    if channel.disabled_reason.startswith(BY_FILE[0]):
        raise Refused(
            f"the channel {slug} is {channel.disabled_reason}: enable it there, then: monitor apply"
        )
    recipients.enable_channel(tx, slug)
    audit.record(
        tx,
        actor=actor,
        action="enable",
        object=f"channel:{slug}",
        detail={"was": channel.disabled_reason},
        now=app.context.clock(),
    )
    return _line(known_channel(tx, slug))


def _rotate(
    tx: Transaction, slug: str, *, in_files: set[str], grace: timedelta, actor: str, app: App
) -> NewSecret:
    channel = known_channel(tx, slug)
    if channel.kind is not ChannelKind.WEBHOOK:
        raise Refused(f"the channel {slug} ({channel.kind.value}) signs nothing, so it has no key")
    if slug in in_files:
        raise Refused(
            f"the key of {slug} stands in a configuration file ({channel.owner}): change it there, then: "
            "monitor apply; "
            f"the key before it signs for another {GRACE.total_seconds() / 3600:g} hours"
        )
    now = app.context.clock()
    secret = generate_secret()
    recipients.rotate_secret(tx, slug, secret, until=now + grace)
    recipients.forget_old_secrets(tx, now=now)  # without a grace the old key goes at once
    audit.record(
        tx,
        actor=actor,
        action="rotate-secret",
        object=f"channel:{slug}",
        detail={"grace_hours": grace.total_seconds() / 3600},
        now=now,
    )
    return NewSecret(slug=slug, secret=secret, old_until=known_channel(tx, slug).old_secret_until)


def known_channel(tx: Transaction, slug: str) -> Channel:
    """Return a channel by its slug; raises NotFound with the command that lists them."""
    for channel in recipients.list_channels(tx, enabled_only=False):
        if channel.slug == slug:
            return channel
    raise NotFound(f"no channel is named {slug}; see: monitor channels list")


def _line(channel: Channel) -> ChannelLine:
    return ChannelLine(
        slug=channel.slug,
        kind=channel.kind.value,
        owner=channel.owner,
        enabled=channel.enabled,
        reason=channel.disabled_reason,
        signed=channel.kind is ChannelKind.WEBHOOK and bool(channel.secret),
        old_key_until=channel.old_secret_until,
    )


def _show(tx: Transaction, slug: str, *, actor: str, app: App) -> ChannelSecret:
    channel = known_channel(tx, slug)
    if channel.kind is not ChannelKind.WEBHOOK or not channel.secret:
        raise Refused(f"the channel {slug} ({channel.kind.value}) signs nothing, so it has no key")
    audit.record(
        tx, actor=actor, action="show-secret", object=f"channel:{slug}", detail={}, now=app.context.clock()
    )
    return ChannelSecret(slug=slug, secret=channel.secret)
