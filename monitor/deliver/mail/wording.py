"""What stands around the news in a mail, in English and Spanish: what is new, what waited, what a reader can do."""

from dataclasses import dataclass

from monitor.deliver.wording import phrases_for


@dataclass(frozen=True, slots=True, kw_only=True)
class MailPhrases:
    """Everything we say around news in one language. Placeholders are str.format's; pairs are for one and for many."""

    new: str
    new_since: str
    stories: tuple[str, str]
    topics: tuple[str, str]
    in_topics: str
    bundle_title: str
    bundle_lead: str
    digest_title: str
    digest_summary: str
    also_in: tuple[str, str]
    independent: str
    also: str
    more_outlets: str
    matched: str
    held: str
    healthy: str
    gaps: tuple[str, str]
    more_feeds: str
    more_here: tuple[str, str]
    more_elsewhere: str
    not_shown: tuple[str, str]
    mute_story: str
    mute: str
    snooze_topic: str
    snooze: str
    pause: str
    preferences: str
    unsubscribe_topic: str
    unsubscribe: str
    unsubscribe_all: str
    muting: str
    times: str
    contact: str
    about_service: str
    open_page: str


ENGLISH = MailPhrases(
    new="New",
    new_since="New since {when}",
    stories=("1 story", "{count} stories"),
    topics=("1 topic", "{count} topics"),
    in_topics="{stories} in {topics}",
    bundle_title="{counts}: {headline}",
    bundle_lead="{counts} waited for this mail.",
    digest_title="Digest {period}: {counts}",
    digest_summary="{counts}, {period}",
    also_in=("also in 1 outlet", "also in {count} outlets"),
    independent="{count} independent",
    also="Also",
    more_outlets="{count} more",
    matched="matched",
    held="Held back until now",
    healthy="{healthy} of {feeds} feeds healthy",
    gaps=("1 gap", "{count} gaps"),
    more_feeds="{count} more in trouble",
    more_here=(
        "1 more story of this topic is not shown.",
        "{count} more stories of this topic are not shown.",
    ),
    more_elsewhere="Not shown: {topics}.",
    not_shown=("1 more story is not shown here.", "{count} more stories are not shown here."),
    mute_story="Mute this story",
    mute="Mute",
    snooze_topic="Snooze “{topic}”",
    snooze="Snooze this topic",
    pause="Pause everything",
    preferences="Preferences",
    unsubscribe_topic="Unsubscribe from “{topic}”",
    unsubscribe="Unsubscribe from “{subscription}”",
    unsubscribe_all="Unsubscribe from all",
    muting="Mute a story, or snooze a topic for a day or a week:",
    times="Times are those of {zone}.",
    contact="Questions: {contact}",
    about_service="{instance} sent this: it is about the service itself, not about news.",
    open_page="Open the page",
)

SPANISH = MailPhrases(
    new="Nuevo",
    new_since="Nuevo desde {when}",
    stories=("1 noticia", "{count} noticias"),
    topics=("1 tema", "{count} temas"),
    in_topics="{stories} en {topics}",
    bundle_title="{counts}: {headline}",
    bundle_lead="{counts} esperaron a este mensaje.",
    digest_title="Resumen {period}: {counts}",
    digest_summary="{counts}, {period}",
    also_in=("también en 1 medio", "también en {count} medios"),
    independent="{count} independientes",
    also="También",
    more_outlets="{count} más",
    matched="coincidió con",
    held="Retenidas hasta ahora",
    healthy="{healthy} de {feeds} fuentes en orden",
    gaps=("1 laguna", "{count} lagunas"),
    more_feeds="{count} más con problemas",
    more_here=(
        "Hay otra noticia de este tema que no se muestra.",
        "Hay {count} noticias más de este tema que no se muestran.",
    ),
    more_elsewhere="Sin mostrar: {topics}.",
    not_shown=(
        "Hay otra noticia que no se muestra aquí.",
        "Hay {count} noticias más que no se muestran aquí.",
    ),
    mute_story="Silenciar esta noticia",
    mute="Silenciar",
    snooze_topic="Posponer «{topic}»",
    snooze="Posponer este tema",
    pause="Pausar todo",
    preferences="Preferencias",
    unsubscribe_topic="Darse de baja de «{topic}»",
    unsubscribe="Darse de baja de «{subscription}»",
    unsubscribe_all="Darse de baja de todo",
    muting="Silenciar una noticia, o posponer un tema un día o una semana:",
    times="Las horas son las de {zone}.",
    contact="Preguntas: {contact}",
    about_service="{instance} envió este mensaje: trata del servicio mismo, no de noticias.",
    open_page="Abrir la página",
)


def mail_phrases(language: str) -> MailPhrases:
    """Return the phrases for a BCP 47 tag; English for every language we do not write."""
    return SPANISH if phrases_for(language).language == "es" else ENGLISH


def counted(forms: tuple[str, str], count: int) -> str:
    """Return the form for one or for many, with the number in it."""
    return forms[0] if count == 1 else forms[1].format(count=count)


def in_topics(stories: int, topics: int, phrases: MailPhrases) -> str:
    """Say how many stories in how many topics: "12 stories in 4 topics"."""
    return phrases.in_topics.format(
        stories=counted(phrases.stories, stories), topics=counted(phrases.topics, topics)
    )
