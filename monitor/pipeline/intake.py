"""Decide what a poll brought: which items are new, which changed, and where the feed stands now (pure).

Newness is an unseen identity, never a date: late and undated items are not lost.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from monitor.fetch.cadence import Schedule
from monitor.fetch.request import Fetched
from monitor.model import FetchState, ItemDraft, Outcome
from monitor.store.items import KnownItem


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """The items of one document, sorted: unseen, changed, and the keys of all that were known.

    `reissued` names those of `new` that are new by their guid alone: text and link were shown before.
    """

    new: tuple[ItemDraft, ...] = ()
    changed: tuple[ItemDraft, ...] = ()
    seen: tuple[str, ...] = ()
    known: Mapping[str, KnownItem] = field(default_factory=dict)
    reissued: frozenset[str] = frozenset()


def take_in(
    found: Sequence[ItemDraft],
    known: Mapping[str, KnownItem],
    *,
    shown: Collection[tuple[str, str]] = (),
) -> Intake:
    """Sort drafts by what the store knows; oldest first, so that a story begins with its first report.

    `shown` holds (fingerprint, canonical link) of items that the feed had under whatever key.
    """
    ordered = list(reversed(found))
    new = tuple(draft for draft in ordered if draft.key not in known)
    return Intake(
        new=new,
        reissued=frozenset(draft.key for draft in new if (draft.fingerprint, draft.canonical_link) in shown),
        changed=tuple(
            draft
            for draft in ordered
            if draft.key in known and known[draft.key].fingerprint != draft.fingerprint
        ),
        seen=tuple(draft.key for draft in ordered if draft.key in known),
        known=known,
    )


def progress(
    state: FetchState,
    *,
    outcome: Outcome,
    reason: str,
    fetched: Fetched,
    digest: str | None,
    damaged: bool = False,
    schedule: Schedule,
    now: datetime,
) -> FetchState:
    """Work out the feed's state after a poll.

    A 200 that could not be read, or not to its end (`damaged`), keeps the old validators (with the new ones, the
    next 304 would hide its items for ever) and the old body hash. A 304 stores what it sends and heals nothing:
    `failures` stays.
    """
    after = replace(
        state,
        next_poll_at=schedule.next_poll_at,
        interval=schedule.interval,
        outcome=outcome,
        reason=reason,
        last_polled_at=now,
        gone=state.gone + 1 if outcome is Outcome.GONE else 0,
        claimed_at=None,
    )
    if outcome in {Outcome.NEW, Outcome.SAME}:
        healed = replace(after, last_ok_at=now, baseline_at=state.baseline_at or now, failures=0)
        if damaged:
            return healed
        return replace(
            healed,
            etag=fetched.headers.get("etag"),
            last_modified=fetched.headers.get("last-modified"),
            validator_url=fetched.url,
            body_hash=digest,
        )
    if outcome is Outcome.NOT_MODIFIED:
        return replace(
            after,
            etag=fetched.headers.get("etag", state.etag),
            last_modified=fetched.headers.get("last-modified", state.last_modified),
            last_ok_at=now,
        )
    return replace(after, failures=state.failures + 1)
