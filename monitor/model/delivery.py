"""Deliveries and attempts: one alert to one channel through all retries, and each single try."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from monitor.model.alert import Urgency
from monitor.model.recipient import Channel


class DeliveryState(StrEnum):
    """Where a delivery stands; `done`, `dead` and `cancelled` are final."""

    PENDING = "pending"
    LEASED = "leased"
    DONE = "done"
    DEAD = "dead"
    CANCELLED = "cancelled"


class AttemptCause(StrEnum):
    """Why an attempt was made: its time had come, or somebody asked for it."""

    DUE = "due"
    MANUAL = "manual"


class SendOutcome(StrEnum):
    """What one attempt came to."""

    ACCEPTED = "accepted"
    REFUSED = "refused"  # permanent: the same bytes will never be taken
    RETRY = "retry"  # transient: worth another attempt
    UNKNOWN = "unknown"  # cut off after everything was handed over: it may have arrived
    DISABLE = "disable"  # the receiver asks never to be called again (410), or the address does not exist


@dataclass(frozen=True, slots=True, kw_only=True)
class SendResult:
    """What a sender reports. `status` is the HTTP status or SMTP code; `retry_after` in seconds.

    `reply` is the beginning of what the receiver wrote back, as one clean line without secrets.
    `relay_fault`: the mail relay failed us, not this message: it cannot be reached, or refuses our login or policy.
    `held_back`: a bound on the mails a minute kept it from being tried at all; it may come again after `retry_after`.
    """

    outcome: SendOutcome
    reason: str
    status: int | None = None
    retry_after: float | None = None
    reply: str = ""
    relay_fault: bool = False
    held_back: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One alert, or one notice (no `alert_id`), to one channel. `payload` are the exact bytes that every attempt sends.

    `event` says which (`alert.KIND`, or the notice's kind). `story_id` is set where deliveries of one story must arrive
    in order; after `expires_at` it is not sent any more. `attempts` numbers all attempts; `tries` are those that failed
    by the receiver's doing, and `unknowns` those of which nobody knows.
    """

    id: int = 0
    uid: str
    event: str
    alert_id: int | None
    story_id: int | None = None
    channel: Channel
    urgency: Urgency = Urgency.NORMAL
    state: DeliveryState
    payload: bytes = field(repr=False)
    due_at: datetime
    expires_at: datetime
    attempts: int = 0
    tries: int = 0
    unknowns: int = 0
    reason: str = ""
    created_at: datetime
    lease_owner: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try; written before the send, closed after it. `outcome` is None while it runs or if we died."""

    id: int
    delivery_id: int
    number: int
    cause: AttemptCause = AttemptCause.DUE
    started_at: datetime
    ended_at: datetime | None = None
    outcome: SendOutcome | None = None
    status: int | None = None
    reason: str = ""
    reply: str = ""
