"""docs/webhook.md is a contract: its schema, its table of waits and its programs are run against real payloads."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.deliver import SENDERS, SenderIdentity, generate_secret
from monitor.deliver.retry import SCHEDULE
from monitor.deliver.webhook import sign
from monitor.model import Alert, ChannelKind, Span, Surge, Topic

DOC = (Path(__file__).parents[2] / "docs" / "webhook.md").read_text(encoding="utf-8")
TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "null": type(None),
}
WEBHOOK = SENDERS[ChannelKind.WEBHOOK]


def block(language: str) -> str:
    found = re.search(rf"^```{language}\n(.*?)^```", DOC, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found.group(1)


SCHEMA: dict[str, Any] = json.loads(block("json"))


def check(value: Any, schema: dict[str, Any], where: str = "$") -> None:
    """Fail unless the value satisfies the schema and every member of it is described there."""
    for word, wanted in schema.items():
        if word not in {"$schema", "title", "description", "format", "properties"}:
            assert RULES[word](value, wanted), f"{where}: {word} {wanted!r} does not hold for {value!r}"
    if schema.get("format") == "date-time" and value is not None:
        assert datetime.fromisoformat(value).utcoffset() == timedelta(0), where
    if isinstance(value, dict):
        assert set(value) <= set(schema["properties"]), f"{where}: undescribed members"
        for name, member in value.items():
            check(member, schema["properties"][name], f"{where}.{name}")
    if isinstance(value, list):
        for number, member in enumerate(value):
            check(member, schema["items"], f"{where}[{number}]")


def has_type(value: Any, wanted: str | list[str]) -> bool:
    names = [wanted] if isinstance(wanted, str) else wanted
    return any(isinstance(value, TYPES[name]) and not isinstance(value, bool) for name in names)


# A keyword that is not listed here raises KeyError: nothing in the schema goes unchecked.
RULES: dict[str, Callable[[Any, Any], bool]] = {
    "type": has_type,
    "const": lambda value, wanted: bool(value == wanted),
    "enum": lambda value, wanted: value in wanted,
    "required": lambda value, wanted: set(wanted) <= set(value),
    "minLength": lambda value, wanted: len(value) >= wanted,
    "maxLength": lambda value, wanted: value is None or len(value) <= wanted,
    "minItems": lambda value, wanted: len(value) >= wanted,
    "maxItems": lambda value, wanted: len(value) <= wanted,
    "minimum": lambda value, wanted: value is None or bool(value >= wanted),
    "items": lambda value, wanted: isinstance(value, list) and isinstance(wanted, dict),
}


def test_a_real_payload_satisfies_the_schema(
    make_alert: Callable[..., Alert], identity: SenderIdentity
) -> None:
    check(json.loads(WEBHOOK.render(make_alert(), identity)), SCHEMA)


def test_a_surges_payload_satisfies_the_schema_and_says_its_numbers(
    make_alert: Callable[..., Alert], make_surge: Callable[..., Surge], identity: SenderIdentity
) -> None:
    surges = (make_surge(), make_surge(place="tijuana", place_name="Tijuana", usual=None, chance=None))
    payload = json.loads(WEBHOOK.render(replace(make_alert(items=3), surges=surges), identity))
    check(payload, SCHEMA)
    topic, place = payload["data"]["surges"]
    assert (topic["topic"], topic["place"], topic["stories"], topic["usual"]) == ("tariffs", None, 9, 1.2)
    assert (place["place"], place["place_name"], place["usual"], place["chance"]) == (
        "tijuana",
        "Tijuana",
        None,
        None,
    )
    assert "surges" not in json.loads(WEBHOOK.render(make_alert(), identity))["data"]


def test_the_example_satisfies_the_schema_and_its_spans_are_right() -> None:
    example = json.loads(block("json example"))
    check(example, SCHEMA)
    hit = example["data"]["hits"][0]
    (span,) = hit["spans"]
    assert hit["item"]["title"][span["start"] : span["end"]] == span["text"]


def test_the_check_itself_can_fail() -> None:
    example = json.loads(block("json example"))
    changes: list[dict[str, Any]] = [
        {"type": "other"},
        {"data": {}},
        {"timestamp": "2025-03-04T14:05:06-05:00"},
        {"extra": 1},
    ]
    for change in changes:
        with pytest.raises(AssertionError):
            check({**example, **change}, SCHEMA)


@settings(max_examples=60, deadline=None)
@given(
    text=st.text(max_size=900),
    word=st.text(max_size=250),
    link=st.none() | st.text(max_size=20),
    items=st.integers(1, 30),
    dated=st.booleans(),
)
def test_any_payload_satisfies_the_schema(
    make_alert: Callable[..., Alert],
    make_topic: Callable[..., Topic],
    identity: SenderIdentity,
    *,
    text: str,
    word: str,
    link: str | None,
    items: int,
    dated: bool,
) -> None:
    alert = make_alert(
        title=text,
        summary=text,
        source=text,
        language=word,
        link=link,
        items=items,
        published=datetime(2025, 1, 1, tzinfo=UTC) if dated else None,
        spans=tuple(Span(field="title", start=n, end=n + 1, text=f"{word}{n}") for n in range(50)),
        topics=(make_topic(name=text),),
    )
    check(json.loads(WEBHOOK.render(alert, identity)), SCHEMA)


def test_the_table_of_waits_is_the_schedule() -> None:
    units = {"s": "seconds", "min": "minutes", "h": "hours"}
    row = re.search(r"^\| after the one before \| at once \| (.*) \|$", DOC, re.MULTILINE)
    assert row is not None
    cells = [cell.split() for cell in row.group(1).split(" | ")]
    assert tuple(timedelta(**{units[unit]: int(number)}) for number, unit in cells) == SCHEDULE


def requests_to_judge() -> tuple[str, list[tuple[dict[str, str], bytes, bool]]]:
    secret, other = generate_secret(), generate_secret()
    body = '{"título":"año"}'.encode()
    now = int(datetime.now(UTC).timestamp())

    def headers(key: str, timestamp: int, signed: bytes = body) -> dict[str, str]:
        return {
            "webhook-id": "01JNGW4Z6Q8YB3",
            "webhook-timestamp": str(timestamp),
            "webhook-signature": sign(key, message_id="01JNGW4Z6Q8YB3", timestamp=timestamp, body=signed),
        }

    right, foreign = headers(secret, now), headers(other, now)
    both = {**right, "webhook-signature": f"{foreign['webhook-signature']} {right['webhook-signature']}"}
    return secret, [
        (right, body, True),
        (both, body, True),
        (foreign, body, False),
        (right, body + b" ", False),
        ({**right, "webhook-id": "another"}, body, False),
        (headers(secret, now - 400), body, False),
        (headers(secret, now + 400), body, False),
        ({**right, "webhook-timestamp": "soon"}, body, False),
        ({**right, "webhook-signature": "v1,é no,base64"}, body, False),
        ({}, body, False),
    ]


def test_the_python_program_tells_our_requests_from_others() -> None:
    names: dict[str, Any] = {}
    exec(compile(block("python"), "docs/webhook.md", "exec"), names)
    secret, cases = requests_to_judge()
    assert [names["verify"](headers, body, secret) for headers, body, _ in cases] == [
        right for _, _, right in cases
    ]


def test_the_node_program_tells_our_requests_from_others() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    secret, cases = requests_to_judge()
    program = block("js") + (
        "const told = JSON.parse(require('node:fs').readFileSync(0, 'utf8'));"
        "console.log(JSON.stringify(told.cases.map(([h, b]) => verify(h, Buffer.from(b), told.secret))));"
    )
    asked = json.dumps({"secret": secret, "cases": [(headers, body.decode()) for headers, body, _ in cases]})
    answer = subprocess.run(
        [node, "-e", program], input=asked, capture_output=True, text=True, check=True, timeout=30
    )
    assert json.loads(answer.stdout) == [right for _, _, right in cases]
