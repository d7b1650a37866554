"""One example of every event that a webhook can receive; docs/webhook.md shows them as they are rendered."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from monitor.model import (
    Alert,
    AlertHit,
    AlertKind,
    Channel,
    ChannelKind,
    FeedHealth,
    HoldCause,
    Notice,
    NoticeKind,
    PayloadFormat,
    Span,
    Story,
    Surge,
    Topic,
)
from tests.deliver.conftest import CREATED, _alert, _span, _surge, _topic

ALERT_EVENTS = ("alert.created", "story.updated", "bundle.ready", "digest.ready", "surge.detected")
NOTICE_KINDS = tuple(kind for kind in NoticeKind if kind is not NoticeKind.CONFIRM)
EVENTS = (*ALERT_EVENTS, *(kind.value for kind in NOTICE_KINDS))
UIDS = {event: f"msg_{number:032x}" for number, event in enumerate(EVENTS, 0x4E21)}
BRIDGE = "Dos puentes cerrados por la caravana en Ciudad Juárez"
PLANT = "Plant closes as tariffs bite, 400 jobs go"


def told(
    title: str,
    *,
    topic: Topic | None = None,
    word: str = "",
    story: Story | None = None,
    cause: HoldCause | None = None,
    note: str = "",
    language: str = "en",
    source: str = "Border Courier",
    number: int = 1,
) -> AlertHit:
    """Make one hit of an alert."""
    spans: tuple[Span, ...] = (_span(title, word),) if word else ()
    made = _alert(
        title=title,
        summary="",
        language=language,
        source=source,
        link=f"https://news.example/{number}",
        spans=spans,
        topics=(topic or _topic(),),
    ).hits[0]
    hit = replace(made.hit, id=number, item=replace(made.hit.item, id=number))
    return replace(made, hit=hit, story=story, cause=cause, note=note, region="Ciudad Juárez")


def story(number: int, title: str, language: str = "en", *, items: int = 1, outlets: int = 1) -> Story:
    """Make a story."""
    return Story(
        id=number,
        uid=f"st-{number}",
        title=title,
        language=language,
        first_seen=CREATED - timedelta(hours=3),
        last_seen=CREATED,
        items=items,
        outlets=outlets,
        independent=min(outlets, 2),
    )


def _created() -> Alert:
    return replace(_alert(), story=story(51, _alert().story.title, "es"))


def _updated() -> Alert:
    entry = told(
        "Aranceles: Canadá se suma a la respuesta", word="Aranceles", language="es", source="El Norte"
    )
    return replace(
        _created(),
        kind=AlertKind.FOLLOW_UP,
        hits=(entry,),
        reason="something new: a place not named before",
        news=("Canadá", "first report in English"),
        since=CREATED - timedelta(hours=2),
    )


def _several() -> tuple[AlertHit, ...]:
    plant, bridge = story(52, PLANT, items=8, outlets=7), story(53, BRIDGE, "es")
    crossings = _topic("crossings", "Crossings")
    return (
        told(
            PLANT,
            word="tariffs",
            story=plant,
            cause=HoldCause.QUIET,
            note="waited for the end of quiet hours",
        ),
        told("Tariffs: plant shuts its doors", word="Tariffs", story=plant, source="Rio Wire", number=2),
        told(
            BRIDGE,
            topic=crossings,
            word="puentes",
            story=bridge,
            cause=HoldCause.OLD,
            note="old: published 3 days before it was found",
            language="es",
            number=3,
        ),
    )


def _bundle() -> Alert:
    return replace(
        _created(),
        kind=AlertKind.BUNDLE,
        hits=_several(),
        story=story(52, PLANT),
        reason="what waited for the end of quiet hours",
        held=((HoldCause.QUIET, 3),),
    )


def _digest() -> Alert:
    return replace(
        _bundle(),
        kind=AlertKind.DIGEST,
        reason="daily digest",
        notes=("This digest is 40 minutes late: the service was down.",),
        held=((HoldCause.BUDGET, 1), (HoldCause.OLD, 1)),
        since=CREATED - timedelta(days=1),
        health=FeedHealth(
            feeds=38, healthy=37, silent=("El Mañana: silent 19 h, expected at least every 4 h",), gaps=1
        ),
    )


def _surging() -> Alert:
    surges: tuple[Surge, ...] = (
        _surge(),
        _surge(place="tijuana", place_name="Tijuana", usual=None, chance=None, stories=4),
    )
    return replace(_created(), kind=AlertKind.SURGE, surges=surges, reason=surges[0].reason)


def _notice(kind: NoticeKind) -> Notice:
    titles = {
        NoticeKind.TEST: (
            "Test of the channel newsroom-hook",
            "Border desk sent this to try out the channel.",
        ),
        NoticeKind.DEGRADED: (
            "The channel desk-mail is failing",
            "It has taken nothing since 3 March, 14:00 UTC.",
        ),
        NoticeKind.DISABLED: ("The channel desk-mail was switched off", "It has failed for five days."),
        NoticeKind.RECOVERED: (
            "The channel desk-mail works again",
            "14 alerts were waiting and are being sent.",
        ),
        NoticeKind.ALL_QUIET: ("A quiet week", "No new stories in seven days. All 38 feeds are healthy."),
    }
    title, line = titles[kind]
    channel = Channel(id=1, slug="newsroom-hook", kind=ChannelKind.WEBHOOK, owner="ui")
    about = {NoticeKind.TEST: "newsroom-hook", NoticeKind.ALL_QUIET: "desk-tariffs"}.get(kind, "desk-mail")
    return Notice(
        uid=UIDS[kind.value],
        kind=kind,
        channel=channel,
        title=title,
        lines=(line,),
        link="" if kind is NoticeKind.TEST else f"https://news.example/channels/{about}",
        about=about,
        created_at=CREATED,
    )


_ALERTS: dict[str, Callable[[], Alert]] = {
    "alert.created": _created,
    "story.updated": _updated,
    "bundle.ready": _bundle,
    "digest.ready": _digest,
    "surge.detected": _surging,
}


def event(name: str, *, format: PayloadFormat = PayloadFormat.STANDARD) -> Alert | Notice:  # noqa: A002 - the field's name
    """Return the example of an event type, for a webhook channel with a payload format."""
    if name not in _ALERTS:
        notice = _notice(NoticeKind(name))
        return replace(notice, channel=replace(notice.channel, format=format))
    alert = replace(_ALERTS[name](), uid=UIDS[name])
    channel = Channel(id=1, slug="newsroom-hook", kind=ChannelKind.WEBHOOK, format=format, owner="ui")
    return replace(alert, subscription=replace(alert.subscription, channel=channel))
