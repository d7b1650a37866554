"""A push: our WebSub subscription for one feed at the hub that its publisher names."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class PushState(StrEnum):
    """How a push stands. Only an active one whose lease runs is relied on."""

    PENDING = "pending"  # asked for, or to be asked for, and not confirmed yet
    ACTIVE = "active"  # confirmed by the hub until `lease_until`
    DENIED = "denied"  # the hub told us that it will not serve us
    LAPSED = "lapsed"  # the lease ran out before the hub renewed it
    FAILED = "failed"  # the hub refused our request or could not be asked
    UNSUBSCRIBING = "unsubscribing"  # no longer wanted, the hub is being told
    ENDED = "ended"  # no longer wanted; kept a while so that its callback can say so


@dataclass(frozen=True, slots=True, kw_only=True)
class Hub:
    """Where to subscribe and for what: the hub's URL and the topic, which is the feed's own (self) URL."""

    hub: str
    topic: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """One subscription, as the store keeps it.

    `token` is the unguessable part of `callback`. `secret` keys the signatures of pings: None where none was given
    to the hub, empty when the sealed one does not open any more. `since` is when the push was made, `due_at` when the
    hub is to be asked next; `requested_at` is set while the hub's confirmation of a request is awaited, `attempts`
    counts requests since the last confirmation. `pings` counts the valid ones, `bad_pings` those that were ignored.
    """

    id: int = 0
    feed_id: int
    feed_slug: str
    hub: str
    topic: str
    token: str
    callback: str
    secret: str | None
    since: datetime
    state: PushState
    reason: str = ""
    due_at: datetime
    lease_until: datetime | None = None
    requested_at: datetime | None = None
    last_ping_at: datetime | None = None
    pings: int = 0
    bad_pings: int = 0
    attempts: int = 0
