"""Folding: the one function through which texts and query terms both go, so that they can be compared.

A text is cut into words, each with its place in the original. A word is known by its *cased* form (capitals kept,
accents and dots gone: what `=Exact` compares) and by its *keys*: its folded form and its singular in each language of
`monitor.text.languages`. All singulars are taken from the folded form, never one from the other: chaining them turns
"cárteles" into a word that neither language has. No stemming: "import" is not "important".

What a word is, one regular expression says. Most words are met again and again, so a text is first parted at its
spaces, and what a *piece* between two spaces comes to is remembered; where a word may reach over a space ("EE. UU."),
the expression reads the whole text.

This module knows nothing of queries, fields or languages of items.
"""

import functools
import re
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple, TypeVar

from monitor.text.languages import SINGULARS

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
_OPEN = re.compile(
    rf"(?:[Ee]{{2}}|(?:{_DOUBLE})\.)\Z"
)  # what a piece ends with whose last word may go on in the next
_AROUND = ',.;:!?()[]"“”«»¿¡…'  # what may stand around a word and parts words itself
LONG_PIECE = 64  # longer ones are read anew each time, so that no feed can fill the memory with them
_MEMORY = 8_000  # pieces of one generation
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


def spots(text: str) -> list[tuple[int, int]]:
    """Return where each word of a text begins and ends: the offsets of `tokens` without their words."""
    found = []
    for match in _WORD.finditer(text):
        start, end = match.span()
        if text[start] in "hH" and "://" in match.group():
            continue  # an address
        if text[end - 1] in "sS" and (tail := _POSSESSIVE.search(match.group())):
            end = start + tail.start()
        found.append((start, end))
    return found


def words(text: str) -> list[Word]:
    """Return the words of a text in order, folded: those of `tokens`, in a fifth of the time."""
    found = list(chain.from_iterable(map(_remembered.__getitem__, text.split())))
    if None in found:
        return [word for raw in raw_words(text) if (word := fold_word(raw)) is not None]
    return found  # type: ignore[return-value]  # there is no None in it


def piece_words(piece: str) -> tuple[Word, ...] | None:
    """Return the words of what stands between two spaces; None when the last may go on behind the space."""
    found = _remembered[piece]
    return None if None in found else found  # type: ignore[return-value]  # there is no None in it


def fold_word(raw: str) -> Word | None:
    """Fold one raw word; None for what is not a word (an address)."""
    return _fold(raw) if len(raw) <= LONG_PIECE else _fold.__wrapped__(raw)


def keys_of(folded: str) -> tuple[str, ...]:
    """Return the keys of a folded word: itself first, then its singulars in every language."""
    keys = [folded]
    for singular in SINGULARS.values():
        key = singular(folded)
        if key not in keys:
            keys.append(key)
    return tuple(keys)


Kept = TypeVar("Kept")


class Memory(dict[str, Kept], ABC):
    """What was found out of strings met lately, in two generations: what is asked for again stays, the rest is dropped.

    A subclass finds out what is not there. Safe between threads, since what is lost is found out anew.
    """

    def __init__(self, most: int) -> None:
        """Remember up to twice `most`."""
        super().__init__()
        self.most = most
        self._older: dict[str, Kept] = {}

    @abstractmethod
    def find_out(self, string: str) -> Kept:
        """Find out what is to be remembered of a string."""

    def __missing__(self, string: str) -> Kept:
        found = self._older.get(string)
        if found is None:
            found = self.find_out(string)
        if len(string) <= LONG_PIECE:
            if len(self) >= self.most:
                self._older = dict(self)
                self.clear()
            self[string] = found
        return found


class _Pieces(Memory[tuple[Word | None, ...]]):
    """The words of pieces met before; (None,) for one whose last word may go on in the next piece."""

    def find_out(self, string: str) -> tuple[Word | None, ...]:
        return _read(string)


def _read(piece: str) -> tuple[Word | None, ...]:
    bare = piece.strip(_AROUND)
    if len(bare) > 2 and bare.isalnum():  # most are, and need no expression
        if bare.isascii():
            return (Word(bare, keys_of(bare.lower())),)
        if "ʼ" not in bare:
            return (fold_word(bare),)
    raws = raw_words(piece)
    open_end = _OPEN.search(piece)
    if open_end is not None and raws[-1] == open_end.group().rstrip("."):
        return (None,)
    return tuple(word for raw in raws if (word := fold_word(raw)) is not None)


_remembered = _Pieces(_MEMORY)


@functools.lru_cache(maxsize=1 << 12)
def _fold(raw: str) -> Word | None:
    if raw.isascii() and raw.isalnum():
        return Word(raw, keys_of(raw.lower()))
    if "://" in raw:
        return None
    bare = _UNSEEN.sub("", _POSSESSIVE.sub("", raw))
    cased = _letters(bare) or bare
    folded = _letters(cased.casefold()) or cased.casefold()
    return Word(cased, keys_of(folded))


def folded_words(text: str) -> list[str]:
    """Return the folded words of a text, singular and plural kept apart (for story keys and comparisons)."""
    return [word.keys[0] for word in words(text)]


def _letters(word: str) -> str:
    """Drop accents and everything that is neither letter nor digit; ñ becomes n, ø becomes o."""
    if word.isascii():
        return word if word.isalnum() else "".join(filter(str.isalnum, word))
    decomposed = unicodedata.normalize("NFKD", word.translate(_PLAIN_LETTERS))
    return "".join(char for char in decomposed if char.isalnum())
