"""The suppression list: mail addresses that get nothing, whoever asks for it.

Kept as keyed fingerprints: the list recognises an address and cannot tell which ones are on it, so that it may outlive
everything else that is known of a person.
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from monitor.store.columns import in_batches, micros, moment
from monitor.store.connector import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """Why and since when an address gets nothing."""

    reason: str
    made_at: datetime


def normal_address(address: str) -> str:
    """Return a mail address in the one form in which addresses are compared; "" for what is none.

    Its case does not count, nor whether its domain is written in letters or in IDNA form.
    """
    local, at, domain = unicodedata.normalize("NFC", address.strip()).rpartition("@")
    if not at or not local or not domain or "/" in domain:
        return ""
    return f"{local.casefold()}@{_domain(domain.rstrip('.').lower())}"


def address_key(tx: Transaction, address: str) -> str:
    """Return the keyed fingerprint of an address, "" for what is none."""
    normal = normal_address(address)
    return tx.sealer.fingerprint(normal, context="address") if normal else ""


def suppression_of(tx: Transaction, address: str) -> Suppression | None:
    """Return why an address gets nothing; None when it may get mail."""
    row = tx.one("SELECT * FROM suppressions WHERE address_key = :key", key=address_key(tx, address))
    return None if row is None else Suppression(reason=row["reason"], made_at=moment(row["made_at"]))


def is_suppressed(tx: Transaction, address: str) -> bool:
    """Whether an address gets nothing; what is no mail address is never on the list."""
    return suppression_of(tx, address) is not None


def suppressed_of(tx: Transaction, addresses: Iterable[str]) -> set[str]:
    """Return those of the addresses that get nothing, as they were given."""
    keys = {address: address_key(tx, address) for address in set(addresses)}
    listed: set[str] = set()
    for batch in in_batches(sorted(set(keys.values()) - {""})):
        rows = tx.rows("SELECT address_key FROM suppressions WHERE address_key IN (:keys)", keys=batch)
        listed |= {row["address_key"] for row in rows}
    return {address for address, key in keys.items() if key in listed}


def suppress(tx: Transaction, address: str, *, reason: str, now: datetime) -> bool:
    """Put an address on the list and cancel what waits to be sent to it; False when it was there, or is no address.

    The first reason stays, but for `unsubscribed`, which its owner can take back and any other reason replaces.
    """
    key = address_key(tx, address)
    if not key:
        return False
    added = tx.run(
        """
        INSERT INTO suppressions (address_key, reason, made_at) VALUES (:key, :reason, :now)
        ON CONFLICT (address_key) DO UPDATE SET reason = excluded.reason, made_at = excluded.made_at
        WHERE suppressions.reason = :mild AND excluded.reason <> :mild
        """,
        key=key,
        reason=reason,
        mild=UNSUBSCRIBED,
        now=micros(now),
    )
    _cancel_waiting(tx, address, reason=reason, now=now)
    return bool(added)


def unsuppress(tx: Transaction, address: str) -> bool:
    """Take an address off the list; False when it was not there. Cancelled deliveries stay cancelled."""
    return bool(tx.run("DELETE FROM suppressions WHERE address_key = :key", key=address_key(tx, address)))


def suppression_counts(tx: Transaction) -> dict[str, int]:
    """Return how many addresses are on the list for each reason."""
    rows = tx.rows("SELECT reason, count(*) AS number FROM suppressions GROUP BY reason ORDER BY reason")
    return {row["reason"]: row["number"] for row in rows}


UNSUBSCRIBED = "unsubscribed"


def _cancel_waiting(tx: Transaction, address: str, *, reason: str, now: datetime) -> None:
    wanted = normal_address(address)
    rows = tx.rows("SELECT id, address FROM channels WHERE kind = 'email'")
    ids = [row["id"] for row in rows if normal_address(row["address"]) == wanted]
    for batch in in_batches(ids):
        tx.run(
            """
            UPDATE deliveries SET state = 'cancelled', done_at = :now, reason = :reason
            WHERE state = 'pending' AND channel_id IN (:ids)
            """,
            now=micros(now),
            reason=f"the address is on the suppression list: {reason}",
            ids=batch,
        )


def _domain(name: str) -> str:
    try:
        return name if name.isascii() else name.encode("idna").decode("ascii")
    except UnicodeError:
        return name
