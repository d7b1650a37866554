"""The tidy stage: what is older than its retention goes, in slices small enough not to hold up the writer.

Items with a hit stay: hits, alerts and decisions are the installation's memory; of decisions those go that say only
that nobody asked.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from monitor.match import StoryRules
from monitor.pipeline.context import Context
from monitor.store import bounces, confirmations, items, ledger, polls, recipients, story_window

log = structlog.get_logger()

SLICE = 500
CONFIRMATIONS_KEPT = timedelta(days=31)  # mails to an address are counted over 30 days


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long rows are kept."""

    items: timedelta = timedelta(days=90)
    polls: timedelta = timedelta(days=30)


async def tidy(context: Context, retention: Retention) -> dict[str, int]:
    """Delete what is past its retention; return how many rows of each kind went."""
    now = context.clock()
    gone = {
        "polls": await _sweep(context, polls.prune_polls, before=now - retention.polls),
        "items": await _sweep(context, items.prune_items, before=now - retention.items),
        "decisions": await _sweep(context, ledger.prune_unasked, before=now - retention.items),
        "old_secrets": await context.store.write(recipients.forget_old_secrets, now=now),
        "story_window": await _sweep(context, story_window.prune_window, span=StoryRules().window),
        "confirmations": await _sweep(
            context, confirmations.forget_unconfirmed, now=now, before=now - CONFIRMATIONS_KEPT
        ),
        "bounces": await _sweep(context, bounces.prune_bounces, before=now - retention.items),
    }
    if any(gone.values()):
        log.info("store.tidied", **gone)
    return gone


async def _sweep(context: Context, prune: Callable[..., int], **bounds: datetime | timedelta) -> int:
    total = 0
    while deleted := await context.store.write(prune, limit=SLICE, **bounds):
        total += deleted
    return total
