"""Channels as people look at them, and the signing key a receiver needs."""

from dataclasses import dataclass

from monitor.app import App
from monitor.errors import NotFound, Refused
from monitor.store import Transaction, audit, recipients


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
    return [
        ChannelLine(
            slug=channel.slug,
            kind=channel.kind.value,
            owner=channel.owner,
            enabled=channel.enabled,
            reason=channel.disabled_reason,
            signed=bool(channel.secret),
        )
        for channel in sorted(channels, key=lambda channel: channel.slug)
    ]


async def show_secret(app: App, slug: str, *, actor: str) -> ChannelSecret:
    """Show the signing key of one channel, and leave an audit row that it was shown.

    Raises NotFound for an unknown channel and Refused for one that has no key.
    """
    return await app.store.write(_show, slug, actor=actor, app=app)


def _show(tx: Transaction, slug: str, *, actor: str, app: App) -> ChannelSecret:
    known = {channel.slug: channel for channel in recipients.list_channels(tx, enabled_only=False)}
    if slug not in known:
        raise NotFound(f"no channel is named {slug}; see: monitor channels list")
    if not known[slug].secret:
        raise Refused(f"the channel {slug} ({known[slug].kind.value}) signs nothing, so it has no key")
    audit.record(
        tx, actor=actor, action="show-secret", object=f"channel:{slug}", detail={}, now=app.context.clock()
    )
    return ChannelSecret(slug=slug, secret=known[slug].secret)
