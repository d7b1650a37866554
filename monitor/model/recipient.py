"""Who is told, where, and about what: subscribers, channels, subscriptions."""

from dataclasses import dataclass, field
from enum import StrEnum


class ChannelKind(StrEnum):
    """What a channel speaks; `monitor.deliver.SENDERS` has one sender for each."""

    CONSOLE = "console"
    EMAIL = "email"
    WEBHOOK = "webhook"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriber:
    """Someone who receives alerts; `language` is the one alerts are written in (`en` or `es`)."""

    id: int = 0
    slug: str
    name: str
    language: str = "en"
    owner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A configured destination.

    `address` is a URL (webhook), a mail address (email) or empty (console). `secret` is the opened webhook key
    (`whsec_…`) and never appears in a repr or a log; the store keeps it sealed. A channel that is not `enabled`
    was switched off, and `disabled_reason` says why.
    """

    id: int = 0
    slug: str
    kind: ChannelKind
    address: str = ""
    secret: str = field(default="", repr=False)
    enabled: bool = True
    disabled_reason: str = ""
    owner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """Subscriber x topics x channel; an empty `topics` means all topics, an empty `languages` all languages.

    `surges`: it is also told when one of its topics has many more stories than usual.
    """

    id: int = 0
    slug: str
    subscriber: Subscriber
    channel: Channel
    topics: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    surges: bool = True
    enabled: bool = True
    owner: str
