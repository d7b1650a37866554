"""What docs/query-language.md says, tried out in the plainest way: the oracle that the compiled watchlist must equal.

Trees are the oracle's own and are written out as queries, so that reading a query is tested too. It shares with the
matcher only the cutting and folding of words (`monitor.text.fold`); nothing is indexed, skipped or bounded.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from urllib.parse import unquote, urlsplit

from monitor.model import ItemText
from monitor.text.fold import Word, tokens

TEXTS = ("title", "summary", "body")


@dataclass(frozen=True, slots=True)
class Leaf:
    """Words as written; `form` is `word` (a word or phrase), `exact` or `prefix`; `slop` is the n of "…"~n."""

    text: str
    form: str = "word"
    slop: int = 0


@dataclass(frozen=True, slots=True)
class Every:
    """AND."""

    parts: tuple["Tree", ...]


@dataclass(frozen=True, slots=True)
class Some:
    """OR, with `count` 1; else ATLEAST/count."""

    parts: tuple["Tree", ...]
    count: int = 1


@dataclass(frozen=True, slots=True)
class Without:
    """NOT."""

    part: "Tree"


@dataclass(frozen=True, slots=True)
class In:
    """A field before a part."""

    field: str
    part: "Tree"


@dataclass(frozen=True, slots=True)
class Close:
    """NEAR/distance or ONEAR/distance."""

    parts: tuple["Tree", ...]
    distance: int
    ordered: bool = False


@dataclass(frozen=True, slots=True)
class Named:
    """A named group, and what it stands for."""

    name: str
    part: "Tree"


Tree = Leaf | Every | Some | Without | In | Close | Named


# Trees as queries.


def written(tree: Tree) -> str:  # noqa: PLR0911 - one a kind of tree
    """Write a tree as a query, with every parenthesis that it may have."""
    match tree:
        case Leaf():
            return _leaf(tree)
        case Every(parts):
            return f"({' AND '.join(map(written, parts))})"
        case Some(parts, 1):
            return f"({' OR '.join(map(written, parts))})"
        case Some(parts, count):
            return f"ATLEAST/{count}({', '.join(map(written, parts))})"
        case Without(part):
            return f"(NOT ({written(part)}))"
        case In(field, part):
            return f"{field}:({written(part)})"
        case Close(parts, distance, ordered):
            operator = f" {'O' if ordered else ''}NEAR/{distance} "
            return f"({operator.join(map(written, parts))})"
        case Named(name):
            return f"@{name}"


def _leaf(leaf: Leaf) -> str:
    if leaf.form == "prefix":
        return f"{leaf.text}*"
    shown = f'"{leaf.text}"' + (f"~{leaf.slop}" if leaf.slop else "")
    return f"={shown}" if leaf.form == "exact" else shown


def definitions(tree: Tree) -> dict[str, str]:
    """Return the named groups that a tree uses, directly or through another, as written."""
    match tree:
        case Leaf():
            return {}
        case Named(name, part):
            return {name: written(part), **definitions(part)}
        case Without(part) | In(_, part):
            return definitions(part)
        case Every(parts) | Some(parts) | Close(parts):
            return {name: text for part in parts for name, text in definitions(part).items()}


# Trees against texts.


@dataclass(frozen=True, slots=True)
class Passage:
    """The words from `start` up to `end` of one piece of text, and those of them that terms are made of."""

    start: int
    end: int
    taken: frozenset[int]


class Text:
    """An item's fields as words: of each field, texts that no phrase and no NEAR reaches across."""

    def __init__(self, item: ItemText) -> None:
        written_in = {
            "title": (item.title,),
            "summary": (item.summary,),
            "body": (item.body,),
            "source": (item.source,),
            "author": (item.author,),
            "url": (_address(item.url),),
            "tag": item.tags,
        }
        self.language = item.language.split("-")[0].lower()
        self.pieces: list[tuple[str, list[Word]]] = [
            (field, [token.word for token in tokens(piece)])
            for field, pieces in written_in.items()
            for piece in pieces
        ]
        self.known: dict[tuple[Tree, tuple[str, ...]], bool] = {}


def _address(url: str) -> str:
    parts = urlsplit(url)
    return (parts.hostname or "") + unquote(parts.path)


def holds(tree: Tree, text: Text, fields: tuple[str, ...] = TEXTS) -> bool:  # noqa: PLR0911 - the same
    """Say whether a tree is true of a text, looked for in some fields."""
    match tree:
        case Leaf() | Close():
            if fields == ("lang",):
                assert isinstance(tree, Leaf)
                return tree.text.lower() == text.language
            if (tree, fields) not in text.known:
                text.known[tree, fields] = any(
                    next(passages(tree, field, words, fields), None) is not None
                    for field, words in text.pieces
                )
            return text.known[tree, fields]
        case Every(parts):
            return all(holds(part, text, fields) for part in parts)
        case Some(parts, count):
            return sum(holds(part, text, fields) for part in parts) >= count
        case Without(part):
            return not holds(part, text, fields)
        case In(field, part):
            return holds(part, text, (field,))
        case Named(_, part):
            return holds(part, text, fields)


def passages(tree: Tree, field: str, words: Sequence[Word], fields: tuple[str, ...]) -> Iterator[Passage]:
    """Yield where a part of a NEAR stands in one piece of a field, in no order."""
    match tree:
        case Leaf():
            if field in fields:
                yield from _places(tree, words)
        case Some(parts, 1):
            for part in parts:
                yield from passages(part, field, words, fields)
        case In(inner, part):
            yield from passages(part, field, words, (inner,))
        case Named(_, part):
            yield from passages(part, field, words, fields)
        case Close(parts, distance, ordered):
            made = set(passages(parts[0], field, words, fields))
            for part in parts[1:]:
                others = set(passages(part, field, words, fields))
                made = {
                    Passage(min(one.start, two.start), max(one.end, two.end), one.taken | two.taken)
                    for one, two in product(made, others)
                    if _near(one, two, distance, ordered=ordered)
                }
            yield from made
        case _:
            raise AssertionError(tree)


def _near(one: Passage, two: Passage, distance: int, *, ordered: bool) -> bool:
    """Say whether two passages of different words are at most `distance` words apart, neighbours being one."""
    if one.taken & two.taken:
        return False
    if one.end <= two.start:
        return two.start - one.end + 1 <= distance
    if ordered:
        return False
    return two.end > one.start or one.start - two.end + 1 <= distance


def _places(leaf: Leaf, words: Sequence[Word]) -> Iterator[Passage]:
    wanted = [token.word for token in tokens(leaf.text)]
    prefix = leaf.form == "prefix"
    fits = [
        [
            at
            for at, word in enumerate(words)
            if _same(want, word, exact=leaf.form == "exact", prefix=prefix and number == len(wanted) - 1)
        ]
        for number, want in enumerate(wanted)
    ]
    if not all(fits):
        return
    if not leaf.slop:
        for start in fits[0]:
            if all(start + number in fits[number] for number in range(len(wanted))):
                yield Passage(start, start + len(wanted), frozenset(range(start, start + len(wanted))))
        return
    ways = {(way[0], way[-1] + 1) for way in _ascending(fits)}
    for start, end in ways:
        shortest = not any(start <= low and high <= end and (low, high) != (start, end) for low, high in ways)
        if shortest and end - start - len(wanted) <= leaf.slop:
            yield Passage(start, end, frozenset(range(start, end)))


def _ascending(fits: Iterable[list[int]]) -> Iterator[tuple[int, ...]]:
    """Yield each way to stand in order: one place of each list, each behind the one before."""
    ways: list[tuple[int, ...]] = [()]
    for places in fits:
        ways = [(*way, at) for way in ways for at in places if not way or at > way[-1]]
    yield from ways


def _same(want: Word, word: Word, *, exact: bool, prefix: bool) -> bool:
    if exact:
        return want.cased == word.cased
    if prefix:
        return word.keys[0].startswith(want.keys[0])
    return bool(set(want.keys) & set(word.keys))
