"""Queries as rows of numbers: a hundred thousand of them fit where their trees would not, and set algebra answers them.

A *leaf* is what a term asks of a text, numbered; a text is known by the set of the leaves that occur in it. Large
alternatives ("Tijuana OR Juárez OR …") are leaves, too: *groups*, which occur where one of their members does, found
once for each text however many topics name them.

A packed node is `kind, size, own, leaf…, node…`: how many numbers it takes in all, how many leaves are its own, these,
and packed nodes. It is true when all of them are, when any is, or (NOT) when none is. A NEAR and an ATLEAST have no
leaves of their own: where the others say how many, they say how near, and how many are enough.

`Packer` packs trees, `Packed` finds what they need. Whether they are true of a text is `verdict`'s to say.
"""

from array import array
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

from monitor.match.engine.leaf import leaf_text
from monitor.match.language.tree import And, AtLeast, Near, Node, Not, Or, Ref, Term, Within, children

ANY, ALL, NOT, NEAR, LEAST = range(5)
HEAD = 3  # numbers before the leaves of a node
_LARGE = 16  # alternatives from which on they are a group
_SPREAD = 4096  # numbers that parting a query may add to it

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
        """Part a packed query into nodes of which one must be true: they can be looked for by themselves.

        Of (a OR b) AND c these are a AND c, b AND c, where a and b are more than words and c is not too large: each
        can be looked for by what it needs itself.
        """
        kind, own, others = _parted(code)
        if _is_wide(code):
            return [part for choice in _choices(code) for part in self.apart(choice)]
        if kind != ALL:
            return [code]
        widest = max((other for other in others if _is_wide(other)), key=len, default=None)
        if widest is None:
            return [code]
        choices = _choices(widest)
        if (len(code) - len(widest)) * len(choices) > _SPREAD:
            return [code]
        rest = [other for other in others if other is not widest]
        return [_all_of(own, rest, choice) for choice in choices]

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
        own = list(dict.fromkeys(leaf for part in plain for leaf in part[HEAD:]))
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
        self.code = code if isinstance(code, array) else array("I", code)
        self.leaves = leaves

    def parts(self, at: int) -> tuple[int, Sequence[int], list[int]]:
        """Return a node's kind, its own leaves, and where each of its other parts begins."""
        code = self.code
        behind, end = at + HEAD + (code[at + 2] if code[at] < NEAR else 0), at + code[at + 1]
        others = []
        child = behind
        while child < end:
            others.append(child)
            child += code[child + 1]
        return code[at], code[at + HEAD : behind], others

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

    def demands(self, at: int, cost: Cost) -> list[Needed]:
        """Return all of which a text must have one leaf each, the cheapest first; `needed` is the cheapest."""
        kind, own, others = self.parts(at)
        if kind not in {ALL, NEAR}:
            needed = self.needed(at, cost)
            return [] if needed is None else [needed]
        found = [Needed(cost(leaf), (leaf,)) for leaf in own]
        for child in others:
            found += self.demands(child, cost)
        return sorted(found)


def _node(kind: int, number: int, own: list[int], others: list[list[int]]) -> list[int]:
    size = HEAD + len(own) + sum(map(len, others))
    return [kind, size, number, *own, *(number for other in others for number in other)]


def _parted(code: list[int]) -> tuple[int, list[int], list[list[int]]]:
    """Return a packed node's kind, its own leaves, and its other parts."""
    kind, own, others = Packed(code, ()).parts(0)
    return kind, list(own), [code[at : at + code[at + 1]] for at in others]


def _is_wide(code: list[int]) -> bool:
    """Say whether a node is alternatives of which some are more than leaves."""
    return code[0] == ANY and code[1] > HEAD + code[2]


def _choices(code: list[int]) -> list[list[int]]:
    """Return the alternatives of a wide node: its own leaves together, and each other one by itself."""
    _, own, others = _parted(code)
    leaves = [_node(ANY, len(own), own, [])] if own else []
    return leaves + [
        choice for other in others for choice in (_choices(other) if _is_wide(other) else [other])
    ]


def _all_of(own: list[int], rest: list[list[int]], choice: list[int]) -> list[int]:
    """Return the node of which leaves, other parts and one more must be true, the quickest to ask first."""
    kind, more, parts = _parted(choice)
    if kind == ALL:
        leaves, parts = list(dict.fromkeys([*own, *more])), [*rest, *parts]
    else:
        leaves, parts = own, [*rest, choice]
    return _node(ALL, len(leaves), leaves, sorted(parts, key=len))


def members_of(leaf: str) -> frozenset[int]:
    """Return the members of a group, and none for a term."""
    return _members(leaf) if leaf[0] == "@" else frozenset()


@lru_cache(maxsize=1 << 12)
def _members(group: str) -> frozenset[int]:
    return frozenset(map(int, group[1:].split()))


def _plain(part: list[int], kind: int) -> bool:
    """Say whether a node is nothing but leaves that can as well be a larger node's own."""
    return part[0] == ANY and part[1] == HEAD + part[2] and (part[2] == 1 or kind != ALL)
