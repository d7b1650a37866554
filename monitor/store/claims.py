"""Claims on deliveries: which may be sent now, whose turn it is, and what becomes of those that were never answered.

Urgent ones come before others, channels take turns, and what a breaker holds back stays where it is. The cost of a
claim goes with the channels that have something waiting, not with the rows. Sends nothing and judges no result.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from monitor.model import (
    RELAY,
    Attempt,
    Breaker,
    ChannelKind,
    Delivery,
    DeliveryState,
    SendOutcome,
    Urgency,
    channel_key,
)
from monitor.store.breakers import stopping
from monitor.store.columns import in_batches, micros, moment
from monitor.store.connector import Row, Transaction, skip_locked
from monitor.store.delivery_rows import attempt_of, delivery_of
from monitor.store.recipients import cancel_stranded
from monitor.store.subscribers import unwanted
from monitor.text.duration import words

PROCESS_ENDED: Final = "the process ended during this attempt"
LEASE_RAN_OUT: Final = "the lease ran out during this attempt"
STOPPED: Final = "the process was stopped during this attempt"
POISON_LIMIT: Final = 3
POISON: Final = (
    f"given up: our own process ended or hung during each of its last {POISON_LIMIT} attempts, so this delivery may be "
    "what ends it; please report that, with the log"
)

_EXPIRED_AT_ONCE: Final = 500  # so that a long queue which expires does not keep the writer from other work
_LANES_AT_ONCE: Final = 64
_SUSPECTED: Final = POISON_LIMIT - 1
_SUSPECTS: Final = -1  # stands among the urgencies when one is due


@dataclass(frozen=True, slots=True, kw_only=True)
class Lanes:
    """How many deliveries may be on their way at once: to one channel, and to the relay of all email channels.

    The relay has fewer connections than that; the rest stand in line for them, so that no connection has to wait for
    a transaction.
    """

    per_channel: int = 2
    relay: int = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenUp:
    """A delivery that ended without another attempt, and why."""

    uid: str
    state: DeliveryState
    reason: str


def claim(
    tx: Transaction,
    *,
    owner: str,
    now: datetime,
    lease: timedelta,
    limit: int,
    lanes: Lanes = Lanes(),
    after: Mapping[Urgency, int] | None = None,
) -> list[tuple[Delivery, Attempt]]:
    """Lease up to `limit` deliveries that are due, each with the attempt that is open from now on.

    Of each urgency, channels take turns, beginning behind the one whose id `after` names; of one channel the longest
    due comes first. A delivery waits for every older one of its story on its channel. An open breaker lets one through
    when its probe is due. What is past its time, or whose channel is off, is left for `sweep`.
    """
    ids = _wanted(tx, _pick(tx, now=now, limit=limit, lanes=lanes, after=after or {}), now=now)
    if not ids:
        return []
    tx.run(
        """
        UPDATE deliveries SET state = 'leased', lease_owner = :owner, lease_until = :until, attempts = attempts + 1
        WHERE id IN (:ids)
        """,
        owner=owner,
        until=micros(now + lease),
        ids=ids,
    )
    tx.run(
        """
        INSERT INTO attempts (delivery_id, number, cause, started_at, reason)
        SELECT id, attempts, cause, :now, '' FROM deliveries WHERE id IN (:ids)
        """,
        now=micros(now),
        ids=ids,
    )
    rows = {row["id"]: row for row in tx.rows(_CLAIMED, ids=ids)}
    return [(delivery_of(tx, rows[each]), attempt_of(rows[each], "attempt_")) for each in ids]


def _wanted(tx: Transaction, ids: tuple[int, ...], *, now: datetime) -> tuple[int, ...]:
    """Cancel what its subscriber does not want any more, and return the rest."""
    refused = unwanted(tx, ids)
    tx.many(
        "UPDATE deliveries SET state = 'cancelled', done_at = :now, reason = :reason WHERE id = :id",
        [{"id": each, "reason": reason, "now": micros(now)} for each, reason in refused.items()],
    )
    return tuple(each for each in ids if each not in refused)


def sweep(tx: Transaction, *, now: datetime) -> list[GivenUp]:
    """Take back leases that ran out, end what is past its time, cancel what waits for a channel that is off.

    Return what ended dead here.
    """
    rows = tx.rows(skip_locked(tx, _RAN_OUT, of="deliveries"), now=micros(now))
    given_up = _give_back(tx, [row["id"] for row in rows], reason=LEASE_RAN_OUT, now=now)
    given_up += _expire(tx, now=now)
    cancel_stranded(tx, now=now)
    return given_up


def release_leases(tx: Transaction, *, now: datetime, orderly: bool = False) -> int:
    """Make every leased delivery due now and return how many there were.

    Only for a process that holds the store alone: at its start, when every lease belongs to a process that is gone,
    and at an `orderly` stop, which is no sign that a delivery is what ends the process.
    """
    rows = tx.rows("SELECT id FROM deliveries WHERE state = 'leased' ORDER BY lease_until, id")
    ids = [row["id"] for row in rows]
    _give_back(tx, ids, reason=STOPPED if orderly else PROCESS_ENDED, now=now, due_now=True, cut=not orderly)
    cancel_stranded(tx, now=now)
    return len(ids)


class _Room:
    """How much may still be taken in this claim, by lane; probes are those breakers that let one through."""

    def __init__(self, tx: Transaction, *, now: datetime, lanes: Lanes) -> None:
        self._lanes = lanes
        stops = stopping(tx, now=now)
        self._shut = {each.key for each in stops if _is_shut(each, now)}
        self._probing = {each.key for each in stops if each.key not in self._shut}
        if self._probing:  # of two claimers side by side one probes
            taken = tx.rows(skip_locked(tx, _PROBES, of="breakers"), keys=tuple(sorted(self._probing)))
            self._shut |= self._probing - {row["key"] for row in taken}
        self._busy: Counter[int] = Counter()
        self._relayed = 0
        self.has_suspect = False
        for row in tx.rows(_IN_FLIGHT):
            self._busy[row["channel_id"]] = row["number"]
            self.has_suspect |= row["most_cut_short"] >= _SUSPECTED
            self._relayed += row["number"] if row["kind"] == ChannelKind.EMAIL else 0
        off = {each.channel_id for each in stops if each.channel_id is not None and each.key in self._shut}
        self.off = (0, *sorted(off))  # never empty: NOT IN of an empty list is true of nothing

    @property
    def for_mail(self) -> int:
        """How many more may go to the relay."""
        if RELAY in self._shut:
            return 0
        return (1 if RELAY in self._probing else self._lanes.relay) - self._relayed

    def left(self, channel_id: int, kind: str) -> int:
        """Return how many more may go to this channel."""
        key, is_mail = channel_key(channel_id), kind == ChannelKind.EMAIL
        if key in self._shut:
            return 0
        usual = self._lanes.relay if is_mail else self._lanes.per_channel
        left = (1 if key in self._probing else usual) - self._busy[channel_id]
        return min(left, self.for_mail) if is_mail else left

    def take(self, channel_id: int, kind: str) -> bool:
        """Take one place, if there is one."""
        if self.left(channel_id, kind) <= 0:
            return False
        self._busy[channel_id] += 1
        self._relayed += 1 if kind == ChannelKind.EMAIL else 0
        return True


def _is_shut(breaker: Breaker, now: datetime) -> bool:
    held = breaker.held_until is not None and breaker.held_until > now
    return held or (breaker.probe_at is not None and breaker.probe_at > now)


def _pick(
    tx: Transaction, *, now: datetime, limit: int, lanes: Lanes, after: Mapping[Urgency, int]
) -> tuple[int, ...]:
    """Choose what to lease, in the order in which it shall be sent."""
    waiting = [row["urgency"] for row in tx.rows(_URGENCIES, now=micros(now))]
    if not waiting or limit <= 0:
        return ()
    room = _Room(tx, now=now, lanes=lanes)
    picked = _suspect(tx, room, now=now) if waiting[0] == _SUSPECTS else []
    for urgency in (Urgency(each) for each in waiting if each != _SUSPECTS):
        wanted = limit - len(picked)
        queues: list[tuple[int, str, list[int]]] = []
        for lane in _lanes_in_turn(tx, urgency, now=now, after=after.get(urgency, 0), room=room):
            if len(queues) >= wanted:
                break
            channel_id, kind = lane["channel_id"], lane["kind"]
            if kind == ChannelKind.EMAIL and sum(other == kind for _, other, _ in queues) >= room.for_mail:
                continue  # those before it take all that the relay has room for
            left = min(room.left(channel_id, kind), wanted)
            queue = _head(tx, urgency, channel_id, now=now, limit=left) if left > 0 else []
            if queue:
                queues.append((channel_id, kind, queue))
        picked += _in_turn(queues, room, wanted)
    return tuple(picked)


def _suspect(tx: Transaction, room: _Room, *, now: datetime) -> list[int]:
    """Choose one of those during which we ended twice, if none is on its way.

    One at a time, so that the one at fault does not take those with it that were only beside it.
    """
    if room.has_suspect:
        return []
    for row in tx.rows(_SUSPECT, now=micros(now), limit=_LANES_AT_ONCE):
        if room.take(row["channel_id"], row["kind"]):
            return [row["id"]]
    return []


def _in_turn(queues: Sequence[tuple[int, str, list[int]]], room: _Room, wanted: int) -> list[int]:
    """Deal one from each queue, then the second of each, while there is room."""
    taken: list[int] = []
    for turn in range(max((len(queue) for _, _, queue in queues), default=0)):
        for channel_id, kind, queue in queues:
            if len(taken) < wanted and turn < len(queue) and room.take(channel_id, kind):
                taken.append(queue[turn])
    return taken


def _lanes_in_turn(
    tx: Transaction, urgency: Urgency, *, now: datetime, after: int, room: _Room
) -> Iterator[Row]:
    """Yield the channels with something due, from the one behind `after` round to it."""

    def lanes(low: int, high: int) -> list[Row]:
        return tx.rows(
            _LANES,
            urgency=urgency.value,
            after=low,
            last=high,
            now=micros(now),
            off=room.off,
            mail=int(room.for_mail > 0),
            limit=_LANES_AT_ONCE,
        )

    rows = lanes(0, _LAST)
    if len(rows) < _LANES_AT_ONCE:  # the usual case: these are all
        yield from sorted(rows, key=lambda row: row["channel_id"] <= after)
        return
    for low, high in ((after, _LAST), (0, after)):
        at = low
        while at < high:
            rows = lanes(at, high)
            yield from rows
            if len(rows) < _LANES_AT_ONCE:
                break
            at = rows[-1]["channel_id"]


def _head(tx: Transaction, urgency: Urgency, channel_id: int, *, now: datetime, limit: int) -> list[int]:
    rows = tx.rows(
        skip_locked(tx, _HEAD, of="d"),
        urgency=urgency.value,
        channel_id=channel_id,
        now=micros(now),
        limit=limit,
    )
    return [row["id"] for row in rows]


def _give_back(
    tx: Transaction,
    ids: Iterable[int],
    *,
    reason: str,
    now: datetime,
    due_now: bool = False,
    cut: bool = True,
) -> list[GivenUp]:
    """Turn leased deliveries into pending ones and close their open attempts as unknown; return those given up."""
    given_up: list[GivenUp] = []
    for batch in in_batches(ids):
        tx.run(
            """
            UPDATE attempts SET ended_at = :now, outcome = :outcome, reason = :reason
            WHERE delivery_id IN (:ids) AND outcome IS NULL
            """,
            now=micros(now),
            outcome=SendOutcome.UNKNOWN.value,
            reason=reason,
            ids=batch,
        )
        tx.run(
            """
            UPDATE deliveries SET state = 'pending', lease_owner = NULL, lease_until = NULL,
              cut_short = cut_short + :cut, due_at = CASE WHEN :due_now = 1 THEN :now ELSE due_at END
            WHERE id IN (:ids)
            """,
            cut=int(cut),
            due_now=int(due_now),
            now=micros(now),
            ids=batch,
        )
        poison = tx.rows(
            "UPDATE deliveries SET state = 'dead', done_at = :now, reason = :reason "
            "WHERE id IN (:ids) AND cut_short >= :limit RETURNING uid",
            now=micros(now),
            reason=POISON,
            ids=batch,
            limit=POISON_LIMIT,
        )
        given_up += [GivenUp(uid=row["uid"], state=DeliveryState.DEAD, reason=POISON) for row in poison]
    return given_up


def _expire(tx: Transaction, *, now: datetime) -> list[GivenUp]:
    rows = tx.rows(skip_locked(tx, _EXPIRED, of="deliveries"), now=micros(now), limit=_EXPIRED_AT_ONCE)
    if not rows:
        return []
    ended = [(row["id"], row["uid"], _no_news(row)) for row in rows]
    tx.many(
        "UPDATE deliveries SET state = 'dead', done_at = :now, reason = :reason WHERE id = :id",
        [{"id": number, "reason": reason, "now": micros(now)} for number, _, reason in ended],
    )
    return [GivenUp(uid=uid, state=DeliveryState.DEAD, reason=reason) for _, uid, reason in ended]


def _no_news(row: Row) -> str:
    asked = row["asked_at"]
    since = row["created_at"] if asked is None else asked
    lived = (moment(row["expires_at"]) - moment(since)).total_seconds()
    how = "being made" if asked is None else "being asked for again"
    last = f"; last: {row['reason']}" if row["reason"] else "; it was never tried"
    return f"no news any more: not accepted within {words(lived)} of {how}{last}"


_LAST: Final = 2**62

_URGENCIES = """
SELECT -1 AS urgency WHERE EXISTS (
  SELECT 1 FROM deliveries WHERE state = 'pending' AND cut_short >= 2 AND due_at <= :now)
UNION ALL
SELECT u.urgency FROM (SELECT 0 AS urgency UNION ALL SELECT 1 UNION ALL SELECT 2) u
WHERE EXISTS (SELECT 1 FROM deliveries d WHERE d.state = 'pending' AND d.urgency = u.urgency)
ORDER BY urgency
"""

# The bound leaves out nothing; without it SQLite goes through all deliveries, in the order of their channels.
_IN_FLIGHT = """
SELECT d.channel_id, c.kind, count(*) AS number, max(d.cut_short) AS most_cut_short
FROM deliveries d JOIN channels c ON c.id = d.channel_id
WHERE d.state = 'leased' AND d.lease_until >= 0 GROUP BY d.channel_id, c.kind
"""

_PROBES = "SELECT key FROM breakers WHERE key IN (:keys) ORDER BY key"

# A loose scan of the index deliveries_due: one step for each channel, however many rows it has.
_LANES = """
WITH RECURSIVE lane (channel_id) AS (
  SELECT (SELECT d.channel_id FROM deliveries d
    WHERE d.state = 'pending' AND d.urgency = :urgency AND d.channel_id > :after ORDER BY d.channel_id LIMIT 1)
  UNION ALL
  SELECT (SELECT d.channel_id FROM deliveries d
    WHERE d.state = 'pending' AND d.urgency = :urgency AND d.channel_id > lane.channel_id
    ORDER BY d.channel_id LIMIT 1)
  FROM lane WHERE lane.channel_id IS NOT NULL AND lane.channel_id < :last
)
SELECT lane.channel_id, c.kind FROM lane JOIN channels c ON c.id = lane.channel_id
WHERE lane.channel_id <= :last AND c.enabled = 1 AND lane.channel_id NOT IN (:off)
  AND (:mail = 1 OR c.kind <> 'email')
  AND EXISTS (SELECT 1 FROM deliveries d
    WHERE d.state = 'pending' AND d.urgency = :urgency AND d.channel_id = lane.channel_id AND d.due_at <= :now)
ORDER BY lane.channel_id LIMIT :limit
"""

_HEAD = """
SELECT d.id FROM deliveries d
WHERE d.state = 'pending' AND d.urgency = :urgency AND d.channel_id = :channel_id AND d.due_at <= :now
  AND d.expires_at > :now AND d.cut_short < 2
  AND (d.story_id IS NULL OR NOT EXISTS (SELECT 1 FROM deliveries o
    WHERE o.channel_id = d.channel_id AND o.story_id = d.story_id AND o.id < d.id
      AND o.state IN ('pending', 'leased')))
ORDER BY d.due_at, d.id LIMIT :limit
"""

_SUSPECT = """
SELECT d.id, d.channel_id, c.kind FROM deliveries d JOIN channels c ON c.id = d.channel_id
WHERE d.state = 'pending' AND d.cut_short >= 2 AND d.due_at <= :now AND d.expires_at > :now AND c.enabled = 1
  AND (d.story_id IS NULL OR NOT EXISTS (SELECT 1 FROM deliveries o
    WHERE o.channel_id = d.channel_id AND o.story_id = d.story_id AND o.id < d.id
      AND o.state IN ('pending', 'leased')))
ORDER BY d.due_at, d.id LIMIT :limit
"""

_RAN_OUT = "SELECT id FROM deliveries WHERE state = 'leased' AND lease_until <= :now ORDER BY lease_until, id"

_EXPIRED = """
SELECT id, uid, created_at, asked_at, expires_at, reason FROM deliveries
WHERE state = 'pending' AND expires_at <= :now ORDER BY expires_at LIMIT :limit
"""

_CLAIMED = """
SELECT d.id, d.uid, d.event, d.alert_id, d.story_id, d.urgency, d.state, p.body, d.due_at, d.expires_at,
  d.attempts, d.tries, d.unknowns, d.reason, d.created_at, d.lease_owner,
  c.id AS channel_id, c.slug AS channel_slug, c.kind AS channel_kind, c.address AS channel_address,
  c.secret AS channel_secret, c.enabled AS channel_enabled, c.disabled_reason AS channel_disabled_reason,
  c.owner AS channel_owner, c.old_secret AS channel_old_secret, c.old_secret_until AS channel_old_secret_until,
  c.format AS channel_format,
  a.id AS attempt_id, d.id AS attempt_delivery_id, a.number AS attempt_number,
  a.cause AS attempt_cause, a.started_at AS attempt_started_at,
  a.ended_at AS attempt_ended_at, a.outcome AS attempt_outcome, a.status AS attempt_status,
  a.reason AS attempt_reason, a.reply AS attempt_reply
FROM deliveries d
JOIN payloads p ON p.delivery_id = d.id
JOIN channels c ON c.id = d.channel_id
JOIN attempts a ON a.delivery_id = d.id AND a.number = d.attempts
WHERE d.id IN (:ids)
"""
