"""A light stemmer for English and Spanish at once: "arrested", "arrests" and "arresto" all begin the same story.

Only stories are compared by stems. There a wrong meeting of two words merely adds a little likeness; in matching it
would be a false hit, so that queries never see this. It needs no knowledge of the language, since many items do not
state theirs rightly: each ending is one of either language, and what is left keeps four letters at least.
"""

import re
from functools import lru_cache

_ENDINGS = (
    "ization ational ation ition ment ness ing edly ed er ly ive "  # English
    "aciones acion iciones icion amiento imiento mente adora ador ando iendo aron ieron aban aran eran "
    "ado ada ido ida ar er ir an en "
)
_ENDING = re.compile(rf"(.{{4,}}?)(?:{'|'.join(_ENDINGS.split())})\Z")
_VOWELS = "aeiou"


@lru_cache(maxsize=1 << 15)
def stem(word: str) -> str:
    """Return the stem of a folded word (lower case, no accents); numbers and short words stay as they are."""
    if len(word) < 4 or not word.isalpha():
        return word
    if word[-1] == "s" and word[-2] not in "su":
        word = word[:-1]
    word = f"{word[:-1]}i" if word[-1] == "y" else word
    if found := _ENDING.match(_without_vowel(word)) or _ENDING.match(word):
        word = found[1]
    word = _without_vowel(word)
    if len(word) > 3 and word[-1] == word[-2]:
        word = word[:-1]
    return f"{word[:-1]}c" if word[-1] == "z" else word


def _without_vowel(word: str) -> str:
    """Take the final vowels off, as long as three letters stay: seize and seiz(ed), decomiso and decomisa."""
    bare = word.rstrip(_VOWELS)
    return bare if len(bare) >= 3 else word
