"""The languages whose plurals are folded: one module and one entry here for each (docs/languages.md).

A word is filed under its singular in *every* language: no one has to know which language a text is in, and a rule that
goes wrong on another language's word does no harm, since that language's own rule stands beside it.
"""

from collections.abc import Callable

from monitor.text.languages import english, spanish

SINGULARS: dict[str, Callable[[str], str]] = {
    "en": english.singular,
    "es": spanish.singular,
}
