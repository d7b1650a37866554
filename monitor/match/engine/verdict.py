"""Whether packed queries are true of one item, and what made them so.

The item is known by the set of the leaves that are there; only where words must stand near each other their places
count. What was found out for one query is at hand for the next: topics share groups, and groups are full of NEARs.
"""

from collections.abc import Iterable, Iterator
from heapq import merge
from itertools import chain, islice
from typing import Protocol

from monitor.match.engine.near import PASSAGES, Passage, Place, bounded, near
from monitor.match.engine.packed import ALL, ANY, HEAD, NEAR, NOT, Packed, members_of


class Places(Protocol):
    """Where leaves stand in an item."""

    def ask_for(self, leaves: Iterable[int]) -> None:
        """Take note of leaves that will be asked for."""

    def places(self, leaf: int) -> Iterable[Place]:
        """Return where a leaf that was asked for stands, in reading order."""


class Verdict:
    """Packed queries before one item that has just the `present` leaves; `places` knows where they stand."""

    def __init__(self, packed: Packed, present: set[int], places: Places) -> None:
        self._packed = packed
        self._code = packed.code
        self._present = present
        self._places = places
        self._passages: dict[int, list[Passage]] = {}  # of leaves
        self._near: dict[bytes, bool] = {}  # NEARs asked before, wherever they stand
        self._parts: dict[bytes, list[Passage]] = {}  # and NEARs in them

    def true(self, at: int) -> bool:
        """Say whether a query is true."""
        code, present = self._code, self._present
        kind = code[at]
        if kind >= NEAR:
            return self._is_near(at) if kind == NEAR else self._are_enough(at)
        child, end = at + HEAD + code[at + 2], at + code[at + 1]
        if kind == ALL:
            if not present.issuperset(code[at + HEAD : child]):
                return False
            while child < end:
                if not self.true(child):
                    return False
                child += code[child + 1]
            return True
        there = not present.isdisjoint(code[at + HEAD : child])
        while child < end and not there:
            there = self.true(child)
            child += code[child + 1]
        return there if kind == ANY else not there

    def made(self, at: int, *, wanted: bool = True) -> Iterator[int]:
        """Yield the leaves that make a node true (false, with `wanted` off), and of a NEAR ~ where it begins.

        The node must be so. What makes it so by not being there is left out.
        """
        kind, own, others = self._packed.parts(at)
        if kind == NEAR:
            if wanted:
                yield ~at
            return
        wanted = wanted if kind != NOT else not wanted
        if wanted:
            yield from self._members(own)
        for child in others:
            if self.true(child) == wanted:
                yield from self.made(child, wanted=wanted)

    def passages(self, at: int) -> Iterator[Passage]:
        """Yield the passages of a NEAR."""
        distance, ordered = divmod(self._code[at + 2], 2)
        first, *others = self._packed.parts(at)[2]
        left = self._part(first)
        joined: Iterator[Passage] = iter(left)
        for number, part in enumerate(others):
            left = bounded(joined) if number else left
            joined = near(left, self._part(part), distance, ordered=bool(ordered))
        return joined

    def _is_near(self, at: int) -> bool:
        if not self._may_be(at):
            return False
        key = self._key(at)
        known = self._near.get(key)
        if known is None:
            self._places.ask_for(self._there(at))
            known = self._near[key] = next(self.passages(at), None) is not None
        return known

    def _may_be(self, at: int) -> bool:
        """Say whether the words of a part of a NEAR are there, near or not."""
        code = self._code
        kind, end = code[at], at + code[at + 1]
        child = at + HEAD
        if kind == ANY:
            child += code[at + 2]
            if not self._present.isdisjoint(code[at + HEAD : child]):
                return True
        while child < end:
            if self._may_be(child) == (kind == ANY):
                return kind == ANY
            child += code[child + 1]
        return kind == NEAR

    def _key(self, at: int) -> bytes:
        """Return what is the same for the same node wherever it stands."""
        return self._code[at : at + self._code[at + 1]].tobytes()

    def _are_enough(self, at: int) -> bool:
        true = (child for child in self._packed.parts(at)[2] if self.true(child))
        return next(islice(true, self._code[at + 2] - 1, None), None) is not None

    def _part(self, at: int) -> list[Passage]:
        """Return the passages of a part of a NEAR, each once, sorted, and not more than are looked at."""
        own, others = self._packed.parts(at)[1:]
        if others:
            return self._nested(at)
        rows = [self._of(leaf) for leaf in self._members(own)]
        if len(rows) == 1 and len(rows[0]) <= PASSAGES:
            return rows[0]
        return _merged(rows)

    def _nested(self, at: int) -> list[Passage]:
        """Return what `_part` does, of a part with NEARs in it."""
        key = self._key(at)
        found = self._parts.get(key)
        if found is None:
            found = self._parts[key] = _merged(self._rows(at))
        return found

    def _rows(self, at: int) -> list[list[Passage]]:
        """Return the passages of a part of a NEAR (alternatives of leaves and NEARs, or a NEAR), unsorted."""
        kind, own, others = self._packed.parts(at)
        if kind == NEAR:
            return [list(islice(self.passages(at), PASSAGES))] if self._may_be(at) else []
        rows = [self._of(leaf) for leaf in self._members(own)]
        for child in others:
            rows += self._rows(child)
        return rows

    def _of(self, leaf: int) -> list[Passage]:
        """Return the passages of a leaf, in reading order."""
        found = self._passages.get(leaf)
        if found is None:
            found = self._passages[leaf] = [Passage(*place, (place,)) for place in self._places.places(leaf)]
        return found

    def _there(self, at: int) -> Iterator[int]:
        """Yield the leaves in a part of a NEAR that are there."""
        _, own, others = self._packed.parts(at)
        yield from self._members(own)
        for child in others:
            yield from self._there(child)

    def _members(self, own: Iterable[int]) -> Iterator[int]:
        """Yield the leaves of a node that are there, a group as its members that are."""
        present, leaves = self._present, self._packed.leaves
        for leaf in own:
            if leaf in present:
                members = members_of(leaves[leaf])
                yield from members & present if members else (leaf,)


def _merged(rows: list[list[Passage]]) -> list[Passage]:
    """Return the passages of several rows as `bounded` does of one."""
    if sum(map(len, rows)) <= PASSAGES:
        return sorted(set(chain.from_iterable(rows)))
    return bounded(merge(*rows))
