import io
from collections.abc import Callable
from dataclasses import replace

import pytest

from monitor.deliver import SENDERS, SenderIdentity, SendTools
from monitor.model import Alert, Attempt, ChannelKind, Delivery, SendOutcome, Topic

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
