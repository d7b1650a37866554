"""The query language: text in, tree out, or a refusal that says where and what would be right.

`screen` bounds the text, a lark LALR grammar cuts it, and `_Builder` makes nodes while the parser reduces. The
language is described for editors in docs/query-language.md. Nothing here matches.
"""

from dataclasses import dataclass
from typing import NoReturn

from lark import Lark, Token, Transformer, UnexpectedCharacters, UnexpectedToken

from monitor.errors import QueryError
from monitor.match.screen import QUERY_LIMIT, refuse_at, screen
from monitor.match.term import Written, phrase, word
from monitor.match.tree import And, Node, Not, Or, Term, Within, holds_without_words, terms

# An operator stands by itself: AND in "AND-gate" is none. TERM must look ahead for operators, or the lexer would
# read the second OR of `a OR OR b` as a word.
_GRAMMAR = r"""
start: expression
expression: operand ((AND | OR)? operand)*
operand: (NOT | MINUS)? scoped
scoped: FIELD? atom
atom: LPAR expression RPAR | EXACT? STRING | EXACT? TERM

AND.3: /AND(?=[\s()"=#-]|$)/
OR.3: /OR(?=[\s()"=#-]|$)/
NOT.3: /NOT(?=[\s()"=#-]|$)/
MINUS.3: /-(?=[^\s#-])/
FIELD.2: /title:/
EXACT.2: /=(?=[^\s()=#-])/
LPAR: "("
RPAR: ")"
STRING: /"[^"]*"/
TERM: /(?!(?:AND|OR|NOT)(?:[\s()"=#-]|$))[^\s()"=#-][^\s()"]*/
COMMENT: /#[^\n]*/
SPACE: /\s+/
%ignore SPACE
%ignore COMMENT
"""
_QUOTES = str.maketrans(dict.fromkeys("“”„‟«»＂", '"'))
_READING = 200  # code points of each reading that a refusal shows

_MISPLACED = {
    "RPAR": (
        "a term is missing before the closing parenthesis",
        "add one, or remove the operator or the parentheses",
    ),
    "LPAR": ("a parenthesis cannot stand here", "= goes directly before a word or a phrase"),
    "AND": ("AND joins two terms, and the one before it is missing", "add it, or remove AND"),
    "OR": ("OR joins two terms, and the one before it is missing", "add it, or remove OR"),
    "NOT": ("NOT cannot stand here", "write it once, before a term, title: or a parenthesis"),
    "MINUS": ("- cannot stand here", "write it once, directly before a term, title: or a parenthesis"),
    "FIELD": ("title: cannot stand here", "write it once, directly before a term, a phrase or a parenthesis"),
    "EXACT": ("= cannot stand here", "write it once, directly before a word or a phrase"),
}
_STRAY = {
    "=": ("= needs a word or a phrase directly after it", 'as in =ICE or ="CBP One"'),
    "-": ("a dash stands by itself", "-word means NOT word; inside a word a hyphen is fine: cross-border"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A parsed query; `str()` is its canonical form, which parses to an equal query."""

    root: Node

    def __str__(self) -> str:
        return str(self.root)


def parse_query(text: str) -> Query:
    """Parse a query.

    Raises `QueryError` with line and column (from 1) for what is not in the language, for a query that would also
    match texts with none of its words, and beyond the limits: 64 k code points, 50 levels of parentheses, 40 words
    a phrase.
    """
    source = text.translate(_QUOTES) if len(text) <= QUERY_LIMIT else text
    screen(source)
    try:
        root: Node = _PARSER.parse(source)  # type: ignore[assignment]  # the builder makes a Node, not a lark Tree
    except UnexpectedToken as error:
        _refuse_token(source, error.token)
    except UnexpectedCharacters as error:
        message, hint = _STRAY.get(str(error.char), (f"{error.char} cannot stand here", "put it in quotes"))
        raise QueryError(message, line=error.line, column=error.column, hint=hint) from None
    if holds_without_words(root):
        _refuse_negative(root)
    return Query(root=root)


class _Builder(Transformer[Token, Node]):
    """Makes nodes bottom-up as lark reduces: the only depth there ever is, is that of the parentheses."""

    def start(self, children: list[Node]) -> Node:
        return children[0]

    def expression(self, children: list[Token | Node]) -> Node:
        operands: list[Node] = []
        joints: list[Token | None] = []
        for before, child in zip([None, *children], children, strict=False):
            if not isinstance(child, Token):
                operands.append(child)
                joints.append(before if isinstance(before, Token) else None)
        kinds = [Or if joint is not None and joint.type == "OR" else And for joint in joints[1:]]
        if not kinds:
            return operands[0]
        if len(set(kinds)) > 1:
            _refuse_mix(operands, kinds, joints[1:])
        return _join(kinds[0], operands)

    def operand(self, children: list[Token | Node]) -> Node:
        node = _node(children[-1])
        return Not(part=node) if len(children) > 1 else node

    def scoped(self, children: list[Token | Node]) -> Node:
        node = _node(children[-1])
        return Within(field="title", part=node) if len(children) > 1 else node

    def atom(self, children: list[Token | Node]) -> Node:
        if len(children) == 3:
            return _node(children[1])
        token = children[-1]
        assert isinstance(token, Token)
        written = Written(str(token), token.line or 1, token.column or 1)
        return (phrase if token.type == "STRING" else word)(written, exact=len(children) > 1)


def _node(child: Token | Node) -> Node:
    assert not isinstance(child, Token)
    return child


def _join(kind: type[And | Or], operands: list[Node]) -> Node:
    """Join operands, flattening groups of the same kind."""
    groups = (part.parts if isinstance(part, kind) else (part,) for part in operands)
    return kind(parts=tuple(node for group in groups for node in group))


def _refuse_mix(operands: list[Node], kinds: list[type[And | Or]], joints: list[Token | None]) -> NoReturn:
    """Show both readings of a mixed chain: which of them is meant differs from tool to tool."""
    change = next(index for index, kind in enumerate(kinds) if kind is not kinds[0])
    token = next((joint for joint in joints[change:] if joint is not None), None)
    first = next(terms(operands[change + 1]))
    raise QueryError(
        "AND and OR are mixed without parentheses",
        line=(token.line if token is not None else None) or first.line,
        column=(token.column if token is not None else None) or first.column,
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
    shown = str(_join(Or if inner is And else And, parts))
    return shown if len(shown) <= _READING else f"{shown[:_READING]}…"


def _refuse_negative(root: Node) -> NoReturn:
    """Point at the first word of what makes the query true of texts that have none of its words."""
    node = root
    while isinstance(node, And | Or | Within):
        parts = (node.part,) if isinstance(node, Within) else node.parts
        node = next(part for part in parts if holds_without_words(part))
    first: Term = next(terms(node))
    raise QueryError(
        f"this query would also match texts that contain none of its words, because of NOT {first}",
        line=first.line,
        column=first.column,
        hint="NOT only takes away: join it with AND to a word that must be there, as in: fentanyl AND NOT opera",
    )


def _refuse_token(source: str, token: Token) -> NoReturn:
    if token.type == "$END":
        hint = "add a term after the last operator, or remove the operator"
        refuse_at(source, len(source.rstrip()), "the query ends where a term is expected", hint)
    message, hint = _MISPLACED.get(token.type, (f"{token} cannot stand here", "put it in quotes"))
    raise QueryError(message, line=token.line or 1, column=token.column or 1, hint=hint)


_PARSER = Lark(_GRAMMAR, parser="lalr", lexer="basic", transformer=_Builder())
