"""Near misses: texts that are one clause short of a query, which clause it is, and what was there all the same.

Judged by the evaluator that decides hits. A clause is a part of a conjunction: of `A AND B AND NOT C` these are A, B
and NOT C; of alternatives the one counts that lacks least.
"""

from dataclasses import dataclass
from enum import StrEnum

from monitor.match.engine.document import Document, found, holds
from monitor.match.engine.near import Place
from monitor.match.language.query import Query
from monitor.match.language.tree import And, AtLeast, Near, Node, Not, Or, Ref, Term, Within
from monitor.model import ItemText, Span

_TITLE_WEIGHT = 2
_ENOUGH = 2  # clauses short: as far from a hit as any greater number
_CLIP = 120


class Lack(StrEnum):
    """What is wrong with the one clause."""

    MISSING = "missing"
    EXCLUDED = "excluded"  # a NOT whose words are there
    APART = "apart"  # a NEAR whose parts are all there, too far from each other


@dataclass(frozen=True, slots=True, kw_only=True)
class NearMiss:
    """The clause that fails, in canonical form, and the passages that the rest of the query found.

    `against` are the passages of an exclusion. The greater `weight`, the more of the query is there: its different
    words, those in the title twice.
    """

    clause: str
    lack: Lack
    there: tuple[Span, ...]
    against: tuple[Span, ...]
    weight: int

    def __str__(self) -> str:
        shown = self.clause if len(self.clause) <= _CLIP else f"{self.clause[:_CLIP].rstrip()}…"
        match self.lack:
            case Lack.EXCLUDED:
                return f"excluded by {_named(self.against) or f'NOT {shown}'}"
            case Lack.APART:
                return f"too far apart for {shown}"
        return f"none of ({shown}) occurs" if " OR " in shown else f"{shown} does not occur"


@dataclass(frozen=True, slots=True)
class _Fault:
    node: Node
    field: str | None
    lack: Lack


@dataclass(frozen=True, slots=True)
class _Short:
    """The faults of a node (two stand for any number from there on) and the words that speak for it."""

    faults: tuple[_Fault, ...]
    places: frozenset[Place] = frozenset()


def near_miss(query: Query, text: ItemText) -> NearMiss | None:
    """Return how a text is one clause short of a query; None when it holds, lacks more, or has no word of it."""
    document = Document(text)
    short = _short(query.root, document, None)
    if len(short.faults) != 1 or not short.places:
        return None
    (fault,) = short.faults
    against = found(fault.node, document, fault.field) if fault.lack is Lack.EXCLUDED else frozenset[Place]()
    there = tuple(document.span(place) for place in sorted(short.places))
    node = fault.node if fault.field is None else Within(field=fault.field, part=fault.node)
    return NearMiss(
        clause=str(node),
        lack=fault.lack,
        there=there,
        against=tuple(document.span(place) for place in sorted(against)),
        weight=_weight(there),
    )


def _weight(there: tuple[Span, ...]) -> int:
    title = {span.text.casefold() for span in there if span.field == "title"}
    return len({span.text.casefold() for span in there} - title) + _TITLE_WEIGHT * len(title)


def _short(node: Node, document: Document, field: str | None) -> _Short:  # noqa: PLR0911 - one a kind of node
    match node:
        case Within(field=inner, part=part):
            return _short(part, document, inner)
        case Not(part=part):
            there = holds(part, document, field)
            return _Short((_Fault(part, field, Lack.EXCLUDED),) if there else ())
        case _ if holds(node, document, field):
            return _Short((), frozenset(found(node, document, field)))
        case And(parts=parts):
            return _together([_short(part, document, field) for part in parts])
        case Near(parts=parts):
            short = _together([_short(part, document, field) for part in parts])
            return short if short.faults else _Short((_Fault(node, field, Lack.APART),), short.places)
        case AtLeast(parts=parts, count=count):
            each = [_short(part, document, field) for part in parts]
            return _together(sorted(each, key=lambda one: len(one.faults))[:count])
        case Or(parts=parts):
            return _alternative(node, [_short(part, document, field) for part in parts], field)
        case Ref(part=part):
            short = _short(part, document, field)
            return short if short.places else _Short((_Fault(node, field, Lack.MISSING),))
        case Term():
            return _Short((_Fault(node, field, Lack.MISSING),))


def _together(parts: list[_Short]) -> _Short:
    faults = tuple(fault for part in parts for fault in part.faults)[:_ENOUGH]
    return _Short(faults, frozenset().union(*(part.places for part in parts)))


def _alternative(node: Or, each: list[_Short], field: str | None) -> _Short:
    """Take the alternative that is one clause short and has most; where none has anything, all of them are missing."""
    partly = [one for one in each if one.places and len(one.faults) < _ENOUGH]
    if partly:
        return max(partly, key=lambda one: len(one.places))
    return _Short((_Fault(node, field, Lack.MISSING),))


def _named(spans: tuple[Span, ...]) -> str:
    said = dict.fromkeys(f"“{span.text}” in the {span.field}" for span in spans)
    return " and ".join(list(said)[:3])
