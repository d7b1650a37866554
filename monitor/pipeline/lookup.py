"""Ask the store, in one read, what it knows of a document's items.

It decides nothing but under which keys to ask: `intake` does.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from monitor.fetch.identity import reused
from monitor.fetch.window import reissued
from monitor.model import ItemDraft, Slot
from monitor.pipeline.intake import FLOOD, Known, apart
from monitor.store import Transaction, items


@dataclass(frozen=True, slots=True, kw_only=True)
class LookedUp:
    """The drafts under the keys that the store has or will have, what is known of them, and which keys changed."""

    drafts: tuple[ItemDraft, ...] = ()
    known: Known = field(default_factory=Known)
    renamed: dict[str, str] = field(default_factory=dict)


def look_up(
    tx: Transaction, feed_id: int, drafts: Sequence[ItemDraft], *, before: Sequence[Slot] = ()
) -> LookedUp:
    """Find the items that a feed has already, and the texts and links that it has shown under other keys.

    `before` is the window remembered of its last document, which knows items that were issued again.
    """
    if not items.any_of(tx, feed_id):
        return LookedUp(drafts=tuple(drafts))
    again = _again(tx, feed_id, drafts, before)
    drafts = [again.get(draft.key, draft) for draft in drafts]
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
    renamed = {key: draft.key for key, draft in (again | others).items()}
    return LookedUp(drafts=tuple(drafts), known=known, renamed=renamed)


def _again(
    tx: Transaction, feed_id: int, drafts: Sequence[ItemDraft], before: Sequence[Slot]
) -> dict[str, ItemDraft]:
    """Return under the item's key, by their own, the drafts of items that the window has under another guid.

    Not those whose guid has gone to another article since.
    """
    keys = reissued(drafts, before)
    if not keys:
        return {}
    stored = items.known(tx, feed_id, keys.values())
    described = items.describe(tx, stored.values())
    found = {}
    for draft in drafts:
        item = stored.get(keys.get(draft.key, ""))
        if item is not None and not reused(
            draft, link=described[item.id].canonical_link, title=described[item.id].title
        ):
            found[draft.key] = replace(draft, key=keys[draft.key])
    return found


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
