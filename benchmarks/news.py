"""News that nobody published: items in English and Spanish for the benchmarks' feeds, the same for the same seed. Pure.

About one item in twelve is about the border, so that matching, hits and dispatch have what they have in real life;
the rest is what local papers fill their pages with. `distinct` items share hardly a word: each is a story of its own.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from html import escape

ITEMS = 25
BORDER_SHARE = 12  # one item in so many is about the border
_SITE = "https://paper{feed}.example"

_PLACES = (
    "Douglas", "Nogales", "Laredo", "El Paso", "Ciudad Juárez", "Tijuana", "Reynosa", "Matamoros", "Yuma", "Calexico",
    "Hermosillo", "Saltillo", "Monterrey", "Brownsville", "McAllen", "Mexicali", "Piedras Negras", "Del Rio",
)  # fmt: skip
_PEOPLE = (
    "Elena Ruiz", "Marcus Hale", "Ofelia Cantú", "Tom Brandt", "Ignacio Peña", "Grace Liu", "Lucía Ordóñez",
    "Dale Whitfield", "Ramón Tejada", "Anna Petrov", "Julián Ávila", "Norma Castañeda", "Peter Okafor",
)  # fmt: skip
_ENGLISH = (
    "{place} library opens late on Thursdays after a year of requests",
    "School board in {place} weighs a shorter summer break",
    "Rain fills the reservoir above {place} to {n} percent",
    "Bakery in {place} marks {n} years with the founder's recipe",
    "{person} wins the county chess title in {place}",
    "Streetlights on Avenue {n} in {place} to be replaced by spring",
    "Volunteers plant {n} mesquite trees along the {place} creek",
    "High school band from {place} heads to the state final",
    "{place} hospital adds {n} beds and a second scanner",
    "Theatre in {place} reopens with a comedy by {person}",
)
_SPANISH = (
    "Abre en {place} un taller gratuito de carpintería para {n} jóvenes",
    "La orquesta infantil de {place} estrena una obra de {person}",
    "Reparan {n} calles del centro de {place} antes de las lluvias",
    "{person} dona su colección de fotografías al museo de {place}",
    "El mercado de {place} celebra {n} años con música y comida",
    "Vecinos de {place} rescatan un parque abandonado",
    "La universidad de {place} ofrece {n} becas de ingeniería",
    "Inauguran en {place} una biblioteca con {n} mil libros",
)
_BORDER_ENGLISH = (
    "Agents seize {n} pounds of fentanyl at the {place} port of entry",
    "New X-ray scanners at the {place} port of entry check cargo trucks from Mexico",
    "Cartel gunmen block highways near {place} after the arrest of a leader",
    "Asylum seekers wait in {place} after U.S. border appointments end",
    "Tariffs on Mexico worry {n} factories around {place}",
)
_BORDER_SPANISH = (
    "Decomisan {n} kilos de fentanilo en la garita de {place}",
    "Migrantes esperan asilo de Estados Unidos en un albergue de {place}",
    "Sicarios del cártel bloquean carreteras cerca de {place}",
    "Aranceles de Estados Unidos a México preocupan a {n} maquiladoras de {place}",
)
_FILLER_ENGLISH = (
    "The decision followed two public meetings and a long list of letters.",
    "Work is expected to take {n} weeks, weather permitting.",
    "“We have waited for this since I was a child,” said {person}, who lives nearby.",
    "The cost, close to {n} thousand dollars, comes from a state programme.",
    "A spokesperson for the city declined to name a date.",
    "Similar plans failed twice before, in part for lack of water.",
    "Residents of {place} can comment until the end of the month.",
)
_FILLER_SPANISH = (
    "La decisión llegó después de dos reuniones públicas y muchas cartas.",
    "Las obras durarán {n} semanas, si el tiempo lo permite.",
    "«Lo esperábamos desde hace años», dijo {person}, que vive cerca.",
    "El costo, de casi {n} mil pesos, lo cubre un programa estatal.",
    "El ayuntamiento no quiso adelantar una fecha.",
    "Los habitantes de {place} pueden opinar hasta fin de mes.",
)
_SYLLABLES = (
    "ba",
    "ce",
    "di",
    "fo",
    "gu",
    "la",
    "me",
    "ni",
    "po",
    "ru",
    "sa",
    "te",
    "vi",
    "zo",
    "qua",
    "lin",
    "mor",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsItem:
    """One item as a feed shows it; `html` is the description with its mark-up."""

    id: str
    link: str
    title: str
    html: str
    author: str
    published: datetime


def make_item(feed: int, number: int, *, published: datetime, distinct: bool = False) -> NewsItem:
    """Make item `number` of a feed. `distinct`: one that matches `fentanyl` and resembles no other item."""
    chance = random.Random(f"{feed}/{number}")
    spanish = feed % 2 == 1
    site = _SITE.format(feed=feed)
    if distinct:
        title, text = _distinct(chance)
    else:
        title, text = _ordinary(chance, spanish=spanish)
    link = f"{site}/{published:%Y/%m/%d}/story-{number}"
    more = "Leer más" if spanish else "Read more"
    html = (
        f'<p><img src="{site}/img/{number}.jpg" alt="" width="640" height="360"></p>'
        f'<p>{escape(text)}</p><p><a href="{link}">{more} &raquo;</a></p>'
    )
    return NewsItem(
        id=f"tag:paper{feed}.example,2026:{number}",
        link=link,
        title=title,
        html=html,
        author=chance.choice(_PEOPLE),
        published=published,
    )


def _ordinary(chance: random.Random, *, spanish: bool) -> tuple[str, str]:
    border = chance.randrange(BORDER_SHARE) == 0
    if spanish:
        titles, fillers = (_BORDER_SPANISH if border else _SPANISH), _FILLER_SPANISH
    else:
        titles, fillers = (_BORDER_ENGLISH if border else _ENGLISH), _FILLER_ENGLISH
    title = _fill(chance.choice(titles), chance)
    sentences = [title + "."]
    while sum(map(len, sentences)) < 220 + chance.randrange(180):
        sentences.append(_fill(chance.choice(fillers), chance))
    return title, " ".join(sentences)


def _distinct(chance: random.Random) -> tuple[str, str]:
    words = ["".join(chance.choices(_SYLLABLES, k=chance.randint(3, 5))) for _ in range(60)]
    return f"Fentanyl {' '.join(words[:8])}", f"Fentanyl {' '.join(words[8:])}."


def _fill(template: str, chance: random.Random) -> str:
    return template.format(
        place=chance.choice(_PLACES), person=chance.choice(_PEOPLE), n=chance.randint(2, 980)
    )


def first_window(feed: int, *, now: datetime, items: int = ITEMS) -> list[NewsItem]:
    """Make the items a feed starts with, newest first, some hours apart."""
    gap = timedelta(minutes=40 + feed % 80)
    return [make_item(feed, items - age, published=now - gap * (age + 1)) for age in range(items)]


def render(feed: int, shown: Sequence[NewsItem]) -> bytes:
    """Write a feed: two thirds RSS 2.0, one third Atom."""
    writer: Callable[[int, Sequence[NewsItem]], str] = _atom if feed % 3 == 2 else _rss
    return writer(feed, shown).encode()


def _rss(feed: int, shown: Sequence[NewsItem]) -> str:
    items = "".join(
        f"<item><title>{escape(item.title)}</title><link>{item.link}</link>"
        f'<guid isPermaLink="false">{item.id}</guid><dc:creator>{escape(item.author)}</dc:creator>'
        f"<pubDate>{format_datetime(item.published)}</pubDate>"
        f"<description><![CDATA[{item.html}]]></description></item>\n"
        for item in shown
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel>'
        f"<title>Paper {feed}</title><link>{_SITE.format(feed=feed)}/</link>"
        f"<description>News of paper {feed}</description><language>{'es-mx' if feed % 2 else 'en-us'}</language>\n"
        f"{items}</channel></rss>\n"
    )


def _atom(feed: int, shown: Sequence[NewsItem]) -> str:
    newest = max((item.published for item in shown), default=datetime(2026, 1, 1, tzinfo=UTC))
    entries = "".join(
        f'<entry><title>{escape(item.title)}</title><link rel="alternate" href="{item.link}"/><id>{item.id}</id>'
        f"<author><name>{escape(item.author)}</name></author>"
        f"<published>{item.published:%Y-%m-%dT%H:%M:%SZ}</published>"
        f"<updated>{item.published:%Y-%m-%dT%H:%M:%SZ}</updated>"
        f'<summary type="html">{escape(item.html)}</summary></entry>\n'
        for item in shown
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{"es-MX" if feed % 2 else "en-US"}">'
        f"<title>Paper {feed}</title><id>tag:paper{feed}.example,2026:feed</id>"
        f'<link href="{_SITE.format(feed=feed)}/"/><updated>{newest:%Y-%m-%dT%H:%M:%SZ}</updated>\n'
        f"{entries}</feed>\n"
    )
