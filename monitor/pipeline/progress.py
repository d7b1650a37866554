"""Work out where a feed stands after a poll: validators, failures, rhythm, moves, retirement (pure)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from monitor.fetch import rhythm
from monitor.fetch.cadence import Schedule, retire
from monitor.fetch.request import Fetched
from monitor.model import FetchState, Hints, ItemDraft, Outcome

FULL_REFETCH = timedelta(days=8)
HEALING_REFETCH = timedelta(days=1)
MOVE_TIME = timedelta(days=7)
MOVE_POLLS = 5
MOVE_FAILURES = 3  # of a kind that may pass, at a followed address, before the configured one is asked again
_READ = frozenset({Outcome.NEW, Outcome.SAME})
_PASSING = frozenset({Outcome.TIMEOUT, Outcome.SERVER_ERROR, Outcome.RATE_LIMITED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a poll brought, as far as the feed's own state depends on it.

    `hints` are the document's, and `window` is how many entries it has, both None where none was read or its bytes
    were the last ones'; `new` are its unseen items, `familiar` says that it has at least one known one.
    """

    fetched: Fetched
    digest: str | None = None
    damaged: bool = False
    hints: Hints | None = None
    window: int | None = None
    new: Sequence[ItemDraft] = ()
    familiar: bool = False


def must_refetch(state: FetchState, *, now: datetime) -> bool:
    """Whether a server has answered "not modified" for so long that the whole document is asked for once.

    Some answer 304 to any validator for ever; a feed that is all right costs one full answer in eight days. One that
    failed is healed by a whole document only, which is asked for a day after the last full answer; a retired one comes
    back by a document alone, so it is always asked for one.
    """
    if state.retired_at is not None:
        return True
    known_since = state.full_at or state.baseline_at
    longest = HEALING_REFETCH if state.failures else FULL_REFETCH
    return state.outcome is Outcome.NOT_MODIFIED and known_since is not None and now - known_since >= longest


def taught(state: FetchState, found: Found, *, now: datetime) -> FetchState:
    """Take over what a document that was read says of itself, and learn from when its items came."""
    if found.window is None or found.hints is None:
        return state
    said = replace(
        state,
        hints=found.hints,
        window=found.window,
        empty_since=None if found.window else state.empty_since or now,
    )
    dates = [draft.published for draft in found.new]
    if state.baseline_at is None:
        learnt = rhythm.seed([date for date in dates if date is not None], now)
        if learnt.start is None:
            # Known items only, at another address: its rhythm is known. Or items without dates: the clock starts.
            known = rhythm.Rhythm.from_text(state.rhythm)
            learnt = rhythm.learn(known, (), since=None, now=now)
        return replace(said, rhythm=learnt.to_text())
    if not dates:
        return said
    known = rhythm.Rhythm.from_text(state.rhythm)
    learnt = rhythm.learn(known, dates, since=state.last_ok_at, now=now)
    return replace(said, last_new_at=now, rhythm=learnt.to_text())


def progress(
    state: FetchState, *, outcome: Outcome, reason: str, found: Found, schedule: Schedule, now: datetime
) -> FetchState:
    """Work out the feed's state after a poll that ended at `now`; `state` is the one before it, as `taught` by it.

    A 200 that could not be read, or not to its end (`damaged`), keeps the old validators (with the new ones, the
    next 304 would hide its items for ever) and the old body hash. A 304 stores what it sends and heals nothing:
    `failures` stays.
    """
    changes: dict[str, Any] = {
        "next_poll_at": schedule.next_poll_at,
        "interval": schedule.interval,
        "plan": schedule.reason,
        "outcome": outcome,
        "reason": reason,
        "last_polled_at": now,
        "gone": state.gone + 1 if outcome is Outcome.GONE else 0,
        "full_at": now if found.fetched.status == 200 else state.full_at,
        "claimed_at": None,
    }
    if outcome in _READ:
        changes |= _read(state, found, now=now)
    elif outcome is Outcome.NOT_MODIFIED:
        # Validators are sent only where they were issued: it is the very document that was read there.
        changes |= _moved(state, found, now=now)
        changes |= {
            "etag": found.fetched.headers.get("etag", state.etag),
            "last_modified": found.fetched.headers.get("last-modified", state.last_modified),
            "last_ok_at": now,
        }
    else:
        changes |= _failed(state, outcome, now=now)
    return replace(state, **changes)


def _failed(state: FetchState, outcome: Outcome, *, now: datetime) -> dict[str, Any]:
    """Count a failure, leave an address that leads nowhere any more, retire what is dead."""
    failures = state.failures + 1
    changes: dict[str, Any] = {"failures": failures, "failing_since": state.failing_since or now}
    if outcome is Outcome.EMPTY:
        changes["empty_since"] = state.empty_since or now
    if state.follows_move and (outcome not in _PASSING or failures >= MOVE_FAILURES):
        changes |= {"moved_to": None, "moved_since": None, "moved_polls": 0, "follows_move": False}
    if state.retired_at is None and retire(state, outcome, now=now):
        changes["retired_at"] = now
    return changes


def _read(state: FetchState, found: Found, *, now: datetime) -> dict[str, Any]:
    """Heal, and take over the validators of a document that was read to its end."""
    changes: dict[str, Any] = {
        "last_ok_at": now,
        # A first document that was cut short is no baseline: the rest of it would be news. The second one is.
        "baseline_at": state.baseline_at or (None if found.damaged and state.last_ok_at is None else now),
        "failures": 0,
        "failing_since": None,
        "empty_since": state.empty_since if state.window == 0 else None,
        "retired_at": None,
        **_moved(state, found, now=now),
    }
    if not found.damaged:
        changes |= {
            "etag": found.fetched.headers.get("etag"),
            "last_modified": found.fetched.headers.get("last-modified"),
            "validator_url": found.fetched.url,
            "body_hash": found.digest,
        }
    return changes


def _moved(state: FetchState, found: Found, *, now: datetime) -> dict[str, Any]:
    """Count permanent redirects to one place; after a week and five polls of a familiar feed there, follow them.

    The address in the configuration stays: it is its owner's. It is asked again when the new one fails.
    """
    if state.follows_move:
        return {}
    target = found.fetched.permanent_url
    if target is None:
        return {"moved_to": None, "moved_since": None, "moved_polls": 0}
    since, polls = (state.moved_since or now, state.moved_polls) if target == state.moved_to else (now, 0)
    polls += 1
    proven = found.familiar and polls >= MOVE_POLLS and now - since >= MOVE_TIME
    return {"moved_to": target, "moved_since": since, "moved_polls": polls, "follows_move": proven}
