"""Nearness: which passages of two parts of a query stand close enough together to make one.

Positions count words. A passage goes from its first word to its last; it remembers the words it is made of, since a
word cannot be near itself. Nothing here knows of texts or trees.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

PASSAGES = (
    10_000  # of one part of a NEAR in one item that are looked at: repetitive texts have quadratically many
)

Place = tuple[int, int]


class Passage(NamedTuple):
    """Words from position `start` up to `end`, made by the terms at `places`."""

    start: int
    end: int
    places: tuple[Place, ...]


def near(
    left: Sequence[Passage], right: Sequence[Passage], distance: int, *, ordered: bool
) -> Iterator[Passage]:
    """Join each left passage with each right one that is at most `distance` words away, in order of the left.

    Neighbours are one word apart; a passage that stands inside the other is at no distance. With `ordered` the right
    one begins behind the left one's end. Both are sorted. Lazy: the first one costs little.
    """
    if not left or not right:
        return
    longest = max(passage.end - passage.start for passage in right)
    starts = [passage.start for passage in right]
    for one in left:
        low = one.end if ordered else one.start - distance - longest + 1
        first, behind = bisect_left(starts, low), bisect_right(starts, one.end - 1 + distance)
        for other in right[first:behind]:
            if one.start - (other.end - 1) <= distance and _apart(one, other):
                yield Passage(
                    min(one.start, other.start), max(one.end, other.end), (*one.places, *other.places)
                )


def bounded(passages: Iterator[Passage]) -> list[Passage]:
    """Return the first `PASSAGES` passages, each once, sorted."""
    return sorted(set(islice(passages, PASSAGES)))


def _apart(one: Passage, other: Passage) -> bool:
    """Say whether two passages are made of different words."""
    if one.end <= other.start or other.end <= one.start:
        return True
    return all(mine[1] <= its[0] or its[1] <= mine[0] for mine in one.places for its in other.places)
