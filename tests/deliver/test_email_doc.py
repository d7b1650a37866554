"""docs/email.md shows mails as they are: its example is rendered, its table is complete, its filters find them."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.deliver.mail.email import EmailSender
from monitor.deliver.mail.headers import alert_headers
from monitor.deliver.sender import SenderIdentity
from monitor.model import Alert, AlertKind
from tests.deliver.news_mails import body, for_reader, parsed

DOC = (Path(__file__).parents[2] / "docs" / "email.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    found = re.search(rf"^```{language}\n(.*?)^```", DOC, re.MULTILINE | re.DOTALL)
    assert found
    return found[1]


@pytest.fixture
def mail(make_alert: Callable[..., Alert], identity: SenderIdentity) -> bytes:
    alert = replace(
        make_alert(),
        kind=AlertKind.FOLLOW_UP,
        thread=1,
        since=make_alert().created_at - timedelta(hours=3),
        news=("25% tariff on steel (was 10%)",),
        reason="new since 2025-03-04 03:05 America/Tijuana: 25% tariff on steel (was 10%)",
    )
    postal = "Border desk, 1 Example Street, El Paso, TX 79901"
    linked = replace(identity, link_key=b"k" * 32, postal=postal)
    return EmailSender().render(for_reader(alert, zone="America/Tijuana"), linked)


def test_the_example_is_a_mail_as_it_is_rendered(mail: bytes) -> None:
    head = mail.partition(b"\r\n\r\n")[0].decode("ascii").replace("\r\n", "\n")
    assert block("mail") == f"{head}\n"
    assert block("text") == body(mail, "plain")


def test_every_header_is_explained_and_every_explained_header_exists(mail: bytes) -> None:
    table = DOC[DOC.index("| header |") : DOC.index("Notices about")]
    explained = set(
        re.findall(r"`([A-Z][A-Za-z-]+)`", "".join(re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)))
    )
    assert explained - {"DKIM-Signature"} == set(parsed(mail).keys())


def test_the_filters_find_the_example(
    mail: bytes, make_alert: Callable[..., Alert], identity: SenderIdentity
) -> None:
    rules = re.findall(r'header :(\w+) "([^"]+)" "([^"]+)"', block("sieve"))
    assert len(rules) == 3
    for how, name, value in rules:
        text = str(parsed(mail)[name]) if value != "digest" else "digest"
        assert value == text if how == "is" else value in text
    digest = dict(alert_headers(replace(make_alert(), kind=AlertKind.DIGEST), identity))
    assert digest["X-Monitor-Kind"] == "digest"
