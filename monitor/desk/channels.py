"""Channels as people handle them: list, switch on again, and show the signing key a receiver needs."""

from dataclasses import dataclass

from monitor.app import App
from monitor.errors import NotFound, Refused
from monitor.model import Channel
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
        signed=bool(channel.secret),
    )


def _show(tx: Transaction, slug: str, *, actor: str, app: App) -> ChannelSecret:
    channel = known_channel(tx, slug)
    if not channel.secret:
        raise Refused(f"the channel {slug} ({channel.kind.value}) signs nothing, so it has no key")
    audit.record(
        tx, actor=actor, action="show-secret", object=f"channel:{slug}", detail={}, now=app.context.clock()
    )
    return ChannelSecret(slug=slug, secret=channel.secret)
