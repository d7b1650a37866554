"""Spanish singulars, by ending; careful rather than complete.

A form that no one writes does no harm: it is only a key under which a word is filed. What does harm is a form that is
*another* word; the lists are the ones met in a year of news.
"""

from monitor.text.languages.unchanging import UNCHANGING

# fmt: off
_IRREGULAR = {
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


def singular(word: str) -> str:
    """Return the Spanish singular of a folded word, or the word itself when it is no sure plural.

    Spanish words end in a vowel or in a vowel and one of l, r, n, d, s, y, j, x, z: only after these is the plural
    -es (and -ces for z).
    """
    if not word.endswith("s"):
        return word
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) < 4 or word in UNCHANGING:
        return word
    if word.endswith("es") and len(word) > 4 and word[-4] in _VOWELS and word not in _KEEPS_E:
        if word[-3] == "c":
            return f"{word[:-3]}z"
        if word[-3] in "lrndsyjx":
            return word[:-2]
    return word[:-1] if word[-2] in "aeo" else word
