"""Say how a poll ended: its outcome with a reason, whether items may be missing, what to remember (pure)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from monitor.fetch import window
from monitor.model import Feed, HitReason, ItemDraft, Outcome, Slot
from monitor.pipeline.intake import Intake
from monitor.pipeline.lookup import LookedUp
from monitor.pipeline.reading import OlderItems, Reading
from monitor.store.gaps import Gap
from monitor.store.items import TOUCH
from monitor.text.gate import link as clean_link


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a poll ended; `moved` is where the publisher says that the feed is now.

    `slots` is the window to remember, None when it stays; `touched_at` when its items were last noted as shown, and
    `shown` the keys to note now. `gap_since` is the time of the last window where this one shares nothing with it,
    `held` how many items a publisher issued again.
    """

    outcome: Outcome
    reason: str
    moved: str | None = None
    slots: tuple[Slot, ...] | None = None
    touched_at: datetime | None = None
    shown: tuple[str, ...] = ()
    gap_since: datetime | None = None
    held: int = 0
    older: OlderItems = field(default_factory=OlderItems)


def conclude(feed: Feed, reading: Reading, looked: LookedUp, intake: Intake, *, now: datetime) -> Ending:
    """Work out how a poll ended, before any older page was asked for."""
    outcome, reason = _outcome(reading, intake)
    reason = f"{reason}; {reading.fetched.note}" if reading.fetched.note else reason
    moved = clean_link(reading.fetched.permanent_url) if outcome.ok else None
    followed = feed.fetch.moved_to if feed.fetch.follows_move and outcome.ok else None
    ending = Ending(
        outcome=outcome,
        reason=_with_move(feed, reason, moved or followed),
        moved=moved,
        held=len(intake.held),
    )
    if not reading.read:
        return ending
    slots = window.slots(
        reading.parsed, reading.identified.keys, reading.slots_before, renamed=_renamed(looked, intake)
    )
    before = reading.before
    touched_at = now if before is None or now - before.read_at >= TOUCH else before.read_at
    due = touched_at == now
    gap = (
        feed.fetch.baseline_at is not None
        and not intake.held
        and not (reading.parsed.damaged and len(slots) < len(reading.slots_before))  # it was cut short
        and window.shares_nothing(slots, reading.slots_before, intake.seen)
    )
    return replace(
        ending,
        slots=slots if due or slots != reading.slots_before else None,
        touched_at=touched_at,
        shown=_shown(reading, intake) if due else (),
        gap_since=_last_known(feed, now) if gap else None,
    )


def _last_known(feed: Feed, now: datetime) -> datetime:
    """Return when the window before was surely the newest: a 200 may not have been readable, a 304 not be true."""
    return min(
        (moment for moment in (feed.fetch.full_at, feed.fetch.last_ok_at) if moment is not None), default=now
    )


def with_older(ending: Ending, older: OlderItems) -> Ending:
    """Add what older pages brought, in words as well."""
    items = f"{len(older.drafts)} item{'' if len(older.drafts) == 1 else 's'}"
    if older.reached:
        said = f"the gap since the last window was filled from older pages ({items})"
    elif older.pages:
        pages = f"{older.pages} older page{'' if older.pages == 1 else 's'}"
        said = f"a gap: {items} found on {pages}, others may be missing"
    else:
        said = "a gap: this window shares nothing with the last one, items between them may be missing"
    return replace(ending, older=older, reason=f"{ending.reason}; {said}")


def gap_of(ending: Ending, *, now: datetime) -> Gap | None:
    """Return the gap to record, if there is one."""
    if ending.gap_since is None:
        return None
    return Gap(
        found_at=now,
        since=ending.gap_since,
        recovered=len(ending.older.drafts),
        closed=ending.older.reached,
        reason=ending.reason.rpartition("; ")[2],
    )


def reasons(feed: Feed, intake: Intake, ending: Ending) -> Mapping[str, HitReason]:
    """Return in which situation each item was found, by key: only live and updated ones may alert.

    Where a feed's new address says more of its old items, that is part of its baseline.
    """
    first = feed.fetch.baseline_at is None
    updated = HitReason.BASELINE if first else HitReason.UPDATED
    found: dict[str, HitReason] = dict.fromkeys((draft.key for draft in intake.changed), updated)
    found |= {draft.key: _of_older(draft, ending) for draft in ending.older.drafts}
    if first:
        return found | _of_baseline(feed, intake)
    for draft in intake.new:
        found[draft.key] = HitReason.HELD if draft.key in intake.held else HitReason.LIVE
    return found


def _of_baseline(feed: Feed, intake: Intake) -> dict[str, HitReason]:
    """Let the first document alert nobody, but for the newest items, or those since a date, if a person wants it."""
    newest = {draft.key for draft in intake.new[max(0, len(intake.new) - feed.alert_newest) :]}
    since = feed.alert_since
    return {
        draft.key: HitReason.LIVE
        if draft.key in newest or (since and draft.published and draft.published >= since)
        else HitReason.BASELINE
        for draft in intake.new
    }


def _of_older(draft: ItemDraft, ending: Ending) -> HitReason:
    """An item of an older page is news if it is from the gap: by its date, else by standing before a known one."""
    assert ending.gap_since is not None
    if draft.published is not None:
        return HitReason.LIVE if draft.published >= ending.gap_since else HitReason.BACKFILLED
    return HitReason.LIVE if ending.older.reached else HitReason.BACKFILLED


def _outcome(reading: Reading, intake: Intake) -> tuple[Outcome, str]:
    """Take the outcome from the fetch, else from the parse, else from what the items turned out to be."""
    fetched, parsed = reading.fetched, reading.parsed
    if fetched.outcome is not None:
        return fetched.outcome, fetched.reason
    if parsed.outcome is not Outcome.NEW:
        return parsed.outcome, parsed.reason
    if not intake.new and not intake.changed:
        return Outcome.SAME, parsed.reason or "every item was known"
    changed = f", {len(intake.changed)} changed" if intake.changed else ""
    held = ", issued again under other guids or addresses: they alert nobody" if intake.held else ""
    return Outcome.NEW, parsed.reason or f"{len(intake.new)} new{changed}{held}"


def _with_move(feed: Feed, reason: str, moved: str | None) -> str:
    if moved is None:
        return reason
    advice = (
        "change the address in its file" if feed.owner.startswith("file:") else "add it under that address"
    )
    return f"{reason}; the publisher has moved it to {moved}: {advice}"


def _renamed(looked: LookedUp, intake: Intake) -> dict[str, str]:
    """Join the two renamings: a key of its own for a reused guid, an earlier item's for a new guid."""
    return {**intake.renamed, **{key: intake.renamed.get(own, own) for key, own in looked.renamed.items()}}


def _shown(reading: Reading, intake: Intake) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*window.still_shown(reading.parsed, reading.slots_before), *intake.seen)))
