"""Terms in one language only: a topic that is read in two languages should say the same in both.

The pairs of words come from `glossary.txt` beside this module. Exact forms, phrases and prefixes are names or choices
of their own: they are not asked for a twin, but they count as one.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from monitor.match.advice.finding import Finding, at
from monitor.match.language.tree import LANGUAGE, Node, Not, Ref, Term, Within, children
from monitor.text.fold import tokens

LANGUAGES = {"en": "English", "es": "Spanish"}
_STEM = 6
_TOLD = 5  # twins that are named in one piece of advice


@dataclass(frozen=True, slots=True)
class _Word:
    """A word of the glossary: its language, and its twins in the other, as written and by key."""

    language: str
    twins: tuple[str, ...]
    keys: frozenset[str]


def one_sided(root: Node, rest: Mapping[str, Node]) -> list[Finding]:
    """Find words whose twin in the other language is nowhere in a tree, nor in some other trees (by group).

    A tree that is in one language altogether gets one finding, and one that asks for a language gets none.
    """
    if any(field == LANGUAGE for _, field in _wanted(root, None, refs=True)):
        return []
    words, prefixes = _vocabulary([root, *rest.values()])
    present = {one.language for key in words for one in _glossary().get(key, ())}
    lonely: list[tuple[Term, _Word]] = []
    seen: set[tuple[str, ...]] = set()  # synonyms have the same twins, and are told once
    for term, field in _wanted(root, None, refs=False):
        known = _known(term) if field in {None, "title", "summary", "body"} else ()
        if known and known[0].twins not in seen and not any(_has(one, words, prefixes) for one in known):
            lonely.append((term, known[0]))
            seen.add(known[0].twins)
    if not lonely:
        return []
    return list(_told(lonely)) if len(present) > 1 else [_told_at_once(lonely)]


def is_word(key: str) -> bool:
    """Say whether the glossary has a folded word, which then is more than an abbreviation."""
    return key in _glossary()


def _wanted(node: Node, field: str | None, *, refs: bool) -> Iterator[tuple[Term, str | None]]:
    """Yield the terms that are not excluded, with the field of each."""
    match node:
        case Term():
            yield node, field
        case Not():
            return
        case Ref() if not refs:
            return
        case Within(field=inner, part=part):
            yield from _wanted(part, inner, refs=refs)
        case _:
            for part in children(node):
                yield from _wanted(part, field, refs=refs)


def _vocabulary(trees: list[Node]) -> tuple[set[str], tuple[str, ...]]:
    """Return the keys of all words of some trees, and their prefixes."""
    words: set[str] = set()
    prefixes: set[str] = set()
    for tree in trees:
        for term, _ in _wanted(tree, None, refs=True):
            words.update(key for token in tokens(term.text) for key in token.word.keys)
            if term.prefix:
                prefixes.add(term.words[-1])
    return words, tuple(sorted(prefixes))


def _known(term: Term) -> tuple[_Word, ...]:
    """Return what the glossary says of a term; nothing if it is a word of both languages."""
    if term.exact or term.prefix or len(term.words) != 1:
        return ()
    known = tuple(one for key in term.keys[0] for one in _glossary().get(key, ()))
    return known if len({one.language for one in known}) == 1 else ()


def _has(word: _Word, words: set[str], prefixes: tuple[str, ...]) -> bool:
    if not word.keys.isdisjoint(words) or any(key.startswith(prefixes) for key in word.keys):
        return True
    # comercial speaks of comercio; fentanyl does not speak of fentanilo
    stems = tuple(key[:_STEM] for key in word.keys if len(key) > _STEM)
    return any(other.startswith(stems) and not _is_of(other, word.language) for other in words)


def _is_of(key: str, language: str) -> bool:
    return any(one.language == language for one in _glossary().get(key, ()))


def _other(word: _Word) -> str:
    return next(name for tag, name in LANGUAGES.items() if tag != word.language)


def _told(lonely: list[tuple[Term, _Word]]) -> Iterator[Finding]:
    for term, word in lonely:
        message = f"{term} is there in {LANGUAGES[word.language]} only"
        yield at(term, "one-language", message, f"add {_other(word)}: {' or '.join(word.twins)}")


def _told_at_once(lonely: list[tuple[Term, _Word]]) -> Finding:
    """Say once that a whole tree is in one language."""
    term, word = lonely[0]
    named = ", ".join(f"{each} = {twin.twins[0]}" for each, twin in lonely[:_TOLD])
    message = f"all words are in {LANGUAGES[word.language]} only"
    hint = f"add {_other(word)} ({named}), or say lang:{word.language} if only that is wanted"
    return at(term, "one-language", message, hint)


@cache
def _glossary() -> Mapping[str, tuple[_Word, ...]]:
    """Read the glossary: for each key, its words."""
    found: dict[str, tuple[_Word, ...]] = {}
    text = files("monitor.match.advice").joinpath("glossary.txt").read_text(encoding="utf-8")
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        sides = [side.split() for side in line.split("|")]
        for (language, side), twins in zip(zip(LANGUAGES, sides, strict=True), reversed(sides), strict=True):
            keys = frozenset(key for twin in twins for key in _keys(twin)[:1])
            for own in side:
                key = _keys(own)[0]
                found[key] = (*found.get(key, ()), _Word(language, tuple(twins), keys))
    return found


def _keys(word: str) -> tuple[str, ...]:
    return next(tokens(word)).word.keys
