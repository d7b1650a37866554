"""What the archive index holds of a text, and what it is asked for a query.

The index holds every key under which a word of a text may be found, so that whatever satisfies a query satisfies what
`wanted` makes of it. It decides nothing: what it lets through is judged by the matcher.
"""

from monitor.match.document import pieces
from monitor.match.outline import Outline, outline
from monitor.match.tree import APART, FIELDS, LANGUAGE, And, AtLeast, Near, Node, Or, Ref, Term, Within
from monitor.model import ItemText
from monitor.model.wanted import EVERYTHING, Key, Wanted, every, some
from monitor.text.fold import fold_words, raw_words

KEY_LIMIT = 64  # letters of a word that are looked at
SIZE_LIMIT = 400_000  # bytes; PostgreSQL's tsvector holds about a million
APART_MARK = "·"  # before the words of fields that a query must name; no word has it
UNLISTED = "··"  # filed alone, for a text with too many words: it is always let through


def filed_words(text: ItemText) -> list[str]:
    """Return what the index holds of a text, each word once, in no order."""
    found: set[str] = set()
    for field in FIELDS:
        for word in fold_words(raw_words(getattr(text, field))):
            found.update(word.keys)
    marked = {
        f"{APART_MARK}{key}"
        for field in APART
        if field != LANGUAGE
        for piece in pieces(text, field)
        for word in fold_words(raw_words(piece))
        for key in word.keys
    }
    words = {key[:KEY_LIMIT] for key in found} | {key[: KEY_LIMIT + 1] for key in marked}
    return [UNLISTED] if sum(len(word.encode()) for word in words) > SIZE_LIMIT else list(words)


def wanted(node: Node, field: str | None = None) -> Wanted:
    """Return what a text must have at least for a query (or a part of it) to hold; everything, where it needs no words.

    Texts of whose words the index knows nothing are not asked for: `let_through` adds them.
    """
    leaves: list[Wanted] = []

    def number(term: Term, inside: str | None) -> int:
        leaves.append(_term(term, inside))
        return len(leaves) - 1

    outlined = outline(node, number, field)
    return EVERYTHING if outlined is None else _of(outlined, leaves)


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


def _of(outlined: Outline, leaves: list[Wanted]) -> Wanted:
    alone = [leaves[leaf] for leaf in sorted(outlined.leaves)]
    together = [every([_of(member, leaves) for member in group]) for group in outlined.every]
    return some([*alone, *together])


def _term(term: Term, field: str | None) -> Wanted:
    """Ask for all the words of a term, each under any of its keys; where they stand is not asked."""
    mark = APART_MARK if field in APART else ""
    words: list[Wanted] = []
    for folded, keys in zip(term.words, term.keys, strict=True):
        if keys:
            words.append(some([Key(f"{mark}{key[:KEY_LIMIT]}") for key in keys]))
        else:
            words.append(Key(f"{mark}{folded[:KEY_LIMIT]}", prefix=True))
    return every(words)
