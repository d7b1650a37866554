"""The query language: text in, tree out, or a refusal that says where and what would be right.

`screen` bounds the text, the LALR grammar of `grammar` cuts it, `build` makes nodes while the parser reduces, and
named groups are put in. The language is described for editors in docs/query-language.md. Nothing here matches.
"""

import functools
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from graphlib import CycleError, TopologicalSorter
from typing import NamedTuple, NoReturn

from lark import Lark, UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from monitor.errors import QueryError
from monitor.match.language.build import Builder
from monitor.match.language.check import check, refuse_negative
from monitor.match.language.grammar import GRAMMAR, LEXER, QUOTES, refuse_character, refuse_token
from monitor.match.language.groups import Groups, Mention, unknown_hint, used
from monitor.match.language.screen import QUERY_LIMIT, screen
from monitor.match.language.tree import (
    Node,
    Not,
    Ref,
    Term,
    Within,
    children,
    holds_without_words,
    measure,
)

TERM_LIMIT = 65_536  # with those of its groups, counted each time they are used
DEPTH_LIMIT = 200  # levels of a tree with its groups: the evaluator goes down by recursion

_SHOWN_OF_CIRCLE = 8
_REMEMBERED = 4_096  # groups whose trees are kept at hand


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A parsed query; `str()` is its canonical form, which parses to an equal query given the same groups."""

    root: Node

    def __str__(self) -> str:
        return str(self.root)


class _Read(NamedTuple):
    """A text as a tree, with how many terms and levels it has."""

    root: Node
    size: int
    depth: int


_Key = tuple[str, tuple[tuple[str, str], ...]]
_MEMORY: dict[_Key, _Read] = {}


def parse_query(text: str, groups: Groups = ()) -> Query:
    """Parse a query; `groups` are the named groups that it may use, by name.

    Raises `QueryError` with line and column (from 1) for what is not in the language, for a query that would also
    match texts with none of its words, and beyond the limits: 64 k code points, 50 levels of parentheses, 40 words
    a phrase. The error's `group` names the group whose text is meant, if it is not the query's.
    """
    return _query(text, tuple(groups.items() if isinstance(groups, Mapping) else groups))


# A back-test reads each query for its candidates, and once more to compile it.
@functools.lru_cache(maxsize=32)
def _query(text: str, groups: tuple[tuple[str, str], ...]) -> Query:
    defined = dict(groups)
    read = _read(text, frozenset(defined), _parts(used_groups(text, defined), frozenset(defined)))
    if holds_without_words(read.root):
        refuse_negative(read.root)
    return Query(root=read.root)


def parse_group(name: str, groups: Groups) -> Node:
    """Parse a named group and those it uses; raises `QueryError` like `parse_query`, with `group` set.

    Unlike a query, a group may say what is not wanted, or nothing but a language.
    """
    defined = groups if isinstance(groups, Mapping) else dict(groups)
    return _parts(used_groups(f"@{name}", defined), frozenset(defined))[name].root


def used_groups(text: str, groups: Groups) -> tuple[tuple[str, str], ...]:
    """Return the groups that a query uses, directly or through another group, by name."""
    return used(text, groups if isinstance(groups, Mapping) else dict(groups), mentions)


@functools.lru_cache(maxsize=1024)
def mentions(text: str) -> tuple[Mention, ...]:
    """Return each `@name` of a query in order; of a text that is no query, those before its first fault."""
    if "@" not in text or len(text) > QUERY_LIMIT:
        return ()
    found: list[Mention] = []
    with suppress(UnexpectedInput):  # parsing says so
        found.extend(
            Mention(str(token)[1:], token.line or 1, token.column or 1)
            for token in LEXER.lex(text.translate(QUOTES))
            if token.type == "GROUP"
        )
    return tuple(found)


@functools.lru_cache(maxsize=256)
def _parts(groups: tuple[tuple[str, str], ...], names: frozenset[str]) -> Mapping[str, _Read]:
    """Parse groups, those first that others use; each text is parsed once and its tree shared.

    `names` are those of all groups there are, for hints.
    """
    defined = dict(groups)
    uses = {name: {one.name for one in mentions(text)} & defined.keys() for name, text in groups}
    try:
        order = list(TopologicalSorter(uses).static_order())
    except CycleError as error:
        _refuse_circle(list(reversed(error.args[1])), defined)
    parts: dict[str, _Read] = {}
    for name in order:
        key = (defined[name], used_groups(defined[name], defined))
        read = _MEMORY.get(key)
        if read is None:
            try:
                read = _read(defined[name], names, parts)
            except QueryError as error:
                place = {"line": error.line, "column": error.column}
                raise QueryError(error.message, hint=error.hint, group=name, **place) from error
            if len(_MEMORY) >= _REMEMBERED:
                _MEMORY.clear()
            _MEMORY[key] = read
        parts[name] = read
    return parts


def _read(text: str, names: frozenset[str], parts: Mapping[str, _Read]) -> _Read:
    source = text.translate(QUOTES) if len(text) <= QUERY_LIMIT else text
    screen(source)
    try:
        root: Node = _PARSER.parse(source)  # type: ignore[assignment]  # the builder makes a Node, not a lark Tree
    except UnexpectedToken as error:
        refuse_token(source, error)
    except UnexpectedCharacters as error:
        refuse_character(error)
    if "@" in source:
        root = _filled(root, names, parts)
    size, depth = measure(root, lambda ref: (parts[ref.name].size, parts[ref.name].depth + 1))
    if size > TERM_LIMIT or depth > DEPTH_LIMIT:
        message = (
            f"the query has {size:,} terms with those of its groups; {TERM_LIMIT:,} are allowed"
            if size > TERM_LIMIT
            else f"groups are nested deeper than {DEPTH_LIMIT} levels"
        )
        raise QueryError(message, hint="use fewer groups inside groups, or split the topic")
    check(root)
    return _Read(root, size, depth)


def _filled(node: Node, names: frozenset[str], parts: Mapping[str, _Read]) -> Node:
    """Put the trees of the named groups in."""
    match node:
        case Term():
            return node
        case Ref(name=name):
            if name not in parts:
                hint = unknown_hint(name, names)
                raise QueryError(f"no group is called @{name}", line=node.line, column=node.column, hint=hint)
            return replace(node, part=parts[name].root)
        case Not(part=part) | Within(part=part):
            return replace(node, part=_filled(part, names, parts))
        case _:
            return replace(node, parts=tuple(_filled(part, names, parts) for part in children(node)))


def _refuse_circle(names: list[str], defined: Mapping[str, str]) -> NoReturn:
    """Point at where the alphabetically first group of a circle uses the next one."""
    ring = names[:-1]
    start = ring.index(min(ring))
    ring = ring[start:] + ring[:start]
    after = ring[1] if len(ring) > 1 else ring[0]
    place = next(one for one in mentions(defined[ring[0]]) if one.name == after)
    shown = [f"@{name}" for name in ring]
    if len(shown) > _SHOWN_OF_CIRCLE:
        shown[_SHOWN_OF_CIRCLE:] = [f"{len(ring) - _SHOWN_OF_CIRCLE:,} more"]
    way = " → ".join((*shown, shown[0]))
    raise QueryError(
        f"@{ring[0]} uses itself: {way}",
        line=place.line,
        column=place.column,
        hint="write out in one of them what it needs of the next",
        group=ring[0],
    )


_PARSER = Lark(GRAMMAR, parser="lalr", lexer="basic", transformer=Builder())
