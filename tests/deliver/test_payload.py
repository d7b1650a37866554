"""What webhooks say: every event type satisfies its published schema, fits in 20 kB, and counts what it leaves out."""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_structured
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker
from standardwebhooks.webhooks import Webhook

from monitor.deliver import SENDERS, SenderIdentity, generate_secret
from monitor.deliver.digest import layout
from monitor.deliver.hook.payload import ALERT_TYPES, alert_type, content_type
from monitor.deliver.hook.signature import signed_headers
from monitor.model import (
    Alert,
    AlertHit,
    AlertKind,
    ChannelKind,
    FeedHealth,
    HoldCause,
    Notice,
    PayloadFormat,
    Priority,
    Span,
    Story,
    Surge,
    Topic,
)
from tests.deliver.events import ALERT_EVENTS, EVENTS, NOTICE_KINDS, UIDS, event

SCHEMAS = Path(__file__).parents[2] / "docs" / "schemas" / "v1"
WEBHOOK = SENDERS[ChannelKind.WEBHOOK]


def closed(schema: Any) -> Any:
    """Return a schema that also refuses what it does not describe: our payloads hold nothing undocumented."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {name: closed(value) for name, value in schema.items()}
    return inner | {"additionalProperties": False} if isinstance(inner.get("properties"), dict) else inner


CHANGES: tuple[dict[str, Any], ...] = (
    {"type": "other"},
    {"data": {}},
    {"timestamp": 5},
    {"timestamp": "2025-03-04T14:05:06-05:00"},
    {"extra": 1},
)


def published(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))
    return found


FORMATS = FormatChecker(formats=())


@FORMATS.checks("date-time", raises=ValueError)
def is_utc(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).utcoffset() == timedelta(0)


VALIDATORS = {name: Draft202012Validator(closed(published(name)), format_checker=FORMATS) for name in EVENTS}


def rendered(told: Alert | Notice, identity: SenderIdentity) -> bytes:
    return (
        WEBHOOK.render(told, identity) if isinstance(told, Alert) else WEBHOOK.render_notice(told, identity)
    )


def checked(payload: bytes) -> dict[str, Any]:
    """Fail unless a payload is below 20 kB and satisfies the schema of its type; return its data."""
    assert len(payload) < 20_000
    body = json.loads(payload.decode("utf-8"))
    problems = [f"{error.json_path}: {error.message}" for error in VALIDATORS[body["type"]].iter_errors(body)]
    assert problems == []
    data: dict[str, Any] = body["data"]
    return data


def test_there_is_one_schema_for_each_event_and_it_is_sound() -> None:
    assert {path.stem for path in SCHEMAS.glob("*.json")} == set(EVENTS)
    assert ALERT_TYPES == ALERT_EVENTS
    for name in EVENTS:
        schema = published(name)
        Draft202012Validator.check_schema(schema)
        assert schema["properties"]["type"] == {"const": name}
        assert schema["$id"].endswith(f":v1:{name}")


def test_a_name_means_the_same_in_every_schema() -> None:
    meanings: dict[str, set[str]] = {}
    for name in EVENTS:
        for part, schema in published(name).get("$defs", {}).items():
            meanings.setdefault(part, set()).add(json.dumps(schema, sort_keys=True))
    assert {part for part, found in meanings.items() if len(found) > 1} == set()
    assert {"hit", "story", "chapter"} <= meanings.keys()


def test_every_cause_is_explained_in_the_schema() -> None:
    described = published("digest.ready")["$defs"]["held"]["properties"]["cause"]["description"]
    assert [cause for cause in HoldCause if f"{cause.value} (" not in described] == []


@pytest.mark.parametrize("name", EVENTS)
def test_a_rendered_event_satisfies_its_schema_and_verifies(
    name: str, identity: SenderIdentity, secret: str
) -> None:
    payload = rendered(event(name), identity)
    checked(payload)
    body = json.loads(payload)
    assert body["type"] == name
    headers = signed_headers([secret], message_id=UIDS[name], timestamp=int(time.time()), body=payload)
    assert Webhook(secret).verify(payload, headers) == body


@pytest.mark.parametrize("name", EVENTS)
def test_a_check_against_a_schema_can_fail(name: str, identity: SenderIdentity) -> None:
    body = json.loads(rendered(event(name), identity))
    for change in CHANGES:
        assert list(VALIDATORS[name].iter_errors(body | change))


@pytest.mark.parametrize("name", EVENTS)
def test_as_a_cloudevent_only_the_wrapping_differs(name: str, identity: SenderIdentity) -> None:
    plain = json.loads(rendered(event(name), identity))
    payload = rendered(event(name, format=PayloadFormat.CLOUDEVENTS), identity)
    assert len(payload) < 20_000
    assert content_type(payload) == "application/cloudevents+json"
    message = HTTPMessage(headers={"content-type": content_type(payload)}, body=payload)
    read = from_structured(message, JSONFormat(), CloudEvent)
    assert (read.get_id(), read.get_type(), read.get_specversion()) == (UIDS[name], name, "1.0")
    assert read.get_source() == "https://news.example/"
    assert read.get_time() == datetime.fromisoformat(plain["timestamp"])
    assert read.get_data() == plain["data"]
    assert read.get_subject() in {"tariffs", "newsroom-hook", "desk-mail", "desk-tariffs"}


def test_without_an_address_of_its_own_an_instance_is_named_in_the_source(identity: SenderIdentity) -> None:
    alert = event("alert.created", format=PayloadFormat.CLOUDEVENTS)
    body = json.loads(rendered(alert, replace(identity, base_url="")))
    assert body["source"] == "Border%20desk"


def test_a_plain_body_is_plain_json(identity: SenderIdentity) -> None:
    assert content_type(rendered(event("alert.created"), identity)) == "application/json"


def test_every_kind_of_alert_has_its_event_type(make_surge: Callable[..., Surge]) -> None:
    for name in ALERT_EVENTS:
        alert = event(name)
        assert isinstance(alert, Alert)
        assert alert_type(alert) == name
    of_one = event("alert.created")
    assert isinstance(of_one, Alert)
    assert alert_type(replace(of_one, kind=AlertKind.BUNDLE)) == "story.updated"


def test_a_digest_lists_each_story_once_under_its_first_topic_with_all_that_is_known(
    identity: SenderIdentity,
) -> None:
    digest = event("digest.ready")
    assert isinstance(digest, Alert)
    first = digest.hits[0]
    elsewhere = replace(first, topic=replace(digest.hits[2].topic, slug="crossings"))
    data = checked(rendered(replace(digest, hits=(*digest.hits, elsewhere)), identity))
    crossings, tariffs = data["topics"]
    (plant,) = tariffs["stories"]
    assert (tariffs["topic"], plant["id"], plant["outlets"]) == ("tariffs", "st-52", 7)
    assert [hit["item"]["publisher"] for hit in plant["hits"]] == [
        "Border Courier",
        "Rio Wire",
        "Border Courier",
    ]
    assert plant["publishers"] == ["Border Courier", "Rio Wire"]
    assert plant["hits"][0]["note"] == "waited for the end of quiet hours"
    assert [story["id"] for story in crossings["stories"]] == ["st-53"]
    assert crossings["stories"][0]["languages"] == ["es"]
    assert data["held"][0] == {"cause": "budget", "hits": 1}
    assert data["since"] == "2025-03-03T14:05:06.789000Z"
    assert data["health"]["healthy"] == 37
    assert data["notes"] == ["This digest is 40 minutes late: the service was down."]
    assert data["left_out"] == {"stories": 0, "hits": 0, "spans": 0}


def many_stories(alert: Alert, number: int, *, hits: int = 1) -> Alert:
    entry = alert.hits[0]
    assert entry.story is not None
    return replace(
        alert,
        hits=tuple(
            replace(entry, story=replace(entry.story, uid=f"st-{n}", title=f"Story {n}"))
            for n in range(number)
            for _ in range(hits)
        ),
    )


def test_a_large_digest_keeps_its_first_stories_and_counts_the_others(identity: SenderIdentity) -> None:
    digest = event("digest.ready")
    assert isinstance(digest, Alert)
    data = checked(rendered(many_stories(digest, 300, hits=7), identity))
    shown = [story for topic in data["topics"] for story in topic["stories"]]
    assert len(shown) > 10
    assert [story["id"] for story in shown] == sorted(f"st-{n}" for n in range(300))[: len(shown)]
    assert data["left_out"]["stories"] == 300 - len(shown)
    assert data["left_out"]["hits"] == 2100 - sum(len(story["hits"]) for story in shown)


def test_a_follow_up_says_what_is_new(identity: SenderIdentity) -> None:
    assert checked(rendered(event("story.updated"), identity))["news"] == [
        "Canadá",
        "first report in English",
    ]


HOSTILE = st.one_of(
    st.text(max_size=300),
    st.sampled_from(
        [
            "\\" * 9000,
            '"' * 9000,
            "😀" * 9000,
            "a\r\nX-Injected: 1",
            "\x00\x0b\x0c\x85\u2028\u2029",
            "\ud800 half",
            "=?utf-8?q?spoof?=",
            "<script>alert(1)</script>",
            "\u202egnp.exe",
            "",
        ]
    ),
)


@st.composite
def hostile_alerts(draw: st.DrawFn, base: Alert, topic: Topic, span: Span) -> Alert:
    text = draw(HOSTILE)
    more = draw(HOSTILE)
    lines = tuple(draw(st.lists(HOSTILE, max_size=14)))
    number = draw(st.integers(1, 40))
    seed = base.hits[0]

    def entry(n: int) -> AlertHit:
        item = replace(
            seed.hit.item,
            id=n,
            link=draw(st.sampled_from([None, "https://x.example/" + "ñ" * 1900, more])),
            published=draw(st.sampled_from([None, base.created_at])),
            text=replace(seed.hit.item.text, title=text, summary=more, body=text, source=more, language=more),
        )
        spans = tuple(replace(span, start=k, end=k + 1, text=f"{k}{more}") for k in range(n % 60))
        story = Story(
            uid=f"st-{n % 7}",
            title=more,
            language="und",
            first_seen=base.created_at,
            last_seen=base.created_at,
            items=n,
        )
        return AlertHit(
            hit=replace(seed.hit, item=item, spans=spans),
            topic=replace(topic, slug=f"t{n % 3}", name=text, priority=list(Priority)[n % 3]),
            publisher=text,
            region=more,
            story=story,
            cause=draw(st.sampled_from([None, *HoldCause])),
            note=text,
        )

    kind = draw(st.sampled_from(AlertKind))
    surge = Surge(
        topic="tariffs",
        topic_name=text,
        place_name=more,
        place="p",
        until=base.created_at,
        hours=6,
        stories=9,
        usual=1.0,
        chance=0.1,
        reason=f"r{more}",
        found_at=base.created_at,
    )
    return replace(
        base,
        kind=kind,
        hits=tuple(entry(n) for n in range(number)),
        reason=more,
        notes=lines,
        news=lines,
        held=tuple((cause, n) for n, cause in enumerate(HoldCause)),
        since=draw(st.sampled_from([None, base.created_at - timedelta(days=1)])),
        health=draw(st.sampled_from([None, FeedHealth(feeds=3, healthy=1, silent=lines, failing=lines)])),
        surges=(surge,) * draw(st.integers(1, 8)) if kind is AlertKind.SURGE else (),
        subscription=replace(
            base.subscription,
            channel=replace(base.subscription.channel, format=draw(st.sampled_from(PayloadFormat))),
        ),
    )


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_any_alert_satisfies_its_schema_below_20_kb_and_counts_what_it_leaves_out(
    make_alert: Callable[..., Alert],
    make_topic: Callable[..., Topic],
    identity: SenderIdentity,
    *,
    data: st.DataObject,
) -> None:
    alert = data.draw(
        hostile_alerts(make_alert(), make_topic(), Span(field="title", start=0, end=1, text="x"))
    )
    payload = WEBHOOK.render(alert, identity)
    assert payload == WEBHOOK.render(alert, identity)
    assert len(payload) < 20_000
    body = json.loads(payload)
    told = checked(_plain(body))
    if "topics" in told:
        reports = [report for chapter in told["topics"] for report in chapter["stories"]]
        hits = [hit for report in reports for hit in report["hits"]]
        assert len(reports) + told["left_out"]["stories"] == layout(alert).stories
        assert len({report["id"] for report in reports}) == len(reports)
    else:
        hits = told["hits"]
    assert len(hits) + told["left_out"]["hits"] == len(alert.hits)


def _plain(body: dict[str, Any]) -> bytes:
    if "specversion" not in body:
        return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    unwrapped = {"type": body["type"], "timestamp": body["time"], "data": body["data"]}
    return json.dumps(unwrapped, ensure_ascii=False, separators=(",", ":")).encode()


@settings(max_examples=80, deadline=None)
@given(
    kind=st.sampled_from(NOTICE_KINDS),
    title=HOSTILE,
    lines=st.lists(HOSTILE, max_size=40),
    link=st.text(max_size=30) | st.just("https://x.example/" + "ñ" * 1900),
)
def test_any_notice_satisfies_its_schema_below_20_kb(
    identity: SenderIdentity, *, kind: Any, title: str, lines: list[str], link: str
) -> None:
    notice = event(kind.value)
    assert isinstance(notice, Notice)
    payload = WEBHOOK.render_notice(
        replace(notice, title=f"t{title}", lines=tuple(lines), link=link), identity
    )
    told = checked(payload)
    assert len(told["lines"]) + told["left_out"]["lines"] == len(lines)


def test_one_key_signs_once_and_two_sign_twice() -> None:
    one, two = generate_secret(), generate_secret()
    both = signed_headers([one, two], message_id="m", timestamp=1, body=b"{}")["webhook-signature"]
    assert both.split() == [
        signed_headers([key], message_id="m", timestamp=1, body=b"{}")["webhook-signature"]
        for key in (one, two)
    ]
