"""Silences: one-off mutes, how long they last, and what they kept back. Matches nothing."""

from collections.abc import Iterable
from dataclasses import asdict, replace
from datetime import datetime

from monitor.errors import NotFound, Refused
from monitor.model import Matcher, Silence
from monitor.store.columns import from_json, micros, moment, moment_or_none, to_json
from monitor.store.connector import Row, Transaction


def add_silence(tx: Transaction, silence: Silence) -> Silence:
    """Store a silence and return it with its id. Raises `StoreConflict` when its uid is taken."""
    row = tx.one(
        """
        INSERT INTO silences (uid, matcher, owner, reason, begins_at, ends_at, created_at)
        VALUES (:uid, :matcher, :owner, :reason, :begins_at, :ends_at, :created_at) RETURNING id
        """,
        uid=silence.uid,
        matcher=to_json({name: value for name, value in asdict(silence.matcher).items() if value}),
        owner=silence.owner,
        reason=silence.reason,
        begins_at=micros(silence.begins_at),
        ends_at=micros(silence.ends_at),
        created_at=micros(silence.created_at),
    )
    assert row is not None
    return replace(silence, id=row["id"])


def list_silences(tx: Transaction, *, now: datetime | None = None, owner: str | None = None) -> list[Silence]:
    """Return silences, the newest first: all of them, or with `now` those in force then; or an owner's only."""
    rows = tx.rows(
        """
        SELECT * FROM silences
        WHERE (CAST(:now AS BIGINT) IS NULL OR (begins_at <= :now AND (ends_at IS NULL OR ends_at > :now)))
          AND (CAST(:owner AS TEXT) IS NULL OR owner = :owner)
        ORDER BY created_at DESC, id DESC
        """,
        now=micros(now),
        owner=owner,
    )
    return [_silence(row) for row in rows]


def get_silence(tx: Transaction, uid: str) -> Silence:
    """Return one silence. Raises `NotFound`."""
    row = tx.one("SELECT * FROM silences WHERE uid = :uid", uid=uid)
    if row is None:
        raise NotFound(f"no silence has the id {uid!r}; see: monitor silences list --all")
    return _silence(row)


def end_silence(tx: Transaction, uid: str, *, now: datetime) -> Silence:
    """End a silence now and return it. Raises `NotFound`, and `Refused` for one that has ended."""
    silence = get_silence(tx, uid)
    if silence.ends_at is not None and silence.ends_at <= now:
        raise Refused(f"the silence {uid} ended at {silence.ends_at:%Y-%m-%d %H:%M}Z")
    tx.run("UPDATE silences SET ends_at = :now WHERE id = :id", now=micros(now), id=silence.id)
    return replace(silence, ends_at=now)


def kept_back(tx: Transaction, silence_ids: Iterable[int]) -> dict[int, int]:
    """Return how many hits each of the silences kept back so far."""
    rows = tx.rows(
        """
        SELECT silence_id, count(DISTINCT hit_id) AS number FROM decisions
        WHERE silence_id IN (:ids) GROUP BY silence_id
        """,
        ids=tuple(silence_ids),
    )
    return {row["silence_id"]: row["number"] for row in rows}


def untold_ends(tx: Transaction, subscription_id: int, *, now: datetime) -> list[tuple[Silence, int]]:
    """Return the silences that ended, kept something back from the subscription, and were not spoken of since."""
    rows = tx.rows(
        """
        SELECT s.*, kept.number FROM (
          SELECT silence_id, count(*) AS number FROM decisions
          WHERE subscription_id = :subscription AND silence_id IS NOT NULL GROUP BY silence_id
        ) AS kept
        JOIN silences s ON s.id = kept.silence_id
        WHERE s.ends_at <= :now AND NOT EXISTS (
          SELECT 1 FROM silences_told t WHERE t.silence_id = s.id AND t.subscription_id = :subscription
        )
        ORDER BY s.ends_at, s.id
        """,
        subscription=subscription_id,
        now=micros(now),
    )
    return [(_silence(row), row["number"]) for row in rows]


def mark_end_told(tx: Transaction, silence_ids: Iterable[int], *, subscription_id: int) -> None:
    """Remember that the subscription was told of the end of these silences."""
    tx.many(
        "INSERT INTO silences_told (silence_id, subscription_id) VALUES (:silence_id, :subscription_id)",
        [{"silence_id": each, "subscription_id": subscription_id} for each in silence_ids],
    )


def _silence(row: Row) -> Silence:
    return Silence(
        id=row["id"],
        uid=row["uid"],
        matcher=Matcher(**{name: tuple(value) for name, value in from_json(row["matcher"]).items()}),
        owner=row["owner"],
        reason=row["reason"],
        begins_at=moment(row["begins_at"]),
        ends_at=moment_or_none(row["ends_at"]),
        created_at=moment(row["created_at"]),
    )
