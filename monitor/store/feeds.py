"""Feeds, and the schedule that their rows are.

Decides no cadence and fetches nothing.
"""

import functools
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from monitor.errors import NotFound, StoreConflict
from monitor.model import Feed, FetchState, Poll
from monitor.store.columns import SECOND, in_batches, micros
from monitor.store.connector import Transaction, skip_locked
from monitor.store.feed_rows import asked_address, edited, feed_of, host_of, progressed
from monitor.store.polls import add_polls
from monitor.store.windows import forget_window

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
    if row["url"] != feed.url:  # else it is asked where it was
        wanted["host"] = host_of(feed.url)
    changed = tx.run(_assigned(_UPDATE, wanted), **wanted, id=row["id"], revision=row["revision"])
    if not changed:
        raise StoreConflict(
            f"the feed {feed.slug!r} was changed by someone else just now; look at it and try again"
        )
    if row["url"] != feed.url:
        tx.run(_FORGET, id=row["id"], next_poll_at=micros(feed.fetch.next_poll_at))
        forget_window(tx, row["id"])
    elif row["access"] != wanted["access"]:
        tx.run(_FORGET_ANSWER, id=row["id"], next_poll_at=micros(feed.fetch.next_poll_at))
    return get_feed(tx, feed.slug)


def claim_due(
    tx: Transaction,
    *,
    now: datetime,
    limit: int,
    but: Collection[int] = (),
    room: Mapping[str, int] | None = None,
    per_host: int | None = None,
) -> list[Feed]:
    """Claim up to `limit` enabled feeds that are due, the longest overdue first, `but` not those with these ids.

    Of one host at most `per_host` are claimed, or as many as `room` has left for it; none of a host that asked us
    to wait. Each is due again one interval from now whatever happens to the claimer, so that a crash loop cannot
    poll faster than the interval. `fetch.claimed_at` of the returned feeds is `now`; `finish_poll` is fenced by it.
    """
    chosen = _choose(tx, now=now, limit=limit, but=but, room=dict(room or {}), per_host=per_host)
    claimed = {
        row["id"]: row
        for row in tx.rows(
            """
            UPDATE feeds SET claimed_at = :now, next_poll_at = :now + poll_interval * :second
            WHERE id IN (:ids) RETURNING *
            """,
            now=micros(now),
            second=SECOND,
            ids=tuple(chosen),
        )
    }
    return [feed_of(claimed[feed_id]) for feed_id in chosen]


def _choose(
    tx: Transaction,
    *,
    now: datetime,
    limit: int,
    but: Collection[int],
    room: dict[str, int],
    per_host: int | None,
) -> list[int]:
    """Pick due feeds, passing over those of hosts that are full: a hundred of them must not hide the next host."""
    chosen: list[int] = []
    while len(chosen) < limit:
        wanted = limit - len(chosen)
        rows = tx.rows(
            skip_locked(tx, _DUE, of="f"),
            now=micros(now),
            limit=wanted,
            but=(*but, *chosen) or (0,),  # nothing is equal, or unequal, to an empty list's NULL
            full=tuple(host for host, left in room.items() if left <= 0) or (" ",),
        )
        for row in rows:
            if row["host"] and per_host is not None:
                left = room.setdefault(row["host"], per_host)
                if left <= 0:
                    continue
                room[row["host"]] = left - 1
            chosen.append(row["id"])
        if len(rows) < wanted:
            break
    return chosen


def any_due(tx: Transaction, *, now: datetime) -> bool:
    """Whether a feed is due whose host does not make us wait."""
    return bool(tx.rows(_DUE, now=micros(now), limit=1, but=(0,), full=(" ",)))


def forgive_clock(tx: Transaction, *, now: datetime) -> int:
    """Make feeds due that were polled in the future: the clock was wrong then, and their schedule with it."""
    return tx.run(
        "UPDATE feeds SET next_poll_at = :now, claimed_at = NULL, last_polled_at = NULL "
        "WHERE enabled = 1 AND (last_polled_at > :ahead OR claimed_at > :ahead)",
        now=micros(now),
        ahead=micros(now + CLOCK_STEP),
    )


def finish_poll(tx: Transaction, feed: Feed, fetch: FetchState, poll: Poll) -> bool:
    """Write where polling stands now and append the poll to the history; True unless the claim was lost.

    The claim is lost when the feed was claimed again, finished, or given another URL since: then nothing is
    written.
    """
    kept = _finish(tx, feed, fetch)
    if kept:
        add_polls(tx, [(feed.id, poll)])
    return kept


def finish_polls(tx: Transaction, finished: Sequence[tuple[Feed, FetchState, Poll]]) -> set[int]:
    """Do what `finish_poll` does for many; return the ids of the feeds whose claim was not lost."""
    kept = {feed.id for feed, fetch, _ in finished if _finish(tx, feed, fetch)}
    add_polls(tx, [(feed.id, poll) for feed, _, poll in finished if feed.id in kept])
    return kept


def _finish(tx: Transaction, feed: Feed, fetch: FetchState) -> bool:
    values = progressed(fetch)
    values["host"] = host_of(asked_address(feed.url, fetch))
    text = _finish_text(tuple(values))
    return bool(tx.run(text, **values, id=feed.id, claimed_at=micros(feed.fetch.claimed_at)))


def hasten(tx: Transaction, slug: str, *, now: datetime) -> None:
    """Make a feed due now. Raises `NotFound`."""
    if not tx.run("UPDATE feeds SET next_poll_at = :now WHERE slug = :slug", now=micros(now), slug=slug):
        raise NotFound(f"no feed is called {slug!r}")


_DUE = """
SELECT f.id, f.host FROM feeds f
WHERE f.enabled = 1 AND f.next_poll_at <= :now AND (f.claimed_at IS NULL OR f.claimed_at <> :now)
  AND f.id NOT IN (:but) AND f.host NOT IN (:full)
  AND NOT EXISTS (SELECT 1 FROM hosts h WHERE h.host = f.host AND h.wait_until > :now)
ORDER BY f.next_poll_at, f.id LIMIT :limit
"""

_INSERT = "INSERT INTO feeds ({columns}) VALUES ({values})"
_UPDATE = "UPDATE feeds SET {columns}, revision = revision + 1 WHERE id = :id AND revision = :revision"
_FINISH = "UPDATE feeds SET {columns}, claimed_at = NULL WHERE id = :id AND claimed_at = :claimed_at"

_FORGET = """
UPDATE feeds SET
  etag = NULL, last_modified = NULL, validator_url = NULL, body_hash = NULL, baseline_at = NULL,
  outcome = NULL, reason = '', plan = '', last_ok_at = NULL, full_at = NULL,
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


@functools.lru_cache(maxsize=4)
def _finish_text(columns: tuple[str, ...]) -> str:
    return _assigned(_FINISH, columns)


def _assigned(sql: str, values: Iterable[str]) -> str:
    return sql.format(columns=", ".join(f"{name} = :{name}" for name in values))


def outlets_of(tx: Transaction, feed_ids: Collection[int]) -> dict[int, tuple[str, str]]:
    """Return publisher and region of feeds, by their ids."""
    return {
        row["id"]: (row["publisher"], row["region"])
        for batch in in_batches(feed_ids)
        for row in tx.rows("SELECT id, publisher, region FROM feeds WHERE id IN (:ids)", ids=batch)
    }
