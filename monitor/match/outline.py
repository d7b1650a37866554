"""What a query needs, roughly: its tree without the NOTs, the positions and the spelling of its terms.

An outline holds for every text for which the query holds, and can be judged from the set of terms that may occur in
a text, in a few set operations. It decides nothing: what passes is verified by `document.holds`.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from monitor.match.tree import LANGUAGE, And, AtLeast, Near, Node, Not, Or, Ref, Term, Within

_IN_A_ROW = 32  # parts of an ATLEAST up to which all groups in a row are made


@dataclass(frozen=True, slots=True)
class Outline:
    """One of `leaves` may occur, or one of the groups of `every` holds with all its members.

    Leaves are numbers, since an index compares millions of them.
    """

    leaves: frozenset[int]
    every: tuple[tuple["Outline", ...], ...] = ()

    def allows(self, present: Collection[int]) -> bool:
        """Say whether a text that may have the `present` terms, and no others, can satisfy the query."""
        if not self.leaves.isdisjoint(present):
            return True
        return any(all(member.allows(present) for member in group) for group in self.every)

    def anchor(self, cost: Callable[[int], float]) -> frozenset[int]:
        """Return terms of which every text that satisfies the query has at least one, as cheap as they come."""
        cheapest = (
            min((member.anchor(cost) for member in group), key=lambda leaves: sum(map(cost, leaves)))
            for group in self.every
        )
        return self.leaves.union(*cheapest)


def outline(
    node: Node, number: Callable[[Term, str | None], int], field: str | None = None, *, wanted: bool = True
) -> Outline | None:
    """Outline what a node being true (or false, with `wanted` off) takes; None when it takes nothing.

    `number` gives each term, as looked for in a field, its number. Of a query that `parse_query` accepts the outline
    is never None: it takes at least one of its words.
    """
    match node:
        case Term():
            return Outline(frozenset({number(node, field)})) if wanted and field != LANGUAGE else None
        case Not(part=part):
            return outline(part, number, field, wanted=not wanted)
        case Within(field=inner, part=part):
            return outline(part, number, inner, wanted=wanted)
        case Ref(part=part):
            return outline(part, number, field, wanted=wanted)
        case Near() if not wanted:
            return None  # its words may all be there, too far apart
        case And(parts=parts) | Or(parts=parts) | Near(parts=parts) | AtLeast(parts=parts):
            each = [outline(part, number, field, wanted=wanted) for part in parts]
            count = 1 if isinstance(node, Or) else node.count if isinstance(node, AtLeast) else len(parts)
            taking = [one for one in each if one is not None]
            return _several(taking, count if wanted else len(parts) - count + 1, len(parts))


def _several(taking: list[Outline], count: int, of: int) -> Outline | None:
    """Outline that `count` of so many parts hold; the parts that are not `taking` anything may hold for nothing.

    Of k parts of which n hold, any k - n + 1 have one that does. As many such groups as there are in a row; but where
    parts are themselves of several, each stands in one group alone, or nesting would multiply them.
    """
    count -= of - len(taking)
    if count < 1:
        return None
    width = len(taking) - count + 1
    if width == 1:
        return _all(tuple(taking))
    plain = len(taking) <= _IN_A_ROW and not any(one.every for one in taking)
    firsts = range(0, count, 1 if plain else width)
    return _all(tuple(_any(tuple(taking[first : first + width])) for first in firsts))


def _all(members: tuple[Outline, ...]) -> Outline:
    return members[0] if len(members) == 1 else Outline(frozenset(), (members,))


def _any(members: tuple[Outline, ...]) -> Outline:
    leaves = frozenset[int]().union(*(member.leaves for member in members))
    return Outline(leaves, tuple(group for member in members for group in member.every))
