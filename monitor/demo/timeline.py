"""Turns the daemon's log events into lines that a person can follow: when, what, and about which headline.

It is the last step of structlog's chain (a renderer). It shows the steps of the pipeline and anything that
goes wrong, sums up polls that found nothing new, and drops the rest.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import structlog

_COLUMN = 10
_WORDS = 6
_GREEN, _YELLOW, _RED, _CYAN, _DIM, _PLAIN = (
    "\x1b[32m",
    "\x1b[33m",
    "\x1b[31m",
    "\x1b[36m",
    "\x1b[2m",
    "\x1b[0m",
)
_QUIET = frozenset({"not_modified", "same"})
_QUIET_EVERY = 4.0  # seconds between two sums of quiet polls
_ONLY_IF_BAD = ("warning", "error", "critical")
_NOT_SHOWN = frozenset({"event", "level", "timestamp", "exception", "exc_info"})


class Timeline:
    """A structlog renderer. `titles` maps feed slugs to what people call them; `clock` counts seconds."""

    def __init__(
        self, titles: Mapping[str, str], *, color: bool, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._titles = titles
        self._color = color
        self._clock = clock
        self._start = clock()
        self._headlines: dict[str, str] = {}
        self._quiet = 0
        self._quiet_since = self._start
        self._writers: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
            "feed.polled": self._polled,
            "item.matched": self._matched,
            "alert.created": self._alerted,
            "alert.suppressed": self._suppressed,
            "delivery.done": self._delivered,
            "delivery.retry": self._retried,
            "delivery.dead": self._died,
            "daemon.ready": self._ready,
            "daemon.stopping": lambda _event: self._line("stopping", "the daemon finishes what it has begun"),
        }

    def __call__(self, _logger: object, _method: str, event: Mapping[str, Any]) -> str:
        """Render one event; raises structlog.DropEvent for what is not shown."""
        if event.get("event") == "feed.polled" and event.get("outcome") in _QUIET:
            self._quiet += 1
            if self._clock() - self._quiet_since < _QUIET_EVERY:
                raise structlog.DropEvent
            return self._sum_of_quiet()
        writer = self._writers.get(str(event.get("event")))
        if writer is not None:
            return writer(event)
        if event.get("level") in _ONLY_IF_BAD:
            return self._trouble(event)
        raise structlog.DropEvent

    def note(self, verb: str, text: str) -> str:
        """Write a line of the demonstration's own, in the same columns."""
        return self._line(verb, text)

    def _line(self, verb: str, text: str, color: str = "") -> str:
        seconds = self._clock() - self._start
        label = f"{verb:<{_COLUMN}}"
        if self._color and color:
            label = f"{color}{label}{_PLAIN}"
        return f"+{seconds:5.1f}s  {label} {text}"

    def _sum_of_quiet(self) -> str:
        count, self._quiet, self._quiet_since = self._quiet, 0, self._clock()
        polls = "1 poll" if count == 1 else f"{count} polls"
        return self._line("unchanged", f"{polls} found nothing new", _DIM)

    def _polled(self, event: Mapping[str, Any]) -> str:
        title = self._titles.get(str(event.get("feed")), str(event.get("feed")))
        if event.get("outcome") != "new":
            return self._line("polled", f"{title}: {event.get('reason') or event.get('outcome')}", _YELLOW)
        counts = f"{event.get('new')} new of {event.get('items')}"
        if event.get("baseline"):
            return self._line(
                "polled", f"{title}: {counts}, the first window: kept, and nobody is told", _DIM
            )
        if not event.get("new"):
            counts = str(event.get("reason"))
        return self._line("polled", f"{title}: {counts}", _DIM)

    def _matched(self, event: Mapping[str, Any]) -> str:
        words = _telling([str(word) for word in event.get("words", ())])
        why = {
            "baseline": "  [first window: no alert]",
            "held": "  [held: no alert]",
            "updated": "  [rewritten]",
        }
        note = why.get(str(event.get("reason")), "")
        return self._line("matched", f"{_quoted(event)} → {event.get('topic')} ({words}){note}", _CYAN)

    def _alerted(self, event: Mapping[str, Any]) -> str:
        self._headlines[str(event.get("alert"))] = str(event.get("title"))
        topics = _comma(event.get("topics", ()))
        return self._line("alerted", f"{_quoted(event)} → {event.get('subscription')} ({topics})", _YELLOW)

    def _suppressed(self, event: Mapping[str, Any]) -> str:
        return self._line(
            "kept back", f"{_quoted(event)} → {event.get('subscription')}: {event.get('reason')}"
        )

    def _delivered(self, event: Mapping[str, Any]) -> str:
        return self._line("delivered", self._delivery(event), _GREEN)

    def _retried(self, event: Mapping[str, Any]) -> str:
        return self._line("retry", f"{self._delivery(event)}: {event.get('reason')}", _YELLOW)

    def _died(self, event: Mapping[str, Any]) -> str:
        return self._line("dead", f"{self._delivery(event)}: {event.get('reason')}", _RED)

    def _delivery(self, event: Mapping[str, Any]) -> str:
        headline = _cut(self._headlines.get(str(event.get("alert")), ""), 44)
        status = event.get("status") or "no answer"
        way = f"{event.get('kind')} {event.get('channel')} {status} (attempt {event.get('attempt')})"
        return f"{way}  “{headline}”" if headline else way

    def _ready(self, event: Mapping[str, Any]) -> str:
        return self._line("ready", f"{event.get('topics')} topics; pages at {event.get('web')}", _GREEN)

    def _trouble(self, event: Mapping[str, Any]) -> str:
        details = ", ".join(f"{key}={value}" for key, value in event.items() if key not in _NOT_SHOWN)
        line = self._line(str(event.get("level")), f"{event.get('event')}: {details}", _RED)
        return f"{line}\n{event['exception']}" if event.get("exception") else line


def _quoted(event: Mapping[str, Any]) -> str:
    return f"“{_cut(str(event.get('title')), 72)}”"


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def _telling(words: Sequence[str]) -> str:
    """List the words that say most: none twice in another case, none that is part of a longer one, six at most."""
    kept: list[str] = []
    for word in words:
        key = word.casefold()
        longer = any(key in other.casefold() and key != other.casefold() for other in words)
        if not longer and key not in {other.casefold() for other in kept}:
            kept.append(word)
    more = f", +{len(kept) - _WORDS}" if len(kept) > _WORDS else ""
    return ", ".join(kept[:_WORDS]) + more


def _comma(words: Sequence[object]) -> str:
    return ", ".join(str(word) for word in words)
