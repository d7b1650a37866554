"""Ask the store, in one read, what it knows of a document's items.

It decides nothing but under which keys to ask: `intake` does.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from monitor.model import ItemDraft
from monitor.pipeline.intake import FLOOD, Known, apart
from monitor.store import Transaction, items


@dataclass(frozen=True, slots=True, kw_only=True)
class LookedUp:
    """The drafts under the keys that the store has or will have, what is known of them, and which keys changed."""

    drafts: tuple[ItemDraft, ...] = ()
    known: Known = field(default_factory=Known)
    renamed: dict[str, str] = field(default_factory=dict)


def look_up(tx: Transaction, feed_id: int, drafts: Sequence[ItemDraft]) -> LookedUp:
    """Find the items that a feed has already, and the texts and links that it has shown under other keys."""
    by_key = items.known(tx, feed_id, [draft.key for draft in drafts])
    edited = [by_key[draft.key] for draft in drafts if _edited(draft, by_key)]
    if edited:
        described = items.describe(tx, edited)
        by_key = {key: described.get(item.id, item) for key, item in by_key.items()}
    others = apart(drafts, by_key)
    if others:
        drafts = [others.get(draft.key, draft) for draft in drafts]
        by_key |= items.known(tx, feed_id, [draft.key for draft in others.values()])
    known = replace(_shown(tx, feed_id, [d for d in drafts if d.key not in by_key]), by_key=by_key)
    renamed = {key: draft.key for key, draft in others.items()}
    return LookedUp(drafts=tuple(drafts), known=known, renamed=renamed)


def _edited(draft: ItemDraft, by_key: dict[str, items.KnownItem]) -> bool:
    return draft.key in by_key and by_key[draft.key].fingerprint != draft.fingerprint


def _shown(tx: Transaction, feed_id: int, unseen: Sequence[ItemDraft]) -> Known:
    shown = items.shown(tx, feed_id, {draft.fingerprint for draft in unseen})
    # Links are looked for only where so much is new that the publisher may have issued it all again.
    links = (
        {draft.canonical_link for draft in unseen if draft.canonical_link} if len(unseen) > FLOOD else set()
    )
    return Known(
        shown={(each.fingerprint, each.canonical_link): each.key for each in shown if each.canonical_link},
        texts=frozenset(each.fingerprint for each in shown),
        links=items.links_shown(tx, feed_id, links),
    )
