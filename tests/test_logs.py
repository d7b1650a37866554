"""The program's log lines."""

import io
import logging
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
