"""What the archive index holds of a text, and what it is asked for a query.

The index holds every key under which a word of a text may be found, so that whatever satisfies a query satisfies what
`wanted` makes of it. It decides nothing: what it lets through is judged by the matcher.
"""

from monitor.match.engine.document import pieces
from monitor.match.language.tree import (
    APART,
    FIELDS,
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
)
from monitor.model import ItemText
from monitor.model.wanted import EVERYTHING, Key, Wanted, every, some
from monitor.text.fold import words

KEY_LIMIT = 64  # letters of a word that are looked at
SIZE_LIMIT = 400_000  # bytes; PostgreSQL's tsvector holds about a million
APART_MARK = "·"  # before the words of fields that a query must name; no word has it
UNLISTED = "··"  # filed alone, for a text with too many words: it is always let through


def filed_words(text: ItemText) -> list[str]:
    """Return what the index holds of a text, each word once, in no order."""
    found: set[str] = set()
    for field in FIELDS:
        for word in words(getattr(text, field)):
            found.update(word.keys)
    marked = {
        f"{APART_MARK}{key}"
        for field in APART
        if field != LANGUAGE
        for piece in pieces(text, field)
        for word in words(piece)
        for key in word.keys
    }
    filed = {key[:KEY_LIMIT] for key in found} | {key[: KEY_LIMIT + 1] for key in marked}
    return [UNLISTED] if sum(len(word.encode()) for word in filed) > SIZE_LIMIT else list(filed)


def wanted(node: Node, field: str | None = None, *, true: bool = True) -> Wanted:
    """Return what a text must have at least for a query, or a part of it, to hold (with `true` off: not to hold).

    Everything, where it needs no words. Texts of whose words the index knows nothing are not asked for: `let_through`
    adds them.
    """
    match node:
        case Term():
            return _term(node, field) if true and field != LANGUAGE else EVERYTHING
        case Not(part=part):
            return wanted(part, field, true=not true)
        case Within(field=inner, part=part):
            return wanted(part, inner, true=true)
        case Ref(part=part):
            return wanted(part, field, true=true)
        case Near() if not true:
            return EVERYTHING  # its words may all be there, too far apart
        case And(parts=parts) | Or(parts=parts) | Near(parts=parts) | AtLeast(parts=parts):
            count = 1 if isinstance(node, Or) else node.count if isinstance(node, AtLeast) else len(parts)
            each = [wanted(part, field, true=true) for part in parts]
            return _several(each, count if true else len(parts) - count + 1)


def _several(parts: list[Wanted], count: int) -> Wanted:
    """Ask for `count` of the parts: of k parts of which n hold, any k - n + 1 in a row have one that does."""
    width = len(parts) - count + 1
    return every([some(parts[first : first + width]) for first in range(count)])


def nearly(node: Node, field: str | None = None) -> Wanted:
    """Return what a text must have at least for it to be one clause short of a query with some of its words there."""
    match node:
        case Within(field=inner, part=part):
            return nearly(part, inner)
        case Ref(part=part):
            return nearly(part, field)
        case Or(parts=parts) | AtLeast(parts=parts, count=1):
            return some([nearly(part, field) for part in parts])
        case AtLeast(parts=parts):
            return some([wanted(part, field) for part in parts])
        case And(parts=parts) | Near(parts=parts):
            return _but_one(parts, field)
        case _:
            return wanted(node, field)


def _but_one(parts: tuple[Node, ...], field: str | None) -> Wanted:
    """Ask for all but one of the parts that need words."""
    needing = [part for part in parts if wanted(part, field) != EVERYTHING]
    if len(needing) == 1:  # then it is a NOT that is against it, or the part itself is short
        return some([wanted(needing[0], field), nearly(needing[0], field)])
    each = [wanted(part, field) for part in needing]
    return some(
        [every(each[:left_out] + each[left_out + 1 :]) for left_out in range(len(each))] or [EVERYTHING]
    )


def let_through(asked: Wanted) -> Wanted:
    """Ask also for the texts of whose words the index knows nothing."""
    return some([asked, Key(UNLISTED)])


def _term(term: Term, field: str | None) -> Wanted:
    """Ask for all the words of a term, each under any of its keys; where they stand is not asked."""
    mark = APART_MARK if field in APART else ""
    needed: list[Wanted] = []
    for folded, keys in zip(term.words, term.keys, strict=True):
        if keys:
            needed.append(some([Key(f"{mark}{key[:KEY_LIMIT]}") for key in keys]))
        else:
            needed.append(Key(f"{mark}{folded[:KEY_LIMIT]}", prefix=True))
    return every(needed)
