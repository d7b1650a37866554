"""Hosts that refused us, and until when none of their feeds is asked."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.store.columns import micros, moment
from monitor.store.connector import Transaction

LONGEST_WAIT = timedelta(days=8)  # none is longer; what is comes from a clock that ran ahead


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Until when none of a host's feeds is asked, and why."""

    until: datetime
    reason: str


def hold(tx: Transaction, host: str, *, until: datetime, reason: str, now: datetime) -> None:
    """Ask no feed of a host before a time; of two refusals the later end counts.

    One that comes while the host makes us wait answers what was asked before, and does not count again.
    """
    tx.run(
        """
        INSERT INTO hosts (host, wait_until, refusals, reason) VALUES (:host, :until, 1, :reason)
        ON CONFLICT (host) DO UPDATE SET
          wait_until = CASE WHEN hosts.wait_until > excluded.wait_until THEN hosts.wait_until
            ELSE excluded.wait_until END,
          refusals = hosts.refusals + CASE WHEN hosts.wait_until > :now THEN 0 ELSE 1 END,
          reason = excluded.reason
        """,
        host=host,
        until=micros(until),
        reason=reason,
        now=micros(now),
    )


def release(tx: Transaction, host: str) -> None:
    """Forget that a host refused us: it has answered again."""
    tx.run("DELETE FROM hosts WHERE host = :host", host=host)


def wait_of(tx: Transaction, host: str) -> Wait | None:
    """Return the wait of a host that refused us, which may be over."""
    row = tx.one("SELECT wait_until, reason FROM hosts WHERE host = :host", host=host)
    return None if row is None else Wait(until=moment(row["wait_until"]), reason=row["reason"])


def waits(tx: Transaction) -> dict[str, Wait]:
    """Return the waits of all hosts that refused us, which may be over."""
    rows = tx.rows("SELECT host, wait_until, reason FROM hosts")
    return {row["host"]: Wait(until=moment(row["wait_until"]), reason=row["reason"]) for row in rows}


def held(tx: Transaction) -> dict[str, int]:
    """Return how many times in a row each host has refused us."""
    return {row["host"]: row["refusals"] for row in tx.rows("SELECT host, refusals FROM hosts")}


def prune_waits(tx: Transaction, *, now: datetime) -> int:
    """Drop waits that end absurdly late: they were written while the clock ran ahead."""
    return tx.run("DELETE FROM hosts WHERE wait_until > :latest", latest=micros(now + LONGEST_WAIT))
