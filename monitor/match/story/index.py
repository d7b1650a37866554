"""Which items of the window share a telling term with a new one: an inverted index over each item's heaviest terms.

A step is bounded: few terms are looked up, of each only the newest items, and only the best of all are handed on to
be compared in full.
"""

from array import array
from typing import Final

from monitor.match.story.vector import Vector

FILED: Final = 12  # terms under which an item is filed
ASKED: Final = 8  # terms by which it looks for others
_LOOKED_AT: Final = 96  # items that are met under all of these
_BEST: Final = 12  # items that are compared in full


class StoryIndex:
    """Positions of items by term. Positions only grow; those of one term stand in order."""

    __slots__ = ("_filed",)

    def __init__(self) -> None:
        self._filed: dict[int, array[int]] = {}

    def add(self, position: int, vector: Vector) -> None:
        """File an item under its heaviest terms."""
        filed = self._filed
        for term in vector.ids[:FILED]:
            if term in filed:
                filed[term].append(position)
            else:
                filed[term] = array("I", (position,))

    def remove(self, position: int, vector: Vector) -> None:
        """Take an item out again; it is nearly always the oldest under its terms."""
        for term in vector.ids[:FILED]:
            under = self._filed[term]
            under.remove(position)
            if not under:
                del self._filed[term]

    def near(self, vector: Vector) -> list[int]:
        """Return the positions of the items that share the most of a vector's heaviest terms.

        The rarest terms are looked up first and of each the newest items, until enough were met.
        """
        filed = self._filed
        asked = [
            (len(filed[term]), term, weight * weight)
            for term, weight in zip(vector.ids[:ASKED], vector.weights[:ASKED], strict=True)
            if term in filed
        ]
        shared: dict[int, int] = {}
        got, left = shared.get, _LOOKED_AT
        for many, term, square in sorted(asked):
            for position in reversed(filed[term][-left:]):
                shared[position] = got(position, 0) + square
            left -= many
            if left <= 0:
                break
        if len(shared) <= _BEST:
            return list(shared)
        return sorted(shared, key=shared.__getitem__, reverse=True)[:_BEST]
