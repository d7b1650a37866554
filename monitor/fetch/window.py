"""The window of a feed: what is remembered of the last document, so that only unseen entries need be parsed (pure).

A document is cut into pieces, one an entry; a piece that was seen stands for the item that it was. Only where an
unseen entry shares its guid or link with one still there could the whole document be read differently: then the
answer is "not sure", and all of it is parsed.
"""

import hashlib
from collections import Counter
from collections.abc import Collection, Hashable, Mapping, Sequence

from monitor.fetch.document import Entry, Parsed
from monitor.fetch.identity import canonical_link
from monitor.model import ItemDraft, Slot


def unsure(parsed: Parsed, before: Sequence[Slot]) -> bool:
    """Whether unseen entries could change what those still in the document are taken for."""
    if not (parsed.pieces and parsed.entries and before):
        return False
    shown = set(parsed.pieces)
    there = [slot for slot in before if slot.piece in shown]
    guids, links = {slot.guid for slot in there}, {slot.link for slot in there}
    return any(
        (entry.raw_id and _digest(entry.raw_id) in guids) or (entry.link and _link(entry) in links)
        for entry in parsed.entries
    )


def slots(
    parsed: Parsed, keys: Sequence[str], before: Sequence[Slot], *, renamed: Mapping[str, str]
) -> tuple[Slot, ...]:
    """Return the window of a document: remembered slots for its seen pieces, new ones for its entries, in order.

    `keys` are those of the entries, which `renamed` may replace. Where all of the document was read, all are new:
    then its entries, seen or not, stand one for one beside its pieces, if it has any.
    """
    read = [_slot(entry, renamed.get(key, key)) for entry, key in zip(parsed.entries, keys, strict=True)]
    if not parsed.pieces:
        return tuple(read)
    whole = len(read) == len(parsed.pieces)
    known = {} if whole else {slot.piece: slot for slot in before if slot.piece}
    fresh = iter(read)
    window: list[Slot] = []
    for piece in parsed.pieces:
        if piece in known:
            window.append(known[piece])
        else:
            slot = next(fresh)
            window.append(Slot(piece, slot.key, slot.guid, slot.link))
    return tuple(window)


def reissued(drafts: Sequence[ItemDraft], before: Sequence[Slot]) -> dict[str, str]:
    """Return the key of the item that a draft stood for in the window, by draft key, where its own differs.

    An item that was issued again under another guid keeps its key, and only the window knows of the other guid. A
    draft is told by guid and link, else by its guid alone; what stands twice, here or there, says nothing.
    """
    there = [slot for slot in before if slot.guid and slot.key]
    carried = [(draft.key, _digest(draft.raw_id), _link(draft)) for draft in drafts if draft.raw_id]
    found = _alone([(guid, key) for key, guid, _ in carried], [(slot.guid, slot.key) for slot in there])
    found |= _alone(
        [((guid, link), key) for key, guid, link in carried],
        [((slot.guid, slot.link), slot.key) for slot in there],
    )
    own = {draft.key for draft in drafts}
    times = Counter(found.values())
    return {key: item for key, item in found.items() if item not in own and times[item] == 1}


def _alone(here: Sequence[tuple[Hashable, str]], there: Sequence[tuple[Hashable, str]]) -> dict[str, str]:
    """Pair the keys of those that alone carry a name here and there, each once; (name, key) each."""
    names, keys = Counter(name for name, _ in there), Counter(key for _, key in there)
    items = {name: key for name, key in there if names[name] == 1 and keys[key] == 1}
    times = Counter(name for name, _ in here)
    return {key: items[name] for name, key in here if times[name] == 1 and name in items}


def still_shown(parsed: Parsed, before: Sequence[Slot]) -> tuple[str, ...]:
    """Return the keys of remembered items whose pieces the document still has."""
    shown = set(parsed.pieces)
    return tuple(dict.fromkeys(slot.key for slot in before if slot.key and slot.piece in shown))


def shares_nothing(window: Sequence[Slot], before: Sequence[Slot], known: Collection[str]) -> bool:
    """Whether a document has no item of the one before it, nor any other that is `known`."""
    keys = {slot.key for slot in window if slot.key}
    earlier = {slot.key for slot in before if slot.key}
    if len(keys) + len(earlier) < 3:  # a feed of one item shows another one at every change
        return False
    return bool(keys and earlier) and not keys & (earlier | set(known))


def _slot(entry: Entry, key: str) -> Slot:
    return Slot("", key, _digest(entry.raw_id or ""), _link(entry))


def _link(entry: Entry | ItemDraft) -> str:
    return _digest(canonical_link(entry.link)) if entry.link else ""


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest() if text else ""
