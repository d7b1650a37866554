"""Singulars of English and Spanish words, by ending; careful rather than complete.

Both functions take a folded word (lower case, no accents) and return it unchanged when no rule is sure. Where
one language's rule goes wrong on a word the other one's usually gives the right form ("coches", "movies",
"viruses"), and a form that no one writes does no harm: it is only a key under which a word is filed. What does
harm is a form that is *another* word; the lists are the ones met in a year of news in both languages.
"""

# fmt: off
_SAME = frozenset({  # they only look plural, or mean something else than their singular, or are names
    "across", "adams", "ademas", "always", "andes", "andres", "angeles", "antes", "apenas", "arkansas",
    "arms", "athens", "atras", "besides", "brussels", "caracas", "chaos", "charles", "chasis", "crisis",
    "customs", "dallas", "daniels", "despues", "diabetes", "dios", "does", "dosis", "edwards",
    "entonces", "estres", "frances", "goes", "goods", "hayes", "headquarters", "honduras", "ines",
    "ingles", "interes", "jacobs", "jamas", "james", "japones", "jones", "jueves", "kansas", "leeds",
    "lejos", "lens", "less", "lunes", "manes", "mars", "martes", "means", "menos", "mercedes",
    "mientras", "miercoles", "moises", "morales", "moses", "naples", "news", "nicolas", "perhaps",
    "peters", "quizas", "richards", "rights", "roberts", "rogers", "series", "sintesis", "species",
    "stevens", "tesis", "texas", "towards", "trans", "tras", "traves", "unless", "vegas", "viernes",
    "wales", "williams", "yes",
})
_ENGLISH = {
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
_SPANISH = {
    "taxis": "taxi", "iranies": "irani", "iraquies": "iraqui", "israelies": "israeli",
    "marroquies": "marroqui", "pakistanies": "pakistani", "saudies": "saudi", "huties": "huti",
    "yemenies": "yemeni",
}
_KEEPS_E = frozenset({  # plurals that lose only their s, where taking -es away would leave another word
    "aides", "aires", "airlines", "alcaldes", "bailes", "bares", "bases", "blades", "bloques", "bones",
    "bores", "brides", "cables", "calles", "canes", "cares", "cases", "causes", "clases", "closes",
    "codes", "cones", "cores", "courses", "cures", "dares", "deadlines", "declines", "doses", "dunes",
    "engines", "fares", "fases", "files", "fines", "fires", "flares", "frases", "fraudes", "gores",
    "grades", "guidelines", "guides", "hares", "headlines", "heroines", "hides", "hires", "holes",
    "hombres", "houses", "lanes", "lines", "loses", "machines", "madres", "magazines", "males",
    "marines", "mines", "modes", "nadies", "nodes", "nombres", "noses", "nurses", "paces", "padres",
    "pases", "phases", "phrases", "piles", "pines", "pipelines", "poles", "pores", "poses", "premieres",
    "rebeldes", "rides", "roses", "routines", "rules", "sales", "scales", "scares", "scores", "sedes",
    "shades", "shares", "shines", "shores", "sides", "slides", "soles", "spares", "squares",
    "stampedes", "stares", "stones", "stores", "tables", "tales", "tardes", "teases", "tides", "tiles",
    "tires", "tones", "trades", "tunes", "uses", "vaccines", "valles", "verdes", "vines", "wanes",
    "wares", "whales", "wines", "wires", "zones",
})
# fmt: on
_VOWELS = "aeiou"


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

    Spanish words end in a vowel or in a vowel and one of l, r, n, d, s, y, j, x, z: only after these is the plural
    -es (and -ces for z).
    """
    if word in _SPANISH:
        return _SPANISH[word]
    if len(word) < 4 or not word.endswith("s") or word in _SAME:
        return word
    if word.endswith("es") and len(word) > 4 and word[-4] in _VOWELS and word not in _KEEPS_E:
        if word[-3] == "c":
            return f"{word[:-3]}z"
        if word[-3] in "lrndsyjx":
            return word[:-2]
    return word[:-1] if word[-2] in "aeo" else word
