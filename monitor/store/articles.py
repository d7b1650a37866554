"""Articles: the pages that are to be read for the full text of items, and what became of each.

An item has one row, for its newest version from the feed. It reads no page and judges none.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from urllib.parse import urlsplit

from monitor.model import Feed, HitReason, Item, ItemDraft
from monitor.store.columns import micros, moment
from monitor.store.connector import Row, Transaction, skip_locked
from monitor.store.feed_rows import feed_of, host_of
from monitor.store.items import ITEM_COLUMNS, item_of
from monitor.text.gate import link, without_credentials

MAX_ATTEMPTS = 3
PER_HOUR = 20  # of one feed
LEASE = timedelta(minutes=10)  # a claim is over by then; also the pause before the second attempt
REREAD = timedelta(hours=1)  # between two readings of one item's page
LIFETIME = timedelta(days=1)  # in the queue: older news is none
_ABSURD = timedelta(days=2)  # nothing is put off so long: the clock ran ahead


class ArticleState(StrEnum):
    """How the reading of an article stands."""

    WAITING = "waiting"
    READ = "read"  # its text was kept, or the feed had all of it already
    REFUSED = "refused"  # it is not read, for the reason given


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleStatus:
    """What is known of the reading of an item's page; `reason` is empty while nothing was tried."""

    version: int
    url: str
    state: ArticleState
    reason: str
    attempts: int
    due_at: datetime
    asked_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedArticle:
    """A page to read now, for an item in the version that its feed gave it.

    `draft` is that version, `found_as` the situation in which it was found; `attempts` counts this one.
    """

    item: Item
    feed: Feed
    draft: ItemDraft
    found_as: HitReason
    url: str
    host: str
    attempts: int
    claimed_at: datetime


def enqueue(tx: Transaction, item: Item, *, now: datetime) -> bool:
    """Queue the page that an item links to; False where its link names no page of its own.

    The page of an item that has changed is read again, REREAD after it was last asked for at the soonest.
    """
    url = link(without_credentials(item.link or ""))
    if url is None or not _own_page(url) or _shared(tx, item):
        return False
    tx.run(
        """
        INSERT INTO articles (item_id, feed_id, version, url, host, state, reason, attempts, queued_at, due_at)
        VALUES (:item_id, :feed_id, :version, :url, :host, 'waiting', '', 0, :now, :now)
        ON CONFLICT (item_id) DO UPDATE SET
          version = excluded.version, url = excluded.url, host = excluded.host, state = 'waiting', reason = '',
          attempts = 0, queued_at = excluded.queued_at, claimed_at = NULL,
          due_at = CASE WHEN articles.asked_at + :reread > :now AND articles.asked_at <= :now
            THEN articles.asked_at + :reread ELSE :now END
        """,
        item_id=item.id,
        feed_id=item.feed_id,
        version=item.version,
        url=url,
        host=host_of(url),
        now=micros(now),
        reread=_micros(REREAD),
    )
    return True


def any_due(tx: Transaction, *, now: datetime, full: Collection[str] = ()) -> bool:
    """Whether a page is due, on a host that neither asked us to wait nor is among the `full`."""
    return bool(tx.rows(_DUE, **_bounds(now, limit=1, but=(), full=full)))


def claim_due(
    tx: Transaction,
    *,
    now: datetime,
    limit: int,
    but: Collection[int] = (),
    room: Mapping[str, int] | None = None,
) -> list[ClaimedArticle]:
    """Claim up to `limit` pages that are due, the newest first, `but` not those of items with these ids.

    Of one host one page is claimed, or none where `room` has none left or the host asked us to wait; of one feed no
    more than PER_HOUR. Each is due again after LEASE whatever happens to the claimer, and counts as an attempt, so
    that a crash loop can ask for it no more than MAX_ATTEMPTS times. Only feeds whose full text is wanted now count.
    """
    chosen = _choose(tx, now=now, limit=limit, but=but, room=room or {})
    tx.run(
        """
        UPDATE articles SET claimed_at = :now, asked_at = :now, due_at = :due_at, attempts = attempts + 1
        WHERE item_id IN (:ids)
        """,
        now=micros(now),
        due_at=micros(now + LEASE),
        ids=tuple(chosen),
    )
    rows = tx.rows(_CLAIMED, ids=tuple(chosen))
    of_feed = {
        row["id"]: feed_of(row)
        for row in tx.rows(
            "SELECT * FROM feeds WHERE id IN (:ids)", ids=tuple({row["feed_id"] for row in rows})
        )
    }
    claimed = {row["id"]: _claimed(row, of_feed[row["feed_id"]]) for row in rows}
    return [claimed[item_id] for item_id in chosen if item_id in claimed]


def postpone(tx: Transaction, claimed: ClaimedArticle, *, due_at: datetime, reason: str) -> bool:
    """Try a page again at a time; False when the claim was lost, and nothing is written."""
    return _finish(tx, claimed, state=ArticleState.WAITING, reason=reason, due_at=due_at)


def settle(tx: Transaction, claimed: ClaimedArticle, *, state: ArticleState, reason: str) -> bool:
    """Note that a page was read, or will not be; False when the claim was lost, and nothing is written.

    It is lost when the page was claimed again, or the item has changed since.
    """
    return _finish(tx, claimed, state=state, reason=reason, due_at=claimed.claimed_at + LEASE)


def give_up(tx: Transaction, *, now: datetime) -> int:
    """Refuse what was begun MAX_ATTEMPTS times or has waited for LIFETIME; return how many.

    What is under way by its lease is let alone.
    """
    return tx.run(
        """
        UPDATE articles SET state = 'refused', reason = CASE WHEN queued_at <= :old
          THEN 'not read within a day' ELSE 'given up: it was begun ' || attempts || ' times and never ended' END
          || CASE WHEN reason = '' THEN '' ELSE '; ' || reason END
        WHERE state = 'waiting' AND due_at <= :now AND (attempts >= :most OR queued_at <= :old)
        """,
        now=micros(now),
        most=MAX_ATTEMPTS,
        old=micros(now - LIFETIME),
    )


def status_of(tx: Transaction, item_id: int) -> ArticleStatus | None:
    """Return how the reading of an item's page stands; None where it was never wanted."""
    row = tx.one("SELECT * FROM articles WHERE item_id = :item_id", item_id=item_id)
    if row is None:
        return None
    return ArticleStatus(
        version=row["version"],
        url=row["url"],
        state=ArticleState(row["state"]),
        reason=row["reason"],
        attempts=row["attempts"],
        due_at=moment(row["due_at"]),
        asked_at=moment(row["asked_at"]) if row["asked_at"] is not None else None,
    )


def _own_page(url: str) -> bool:
    """Whether an address can be an item's own page: a front page, or a place within a page, is not."""
    parts = urlsplit(url)
    return bool((parts.path.strip("/") or parts.query) and not parts.fragment)


def _shared(tx: Transaction, item: Item) -> bool:
    """Whether another item of the feed has the same link: its page is then the text of neither."""
    return item.canonical_link is not None and (
        tx.one(
            """
            SELECT 1 AS found FROM item_versions v JOIN items i ON i.id = v.item_id
            WHERE substr(v.canonical_link, 1, 255) = :head AND v.canonical_link = :link
              AND i.feed_id = :feed_id AND i.id <> :id
            """,
            head=item.canonical_link[:255],  # what the index holds
            link=item.canonical_link,
            feed_id=item.feed_id,
            id=item.id,
        )
        is not None
    )


def _bounds(now: datetime, *, limit: int, but: Collection[int], full: Collection[str]) -> dict[str, Any]:
    """Return the parameters of `_DUE`."""
    return {
        "now": micros(now),
        "absurd": micros(now + _ABSURD),
        "hour": micros(now - timedelta(hours=1)),
        "most": MAX_ATTEMPTS,
        "per_hour": PER_HOUR,
        "limit": limit,
        "but": tuple(but) or (0,),  # nothing is equal, or unequal, to an empty list's NULL
        "full": tuple(full) or (" ",),
    }


def _choose(
    tx: Transaction, *, now: datetime, limit: int, but: Collection[int], room: Mapping[str, int]
) -> list[int]:
    """Pick pages of different hosts, passing over those of hosts and feeds that have had their share."""
    chosen: list[int] = []
    full = {host for host, left in room.items() if left <= 0}
    taken: dict[int, int] = {}
    while len(chosen) < limit:
        wanted = limit - len(chosen)
        bounds = _bounds(now, limit=wanted, but=(*but, *chosen), full=full)
        rows = tx.rows(skip_locked(tx, _DUE, of="a"), **bounds)
        before = len(chosen)
        for row in rows:
            taken.setdefault(row["feed_id"], row["asked"])
            if row["host"] not in full and taken[row["feed_id"]] < PER_HOUR:
                full.add(row["host"])
                taken[row["feed_id"]] += 1
                chosen.append(row["item_id"])
        if len(rows) < wanted or len(chosen) == before:
            break
    return chosen


def _claimed(row: Row, feed: Feed) -> ClaimedArticle:
    item = item_of(row)
    return ClaimedArticle(
        item=item,
        feed=feed,
        draft=ItemDraft(
            key=item.key,
            raw_id=row["raw_id"],
            fingerprint=row["fingerprint"],
            link=item.link,
            canonical_link=item.canonical_link,
            text=item.text,
            published=item.published,
            updated=item.updated,
        ),
        found_as=HitReason(row["found_as"]),
        url=row["article_url"],
        host=row["article_host"],
        attempts=row["attempts"],
        claimed_at=moment(row["claimed_at"]),
    )


def _finish(
    tx: Transaction, claimed: ClaimedArticle, *, state: ArticleState, reason: str, due_at: datetime
) -> bool:
    return bool(
        tx.run(
            """
            UPDATE articles SET state = :state, reason = :reason, due_at = :due_at, claimed_at = NULL
            WHERE item_id = :item_id AND version = :version AND claimed_at = :claimed_at AND state = 'waiting'
            """,
            state=state.value,
            reason=reason,
            due_at=micros(due_at),
            item_id=claimed.item.id,
            version=claimed.item.version,
            claimed_at=micros(claimed.claimed_at),
        )
    )


def _micros(span: timedelta) -> int:
    return span // timedelta(microseconds=1)


_DUE: Final = """
SELECT a.item_id, a.host, a.feed_id,
  (SELECT COUNT(*) FROM articles p WHERE p.feed_id = a.feed_id AND p.asked_at > :hour AND p.asked_at <= :now) AS asked
FROM articles a JOIN feeds f ON f.id = a.feed_id
WHERE a.state = 'waiting' AND (a.due_at <= :now OR a.due_at > :absurd) AND a.attempts < :most
  AND f.full_text = 1 AND f.enabled = 1 AND a.item_id NOT IN (:but) AND a.host NOT IN (:full)
  AND NOT EXISTS (SELECT 1 FROM hosts h WHERE h.host = a.host AND h.wait_until > :now)
  AND (SELECT COUNT(*) FROM articles p WHERE p.feed_id = a.feed_id AND p.asked_at > :hour AND p.asked_at <= :now)
    < :per_hour
ORDER BY a.queued_at DESC, a.item_id DESC LIMIT :limit
"""
_CLAIMED: Final = f"""
SELECT {ITEM_COLUMNS}, i.raw_id, v.fingerprint, v.reason AS found_as,
  a.url AS article_url, a.host AS article_host, a.attempts, a.claimed_at
FROM articles a JOIN items i ON i.id = a.item_id JOIN feeds f ON f.id = i.feed_id
JOIN item_versions v ON v.item_id = a.item_id AND v.version = a.version
WHERE a.item_id IN (:ids) AND i.version = a.version
"""  # noqa: S608 - constants of these modules
