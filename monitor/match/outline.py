"""What a query needs, roughly: its tree without the NOTs, the positions and the spelling of its terms.

An outline holds for every text for which the query holds, and can be judged from the set of terms that may occur in
a text, in a few set operations. It decides nothing: what passes is verified by `document.holds`.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from monitor.match.tree import And, Node, Not, Or, Term, Within


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
            return Outline(frozenset({number(node, field)})) if wanted else None
        case Not(part=part):
            return outline(part, number, field, wanted=not wanted)
        case Within(field=inner, part=part):
            return outline(part, number, inner, wanted=wanted)
        case And(parts=parts) | Or(parts=parts):
            each = [outline(part, number, field, wanted=wanted) for part in parts]
            taking = tuple(one for one in each if one is not None)
            if isinstance(node, And) == wanted:
                return _all(taking)
            return _any(taking) if len(taking) == len(each) else None


def _all(members: tuple[Outline, ...]) -> Outline | None:
    if len(members) < 2:
        return members[0] if members else None
    return Outline(frozenset(), (members,))


def _any(members: tuple[Outline, ...]) -> Outline:
    leaves = frozenset[int]().union(*(member.leaves for member in members))
    return Outline(leaves, tuple(group for member in members for group in member.every))
