"""How it is said that a channel, or the mail relay, does not work, works again, or was given up: in both languages."""

from dataclasses import dataclass
from datetime import datetime

from monitor.deliver.wording import one_line, phrases_for
from monitor.model import NoticeKind

REASON_LIMIT = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticePhrases:
    """What is said in one language: for each kind a title and lines. Placeholders are str.format's."""

    channel: str
    relay: str
    titles: dict[NoticeKind, str]
    lines: dict[NoticeKind, tuple[str, ...]]
    waiting: str
    one_waiting: str
    enable: str


ENGLISH = NoticePhrases(
    channel="The channel {name}",
    relay="The mail relay",
    titles={
        NoticeKind.DEGRADED: "{what} does not take alerts",
        NoticeKind.DISABLED: "{what} was switched off",
        NoticeKind.RECOVERED: "{what} works again",
    },
    lines={
        NoticeKind.DEGRADED: (
            "{what} has not taken an alert since {since}.",
            "The last answer: {reason}",
            "It is asked again at least once an hour. Alerts wait for it until they are no news any more.",
        ),
        NoticeKind.DISABLED: (
            "{what} was switched off, and gets no more alerts.",
            "The reason: {reason}",
            "What waited for it was cancelled; the list of deliveries shows it.",
        ),
        NoticeKind.RECOVERED: ("{what} takes alerts again. It had not since {since}.",),
    },
    waiting="{count} alerts are waiting.",
    one_waiting="One alert is waiting.",
    enable="When it is mended: monitor channels enable {name}",
)
SPANISH = NoticePhrases(
    channel="El canal {name}",
    relay="El servidor de correo",
    titles={
        NoticeKind.DEGRADED: "{what} no recibe alertas",
        NoticeKind.DISABLED: "{what} se ha desactivado",
        NoticeKind.RECOVERED: "{what} vuelve a funcionar",
    },
    lines={
        NoticeKind.DEGRADED: (
            "{what} no acepta ninguna alerta desde el {since}.",
            "La última respuesta: {reason}",
            "Se vuelve a intentar al menos una vez por hora. Las alertas esperan mientras sigan siendo noticia.",
        ),
        NoticeKind.DISABLED: (
            "{what} se ha desactivado y ya no recibe alertas.",
            "El motivo: {reason}",
            "Lo que esperaba se ha cancelado; la lista de envíos lo muestra.",
        ),
        NoticeKind.RECOVERED: ("{what} vuelve a recibir alertas. No las recibía desde el {since}.",),
    },
    waiting="Hay {count} alertas en espera.",
    one_waiting="Hay una alerta en espera.",
    enable="Cuando esté arreglado: monitor channels enable {name}",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeText:
    """The title and the paragraphs of a notice."""

    title: str
    lines: tuple[str, ...]


def endpoint_notice(
    kind: NoticeKind, *, language: str, name: str, reason: str, since: datetime, waiting: int = 0
) -> NoticeText:
    """Say what became of an endpoint: `name` is the channel's slug, or empty for the mail relay.

    `language` is a BCP 47 tag; English stands for every language we do not write. `since` is told in UTC.
    """
    phrases = SPANISH if phrases_for(language).language == "es" else ENGLISH
    words = {
        "name": name,
        "what": phrases.channel.format(name=name) if name else phrases.relay,
        "since": f"{since:%Y-%m-%d %H:%M} UTC",
        "reason": one_line(reason, REASON_LIMIT),
    }
    lines = [line.format(**words) for line in phrases.lines[kind]]
    if kind is NoticeKind.DEGRADED and waiting:
        lines.append(phrases.one_waiting if waiting == 1 else phrases.waiting.format(count=waiting))
    if kind is NoticeKind.DISABLED and name:
        lines.append(phrases.enable.format(**words))
    return NoticeText(title=phrases.titles[kind].format(**words), lines=tuple(lines))
