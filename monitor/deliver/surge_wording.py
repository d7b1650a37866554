"""How a surge is said, in English and Spanish: an alert's title, and the sentence that stands above its stories."""

from dataclasses import dataclass

from monitor.deliver.wording import headline, one_line, phrases_for
from monitor.model import Alert, Surge

NAME_LIMIT = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class SurgePhrases:
    """What is said of surges in one language. Placeholders are str.format's."""

    title: str
    because: str
    numbers: str
    numbers_without_usual: str
    hardly_ever: str
    newest: str
    one_more: str
    many_more: str


ENGLISH = SurgePhrases(
    title="Surge: {name}: {numbers}",
    because="You get this because the topic “{topic}” has many more new stories than usual: {numbers}.",
    numbers="{stories} in {hours} h, usually {usual}",
    numbers_without_usual="{stories} in {hours} h (too new to say what is usual)",
    hardly_ever="less than 0.1",
    newest="The newest of them:",
    one_more="One more story is not shown here.",
    many_more="{count} more stories are not shown here.",
)
SPANISH = SurgePhrases(
    title="Repunte: {name}: {numbers}",
    because="Recibe este aviso porque el tema «{topic}» tiene muchas más noticias que de costumbre: {numbers}.",
    numbers="{stories} en {hours} h, lo habitual es {usual}",
    numbers_without_usual="{stories} en {hours} h (aún no se sabe qué es lo habitual)",
    hardly_ever="menos de 0.1",
    newest="Las más recientes:",
    one_more="Hay otra noticia que no se muestra aquí.",
    many_more="Hay {count} noticias más que no se muestran aquí.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """What stands above the stories of a surge, and how many of them are not shown (or nothing)."""

    why: str
    newest: str
    more: str


def surge_phrases(language: str) -> SurgePhrases:
    """Return the phrases for a BCP 47 tag; English for every language we do not write."""
    return SPANISH if phrases_for(language).language == "es" else ENGLISH


def alert_title(alert: Alert, *, limit: int) -> str:
    """Return what an alert is about in one line: a surge with its numbers, or the story's headline."""
    if not alert.surges:
        return headline(alert, limit=limit)
    phrases = surge_phrases(alert.subscription.subscriber.language)
    first = alert.surges[0]
    name = ", ".join(one_line(part, NAME_LIMIT) for part in (first.topic_name, first.place_name) if part)
    return one_line(phrases.title.format(name=name, numbers=_numbers(first, phrases)), limit)


def lead(alert: Alert) -> Lead | None:
    """Say why an alert about surges was made: the topic's numbers, then those of its places; None for every other."""
    if not alert.surges:
        return None
    phrases = surge_phrases(alert.subscription.subscriber.language)
    first = alert.surges[0]
    said = [
        f"{one_line(each.place_name, NAME_LIMIT)}: {_numbers(each, phrases)}"
        if each.place
        else _numbers(each, phrases)
        for each in alert.surges
    ]
    hidden = first.stories - len({entry.hit.item.id for entry in alert.hits})
    more = "" if hidden <= 0 else phrases.one_more if hidden == 1 else phrases.many_more.format(count=hidden)
    return Lead(
        why=phrases.because.format(topic=one_line(first.topic_name, NAME_LIMIT), numbers="; ".join(said)),
        newest=phrases.newest,
        more=more,
    )


def _numbers(surge: Surge, phrases: SurgePhrases) -> str:
    if surge.usual is None:
        return phrases.numbers_without_usual.format(stories=surge.stories, hours=surge.hours)
    usual = (
        phrases.hardly_ever
        if surge.usual < 0.1
        else f"{surge.usual:.1f}"
        if surge.usual < 9.95
        else f"{surge.usual:.0f}"
    )
    return phrases.numbers.format(stories=surge.stories, hours=surge.hours, usual=usual)
