"""Decisions and the alerts they lead to."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from monitor.model.hit import Hit
from monitor.model.recipient import Subscription
from monitor.model.story import Story
from monitor.model.surge import Surge
from monitor.model.topic import Topic


class Verdict(StrEnum):
    """What became of one hit for one subscription."""

    SENT_NOW = "sent_now"
    SUPPRESSED = "suppressed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The one final answer for (hit, subscription), with its reason in words."""

    hit_id: int
    subscription_id: int
    verdict: Verdict
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertHit:
    """A hit beside the topic it belongs to, as an alert shows them."""

    hit: Hit
    topic: Topic


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """The decision to tell one subscription about hits of one story, with its reason.

    `uid` is what receivers see (webhook-id, Message-ID) and never changes over retries and restarts.
    `hits` is ordered by (first_seen, item id, topic slug) and never empty.

    With `surges` it tells of many stories: of a topic's surge and those of its places (the first leads), `story` is
    the newest of them and `hits` has one hit for each of the newest stories, newest first.
    """

    id: int = 0
    uid: str
    subscription: Subscription
    story: Story
    hits: tuple[AlertHit, ...]
    reason: str
    created_at: datetime
    surges: tuple[Surge, ...] = ()
