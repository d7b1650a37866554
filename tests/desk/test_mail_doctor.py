"""The mail doctor against a real relay and a real name server, both on loopback."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from monitor.app import App
from monitor.desk.doctor import Finding, Grade
from monitor.desk.mail_doctor import judge_volume, mail_doctor
from monitor.errors import Refused
from monitor.net.records import Records
from tests.conftest import opened, recorded, recording, small_stage
from tests.net.nameserver import Zone, nameserver

PAPER = recording("gazette", recorded("old", "Council meets in Douglas"))
GOOD: Zone = {
    ("demo.example", "TXT"): ['"v=spf1 ip4:192.0.2.7 -all"'],
    ("_dmarc.demo.example", "TXT"): ['"v=DMARC1; p=none; rua=mailto:x@demo.example"'],
    ("s1._domainkey.demo.example", "TXT"): [
        '"v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="'
    ],
    ("7.2.0.192.in-addr.arpa", "PTR"): ["relay.demo.example."],
    ("relay.demo.example", "A"): ["192.0.2.7"],
    ("8.2.0.192.in-addr.arpa", "PTR"): ["relay.demo.example."],
}


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[App]:
    async with small_stage(tmp_path, PAPER) as stage, opened(stage) as made:
        yield made


async def findings(app: App, zone: Zone, **options: str) -> dict[str, Finding]:
    async with nameserver(zone) as server:
        found = await mail_doctor(app, records=Records(server=server), **options)
    return {finding.subject: finding for finding in found}


async def test_a_domain_in_order(app: App) -> None:
    found = await findings(app, GOOD, selector="s1", address="192.0.2.7")
    assert [each for each in found.values() if each.grade is Grade.FAIL] == []
    assert found["relay"].grade is Grade.OK
    assert found["PTR 192.0.2.7"].found == "relay.demo.example"
    assert found["DMARC demo.example"].grade is Grade.OK
    assert found["DSN"].grade is Grade.WARN, "the demo's relay has none"
    assert found["bounces"].grade is Grade.WARN


async def test_a_domain_without_records_is_told_what_to_add(app: App) -> None:
    found = await findings(app, {}, selector="s1", address="192.0.2.8")
    bad = {subject: each for subject, each in found.items() if each.grade is Grade.FAIL}
    assert set(bad) == {
        "SPF demo.example",
        "DKIM s1._domainkey.demo.example",
        "DMARC demo.example",
        "PTR 192.0.2.8",
    }
    assert all(each.advice for each in bad.values())


async def test_a_name_that_does_not_lead_back_is_no_name(app: App) -> None:
    found = await findings(app, GOOD, address="192.0.2.8")
    assert "does not lead back" in found["PTR 192.0.2.8"].found


async def test_what_cannot_be_known_is_said_and_is_no_failure(app: App) -> None:
    found = await findings(app, {("demo.example", "TXT"): []})
    assert found["DNS"].grade is Grade.WARN
    assert "--address" in found["PTR"].advice
    with pytest.raises(Refused, match="no IP address"):
        await mail_doctor(app, address="relay")


def test_a_day_near_the_bulk_rules_is_a_warning_for_the_provider() -> None:
    few = judge_volume({"a@gmail.com": 2000, "b@paper.example": 2000})
    assert [each.grade for each in few] == [Grade.OK]
    (many,) = judge_volume({"a@gmail.com": 2000, "b@googlemail.com": 1000, "c@paper.example": 10})
    assert (many.grade, many.subject) == (Grade.WARN, "mails to Gmail")
