"""Short remarks in alerts, in English and Spanish: what is new, why something waited, what was kept back, feeds."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from monitor.deliver.local_time import when, zone_of
from monitor.deliver.wording import one_line, phrases_for
from monitor.model import HoldCause, News, NewsKind, Silence

TEXT_LIMIT = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class _Notes:
    """The remarks of one language. Placeholders are str.format's."""

    news: Mapping[NewsKind, str]
    was: str
    languages: Mapping[str, str]
    held: Mapping[HoldCause, str]
    silence_ended: str
    late: str
    nothing_new: str
    within: str
    failing: str


_ENGLISH = _Notes(
    news={
        NewsKind.NUMBER: "{text}",
        NewsKind.ACT: "{text}",
        NewsKind.NAME: "{text}",
        NewsKind.LANGUAGE: "first report {text}",
        NewsKind.CONFIRMED: "a second outlet has a text of its own: {text}",
        NewsKind.ESCALATED: "now it concerns {text}",
    },
    was="{text} (was {before})",
    languages={"en": "in English", "es": "in Spanish"},
    held={
        HoldCause.CADENCE: "on schedule",
        HoldCause.QUIET: "came in quiet hours",
        HoldCause.BUDGET: "the day's alerts were used up",
        HoldCause.OLD: "old: published long before it was found",
        HoldCause.NO_NEWS: "adds nothing new to a story you were told",
        HoldCause.TOO_MUCH: "the story had its share of alerts that day",
        HoldCause.SOON: "came soon after the last alert",
    },
    silence_ended="The silence “{reason}” ended {when}. It kept back {count}.",
    late="This digest is late: it was due {when}.",
    nothing_new="{name}: nothing new for {hours} h",
    within=", expected within {hours} h",
    failing="{name}: failing for {hours} h",
)
_SPANISH = _Notes(
    news={
        NewsKind.NUMBER: "{text}",
        NewsKind.ACT: "{text}",
        NewsKind.NAME: "{text}",
        NewsKind.LANGUAGE: "primera nota {text}",
        NewsKind.CONFIRMED: "un segundo medio tiene texto propio: {text}",
        NewsKind.ESCALATED: "ahora toca a {text}",
    },
    was="{text} (antes {before})",
    languages={"en": "en inglés", "es": "en español"},
    held={
        HoldCause.CADENCE: "según lo previsto",
        HoldCause.QUIET: "llegó en horas de silencio",
        HoldCause.BUDGET: "se habían agotado los avisos del día",
        HoldCause.OLD: "antigua: publicada mucho antes de encontrarla",
        HoldCause.NO_NEWS: "no agrega nada a un asunto ya avisado",
        HoldCause.TOO_MUCH: "el asunto ya había tenido bastantes avisos ese día",
        HoldCause.SOON: "llegó poco después del último aviso",
    },
    silence_ended="El silencio «{reason}» terminó el {when}. Retuvo {count}.",
    late="Este resumen llega tarde: tocaba el {when}.",
    nothing_new="{name}: sin novedades desde hace {hours} h",
    within=", se esperaban en {hours} h",
    failing="{name}: falla desde hace {hours} h",
)


def say_news(news: News, language: str) -> str:
    """Say one thing that is new."""
    notes = _notes(language)
    text = one_line(news.text, TEXT_LIMIT)
    if news.kind is NewsKind.LANGUAGE:
        text = notes.languages.get(text, text)
    said = notes.news[news.kind].format(text=text)
    return notes.was.format(text=said, before=one_line(news.before, TEXT_LIMIT)) if news.before else said


def say_cause(cause: HoldCause, language: str) -> str:
    """Say why a hit waited."""
    return _notes(language).held[cause]


def say_silence_ended(silence: Silence, count: int, *, language: str, zone: str) -> str:
    """Say that a silence ended, when, and how many hits it kept back."""
    return _notes(language).silence_ended.format(
        reason=one_line(silence.reason, TEXT_LIMIT),
        when=when(silence.ends_at or silence.created_at, phrases_for(language), zone_of(zone)),
        count=_hits(count, language),
    )


def say_late(due: datetime, *, language: str, zone: str) -> str:
    """Say that a digest comes later than it was due."""
    return _notes(language).late.format(when=when(due, phrases_for(language), zone_of(zone)))


def say_silent(name: str, hours: int, language: str, *, within: int = 0) -> str:
    """Say that a feed answers, but has had nothing new for so long; `within` hours were to be expected."""
    notes = _notes(language)
    said = notes.nothing_new.format(name=one_line(name, TEXT_LIMIT), hours=hours)
    return said + notes.within.format(hours=within) if within else said


def say_failing(name: str, hours: int, language: str) -> str:
    """Say that a feed cannot be read, and for how long."""
    return _notes(language).failing.format(name=one_line(name, TEXT_LIMIT), hours=hours)


def _notes(language: str) -> _Notes:
    return _SPANISH if phrases_for(language).language == "es" else _ENGLISH


def _hits(count: int, language: str) -> str:
    if phrases_for(language).language == "es":
        return "1 resultado" if count == 1 else f"{count} resultados"
    return "1 hit" if count == 1 else f"{count} hits"
