"""From what stands in a query to a term, or to a refusal that names the habit of another tool it comes from."""

import re
from dataclasses import replace
from typing import NamedTuple, NoReturn

from monitor.errors import QueryError
from monitor.match.language.tree import APART, DISTANCE_LIMIT, FIELDS, Term
from monitor.text.fold import tokens

PHRASE_LIMIT = 40
_SHOWN = 200  # of a message
PREFIX_LETTERS = 4

_BARE = re.compile(r"[^\W_](?:[^\W_]|[\u0300-\u036f'’.&/@$%‐‑–-])*\Z")
_FOREIGN = (  # a bare word that is an operator or a field of another tool, what that is, what to write here
    (re.compile(r"(?:O?NEAR|W|PRE)/?\Z"), "{} has no distance", "write NEAR/8, or ONEAR/8 for this order"),
    (
        re.compile(
            r"(?:o?near|adj|w|pre)/\d+\Z|(?:o?near|adj)\d+\Z|(?:O?NEAR|ADJ|W|PRE)/?\d+\Z|/\d+\Z|/[Ff]\d+/\Z",
            re.ASCII,
        ),
        "{} is not how a distance is written",
        "write NEAR/8 in capitals, or ONEAR/8 for this order; W/8 and PRE/8 mean the same",
    ),
    (
        re.compile(r"(?:w|W)?/[sSpPnN]\Z"),
        "{}: sentences and paragraphs are not known",
        "write NEAR/12 for a sentence, NEAR/25 for a paragraph",
    ),
    (
        re.compile(r"(?:ATLEAST|atleast)/?\d*\Z"),
        "{} needs its list in parentheses",
        "as in ATLEAST/2(steel, aluminum, autos): two of the three",
    ),
    (re.compile(r"XOR\Z"), "XOR is not an operator", "write (a OR b) AND NOT (a AND b)"),
    (re.compile(r"ANDNOT\Z"), "ANDNOT is not an operator", "write AND NOT"),
    (re.compile(r"&+\Z"), "{} is not an operator", "write AND"),
    (re.compile(r"\|+\Z"), "{} is not an operator", "write OR"),
    (
        re.compile(r"(?:hd|hlp|headline|title|lp|td|by|sn|la)="),
        "{} is not how a field is written",
        "write title:, summary:, body:, author:, source: or lang: before the term",
    ),
)
_HABITS = (  # how a bare word that is none begins or what it holds, what that means elsewhere, what to write here
    (
        re.compile(r"~"),
        "~n stands directly behind a phrase, and n is a number",
        'as in "border wall"~3, which allows three other words between',
    ),
    (
        re.compile(r"[^~]+~"),
        "fuzzy words (~) are not in the language",
        "write the spellings out with OR, or a prefix such as smuggl*",
    ),
    (re.compile(r"['’‘]"), "phrases are written in double quotes", 'as in "Remain in Mexico"'),
    (re.compile(r"\+"), "+ is not an operator", "words side by side must all be there anyway"),
    (re.compile(r"!"), "! is not an operator", "write NOT or - before what must not be there"),
    (re.compile(r"/"), "regular expressions are not in the language", "write the words out with OR"),
    (re.compile(r"\d+,\d"), "a number with a comma goes in quotes", 'as in "1,500 troops"'),
    (re.compile(r"[^;]*;"), "terms are not separated by semicolons", "write OR between alternatives"),
    (re.compile(r"[^|]*\|"), "| is not an operator", "write OR between alternatives"),
    (re.compile(r"[^?]*\?"), "? stands for nothing", "* at the end of a word is the only wildcard"),
    (re.compile(r"[^\^]*\^"), "weights (^n) are not in the language", "remove the weight"),
)
_FIELD_HABITS = {
    "url": ("site", "domain", "inurl", "link", "host"),
    "title": ("intitle", "allintitle", "headline", "hd", "hl", "subject"),
    "summary": ("ingress", "lead", "description", "hlp", "abstract", "intro"),
    "body": ("text", "content", "intext", "fulltext"),
    "source": ("publisher", "outlet", "sn", "sourcename"),
    "lang": ("language", "sourcelang", "la"),
    "author": ("by", "byline", "creator"),
    "tag": ("tags", "category", "categories", "keyword", "keywords", "label", "theme"),
}
_FIELD_OF = {habit: field for field, habits in _FIELD_HABITS.items() for habit in habits}


class Written(NamedTuple):
    """A piece of a query as it stands there; line and column count from 1."""

    text: str
    line: int
    column: int


def phrase(written: Written, *, exact: bool) -> Term:
    """Make a term of a text in quotes; raises `QueryError`."""
    quoted, _, slop = written.text.rpartition('"')
    text = " ".join(quoted[1:].split())
    if "*" in text:
        message = "a prefix inside a phrase is not in the language"
        _refuse(written, message, "write the words out, or the prefix outside the quotes")
    term = _term(written, text, exact=exact, prefix=False)
    if not slop:
        return term
    others = number(slop[1:])
    if len(term.words) < 2:
        hint = "~n goes behind a phrase of two words or more; fuzzy words are not in the language"
        _refuse(written, f"{written.text} is one word, and has none between", hint)
    if not 1 <= others <= DISTANCE_LIMIT:
        message = f"~{others} is out of range"
        _refuse(written, message, f"a phrase may have 1 to {DISTANCE_LIMIT} other words between its own")
    return replace(term, slop=others)


def number(digits: str) -> int:
    """Read a number of a query; of one too long to be meant, its first digits."""
    return int(digits[:6])


def word(written: Written, *, exact: bool) -> Term:
    """Make a term of a bare word or prefix; raises `QueryError`."""
    text = written.text
    for foreign, message, hint in _FOREIGN:
        if foreign.match(text):
            _refuse(written, message.format(text), hint)
    if ":" in text:
        _refuse_field(written)
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


def _refuse_field(written: Written) -> NoReturn:
    name = written.text.split(":", 1)[0]
    message = f'"{name}:" is not a field'
    if written.text[len(name) :].startswith("://"):
        _refuse(written, message, "leave the beginning away, as in url:elpasotimes.com/news")
    field = _FIELD_OF.get(name.lower(), name.lower())
    if field in {*FIELDS, *APART}:
        _refuse(written, message, f"write {field}: in small letters, directly before a term or a parenthesis")
    known = ", ".join(f"{each}:" for each in (*FIELDS, *APART))
    _refuse(written, message, f"fields are {known}; other text with a colon goes in quotes")


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
    if len(message) > _SHOWN:  # what was written is cut, not what is said of it
        message = message.replace(written.text, f"{written.text[:60]}…")
    shown = message if len(message) <= _SHOWN else f"{message[:_SHOWN]}…"
    raise QueryError(shown, line=written.line, column=written.column, hint=hint[:_SHOWN])
