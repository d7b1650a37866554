"""How the program logs: structlog, one line an event, to standard error.

On a terminal readable columns, under journald logfmt, elsewhere JSON. Event names are constant, values are ids
and numbers; callers keep secrets and webhook addresses out.
"""

import logging
import os
import sys
from collections.abc import Callable, Sequence
from typing import TextIO

import structlog
from structlog.typing import EventDict, Processor

_CONTROLS = {code: " " for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\n\t"}
LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


def configure_logs(
    *,
    style: str = "auto",
    level: str = "info",
    stream: TextIO | None = None,
    renderer: Processor | None = None,
) -> None:
    """Set up logging for this process.

    `style` is `auto`, `console`, `logfmt` or `json`; `renderer` replaces the last step (the demonstration's
    timeline does). Standard library loggers of our dependencies are heard from `warning` upwards.
    """
    out = stream or sys.stderr
    structlog.configure(
        processors=[*_common(), *_ending(renderer or _renderer(style, out))],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(out),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_ending(_renderer(style, out)),
            ],
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *_common()],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)


def _common() -> Sequence[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _ending(renderer: Processor) -> Sequence[Processor]:
    if isinstance(renderer, structlog.dev.ConsoleRenderer):
        return [_harmless, renderer]
    return [structlog.processors.format_exc_info, _harmless, renderer]


def _harmless(_: object, __: str, event: EventDict) -> EventDict:
    """Blank control characters: whatever a server answered, a line must not steer the terminal it is read on."""
    return {
        name: value.translate(_CONTROLS) if isinstance(value, str) else value for name, value in event.items()
    }


def _renderer(style: str, out: TextIO) -> Processor:
    if style == "auto":
        style = "console" if out.isatty() else "logfmt" if os.environ.get("JOURNAL_STREAM") else "json"
    makers: dict[str, Callable[[], Processor]] = {
        # Plain tracebacks: where rich is installed the default prints local variables, webhook addresses among them.
        "console": lambda: structlog.dev.ConsoleRenderer(
            colors=out.isatty(), exception_formatter=structlog.dev.plain_traceback
        ),
        "logfmt": lambda: structlog.processors.LogfmtRenderer(
            key_order=["timestamp", "level", "event"], bool_as_flag=False
        ),
        "json": lambda: structlog.processors.JSONRenderer(ensure_ascii=False),
    }
    return makers[style]()
