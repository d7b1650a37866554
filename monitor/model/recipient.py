"""Who is told, where, and about what: subscribers, channels, subscriptions."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from monitor.model.timing import Timing


class ChannelKind(StrEnum):
    """What a channel speaks; `monitor.deliver.SENDERS` has one sender for each."""

    CONSOLE = "console"
    EMAIL = "email"
    WEBHOOK = "webhook"
    APPRISE = "apprise"  # chat services


class PayloadFormat(StrEnum):
    """How the body of a webhook is wrapped."""

    STANDARD = "standard"  # type, timestamp and data, as Standard Webhooks has it
    CLOUDEVENTS = "cloudevents"  # a CloudEvent in JSON, its structured mode


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriber:
    """Someone who receives alerts.

    `language` is the one alerts are written in (`en` or `es`); `zone` is the IANA name of the time zone in which the
    digest hours and quiet hours of all their subscriptions are meant.
    """

    id: int = 0
    slug: str
    name: str
    language: str = "en"
    zone: str = "UTC"
    owner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A configured destination.

    `address` is a URL (webhook), a mail address (email) or empty. `secret` is the opened webhook key (`whsec_…`), or
    the URL of a chat service (apprise), which is made of credentials; it never appears in a repr or a log, and the
    store keeps it sealed. `old_secret` is the key before it, which signs, too, until `old_secret_until`. `format` says
    how a webhook's body is wrapped. A channel that is not `enabled` was switched off, and `disabled_reason` says why.
    """

    id: int = 0
    slug: str
    kind: ChannelKind
    address: str = ""
    secret: str = field(default="", repr=False)
    old_secret: str = field(default="", repr=False)
    old_secret_until: datetime | None = None
    format: PayloadFormat = PayloadFormat.STANDARD
    enabled: bool = True
    disabled_reason: str = ""
    owner: str

    def keys(self, now: datetime) -> tuple[str, ...]:
        """Return the keys that sign now: the one in force, and the one before it while its grace lasts."""
        in_grace = self.old_secret_until is not None and now < self.old_secret_until
        return tuple(key for key in (self.secret, self.old_secret if in_grace else "") if key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """Subscriber x what they ask for x channel x when.

    Every filter that is empty takes all: `topics` (slugs), `tags` of topics, `priorities` of topics, `languages` of
    items, `publishers` and `regions` of feeds. A hit is asked for when it passes all of them.
    `surges`: it is also told when one of its topics has many more stories than usual.
    `fallback` is where an urgent alert goes, too, when `channel` has not accepted it in time.
    `next_digest_at` is when the next digest is due; None until it was worked out.
    """

    id: int = 0
    slug: str
    subscriber: Subscriber
    channel: Channel
    topics: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    priorities: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    publishers: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    timing: Timing = field(default_factory=Timing)
    fallback: Channel | None = None
    surges: bool = True
    enabled: bool = True
    next_digest_at: datetime | None = None
    last_digest_at: datetime | None = None
    owner: str
