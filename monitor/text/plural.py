"""Singulars of English and Spanish words, by ending; careful rather than complete.

Both functions take a folded word (lower case, no accents) and return it unchanged when no rule is sure. Where
one language's rule goes wrong on a word the other one's usually gives the right form ("coches", "movies",
"buses"), and a form that no one writes does no harm: it is only a key under which a word is filed.
"""

_SAME = frozenset(
    # words that only look plural, or whose plural is another word than their singular
    "news series species customs goods rights means arms headquarters always perhaps besides towards does goes"
    " lens yes less unless across mars texas kansas arkansas dallas honduras caracas andes naples wales jones james"
    " charles hayes moses athens brussels diabetes mercedes lunes martes miercoles jueves viernes dios antes menos"
    " entonces mientras ademas despues atras jamas quizas apenas lejos tras crisis tesis dosis sintesis chasis"
    .split()
)  # fmt: skip
_ENGLISH = {
    "men": "man", "women": "woman", "children": "child", "wives": "wife", "lives": "life", "knives": "knife",
    "thieves": "thief", "halves": "half", "wolves": "wolf", "feet": "foot", "teeth": "tooth", "mice": "mouse",
    "crises": "crisis", "analyses": "analysis", "diagnoses": "diagnosis", "hypotheses": "hypothesis",
    "oases": "oasis", "taxis": "taxi", "shoes": "shoe", "toes": "toe", "foes": "foe", "canoes": "canoe",
    "movies": "movie", "dies": "die", "ties": "tie", "lies": "lie", "pies": "pie", "gases": "gas", "buses": "bus",
    "criteria": "criterion",
}  # fmt: skip
_MEN = frozenset(
    "air alder assembly business camera chair clergy congress council country crafts crew door draughts fire fisher"
    " foot fore free gentle guards gun hench hit horse jury kins lay law line mail marks middle noble ombuds patrol"
    " police post repair rifle sales sea service sports spokes states strong swords trades weather work yes".split()
)
_SPANISH = {
    "taxis": "taxi", "iranies": "irani", "iraquies": "iraqui", "israelies": "israeli", "marroquies": "marroqui",
    "pakistanies": "pakistani", "saudies": "saudi", "huties": "huti", "yemenies": "yemeni", "rubies": "rubi",
    "fraudes": "fraude", "sedes": "sede",
}  # fmt: skip
_ENGLISH_ONLY = frozenset(
    # English plurals in -es that the Spanish rule would cut down to another word
    "wines stares scares cares fines tires bares marines sides rides ones tones bones stones zones mines lines pines"
    " wires fires hires cores stores scores bores shores wares hares dares flares shares squares spares rules poles"
    " holes tales males sales scales bales whales files tiles piles cables tables codes modes nodes trades grades"
    " blades shades guides brides tides bases cases phases phrases causes houses nurses horses courses roses noses"
    " loses uses closes doses poses ages plays toys boys".split()
)


def english_singular(word: str) -> str:
    """Return the English singular of a folded word, or the word itself when it is no sure plural."""
    if word in _ENGLISH:
        return _ENGLISH[word]
    if word.endswith("men"):
        return f"{word[:-3]}man" if word.endswith("women") or word[:-3] in _MEN else word
    if len(word) < 4 or not word.endswith("s") or word in _SAME or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies") and len(word) > 4:
        return f"{word[:-3]}y"
    if word.endswith(("sses", "shes", "ches", "xes", "oes", "zzes")):
        return word[:-2]
    return word[:-1]


def spanish_singular(word: str) -> str:
    """Return the Spanish singular of a folded word, or the word itself when it is no sure plural.

    Spanish words end in a vowel or in one of l, r, n, d, s, y, j, z, x: only after these is the plural -es.
    """
    if word in _SPANISH:
        return _SPANISH[word]
    if len(word) < 4 or not word.endswith("s") or word in _SAME:
        return word
    if word.endswith("ces") and len(word) > 4:
        return f"{word[:-3]}z"
    if word.endswith("es") and len(word) > 4 and word[-3] in "lrndsyjx" and word not in _ENGLISH_ONLY:
        return word[:-2]
    return word[:-1] if word[-2] in "aeo" else word
