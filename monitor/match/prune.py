"""Cut a query down to the terms that may occur in a text: what is left is true of it exactly when the query is.

A watchlist's queries name hundreds of terms of which a text has a handful; the evaluator of `document` then asks for
these alone. This decides nothing by itself but what needs no words at all.
"""

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from monitor.match.tree import And, AtLeast, Near, Node, Not, Or, Ref, Term, Within


@dataclass(frozen=True, slots=True)
class Branch:
    """A node of a query, made for pruning.

    `joins` is And, Or, Not (of a single part), or the very Near or AtLeast whose parts these are; `terms` are its own
    terms by number, as nodes that can be evaluated by themselves, `others` its other parts (of a Near and an AtLeast:
    all, in order). `one_of` are all terms below, one of which it needs; None where a NOT may make do without.
    """

    joins: type[And] | type[Or] | type[Not] | Near | AtLeast
    terms: Mapping[int, Node]
    others: tuple["Branch", ...]
    one_of: frozenset[int] | None


def branch(node: Node, number: Callable[[Term, str | None], int], field: str | None = None) -> Branch:
    """Make a query ready for pruning; `number` gives each term, as looked for in a field, its number."""
    match node:
        case Within(field=inner, part=part):
            return branch(part, number, inner)
        case Ref(part=part):
            return branch(part, number, field)
        case Term():
            place = number(node, field)
            return Branch(Or, {place: _placed(node, field)}, (), frozenset({place}))
        case Not(part=part):
            return Branch(Not, {}, (branch(part, number, field),), None)
        case Near(parts=parts) | AtLeast(parts=parts):
            each = tuple(branch(part, number, field) for part in parts)
            return Branch(node, {}, each, _below(frozenset(), each))
        case And(parts=parts) | Or(parts=parts):
            own = {number(part, field): _placed(part, field) for part in parts if isinstance(part, Term)}
            others = tuple(branch(part, number, field) for part in parts if not isinstance(part, Term))
            return Branch(type(node), own, others, _below(frozenset(own), others))


def _below(own: frozenset[int], others: tuple[Branch, ...]) -> frozenset[int] | None:
    """Return all terms of a branch, or None where one of its parts can do without any."""
    below = [other.one_of for other in others if other.one_of is not None]
    return own.union(*below) if len(below) == len(others) else None


def prune(of: Branch, present: AbstractSet[int]) -> Node | bool:
    """Return what a query comes to for a text that may have the `present` terms and no others."""
    if of.joins is Not:
        inner = prune(of.others[0], present)
        return not inner if isinstance(inner, bool) else Not(part=inner)
    if isinstance(of.joins, Near | AtLeast):
        parts = [prune(other, present) for other in of.others]
        return _near(of.joins, parts) if isinstance(of.joins, Near) else _at_least(of.joins, parts)
    every = of.joins is And
    if every and not of.terms.keys() <= present:
        return False
    there = of.terms.keys() if every else of.terms.keys() & present
    left = [of.terms[number] for number in there]
    for other in of.others:
        idle = other.one_of is not None and other.one_of.isdisjoint(present)
        part = False if idle else prune(other, present)
        if isinstance(part, bool):
            if part is not every:  # one false part makes an And false, one true part an Or true
                return part
        else:
            left.append(part)
    if len(left) < 2:
        return left[0] if left else every
    return And(parts=tuple(left)) if every else Or(parts=tuple(left))


def _near(of: Near, parts: list[Node | bool]) -> Node | bool:
    left = tuple(part for part in parts if not isinstance(part, bool))
    return (
        replace(of, parts=left) if len(left) == len(parts) else False
    )  # no part of a Near is true without words


def _at_least(of: AtLeast, parts: list[Node | bool]) -> Node | bool:
    left = tuple(part for part in parts if not isinstance(part, bool))
    count = of.count - sum(part is True for part in parts)
    if not 0 < count <= len(left):
        return count <= 0
    return left[0] if len(left) == 1 else AtLeast(parts=left, count=count)


def _placed(term: Term, field: str | None) -> Node:
    return term if field is None else Within(field=field, part=term)
