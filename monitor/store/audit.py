"""The audit trail: who did what to which object. Append only: nothing here changes or deletes a row.

One thing does: what names a person who was erased (`store.personal`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from monitor.store.columns import from_json, micros, moment, to_json
from monitor.store.connector import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One thing done. `object` names what it was done to (`topic:tariffs`), `detail` is JSON."""

    id: int
    at: datetime
    actor: str
    action: str
    object: str
    detail: Mapping[str, Any]


def record(
    tx: Transaction,
    *,
    actor: str,
    action: str,
    object: str,  # noqa: A002 - the word of the glossary, and of the column
    detail: Mapping[str, Any],
    now: datetime,
) -> None:
    """Append an entry. `detail` holds what JSON can say, and never a secret."""
    tx.run(
        "INSERT INTO audit (at, actor, action, object, detail) VALUES (:at, :actor, :action, :object, :detail)",
        at=micros(now),
        actor=actor,
        action=action,
        object=object,
        detail=to_json(dict(detail)),
    )


def recent_audit(tx: Transaction, *, limit: int) -> list[AuditEntry]:
    """Return the newest entries, newest first."""
    return [
        AuditEntry(
            id=row["id"],
            at=moment(row["at"]),
            actor=row["actor"],
            action=row["action"],
            object=row["object"],
            detail=from_json(row["detail"]),
        )
        for row in tx.rows("SELECT * FROM audit ORDER BY id DESC LIMIT :limit", limit=limit)
    ]
