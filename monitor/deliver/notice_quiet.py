"""The notice that nothing happened: a week without an alert, said so that silence can be believed."""

from datetime import datetime
from zoneinfo import ZoneInfo

from monitor.deliver.wording import phrases_for
from monitor.model import FeedHealth, Notice, NoticeKind, Subscription

_TITLE = {
    "en": "All quiet: nothing to tell since {since}",
    "es": "Todo en calma: nada que avisar desde el {since}",
}
_NOTHING = {
    "en": "The subscription “{slug}” had no alert since {since}. This message comes once a week while that is so.",
    "es": "La suscripción «{slug}» no tuvo avisos desde el {since}. Mientras siga así, se lo decimos cada semana.",
}
_HEALTH = {
    "en": "{healthy} of {feeds} feeds are healthy; gaps since then: {gaps}.",
    "es": "{healthy} de {feeds} fuentes funcionan bien; huecos desde entonces: {gaps}.",
}
MOST_NAMED = 10


def all_quiet(
    subscription: Subscription, health: FeedHealth, *, uid: str, since: datetime, now: datetime
) -> Notice:
    """Say that a subscription had nothing since a time, and how the feeds stand."""
    person = subscription.subscriber
    language = phrases_for(person.language).language
    day = f"{since.astimezone(ZoneInfo(person.zone)):%Y-%m-%d}"
    named = (*health.silent, *health.failing)[:MOST_NAMED]
    return Notice(
        uid=uid,
        kind=NoticeKind.ALL_QUIET,
        channel=subscription.channel,
        language=language,
        title=_TITLE[language].format(since=day),
        lines=(
            _NOTHING[language].format(slug=subscription.slug, since=day),
            _HEALTH[language].format(healthy=health.healthy, feeds=health.feeds, gaps=health.gaps),
            *named,
        ),
        about=subscription.slug,
        created_at=now,
    )
