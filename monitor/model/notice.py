"""Notices: what is told to people about the service itself, not about news."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from monitor.model.recipient import Channel


class NoticeKind(StrEnum):
    """What a notice is about; the value is the event type that receivers see."""

    TEST = "endpoint.test"
    DEGRADED = "endpoint.degraded"
    DISABLED = "endpoint.disabled"
    RECOVERED = "endpoint.recovered"
    CONFIRM = "subscription.confirm"
    ALL_QUIET = "digest.all_quiet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A message to one channel in one language. `title` and `lines` are what a person reads, one paragraph a line.

    `link` is the page on which the reader can act, if there is one. `about` is the slug of the channel or subscription
    it tells of.
    """

    uid: str
    kind: NoticeKind
    channel: Channel
    language: str = "en"
    title: str
    lines: tuple[str, ...]
    link: str = ""
    about: str = ""
    created_at: datetime
