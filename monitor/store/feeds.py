"""Feeds, the schedule their rows are, and the history of their polls.

Decides no cadence and fetches nothing.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from monitor.errors import NotFound, StoreConflict
from monitor.model import Feed, FetchState, Outcome, Poll
from monitor.store.columns import SECOND, micros, moment, moment_or_none
from monitor.store.connector import Row, Transaction, skip_locked

CLOCK_STEP = timedelta(hours=1)  # a clock set back by less delays polls by no more than that


def list_feeds(tx: Transaction) -> list[Feed]:
    """Return every feed, disabled ones too, in order of slug."""
    return [_feed(row) for row in tx.rows("SELECT * FROM feeds ORDER BY slug")]


def get_feed(tx: Transaction, slug: str) -> Feed:
    """Return one feed. Raises `NotFound`."""
    row = tx.one("SELECT * FROM feeds WHERE slug = :slug", slug=slug)
    if row is None:
        raise NotFound(f"no feed is called {slug!r}")
    return _feed(row)


def put_feed(tx: Transaction, feed: Feed) -> Feed:
    """Insert a feed, or update by slug what people edit, and return what is stored.

    Where polling stands is left alone, unless the URL changed: then validators, body hash and baseline belong
    to another document and go, a poll in flight is fenced off, and the feed is due when `feed.fetch` says.
    The revision grows only if something changed. Raises `StoreConflict` when another process changed the feed
    meanwhile.
    """
    row = tx.one("SELECT * FROM feeds WHERE slug = :slug", slug=feed.slug)
    if row is None:
        tx.run(_INSERT, **_edited(feed), revision=1, **_state(feed.fetch), claimed_at=None)
        return get_feed(tx, feed.slug)
    edited = _edited(feed)
    if all(row[name] == value for name, value in edited.items()):
        return _feed(row)
    changed = tx.run(_UPDATE, **edited, id=row["id"], revision=row["revision"])
    if not changed:
        raise StoreConflict(
            f"the feed {feed.slug!r} was changed by someone else just now; look at it and try again"
        )
    if row["url"] != feed.url:
        tx.run(_FORGET, id=row["id"], next_poll_at=micros(feed.fetch.next_poll_at))
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
    return [_feed(claimed[row["id"]]) for row in due]


def finish_poll(tx: Transaction, feed: Feed, fetch: FetchState, poll: Poll) -> bool:
    """Write where polling stands now and append the poll to the history; True unless the claim was lost.

    The claim is lost when the feed was claimed again, finished, or given another URL since: then nothing is
    written.
    """
    kept = tx.run(_FINISH, **_state(fetch), id=feed.id, claimed_at=micros(feed.fetch.claimed_at))
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

_INSERT = """
INSERT INTO feeds (
  slug, url, title, language, region, publisher, kind, enabled, disabled_reason, min_interval, owner,
  revision,
  next_poll_at, etag, last_modified, validator_url, body_hash, last_polled_at, last_ok_at, baseline_at,
  failures, gone, outcome, reason, poll_interval, claimed_at
) VALUES (
  :slug, :url, :title, :language, :region, :publisher, :kind, :enabled, :disabled_reason, :min_interval,
  :owner,
  :revision, :next_poll_at, :etag, :last_modified, :validator_url, :body_hash, :last_polled_at, :last_ok_at,
  :baseline_at, :failures, :gone, :outcome, :reason, :poll_interval, :claimed_at
)
"""

_UPDATE = """
UPDATE feeds SET
  slug = :slug, url = :url, title = :title, language = :language, region = :region, publisher = :publisher,
  kind = :kind, enabled = :enabled, disabled_reason = :disabled_reason, min_interval = :min_interval,
  owner = :owner, revision = revision + 1
WHERE id = :id AND revision = :revision
"""

_FORGET = """
UPDATE feeds SET
  etag = NULL, last_modified = NULL, validator_url = NULL, body_hash = NULL, baseline_at = NULL,
  claimed_at = NULL,
  next_poll_at = :next_poll_at
WHERE id = :id
"""

_FINISH = """
UPDATE feeds SET
  next_poll_at = :next_poll_at, etag = :etag, last_modified = :last_modified, validator_url = :validator_url,
  body_hash = :body_hash, last_polled_at = :last_polled_at, last_ok_at = :last_ok_at,
  baseline_at = :baseline_at,
  failures = :failures, gone = :gone, outcome = :outcome, reason = :reason, poll_interval = :poll_interval,
  claimed_at = NULL
WHERE id = :id AND claimed_at = :claimed_at
"""


def _edited(feed: Feed) -> dict[str, Any]:
    return {
        "slug": feed.slug,
        "url": feed.url,
        "title": feed.title,
        "language": feed.language,
        "region": feed.region,
        "publisher": feed.publisher,
        "kind": feed.kind,
        "enabled": int(feed.enabled),
        "disabled_reason": feed.disabled_reason,
        "min_interval": feed.min_interval,
        "owner": feed.owner,
    }


def _state(fetch: FetchState) -> dict[str, Any]:
    return {
        "next_poll_at": micros(fetch.next_poll_at),
        "etag": fetch.etag,
        "last_modified": fetch.last_modified,
        "validator_url": fetch.validator_url,
        "body_hash": fetch.body_hash,
        "last_polled_at": micros(fetch.last_polled_at),
        "last_ok_at": micros(fetch.last_ok_at),
        "baseline_at": micros(fetch.baseline_at),
        "failures": fetch.failures,
        "gone": fetch.gone,
        "outcome": fetch.outcome.value if fetch.outcome else None,
        "reason": fetch.reason,
        "poll_interval": fetch.interval,
    }


def _feed(row: Row) -> Feed:
    return Feed(
        id=row["id"],
        slug=row["slug"],
        url=row["url"],
        title=row["title"],
        language=row["language"],
        region=row["region"],
        publisher=row["publisher"],
        kind=row["kind"],
        enabled=bool(row["enabled"]),
        disabled_reason=row["disabled_reason"],
        min_interval=row["min_interval"],
        owner=row["owner"],
        revision=row["revision"],
        fetch=FetchState(
            next_poll_at=moment(row["next_poll_at"]),
            etag=row["etag"],
            last_modified=row["last_modified"],
            validator_url=row["validator_url"],
            body_hash=row["body_hash"],
            last_polled_at=moment_or_none(row["last_polled_at"]),
            last_ok_at=moment_or_none(row["last_ok_at"]),
            baseline_at=moment_or_none(row["baseline_at"]),
            failures=row["failures"],
            gone=row["gone"],
            outcome=Outcome(row["outcome"]) if row["outcome"] else None,
            reason=row["reason"],
            interval=row["poll_interval"],
            claimed_at=moment_or_none(row["claimed_at"]),
        ),
    )


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
