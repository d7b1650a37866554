import io
from collections.abc import Callable
from dataclasses import replace

import pytest

from monitor.deliver import SENDERS, SenderIdentity, SendTools
from monitor.model import Alert, Attempt, ChannelKind, Delivery, Notice, SendOutcome, Topic
from tests.deliver.events import EVENTS, event

CONSOLE = SENDERS[ChannelKind.CONSOLE]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Full(io.StringIO):
    def write(self, text: str, /) -> int:
        raise OSError(28, "No space left on device")


@pytest.fixture
def payload(
    make_alert: Callable[..., Alert], make_topic: Callable[..., Topic], identity: SenderIdentity
) -> bytes:
    return CONSOLE.render(make_alert(topics=(make_topic(urgent=True),), items=2), identity)


def test_an_alert_reads_well(payload: bytes) -> None:
    block = (
        "[URGENT] México responderá a los aranceles con un plan propio, dice la presidenta\n"
        "  El Diario del Norte · published 4 March 2025, 13:05 UTC · in Spanish\n"
        "  El anuncio llegó después de una llamada sobre el T-MEC y la migración.\n"
        "  https://news.example/a/1?x=1&y=2\n"
        "  You get this because the topic “Tariffs” matched “aranceles”.\n"
        "  [Tariffs]\n"
    )
    assert payload.decode() == f"{block}\n{block}\n"


def test_the_first_item_says_how_many_outlets_tell_the_story_and_how_many_on_their_own(
    make_alert: Callable[..., Alert], make_topic: Callable[..., Topic], identity: SenderIdentity
) -> None:
    alert = make_alert(topics=(make_topic(),), items=2)
    wide = replace(alert, story=replace(alert.story, items=11, outlets=9, independent=2))
    said = [line for line in CONSOLE.render(wide, identity).decode().splitlines() if "published" in line]
    assert [line.endswith(" · in Spanish · 9 outlets, 2 independent") for line in said] == [True, False]


async def test_a_file_gets_plain_text_and_a_terminal_bold_headlines(
    payload: bytes,
    make_delivery: Callable[..., Delivery],
    make_tools: Callable[..., SendTools],
    attempt: Attempt,
) -> None:
    delivery = make_delivery(payload, kind=ChannelKind.CONSOLE)
    plain, terminal = io.StringIO(), Terminal()
    for stream in (plain, terminal):
        result = await CONSOLE.send(delivery, attempt, make_tools(console=stream))
        assert result.outcome is SendOutcome.ACCEPTED
    assert plain.getvalue() == payload.decode()
    assert terminal.getvalue().count("\x1b[1m[URGENT] México") == 2
    assert terminal.getvalue().replace("\x1b[1m", "").replace("\x1b[0m", "") == payload.decode()


async def test_an_ascii_stream_gets_question_marks_instead_of_an_error(
    payload: bytes,
    make_delivery: Callable[..., Delivery],
    make_tools: Callable[..., SendTools],
    attempt: Attempt,
) -> None:
    raw = io.BytesIO()
    with io.TextIOWrapper(raw, encoding="ascii") as stream:
        await CONSOLE.send(make_delivery(payload), attempt, make_tools(console=stream))
        assert b"M?xico responder?" in raw.getvalue()


async def test_a_stream_that_cannot_be_written_is_tried_again(
    payload: bytes,
    make_delivery: Callable[..., Delivery],
    make_tools: Callable[..., SendTools],
    attempt: Attempt,
) -> None:
    closed = io.StringIO()
    closed.close()
    for stream in (Full(), closed):
        result = await CONSOLE.send(make_delivery(payload), attempt, make_tools(console=stream))
        assert result.outcome is SendOutcome.RETRY
        assert "cannot write to the console" in result.reason


def test_control_sequences_in_a_headline_do_not_reach_the_terminal(
    make_alert: Callable[..., Alert], identity: SenderIdentity
) -> None:
    shown = CONSOLE.render(make_alert(title="\x1b]0;owned\x07 \x1b[2J\u202e plan", spans=()), identity)
    assert b"\x1b" not in shown
    assert b"\x07" not in shown
    assert "\u202e" not in shown.decode()


def shown(name: str, identity: SenderIdentity, *, language: str = "en") -> str:
    told = event(name)
    if isinstance(told, Notice):
        return CONSOLE.render_notice(told, identity).decode()
    subscriber = replace(told.subscription.subscriber, language=language)
    told = replace(told, subscription=replace(told.subscription, subscriber=subscriber))
    return CONSOLE.render(told, identity).decode()


def test_a_follow_up_says_what_is_new_above_its_items(identity: SenderIdentity) -> None:
    assert shown("story.updated", identity).splitlines()[:6] == [
        "Update: México responderá a los aranceles con un plan propio, dice la presidenta",
        "  New: Canadá; first report in English.",
        "",
        "Aranceles: Canadá se suma a la respuesta",
        "  El Norte · published 4 March 2025, 13:05 UTC · in Spanish",
        "  https://news.example/1",
    ]


def test_a_digest_is_told_by_topic_and_story(identity: SenderIdentity) -> None:
    assert shown("digest.ready", identity) == (
        "Digest: 2 stories\n"
        "  This digest is 40 minutes late: the service was down.\n"
        "\n"
        "Crossings\n"
        "  • Dos puentes cerrados por la caravana en Ciudad Juárez\n"
        "    Border Courier · published 4 March 2025, 13:05 UTC · in Spanish\n"
        "    old: published 3 days before it was found\n"
        "    https://news.example/3\n"
        "\n"
        "Tariffs\n"
        "  • Plant closes as tariffs bite, 400 jobs go\n"
        "    Border Courier · published 4 March 2025, 13:05 UTC · in English · 7 outlets, 2 independent\n"
        "    1 more report; waited for the end of quiet hours\n"
        "    https://news.example/1\n"
        "\n"
        "  Waited: the day's alerts were used up: 1; old: published long before it was found: 1.\n"
        "  37 of 38 feeds healthy; El Mañana: silent 19 h, expected at least every 4 h; 1 gap.\n"
        "\n"
    )


def test_a_digest_speaks_the_readers_language_and_bundles_say_that_they_waited(
    identity: SenderIdentity,
) -> None:
    assert shown("digest.ready", identity, language="es").startswith("Resumen: 2 noticias\n")
    assert shown("bundle.ready", identity).startswith("Waited until now: 2 stories\n")


def test_a_very_large_digest_counts_the_rest(identity: SenderIdentity) -> None:
    digest = event("digest.ready")
    assert isinstance(digest, Alert)
    entry = digest.hits[0]
    assert entry.story is not None
    many = tuple(replace(entry, story=replace(entry.story, uid=f"s{n}")) for n in range(70))
    said = CONSOLE.render(replace(digest, hits=many), identity).decode()
    assert said.count("  • ") == 50
    assert "  20 more not shown here\n" in said


@pytest.mark.parametrize("name", EVENTS)
def test_every_event_is_text_that_ends_with_an_empty_line(name: str, identity: SenderIdentity) -> None:
    said = shown(name, identity)
    assert said.endswith("\n\n")
    assert not said.startswith((" ", "\n"))
    assert max(map(len, said.splitlines())) < 130
