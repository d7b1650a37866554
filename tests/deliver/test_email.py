import re
from collections.abc import Callable
from dataclasses import replace
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage, Message
from email.policy import default
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from monitor.deliver import SENDERS, SenderIdentity, SendTools
from monitor.deliver.mail.headers import ascii_address
from monitor.deliver.mail.thread import SUBJECT_LIMIT
from monitor.model import Alert, Attempt, ChannelKind, Delivery, SendOutcome, Span, Topic

EMAIL = SENDERS[ChannelKind.EMAIL]
MakeAlert = Callable[..., Alert]

SPANISH = [
    "aranceles",
    "frontera",
    "México",
    "Ciudad",
    "Juárez",
    "niños",
    "señaló",
    "acción",
    "migración",
    "¿Qué",
    "«plan»",
    "—",
    "año",
    "2025",
]
ENGLISH = [
    "border",
    "tariffs",
    "Trump",
    "says",
    "Mexico's",
    "new",
    "plan",
    "for",
    "trade:",
    "$5bn",
    "over-the-counter",
]
titles = st.lists(st.sampled_from(SPANISH + ENGLISH), min_size=1, max_size=22).map(" ".join)
HOSTILE = [
    "Plan\r\nBcc: everyone@mail.example",
    "a\x00b\x0bc\x0cd\x85e\u2028f\u2029g",
    "\u202eevil.exe\u2066 turned",
    "=?utf-8?q?Official_warning?= from =?utf-8?b?WA==?=",
    "x" * 10_000,
    "ñ" * 10_000,
    "<script>alert(1)</script><img src=http://x.example/p.gif>",
    "half \ud83d surrogate",
    '"><a href="javascript:alert(1)">x</a>',
    "{{ 7 * 7 }}{% raw %}",
    "\n",
    ".\r\n.\r\nQUIT",
]


def parsed(payload: bytes) -> EmailMessage:
    return message_from_bytes(payload, policy=default)


def body(payload: bytes, subtype: str) -> str:
    part = parsed(payload).get_body((subtype,))
    assert part is not None
    return str(part.get_content())


def decoded(payload: bytes, name: str) -> str:
    raw: Message[str, str] = message_from_bytes(payload)
    return str(make_header(decode_header(re.sub(r"\r?\n(?=[ \t])", "", raw[name]))))


class Page(HTMLParser):
    """The tags, links and marked words of an HTML part, as an HTML parser sees them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.marks: list[str] = []
        self._in_mark = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self._in_mark = tag == "mark"
        self.links += [value or "" for name, value in attrs if name == "href"]
        self.loads += [value or "" for name, value in attrs if name in {"src", "srcset", "background"}]

    def handle_data(self, data: str) -> None:
        if self._in_mark:
            self.marks.append(data)
            self._in_mark = False


@given(title=titles)
@settings(deadline=None)
@example(title=" ".join(SPANISH))
def test_bilingual_subjects_decode_back_exactly(
    make_alert: MakeAlert, identity: SenderIdentity, title: str
) -> None:
    payload = EMAIL.render(make_alert(title=title, spans=()), identity)
    if len(title) <= SUBJECT_LIMIT:
        assert decoded(payload, "Subject") == title
        assert parsed(payload)["Subject"] == title
    for word in re.findall(rb"=\?[^?]+\?[bq]\?[^?]*\?=", payload.split(b"\r\n\r\n")[0]):
        assert len(word) <= 75


@given(title=st.sampled_from(HOSTILE) | st.text(max_size=300), summary=st.sampled_from(HOSTILE) | st.text())
@settings(max_examples=150, deadline=None)
def test_hostile_text_never_breaks_or_enters_a_message(
    make_alert: MakeAlert,
    make_topic: Callable[..., Topic],
    identity: SenderIdentity,
    title: str,
    summary: str,
) -> None:
    words = (Span(field="title", start=0, end=len(title), text=title),)
    alert = make_alert(
        title=title,
        summary=summary,
        source=summary,
        spans=words,
        reader_name=title,
        reason=title,
        topics=(make_topic(name=title),),
    )
    payload = EMAIL.render(alert, identity)
    assert payload.isascii()
    assert max(len(line) for line in payload.split(b"\r\n")) <= 998
    assert b"\n" not in payload.replace(b"\r\n", b"")
    message = parsed(payload)
    plain = EMAIL.render(make_alert(), identity)
    assert message.keys() == parsed(plain).keys()
    assert len(message.get_all("Subject", [])) == 1
    subject = decoded(payload, "Subject")
    assert subject
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]", subject)
    page = Page(body(payload, "html"))
    assert not page.tags & {"script", "img", "iframe", "object", "link", "form", "svg", "video", "base"}
    assert page.loads == []
    assert body(payload, "plain")


def test_an_encoded_word_in_a_headline_is_shown_and_not_decoded(
    make_alert: MakeAlert, identity: SenderIdentity
) -> None:
    title = "=?utf-8?q?Official_warning?="
    assert decoded(EMAIL.render(make_alert(title=title), identity), "Subject") == title


def test_headers_name_the_alert_its_thread_and_its_list(
    make_alert: MakeAlert, identity: SenderIdentity
) -> None:
    message = parsed(EMAIL.render(make_alert(), identity))
    assert message["Message-ID"] == "<01JNGW4Z6Q8YB3@news.example>"
    assert message["References"] == message["In-Reply-To"] == "<s.st-51.desk-tariffs@news.example>"
    assert message["List-Id"] == '"desk-tariffs" <desk-tariffs.border-desk.news.example>'
    assert message["Date"] == "Tue, 04 Mar 2025 14:05:06 +0000"
    assert message["From"].addresses[0].addr_spec == "alerts@news.example"
    assert message["From"].addresses[0].display_name == "Border desk"
    assert message["To"] == "reader@mail.example"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Precedence"] == "list"
    assert message["X-Auto-Response-Suppress"] == "OOF, AutoReply"
    assert message["Content-Language"] == "en"
    assert message["List-Unsubscribe"] == "<mailto:desk@news.example?subject=unsubscribe%20desk-tariffs>"
    assert message["X-Monitor-Reason"] == "first report of this story"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]


def test_ids_stay_well_formed_whatever_the_names_hold(
    make_alert: MakeAlert, identity: SenderIdentity
) -> None:
    odd = replace(identity, mail_domain="news.example>", mail_from="Frontera «ñ» <alerts@news.example>")
    message = parsed(EMAIL.render(make_alert(reason=""), odd))
    assert message["Message-ID"] == "<01JNGW4Z6Q8YB3@news.example>"
    assert message["From"].addresses[0].display_name == "Frontera «ñ»"
    assert message["X-Monitor-Reason"] == "-"


def test_the_same_alert_gives_the_same_bytes(make_alert: MakeAlert, identity: SenderIdentity) -> None:
    assert EMAIL.render(make_alert(), identity) == EMAIL.render(make_alert(), identity)


def test_the_subject_is_the_storys_frozen_headline(make_alert: MakeAlert, identity: SenderIdentity) -> None:
    alert = make_alert(title="A later report", story_title="El primer titular, año nuevo", spans=())
    payload = EMAIL.render(alert, identity)
    assert decoded(payload, "Subject") == "El primer titular, año nuevo"
    assert "A later report" in body(payload, "plain")


def test_the_text_says_what_happened_and_why(make_alert: MakeAlert, identity: SenderIdentity) -> None:
    text = body(EMAIL.render(make_alert(), identity), "plain").replace("\r\n", "\n")
    assert text.startswith(
        "México responderá a los aranceles con un plan propio, dice la presidenta\n"
        "El Diario del Norte · published 4 March 2025, 13:05 UTC · in Spanish\n"
        "https://news.example/a/1?x=1&y=2\n\n"
        "El anuncio llegó después de una llamada sobre el T-MEC y la migración.\n\n"
        "You get this because the topic “Tariffs” matched “aranceles”.\n"
    )
    assert "\n-- \nBorder desk wrote this to Ana Núñez for the subscription “desk-tariffs”.\n" in text
    assert "To change or stop these alerts: desk@news.example\n" in text


def test_spanish_readers_are_written_to_in_spanish(
    make_alert: MakeAlert, make_topic: Callable[..., Topic], identity: SenderIdentity
) -> None:
    title = "Aranceles e inmigración"
    spans = (
        Span(field="title", start=0, end=9, text="Aranceles"),
        Span(field="title", start=12, end=23, text="inmigración"),
    )
    alert = make_alert(
        reader="es-MX", title=title, spans=spans, topics=(make_topic(name="Comercio", urgent=True),)
    )
    payload = EMAIL.render(alert, identity)
    text = body(payload, "plain")
    assert "URGENTE: Aranceles e inmigración" in text
    assert "publicado el 4 de marzo de 2025, 13:05 UTC · en español" in " ".join(text.split())
    assert "Recibe este aviso porque el tema «Comercio» coincidió con «Aranceles» e" in text
    assert parsed(payload)["Content-Language"] == "es"
    assert '<html lang="es">' in body(payload, "html")


def test_matched_words_are_marked_in_the_page(
    make_alert: MakeAlert, make_span: Callable[..., Span], identity: SenderIdentity
) -> None:
    title, summary = "Nuevos aranceles & cuotas", "Suben 25 % los aranceles del acero"
    spans = (make_span(title, "aranceles"), make_span(summary, "aranceles del acero", field="summary"))
    html = body(EMAIL.render(make_alert(title=title, summary=summary, spans=spans), identity), "html")
    assert Page(html).marks == ["aranceles", "aranceles del acero", "aranceles", "aranceles del acero"]
    assert "Nuevos <mark" in html
    assert "</mark> &amp; cuotas" in html
    assert 'name="color-scheme" content="light dark"' in html


def test_an_item_that_two_topics_found_is_told_once(
    make_alert: MakeAlert, make_topic: Callable[..., Topic], identity: SenderIdentity
) -> None:
    alert = make_alert(topics=(make_topic(), make_topic("trade", "Trade")))
    text = " ".join(body(EMAIL.render(alert, identity), "plain").split())
    assert text.count("México responderá") == 1
    assert "the topic “Tariffs” matched “aranceles”; the topic “Trade” matched “aranceles”." in text


def test_a_long_story_is_counted_beyond_a_dozen(make_alert: MakeAlert, identity: SenderIdentity) -> None:
    text = body(EMAIL.render(make_alert(items=15), identity), "plain")
    assert text.count("México responderá") == 12
    assert "3 more reports of this story are not shown here." in text


@pytest.mark.parametrize(
    "link",
    ["javascript:alert(1)", "data:text/html,x", "https://", "//x.example", "https://x.example/a b", None],
)
def test_only_http_links_become_links(
    make_alert: MakeAlert, identity: SenderIdentity, link: str | None
) -> None:
    html = body(EMAIL.render(make_alert(link=link), identity), "html")
    assert Page(html).links == []


def test_a_word_found_only_in_the_body_is_shown_from_there(
    make_alert: MakeAlert, make_span: Callable[..., Span], identity: SenderIdentity
) -> None:
    text = "relleno " * 200 + "el decomiso de fentanilo en Otay " + "relleno " * 200
    alert = make_alert(body=text, spans=(make_span(text, "fentanilo", field="body"),))
    shown = " ".join(body(EMAIL.render(alert, identity), "plain").split())
    assert "el decomiso de fentanilo en Otay" in shown
    assert "El anuncio llegó" not in shown


@pytest.mark.parametrize(
    ("address", "result"),
    [
        ("ana@mail.example", "ana@mail.example"),
        (" ana+news@mail.example ", "ana+news@mail.example"),
        ("ana@correo-español.example", "ana@xn--correo-espaol-skb.example"),
    ],
)
def test_addresses_are_carried_in_ascii(address: str, result: str) -> None:
    assert ascii_address(address) == result


@pytest.mark.parametrize(
    "address",
    ["", "nobody", "a@b@c", "a b@c.example", "núñez@x.example", "a@x.example\r\nRCPT", "a@" + "ñ" * 80],
)
async def test_a_bad_address_renders_and_is_then_refused(
    make_alert: MakeAlert,
    make_delivery: Callable[..., Delivery],
    make_tools: Callable[..., SendTools],
    identity: SenderIdentity,
    attempt: Attempt,
    address: str,
) -> None:
    from monitor.deliver import SmtpOptions

    payload = EMAIL.render(make_alert(address=address), identity)
    assert len(parsed(payload).keys()) == len(parsed(EMAIL.render(make_alert(), identity)).keys())
    tools = make_tools(smtp=SmtpOptions(host="127.0.0.1", port=1, tls="none"))
    delivery = make_delivery(payload, kind=ChannelKind.EMAIL, address=address)
    assert (await EMAIL.send(delivery, attempt, tools)).outcome is SendOutcome.REFUSED


async def test_without_a_relay_the_delivery_waits(
    make_delivery: Callable[..., Delivery], make_tools: Callable[..., Any], attempt: Attempt
) -> None:
    result = await EMAIL.send(
        make_delivery(b"", kind=ChannelKind.EMAIL, address="a@b.example"), attempt, make_tools()
    )
    assert result.outcome is SendOutcome.RETRY
    assert "no mail relay" in result.reason
