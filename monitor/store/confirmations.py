"""Mails that ask the owner of an address for a yes, and what was asked for.

The token that stands in the mail is kept as a hash only. Decides nothing: how long a yes may take and how many mails an
address may get is the caller's rule.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from monitor.store.columns import from_json, micros, moment, moment_or_none, to_json
from monitor.store.connector import Row, Transaction
from monitor.store.suppressions import address_key


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """One such mail: `channel` is where it went, `source` how it came about, `asked` what a yes will bring.

    `ip_prefix` is the network that asked, cut short.
    """

    id: int
    channel_id: int
    channel: str
    asked: Mapping[str, Any]
    source: str
    ip_prefix: str
    made_at: datetime
    expires_at: datetime
    confirmed_at: datetime | None


def add_confirmation(
    tx: Transaction,
    *,
    token: str,
    channel_id: int,
    address: str,
    asked: Mapping[str, Any],
    source: str,
    ip_prefix: str,
    now: datetime,
    expires_at: datetime,
) -> None:
    """Keep that a yes was asked for. Raises `StoreConflict` when the token was used before."""
    tx.run(
        """
        INSERT INTO confirmations (token_hash, channel_id, address_key, asked, source, ip_prefix, made_at, expires_at)
        VALUES (:token_hash, :channel_id, :address_key, :asked, :source, :ip_prefix, :now, :expires_at)
        """,
        token_hash=_hash(token),
        channel_id=channel_id,
        address_key=address_key(tx, address),
        asked=to_json(dict(asked)),
        source=source,
        ip_prefix=ip_prefix,
        now=micros(now),
        expires_at=micros(expires_at),
    )


def find_confirmation(tx: Transaction, token: str) -> Confirmation | None:
    """Return what the token of a mail stands for, expired or confirmed though it may be."""
    row = tx.one(_CONFIRMATIONS + "WHERE f.token_hash = :token_hash", token_hash=_hash(token))
    return None if row is None else _confirmation(row)


def confirmations_of(tx: Transaction, channel_id: int) -> list[Confirmation]:
    """Return the mails that went to a channel, oldest first."""
    rows = tx.rows(_CONFIRMATIONS + "WHERE f.channel_id = :channel_id ORDER BY f.id", channel_id=channel_id)
    return [_confirmation(row) for row in rows]


def settle_confirmation(tx: Transaction, confirmation: Confirmation, *, now: datetime) -> None:
    """Keep that the owner of the address said yes; the channel counts as confirmed from now on."""
    tx.run(
        "UPDATE confirmations SET confirmed_at = :now WHERE id = :id AND confirmed_at IS NULL",
        now=micros(now),
        id=confirmation.id,
    )
    confirm_channel(tx, confirmation.channel_id, now=now)


def confirm_channel(tx: Transaction, channel_id: int, *, now: datetime) -> None:
    """Keep that the owner of a channel's address said yes to it."""
    tx.run("UPDATE channels SET confirmed_at = :now WHERE id = :id", now=micros(now), id=channel_id)


def mails_since(tx: Transaction, address: str, *, since: datetime) -> int:
    """Return how many such mails an address was sent since a time."""
    row = tx.one(
        "SELECT count(*) AS number FROM confirmations WHERE address_key = :key AND made_at > :since",
        key=address_key(tx, address),
        since=micros(since),
    )
    assert row is not None
    return int(row["number"])


def count_open(tx: Transaction, *, now: datetime) -> int:
    """Return how many mails wait for their yes."""
    row = tx.one(
        "SELECT count(*) AS number FROM confirmations WHERE confirmed_at IS NULL AND expires_at > :now",
        now=micros(now),
    )
    assert row is not None
    return int(row["number"])


def is_confirmed(tx: Transaction, channel_id: int) -> bool:
    """Whether the owner of a channel's address said yes to it."""
    row = tx.one("SELECT confirmed_at FROM channels WHERE id = :id", id=channel_id)
    return row is not None and row["confirmed_at"] is not None


def forget_unconfirmed(tx: Transaction, *, now: datetime, before: datetime, limit: int) -> int:
    """Forget addresses that nobody said yes to in time, and rows older than `before`; return how many.

    Of the address remains its fingerprint, by which mails are counted, until the row goes, too.
    """
    rows = tx.rows(
        """
        SELECT DISTINCT c.id FROM channels c JOIN confirmations f ON f.channel_id = c.id
        WHERE c.confirmed_at IS NULL AND c.owner = 'ui' AND c.address <> ''
          AND NOT EXISTS (SELECT 1 FROM confirmations o WHERE o.channel_id = c.id AND o.expires_at > :now)
          AND NOT EXISTS (SELECT 1 FROM subscriptions s WHERE c.id IN (s.channel_id, s.fallback_channel_id))
        ORDER BY c.id LIMIT :limit
        """,
        now=micros(now),
        limit=limit,
    )
    for row in rows:
        wipe_channel(tx, row["id"], reason="nobody confirmed its address", now=now)
        forget_questions(tx, row["id"])
    old = tx.run(
        """
        DELETE FROM confirmations WHERE id IN (
          SELECT id FROM confirmations WHERE made_at < :before AND expires_at <= :now ORDER BY id LIMIT :limit)
        """,
        before=micros(before),
        now=micros(now),
        limit=limit,
    )
    return len(rows) + old


def wipe_channel(tx: Transaction, channel_id: int, *, reason: str, now: datetime) -> None:
    """Switch a channel off for good and forget its address, its key and what every message to it said."""
    tx.run(
        """
        UPDATE channels SET address = '', secret = NULL, old_secret = NULL, old_secret_until = NULL, enabled = 0,
          disabled_reason = :reason, confirmed_at = NULL
        WHERE id = :id
        """,
        reason=reason,
        id=channel_id,
    )
    tx.run(
        """
        UPDATE deliveries SET state = 'cancelled', done_at = :now WHERE state = 'pending' AND channel_id = :id
        """,
        now=micros(now),
        id=channel_id,
    )
    tx.run("UPDATE deliveries SET reason = :reason WHERE channel_id = :id", reason=reason, id=channel_id)
    tx.run(
        "UPDATE payloads SET body = :nothing WHERE delivery_id IN (SELECT id FROM deliveries WHERE channel_id = :id)",
        nothing=b"",
        id=channel_id,
    )
    tx.run(
        "UPDATE attempts SET reason = '', reply = '' WHERE delivery_id IN "
        "(SELECT id FROM deliveries WHERE channel_id = :id)",
        id=channel_id,
    )


def forget_questions(tx: Transaction, channel_id: int) -> None:
    """Forget what was asked for at a channel and from where; that an address was asked stays."""
    tx.run("UPDATE confirmations SET asked = '{}', ip_prefix = '' WHERE channel_id = :id", id=channel_id)


_CONFIRMATIONS = """
SELECT f.id, f.channel_id, c.slug, f.asked, f.source, f.ip_prefix, f.made_at, f.expires_at, f.confirmed_at
FROM confirmations f JOIN channels c ON c.id = f.channel_id
"""


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _confirmation(row: Row) -> Confirmation:
    return Confirmation(
        id=row["id"],
        channel_id=row["channel_id"],
        channel=row["slug"],
        asked=from_json(row["asked"]),
        source=row["source"],
        ip_prefix=row["ip_prefix"],
        made_at=moment(row["made_at"]),
        expires_at=moment(row["expires_at"]),
        confirmed_at=moment_or_none(row["confirmed_at"]),
    )
