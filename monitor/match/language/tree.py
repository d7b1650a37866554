"""The query tree: what a query says once it is understood.

`str(node)` is the canonical form, which parses back to an equal tree. Nodes are frozen and compare by meaning as
written; where a term stood in the source is kept beside for messages and is not compared. Nothing here evaluates.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

FIELDS = ("title", "summary", "body")  # where a term is looked for that names no field
APART = ("source", "url", "author", "tag", "lang")  # looked at only where a query names them
DISTANCE_LIMIT = 25  # of NEAR/n and "…"~n
LANGUAGE = (
    "lang"  # the one field that holds no words of the text: it can neither anchor a query nor carry it alone
)

_BARE = re.compile(r"[^\W_]+(?:[-'’.][^\W_]+)*\Z")
_RESERVED = re.compile(
    r"(?:AND|OR|NOT|XOR|ANDNOT|TO|W|PRE|O?NEAR|ATLEAST|H?LEAD|HEADLINE|ALLCAPS|NOCAPS|CAPS|AROUND|BYLINE)\Z"
    r"|(?:O?NEAR|ADJ|ATLEAST|W|PRE)\d+\Z|(?:o?near|adj|atleast)\d+\Z"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A word, a phrase (several `words`), a prefix (of its last word) or an exact form of either.

    `words` are folded, or cased when `exact`; `text` is what the editor wrote, without quotes, `=`, `*` and `~n`.
    `slop` is how many other words a phrase may have between its own. `keys` are, for each word, those under which a
    text files what may be that word; the last is empty for a prefix.
    """

    text: str
    words: tuple[str, ...]
    exact: bool = False
    prefix: bool = False
    slop: int = 0
    keys: tuple[tuple[str, ...], ...] = field(compare=False, repr=False)
    line: int = field(default=1, compare=False)
    column: int = field(default=1, compare=False)

    def __str__(self) -> str:
        bare = _BARE.match(self.text) and not _RESERVED.match(self.text) and not self.slop
        shown = self.text if bare or self.prefix else f'"{self.text}"'
        return (
            f"{'=' if self.exact else ''}{shown}{'*' if self.prefix else ''}"
            f"{f'~{self.slop}' if self.slop else ''}"
        )


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """Each of `parts` (two or more) at most `distance` words from the passage made by those before it.

    `ordered`: and behind it. The parts are terms, ORs of them, and other Nears; the first is no Near of the same kind.
    """

    parts: tuple["Node", ...]
    distance: int
    ordered: bool = False

    @property
    def operator(self) -> str:
        """Return the operator as written: `NEAR/8` or `ONEAR/8`."""
        return f"{'O' if self.ordered else ''}NEAR/{self.distance}"

    def __str__(self) -> str:
        return f" {self.operator} ".join(_grouped(part, Near) for part in self.parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class AtLeast:
    """At least `count` of `parts` (1 to as many as there are)."""

    parts: tuple["Node", ...]
    count: int

    def __str__(self) -> str:
        return f"ATLEAST/{self.count}({', '.join(map(str, self.parts))})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ref:
    """A named group: `part` is what its watchlist defines the name as, shared by all queries that use it."""

    name: str
    part: "Node"
    line: int = field(default=1, compare=False)
    column: int = field(default=1, compare=False)

    def __str__(self) -> str:
        return f"@{self.name}"


Node = Term | And | Or | Not | Within | Near | AtLeast | Ref


def _grouped(part: Node, parent: type[Node]) -> str:
    """Parenthesise what would otherwise read as part of its parent."""
    match part:
        case Term() | Ref() | AtLeast():
            return str(part)
        case Within() if parent is not Within:
            return str(part)
        case Not() | Near() if parent in {And, Or}:
            return str(part)
    return f"({part})"


def children(node: Node) -> tuple[Node, ...]:
    """Return the parts of a node; of a reference, what it stands for."""
    match node:
        case Term():
            return ()
        case Not(part=part) | Within(part=part) | Ref(part=part):
            return (part,)
        case And(parts=parts) | Or(parts=parts) | Near(parts=parts) | AtLeast(parts=parts):
            return parts


def scoped_terms(node: Node, field: str | None = None) -> Iterator[tuple[Term, str | None]]:
    """Yield every term of a tree with the field it is looked for in, in the order of the source, NOTs included."""
    if isinstance(node, Term):
        yield node, field
        return
    inner = node.field if isinstance(node, Within) else field
    for part in children(node):
        yield from scoped_terms(part, inner)


def terms(node: Node) -> Iterator[Term]:
    """Yield every term of a tree in the order of the source, NOTs included."""
    return (term for term, _ in scoped_terms(node))


def first_place(node: Node) -> tuple[int, int]:
    """Return line and column of the first word or group name of a node in its own source."""
    while not isinstance(node, Term | Ref):
        node = children(node)[0]
    return node.line, node.column


def holds_without_words(node: Node, *, wanted: bool = True, field: str | None = None) -> bool:
    """Say whether the node may be true (or false, with `wanted` off) of a text that contains none of its words.

    A language is no word: an item has it whatever it says.
    """
    match node:
        case Term():
            return field == LANGUAGE or not wanted
        case Not(part=part):
            return holds_without_words(part, wanted=not wanted, field=field)
        case Within(field=inner, part=part):
            return holds_without_words(part, wanted=wanted, field=inner)
        case Ref(part=part):
            return holds_without_words(part, wanted=wanted, field=field)
        case _:
            free = sum(holds_without_words(part, wanted=wanted, field=field) for part in children(node))
            return free >= _needed(node, wanted=wanted)


def _needed(node: And | Or | Near | AtLeast, *, wanted: bool) -> int:
    """Return how many parts must be true (or false) at least for the node to be so; one of a Near, to be false."""
    every = len(node.parts)
    count = {And: every, Near: every, Or: 1}.get(type(node), 0)
    if isinstance(node, AtLeast):
        count = node.count
    return count if wanted else every - count + 1


def measure(node: Node, known: Callable[[Ref], tuple[int, int]]) -> tuple[int, int]:
    """Return how many terms a tree has and how many levels; `known` gives both for a reference."""
    match node:
        case Term():
            return 1, 1
        case Ref():
            return known(node)
        case _:
            sizes = [measure(part, known) for part in children(node)]
            return sum(size for size, _ in sizes), 1 + max(depth for _, depth in sizes)
