"""Feeds, the schedule their rows are, and the history of their polls.

Decides no cadence and fetches nothing.
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from monitor.errors import NotFound, StoreConflict
from monitor.model import Feed, FetchState, Outcome, Poll
from monitor.store.columns import SECOND, micros, moment
from monitor.store.connector import Row, Transaction, skip_locked
from monitor.store.feed_rows import edited, feed_of, host_of, progressed

CLOCK_STEP = timedelta(hours=1)  # a clock set back by less delays polls by no more than that


def list_feeds(tx: Transaction) -> list[Feed]:
    """Return every feed, disabled ones too, in order of slug."""
    return [feed_of(row) for row in tx.rows("SELECT * FROM feeds ORDER BY slug")]


def get_feed(tx: Transaction, slug: str) -> Feed:
    """Return one feed. Raises `NotFound`."""
    row = tx.one("SELECT * FROM feeds WHERE slug = :slug", slug=slug)
    if row is None:
        raise NotFound(f"no feed is called {slug!r}")
    return feed_of(row)


def put_feed(tx: Transaction, feed: Feed) -> Feed:
    """Insert a feed, or update by slug what people edit, and return what is stored.

    Where polling stands is left alone, unless the URL changed: then validators, body hash and baseline belong
    to another document and go, a poll in flight is fenced off, and the feed is due when `feed.fetch` says.
    The revision grows only if something changed. Raises `StoreConflict` when another process changed the feed
    meanwhile.
    """
    row = tx.one("SELECT * FROM feeds WHERE slug = :slug", slug=feed.slug)
    if row is None:
        values = {
            **edited(feed),
            **progressed(feed.fetch),
            "host": host_of(feed.url),
            "revision": 1,
            "claimed_at": None,
        }
        tx.run(
            _INSERT.format(columns=", ".join(values), values=", ".join(f":{name}" for name in values)),
            **values,
        )
        return get_feed(tx, feed.slug)
    wanted = edited(feed)
    if all(row[name] == value for name, value in wanted.items()):
        return feed_of(row)
    wanted["host"] = host_of(feed.url)
    changed = tx.run(_assigned(_UPDATE, wanted), **wanted, id=row["id"], revision=row["revision"])
    if not changed:
        raise StoreConflict(
            f"the feed {feed.slug!r} was changed by someone else just now; look at it and try again"
        )
    if row["url"] != feed.url:
        tx.run(_FORGET, id=row["id"], next_poll_at=micros(feed.fetch.next_poll_at))
    elif row["access"] != wanted["access"]:
        tx.run(_FORGET_ANSWER, id=row["id"], next_poll_at=micros(feed.fetch.next_poll_at))
    return get_feed(tx, feed.slug)


def claim_due(tx: Transaction, *, now: datetime, limit: int, but: Collection[int] = ()) -> list[Feed]:
    """Claim up to `limit` enabled feeds that are due, the longest overdue first, `but` not those with these ids.

    A feed polled in the future is due as well: the clock was wrong then, and its schedule with it.
    Each is due again one interval from now whatever happens to the claimer, so that a crash loop cannot poll
    faster than the interval. `fetch.claimed_at` of the returned feeds is `now`; `finish_poll` is fenced by
    it.
    """
    due = tx.rows(
        skip_locked(tx, _DUE, of="feeds"),
        now=micros(now),
        ahead=micros(now + CLOCK_STEP),
        limit=limit,
        but=tuple(but) or (0,),  # nothing is equal, or unequal, to an empty list's NULL
    )
    claimed = {
        row["id"]: row
        for row in tx.rows(
            """
            UPDATE feeds SET claimed_at = :now, next_poll_at = :now + poll_interval * :second
            WHERE id IN (:ids) RETURNING *
            """,
            now=micros(now),
            second=SECOND,
            ids=tuple(row["id"] for row in due),
        )
    }
    return [feed_of(claimed[row["id"]]) for row in due]


def finish_poll(tx: Transaction, feed: Feed, fetch: FetchState, poll: Poll) -> bool:
    """Write where polling stands now and append the poll to the history; True unless the claim was lost.

    The claim is lost when the feed was claimed again, finished, or given another URL since: then nothing is
    written.
    """
    values = {**progressed(fetch), "host": host_of(feed.url)}
    kept = tx.run(_assigned(_FINISH, values), **values, id=feed.id, claimed_at=micros(feed.fetch.claimed_at))
    if not kept:
        return False
    tx.run(
        """
        INSERT INTO polls (feed_id, started_at, ended_at, outcome, reason, status, size, items, new_items)
        VALUES (:feed_id, :started_at, :ended_at, :outcome, :reason, :status, :size, :items, :new_items)
        """,
        feed_id=feed.id,
        started_at=micros(poll.started_at),
        ended_at=micros(poll.ended_at),
        outcome=poll.outcome.value,
        reason=poll.reason,
        status=poll.status,
        size=poll.size,
        items=poll.items,
        new_items=poll.new_items,
    )
    return True


def hasten(tx: Transaction, slug: str, *, now: datetime) -> None:
    """Make a feed due now. Raises `NotFound`."""
    if not tx.run("UPDATE feeds SET next_poll_at = :now WHERE slug = :slug", now=micros(now), slug=slug):
        raise NotFound(f"no feed is called {slug!r}")


def recent_polls(tx: Transaction, feed_id: int, *, limit: int) -> list[Poll]:
    """Return the newest polls of a feed, newest first."""
    rows = tx.rows(
        "SELECT * FROM polls WHERE feed_id = :feed_id ORDER BY started_at DESC, id DESC LIMIT :limit",
        feed_id=feed_id,
        limit=limit,
    )
    return [_poll(row) for row in rows]


def prune_polls(tx: Transaction, *, before: datetime, limit: int) -> int:
    """Delete up to `limit` polls that ended before a time, oldest first; return how many."""
    return tx.run(
        """
        DELETE FROM polls WHERE id IN (
          SELECT id FROM polls WHERE ended_at < :before ORDER BY ended_at, id LIMIT :limit
        )
        """,
        before=micros(before),
        limit=limit,
    )


_DUE = """
SELECT * FROM feeds
WHERE enabled = 1 AND (next_poll_at <= :now OR last_polled_at > :ahead OR claimed_at > :ahead)
  AND (claimed_at IS NULL OR claimed_at <> :now)
  AND id NOT IN (:but)
ORDER BY next_poll_at, id LIMIT :limit
"""

_INSERT = "INSERT INTO feeds ({columns}) VALUES ({values})"
_UPDATE = "UPDATE feeds SET {columns}, revision = revision + 1 WHERE id = :id AND revision = :revision"
_FINISH = "UPDATE feeds SET {columns}, claimed_at = NULL WHERE id = :id AND claimed_at = :claimed_at"

_FORGET = """
UPDATE feeds SET
  etag = NULL, last_modified = NULL, validator_url = NULL, body_hash = NULL, baseline_at = NULL,
  window_size = NULL, empty_since = NULL, retired_at = NULL, failing_since = NULL, failures = 0, gone = 0,
  moved_to = NULL, moved_since = NULL, moved_polls = 0, follows_move = 0, hints = '{}', claimed_at = NULL,
  next_poll_at = :next_poll_at
WHERE id = :id
"""


_FORGET_ANSWER = """
UPDATE feeds SET
  etag = NULL, last_modified = NULL, validator_url = NULL, body_hash = NULL, claimed_at = NULL,
  next_poll_at = :next_poll_at
WHERE id = :id
"""


def _assigned(sql: str, values: Mapping[str, Any]) -> str:
    return sql.format(columns=", ".join(f"{name} = :{name}" for name in values))


def _poll(row: Row) -> Poll:
    return Poll(
        started_at=moment(row["started_at"]),
        ended_at=moment(row["ended_at"]),
        outcome=Outcome(row["outcome"]),
        reason=row["reason"],
        status=row["status"],
        size=row["size"],
        items=row["items"],
        new_items=row["new_items"],
    )
