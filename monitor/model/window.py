"""A window: the entries of the last document read of a feed."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Slot:
    """One entry of a document: the hash of its raw text, its item's key, and digests of its guid and link.

    `piece` is empty where the document could not be cut with certainty; `key` is empty for an entry without
    content; `guid` and `link` are empty where the entry has none.
    """

    piece: str
    key: str
    guid: str
    link: str
