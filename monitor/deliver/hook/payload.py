"""What a webhook says: the JSON of every alert and notice, below 20 kB, plain or as a CloudEvent.

docs/webhook.md and docs/schemas are the contract with receivers. Whatever had to be left out to stay below the limit is
counted in the payload. It signs nothing and sends nothing.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

from monitor.deliver.digest import layout, stories_of
from monitor.deliver.hook.parts import (
    Detail,
    alert_story,
    health_part,
    held_part,
    hit_part,
    remarks,
    report_part,
    stamp,
    surge_part,
)
from monitor.deliver.sender import SenderIdentity
from monitor.deliver.wording import one_line, safe_link
from monitor.model import Alert, AlertHit, AlertKind, Channel, Notice, PayloadFormat

MAX_PAYLOAD = 19_999  # bytes: receivers may count on less than 20 kB
MOST_HITS = 100  # no payload has room for as many, however little is told of each
JSON_TYPE = "application/json"
CLOUDEVENTS_TYPE = "application/cloudevents+json"

ALERT_TYPES = ("alert.created", "story.updated", "bundle.ready", "digest.ready", "surge.detected")

_DETAILS = (
    Detail(summary=600, spans=40),
    Detail(summary=300, spans=15),
    Detail(summary=120, spans=5, hits=10),
    Detail(summary=0, spans=0, hits=5),
    Detail(
        summary=0,
        spans=0,
        title=120,
        name=60,
        why=120,
        line=100,
        link=1000,
        words=3,
        hits=3,
        surges=3,
        lines=3,
    ),
)
_NOTICE_LINES = ((20, 2000), (20, 500), (20, 150))  # how many lines of a notice, and characters of each


def alert_type(alert: Alert) -> str:
    """Return the event type under which receivers are told of an alert."""
    if alert.surges:
        return "surge.detected"
    match alert.kind:
        case AlertKind.FIRST:
            return "alert.created"
        case AlertKind.FOLLOW_UP:
            return "story.updated"
        case AlertKind.BUNDLE:
            return "bundle.ready" if len(stories_of(alert)) > 1 else "story.updated"
        case AlertKind.DIGEST:
            return "digest.ready"
        case AlertKind.SURGE:
            return "surge.detected"


def alert_payload(alert: Alert, identity: SenderIdentity) -> bytes:
    """Return the body that tells of an alert: compact UTF-8 JSON below 20 kB.

    A large one loses summaries and spans first, then some of its other texts, then hits from the end.
    """
    kind = alert_type(alert)

    def write(hits: Sequence[AlertHit], detail: Detail) -> bytes:
        return _enveloped(
            uid=alert.uid,
            kind=kind,
            at=alert.created_at,
            subject=alert.surges[0].topic if alert.surges else alert.hits[0].topic.slug,
            channel=alert.subscription.channel,
            identity=identity,
            data=_alert_data(alert, kind, hits, detail),
        )

    hits: Sequence[AlertHit] = ()
    for detail in _DETAILS:
        hits = _chosen(alert, detail)
        payload = write(hits, detail)
        if len(payload) <= MAX_PAYLOAD:
            return payload
    fit, too_many = 1, len(hits)  # the longest beginning that fits; one hit does at the last detail
    while too_many - fit > 1:
        tried = (fit + too_many) // 2
        if len(write(hits[:tried], _DETAILS[-1])) <= MAX_PAYLOAD:
            fit = tried
        else:
            too_many = tried
    return write(hits[:fit], _DETAILS[-1])


def notice_payload(notice: Notice, identity: SenderIdentity) -> bytes:
    """Return the body of a notice; its `type` is the notice's kind."""
    link = safe_link(notice.link)
    payload = b""
    for most, limit in _NOTICE_LINES:
        lines = [one_line(line, limit) for line in notice.lines[:most]]
        payload = _enveloped(
            uid=notice.uid,
            kind=notice.kind.value,
            at=notice.created_at,
            subject=notice.about,
            channel=notice.channel,
            identity=identity,
            data={
                "notice": notice.uid,
                "about": notice.about,
                "title": one_line(notice.title, 300),
                "lines": lines,
                "link": link,
                "left_out": {"lines": len(notice.lines) - len(lines)},
            },
        )
        if len(payload) <= MAX_PAYLOAD:
            break
    return payload


def content_type(payload: bytes) -> str:
    """Return the media type of a stored body: what it was written as counts, not what its channel is set to now."""
    return CLOUDEVENTS_TYPE if payload.startswith(b'{"specversion":') else JSON_TYPE


def _chosen(alert: Alert, detail: Detail) -> Sequence[AlertHit]:
    """Choose the hits that are told, in the order in which they are told."""
    if not _by_topic(alert_type(alert)):
        return alert.hits[:MOST_HITS]
    groups = (group for topic in layout(alert, most=MOST_HITS).topics for group in topic.stories)
    return [entry for group in groups for entry in group.hits[: detail.hits]][:MOST_HITS]


def _by_topic(kind: str) -> bool:
    return kind in {"bundle.ready", "digest.ready"}


def _alert_data(alert: Alert, kind: str, hits: Sequence[AlertHit], detail: Detail) -> dict[str, Any]:
    told = [hit_part(entry, alert, detail) for entry in hits]
    spans = sum(len(entry.hit.spans) for entry in hits) - sum(len(hit["spans"]) for hit in told)
    left_out = {"hits": len(alert.hits) - len(hits), "spans": spans}
    data: dict[str, Any] = {
        "alert": alert.uid,
        "reason": one_line(alert.reason, 500),
        "subscription": alert.subscription.slug,
        "notes": remarks(alert.notes, detail),
    }
    if kind in {"story.updated", "bundle.ready"}:
        data["news"] = remarks(alert.news, detail)
    if kind == "surge.detected":
        data["surges"] = [surge_part(surge, detail) for surge in alert.surges[: detail.surges]]
        left_out["surges"] = len(alert.surges) - len(data["surges"])
    if kind in {"story.updated", "digest.ready"}:
        data["since"] = stamp(alert.since) if alert.since is not None else None
    if kind == "digest.ready":
        data["health"] = health_part(alert.health, detail)
    if not _by_topic(kind):
        return data | {"story": alert_story(alert, detail), "hits": told, "left_out": left_out}
    topics, stories_left_out = _topics(alert, told, detail)
    return data | {
        "held": held_part(alert.held),
        "topics": topics,
        "left_out": {"stories": stories_left_out, **left_out},
    }


def _topics(
    alert: Alert, told: Sequence[Mapping[str, Any]], detail: Detail
) -> tuple[list[dict[str, Any]], int]:
    """Lay the hits that are told, which begin the layout, into it; return the topics and how many stories lack."""
    topics, taken = [], 0
    whole = layout(alert, most=MOST_HITS)
    for chapter in whole.topics:
        stories = []
        for group in chapter.stories:
            shown = told[taken : taken + min(len(group.hits), detail.hits)]
            taken += len(shown)
            if shown:
                stories.append(report_part(group.story, group.hits, shown, alert=alert, detail=detail))
        if stories:
            topics.append(
                {
                    "topic": chapter.topic.slug,
                    "topic_name": one_line(chapter.topic.name, detail.name),
                    "priority": chapter.topic.priority.value,
                    "stories": stories,
                }
            )
    return topics, whole.stories - sum(len(topic["stories"]) for topic in topics)


def _enveloped(
    *,
    uid: str,
    kind: str,
    at: datetime,
    subject: str,
    channel: Channel,
    identity: SenderIdentity,
    data: Mapping[str, Any],
) -> bytes:
    """Write the whole body in the channel's format (CloudEvents 1.0.2, JSON format, structured mode)."""
    if channel.format is PayloadFormat.CLOUDEVENTS:
        event: dict[str, Any] = {
            "specversion": "1.0",  # must stay first, see content_type
            "id": uid,
            "source": identity.base_url or quote(identity.instance or "news-monitor", safe=""),
            "type": kind,
            **({"subject": subject} if subject else {}),
            "time": stamp(at),
            "datacontenttype": JSON_TYPE,
            "data": data,
        }
    else:
        event = {"type": kind, "timestamp": stamp(at), "data": data}
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
