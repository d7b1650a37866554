"""The notice that tries out a channel, in English and Spanish."""

from datetime import datetime

from monitor.deliver.wording import phrases_for
from monitor.model import Channel, Notice, NoticeKind

_TITLES = {"en": "Test of the channel {slug}", "es": "Prueba del canal {slug}"}
_LINES = {
    "en": (
        "{instance} sent this to try out the channel {slug}; alerts go the same way.",
        "Nothing needs to be done.",
    ),
    "es": (
        "{instance} envió esto para probar el canal {slug}; los avisos siguen el mismo camino.",
        "No hay que hacer nada.",
    ),
}


def trial(channel: Channel, *, uid: str, instance: str, language: str, now: datetime) -> Notice:
    """Return the notice that tries out a channel; `instance` names the installation that sends it."""
    written_in = phrases_for(language).language
    return Notice(
        uid=uid,
        kind=NoticeKind.TEST,
        channel=channel,
        language=written_in,
        title=_TITLES[written_in].format(slug=channel.slug),
        lines=tuple(line.format(slug=channel.slug, instance=instance) for line in _LINES[written_in]),
        about=channel.slug,
        created_at=now,
    )
