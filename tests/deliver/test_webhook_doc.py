"""docs/webhook.md is a contract: its examples, its table of waits and its programs are run against real payloads."""

import json
import re
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.deliver import SENDERS, SenderIdentity, generate_secret
from monitor.deliver.hook.signature import sign
from monitor.deliver.retry import SCHEDULE
from monitor.model import Alert, ChannelKind, Notice, PayloadFormat
from tests.deliver.events import EVENTS, event

DOC = (Path(__file__).parents[2] / "docs" / "webhook.md").read_text(encoding="utf-8")
WEBHOOK = SENDERS[ChannelKind.WEBHOOK]


def block(language: str) -> str:
    found = re.search(rf"^```{re.escape(language)}\n(.*?)^```", DOC, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found.group(1)


@pytest.mark.parametrize("name", EVENTS)
def test_each_event_is_shown_as_it_is_rendered(name: str, identity: SenderIdentity) -> None:
    told = event(name)
    payload = (
        WEBHOOK.render(told, identity) if isinstance(told, Alert) else WEBHOOK.render_notice(told, identity)
    )
    assert json.loads(block(f"json {name}")) == json.loads(payload)
    assert f"### {name}\n" in DOC
    assert f"(schemas/v1/{name}.json)" in DOC


def test_the_cloudevent_is_shown_as_it_is_rendered(identity: SenderIdentity) -> None:
    told = event("endpoint.test", format=PayloadFormat.CLOUDEVENTS)
    assert isinstance(told, Notice)
    assert json.loads(block("json cloudevents")) == json.loads(WEBHOOK.render_notice(told, identity))


def test_the_spans_of_the_first_example_are_right() -> None:
    hit = json.loads(block("json alert.created"))["data"]["hits"][0]
    (span,) = hit["spans"]
    assert hit["item"]["title"][span["start"] : span["end"]] == span["text"]


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
