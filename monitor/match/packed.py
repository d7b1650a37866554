"""Queries as rows of numbers: a hundred thousand of them fit where their trees would not, and set algebra answers them.

A *leaf* is what a term asks of a text, numbered; a text is known by the set of the leaves that occur in it. Large
alternatives ("Tijuana OR Juárez OR …") are leaves, too: *groups*, which occur where one of their members does, found
once for each text however many topics name them.

A packed node is `kind, size, own, leaf…, node…`: how many numbers it takes in all, how many leaves are its own, these,
and packed nodes. It is true when all of them are, when any is, or (NOT) when none is. A NEAR and an ATLEAST have no
leaves of their own: where the others say how many, they say how near, and how many are enough.

`Packer` packs trees; `Packed` evaluates them, names what made them true, and finds what they need. What a term or a
NEAR *is* in a text remains `monitor.match.document`'s to say.
"""

from array import array
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from monitor.match.document import Document, holds
from monitor.match.leaf import leaf_node, leaf_text
from monitor.match.tree import And, AtLeast, Near, Node, Not, Or, Ref, Term, Within, children

ANY, ALL, NOT, NEAR, LEAST = range(5)
_HEAD = 3
_LARGE = 16  # alternatives from which on they are a group

Cost = Callable[[int], float]


class Needed(NamedTuple):
    """Leaves of which a text must have one, and the share of texts that are likely to have one."""

    cost: float
    leaves: tuple[int, ...]


class Packer:
    """Numbers the leaves of many queries and packs their trees."""

    def __init__(self) -> None:
        self.leaves: dict[str, int] = {}  # terms as `leaf_text` writes them, groups as `_group` does
        self._groups: set[int] = set()
        self.uses = array("I")  # of each leaf, in how many places of queries it stands

    def pack(self, node: Node, field: str | None = None) -> list[int]:
        """Pack a tree that is looked for in `field`, or in all that are searched."""
        if isinstance(node, Term):
            return _node(ANY, 1, [self._number(leaf_text(node, field))], [])
        if isinstance(node, Within | Ref):
            return self.pack(node.part, node.field if isinstance(node, Within) else field)
        parts = [self.pack(part, field) for part in children(node)]
        match node:
            case Near(distance=distance, ordered=ordered):
                return _node(NEAR, 2 * distance + ordered, [], parts)
            case AtLeast(count=count):
                return _node(LEAST, count, [], parts)
        return self._join({And: ALL, Or: ANY, Not: NOT}[type(node)], parts)

    def apart(self, code: list[int]) -> list[list[int]]:
        """Part a packed query into nodes of which one must be true: they can be looked for by themselves."""
        kind, own, others = Packed(code, ()).parts(0)
        if kind != ANY or not others:
            return [code]
        return [_node(ANY, len(own), list(own), [])] * bool(own) + [
            code[at : at + code[at + 1]] for at in others
        ]

    def either(self, nodes: list[list[int]]) -> list[int]:
        """Make one query of what `apart` made of it."""
        return self._join(ANY, nodes) if len(nodes) > 1 else nodes[0]

    def take(self, source: "Packed", at: int) -> list[int]:
        """Pack anew what another packer packed, without its tree."""
        kind, own, others = source.parts(at)
        parts = [self.take(source, child) for child in others]
        count = len(own) if kind < NEAR else source.code[at + 2]
        return _node(kind, count, [self._taken(source.leaves, leaf) for leaf in own], parts)

    def _taken(self, leaves: Sequence[str], leaf: int) -> int:
        """Number a leaf of another packer."""
        members = members_of(leaves[leaf])
        if members:
            return self._group([self._taken(leaves, member) for member in members])
        return self._number(leaves[leaf])

    def _number(self, leaf: str) -> int:
        number = self.leaves.setdefault(leaf, len(self.leaves))
        if number == len(self.uses):
            self.uses.append(0)
        self.uses[number] += 1
        return number

    def _join(self, kind: int, parts: list[list[int]]) -> list[int]:
        """Make one node of packed ones; plain ones become its own leaves, which are a group if they are many."""
        plain = [part for part in parts if _plain(part, kind)]
        own = list(dict.fromkeys(leaf for part in plain for leaf in part[_HEAD:]))
        terms = [leaf for leaf in own if leaf not in self._groups]  # a group stays itself beside others
        if kind != ALL and len(terms) >= _LARGE:
            own = [self._group(terms), *self._groups.intersection(own)]
        return _node(kind, len(own), own, [part for part in parts if not _plain(part, kind)])

    def _group(self, members: list[int]) -> int:
        number = self._number(f"@{' '.join(map(str, sorted(members)))}")
        self._groups.add(number)
        return number


class Packed:
    """Packed queries one behind the other, and what their leaves stand for."""

    def __init__(self, code: Sequence[int], leaves: Sequence[str]) -> None:
        self.code = code
        self.leaves = leaves

    def parts(self, at: int) -> tuple[int, Sequence[int], list[int]]:
        """Return a node's kind, its own leaves, and where each of its other parts begins."""
        code = self.code
        behind, end = at + _HEAD + (code[at + 2] if code[at] < NEAR else 0), at + code[at + 1]
        others = []
        child = behind
        while child < end:
            others.append(child)
            child += code[child + 1]
        return code[at], code[at + _HEAD : behind], others

    def true(self, at: int, present: set[int], document: Document) -> bool:
        """Say whether a query is true of a text that has just the `present` leaves."""
        code = self.code
        kind = code[at]
        if kind >= NEAR:
            return self._several_true(at, present, document)
        child, end = at + _HEAD + code[at + 2], at + code[at + 1]
        if kind == ALL:
            if not present.issuperset(code[at + _HEAD : child]):
                return False
            while child < end:
                if not self.true(child, present, document):
                    return False
                child += code[child + 1]
            return True
        there = not present.isdisjoint(code[at + _HEAD : child])
        while child < end and not there:
            there = self.true(child, present, document)
            child += code[child + 1]
        return there if kind == ANY else not there

    def made(
        self, at: int, present: set[int], document: Document, *, wanted: bool = True
    ) -> Iterator[int | Near]:
        """Yield the leaves and NEARs that make a node true (false, with `wanted` off); it must be so.

        What makes it so by not being there is left out.
        """
        kind, own, others = self.parts(at)
        if kind == NEAR:
            if wanted and (near := self._near(at, present)) is not None:
                yield near
            return
        wanted = wanted if kind != NOT else not wanted
        if wanted:
            yield from self._members(own, present)
        for child in others:
            if self.true(child, present, document) == wanted:
                yield from self.made(child, present, document, wanted=wanted)

    def needed(self, at: int, cost: Cost, *, wanted: bool = True) -> Needed | None:
        """Return the cheapest leaves of which every text that a node is true of has one (false, with `wanted` off).

        None when it takes nothing. `cost` says how often a leaf is likely to occur.
        """
        kind, own, others = self.parts(at)
        wanted = wanted if kind != NOT else not wanted
        each = [Needed(cost(leaf), (leaf,)) if wanted else None for leaf in own]
        each += [self.needed(child, cost, wanted=wanted) for child in others]
        if kind == NEAR and not wanted:
            return None  # its words may all be there, too far apart
        enough = self.code[at + 2] if kind == LEAST else len(each) if kind in {ALL, NEAR} else 1
        if not wanted:
            enough = len(each) - enough + 1
        taking = sorted(one for one in each if one is not None)[: len(each) - enough + 1]
        if len(taking) <= len(each) - enough:
            return None  # so many may hold for nothing
        return Needed(sum(one.cost for one in taking), tuple(leaf for one in taking for leaf in one.leaves))

    def _several_true(self, at: int, present: set[int], document: Document) -> bool:
        kind, _, others = self.parts(at)
        true = (child for child in others if self.true(child, present, document))
        enough = self.code[at + 2] if kind == LEAST else len(others)
        if next(islice(true, enough - 1, None), None) is None:
            return False
        if kind == LEAST:
            return True
        near = self._near(at, present)
        return near is not None and holds(near, document)

    def _near(self, at: int, present: set[int]) -> Near | None:
        """Return a NEAR less what is not there; None when nothing is left of one of its parts."""
        distance, ordered = divmod(self.code[at + 2], 2)
        parts = [self._part_of_near(child, present) for child in self.parts(at)[2]]
        there = tuple(part for part in parts if part is not None)
        return (
            Near(parts=there, distance=distance, ordered=bool(ordered)) if len(there) == len(parts) else None
        )

    def _part_of_near(self, at: int, present: set[int]) -> Node | None:
        """Return a part of a NEAR (alternatives of terms and NEARs, or a NEAR) less what is not there."""
        kind, own, others = self.parts(at)
        if kind == NEAR:
            return self._near(at, present)
        nodes: list[Node] = [leaf_node(self.leaves[leaf]) for leaf in self._members(own, present)]
        nodes += [part for child in others if (part := self._part_of_near(child, present)) is not None]
        if len(nodes) < 2:
            return nodes[0] if nodes else None
        return Or(parts=tuple(nodes))

    def _members(self, own: Sequence[int], present: set[int]) -> Iterator[int]:
        """Yield the leaves of a node that are there, a group as its members that are."""
        for leaf in own:
            if leaf in present:
                members = members_of(self.leaves[leaf])
                yield from members & present if members else (leaf,)


def _node(kind: int, number: int, own: list[int], others: list[list[int]]) -> list[int]:
    size = _HEAD + len(own) + sum(map(len, others))
    return [kind, size, number, *own, *(number for other in others for number in other)]


def members_of(leaf: str) -> frozenset[int]:
    """Return the members of a group, and none for a term."""
    return _members(leaf) if leaf[0] == "@" else frozenset()


@lru_cache(maxsize=1 << 12)
def _members(group: str) -> frozenset[int]:
    return frozenset(map(int, group[1:].split()))


def _plain(part: list[int], kind: int) -> bool:
    """Say whether a node is nothing but leaves that can as well be a larger node's own."""
    return part[0] == ANY and part[1] == _HEAD + part[2] and (part[2] == 1 or kind != ALL)
