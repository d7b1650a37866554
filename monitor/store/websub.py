"""Pushes: our WebSub subscriptions, with what their callbacks are to answer.

Decides no state: `monitor.pipeline.push_rules` does. A secret is opened on reading and stored sealed only.
"""

from datetime import datetime
from typing import Any

from monitor.errors import StoreError
from monitor.model import Feed, Push, PushState
from monitor.store.columns import micros, moment, moment_or_none
from monitor.store.connector import Row, Transaction
from monitor.store.feed_rows import feed_of

_PUSHES = "SELECT p.*, f.slug AS feed_slug FROM pushes p JOIN feeds f ON f.id = p.feed_id"
_WANTED = "p.state NOT IN ('unsubscribing', 'ended')"  # as the partial index says it


def wanted(tx: Transaction, feed_id: int) -> Push | None:
    """Return the push that a feed has or is to have, if any; one indexed read."""
    row = tx.one(f"{_PUSHES} WHERE p.feed_id = :feed_id AND {_WANTED}", feed_id=feed_id)
    return _push(tx, row) if row else None


def list_wanted(tx: Transaction) -> dict[int, Push]:
    """Return every push that is not being ended, by the id of its feed."""
    rows = tx.rows(f"{_PUSHES} WHERE {_WANTED} ORDER BY p.id")
    return {row["feed_id"]: _push(tx, row) for row in rows}


def feeds_with_push(tx: Transaction) -> set[int]:
    """Return the ids of the feeds that have a push or are to have one."""
    rows = tx.rows("SELECT feed_id FROM pushes WHERE state NOT IN ('unsubscribing', 'ended')")
    return {row["feed_id"] for row in rows}


def by_token(tx: Transaction, token: str) -> Push | None:
    """Return the push whose callback ends in a token, an ended one too, if any."""
    row = tx.one(f"{_PUSHES} WHERE p.token = :token", token=token)
    return _push(tx, row) if row else None


def feed_of_push(tx: Transaction, push: Push) -> Feed:
    """Return the feed that a push is for."""
    row = tx.one("SELECT * FROM feeds WHERE id = :id", id=push.feed_id)
    assert row is not None, "the table's foreign key"
    return feed_of(row)


def due(tx: Transaction, *, now: datetime, limit: int) -> list[Push]:
    """Return up to `limit` pushes whose hub is to be asked now, the longest overdue first."""
    rows = tx.rows(
        f"{_PUSHES} WHERE p.state <> 'ended' AND p.due_at <= :now ORDER BY p.due_at, p.id LIMIT :limit",
        now=micros(now),
        limit=limit,
    )
    return [_push(tx, row) for row in rows]


def overrun(tx: Transaction, *, now: datetime) -> list[Push]:
    """Return the active pushes whose lease is over."""
    rows = tx.rows(
        f"{_PUSHES} WHERE p.state = 'active' AND p.lease_until <= :now ORDER BY p.id", now=micros(now)
    )
    return [_push(tx, row) for row in rows]


def stranded(tx: Transaction) -> list[Push]:
    """Return the pushes of feeds that are switched off."""
    rows = tx.rows(f"{_PUSHES} WHERE {_WANTED} AND f.enabled = 0 ORDER BY p.id")
    return [_push(tx, row) for row in rows]


def elsewhere(tx: Transaction, *, base: str) -> list[Push]:
    """Return the pushes whose callback is not `base` and their token: it has moved since."""
    rows = tx.rows(
        f"{_PUSHES} WHERE {_WANTED} AND p.callback <> :base || p.token ORDER BY p.id",
        base=base,
    )
    return [_push(tx, row) for row in rows]


def add(tx: Transaction, push: Push) -> None:
    """Insert a push. Raises `StoreConflict` when its feed has one already."""
    values = {**_values(push), "feed_id": push.feed_id, "token": push.token, "hub": push.hub}
    values |= {"topic": push.topic, "secret": _sealed(tx, push), "since": micros(push.since)}
    columns, names = ", ".join(values), ", ".join(f":{name}" for name in values)
    tx.run(f"INSERT INTO pushes ({columns}) VALUES ({names})", **values)  # noqa: S608 - our own names


def save(tx: Transaction, push: Push) -> None:
    """Write how a stored push stands now; hub, topic, token and secret never change."""
    values = _values(push)
    assigned = ", ".join(f"{name} = :{name}" for name in values)
    tx.run(f"UPDATE pushes SET {assigned} WHERE id = :id", **values, id=push.id)  # noqa: S608 - our own names


def hasten(tx: Transaction, feed_id: int, *, at: datetime) -> bool:
    """Make a feed due at a time, unless it is due before; True when that brought its poll forward."""
    return bool(
        tx.run(
            "UPDATE feeds SET next_poll_at = :at WHERE id = :id AND enabled = 1 AND next_poll_at > :at",
            at=micros(at),
            id=feed_id,
        )
    )


def forget_ended(tx: Transaction, *, now: datetime) -> int:
    """Delete ended pushes whose time of answering is over; return how many."""
    return tx.run("DELETE FROM pushes WHERE state = 'ended' AND due_at <= :now", now=micros(now))


def _values(push: Push) -> dict[str, Any]:
    return {
        "callback": push.callback,
        "state": push.state.value,
        "reason": push.reason,
        "due_at": micros(push.due_at),
        "lease_until": micros(push.lease_until),
        "requested_at": micros(push.requested_at),
        "last_ping_at": micros(push.last_ping_at),
        "pings": push.pings,
        "bad_pings": push.bad_pings,
        "attempts": push.attempts,
    }


def _push(tx: Transaction, row: Row) -> Push:
    return Push(
        id=row["id"],
        feed_id=row["feed_id"],
        feed_slug=row["feed_slug"],
        hub=row["hub"],
        topic=row["topic"],
        token=row["token"],
        callback=row["callback"],
        secret=_opened(tx, row["token"], row["secret"]),
        since=moment(row["since"]),
        state=PushState(row["state"]),
        reason=row["reason"],
        due_at=moment(row["due_at"]),
        lease_until=moment_or_none(row["lease_until"]),
        requested_at=moment_or_none(row["requested_at"]),
        last_ping_at=moment_or_none(row["last_ping_at"]),
        pings=row["pings"],
        bad_pings=row["bad_pings"],
        attempts=row["attempts"],
    )


def _sealed(tx: Transaction, push: Push) -> bytes | None:
    return None if push.secret is None else tx.sealer.seal(push.secret, context=_context(push.token))


def _opened(tx: Transaction, token: str, sealed: bytes | None) -> str | None:
    if sealed is None:
        return None
    try:
        return tx.sealer.open(bytes(sealed), context=_context(token))
    except StoreError:  # the store's key is another one: this push is made anew, everything else goes on
        return ""


def _context(token: str) -> str:
    return f"push:{token}"
