"""What chats are told: short, readable, harmless, and bounded whatever a feed writes."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.deliver.chat.text import BODY_LIMIT, TITLE_LIMIT, ChatText, alert_text, notice_text
from monitor.model import Alert, AlertKind, Notice, Surge, Topic
from tests.deliver.events import event


def alert(name: str, *, language: str = "en") -> Alert:
    made = event(name)
    assert isinstance(made, Alert)
    subscriber = replace(made.subscription.subscriber, language=language)
    return replace(made, subscription=replace(made.subscription, subscriber=subscriber))


def test_a_first_report_is_headline_line_link_and_why() -> None:
    assert alert_text(alert("alert.created")) == ChatText(
        title="México responderá a los aranceles con un plan propio, dice la presidenta",
        body="El Diario del Norte · published 4 March 2025, 13:05 UTC · in Spanish\n"
        "https://news.example/a/1?x=1&y=2\n"
        "You get this because the topic “Tariffs” matched “aranceles”.",
    )


def test_a_follow_up_says_what_is_new_and_which_item_says_it() -> None:
    text = alert_text(alert("story.updated"))
    assert text.title.startswith("Update: México responderá")
    lines = text.body.splitlines()
    assert lines[0] == "New: Canadá; first report in English."
    assert lines[1] == "Aranceles: Canadá se suma a la respuesta"
    assert lines[3] == "https://news.example/1"


def test_a_digest_lists_its_stories_by_topic_in_the_readers_language() -> None:
    text = alert_text(alert("digest.ready", language="es"))
    assert text.title == "Resumen: 2 noticias"
    assert text.body.splitlines() == [
        "This digest is 40 minutes late: the service was down.",
        "Crossings",
        "• Dos puentes cerrados por la caravana en Ciudad Juárez",
        "https://news.example/3",
        "Tariffs",
        "• Plant closes as tariffs bite, 400 jobs go (7 medios)",
        "https://news.example/1",
        "Esperaron: se habían agotado los avisos del día: 1; antigua: publicada mucho antes de encontrarla: 1.",
        "37 de 38 fuentes funcionan; El Mañana: silent 19 h, expected at least every 4 h; 1 hueco.",
    ]


def test_what_waited_is_told_as_such() -> None:
    assert alert_text(alert("bundle.ready")).title == "Waited until now: 2 stories"


def test_a_surge_is_told_by_its_numbers(make_surge: Callable[..., Surge]) -> None:
    text = alert_text(alert("surge.detected"))
    assert text.title.startswith("Surge: Tariffs: 9 in 6 h")
    assert "many more new stories than usual" in text.body


def test_urgent_ones_say_so(make_topic: Callable[..., Topic]) -> None:
    made = alert("alert.created")
    urgent = replace(made, hits=(replace(made.hits[0], topic=make_topic(urgent=True)),))
    assert alert_text(urgent).title.startswith("[URGENT] México")


def test_a_long_digest_counts_what_it_does_not_show() -> None:
    digest = alert("digest.ready")
    entry = digest.hits[0]
    assert entry.story is not None
    many = replace(
        digest,
        hits=tuple(
            replace(entry, story=replace(entry.story, uid=f"s{n}", title=f"Story {n}")) for n in range(80)
        ),
    )
    text = alert_text(many)
    shown = [line for line in text.body.splitlines() if line.startswith("• ")]
    assert text.title == "Digest: 80 stories"
    assert len(shown) > 5
    assert f"{80 - len(shown)} more not shown here" in text.body
    assert text.body.splitlines()[-1].startswith("37 of 38 feeds healthy")


def test_a_notice_is_its_lines_and_its_link() -> None:
    notice = event("endpoint.degraded")
    assert isinstance(notice, Notice)
    assert notice_text(notice) == ChatText(
        title="The channel desk-mail is failing",
        body="It has taken nothing since 3 March, 14:00 UTC.\nhttps://news.example/channels/desk-mail",
    )


@pytest.mark.parametrize(
    "call", ["@everyone", "@here", "<!channel>", "<@U012ABC>", "<https://evil.example|news>"]
)
def test_a_headline_calls_nobody_and_hides_no_link(make_alert: Callable[..., Alert], call: str) -> None:
    text = alert_text(make_alert(title=f"{call} look", summary="", spans=(), source=call))
    for part in (text.title, text.body):
        assert call not in part
        assert "@e" not in part
        assert "<" not in part


HOSTILE = st.text(max_size=400) | st.sampled_from(
    ["x" * 9000, "a\r\nb", "\x00", "\ud800", "@everyone" * 99, "😀" * 3000]
)


@settings(max_examples=80, deadline=None)
@given(
    title=HOSTILE,
    other=HOSTILE,
    link=st.none() | st.text(max_size=30) | st.just("https://x.example/" + "a" * 1500),
    kind=st.sampled_from([AlertKind.FIRST, AlertKind.FOLLOW_UP, AlertKind.BUNDLE, AlertKind.DIGEST]),
    items=st.integers(1, 9),
    language=st.sampled_from(["en", "es"]),
)
def test_any_alert_is_short_and_survives_the_outbox(
    make_alert: Callable[..., Alert],
    *,
    title: str,
    other: str,
    link: str | None,
    kind: AlertKind,
    items: int,
    language: str,
) -> None:
    made = make_alert(
        title=title, summary=other, source=other, link=link, items=items, spans=(), reader=language
    )
    lines = (other, title)
    text = alert_text(replace(made, kind=kind, notes=lines, news=lines))
    assert ChatText.from_bytes(text.to_bytes()) == text
    assert text.title
    assert len(text.title) <= TITLE_LIMIT
    assert len(text.body) <= BODY_LIMIT
    assert "\n" not in text.title
    assert "@everyone" not in text.title + text.body
    (text.title + text.body).encode()
