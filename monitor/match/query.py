"""The query language: text in, tree out, or a refusal that says where and what would be right.

Three steps: `_screen` bounds the text (length, nesting, quotes, invisible characters) before any parser sees it;
a lark LALR grammar builds the tree; `_Builder` checks each term. The language is described for editors in
docs/query-language.md. Forms of other search tools are refused by name, never read as words.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import partial
from typing import NoReturn

from lark import Lark, Token, Transformer, UnexpectedCharacters, UnexpectedToken

from monitor.errors import QueryError
from monitor.match.tree import And, Node, Not, Or, Term, Within, holds_without_words
from monitor.text.fold import tokens

QUERY_LIMIT = 64 * 1024
NESTING_LIMIT = 50
PHRASE_LIMIT = 40
PREFIX_LETTERS = 4

# An operator is a word of its own: AND in "AND-gate" is none. TERM must look ahead for them, or LALR's lexer
# would read the second OR of `a OR OR b` as a word.
_GRAMMAR = r"""
start: expression
expression: unary ((AND | OR)? unary)*
unary: (NOT | MINUS)? scoped
scoped: FIELD? atom
atom: LPAR expression RPAR | EXACT? STRING | EXACT? TERM

AND.3: /AND(?=[\s()"=#-]|$)/
OR.3: /OR(?=[\s()"=#-]|$)/
NOT.3: /NOT(?=[\s()"=#-]|$)/
MINUS.3: /-(?=[^\s-])/
FIELD.2: /title:/
EXACT.2: /=(?=[^\s)=])/
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
_PIECE = re.compile(r'"[^"]*"|[()"]|(?:^|(?<=[\s()"]))#[^\n]*|[^\s()"]+')
_WORDLIKE = re.compile(r"[^\W_](?:[^\W_]|[\u0300-\u036f'’.&/@$%‐‑–-])*\Z")
_ELSEWHERE = re.compile(r"(?:O?NEAR|W|PRE)/?\d+|O?NEAR/?|ATLEAST(?:/?\d*)|XOR|ANDNOT|&&|\|\|")


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A parsed query; `str()` is its canonical form, which parses to the same tree."""

    root: Node

    def __str__(self) -> str:
        return str(self.root)


def parse_query(text: str) -> Query:
    """Parse a query.

    Raises `QueryError` with line and column (both from 1) for anything that is not in the language, for a query
    that would also match texts with none of its words, and for one beyond the limits: 64 k code points, 50 levels
    of parentheses, 40 words a phrase.
    """
    source = text.translate(_QUOTES) if len(text) <= QUERY_LIMIT else text
    _screen(source)
    try:
        root: Node = _PARSER.parse(source)  # type: ignore[assignment]  # the embedded transformer returns our node
    except UnexpectedToken as error:
        _refuse_token(source, error)
    except UnexpectedCharacters as error:
        _refuse_character(error)
    if holds_without_words(root):
        raise QueryError(
            "this query would also match texts that contain none of its words",
            hint='NOT only takes away: join it with AND to something that must be there, as in "fentanyl AND NOT opera"',
        )
    return Query(root=root)


def _place(source: str, offset: int) -> dict[str, int]:
    """Return line and column, from 1, of an offset."""
    return {"line": source.count("\n", 0, offset) + 1, "column": offset - source.rfind("\n", 0, offset)}


def _screen(source: str) -> None:
    """Refuse in one linear pass what no parser should meet."""
    if len(source) > QUERY_LIMIT:
        raise QueryError(
            f"the query is {len(source):,} characters long; {QUERY_LIMIT:,} are allowed",
            hint="split it into topics",
        )
    if not source.isprintable():
        for offset, char in enumerate(source):
            if not char.isprintable() and not char.isspace():
                name = unicodedata.name(char, "a control character")
                raise QueryError(
                    f"an invisible character, U+{ord(char):04X} ({name.lower()})",
                    **_place(source, offset),
                    hint="remove it",
                )
    opened: list[int] = []
    empty = True
    for piece in _PIECE.finditer(source):
        first = piece.group()[0]
        if first == "#":
            continue
        empty = False
        if piece.group() == '"':
            raise QueryError(
                "a quote is opened and never closed", **_place(source, piece.start()), hint='add the second "'
            )
        if first == "(":
            opened.append(piece.start())
            if len(opened) > NESTING_LIMIT:
                raise QueryError(
                    f"parentheses deeper than {NESTING_LIMIT} levels", **_place(source, piece.start())
                )
        elif first == ")":
            if not opened:
                raise QueryError(
                    "a closing parenthesis without an opening one",
                    **_place(source, piece.start()),
                    hint='remove it or add "("',
                )
            opened.pop()
    if opened:
        raise QueryError(
            "a parenthesis is opened and never closed", **_place(source, opened[-1]), hint='add ")"'
        )
    if empty:
        raise QueryError(
            "the query is empty", hint="write at least one word, for example: fentanyl OR fentanilo"
        )


class _Builder(Transformer[Token, Node]):
    """Builds nodes while lark reduces, so that no tree deeper than the allowed nesting ever exists."""

    def start(self, children: list[Node]) -> Node:
        return children[0]

    def expression(self, children: "list[Token | Node]") -> Node:
        operands: list[Node] = []
        operators: list[str] = []
        where: list[Token | None] = []
        pending: Token | None = None
        for child in children:
            if isinstance(child, Token):
                pending = child
                continue
            if operands:
                operators.append("OR" if pending is not None and pending.type == "OR" else "AND")
                where.append(pending)
            operands.append(child)
            pending = None
        if len(operands) == 1:
            return operands[0]
        if len(set(operators)) > 1:
            _refuse_mix(operands, operators, where)
        kind: type[And | Or] = Or if operators[0] == "OR" else And
        parts = (part.parts if isinstance(part, kind) else (part,) for part in operands)
        return kind(parts=tuple(node for group in parts for node in group))

    def unary(self, children: "list[Token | Node]") -> Node:
        node = children[-1]
        assert not isinstance(node, Token)
        return Not(part=node) if len(children) > 1 else node

    def scoped(self, children: "list[Token | Node]") -> Node:
        node = children[-1]
        assert not isinstance(node, Token)
        return Within(field="title", part=node) if len(children) > 1 else node

    def atom(self, children: "list[Token | Node]") -> Node:
        if len(children) == 3:
            node = children[1]
            assert not isinstance(node, Token)
            return node
        token = children[-1]
        assert isinstance(token, Token)
        return (
            _phrase(token, exact=len(children) > 1)
            if token.type == "STRING"
            else _word(token, exact=len(children) > 1)
        )


def _phrase(token: Token, *, exact: bool) -> Term:
    text = " ".join(token[1:-1].split())
    refuse = partial(_refuse, token)
    if "*" in text:
        refuse(
            "a prefix inside a phrase is not in this release",
            "write the word in full, or the prefix outside the quotes",
        )
    return _term(token, text, exact=exact, prefix=False)


def _word(token: Token, *, exact: bool) -> Term:
    """Check a bare word; what other tools would read as an operator is refused by name."""
    text = str(token)
    refuse = partial(_refuse, token)
    if _ELSEWHERE.match(text) and _ELSEWHERE.match(text).end() == len(text):  # type: ignore[union-attr]
        refuse(f"{text} is not in this release", "use AND, OR, NOT and phrases")
    if text[0] == "~":
        refuse(
            "a distance after a phrase (~n) is not in this release",
            "write the phrase as it stands in the text",
        )
    if ":" in text:
        name = text.split(":", 1)[0]
        refuse(
            f'"{name}:" is not a field',
            "the only field is title: (small letters); put other text with a colon in quotes",
        )
    if text[0] in "'’‘":
        refuse("phrases are written in double quotes", f'"{text.strip(chr(39))} …"')
    if "," in text or ";" in text:
        refuse("terms are not separated by commas", "write OR between alternatives, AND between requirements")
    stem, star, rest = text.partition("*")
    if star and rest:
        refuse("* stands only at the end of a word", f"{stem}* finds words that begin with {stem}")
    if star and exact:
        refuse("= (exact) and * (prefix) exclude each other", "drop one of them")
    if star and not stem:
        refuse("* needs the beginning of a word before it", "for example smuggl*")
    if not _WORDLIKE.match(stem):
        refuse(f"{text} is not a word of the query language", f'if you mean these characters, write "{text}"')
    return _term(token, stem, exact=exact, prefix=bool(star))


def _term(token: Token, text: str, *, exact: bool, prefix: bool) -> Term:
    found = [item.word for item in tokens(text)]
    if not found:
        _refuse(
            token,
            f"{token} holds no letter or digit",
            "matching compares words only; signs and emoji are skipped",
        )
    if len(found) > PHRASE_LIMIT:
        _refuse(
            token, f"a phrase of {len(found)} words; {PHRASE_LIMIT} are allowed", "use a shorter part of it"
        )
    words = tuple(word.cased if exact else word.keys[0] for word in found)
    if prefix and len(words[-1]) < PREFIX_LETTERS:
        _refuse(
            token, f"{token} has fewer than {PREFIX_LETTERS} letters before *", "write the words out with OR"
        )
    return Term(
        text=text, words=words, exact=exact, prefix=prefix, line=token.line or 1, column=token.column or 1
    )


def _refuse(token: Token, message: str, hint: str) -> NoReturn:
    raise QueryError(message, line=token.line or 1, column=token.column or 1, hint=hint)


def _refuse_mix(operands: list[Node], operators: list[str], where: list[Token | None]) -> NoReturn:
    """Show both readings of a mixed chain; which one is meant differs from tool to tool."""

    def reading(inner: str) -> str:
        outer = "OR" if inner == "AND" else "AND"
        groups: list[list[Node]] = [[operands[0]]]
        for operator, operand in zip(operators, operands[1:], strict=True):
            if operator == inner:
                groups[-1].append(operand)
            else:
                groups.append([operand])
        kind: type[And | Or] = And if inner == "AND" else Or
        shown = [f"({kind(parts=tuple(group))})" if len(group) > 1 else _short(group[0]) for group in groups]
        return _clip(f" {outer} ".join(shown))

    change = next(index for index, operator in enumerate(operators) if operator != operators[0])
    place = where[change] or next((token for token in where[change:] if token is not None), None)
    line, column = (place.line or 1, place.column or 1) if place is not None else (1, 1)
    raise QueryError(
        "AND and OR are mixed without parentheses",
        line=line,
        column=column,
        hint=f"write either {reading('AND')} or {reading('OR')}",
    )


def _short(node: Node) -> str:
    return f"({node})" if isinstance(node, And | Or) else str(node)


def _clip(text: str, limit: int = 200) -> str:
    return text if len(text) <= limit else f"{text[:limit]}…"


def _refuse_token(source: str, error: UnexpectedToken) -> NoReturn:
    token = error.token
    if token.type == "$END":
        raise QueryError(
            "the query ends where a term is expected",
            **_place(source, len(source.rstrip())),
            hint="add a word after the last operator, or remove the operator",
        )
    messages = {
        "RPAR": (
            "a term is missing before the closing parenthesis",
            "empty parentheses and dangling operators mean nothing",
        ),
        "AND": ("AND joins two terms; one is missing before it", "remove it or add a term"),
        "OR": ("OR joins two terms; one is missing before it", "remove it or add a term"),
        "NOT": ("NOT cannot stand here", "write NOT once, before a term, title: or a parenthesis"),
        "MINUS": ("- (NOT) cannot stand here", "write it once, directly before a term or a parenthesis"),
        "FIELD": (
            "title: cannot stand here",
            "write it once, directly before a term, a phrase or a parenthesis",
        ),
        "EXACT": ("= cannot stand here", "write it once, directly before a word or a phrase"),
    }
    message, hint = messages.get(
        token.type, (f"{token} is not expected here", "check the operator before it")
    )
    _refuse(token, message, hint)


def _refuse_character(error: UnexpectedCharacters) -> NoReturn:
    hints = {
        "=": ("= needs a word or a phrase directly after it", 'as in =ICE or ="CBP One"'),
        "-": ("a dash stands alone", "-word means NOT word; inside a word a hyphen is fine: cross-border"),
    }
    message, hint = hints.get(
        str(error.char), (f"{error.char!r} cannot stand here", "put it in quotes if you mean it")
    )
    raise QueryError(message, line=error.line, column=error.column, hint=hint)


_PARSER = Lark(_GRAMMAR, parser="lalr", lexer="basic", transformer=_Builder())
