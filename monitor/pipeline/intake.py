"""Decide what a poll brought: which items are new, which changed, which a publisher only issued again (pure).

Newness is an unseen identity, never a date: late and undated items are not lost. Where the feed stands after the
poll is `monitor.pipeline.progress`'s.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from monitor.fetch.identity import rekeyed, reused
from monitor.model import ItemDraft
from monitor.store.items import KnownItem

FLOOD = 10  # new items in one document that are never suspicious
FLOOD_SHARE = 0.5  # of a document: more than that is new at once
REISSUED_SHARE = 0.3  # of a flood: more than that was shown before, so all of it is issued again


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the store knows of a document's items.

    `by_key` are items by their key. `shown` maps (fingerprint, canonical link) of items that the feed has had,
    under whatever key, to that key; `texts` are fingerprints, and `links` canonical links, that it has had.
    """

    by_key: Mapping[str, KnownItem] = field(default_factory=dict)
    shown: Mapping[tuple[str, str], str] = field(default_factory=dict)
    texts: Collection[str] = ()
    links: Collection[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """The items of one document, sorted: unseen, changed, and the keys of all that were known.

    `held` names those of `new` that belong to a window issued again; `renamed` gives the key of the item that an
    entry turned out to be, where its own key says otherwise.
    """

    new: tuple[ItemDraft, ...] = ()
    changed: tuple[ItemDraft, ...] = ()
    seen: tuple[str, ...] = ()
    known: Mapping[str, KnownItem] = field(default_factory=dict)
    held: frozenset[str] = frozenset()
    renamed: Mapping[str, str] = field(default_factory=dict)


def apart(found: Sequence[ItemDraft], known: Mapping[str, KnownItem]) -> dict[str, ItemDraft]:
    """Return under a key of their own, by the shared one, the drafts whose guid was given to another article before."""
    return {
        draft.key: rekeyed(draft)
        for draft in found
        if (item := known.get(draft.key))
        and draft.raw_id
        and item.fingerprint != draft.fingerprint
        and reused(draft, link=item.canonical_link, title=item.title)
    }


def take_in(found: Sequence[ItemDraft], known: Known, *, window: int = 0) -> Intake:
    """Sort drafts by what the store knows; oldest first, so that a story begins with its first report.

    A new guid on text and link that the feed has shown is that item again. `window` is the number of entries of
    the whole document: when most of it is new, and much of that was shown before under another guid or link, the
    publisher has issued its window again, and all of it is held.
    """
    new: dict[str, ItemDraft] = {}
    changed, seen, renamed = [], [], {}
    for draft in reversed(found):
        item = known.by_key.get(draft.key)
        if item is not None:
            seen.append(draft.key)
            if item.fingerprint != draft.fingerprint:
                changed.append(draft)
        elif draft.canonical_link and (again := known.shown.get((draft.fingerprint, draft.canonical_link))):
            renamed[draft.key] = again
            seen.append(again)
        else:
            new[draft.key] = draft
    return Intake(
        new=tuple(new.values()),
        changed=tuple(changed),
        seen=tuple(dict.fromkeys(seen)),
        known=known.by_key,
        held=_held(tuple(new.values()), known, again=len(renamed), window=window),
        renamed=renamed,
    )


def _held(new: Sequence[ItemDraft], known: Known, *, again: int, window: int) -> frozenset[str]:
    """Return the keys of all new items if they came with a window that was issued again, else none."""
    flood = len(new) + again
    if not new or flood <= max(FLOOD, FLOOD_SHARE * window):
        return frozenset()
    # A text counts once: where every item has the same words, they say nothing of one.
    texts = {draft.fingerprint for draft in new if draft.fingerprint in known.texts}
    links = sum(draft.canonical_link in known.links and draft.fingerprint not in texts for draft in new)
    shown = again + len(texts) + links
    return frozenset(draft.key for draft in new) if shown >= REISSUED_SHARE * flood else frozenset()
