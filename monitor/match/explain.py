"""Why a topic matches an item or does not, clause by clause, in words.

Computed on demand from the same tree and the same evaluator that made (or did not make) the hit; nothing is stored.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from monitor.match.engine.document import Document, holds, passages, spans
from monitor.match.language.query import Query, parse_query
from monitor.match.language.tree import And, AtLeast, Near, Node, Not, Or, Ref, Within
from monitor.model import ItemText, Span, Topic

_NAMED = 3  # passages named in a sentence; the spans hold all of them
_CLIP = 120


class ClauseState(StrEnum):
    """How one clause of a query fared."""

    TRUE = "true"
    MISSING = "missing"
    EXCLUDED = "excluded"  # a NOT whose words are there
    ABSENT = "absent"  # a NOT whose words are not there, as wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """One requirement of a query.

    `query` is its canonical form (without the NOT of an exclusion), `spans` the passages found for it, `said` is in
    words what was found, or what is missing; `closest` says what the best of its alternatives lacks, when it is
    missing and an alternative is partly there.
    """

    query: str
    state: ClauseState
    spans: tuple[Span, ...] = ()
    said: str = ""
    closest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Whether a topic matches, one sentence for people, and every clause of its query."""

    matched: bool
    sentence: str
    spans: tuple[Span, ...]
    clauses: tuple[Clause, ...]


def explain(topic: Topic, text: ItemText) -> Explanation:
    """Explain what a topic's query made of a text; raises `QueryError` when the query cannot be parsed."""
    return explain_query(parse_query(topic.query, topic.groups), text)


def explain_query(query: Query, text: ItemText) -> Explanation:
    """Explain what a parsed query makes of a text."""
    root = query.root
    document = Document(text)
    clauses = tuple(_judge(part, document) for part in (root.parts if isinstance(root, And) else (root,)))
    matched = holds(root, document)
    return Explanation(
        matched=matched,
        sentence=_matched(clauses) if matched else _missed(clauses),
        spans=spans(root, document) if matched else (),
        clauses=clauses,
    )


def _judge(node: Node, document: Document) -> Clause:
    """Judge one requirement; of a NOT the state says whether what it excludes is there."""
    negated = isinstance(node, Not)
    inner = node.part if isinstance(node, Not) else node
    there = holds(inner, document)
    states = (
        (ClauseState.ABSENT, ClauseState.EXCLUDED) if negated else (ClauseState.MISSING, ClauseState.TRUE)
    )
    found = spans(inner, document, apart=True) if there else ()
    return Clause(
        query=str(inner),
        state=states[there],
        spans=found,
        said=_found(inner, document, found) if there else _missing(inner, document),
        closest="" if there or negated else _closest(inner, document),
    )


def _closest(node: Node, document: Document) -> str:
    """Of alternatives that are themselves conjunctions, describe the one that lacks least, if any has something."""
    best: tuple[int, str] | None = None
    while isinstance(node, Ref):
        node = node.part
    for part in node.parts if isinstance(node, Or) else ():
        if not isinstance(part, And):
            continue
        clauses = [_judge(one, document) for one in part.parts]
        lacking = sum(clause.state in {ClauseState.MISSING, ClauseState.EXCLUDED} for clause in clauses)
        if any(clause.state is ClauseState.TRUE for clause in clauses) and (
            best is None or lacking < best[0]
        ):
            best = (lacking, _lacks(clauses))
    return best[1] if best is not None else ""


def _found(node: Node, document: Document, found: Sequence[Span]) -> str:
    """Say by which passages a true node is true; a NEAR, by its first."""
    match node:
        case Near(parts=parts, distance=distance, ordered=ordered):
            places = next(passages(node, document)).places
            if len(places) == len(parts):
                words = [f"“{_clip(document.span(place).text)}”" for place in places]
                return (
                    f"{_joint(distance, ordered=ordered).join(words)} in the {document.span(places[0]).field}"
                )
        case Within(field="lang", part=part):
            return f"the language {part}"
    return _passages(found)


def _missing(node: Node, document: Document) -> str:
    """Say in words that a node is false, and why if it is one that can be half true."""
    match node:
        case Near(parts=parts, distance=distance, ordered=ordered):
            absent = [part for part in parts if not holds(part, document)]
            if absent:
                return " and ".join(_absent(part) for part in absent)
            shown = " and ".join(_clip(str(part)) for part in parts)
            words = f"within {_words(distance)}"
            return f"{shown} occur, but not {words} {'in this order' if ordered else 'of each other'}"
        case AtLeast(parts=parts, count=count):
            true = sum(holds(part, document) for part in parts)
            shown = _clip(", ".join(map(str, parts)))
            return f"{true} of ({shown}) {'is' if true == 1 else 'are'} true, and {count} must be"
        case Within(field="lang", part=part):
            return f"the language is not {part}"
    return _absent(node)


def _absent(node: Node) -> str:
    match node:
        case Ref():
            return f"nothing of {node} occurs"
        case Or():
            return f"none of ({_clip(str(node))}) occurs"
    return f"{_clip(str(node))} does not occur"


def _joint(distance: int, *, ordered: bool) -> str:
    """Say a distance between two passages."""
    return f" followed within {_words(distance)} by " if ordered else f" within {_words(distance)} of "


def _words(distance: int) -> str:
    return "1 word" if distance == 1 else f"{distance} words"


def _matched(clauses: Sequence[Clause]) -> str:
    true = [clause.said for clause in clauses if clause.state is ClauseState.TRUE]
    excluding = any(clause.state is ClauseState.ABSENT for clause in clauses)
    return (
        f"Matches: {' and '.join(filter(None, true))}{', and nothing that is excluded' if excluding else ''}."
    )


def _missed(clauses: Sequence[Clause]) -> str:
    return f"No match: {_lacks(clauses)}."


def _lacks(clauses: Sequence[Clause]) -> str:
    """Say what is missing or excludes, and what was there all the same."""
    said = []
    for clause in clauses:
        if clause.state is ClauseState.MISSING:
            said.append(f"{clause.said}{f' (nearest: {clause.closest})' if clause.closest else ''}")
        elif clause.state is ClauseState.EXCLUDED:
            said.append(f"it is excluded by {clause.said or f'NOT {_clip(clause.query)}'}")
    there = " and ".join(
        filter(None, (clause.said for clause in clauses if clause.state is ClauseState.TRUE))
    )
    return f"{' and '.join(said)}{f', although there is {there}' if there else ''}"


def _passages(found: Sequence[Span]) -> str:
    """Name the first passages, each wording once, by field."""
    by_field: dict[str, list[str]] = {}
    for span in found:
        texts = by_field.setdefault(span.field, [])
        if span.text.casefold() not in {text.casefold() for text in texts}:
            texts.append(span.text)
    said = []
    for field, texts in by_field.items():
        more = f" and {len(texts) - _NAMED} more" if len(texts) > _NAMED else ""
        said.append(f"{', '.join(f'“{_clip(text)}”' for text in texts[:_NAMED])}{more} in the {field}")
    return " and ".join(said)


def _clip(text: str) -> str:
    return text if len(text) <= _CLIP else f"{text[:_CLIP].rstrip()}…"
