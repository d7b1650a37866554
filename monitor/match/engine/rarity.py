"""How often a leaf is likely to occur: what occurs seldom is a good place to file a topic under.

`frequent_words.txt` says of the commonest words of English and Spanish news, by key, in how many of 10,000 items they
occur; of the others their length has to tell. A wrong guess costs time and never changes what matches.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files

from monitor.match.engine.leaf import Leaf, leaf_keys
from monitor.match.language.tree import LANGUAGE

_ITEMS = 10_000.0
_UNLISTED = 12.0  # of so many items, at most, for a word that is not listed
_NEXT_WORD = 0.1  # of the places of a phrase's rarest word, how many are the phrase
_NARROWED = 0.3  # by = or a field
_PREFIX = 3.0


def cost(leaf: Leaf, uses: int) -> float:
    """Guess in what share of items a leaf occurs; of words that are not listed, those that many queries use in more."""
    if leaf.field == LANGUAGE:
        return _ITEMS  # says nothing of the text
    guess = min(map(_frequency, filter(None, leaf_keys(leaf))), default=_UNLISTED / (1 + len(leaf.words[0])))
    if leaf.prefix and len(leaf.words) == 1:
        guess = _PREFIX * _frequency((leaf.words[0],))
    narrowed = _NARROWED if leaf.exact or leaf.field else 1.0
    spread = uses if guess < _UNLISTED else 1
    return float(guess * _NEXT_WORD ** (len(leaf.words) - 1) * narrowed * spread**0.25 / _ITEMS)


def telling(keys: Sequence[tuple[str, ...]]) -> int:
    """Return which of a phrase's words occurs least, by its keys; one without keys cannot be asked for."""
    return min(range(len(keys)), key=lambda place: _frequency(keys[place]) if keys[place] else _ITEMS + 1)


def _frequency(keys: tuple[str, ...]) -> float:
    """Guess in how many of 10,000 items a word occurs."""
    listed = _listed()
    known = [listed[key] for key in keys if key in listed]
    return max(known) if known else _UNLISTED / (1 + len(keys[0]))


@cache
def _listed() -> Mapping[str, float]:
    lines = (
        files("monitor.match.engine").joinpath("frequent_words.txt").read_text(encoding="utf-8").splitlines()
    )
    rows = (line.split() for line in lines)
    return {word: float(number) for number, *words in rows for word in words}
