"""The program's log lines."""

import io
import json
import logging
import re
from collections.abc import Iterator

import pytest
import structlog

from monitor.logs import configure_logs


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def fail_with(address: str) -> None:
    raise ValueError(f"no way to an address of {len(address)} letters")


@pytest.mark.parametrize("style", ["console", "json", "logfmt"])
def test_a_traceback_shows_no_local_variables(style: str) -> None:
    """A webhook's address is its password, and stands in local variables of the code that failed."""
    out = Terminal()
    configure_logs(style=style, stream=out)
    try:
        fail_with("https://hooks.example/" + "s3cret" * 2)
    except ValueError:
        structlog.get_logger().exception("delivery.fault")
    assert "no way to an address" in out.getvalue()
    assert "s3crets3cret" not in out.getvalue()


def test_on_a_terminal_it_writes_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOURNAL_STREAM", "8:1")
    out = Terminal()
    configure_logs(stream=out)
    structlog.get_logger().info("feed.polled", feed="gazette")
    assert "feed.polled" in out.getvalue()
    assert "\x1b[" in out.getvalue()


def test_under_the_journal_it_writes_logfmt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOURNAL_STREAM", "8:1")
    out = io.StringIO()
    configure_logs(stream=out)
    structlog.get_logger().info("feed.polled", feed="gazette", baseline=False, reason="two words")
    assert re.fullmatch(
        r'timestamp=\S+Z level=info event=feed\.polled feed=gazette baseline=false reason="two words"\n',
        out.getvalue(),
    )


def test_elsewhere_it_writes_one_json_object_a_line_whatever_the_values_hold(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("JOURNAL_STREAM", raising=False)
    out = io.StringIO()
    configure_logs(stream=out)
    structlog.get_logger().info("item.matched", title='"¡Fuga!"\nnew line \x1b[31m', words=["ñ"])
    (line,) = out.getvalue().splitlines()
    said = json.loads(line)
    assert (said["event"], said["level"], said["words"]) == ("item.matched", "info", ["ñ"])
    assert "ñ" in line
    assert "\x1b" not in line


@pytest.mark.parametrize("style", ["console", "logfmt"])
def test_a_feeds_title_cannot_write_lines_or_steer_the_terminal(style: str) -> None:
    out = io.StringIO()
    configure_logs(style=style, stream=out)
    structlog.get_logger().info("item.matched", title="first\nlevel=error event=daemon.stopped \x1b[2J")
    assert len(out.getvalue().splitlines()) == 1
    assert "\x1b[2J" not in out.getvalue()


def test_the_level_holds_back_what_is_below_it() -> None:
    out = io.StringIO()
    configure_logs(level="warning", style="json", stream=out)
    structlog.get_logger().info("feed.polled")
    structlog.get_logger().warning("config.kept")
    assert [json.loads(line)["event"] for line in out.getvalue().splitlines()] == ["config.kept"]


def test_libraries_are_heard_from_warnings_upwards_in_the_same_form() -> None:
    """At `debug`, too: httpx names every URL it asks for, and a webhook's is a secret."""
    out = io.StringIO()
    configure_logs(level="debug", style="json", stream=out)
    logging.getLogger("httpx").info("HTTP Request: POST https://hooks.example/s3cret")
    logging.getLogger("asyncio").warning("slow callback")
    (line,) = out.getvalue().splitlines()
    said = json.loads(line)
    assert (said["event"], said["logger"], said["level"]) == ("slow callback", "asyncio", "warning")


def test_a_fault_is_told_with_its_traceback_inside_the_line() -> None:
    out = io.StringIO()
    configure_logs(style="json", stream=out)
    try:
        fail_with("x")
    except ValueError:
        structlog.get_logger().exception("stage.failed", stage="poll")
    (line,) = out.getvalue().splitlines()
    assert "ValueError: no way to an address" in json.loads(line)["exception"]
