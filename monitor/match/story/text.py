"""What a story is recognised by in an item's text: its terms, its word pairs, and what it shares with another language.

All three are 32-bit numbers (CRC-32 of the stem, the pair, the feature): small, the same in every process, and cheap
to keep for 100,000 items. Two words that share a number by chance make two items a little more alike, no more. Huge
items are cut: 40 words of the headline and 60 of the text say what happened.
"""

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Final

from monitor.match.story.glossary import CONCEPTS
from monitor.match.story.keys import headline, keys_of, lead_of
from monitor.match.story.stem import stem
from monitor.model import ItemText
from monitor.text.fold import fold_word, words

TITLE_WORDS: Final = 40
LEAD_WORDS: Final = 60
TITLE_COUNTS: Final = 2  # a word of the headline counts as much as two of the text
_TITLE_CHARS = 600
_LEAD_CHARS = 700
_COGNATE = 5  # letters that words of both languages must share from the beginning
_LONG = 48  # letters of a word that are looked at
_SPELLING = str.maketrans({"k": "c", "y": "i", "q": "c"})


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryText:
    """An item as stories see it. `terms` maps a term to how often it occurs (in the headline twice).

    `asked` are the terms that made the item's hits.
    """

    keys: tuple[str, ...]
    language: str
    terms: Mapping[int, int]
    features: frozenset[int]
    pairs: frozenset[int]
    asked: frozenset[int] = frozenset()


def story_text(text: ItemText, *, matched: Iterable[str] = ()) -> StoryText:
    """Return what stories are recognised by in an item; `matched` are the passages that its topics found in it."""
    title = words(headline(text.title[:_TITLE_CHARS], text.source))[:TITLE_WORDS]
    lead = words(lead_of(text)[:_LEAD_CHARS])[:LEAD_WORDS]
    terms: dict[int, int] = {}
    features: set[int] = set()
    own: list[int] = []
    for several, counts in ((title, TITLE_COUNTS), (lead, 1)):
        own.clear()
        for word in several:
            term, feature, number = _known(word.cased)
            terms[term] = terms.get(term, 0) + counts
            features.add(feature)
            own.append(number)
    features.discard(0)
    return StoryText(
        keys=keys_of([word.keys[0] for word in title], [word.keys[0] for word in lead]),
        language=text.language.lower().partition("-")[0] or "und",
        terms=terms,
        features=frozenset(features),
        pairs=frozenset((first * 31 + second) & 0xFFFFFFFF for first, second in pairwise(own)),
        asked=frozenset(_known(word.cased)[0] for said in matched for word in words(said[:_TITLE_CHARS])),
    )


def feature_of(cased: str, folded: str) -> str:
    """Return what a word has in common with its twin in the other language, or nothing.

    A number is itself; a word of the glossary is its meaning; a long word is its first letters, spelled as both
    languages would; a short one only counts when it is a name.
    """
    if folded.isdigit():
        return folded if len(folded) > 1 else ""
    if concept := CONCEPTS.get(stem(folded)):
        return concept
    spelled = folded.replace("ph", "f").replace("th", "t").translate(_SPELLING)
    spelled = "".join(char for at, char in enumerate(spelled) if at == 0 or char != spelled[at - 1])
    if len(folded) >= _COGNATE:
        return spelled[:_COGNATE]
    return f"{spelled}." if len(folded) > 2 and cased[0].isupper() else ""


def number_of(text: str) -> int:
    """Return the 32-bit number that stands for a term or a feature; never 0."""
    return zlib.crc32(text.encode("utf-8", "surrogatepass")) or 1


@lru_cache(maxsize=1 << 16)
def _known(cased: str) -> tuple[int, int, int]:
    """Return a word's term, its feature (0: it says nothing across languages), and its own number."""
    word = fold_word(cased)
    folded = word.keys[0][:_LONG] if word else cased[:_LONG]
    cased = cased[:_LONG]
    feature = feature_of(cased, folded)
    return number_of(stem(folded)), number_of(feature) if feature else 0, number_of(folded)
