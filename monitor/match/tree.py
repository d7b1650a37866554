"""The query tree: what a query says once it is understood.

`str(node)` is the canonical form, which parses back to an equal tree. Nodes are frozen and compare by meaning as
written; where a term stood in the source is kept beside for messages and is not compared. Nothing here evaluates.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

FIELDS = ("title", "summary", "body")

_BARE = re.compile(r"[^\W_]+(?:[-'’.][^\W_]+)*\Z")
_RESERVED = re.compile(r"(?:AND|OR|NOT|O?NEAR|ATLEAST|TO|W|PRE)\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A word, a phrase (several `words`), a prefix (of its last word) or an exact form of either.

    `words` are folded, or cased when `exact`; `text` is what the editor wrote, without quotes, `=` and `*`. `keys`
    are, for each word, those under which a text files what may be that word; the last is empty for a prefix.
    """

    text: str
    words: tuple[str, ...]
    exact: bool = False
    prefix: bool = False
    keys: tuple[tuple[str, ...], ...] = field(compare=False, repr=False)
    line: int = field(default=1, compare=False)
    column: int = field(default=1, compare=False)

    def __str__(self) -> str:
        bare = _BARE.match(self.text) and not _RESERVED.match(self.text)
        shown = self.text if bare or self.prefix else f'"{self.text}"'
        return f"{'=' if self.exact else ''}{shown}{'*' if self.prefix else ''}"


@dataclass(frozen=True, slots=True, kw_only=True)
class And:
    """All of `parts` (two or more, none of them an And)."""

    parts: tuple["Node", ...]

    def __str__(self) -> str:
        return " AND ".join(_grouped(part, And) for part in self.parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Or:
    """At least one of `parts` (two or more, none of them an Or)."""

    parts: tuple["Node", ...]

    def __str__(self) -> str:
        return " OR ".join(_grouped(part, Or) for part in self.parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Not:
    """Not `part`."""

    part: "Node"

    def __str__(self) -> str:
        return f"NOT {_grouped(self.part, Not)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Within:
    """`part`, looked for in one field only."""

    field: str
    part: "Node"

    def __str__(self) -> str:
        return f"{self.field}:{_grouped(self.part, Within)}"


Node = Term | And | Or | Not | Within


def _grouped(part: Node, parent: type[Node]) -> str:
    """Parenthesise what would otherwise read as part of its parent."""
    if isinstance(part, Term) or (isinstance(part, Not | Within) and parent in {And, Or}):
        return str(part)
    if isinstance(part, Within) and parent is Not:
        return str(part)
    return f"({part})"


def scoped_terms(node: Node, field: str | None = None) -> Iterator[tuple[Term, str | None]]:
    """Yield every term of a tree with the field it is looked for in, in the order of the source, NOTs included."""
    match node:
        case Term():
            yield node, field
        case And(parts=parts) | Or(parts=parts):
            for part in parts:
                yield from scoped_terms(part, field)
        case Not(part=part):
            yield from scoped_terms(part, field)
        case Within(field=inner, part=part):
            yield from scoped_terms(part, inner)


def terms(node: Node) -> Iterator[Term]:
    """Yield every term of a tree in the order of the source, NOTs included."""
    return (term for term, _ in scoped_terms(node))


def holds_without_words(node: Node) -> bool:
    """Say whether the node is true of a text that contains none of its words."""
    match node:
        case Term():
            return False
        case And(parts=parts):
            return all(holds_without_words(part) for part in parts)
        case Or(parts=parts):
            return any(holds_without_words(part) for part in parts)
        case Not(part=part):
            return not holds_without_words(part)
        case Within(part=part):
            return holds_without_words(part)
