"""What is refused before any parser sees a query: too long, too deep, unbalanced, empty, invisible characters.

One pass, linear in the query's length. What the words and operators mean is `query`'s.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import NoReturn

from monitor.errors import QueryError

QUERY_LIMIT = 64 * 1024
NESTING_LIMIT = 50

_PIECE = re.compile(r'"[^"]*"|[()"]|(?:^|(?<=[\s()"]))#[^\n]*|[^\s()"]+')
_INVISIBLE = {"Cc": "a control character", "Cf": "an invisible character", "Cs": "half a character"}


def screen(source: str) -> None:
    """Raise `QueryError` for what no parser should meet."""
    if len(source) > QUERY_LIMIT:
        raise QueryError(
            f"the query is {len(source):,} characters long; {QUERY_LIMIT:,} are allowed",
            hint="split it into several topics",
        )
    if not source.isprintable():
        _refuse_invisible(source)
    pieces = [piece for piece in _PIECE.finditer(source) if not piece.group().startswith("#")]
    if not pieces:
        raise QueryError(
            "the query is empty", hint="write at least one word, for example: fentanyl OR fentanilo"
        )
    for piece in pieces:
        if piece.group() == '"':
            refuse_at(source, piece.start(), "a quote is opened and never closed", 'add the second "')
    _check_nesting(source, pieces)


def _check_nesting(source: str, pieces: list[re.Match[str]]) -> None:
    opened: list[int] = []
    for piece in pieces:
        if piece.group() == "(":
            opened.append(piece.start())
            if len(opened) > NESTING_LIMIT:
                message = f"parentheses are nested deeper than {NESTING_LIMIT} levels"
                refuse_at(source, piece.start(), message, "most of them can be left out")
        elif piece.group() == ")":
            if not opened:
                message = "a parenthesis is closed that was never opened"
                refuse_at(source, piece.start(), message, 'remove it, or add "(" before')
            opened.pop()
    if opened:
        refuse_at(
            source, opened[-1], "a parenthesis is opened and never closed", 'add ")" where the group ends'
        )


def comments(source: str) -> Iterator[tuple[str, int, int]]:
    """Yield each comment of a query (with its #) and the line and column where it begins, from 1."""
    for piece in _PIECE.finditer(source):
        if piece.group().startswith("#"):
            yield piece.group().rstrip(), *_place(source, piece.start())


def refuse_at(source: str, offset: int, message: str, hint: str) -> NoReturn:
    """Raise `QueryError` with the line and column of an offset into the query."""
    line, column = _place(source, offset)
    raise QueryError(message, line=line, column=column, hint=hint)


def _place(source: str, offset: int) -> tuple[int, int]:
    """Return line and column, both from 1."""
    return source.count("\n", 0, offset) + 1, offset - source.rfind("\n", 0, offset)


def _refuse_invisible(source: str) -> None:
    for offset, char in enumerate(source):
        kind = _INVISIBLE.get(unicodedata.category(char))
        if kind is not None and not char.isspace():
            refuse_at(source, offset, f"{kind}, U+{ord(char):04X}", "remove it")
