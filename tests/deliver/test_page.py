"""What a reader sees: each kind of mail in both renderings and both languages."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser

import pytest

from monitor.deliver.links import Link, LinkKind, read_token
from monitor.deliver.mail.email import EmailSender
from monitor.deliver.mail.page import HTML_LIMIT, render_text
from monitor.deliver.sender import SenderIdentity
from monitor.model import Alert, AlertKind, FeedHealth, HoldCause, Notice, NoticeKind, Priority
from tests.deliver.news_mails import NOW, body, digest_of, entry, for_reader, story, topic

MakeAlert = Callable[..., Alert]
EMAIL = EmailSender()
KEY = b"k" * 32


@pytest.fixture(scope="session")
def linked(identity: SenderIdentity) -> SenderIdentity:
    return replace(identity, link_key=KEY, postal="Border desk, 1 Example Street, El Paso")


class Links(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.hrefs: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.hrefs += [value or "" for name, value in attrs if name == "href"]


def text_of(payload: bytes) -> str:
    return " ".join(body(payload, "plain").split())


def words_of(payload: bytes) -> str:
    """Return what a page says, without its tags."""
    html = body(payload, "html")
    return " ".join(re.sub(r"<[^>]+>", " ", html[html.index("<body") :]).split())


def said_links(found: list[str]) -> set[Link]:
    tokens = [href.rpartition("/u/")[2] for href in found if "/u/" in href]
    read = [read_token(KEY, each) for each in tokens]
    assert all(read)
    return {each for each in read if each}


def sample(base: Alert) -> Alert:
    """Return a digest of four stories in three topics."""
    cartels, tariffs = topic("cartels", priority=Priority.URGENT), topic("tariffs")
    shooting = story(1, outlets=8, independent=3)
    return digest_of(
        base,
        entry(tariffs, story(2, title="Suben los aranceles"), word="aranceles"),
        entry(cartels, shooting, title="Balacera en Culiacán", word="Balacera", source="El Mañana",
              cause=HoldCause.QUIET, note="came in quiet hours"),
        entry(cartels, shooting, number=11, source="Reforma"),
        entry(tariffs, story(3, title="Acero"), hours=90, cause=HoldCause.OLD, note="old"),
        entry(topic("wall"), story(4, title="El muro"), cause=HoldCause.CADENCE, note="on schedule"),
        held=((HoldCause.QUIET, 1), (HoldCause.OLD, 1), (HoldCause.CADENCE, 2)),
        health=FeedHealth(feeds=38, healthy=37, silent=("El Mañana silent 19 h, expected < 4 h",), gaps=1),
        notes=("This digest is late.",),
    )  # fmt: skip


def test_a_follow_up_begins_with_what_is_new_since_the_reader_was_told(
    make_alert: MakeAlert, identity: SenderIdentity
) -> None:
    alert = for_reader(
        replace(
            make_alert(),
            kind=AlertKind.FOLLOW_UP,
            thread=1,
            since=make_alert().created_at - timedelta(hours=1),
            news=("25% tariff (was 10%)",),
        ),
        zone="America/Tijuana",
    )
    payload = EMAIL.render(alert, identity)
    assert body(payload, "plain").startswith("New since 05:05 PST: 25% tariff (was 10%)\n\nMéxico responderá")
    assert words_of(payload).startswith("Tariffs New since 05:05 PST: 25% tariff (was 10%) México")
    spanish = for_reader(replace(alert, news=("uno", "dos")), language="es")
    assert body(EMAIL.render(spanish, identity), "plain").startswith(
        "Nuevo desde 05:05 PST:\n- uno\n- dos\n\nMéxico"
    )


def test_a_bundle_of_several_stories_says_what_waited_and_why(
    make_alert: MakeAlert, identity: SenderIdentity
) -> None:
    bundle = replace(sample(make_alert()), kind=AlertKind.BUNDLE, since=None, health=None, news=("3 dead",))
    for said in (text_of(EMAIL.render(bundle, identity)), words_of(EMAIL.render(bundle, identity))):
        assert said.startswith("4 stories in 3 topics waited for this mail.")
        assert "New: 3 dead" in said
        assert "Held back until now: 1 × came in quiet hours; 1 × old" in said
        assert "came in quiet hours" in said[said.index("Balacera") :]


def test_a_digest_is_summed_up_on_top_and_laid_out_below(
    make_alert: MakeAlert, linked: SenderIdentity
) -> None:
    digest = for_reader(sample(make_alert()), zone="America/Tijuana")
    payload = EMAIL.render(digest, linked)
    for said in (text_of(payload), words_of(payload)):
        assert said.startswith(
            "4 stories in 3 topics, 3 March 2025, 06:05 – 4 March 2025, 06:05 PST This digest is late."
        )
        assert "37 of 38 feeds healthy; El Mañana silent 19 h, expected" in said
        assert "4 h; 1 gap." in said
        order = [said.index(each) for each in ("Cartels", "Balacera", "Tariffs", "Suben", "Acero", "El muro")]
        assert order == sorted(order)
        assert "in Spanish · also in 7 outlets (3 independent)" in said
        assert "on schedule" not in said
        assert "Reforma" in said
        assert "Times are those of America/Tijuana." in said
    html = body(payload, "html")
    assert "<mark>Balacera</mark> en Culiacán" in html
    assert "<i>came in quiet hours</i>" in html
    assert '<div class="row" lang="es" dir="auto">' in html


def test_a_digest_in_spanish_has_no_english_of_ours(make_alert: MakeAlert, linked: SenderIdentity) -> None:
    digest = for_reader(replace(sample(make_alert()), notes=()), language="es")
    said = words_of(EMAIL.render(digest, linked))
    assert "4 noticias en 3 temas, 3 de marzo de 2025, 14:05 – 4 de marzo de 2025, 14:05 UTC" in said
    assert "en español · también en 7 medios (3 independientes)" in said
    assert "37 de 38 fuentes en orden" in said
    assert "1 laguna" in said
    assert "Retenidas hasta ahora: 1 × llegó en horas de silencio" in said
    assert "Darse de baja de todo" in said
    for english in ("stories", "outlets", "Snooze", "Mute", "Unsubscribe", "feeds", "published"):
        assert english not in said


def test_a_mail_about_one_story_offers_everything_a_reader_can_do(
    make_alert: MakeAlert, linked: SenderIdentity
) -> None:
    payload = EMAIL.render(make_alert(), linked)
    offered = {
        Link(kind=LinkKind.MUTE_STORY, subject="ana", object="st-51"),
        Link(kind=LinkKind.SNOOZE_TOPIC, subject="ana", object="tariffs"),
        Link(kind=LinkKind.PAUSE, subject="ana"),
        Link(kind=LinkKind.PREFERENCES, subject="ana"),
        Link(kind=LinkKind.UNSUBSCRIBE, subject="desk-tariffs", object="tariffs"),
        Link(kind=LinkKind.UNSUBSCRIBE, subject="desk-tariffs"),
        Link(kind=LinkKind.UNSUBSCRIBE_ALL, subject="ana"),
    }
    assert said_links(Links(body(payload, "html")).hrefs) == offered
    assert said_links(re.findall(r"https://\S+", body(payload, "plain"))) == offered
    for said in (text_of(payload), words_of(payload)):
        assert "Border desk wrote this to Ana Núñez for the subscription “desk-tariffs”." in said
        assert "Border desk, 1 Example Street, El Paso" in said
        assert "Questions: desk@news.example" in said


def test_a_digest_offers_to_mute_each_story_and_to_snooze_each_topic(
    make_alert: MakeAlert, linked: SenderIdentity
) -> None:
    payload = EMAIL.render(sample(make_alert()), linked)
    for found in (Links(body(payload, "html")).hrefs, re.findall(r"https://\S+", body(payload, "plain"))):
        offered = said_links(found)
        assert {each.object for each in offered if each.kind is LinkKind.MUTE_STORY} == {
            f"st-{number}" for number in range(1, 5)
        }
        assert {each.object for each in offered if each.kind is LinkKind.SNOOZE_TOPIC} == {
            "cartels",
            "tariffs",
            "wall",
        }


def test_without_an_address_of_ours_there_is_a_contact_and_no_link(
    make_alert: MakeAlert, linked: SenderIdentity
) -> None:
    payload = EMAIL.render(sample(make_alert()), replace(linked, base_url=""))
    assert "/u/" not in body(payload, "html") + body(payload, "plain")
    assert "To change or stop these alerts: desk@news.example" in text_of(payload)
    assert "To change or stop these alerts: desk@news.example" in words_of(payload)


def test_fifty_stories_are_shown_and_the_rest_is_counted(
    make_alert: MakeAlert, linked: SenderIdentity
) -> None:
    tariffs, wall = topic("tariffs"), topic("wall", priority=Priority.LOW)
    hits = [entry(tariffs, story(number)) for number in range(1, 58)] + [entry(wall, story(99))]
    payload = EMAIL.render(digest_of(make_alert(), *hits), linked)
    text = text_of(payload)
    assert text.startswith("58 stories in 2 topics")
    assert " 50. Story" in text
    assert " 51. Story" not in text
    assert "7 more stories of this topic are not shown." in text
    assert "Not shown: Wall (1 story)." in text
    assert len(body(payload, "html").encode()) < HTML_LIMIT


def test_however_long_its_links_a_page_stays_under_the_size_that_programs_cut_at(
    make_alert: MakeAlert, linked: SenderIdentity
) -> None:
    about = topic("tariffs")
    hits = [
        entry(about, story(n, title="ñ" * 300), number=n * 10 + item, summary="ñ" * 1000,
              source=f"Outlet {item}", link=f"https://n.example/{item}/" + "x" * 1900)
        for n in range(1, 60) for item in range(5)
    ]  # fmt: skip
    payload = EMAIL.render(digest_of(make_alert(), *hits), linked)
    assert len(body(payload, "html").encode()) <= HTML_LIMIT
    assert text_of(payload).startswith("59 stories in 1 topic")
    assert "more stories of this topic are not shown." in text_of(payload)


def test_a_story_in_which_nothing_shown_is_marked_names_its_words(
    make_alert: MakeAlert, identity: SenderIdentity
) -> None:
    found = entry(topic("tariffs"), story(1, title="Acero"), word="Acero")
    span = replace(found.hit.spans[0], field="body", text="arancel")
    hit = replace(found.hit, spans=(span,), item=replace(
        found.hit.item, text=replace(found.hit.item.text, body="", summary="")))  # fmt: skip
    digest = digest_of(make_alert(), replace(found, hit=hit))
    assert "matched “arancel”" in text_of(EMAIL.render(digest, identity))


def test_text_is_wrapped_and_leaves_addresses_whole(make_alert: MakeAlert, linked: SenderIdentity) -> None:
    for alert in (make_alert(), sample(make_alert())):
        lines = render_text(alert, linked).split("\n")
        assert all(len(line) <= 78 or "https://" in line for line in lines)
        assert "\n\n\n" not in "\n".join(lines)


def test_a_notice_is_a_page_and_a_text(make_alert: MakeAlert, linked: SenderIdentity) -> None:
    notice = Notice(
        uid="n-1",
        kind=NoticeKind.CONFIRM,
        channel=make_alert().subscription.channel,
        title="Confirm <b>your</b> address",
        lines=("Somebody asked for alerts to this address.", "It was <script>alert(1)</script>."),
        link="https://news.example/u/abc",
        created_at=NOW,
    )
    payload = EMAIL.render_notice(notice, linked)
    assert body(payload, "plain").startswith(
        "Somebody asked for alerts to this address.\n\n"
        "It was <script>alert(1)</script>.\n\nhttps://news.example/u/abc\n\n-- \n"
    )
    html = body(payload, "html")
    assert '<h1 dir="auto">Confirm &lt;b&gt;your&lt;/b&gt; address</h1>' in html
    assert "<script" not in html
    assert Links(html).hrefs == ["https://news.example/u/abc"]
    refused = EMAIL.render_notice(replace(notice, link="javascript:alert(1)"), linked)
    assert "javascript:" not in body(refused, "html") + body(refused, "plain")


@pytest.mark.parametrize("kind", list(AlertKind))
def test_every_kind_renders_in_both_languages_within_bounds(
    make_alert: MakeAlert, linked: SenderIdentity, kind: AlertKind
) -> None:
    for language in ("en", "es"):
        alert = for_reader(
            replace(sample(make_alert()), kind=kind), language=language, zone="America/Matamoros"
        )
        payload = EMAIL.render(alert, linked)
        html = body(payload, "html")
        assert html.startswith(f'<!doctype html>\n<html lang="{language}">')
        assert '<meta name="color-scheme" content="light dark">' in html
        assert "@media (prefers-color-scheme: dark)" in html
        assert not re.search(r"<(img|script|link|iframe|form|input|object)|url\(|src=|@import", html)
        assert len(html.encode()) < 100_000
        assert max(len(line) for line in payload.split(b"\r\n")) <= 998
        assert EMAIL.render(alert, linked) == payload
