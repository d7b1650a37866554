"""Story keys: short strings that two reports of one happening share when one of them copies the other.

Two items with a key in common inside the window belong to one story. A key is given only where it tells something:
"Latest news" or "Photos of the day" give none, since they would merge everything. Whether two keys meet in time is
dispatch's question.
"""

import re

from monitor.model import ItemText
from monitor.text.fold import words

_LEAD_WORDS = 10
_TITLE_WORDS = 24
_HEAD_LEFT = 4  # words that a headline keeps at least when an outlet's name is taken off
_OUTLET_WORDS = 5
_TITLE_TELLING = 3
_LEAD_TELLING = 4

_SEPARATOR = re.compile(r"\s+(?:[-–—|·•»]|::)\s+")
_LABEL = re.compile(
    r"(?:breaking(?: news)?|just in|live(?: updates)?|watch|video|photos|exclusive|opinion|analysis|updated?(?: ?\d+)?"
    r"|urgente|en vivo|[uú]ltima hora|fotos|exclusiva|opini[oó]n|an[aá]lisis|actualizaci[oó]n)\s*[:|–—-]\s*",
    re.IGNORECASE,
)
_DATELINE = re.compile(
    r"[^()]{2,60}\([^()]{2,30}\)\s*\.?\s?[-–—]+\s*"  # TIJUANA, Mexico (AP) — · Ciudad de México, 4 mar (EFE).-
    r"|[^\W\d_a-z][A-ZÁÉÍÓÚÑ .'’]{2,40}(?:,[^—–.]{2,30})?\s[—–]+\s"  # EL PASO, Texas —
)
_LOWER_IN_NAMES = frozenset(
    {"de", "del", "la", "las", "el", "los", "y", "e", "of", "the", "and", "on", "en", "&"}
)
# fmt: off
_EMPTY_WORDS = frozenset({
    "the", "and", "for", "from", "with", "that", "this", "are", "was", "were", "has", "have", "had", "will", "would",
    "not", "but", "you", "your", "our", "its", "his", "her", "they", "their", "who", "what", "when", "where", "how",
    "why", "here", "there", "about", "after", "over", "into", "than", "more", "all", "can", "should", "know", "says",
    "los", "las", "del", "una", "uno", "unos", "unas", "por", "para", "con", "sin", "que", "como", "esta", "este",
    "esto", "son", "fue", "han", "hay", "sus", "mas", "desde", "hasta", "sobre", "entre", "tras", "asi", "cual",
    "news", "latest", "today", "live", "update", "updates", "briefing", "brief", "briefs", "morning", "evening",
    "daily", "week", "weekly", "weekend", "day", "days", "month", "year", "years", "headlines", "headline", "top",
    "story", "stories", "newsletter", "photo", "photos", "video", "videos", "podcast", "episode", "watch", "read",
    "noticias", "noticia", "hoy", "ultimas", "ultima", "ultimo", "hora", "horas", "resumen", "dia", "semana", "mes",
    "titulares", "portada", "portadas", "foto", "fotos", "vivo", "directo", "minuto", "boletin", "edicion", "manana",
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "january", "february", "march",
    "april", "may", "june", "july", "august", "september", "october", "november", "december",
    "lunes", "martes", "miercoles", "jueves", "viernes", "sabado", "domingo", "enero", "febrero", "marzo", "abril",
    "mayo", "junio", "julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre",
})
_BOILERPLATE = tuple(tuple(opening.split()) for opening in (
    "the post", "read more", "read the full", "click here", "sign up", "subscribe", "continue reading", "get the",
    "this article", "this story", "your browser", "welcome to", "good morning", "here are", "follow us", "follow live",
    "how closely", "watch the", "suscribete", "lee tambien", "leer mas", "haz clic", "sigue leyendo", "esta nota",
    "este contenido", "el contenido", "la entrada", "buenos dias", "consulta aqui", "siguenos", "todos los derechos",
))
# fmt: on


def story_keys(text: ItemText) -> tuple[str, ...]:
    """Return the keys of an item: of its headline without the outlet's name, and of its first ten words.

    Either is left out where it is too short or too general to tell one happening from another.
    """
    return keys_of(_folded(headline(text.title, text.source)), _folded(lead_of(text)))


def keys_of(title: list[str], lead: list[str]) -> tuple[str, ...]:
    """Return the keys of an item whose headline and text are folded words already."""
    title, lead = title[:_TITLE_WORDS], lead[:_LEAD_WORDS]
    keys = []
    if len(title) >= _HEAD_LEFT and _telling(title) >= _TITLE_TELLING:
        keys.append(f"title:{' '.join(title)}")
    if len(lead) == _LEAD_WORDS and _telling(lead) >= _LEAD_TELLING and not _boilerplate(lead):
        keys.append(f"lead:{' '.join(lead)}")
    return tuple(keys)


def _folded(text: str) -> list[str]:
    return [word.keys[0] for word in words(text)]


def lead_of(text: ItemText) -> str:
    """Return the beginning of an item's text without its dateline: 1,000 characters at most."""
    return _DATELINE.sub("", (text.summary or text.body)[:1000], count=1)


def headline(title: str, source: str) -> str:
    """Take labels ("BREAKING:") off the front and outlets (" - Reuters | World") off the end of a headline."""
    head = _LABEL.sub("", title.strip(), count=1) if _LABEL.match(title.strip()) else title.strip()
    for _ in range(2):
        cuts = list(_SEPARATOR.finditer(head))
        if not cuts:
            break
        before, after = head[: cuts[-1].start()], head[cuts[-1].end() :]
        if len(_folded(before)) < _HEAD_LEFT or not _is_outlet(after, cuts[-1].group().strip(), source):
            break
        head = before
    return head


def _is_outlet(name: str, separator: str, source: str) -> bool:
    """Say whether the last segment of a headline is where it was published rather than what happened."""
    words = _folded(name)
    if not words or len(words) > _OUTLET_WORDS:
        return False
    if separator not in {"-", "–", "—"} or words == _folded(source)[: len(words)]:
        return True
    named = [word for word in name.split() if word.lower() not in _LOWER_IN_NAMES]
    return bool(named) and all(word[0].isupper() or "." in word for word in named)


def _telling(words: list[str]) -> int:
    """Count the different words that say something."""
    return len({word for word in words if len(word) > 2 and not word.isdigit() and word not in _EMPTY_WORDS})


def _boilerplate(words: list[str]) -> bool:
    return any(tuple(words[: len(opening)]) == opening for opening in _BOILERPLATE)
