"""Deliveries that have ended, as somebody chooses among them who wants them sent again. Changes nothing."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from monitor.model import DeliveryState
from monitor.store.columns import micros, moment
from monitor.store.connector import Row, Transaction

MOST: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A delivery that somebody might want again: where it stands, and what is in the way.

    `wanted`: its subscription is still on; True for a notice. `written`: there are bytes to send.
    """

    id: int
    uid: str
    state: DeliveryState
    due_at: datetime
    reason: str
    channel: str
    channel_on: bool
    channel_reason: str
    wanted: bool
    written: bool


def find_delivery(tx: Transaction, name: str) -> Candidate | None:
    """Return the delivery with this uid, or with this number."""
    number = int(name) if name.isascii() and name.isdecimal() and len(name) < 18 else -1
    row = tx.one(_CANDIDATES + "WHERE d.uid = :uid OR d.id = :id", uid=name, id=number)
    return None if row is None else _candidate(row)


def ended_alerts(
    tx: Transaction, *, states: tuple[DeliveryState, ...], channel: str | None, since: datetime | None
) -> list[Candidate]:
    """Return alerts' deliveries in these states, oldest first: of one channel or of all, made from `since` on.

    Fallbacks that were not needed are not among them. At most one more than `MOST`.
    """
    wanted: dict[str, Any] = {"states": tuple(state.value for state in states), "limit": MOST + 1}
    where = "WHERE d.state IN (:states) AND d.alert_id IS NOT NULL AND d.reason NOT LIKE 'not needed: %'"
    if channel is not None:
        where += " AND c.slug = :channel"
        wanted["channel"] = channel
    if since is not None:
        where += " AND d.created_at >= :since"
        wanted["since"] = micros(since)
    rows = tx.rows(f"{_CANDIDATES} {where} ORDER BY d.created_at, d.id LIMIT :limit", **wanted)
    return [_candidate(row) for row in rows]


_CANDIDATES = """
SELECT d.id, d.uid, d.state, d.due_at, d.reason, c.slug AS channel, c.enabled AS channel_on,
  c.disabled_reason AS channel_reason, COALESCE(s.enabled, 1) AS wanted, length(p.body) AS size
FROM deliveries d
JOIN payloads p ON p.delivery_id = d.id
JOIN channels c ON c.id = d.channel_id
LEFT JOIN alerts a ON a.id = d.alert_id
LEFT JOIN subscriptions s ON s.id = a.subscription_id
"""


def _candidate(row: Row) -> Candidate:
    return Candidate(
        id=row["id"],
        uid=row["uid"],
        state=DeliveryState(row["state"]),
        due_at=moment(row["due_at"]),
        reason=row["reason"],
        channel=row["channel"],
        channel_on=bool(row["channel_on"]),
        channel_reason=row["channel_reason"],
        wanted=bool(row["wanted"]),
        written=row["size"] > 0,
    )
