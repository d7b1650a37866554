"""Reports about mails: each is kept once, whatever a crash makes us read again."""

from dataclasses import dataclass
from datetime import datetime

from monitor.model import Channel
from monitor.store.columns import micros
from monitor.store.connector import Transaction
from monitor.store.recipients import channel_of


def channel_of_delivery(tx: Transaction, uid: str) -> Channel | None:
    """Return the channel that a delivery went to, or None for an unknown delivery."""
    row = tx.one(
        "SELECT c.* FROM deliveries d JOIN channels c ON c.id = d.channel_id WHERE d.uid = :uid", uid=uid
    )
    return None if row is None else channel_of(tx, row)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounce:
    """A report as it is kept; `channel_id` is None when it fits no delivery."""

    digest: str
    delivery_uid: str
    channel_id: int | None
    kind: str
    status: str
    reason: str
    received_at: datetime


def add_bounce(tx: Transaction, bounce: Bounce) -> bool:
    """Keep a report; return False when it was kept before."""
    return bool(
        tx.run(
            """
            INSERT INTO bounces (digest, delivery_uid, channel_id, kind, status, reason, acted, received_at)
            VALUES (:digest, :delivery_uid, :channel_id, :kind, :status, :reason, 0, :received_at)
            ON CONFLICT (digest) DO NOTHING
            """,
            digest=bounce.digest,
            delivery_uid=bounce.delivery_uid,
            channel_id=bounce.channel_id,
            kind=bounce.kind,
            status=bounce.status,
            reason=bounce.reason,
            received_at=micros(bounce.received_at),
        )
    )


def open_bounces(tx: Transaction, channel_id: int, *, kind: str, since: datetime) -> int:
    """Count a channel's reports of one kind that have led to nothing yet, one for each delivery."""
    row = tx.one(
        """
        SELECT count(DISTINCT delivery_uid) AS number FROM bounces
        WHERE channel_id = :channel_id AND received_at >= :since AND kind = :kind AND acted = 0
        """,
        channel_id=channel_id,
        kind=kind,
        since=micros(since),
    )
    assert row is not None
    return int(row["number"])


def settle_bounces(tx: Transaction, channel_id: int) -> None:
    """Let a channel's reports count no more: its address was suspended for them."""
    tx.run("UPDATE bounces SET acted = 1 WHERE channel_id = :channel_id AND acted = 0", channel_id=channel_id)


def mails_by_address(tx: Transaction, *, since: datetime) -> dict[str, int]:
    """Count the mails accepted since a time, by the address that they went to."""
    rows = tx.rows(
        """
        SELECT c.address, count(*) AS number FROM deliveries d JOIN channels c ON c.id = d.channel_id
        WHERE d.created_at >= :since AND d.state = 'done' AND c.kind = 'email' GROUP BY c.address
        """,
        since=micros(since),
    )
    return {row["address"]: int(row["number"]) for row in rows}


def prune_bounces(tx: Transaction, *, before: datetime, limit: int) -> int:
    """Delete reports that came before a time; return how many went."""
    return tx.run(
        """
        DELETE FROM bounces WHERE id IN
          (SELECT id FROM bounces WHERE received_at < :before ORDER BY received_at LIMIT :limit)
        """,
        before=micros(before),
        limit=limit,
    )
