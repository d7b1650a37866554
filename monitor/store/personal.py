"""What is kept of one person, to be handed to them or to be forgotten.

Counts stay: that alerts were made, when, and what became of them. What named the person goes: name, addresses, the text
of messages, what relays and receivers answered, the slugs in silences and in the audit trail.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from monitor.store import confirmations
from monitor.store.columns import from_json, in_batches, micros, moment_or_none, to_json
from monitor.store.connector import Row, Transaction

ERASED = "erased"


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdings:
    """The ids of what belongs to a person alone. `deliveries` are of their alerts, and notices to their channels."""

    subscriber: int
    subscriptions: tuple[int, ...]
    channels: tuple[int, ...]
    deliveries: tuple[int, ...]


def holdings(tx: Transaction, subscriber_id: int) -> Holdings:
    """Find what belongs to a subscriber. A channel that others use, too, is not theirs."""
    subscriptions = tuple(
        row["id"]
        for row in tx.rows(
            "SELECT id FROM subscriptions WHERE subscriber_id = :id ORDER BY id", id=subscriber_id
        )
    )
    channels = tuple(row["id"] for row in tx.rows(_OWN_CHANNELS, id=subscriber_id))
    found: set[int] = set()
    for batch in in_batches(subscriptions):
        rows = tx.rows(
            "SELECT d.id FROM deliveries d JOIN alerts a ON a.id = d.alert_id WHERE a.subscription_id IN (:ids)",
            ids=batch,
        )
        found |= {row["id"] for row in rows}
    for batch in in_batches(channels):
        found |= {
            row["id"] for row in tx.rows("SELECT id FROM deliveries WHERE channel_id IN (:ids)", ids=batch)
        }
    return Holdings(
        subscriber=subscriber_id,
        subscriptions=subscriptions,
        channels=channels,
        deliveries=tuple(sorted(found)),
    )


def told_to(tx: Transaction, held: Holdings) -> dict[str, list[dict[str, Any]]]:
    """Return the person's alerts, deliveries and attempts as plain data, oldest first."""
    return {
        "alerts": [
            _plain(row) for batch in in_batches(held.subscriptions) for row in tx.rows(_ALERTS, ids=batch)
        ],
        "deliveries": [
            _plain(row) for batch in in_batches(held.deliveries) for row in tx.rows(_DELIVERIES, ids=batch)
        ],
        "attempts": [
            _plain(row) for batch in in_batches(held.deliveries) for row in tx.rows(_ATTEMPTS, ids=batch)
        ],
    }


def audit_of(tx: Transaction, names: Iterable[str]) -> list[dict[str, Any]]:
    """Return the audit rows in which one of the names (`subscriber:ana`) acts or is acted on."""
    rows = [
        row
        for batch in in_batches(sorted(names))
        for row in tx.rows(
            "SELECT at, actor, action, object, detail FROM audit WHERE actor IN (:names) OR object IN (:names) "
            "ORDER BY id",
            names=batch,
        )
    ]
    return [_plain(row) | {"detail": from_json(row["detail"])} for row in rows]


def wipe_messages(tx: Transaction, held: Holdings, *, every: bool, now: datetime) -> dict[str, int]:
    """Forget what the person's messages said and what was answered to them; return how many of each.

    With `every`, those that wait are cancelled; without, they stay as they are. The rows stay, for the counts.
    """
    gone = {"messages": 0, "answers": 0}
    for batch in in_batches(held.deliveries):
        if every:
            tx.run(
                "UPDATE deliveries SET state = 'cancelled', done_at = :now WHERE state = 'pending' AND id IN (:ids)",
                now=micros(now),
                ids=batch,
            )
        finished = "" if every else "AND state IN ('done', 'dead', 'cancelled')"
        gone["answers"] += tx.run(
            f"""
            UPDATE attempts SET reason = '', reply = '' WHERE (reason <> '' OR reply <> '') AND delivery_id IN (
              SELECT id FROM deliveries WHERE id IN (:ids) {finished})
            """,  # noqa: S608 - one of two texts of ours
            ids=batch,
        )
        wiped = tx.rows(
            f"SELECT d.id FROM deliveries d JOIN payloads p ON p.delivery_id = d.id WHERE d.id IN (:ids) {finished} "  # noqa: S608
            "AND p.body <> :nothing",
            nothing=b"",
            ids=batch,
        )
        ids = tuple(row["id"] for row in wiped)
        tx.run("UPDATE deliveries SET reason = :reason WHERE id IN (:ids)", reason=ERASED, ids=ids)
        tx.run("UPDATE payloads SET body = :nothing WHERE delivery_id IN (:ids)", nothing=b"", ids=ids)
        gone["messages"] += len(ids)
    return gone


def wipe_reports(tx: Transaction, held: Holdings) -> int:
    """Forget what relays and receivers reported of the person's channels; return how many reports there were."""
    number = 0
    for batch in in_batches(held.channels):
        number += tx.run(
            "UPDATE bounces SET reason = '' WHERE reason <> '' AND channel_id IN (:ids)", ids=batch
        )
        tx.run("UPDATE breakers SET reason = '' WHERE channel_id IN (:ids)", ids=batch)
    return number


def wipe_questions(tx: Transaction, held: Holdings) -> int:
    """Forget the mails that asked the person for a yes; return how many."""
    return sum(
        tx.run("DELETE FROM confirmations WHERE channel_id IN (:ids)", ids=batch)
        for batch in in_batches(held.channels)
    )


def wipe_person(tx: Transaction, held: Holdings, *, now: datetime) -> dict[str, int]:
    """Forget who a person is and what they asked for; the rows stay under slugs that say nothing, switched off."""
    renamed = _new_names(tx, held)
    gone = {
        "opt_outs": sum(
            tx.run("DELETE FROM opt_outs WHERE subscription_id IN (:ids)", ids=batch)
            for batch in in_batches(held.subscriptions)
        ),
        "questions": wipe_questions(tx, held),
        "reports": wipe_reports(tx, held),
        "silences": _wipe_silences(tx, renamed, now=now),
    }
    for channel in held.channels:
        confirmations.wipe_channel(tx, channel, reason=ERASED, now=now)
        tx.run(
            "UPDATE channels SET slug = :slug, owner = :erased WHERE id = :id",
            slug=f"{ERASED}-{channel}",
            erased=ERASED,
            id=channel,
        )
    for subscription in held.subscriptions:
        tx.run(_WIPE_SUBSCRIPTION, slug=f"{ERASED}-{subscription}", erased=ERASED, id=subscription)
    tx.run(
        """
        UPDATE subscribers SET slug = :slug, name = '', language = 'en', zone = 'UTC', owner = :erased,
          opted_out_at = COALESCE(opted_out_at, :now) WHERE id = :id
        """,
        slug=f"{ERASED}-{held.subscriber}",
        erased=ERASED,
        now=micros(now),
        id=held.subscriber,
    )
    gone["audit"] = _wipe_audit(tx, renamed)
    return gone | {"channels": len(held.channels), "subscriptions": len(held.subscriptions)}


def _new_names(tx: Transaction, held: Holdings) -> dict[str, str]:
    """Return the names under which a person's things are spoken of, each with the one that takes its place."""
    found: dict[str, str] = {}
    for kind, table, ids in (
        ("subscriber", "subscribers", (held.subscriber,)),
        ("subscription", "subscriptions", held.subscriptions),
        ("channel", "channels", held.channels),
    ):
        rows = tx.rows(f"SELECT id, slug FROM {table} WHERE id IN (:ids)", ids=ids)  # noqa: S608 - names of ours
        found |= {f"{kind}:{row['slug']}": f"{kind}:{ERASED}-{row['id']}" for row in rows}
    return found


def _wipe_silences(tx: Transaction, renamed: Mapping[str, str], *, now: datetime) -> int:
    """End the person's own silences; forget why there are any that name them, and take their slugs out."""
    changed = 0
    for row in tx.rows("SELECT id, matcher, owner, ends_at FROM silences ORDER BY id"):
        matcher = from_json(row["matcher"])
        cleaned = matcher | {
            field: [_bare(renamed.get(f"{kind}:{slug}", f"{kind}:{slug}")) for slug in matcher[field]]
            for field, kind in (("subscribers", "subscriber"), ("subscriptions", "subscription"))
            if field in matcher
        }
        own = row["owner"] in renamed
        if not own and cleaned == matcher:
            continue
        still = own and (row["ends_at"] is None or row["ends_at"] > micros(now))
        tx.run(
            """
            UPDATE silences SET matcher = :matcher, owner = :owner, ends_at = :ends_at, reason = '' WHERE id = :id
            """,
            matcher=to_json(cleaned),
            owner=renamed.get(row["owner"], row["owner"]),
            ends_at=micros(now) if still else row["ends_at"],
            id=row["id"],
        )
        changed += 1
    return changed


def _bare(name: str) -> str:
    return name.partition(":")[2]


def _wipe_audit(tx: Transaction, renamed: Mapping[str, str]) -> int:
    """Keep of the audit trail that something was done and when; forget to whom, and the details."""
    found = audit_of(tx, renamed)
    for old, new in renamed.items():
        tx.run(
            """
            UPDATE audit SET detail = '{}', actor = CASE WHEN actor = :old THEN :new ELSE actor END,
              object = CASE WHEN object = :old THEN :new ELSE object END WHERE actor = :old OR object = :old
            """,
            old=old,
            new=new,
        )
    return len(found)


_OWN_CHANNELS = """
SELECT c.id FROM channels c
WHERE EXISTS (
    SELECT 1 FROM subscriptions s WHERE s.subscriber_id = :id AND c.id IN (s.channel_id, s.fallback_channel_id))
  AND NOT EXISTS (
    SELECT 1 FROM subscriptions o WHERE o.subscriber_id <> :id AND c.id IN (o.channel_id, o.fallback_channel_id))
ORDER BY c.id
"""

_ALERTS = """
SELECT a.uid, a.kind, s.slug AS subscription, t.title, a.reason, a.created_at
FROM alerts a JOIN subscriptions s ON s.id = a.subscription_id JOIN stories t ON t.id = a.story_id
WHERE a.subscription_id IN (:ids) ORDER BY a.created_at, a.id
"""

_DELIVERIES = """
SELECT d.uid, d.event, d.title, c.slug AS channel, d.state, d.reason, d.created_at, d.due_at, d.done_at
FROM deliveries d JOIN channels c ON c.id = d.channel_id WHERE d.id IN (:ids) ORDER BY d.created_at, d.id
"""

_ATTEMPTS = """
SELECT d.uid AS delivery, x.number, x.started_at, x.ended_at, x.outcome, x.status, x.reason, x.reply
FROM attempts x JOIN deliveries d ON d.id = x.delivery_id WHERE d.id IN (:ids) ORDER BY d.created_at, d.id, x.number
"""

_WIPE_SUBSCRIPTION = """
UPDATE subscriptions SET slug = :slug, topics = '[]', tags = '[]', priorities = '[]', languages = '[]',
  publishers = '[]', regions = '[]', timing = '{}', enabled = 0, next_digest_at = NULL, owner = :erased WHERE id = :id
"""

_TIMES = {"at", "created_at", "due_at", "done_at", "started_at", "ended_at"}


def _plain(row: Row) -> dict[str, Any]:
    return {name: moment_or_none(value) if name in _TIMES else value for name, value in dict(row).items()}
