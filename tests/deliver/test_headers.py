"""Every header of a mail, to the byte."""

import random
import re
from collections.abc import Callable
from dataclasses import replace
from email import charset

import pytest

from monitor.deliver.mail.email import EmailSender
from monitor.deliver.mail.headers import alert_headers
from monitor.deliver.sender import SenderIdentity
from monitor.model import Alert, AlertKind, Notice, NoticeKind
from tests.deliver.news_mails import (
    PERL,
    body,
    digest_of,
    entry,
    for_reader,
    parsed,
    perl_decoded,
    raw_header,
    story,
    topic,
)

MakeAlert = Callable[..., Alert]
EMAIL = EmailSender()

# What a publisher wrote, the header on the wire, and what a reader sees.
TITLES = {
    "line ends": (
        "Plan\r\nBcc: everyone@mail.example",
        b"Plan Bcc: everyone@mail.example",
        "Plan Bcc: everyone@mail.example",
    ),
    "NUL, VT, FF, NEL and separators": (
        "a\x00b\x0bc\x0cd\x85e\u2028f\u2029g",
        b"a b c d e f g",
        "a b c d e f g",
    ),
    "right-to-left override": ("\u202eevil.exe\u2066 turned", b"evil.exe turned", "evil.exe turned"),
    "an encoded word": (
        "=?utf-8?q?Official_warning?=",
        b"=?utf-8?b?PT91dGYtOD9xP09mZmljaWFsX3dhcm5pbmc/PQ==?=",
        "=?utf-8?q?Official_warning?=",
    ),
    "half a surrogate": ("half \ud83d surrogate", b"half surrogate", "half surrogate"),
    "HTML": (
        '<b>Plan</b> & "más"',
        b"=?utf-8?b?PGI+UGxhbjwvYj4gJiAibcOhcyI=?=",
        '<b>Plan</b> & "más"',
    ),
    "ten thousand characters": (
        "x" * 10_000,
        b"=?utf-8?q?" + b"x" * 54 + b"?=\r\n " + (b"=?utf-8?q?" + b"x" * 62 + b"?=\r\n ") * 2
        # the ellipsis says that it was cut
        + b"=?utf-8?q?" + b"x" * 41 + b"=E2=80=A6?=",
        "x" * 219 + "…",
    ),
    "Spanish": (
        "México responderá a los aranceles",
        b"=?utf-8?q?M=C3=A9xico_responder=C3=A1_a_los_aranceles?=",
        "México responderá a los aranceles",
    ),
    "nothing but space": ("\u2003\n\t", b"(no headline)", "(no headline)"),
}  # fmt: skip


@pytest.fixture(scope="session")
def linked(identity: SenderIdentity) -> SenderIdentity:
    return replace(identity, link_key=b"k" * 32)


@pytest.mark.parametrize("name", TITLES)
def test_hostile_titles_to_the_byte(make_alert: MakeAlert, identity: SenderIdentity, name: str) -> None:
    title, wire, seen = TITLES[name]
    payload = EMAIL.render(make_alert(title=title, spans=()), identity)
    assert raw_header(payload, "Subject") == wire
    assert parsed(payload)["Subject"] == seen
    assert set(parsed(payload).keys()) == set(parsed(EMAIL.render(make_alert(), identity)).keys())


@pytest.mark.skipif(PERL is None, reason="no perl here to decode headers independently")
def test_perl_reads_the_same_subjects(make_alert: MakeAlert, identity: SenderIdentity) -> None:
    words = ["México", "responderá:", "«aranceles»", "—", "¿más?", "Trump", "says", "$5bn", "año", "niños"]
    words += ["tariffs", "over-the-counter", "ñ"]
    chance = random.Random(5)
    titles = [" ".join(chance.choices(words, k=chance.randint(1, 24))) for _ in range(400)]
    alerts = [make_alert(title=title, spans=()) for title in titles]
    alerts += [replace(alert, kind=AlertKind.FOLLOW_UP) for alert in alerts]
    alerts += [make_alert(title=title, spans=()) for title, _, _ in TITLES.values()]
    seen = [title if len(title) <= 220 else title[:219].rstrip() + "…" for title in titles]
    expected = [*seen, *(f"Re: {title}" for title in seen), *(each for _, _, each in TITLES.values())]
    values = [dict(alert_headers(alert, identity))["Subject"].encode("ascii") for alert in alerts]
    assert perl_decoded(values) == expected


def test_the_whole_head_of_a_follow_up(make_alert: MakeAlert, linked: SenderIdentity) -> None:
    alert = replace(make_alert(), kind=AlertKind.FOLLOW_UP, thread=1, reason="new since 14:05: 3 dead")
    head = EMAIL.render(alert, linked).partition(b"\r\n\r\n")[0].decode("ascii")
    assert head.replace("\r\n", "\n") == (
        'From: "Border desk" <alerts@news.example>\n'
        "To: reader@mail.example\n"
        "Subject: Re: =?utf-8?q?M=C3=A9xico_responder=C3=A1_a_los_aranceles_con_un?=\n"
        " =?utf-8?q?_plan_propio=2C_dice_la_presidenta?=\n"
        "Date: Tue, 04 Mar 2025 14:05:06 +0000\n"
        "Message-ID: <01JNGW4Z6Q8YB3@news.example>\n"
        "In-Reply-To: <s.st-51.desk-tariffs@news.example>\n"
        "References: <s.st-51.desk-tariffs@news.example>\n"
        'List-Id: "desk-tariffs" <desk-tariffs.border-desk.news.example>\n'
        "List-Unsubscribe: <https://news.example/u/"
        "WyJ1bnN1YnNjcmliZSIsImRlc2stdGFyaWZmcyIsIiJd.u_SvC5si2hQ5G4sd-Ce30g>,\n"
        " <mailto:desk@news.example?subject=unsubscribe%20desk-tariffs>\n"
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click\n"
        "Auto-Submitted: auto-generated\n"
        "X-Auto-Response-Suppress: OOF, AutoReply\n"
        "X-Mailer: news-monitor 0.1.0\n"
        "Feedback-ID: tariffs:follow_up:Border-desk:newsexample\n"
        "Precedence: list\n"
        "Content-Language: en\n"
        "X-Monitor-Kind: follow_up\n"
        "X-Monitor-Topics: tariffs\n"
        "X-Monitor-Reason: new since 14:05: 3 dead\n"
        "MIME-Version: 1.0\n"
        "Content-Type: multipart/alternative;\n"
        ' boundary="=_6a55b1dc8c5c9b177577b78a75ec83c831192978"'
    )


def test_a_list_of_one_topic_bears_its_name_and_keeps_its_id(
    make_alert: MakeAlert, identity: SenderIdentity
) -> None:
    alert = make_alert()
    one = replace(alert, subscription=replace(alert.subscription, topics=("tariffs",)))
    assert (
        dict(alert_headers(one, identity))["List-Id"] == '"Tariffs" <desk-tariffs.border-desk.news.example>'
    )


@pytest.mark.parametrize(
    ("base_url", "contact", "ways", "click"),
    [
        ("https://n.example", "", ["https://n.example/u/"], True),
        ("http://n.example", "", ["http://n.example/u/"], False),
        ("", "a@n.example", ["mailto:a@n.example?subject=unsubscribe%20desk-tariffs"], False),
        ("", "https://n.example/about", [], False),
        ("", "", [], False),
    ],
)
def test_one_click_is_offered_only_where_https_takes_it(
    make_alert: MakeAlert,
    linked: SenderIdentity,
    base_url: str,
    contact: str,
    ways: list[str],
    click: bool,  # noqa: FBT001
) -> None:
    headers = dict(alert_headers(make_alert(), replace(linked, base_url=base_url, contact=contact)))
    found = [each.strip("<> ") for each in headers.get("List-Unsubscribe", "").split(",\r\n ") if each]
    assert len(found) == len(ways)
    assert all(each.startswith(way) for each, way in zip(found, ways, strict=True))
    assert ("List-Unsubscribe-Post" in headers) is click


def test_complaints_are_counted_by_topic_and_never_by_person(
    make_alert: MakeAlert, identity: SenderIdentity
) -> None:
    alert = for_reader(make_alert(), slug="ana", name="Ana")
    for domain in ("x.io", "news.example", "alerts.of.a.very-long-domain-name.example"):
        value = dict(alert_headers(alert, replace(identity, mail_domain=domain)))["Feedback-ID"]
        topic_, kind, instance, sender = value.split(":")
        assert (topic_, kind, instance) == ("tariffs", "first", "Border-desk")
        assert 5 <= len(sender) <= 15
        assert "ana" not in value
        assert "desk-tariffs" not in value


def test_many_topics_are_folded_and_read_back_whole(make_alert: MakeAlert, identity: SenderIdentity) -> None:
    topics = [topic(f"a-topic-with-a-long-name-{number}") for number in range(20)]
    alert = digest_of(make_alert(), *(entry(each, story(n)) for n, each in enumerate(topics, 1)))
    payload = EMAIL.render(alert, identity)
    assert parsed(payload)["X-Monitor-Topics"].split(", ") == [each.slug for each in topics]
    assert parsed(payload)["Feedback-ID"].startswith("several:digest:")
    assert max(len(line) for line in payload.partition(b"\r\n\r\n")[0].split(b"\r\n")) <= 120
    assert parsed(payload)["References"] is None


def test_a_notice_is_of_no_list_and_no_thread(make_alert: MakeAlert, linked: SenderIdentity) -> None:
    notice = Notice(
        uid="n-1",
        kind=NoticeKind.DEGRADED,
        channel=make_alert().subscription.channel,
        language="es",
        title="El canal «mesa» no contesta\r\nBcc: x@y.example",
        lines=("Nada fue aceptado desde ayer.",),
        created_at=make_alert().created_at,
    )
    message = parsed(EMAIL.render_notice(notice, linked))
    assert message["Subject"] == "El canal «mesa» no contesta Bcc: x@y.example"
    assert message["Feedback-ID"] == "service:endpoint.degraded:Border-desk:newsexample"
    assert message["Content-Language"] == "es"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"] == "<n-1@news.example>"
    unwanted = {"list-id", "list-unsubscribe", "references", "in-reply-to", "precedence", "bcc"}
    assert not unwanted & {name.lower() for name in message}


def test_the_weekly_all_quiet_is_of_its_subscriptions_list(
    make_alert: MakeAlert, linked: SenderIdentity
) -> None:
    alert = make_alert()
    notice = Notice(
        uid="n-2",
        kind=NoticeKind.ALL_QUIET,
        channel=alert.subscription.channel,
        title="All quiet",
        lines=("Nothing.",),
        about=alert.subscription.slug,
        created_at=alert.created_at,
    )
    payload = EMAIL.render_notice(notice, linked)
    of_alert, of_notice = parsed(EMAIL.render(alert, linked)), parsed(payload)
    for name in ("List-Id", "List-Unsubscribe", "List-Unsubscribe-Post", "Precedence"):
        assert of_notice[name] == of_alert[name]
    link = re.findall(r"<(https[^>]+)>", of_notice["List-Unsubscribe"])[0]
    assert link in body(payload, "plain")
    assert link in body(payload, "html")


def test_what_another_library_does_to_the_charset_registry_changes_no_byte(
    make_alert: MakeAlert, identity: SenderIdentity
) -> None:
    alert = make_alert(title=TITLES["HTML"][0], spans=())
    before = EMAIL.render(alert, identity)
    known = charset.CHARSETS["utf-8"]
    try:
        charset.add_charset("utf-8", charset.QP, charset.QP, "utf-8")
        assert EMAIL.render(alert, identity) == before
    finally:
        charset.CHARSETS["utf-8"] = known
