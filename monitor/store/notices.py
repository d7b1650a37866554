"""What became of a notice that somebody waits for. The outbox queues and sends it like every delivery."""

from datetime import datetime

from monitor.model import Attempt
from monitor.store import outbox
from monitor.store.columns import micros
from monitor.store.connector import Transaction


def first_answer(tx: Transaction, delivery_id: int) -> Attempt | None:
    """Return the first attempt of a delivery that has ended; None while there is none."""
    return next((each for each in outbox.attempts_of(tx, delivery_id) if each.ended_at is not None), None)


def withdraw(tx: Transaction, delivery_id: int, *, reason: str, now: datetime) -> bool:
    """Cancel a delivery that waits; False when it is under way or has ended."""
    return bool(
        tx.run(
            "UPDATE deliveries SET state = 'cancelled', reason = :reason, done_at = :now "
            "WHERE id = :id AND state = 'pending'",
            reason=reason,
            now=micros(now),
            id=delivery_id,
        )
    )
