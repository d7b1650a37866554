"""What the archive index holds of a text, and what it is asked for a query.

The index holds every key under which a word of a text may be found, so that whatever satisfies a query satisfies what
`wanted` makes of it. It decides nothing: what it lets through is judged by the matcher.
"""

from monitor.match.document import pieces
from monitor.match.outline import Outline, outline
from monitor.match.tree import APART, FIELDS, LANGUAGE, Node, Term
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


def wanted(root: Node) -> Wanted:
    """Return what a text must have at least for a query to hold; everything, where it needs no words."""
    leaves: list[Wanted] = []

    def number(term: Term, field: str | None) -> int:
        leaves.append(_term(term, field))
        return len(leaves) - 1

    outlined = outline(root, number)
    return EVERYTHING if outlined is None else let_through(_of(outlined, leaves))


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
