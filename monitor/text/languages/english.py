"""English singulars, by ending; careful rather than complete.

A form that no one writes does no harm: it is only a key under which a word is filed. What does harm is a form that is
*another* word; the lists are the ones met in a year of news.
"""

from monitor.text.languages.unchanging import UNCHANGING

# fmt: off
_IRREGULAR = {
    "men": "man", "women": "woman", "children": "child", "wives": "wife", "lives": "life",
    "knives": "knife", "thieves": "thief", "halves": "half", "wolves": "wolf", "feet": "foot",
    "teeth": "tooth", "mice": "mouse", "crises": "crisis", "analyses": "analysis",
    "diagnoses": "diagnosis", "hypotheses": "hypothesis", "oases": "oasis", "taxis": "taxi",
    "shoes": "shoe", "toes": "toe", "foes": "foe", "woes": "woe", "canoes": "canoe", "movies": "movie",
    "dies": "die", "ties": "tie", "lies": "lie", "pies": "pie", "gases": "gas", "buses": "bus",
    "criteria": "criterion",
}
_MEN = frozenset({  # what "-men" is the plural of; the Spanish crimen, examen, volumen are not
    "air", "assembly", "business", "camera", "chair", "clergy", "congress", "council", "country",
    "crew", "fire", "fisher", "foot", "free", "gentle", "guards", "gun", "hench", "hit", "horse", "law",
    "lay", "line", "mail", "marks", "middle", "noble", "ombuds", "patrol", "police", "post", "repair",
    "rifle", "sales", "sea", "service", "spokes", "sports", "states", "strong", "swords", "trades",
    "weather", "work",
})
# fmt: on
_ENDINGS = ("s", "men", "children", "feet", "teeth", "mice", "criteria")  # of every word that changes


def singular(word: str) -> str:  # noqa: PLR0911 - one an ending
    """Return the English singular of a folded word, or the word itself when it is no sure plural."""
    if not word.endswith(_ENDINGS):
        return word
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if word.endswith("men"):
        return f"{word[:-3]}man" if word.endswith("women") or word[:-3] in _MEN else word
    if len(word) < 4 or not word.endswith("s") or word in UNCHANGING or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies") and len(word) > 4:
        return f"{word[:-3]}y"
    if word.endswith(("sses", "shes", "ches", "xes", "oes", "zzes")):
        return word[:-2]
    return word[:-1]
