"""Breakers: one row for each channel that was sent to, one for the mail relay. Decides nothing."""

from collections.abc import Iterable
from datetime import datetime

from monitor.model import Breaker
from monitor.store.columns import in_batches, micros, moment_or_none
from monitor.store.connector import Row, Transaction


def breakers_of(tx: Transaction, keys: Iterable[str]) -> dict[str, Breaker]:
    """Return the breakers of these keys, as far as there are any, by key."""
    return {
        row["key"]: _breaker(row)
        for batch in in_batches(keys)
        for row in tx.rows("SELECT * FROM breakers WHERE key IN (:keys)", keys=batch)
    }


def list_breakers(tx: Transaction) -> list[Breaker]:
    """Return every breaker, by key."""
    return [_breaker(row) for row in tx.rows("SELECT * FROM breakers ORDER BY key")]


def stopping(tx: Transaction, *, now: datetime) -> list[Breaker]:
    """Return the breakers that are open, or whose receiver wants no request now."""
    rows = tx.rows(
        "SELECT * FROM breakers WHERE opened_at IS NOT NULL OR held_until > :now ORDER BY key",
        now=micros(now),
    )
    return [_breaker(row) for row in rows]


def put_breaker(tx: Transaction, breaker: Breaker) -> None:
    """Store a breaker as it is now."""
    tx.run(
        """
        INSERT INTO breakers (key, channel_id, failures, failing_since, opened_at, probe_at, probes, held_until,
          last_ok_at, told_at, reason)
        VALUES (:key, :channel_id, :failures, :failing_since, :opened_at, :probe_at, :probes, :held_until,
          :last_ok_at, :told_at, :reason)
        ON CONFLICT (key) DO UPDATE SET failures = excluded.failures, failing_since = excluded.failing_since,
          opened_at = excluded.opened_at, probe_at = excluded.probe_at, probes = excluded.probes,
          held_until = excluded.held_until, last_ok_at = excluded.last_ok_at, told_at = excluded.told_at,
          reason = excluded.reason
        """,
        key=breaker.key,
        channel_id=breaker.channel_id,
        failures=breaker.failures,
        failing_since=micros(breaker.failing_since),
        opened_at=micros(breaker.opened_at),
        probe_at=micros(breaker.probe_at),
        probes=breaker.probes,
        held_until=micros(breaker.held_until),
        last_ok_at=micros(breaker.last_ok_at),
        told_at=micros(breaker.told_at),
        reason=breaker.reason,
    )


def _breaker(row: Row) -> Breaker:
    return Breaker(
        key=row["key"],
        channel_id=row["channel_id"],
        failures=row["failures"],
        failing_since=moment_or_none(row["failing_since"]),
        opened_at=moment_or_none(row["opened_at"]),
        probe_at=moment_or_none(row["probe_at"]),
        probes=row["probes"],
        held_until=moment_or_none(row["held_until"]),
        last_ok_at=moment_or_none(row["last_ok_at"]),
        told_at=moment_or_none(row["told_at"]),
        reason=row["reason"],
    )
