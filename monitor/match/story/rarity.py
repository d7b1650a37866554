"""How much a term says: the rarer it is, in general news and among the items of the window, the more.

The window is the memory: what left it is forgotten, so that the weights of an item follow from the items before it
alone. General news (`common_words`) speaks for what a window of a few items cannot know; it knows two languages. In
any other the window has to grow first (`told`), since without it "der" is as telling as "Tijuana".
"""

import math
from collections.abc import Iterable, Mapping
from typing import Final

from monitor.match.story import common_words
from monitor.match.story.text import number_of

GENERAL: Final = 4000  # items that the general news counts for
_UNSEEN = 0.5  # how often a term counts that nobody has had
_ENOUGH = 200  # items after which a window without general news tells common from rare


def _counts(table: Mapping[int, str]) -> dict[int, float]:
    return {number_of(word): GENERAL / 2**power for power, words in table.items() for word in words.split()}


_TERMS: Final = {"en": _counts(common_words.ENGLISH), "es": _counts(common_words.SPANISH)}
_FEATURES: Final = _counts(common_words.FEATURES)


class Rarity:
    """Counts of terms over the items of a window, on top of those of general news."""

    __slots__ = ("_counts", "_general", "_items", "told_by")

    def __init__(self, general: Mapping[int, float] | None) -> None:
        self._general: Mapping[int, float] = general or {}
        self._counts: dict[int, int] = {}
        self._items = 0
        self.told_by = 0 if general else _ENOUGH

    @property
    def told(self) -> bool:
        """Whether enough is known to tell a rare term from a common one."""
        return self._items >= self.told_by

    def add(self, terms: Iterable[int]) -> None:
        """Count an item that came into the window."""
        self._items += 1
        counts = self._counts
        for term in terms:
            counts[term] = counts.get(term, 0) + 1

    def remove(self, terms: Iterable[int]) -> None:
        """Forget an item that left it."""
        self._items -= 1
        counts = self._counts
        for term in terms:
            if counts[term] == 1:
                del counts[term]
            else:
                counts[term] -= 1

    def weights(self, terms: Iterable[int]) -> list[float]:
        """Return the weight of each term: the logarithm of one over the share of items that have it."""
        every = GENERAL + self._items + 1
        general, counts, log = self._general.get, self._counts.get, math.log
        return [log(every / (general(term, 0) + counts(term, 0) + _UNSEEN)) for term in terms]


def rarity_of_terms(language: str) -> Rarity:
    """Return an empty count for the terms of one language."""
    return Rarity(_TERMS.get(language))


def rarity_of_features() -> Rarity:
    """Return an empty count for the features that languages share."""
    return Rarity(_FEATURES)
