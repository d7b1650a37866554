from dataclasses import fields
from datetime import UTC, datetime

import pytest

from monitor.deliver.notice_wording import ENGLISH, SPANISH, NoticePhrases, endpoint_notice
from monitor.model import NoticeKind

SINCE = datetime(2026, 3, 8, 9, 5, tzinfo=UTC)
TOLD = (NoticeKind.DEGRADED, NoticeKind.DISABLED, NoticeKind.RECOVERED)


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("kind", TOLD)
@pytest.mark.parametrize("name", ["newsroom-hook", ""])
def test_a_notice_says_what_since_when_and_why(kind: NoticeKind, language: str, name: str) -> None:
    text = endpoint_notice(kind, language=language, name=name, reason="answered 503", since=SINCE, waiting=7)
    whole = " ".join((text.title, *text.lines))
    assert "{" not in whole
    assert name in text.title
    assert ("answered 503" in whole) is (kind is not NoticeKind.RECOVERED)
    assert ("2026-03-08 09:05 UTC" in whole) is (kind is not NoticeKind.DISABLED)
    assert ("7 " in whole) is (kind is NoticeKind.DEGRADED)


def test_a_channel_that_was_switched_off_comes_with_the_command_that_switches_it_on() -> None:
    text = endpoint_notice(NoticeKind.DISABLED, language="es", name="hook", reason="410", since=SINCE)
    assert text.title == "El canal hook se ha desactivado"
    assert text.lines[-1].endswith("monitor channels enable hook")


def test_one_waiting_alert_is_said_as_one_and_none_not_at_all() -> None:
    def lines(waiting: int) -> tuple[str, ...]:
        text = endpoint_notice(
            NoticeKind.DEGRADED, language="en", name="h", reason="", since=SINCE, waiting=waiting
        )
        return text.lines

    assert lines(1)[-1] == "One alert is waiting."
    assert len(lines(0)) == len(lines(1)) - 1


def test_what_a_receiver_says_stays_on_one_line_and_short() -> None:
    text = endpoint_notice(
        NoticeKind.DISABLED, language="en", name="h", reason="a\r\nb {name} " + "x" * 999, since=SINCE
    )
    (said,) = (line for line in text.lines if line.startswith("The reason: "))
    assert said.startswith("The reason: a b {name} x")
    assert len(said) < 330


def test_both_languages_say_the_same_things() -> None:
    for phrases in (ENGLISH, SPANISH):
        assert set(phrases.titles) == set(phrases.lines) == set(TOLD)
    assert {kind: len(lines) for kind, lines in ENGLISH.lines.items()} == {
        kind: len(lines) for kind, lines in SPANISH.lines.items()
    }
    assert all(getattr(SPANISH, field.name) for field in fields(NoticePhrases))
