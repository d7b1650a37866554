"""Breakers: how an endpoint, or the mail relay that all email channels share, has been doing."""

from dataclasses import dataclass
from datetime import datetime

RELAY = "relay"


def channel_key(channel_id: int) -> str:
    """Return the key of a channel's own breaker."""
    return f"channel:{channel_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """One endpoint's record; what follows from it is decided by `monitor.deliver.breaker`.

    `failures` in a row since `failing_since`. Open from `opened_at` on: its deliveries wait, but for one probe at
    `probe_at`, after `probes` that failed. Until `held_until` the receiver wants no request (Retry-After). `told_at` is
    when people were told that it is degraded.
    """

    key: str
    channel_id: int | None = None
    failures: int = 0
    failing_since: datetime | None = None
    opened_at: datetime | None = None
    probe_at: datetime | None = None
    probes: int = 0
    held_until: datetime | None = None
    last_ok_at: datetime | None = None
    told_at: datetime | None = None
    reason: str = ""

    @property
    def is_open(self) -> bool:
        """Whether deliveries wait for a probe to succeed."""
        return self.opened_at is not None
