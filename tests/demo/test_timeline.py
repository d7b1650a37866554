"""The timeline shows each step in words, sums up the quiet polls, and lets no trouble pass unseen."""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from monitor.demo.timeline import Timeline


@pytest.fixture
def seconds() -> Iterator[float]:
    return itertools.count(100.0, 1.0)


def lines(timeline: Timeline, *events: dict[str, Any]) -> list[str]:
    written = []
    for event in events:
        try:
            written.append(timeline(None, "info", event))
        except structlog.DropEvent:
            continue
    return written


@pytest.fixture
def timeline() -> Timeline:
    ticks = itertools.count(100.0, 1.0)
    return Timeline({"frontera-hoy": "Frontera Hoy"}, color=False, clock=lambda: next(ticks))


def test_each_step_of_an_alert_is_a_line(timeline: Timeline) -> None:
    assert lines(
        timeline,
        {
            "event": "feed.polled",
            "feed": "frontera-hoy",
            "outcome": "new",
            "status": 200,
            "items": 14,
            "new": 2,
        },
        {
            "event": "item.matched",
            "feed": "frontera-hoy",
            "topic": "smuggling-corridors",
            "title": "Hallan un túnel",
            "words": ["túnel", "frontera"],
            "reason": "live",
        },
        {
            "event": "alert.created",
            "alert": "msg_1",
            "subscription": "desk",
            "channel": "demo-hook",
            "title": "Hallan un túnel",
            "topics": ["smuggling-corridors"],
        },
        {
            "event": "delivery.done",
            "delivery": "msg_1",
            "alert": "msg_1",
            "channel": "demo-hook",
            "kind": "webhook",
            "attempt": 1,
            "status": 200,
        },
    ) == [
        "+  1.0s  polled     Frontera Hoy: 2 new of 14",
        "+  2.0s  matched    “Hallan un túnel” → smuggling-corridors (túnel, frontera)",
        "+  3.0s  alerted    “Hallan un túnel” → desk (smuggling-corridors)",
        "+  4.0s  delivered  webhook demo-hook 200 (attempt 1)  “Hallan un túnel”",
    ]


def test_the_first_window_is_called_so(timeline: Timeline) -> None:
    polled, matched = lines(
        timeline,
        {
            "event": "feed.polled",
            "feed": "frontera-hoy",
            "outcome": "new",
            "items": 5,
            "new": 5,
            "baseline": True,
        },
        {"event": "item.matched", "topic": "t", "title": "x", "words": ["x"], "reason": "baseline"},
    )
    assert "nobody is told" in polled
    assert matched.endswith("[first window: no alert]")


def test_quiet_polls_are_summed_up(timeline: Timeline) -> None:
    quiet = {"event": "feed.polled", "feed": "frontera-hoy", "outcome": "not_modified", "status": 304}
    written = lines(timeline, *[quiet] * 12)
    assert written
    assert len(written) < 4
    assert all("found nothing new" in line for line in written)


def test_a_failed_poll_says_why(timeline: Timeline) -> None:
    event = {
        "event": "feed.polled",
        "feed": "frontera-hoy",
        "outcome": "server_error",
        "reason": "status 500",
    }
    assert lines(timeline, event) == ["+  1.0s  polled     Frontera Hoy: status 500"]


def test_a_retry_and_a_death_say_why(timeline: Timeline) -> None:
    common = {"alert": "msg_1", "channel": "demo-hook", "kind": "webhook", "attempt": 1, "level": "warning"}
    retry, dead = lines(
        timeline,
        {"event": "delivery.retry", "status": 503, "reason": "next try in 5 s", **common},
        {"event": "delivery.dead", "status": None, "reason": "gave up", **common},
    )
    assert retry.endswith("webhook demo-hook 503 (attempt 1): next try in 5 s")
    assert dead.endswith("webhook demo-hook no answer (attempt 1): gave up")


def test_trouble_is_shown_and_other_events_are_not(timeline: Timeline) -> None:
    written = lines(
        timeline,
        {"event": "store.tidied", "level": "info", "items": 3},
        {"event": "store.full", "level": "error", "path": "/x", "exception": "Traceback: …"},
    )
    assert written == ["+  1.0s  error      store.full: path=/x\nTraceback: …"]


def test_long_headlines_are_cut(timeline: Timeline) -> None:
    event = {
        "event": "item.matched",
        "topic": "t",
        "title": "word " * 100,
        "words": ["word"],
        "reason": "live",
    }
    assert len(lines(timeline, event)[0]) < 120


def test_colours_are_for_terminals_only() -> None:
    event = {"event": "delivery.done", "channel": "c", "kind": "email", "attempt": 1, "status": 250}
    plain, colored = (lines(Timeline({}, color=color), dict(event))[0] for color in (False, True))
    assert "\x1b" not in plain
    assert "\x1b[32mdelivered \x1b[0m" in colored


def test_only_the_telling_words_are_shown(timeline: Timeline) -> None:
    words = ["Otay", "Otay Mesa", "otay mesa", "a1", "b2", "c3", "d4", "e5", "f6", "g7"]
    event = {"event": "item.matched", "topic": "t", "title": "x", "words": words, "reason": "live"}
    assert lines(timeline, event)[0].endswith("→ t (Otay Mesa, a1, b2, c3, d4, e5, +2)")
