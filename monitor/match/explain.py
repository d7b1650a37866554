"""Why a topic matches an item or does not, clause by clause, in words.

Computed on demand from the same tree and the same evaluator that made (or did not make) the hit; nothing is stored.
"""

from dataclasses import dataclass
from enum import StrEnum

from monitor.match.document import Document, holds, spans
from monitor.match.query import parse_query
from monitor.match.tree import And, Node, Not
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
    """One requirement of a query in its canonical form; `spans` are the passages found for it."""

    query: str
    state: ClauseState
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Whether a topic matches, one sentence for people, and every clause of its query."""

    matched: bool
    sentence: str
    spans: tuple[Span, ...]
    clauses: tuple[Clause, ...]


def explain(topic: Topic, text: ItemText) -> Explanation:
    """Explain what a topic's query made of a text; raises `QueryError` when the query cannot be parsed."""
    root = parse_query(topic.query).root
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
    if isinstance(node, Not):
        there = holds(node.part, document)
        return Clause(
            query=str(node.part),
            state=ClauseState.EXCLUDED if there else ClauseState.ABSENT,
            spans=spans(node.part, document) if there else (),
        )
    there = holds(node, document)
    return Clause(
        query=str(node),
        state=ClauseState.TRUE if there else ClauseState.MISSING,
        spans=spans(node, document) if there else (),
    )


def _matched(clauses: tuple[Clause, ...]) -> str:
    said = " and ".join(_passages(clause.spans) for clause in clauses if clause.state is ClauseState.TRUE)
    excluded = [clause for clause in clauses if clause.state is ClauseState.ABSENT]
    return f"Matches: {said}{'; nothing that is excluded occurs' if excluded else ''}."


def _missed(clauses: tuple[Clause, ...]) -> str:
    said = []
    for clause in clauses:
        if clause.state is ClauseState.MISSING:
            said.append(f"{_clip(clause.query)} is missing")
        elif clause.state is ClauseState.EXCLUDED:
            said.append(
                f"it is excluded by {_passages(clause.spans) if clause.spans else _clip(clause.query)}"
            )
    there = [clause for clause in clauses if clause.state is ClauseState.TRUE]
    had = f" (there is {' and '.join(_passages(clause.spans) for clause in there)})" if there else ""
    return f"No match: {'; '.join(said)}{had}."


def _passages(found: tuple[Span, ...]) -> str:
    shown = list(dict.fromkeys(f"“{_clip(span.text)}” in the {span.field}" for span in found))
    more = f" and {len(shown) - _NAMED} more" if len(shown) > _NAMED else ""
    return ", ".join(shown[:_NAMED]) + more


def _clip(text: str) -> str:
    return text if len(text) <= _CLIP else f"{text[:_CLIP].rstrip()}…"
