"""What a query may not say although the grammar allows it: checked on the whole tree, groups included."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import NoReturn

from monitor.errors import QueryError
from monitor.match.language.tree import (
    LANGUAGE,
    And,
    AtLeast,
    Near,
    Node,
    Not,
    Or,
    Ref,
    Term,
    Within,
    children,
    first_place,
    holds_without_words,
)

_TAG = re.compile(r"[a-z]{2,3}\Z")
_SHOWN = 200


def check(root: Node) -> None:
    """Raise `QueryError` for a NEAR of what has no place in the text, and for a language that is none.

    A reference is looked into where it is used: what it stands for was checked with the group itself.
    """
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Near):
            for part in node.parts:
                _check_near(node, part, part)
        elif isinstance(node, Within) and node.field == LANGUAGE:
            _check_language(node.part, node.part)
            continue
        if not isinstance(node, Ref):
            waiting.extend(reversed(children(node)))


def _check_near(near: Near, part: Node, inner: Node) -> None:
    """Check one part of a NEAR, `inner` being what is looked at in it."""
    match inner:
        case Term():
            return
        case Or(parts=parts) | Near(parts=parts):
            for one in parts:
                _check_near(near, part, one)
        case Ref(part=below):
            _check_near(near, inner if part is inner else part, below)
        case Within(field=field, part=below) if field != LANGUAGE:
            _check_near(near, part, below)
        case Within():
            _refuse(part, "a language has no place in the text", "take it out: (a NEAR/5 b) AND lang:es")
        case And():
            _refuse(part, f"AND cannot stand inside {near.operator}", _taken_out(near, part, inner, " AND "))
        case AtLeast(count=count):
            fix = _taken_out(near, part, inner, ", ", before=f"ATLEAST/{count}(", after=")")
            _refuse(part, f"ATLEAST cannot stand inside {near.operator}", fix)
        case Not():
            operator = near.operator
            fix = f"take it out, as in: (a {operator} b) AND NOT (a {operator} c)"
            _refuse(part, f"NOT cannot stand inside {operator}", fix)


def _taken_out(
    near: Near, part: Node, inner: And | AtLeast, joint: str, *, before: str = "", after: str = ""
) -> str:
    """Write a NEAR with the And or AtLeast that is a part of it around it instead."""
    if inner is not part:
        return f"take it out, as in: (a {near.operator} b) AND (a {near.operator} c)"
    each = (
        str(replace(near, parts=tuple(one if part is other else other for other in near.parts)))
        for one in inner.parts
    )
    shown = (f"({one})" if joint == " AND " else one for one in each)
    return f"write {_clipped(f'{before}{joint.join(shown)}{after}')}"


def _check_language(part: Node, inner: Node) -> None:
    match inner:
        case Term(text=text, exact=False, prefix=False, slop=0) if _TAG.match(text.lower()):
            return
        case Or(parts=parts):
            for one in parts:
                _check_language(one, one)
        case Ref(part=below):
            _check_language(part, below)
        case _:
            hint = "as in lang:es or lang:(en OR es); what is in no known language has lang:und"
            _refuse(part, "lang: takes the two or three letters of a language, or an OR of such", hint)


def refuse_negative(root: Node) -> NoReturn:
    """Point at the first word of what makes a query true of texts that have none of its words."""
    way = list(_way(root))
    culprit, field = way[-1]
    line, column = first_place(next((node for node, _ in way if isinstance(node, Ref)), culprit))
    negative = isinstance(culprit, Not)
    shown = culprit
    while not isinstance(shown, Term | Ref):
        shown = children(shown)[0]
    said = f"NOT {shown}" if negative else f"{field}:{shown}"
    hint = (
        "NOT only takes away: join it with AND to a word that must be there, as in: fentanyl AND NOT opera"
        if negative
        else "a language only narrows: join it with AND to a word that must be there, as in: fentanyl AND lang:es"
    )
    raise QueryError(
        f"this query would also match texts that contain none of its words, because of {said}",
        line=line,
        column=column,
        hint=hint,
    )


def _way(node: Node) -> Iterator[tuple[Node, str | None]]:
    """Walk down to the NOT, or the language, that makes a node true of texts without its words."""
    field: str | None = None
    yield node, field
    while not isinstance(node, Not | Term):
        field = node.field if isinstance(node, Within) else field
        node = next(part for part in children(node) if holds_without_words(part, field=field))
        yield node, field


def _clipped(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _refuse(node: Node, message: str, hint: str) -> NoReturn:
    line, column = first_place(node)
    raise QueryError(message, line=line, column=column, hint=hint)
