"""What each subscription was told of each story. Decides nothing."""

from datetime import datetime

from monitor.model import Priority, Told
from monitor.store.columns import from_json, micros, moment, to_json
from monitor.store.connector import Row, Transaction


def told_of_story(tx: Transaction, story_id: int, *, since: datetime) -> dict[int, Told]:
    """Return by subscription id what was told of a story; `Told.lately` counts the alerts since then."""
    rows = tx.rows(
        """
        SELECT t.*, (
          SELECT count(*) FROM alerts a
          WHERE a.story_id = t.story_id AND a.subscription_id = t.subscription_id AND a.created_at > :since
            AND a.surge_id IS NULL
        ) AS lately
        FROM told t WHERE t.story_id = :story_id
        """,
        story_id=story_id,
        since=micros(since),
    )
    return {row["subscription_id"]: _told(row) for row in rows}


def put_told(tx: Transaction, told: Told) -> None:
    """Remember what a subscription was told of a story; its subject and first time stay as they were."""
    tx.run(
        """
        INSERT INTO told (subscription_id, story_id, subject, first_at, last_at, alerts, facts, languages, independent,
          priority)
        VALUES (:subscription_id, :story_id, :subject, :first_at, :last_at, :alerts, :facts, :languages, :independent,
          :priority)
        ON CONFLICT (subscription_id, story_id) DO UPDATE SET
          last_at = excluded.last_at, alerts = excluded.alerts, facts = excluded.facts,
          languages = excluded.languages, independent = excluded.independent, priority = excluded.priority
        """,
        subscription_id=told.subscription_id,
        story_id=told.story_id,
        subject=told.subject,
        first_at=micros(told.first_at),
        last_at=micros(told.last_at),
        alerts=told.alerts,
        facts=to_json(sorted(told.facts)),
        languages=to_json(sorted(told.languages)),
        independent=told.independent,
        priority=told.priority.value,
    )


def _told(row: Row) -> Told:
    return Told(
        subscription_id=row["subscription_id"],
        story_id=row["story_id"],
        subject=row["subject"],
        first_at=moment(row["first_at"]),
        last_at=moment(row["last_at"]),
        alerts=row["alerts"],
        lately=row["lately"],
        facts=frozenset(from_json(row["facts"])),
        languages=frozenset(from_json(row["languages"])),
        independent=row["independent"],
        priority=Priority(row["priority"]),
    )
