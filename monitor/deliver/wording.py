"""The words alerts are written in, English and Spanish, and the one place that says why an alert was made.

Also the last cleaning of foreign text before it meets a header, a terminal or a page. It knows nothing of
mail, HTML or JSON; the senders put these pieces into their formats.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from monitor.model import Alert, AlertHit, Span

FIELDS = ("title", "summary", "body")  # as a reader meets them
MAX_WORDS = 6  # matched words named in a sentence; the rest is counted
LINK_LIMIT = 2000

_BREAKS = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")
# Marks that turn the reading direction could make a line read as something else; half surrogates are no text.
_UNSEEN = re.compile(r"[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
_NOT_IN_LINKS = re.compile(
    r"[\s\x00-\x20\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)
_BEFORE_I = re.compile(r"h?[ií](?![aeoáéó])", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrases:
    """Everything we say in one language. Placeholders are str.format's."""

    language: str
    months: tuple[str, ...]
    date: str
    day: str
    quotes: tuple[str, str]
    conjunction: str
    more_words: str
    topic: str
    matched: str
    matched_nothing: str
    in_full_text: str
    because: str
    no_headline: str
    urgent: str
    published: str
    first_seen: str
    languages: dict[str, str]
    coverage: str
    one_more: str
    many_more: str
    sent_to: str
    manage: str
    private: str


ENGLISH = Phrases(
    language="en",
    months=(
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ),
    date="{day} {month} {year}, {time}",
    day="{day} {month}",
    quotes=("“", "”"),
    conjunction="and",
    more_words="{count} more",
    topic="the topic ",
    matched=" matched ",
    matched_nothing=" matched",
    in_full_text=" in the full text of the article",
    because="You get this because ",
    no_headline="(no headline)",
    urgent="Urgent",
    published="published {when}",
    first_seen="first seen {when}",
    languages={"en": "in English", "es": "in Spanish"},
    coverage="{outlets} outlets, {independent} independent",
    one_more="One more report of this story is not shown here.",
    many_more="{count} more reports of this story are not shown here.",
    sent_to="{instance} wrote this to {name} for the subscription “{subscription}”.",
    manage="To change or stop these alerts: {contact}",
    private="No pictures and no trackers: nobody learns that you opened this message.",
)

SPANISH = Phrases(
    language="es",
    months=(
        "enero",
        "febrero",
        "marzo",
        "abril",
        "mayo",
        "junio",
        "julio",
        "agosto",
        "septiembre",
        "octubre",
        "noviembre",
        "diciembre",
    ),
    date="{day} de {month} de {year}, {time}",
    day="{day} de {month}",
    quotes=("«", "»"),
    conjunction="y",
    more_words="{count} más",
    topic="el tema ",
    matched=" coincidió con ",
    matched_nothing=" coincidió",
    in_full_text=" en el texto completo del artículo",
    because="Recibe este aviso porque ",
    no_headline="(sin titular)",
    urgent="Urgente",
    published="publicado el {when}",
    first_seen="visto por primera vez el {when}",
    languages={"en": "en inglés", "es": "en español"},
    coverage="{outlets} medios, {independent} independientes",
    one_more="Hay otra nota sobre este asunto que no se muestra aquí.",
    many_more="Hay {count} notas más sobre este asunto que no se muestran aquí.",
    sent_to="{instance} envió este aviso a {name} por la suscripción «{subscription}».",
    manage="Para cambiar o cancelar estos avisos: {contact}",
    private="Sin imágenes ni rastreadores: nadie se entera de que abrió este mensaje.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A piece of text; `marked` pieces are the matched words."""

    text: str
    marked: bool = False


def phrases_for(language: str) -> Phrases:
    """Return the phrases for a BCP 47 tag; English for every language we do not write."""
    return SPANISH if language.lower().partition("-")[0] == "es" else ENGLISH


def one_line(text: str, limit: int) -> str:
    """Return foreign text as one clean line of at most `limit` code points, cut with an ellipsis.

    Line and control characters become spaces, direction marks and half surrogates go.
    """
    line = _BREAKS.sub(" ", _UNSEEN.sub("", text)).strip()
    return line if len(line) <= limit else line[: max(limit - 1, 0)].rstrip() + "…" * (limit > 0)


def safe_link(link: str | None) -> str | None:
    """Return the link if it is plain http or https to a host and of sane length, else None."""
    if link is None or len(link) > LINK_LIMIT or _NOT_IN_LINKS.search(link):
        return None
    try:
        parts = urlsplit(link)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        return None
    return link if usable else None


def outermost(spans: Iterable[Span]) -> list[Span]:
    """Order spans as they are read, without those inside another: of "Otay" and "Otay Mesa" the longer says it all."""
    kept: list[Span] = []
    for span in sorted(spans, key=lambda span: (FIELDS.index(span.field), span.start, -span.end)):
        if not kept or span.field != kept[-1].field or span.end > kept[-1].end:
            kept.append(span)
    return kept


def matched_words(spans: Iterable[Span], *, limit: int = 100) -> tuple[str, ...]:
    """Return the matched passages once each, whatever their case, in order of appearance."""
    words: dict[str, str] = {}
    for span in outermost(spans):
        word = one_line(span.text, limit)
        if word:
            words.setdefault(word.casefold(), word)
    return tuple(words.values())


def headline(alert: Alert, *, limit: int) -> str:
    """Return the story's frozen title, or its first item's, or words that say there is none."""
    first = alert.hits[0].hit.item.text.title
    phrases = phrases_for(alert.subscription.subscriber.language)
    return one_line(alert.story.title, limit) or one_line(first, limit) or phrases.no_headline


def why_topic(entry: AlertHit, phrases: Phrases) -> tuple[Part, ...]:
    """Say which topic matched, on which words, and if only the full text has them: a clause without a full stop."""
    left, right = phrases.quotes
    name = one_line(entry.topic.name, 200) or entry.topic.slug
    words = matched_words(entry.hit.spans)
    said = Part(text=f"{phrases.topic}{left}{name}{right}")
    if not words:
        return (said, Part(text=phrases.matched_nothing))
    where = (Part(text=phrases.in_full_text),) if entry.hit.only_in_full_text else ()
    return (said, Part(text=phrases.matched), *_listed(words, phrases), *where)


def why_alert(entries: Sequence[AlertHit], phrases: Phrases) -> tuple[Part, ...]:
    """Say in one sentence why an alert with these hits was made."""
    parts = [Part(text=phrases.because)]
    for index, entry in enumerate(entries):
        if index:
            parts.append(Part(text="; "))
        parts.extend(why_topic(entry, phrases))
    return (*parts, Part(text="."))


def joined(parts: Iterable[Part]) -> str:
    """Return the parts as plain text."""
    return "".join(part.text for part in parts)


def _listed(words: Sequence[str], phrases: Phrases) -> list[Part]:
    left, right = phrases.quotes
    shown, rest = words[:MAX_WORDS], len(words) - MAX_WORDS
    parts: list[Part] = []
    for index, word in enumerate(shown):
        last = index == len(shown) - 1 and rest <= 0
        if index:
            parts.append(Part(text=f" {_and(word, phrases)} " if last else ", "))
        parts += [Part(text=left), Part(text=word, marked=True), Part(text=right)]
    if rest > 0:
        parts.append(Part(text=f" {phrases.conjunction} {phrases.more_words.format(count=rest)}"))
    return parts


def _and(word: str, phrases: Phrases) -> str:
    # Spanish y becomes e before the sound i: "aranceles e inmigración", but "cobre y hierro".
    return "e" if phrases.language == "es" and _BEFORE_I.match(word) else phrases.conjunction
