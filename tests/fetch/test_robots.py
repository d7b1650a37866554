"""robots.txt by RFC 9309: which group is ours, which rule counts, and what an answer that is none means."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.fetch.request import Fetched, FetchOptions, fetch
from monitor.fetch.robots import MAX_BYTES, MAX_DELAY, Robots, judge, origin, read_rules
from monitor.model import FetchState, Outcome

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


def allowed(text: str, path: str = "/feed/") -> bool:
    return read_rules(text.encode()).allows(f"https://paper.example{path}")


@pytest.mark.parametrize(
    ("text", "may"),
    [
        ("", True),
        ("<!doctype html><title>Not here</title>", True),
        ("User-agent: *\nDisallow: /", False),
        ("User-agent: *\nDisallow:", True),
        ("User-agent: *\nDisallow: /\nAllow: /feed/", True),
        ("User-agent: *\nAllow: /feed\nDisallow: /feed/", False),
        ("User-agent: *\nDisallow: /feed/\nAllow: /feed/", True),
        ("User-agent: *\nDisallow: /*/$", False),
        ("User-agent: *\nDisallow: /feed$", True),
        ("User-agent: *\nDisallow: /\n\nUser-agent: News-Monitor\nDisallow: /private", True),
        ("User-agent: news-monitor/1.0 (any)\nDisallow: /", False),
        ("User-agent: other\nUser-agent: news-monitor\nDisallow: /", False),
        ("User-agent: news-monitor\nDisallow: /a\n\nUser-agent: news-monitor\nDisallow: /feed", False),
        ("User-agent: news\nDisallow: /", True),
        ("User-agent: monitor\nDisallow: /", True),
        ("User-agent: news-monitor-pro\nDisallow: /", True),
        ("User-agent: *bot\nDisallow: /", True),
        ("User-agent: other\nDisallow: /", True),
        ("User-agent: -\nDisallow: /", True),
        ("\ufeffUser-agent: * # all\r\nDisallow: /feed # not this", False),
    ],
)
def test_the_longest_rule_of_our_group_counts(text: str, may: bool) -> None:  # noqa: FBT001
    assert allowed(text) is may


def test_a_crawl_delay_is_honoured_up_to_its_limit() -> None:
    assert read_rules(b"User-agent: *\nCrawl-delay: 3").delay == 3
    assert read_rules(b"User-agent: *\nCrawl-delay: 86400").delay == MAX_DELAY
    assert read_rules(b"User-agent: other\nCrawl-delay: 3").delay == 0
    for odd in (b"-1", b"nan", b"inf", b"soon", b""):
        assert read_rules(b"User-agent: *\nCrawl-delay: " + odd).delay == 0


def test_only_the_first_500_kib_are_read_and_no_half_line_counts() -> None:
    head = b"User-agent: *\nDisallow: /a\n"
    filling = b"#" * (MAX_BYTES - len(head) - 12) + b"\n"
    rules = read_rules(head + filling + b"Disallow: /feed/\n")
    assert rules.allows("https://paper.example/feed/"), "`Disallow: /` would be left of the line"
    assert not rules.allows("https://paper.example/a")


@given(st.one_of(st.binary(max_size=400), st.text(max_size=400).map(str.encode)))
def test_nothing_a_server_sends_raises(body: bytes) -> None:
    read_rules(body).allows("https://paper.example/feed/?q=%zz")


LINES = (
    "User-agent: *|User-agent: x|Disallow: /a*$|Allow: /|Request-rate: 1/1 9|Visit-time: 1|Crawl-delay: x|Sitemap: x"
    "|Host:|Disallow: $|Allow: *|Request-rate: 1/0|user agent|Visit-time: 0600-9999|Request-rate: a/b c-d"
)


@given(st.lists(st.sampled_from(LINES.split("|")), max_size=12))
def test_no_order_of_lines_raises(lines: list[str]) -> None:
    read_rules("\n".join(lines).encode()).allows("https://paper.example/a")


def answer(outcome: Outcome | None, status: int | None = None, body: bytes = b"") -> Fetched:
    url = "https://paper.example/robots.txt"
    return Fetched(outcome=outcome, reason="why", url=url, status=status, headers={}, body=body)


@pytest.mark.parametrize(
    ("outcome", "status", "open_"),
    [
        (Outcome.NOT_FOUND, 404, True),
        (Outcome.GONE, 410, True),
        (Outcome.BLOCKED, 403, True),
        (Outcome.UNAUTHORIZED, 401, True),
        (Outcome.EMPTY, 204, True),
        (Outcome.REDIRECT_LOOP, 302, True),
        (Outcome.RATE_LIMITED, 429, False),
        (Outcome.SERVER_ERROR, 503, False),
        (Outcome.UNREACHABLE, None, False),
        (Outcome.TIMEOUT, None, False),
        (Outcome.TOO_LARGE, 200, False),
        (Outcome.FORBIDDEN_ADDRESS, 302, False),
    ],
)
def test_no_rules_mean_freedom_and_no_answer_means_none(
    outcome: Outcome,
    status: int | None,
    open_: bool,  # noqa: FBT001
) -> None:
    rules = judge(answer(outcome, status))
    assert rules.allows("https://paper.example/feed/") is open_
    assert bool(rules.closed) is not open_
    if rules.closed:
        assert "paper.example cannot be read (why)" in rules.closed


def test_rules_belong_to_scheme_host_and_port() -> None:
    assert origin("HTTPS://ana:pw@Paper.Example:8443/a?b") == "https://paper.example:8443"
    assert origin("http://paper.example/") != origin("https://paper.example/")


async def test_an_origin_is_asked_once_a_day_and_after_a_failure_once_an_hour() -> None:
    asked: list[str] = []
    clock = [NOW]
    answers = {"a": answer(None, 200, b"User-agent: *\nDisallow: /x"), "b": answer(Outcome.SERVER_ERROR, 500)}

    async def get(url: str) -> Fetched:
        asked.append(url)
        await asyncio.sleep(0)
        return answers[url.removeprefix("https://").partition(".")[0]]

    robots = Robots(get, clock=lambda: clock[0])
    await asyncio.gather(*(robots.rules(f"https://a.example/{n}") for n in range(5)))
    await robots.rules("https://b.example/")
    assert asked == ["https://a.example/robots.txt", "https://b.example/robots.txt"]
    clock[0] += timedelta(hours=1)
    assert not (await robots.rules("https://a.example/")).allows("https://a.example/x")
    assert (await robots.rules("https://b.example/")).closed
    assert asked[2:] == ["https://b.example/robots.txt"]
    clock[0] += timedelta(hours=23)
    await robots.rules("https://a.example/")
    assert asked[3:] == ["https://a.example/robots.txt"]


async def test_redirects_to_the_rules_are_followed_five_times(client: httpx.AsyncClient, server: Any) -> None:
    async def get(url: str) -> Fetched:
        return await fetch(client, url, FetchState(next_poll_at=NOW), options=FetchOptions(max_redirects=5))

    server.on("/robots.txt", "301 Moved", "Location: /1")
    for n in range(1, 5):
        server.on(f"/{n}", "302 Found", f"Location: /{n + 1}")
    server.on("/5", "200 OK", body=b"User-agent: *\nDisallow: /")
    assert not (await Robots(get, clock=lambda: NOW).rules(server.url)).allows(server.url)
    server.on("/5", "302 Found", "Location: /6")
    assert (await Robots(get, clock=lambda: NOW).rules(server.url)).allows(server.url)
