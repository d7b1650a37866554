"""From what stands in a query to a term, or to a refusal that names the habit of another tool it comes from."""

import re
from typing import NamedTuple, NoReturn

from monitor.errors import QueryError
from monitor.match.tree import Term
from monitor.text.fold import tokens

PHRASE_LIMIT = 40
PREFIX_LETTERS = 4

_BARE = re.compile(r"[^\W_](?:[^\W_]|[\u0300-\u036f'’.&/@$%‐‑–-])*\Z")
_ELSEWHERE = re.compile(r"(?:O?NEAR|W|PRE)/?\d+\Z|O?NEAR/?\Z|ATLEAST/?\d*\Z|XOR\Z|ANDNOT\Z|&&\Z|\|\|\Z")
_HABITS = (  # how a bare word that is none begins or what it holds, what that means elsewhere, what to write here
    (
        re.compile(r"~"),
        "distances and fuzzy words (~n) are not in this release",
        "write the phrase as texts have it",
    ),
    (re.compile(r"['’‘]"), "phrases are written in double quotes", 'as in "Remain in Mexico"'),
    (re.compile(r"\+"), "+ is not an operator", "words side by side must all be there anyway"),
    (re.compile(r"!"), "! is not an operator", "write NOT or - before what must not be there"),
    (re.compile(r"/"), "regular expressions are not in this release", "write the words out with OR"),
    (re.compile(r"[^,;]*[,;]"), "terms are not separated by commas", "write OR between alternatives"),
    (re.compile(r"[^|]*\|"), "| is not an operator", "write OR between alternatives"),
    (re.compile(r"[^?]*\?"), "? stands for nothing", "* at the end of a word is the only wildcard"),
    (re.compile(r"[^\^]*\^"), "weights (^n) are not in this release", "remove the weight"),
)


class Written(NamedTuple):
    """A piece of a query as it stands there; line and column count from 1."""

    text: str
    line: int
    column: int


def phrase(written: Written, *, exact: bool) -> Term:
    """Make a term of a text in quotes; raises `QueryError`."""
    text = " ".join(written.text[1:-1].split())
    if "*" in text:
        message = "a prefix inside a phrase is not in this release"
        _refuse(written, message, "write the words out, or the prefix outside the quotes")
    return _term(written, text, exact=exact, prefix=False)


def word(written: Written, *, exact: bool) -> Term:
    """Make a term of a bare word or prefix; raises `QueryError`."""
    text = written.text
    if _ELSEWHERE.match(text):
        _refuse(written, f"{text} is not in this release", "there are AND, OR, NOT, phrases and title:")
    if ":" in text:
        message = f'"{text.split(":", 1)[0]}:" is not a field'
        hint = "the only field is title: in small letters; other text with a colon goes in quotes"
        _refuse(written, message, hint)
    for habit, message, hint in _HABITS:
        if habit.match(text):
            _refuse(written, message, hint)
    stem, star, rest = text.partition("*")
    if star and (rest or not stem):
        _refuse(written, "* stands only at the end of a word, after its first letters", "as in smuggl*")
    if star and exact:
        _refuse(written, "= (exact) and * (prefix) exclude each other", "drop one of the two")
    if not _BARE.match(stem) and next(tokens(stem), None) is not None:
        _refuse(written, f"{text} has characters that a bare word cannot have", f'put it in quotes: "{stem}"')
    return _term(written, stem, exact=exact, prefix=bool(star))


def _term(written: Written, text: str, *, exact: bool, prefix: bool) -> Term:
    found = [item.word for item in tokens(text)]
    if not found:
        hint = "only words are compared; punctuation, emoji and web addresses are not"
        _refuse(written, f"{written.text} holds no word", hint)
    if len(found) > PHRASE_LIMIT:
        message = f"a phrase of {len(found):,} words; {PHRASE_LIMIT} are allowed"
        _refuse(written, message, "use the part of it that tells")
    words = tuple(one.cased if exact else one.keys[0] for one in found)
    if prefix and len(words[-1]) < PREFIX_LETTERS:
        message = f"{written.text} has fewer than {PREFIX_LETTERS} letters before the *"
        _refuse(written, message, "so short a prefix finds too much; write the words out with OR")
    keys = [one.keys[:1] if exact else one.keys for one in found]
    if prefix:
        keys[-1] = ()
    place = {"line": written.line, "column": written.column}
    return Term(text=text, words=words, exact=exact, prefix=prefix, keys=tuple(keys), **place)


def _refuse(written: Written, message: str, hint: str) -> NoReturn:
    shown = message if len(message) <= 200 else f"{message[:200]}…"
    raise QueryError(shown, line=written.line, column=written.column, hint=hint[:200])
