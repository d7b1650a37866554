"""Folding: the one function through which texts and query terms both go, so that they can be compared.

A text is cut into words, each with its place in the original. A word is known by its *cased* form (capitals kept,
accents and dots gone: what `=Exact` compares) and by its *keys*: its folded form, its English singular and its
Spanish singular. Both singulars are taken from the folded form, never one from the other: chaining them turns
"cárteles" into a word that neither language has. No stemming: "import" is not "important".

This module knows nothing of queries, fields or languages of items.
"""

import functools
import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from monitor.text.plural import english_singular, spanish_singular

_APOSTROPHES = "'’‘ʼ＇´`′"
_CHAR = "[^\\W_ʼ]"
_LETTER = "[^\\W\\d_ʼ]"
_JOINERS = "\u0300-\u036f\u00ad\u200b-\u200f\u2060\ufeff"  # inside a word these neither part it nor count
_DOUBLE = "|".join(f"[{letter.upper()}{letter}]{{2}}" for letter in "abcdefghijklmnopqrstuvwxyz")
_OWN = f"(?:[{_APOSTROPHES}][sS](?!{_CHAR}|[\u0300-\u036f]))?"  # a possessive 's, dropped later
_WORD = re.compile(
    rf"""
      (?i:https?)://\S+                                                     # an address is not prose
    | (?=[A-Za-z]{{2}}[.\s])
      (?: [Ee]{{2}}\s[Uu]{{2}} | (?:{_DOUBLE})\.\s?(?:{_DOUBLE}) )(?!{_CHAR})\.?   # EE.UU., EE. UU., FF.AA.
    | (?:{_LETTER}[{_JOINERS}]*+\.)+{_LETTER}[{_JOINERS}]*+(?!{_CHAR})\.?{_OWN}     # U.S., D.E.A.
    | {_CHAR}+(?:[{_JOINERS}]+{_CHAR}*)*{_OWN}
    """,
    re.VERBOSE,
)
_LONG_WORD = 64  # longer ones are folded anew each time, so that no feed can fill the memory with them
_POSSESSIVE = re.compile(rf"[{_APOSTROPHES}][sS]\Z")
_UNSEEN = re.compile(f"[{_JOINERS}]")
_PLAIN_LETTERS = str.maketrans(
    {
        "ø": "o",
        "Ø": "O",
        "ł": "l",
        "Ł": "L",
        "đ": "d",
        "Đ": "D",
        "ı": "i",
        "æ": "ae",
        "Æ": "AE",
        "œ": "oe",
        "Œ": "OE",
    }
)


class Word(NamedTuple):
    """One way of writing a word: `cased` for exact comparison, `keys` (the folded form first) for the usual one."""

    cased: str
    keys: tuple[str, ...]


class Token(NamedTuple):
    """A word where it stands: `text[start:end]` is what the reader sees, without a possessive 's."""

    word: Word
    start: int
    end: int


def raw_words(text: str) -> list[str]:
    """Return the words of a text as written (possessives and dots included), for `fold_word`."""
    return _WORD.findall(text)


def tokens(text: str) -> Iterator[Token]:
    """Yield the words of a text in order, folded, with offsets into that very text."""
    for match in _WORD.finditer(text):
        raw = match.group()
        word = fold_word(raw)
        if word is None:
            continue
        start, end = match.span()
        if raw[-1] in "sS" and (tail := _POSSESSIVE.search(raw)):
            end = start + tail.start()
        yield Token(word, start, end)


def fold_words(raws: Iterable[str]) -> list[Word]:
    """Fold raw words in their order; what is not a word (an address) is left out."""
    words = (_fold(raw) if len(raw) <= _LONG_WORD else _fold.__wrapped__(raw) for raw in raws)
    return [word for word in words if word is not None]


def fold_word(raw: str) -> Word | None:
    """Fold one raw word; None for what is not a word (an address)."""
    return _fold(raw) if len(raw) <= _LONG_WORD else _fold.__wrapped__(raw)


@functools.lru_cache(maxsize=1 << 15)
def _fold(raw: str) -> Word | None:
    if "://" in raw:
        return None
    bare = _UNSEEN.sub("", _POSSESSIVE.sub("", raw))
    cased = _letters(bare) or bare
    folded = _letters(cased.casefold()) or cased.casefold()
    keys = dict.fromkeys((folded, english_singular(folded), spanish_singular(folded)))
    return Word(cased, tuple(keys))


def folded_words(text: str) -> list[str]:
    """Return the folded words of a text, singular and plural kept apart (for story keys and comparisons)."""
    return [token.word.keys[0] for token in tokens(text)]


def _letters(word: str) -> str:
    """Drop accents and everything that is neither letter nor digit; ñ becomes n, ø becomes o."""
    if word.isascii():
        return word if word.isalnum() else "".join(filter(str.isalnum, word))
    decomposed = unicodedata.normalize("NFKD", word.translate(_PLAIN_LETTERS))
    return "".join(char for char in decomposed if char.isalnum())
