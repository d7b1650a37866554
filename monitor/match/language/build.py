"""Makes the nodes of a query while the parser reduces, and refuses what could be read in two ways."""

import re
from typing import NamedTuple, NoReturn

from lark import Token, Transformer

from monitor.errors import QueryError
from monitor.match.language.grammar import FUNCTIONS
from monitor.match.language.term import Written, number, phrase, word
from monitor.match.language.tree import (
    DISTANCE_LIMIT,
    And,
    AtLeast,
    Near,
    Node,
    Not,
    Or,
    Ref,
    Term,
    Within,
    first_place,
)

CHAIN_LIMIT = 8  # parts of one chain of NEARs

_READING = 200  # code points of each reading that a refusal shows
_GROUP_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*\Z")
_EMPTY = Term(text="", words=(), keys=())  # stands in for a group until it is known


class _Chain(NamedTuple):
    """A NEAR without parentheses around it."""

    near: Near


_Child = Token | Node | _Chain


class Builder(Transformer[Token, Node]):
    """Makes nodes bottom-up as lark reduces: the only depth there ever is, is that of the parentheses."""

    def start(self, children: list[Node]) -> Node:
        """Return the whole query."""
        return children[0]

    def expression(self, children: list[_Child]) -> Node:
        """Join operands by AND or OR."""
        operands: list[Node] = []
        joints: list[Token | None] = []
        for before, child in zip([None, *children], children, strict=False):
            if not isinstance(child, Token):
                operands.append(_node(child))
                joints.append(before if isinstance(before, Token) else None)
        kinds = [Or if joint is not None and joint.type == "OR" else And for joint in joints[1:]]
        if not kinds:
            return operands[0]
        if len(set(kinds)) > 1:
            _refuse_mix(operands, kinds, joints[1:])
        return _join(kinds[0], operands)

    def operand(self, children: list[_Child]) -> Node:
        """Negate a chain where NOT or - stands before it."""
        last = children[-1]
        if len(children) > 1 and isinstance(last, _Chain):
            hint = f"write {_clipped(f'NOT ({last.near})')}"
            _refuse(children[0], "NOT before a NEAR needs parentheses", hint)
        node = _node(last)
        return Not(part=node) if len(children) > 1 else node

    def chain(self, children: list[_Child]) -> Node | _Chain:
        """Join what stands near each other."""
        parts = [_node(child) for child in children[::2]]
        operators = [child for child in children[1::2] if isinstance(child, Token)]
        if not operators:
            return parts[0]
        kinds = [_distance(operator) for operator in operators]
        for operator, kind in zip(operators, kinds, strict=True):
            if kind != kinds[0]:
                one, two = (
                    Near(parts=(parts[0],), distance=n, ordered=o).operator for n, o in (kinds[0], kind)
                )
                hint = f"write (a {one} b) {two} c, or a {one} (b {two} c)"
                _refuse(operator, f"{one} and {two} are mixed without parentheses", hint)
        distance, ordered = kinds[0]
        first = parts[0]
        if isinstance(first, Near) and (first.distance, first.ordered) == kinds[0]:
            parts[:1] = first.parts
        if len(parts) > CHAIN_LIMIT:
            message = f"a chain of {len(parts):,} terms near each other; {CHAIN_LIMIT} are allowed"
            _refuse(operators[-1], message, 'a phrase may have other words between its own: "a b c"~3')
        return _Chain(Near(parts=tuple(parts), distance=distance, ordered=ordered))

    def scoped(self, children: list[_Child]) -> Node:
        """Narrow an atom to a field."""
        node = _node(children[-1])
        return Within(field=str(children[0])[:-1], part=node) if len(children) > 1 else node

    def atom(self, children: list[_Child]) -> Node:
        """Make a term or a reference, or open a group."""
        if len(children) == 3:
            return _node(children[1])
        token = children[-1]
        if not isinstance(token, Token):
            return _node(token)
        if token.type == "GROUP":
            return _reference(token)
        if token.type == "FUNCTION":
            hint = next(hint for name, hint in FUNCTIONS if token.startswith(name))
            _refuse(token, f"{token}(…) is not in the language", hint)
        written = Written(str(token), token.line or 1, token.column or 1)
        return (phrase if token.type == "STRING" else word)(written, exact=len(children) > 1)

    def at_least(self, children: list[_Child]) -> Node:
        """Make the list of an ATLEAST."""
        token = children[0]
        count = number(str(token).rpartition("/")[2])
        parts = tuple(_node(child) for child in children[1:] if not isinstance(child, Token))
        if not 1 <= count <= len(parts):
            message = f"{_clipped(str(token))} asks for {_clipped(str(count))} of {len(parts)}"
            _refuse(
                token, message, f"write ATLEAST/1 to ATLEAST/{len(parts)}, or add parts, with commas between"
            )
        return AtLeast(parts=parts, count=count)


def _node(child: _Child) -> Node:
    assert not isinstance(child, Token)
    return child.near if isinstance(child, _Chain) else child


def _reference(token: Token) -> Ref:
    name = str(token)[1:]
    if not _GROUP_NAME.match(name):
        hint = "@ begins the name of a group: small letters, digits and hyphens; to find @ICE write ICE"
        _refuse(token, f"{_clipped(str(token))} is no name of a group", hint)
    return Ref(name=name, part=_EMPTY, line=token.line or 1, column=token.column or 1)


def _distance(token: Token) -> tuple[int, bool]:
    name, _, digits = str(token).partition("/")
    distance = number(digits)
    if not 1 <= distance <= DISTANCE_LIMIT:
        message = f"{_clipped(str(token))} is out of range"
        _refuse(token, message, f"a distance is 1 (neighbours) to {DISTANCE_LIMIT} words; for more write AND")
    return distance, name in {"ONEAR", "PRE"}


def _join(kind: type[And | Or], operands: list[Node]) -> Node:
    """Join operands, flattening groups of the same kind."""
    groups = (part.parts if isinstance(part, kind) else (part,) for part in operands)
    return kind(parts=tuple(node for group in groups for node in group))


def _refuse_mix(operands: list[Node], kinds: list[type[And | Or]], joints: list[Token | None]) -> NoReturn:
    """Show both readings of a mixed chain: which of them is meant differs from tool to tool."""
    change = next(index for index, kind in enumerate(kinds) if kind is not kinds[0])
    token = next((joint for joint in joints[change:] if joint is not None), None)
    line, column = first_place(operands[change + 1])
    raise QueryError(
        "AND and OR are mixed without parentheses",
        line=(token.line if token is not None else None) or line,
        column=(token.column if token is not None else None) or column,
        hint=f"write either {_reading(operands, kinds, And)} or {_reading(operands, kinds, Or)}",
    )


def _reading(operands: list[Node], kinds: list[type[And | Or]], inner: type[And | Or]) -> str:
    """Write a mixed chain with the operands of `inner` grouped first."""
    groups = [[operands[0]]]
    for kind, operand in zip(kinds, operands[1:], strict=True):
        if kind is inner:
            groups[-1].append(operand)
        else:
            groups.append([operand])
    parts = [_join(inner, group) if len(group) > 1 else group[0] for group in groups]
    return _clipped(str(_join(Or if inner is And else And, parts)))


def _clipped(text: str) -> str:
    return text if len(text) <= _READING else f"{text[:_READING]}…"


def _refuse(token: _Child, message: str, hint: str) -> NoReturn:
    assert isinstance(token, Token)
    raise QueryError(message, line=token.line or 1, column=token.column or 1, hint=hint)
