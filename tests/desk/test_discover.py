"""Finding the feeds of sites on loopback: pages, hubs, guesses, refusals, what is known, what is the same."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from monitor.app import App
from monitor.demo.loopback import HOST, HttpServer, LoopbackServer, Request, Response
from monitor.desk.discover import DiscoverOptions, Discovery, discover
from monitor.desk.feeds import NewFeed, add_feed
from monitor.errors import Refused
from monitor.fetch.crawl import CrawlOptions
from tests.conftest import opened, small_stage

NOW = datetime.now(UTC)
RSS_TYPE = 'rel="alternate" type="application/rss+xml"'


def rss(title: str, *names: str, hours: float = 6, language: str = "es", newest: float = 1) -> bytes:
    """Make a feed with an item every so many `hours`, the newest so many hours old."""
    items = "".join(
        f"<item><title>{name}</title><link>https://paper.example/{name}</link>"
        f"<pubDate>{format_datetime(NOW - timedelta(hours=newest + number * hours))}</pubDate></item>"
        for number, name in enumerate(names)
    )
    return (
        f'<rss version="2.0"><channel><title>{title}</title><language>{language}</language>{items}</channel></rss>'
    ).encode()


@dataclass
class Paper:
    """A site: what it answers by path (with status), and what it was asked for."""

    pages: dict[str, Response] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    otherwise: Response = field(default_factory=lambda: Response(status=404, body=b"no"))
    url: str = ""

    def on(self, path: str, body: bytes | str = b"", *, status: int = 200, **headers: str) -> None:
        raw = body.encode() if isinstance(body, str) else body
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.pages[path] = Response(status=status, body=raw, headers=named)

    def answer(self, request: Request) -> Response:
        self.asked.append(request.path)
        return self.pages.get(request.path, self.otherwise)


@pytest.fixture
async def paper() -> AsyncIterator[Paper]:
    made = Paper()
    async with HttpServer(made.answer) as server:
        made.url = server.url
        yield made


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[App]:
    async with _app(tmp_path) as running:
        yield running


@asynccontextmanager
async def _app(folder: Path) -> AsyncIterator[App]:
    async with small_stage(folder) as stage, opened(stage) as running:
        yield running


def urls(found: Discovery, paper: Paper) -> list[tuple[str, str]]:
    return [(each.url.removeprefix(paper.url), each.how) for each in found.feeds]


async def test_a_page_is_asked_and_what_it_names_is_shown_with_its_facts(app: App, paper: Paper) -> None:
    paper.on(
        "/",
        f'<title>P</title><link {RSS_TYPE} href="/comments/feed/"><link {RSS_TYPE} href="/feed/">'
        '<a href="/feed/norte/">RSS Norte</a><a href="/about">x</a>',
    )
    paper.on("/feed/", rss("El Papel", "a", "b", "c"))
    paper.on("/comments/feed/", rss("Comentarios en El Papel", "x", "y", "z", "w"))
    paper.on("/feed/norte/", rss("Norte", "n", hours=1, newest=24 * 30))
    found = await discover(app, paper.url)
    assert urls(found, paper) == [("/feed/", "link"), ("/feed/norte/", "anchor"), ("/comments/feed/", "link")]
    first, second, third = found.feeds
    assert (first.title, first.format, first.language, first.items) == ("El Papel", "rss20", "es", 3)
    assert first.per_day == pytest.approx(4)
    assert first.newest_at is not None
    assert abs(first.newest_at - (NOW - timedelta(hours=1))) < timedelta(seconds=2)
    assert second.per_day is None
    assert (first.comments, third.comments) == (False, True)
    assert paper.asked == ["/", "/robots.txt", "/feed/", "/feed/norte/", "/comments/feed/"]
    assert found.requests == 5
    assert found.advice == ""
    assert [each.url.split("?")[0] for each in found.suggestions] == [
        "https://news.google.com/rss/search"
    ] * 2


@asynccontextmanager
async def plain_only(status: str, body: bytes = b"") -> AsyncIterator[tuple[str, list[bytes]]]:
    """Serve one answer by http; whoever speaks TLS is hung up on."""
    asked: list[bytes] = []

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if await reader.readexactly(1) != b"G":
            return
        asked.append((await reader.readuntil(b"\r\n\r\n")).split(b" ")[1])
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()

    async with LoopbackServer(converse) as server:
        yield f"{HOST}:{server.port}", asked


async def test_a_bare_host_is_asked_by_https_first_and_by_http_where_that_is_not_spoken(app: App) -> None:
    async with plain_only("200 OK", rss("El Papel", "a", "b")) as (host, _):
        found = await discover(app, host)
    assert [(each.url, each.how) for each in found.feeds] == [(f"http://{host}", "address")]
    assert [each.url for each in found.tried] == [f"https://{host}"]


async def test_a_feed_is_its_own_answer_and_nothing_else_is_asked(app: App, paper: Paper) -> None:
    paper.on("/f", rss("El Papel", "a"))
    paper.on("/robots.txt", "User-agent: *\nDisallow: /")
    found = await discover(app, paper.url + "/f")
    assert urls(found, paper) == [("/f", "address")]
    assert paper.asked == ["/f"], "the address given is a person's own choice"


async def test_a_link_header_names_feeds_too(app: App, paper: Paper) -> None:
    paper.on("/", "<p>", Link='</h.xml>; rel="alternate"; type="application/rss+xml"')
    paper.on("/h.xml", rss("El Papel", "a"))
    assert urls(await discover(app, paper.url), paper) == [("/h.xml", "header")]


async def test_a_page_that_lists_feeds_is_followed_one_step(app: App, paper: Paper) -> None:
    paper.on("/", '<a href="/rss/">RSS</a>')
    paper.on("/rss/", '<a href="/rss/">again</a><a href="/rss/a.xml">A</a><a href="/rss/b.xml">B</a>')
    paper.on("/rss/a.xml", rss("A", "a", "b"))
    paper.on("/rss/b.xml", rss("B", "c"))
    assert urls(await discover(app, paper.url), paper) == [("/rss/a.xml", "anchor"), ("/rss/b.xml", "anchor")]


async def test_a_page_that_quotes_a_hostile_feed_is_still_looked_through(app: App, paper: Paper) -> None:
    quoted = '<!DOCTYPE html><!ENTITY a "b"><html><pre><rss version="2.0"></pre>'
    paper.on("/", f'{quoted}<link {RSS_TYPE} href="/f">')
    paper.on("/f", rss("El Papel", "a"))
    found = await discover(app, paper.url)
    assert "entities" in found.tried[0].result
    assert urls(found, paper) == [("/f", "link")]


async def test_google_news_is_asked_even_when_the_site_used_up_all_requests(app: App, paper: Paper) -> None:
    paper.on("/news", rss("Google News", "a", "g", language="en"))
    options = DiscoverOptions(
        google_news=True, google_search=paper.url + "/news", crawl=CrawlOptions(max_requests=2)
    )
    found = await discover(app, paper.url, options=options)
    assert [each.how for each in found.feeds] == ["google-news"]


async def test_where_a_page_names_none_the_front_page_may(app: App, paper: Paper) -> None:
    paper.on("/norte/nota.html", "<p>nothing")
    paper.on("/", f'<link {RSS_TYPE} href="/all.xml">')
    paper.on("/all.xml", rss("El Papel", "a"))
    assert urls(await discover(app, paper.url + "/norte/nota.html"), paper) == [("/all.xml", "link")]


async def test_only_where_nothing_is_named_paths_are_guessed_and_the_first_hit_ends_it(
    app: App, paper: Paper
) -> None:
    paper.on("/", '<script src="/wp-content/x.js"></script>')
    paper.on("/rss", rss("El Papel", "a"))
    paper.on("/index.xml", rss("Other", "b"))
    assert urls(await discover(app, paper.url), paper) == [("/rss", "path")]
    assert paper.asked == ["/", "/robots.txt", "/feed/", "/", "/rss.xml", "/rss"]


async def test_a_section_of_a_wordpress_site_has_a_feed_of_its_own(app: App, paper: Paper) -> None:
    paper.on("/category/border/", "<p>nothing")
    paper.on("/category/border/feed/", rss("Border", "a"))
    found = await discover(app, paper.url + "/category/border/")
    assert urls(found, paper) == [("/category/border/feed/", "path")]


async def test_what_is_one_feed_is_shown_once(app: App, paper: Paper) -> None:
    paper.on("/", "".join(f'<link {RSS_TYPE} href="/{name}">' for name in ("a", "moved", "copy", "other")))
    paper.on("/a", rss("El Papel", "a", "b"))
    paper.on("/moved", status=301, Location="/a")
    paper.on("/copy", rss("El Papel (copy)", "b", "a"))
    paper.on("/other", rss("Other", "a", "c"))
    found = await discover(app, paper.url)
    assert urls(found, paper) == [("/a", "link"), ("/other", "link")]
    assert [each.result for each in found.tried[1:]] == [f"the same feed as {paper.url}/a"] * 2


async def test_the_fresh_stand_before_the_stale_and_the_empty(app: App, paper: Paper) -> None:
    paper.on("/", "".join(f'<link {RSS_TYPE} href="/{name}">' for name in ("empty", "stale", "few", "many")))
    paper.on("/empty", rss("Empty"))
    paper.on("/stale", rss("Stale", *"abcdefg", newest=24 * 200))
    paper.on("/few", rss("Few", "h"))
    paper.on("/many", rss("Many", *"ijk"))
    found = await discover(app, paper.url)
    assert [each.title for each in found.feeds] == ["Many", "Few", "Stale", "Empty"]


async def test_what_is_known_is_named(app: App, paper: Paper) -> None:
    paper.on("/", f'<link {RSS_TYPE} href="/f">')
    paper.on("/f", rss("El Papel", "a"))
    await add_feed(app, NewFeed(url=paper.url + "/f", slug="papel"), actor="t")
    assert [each.known for each in (await discover(app, paper.url)).feeds] == ["papel"]


async def test_robots_are_obeyed_for_what_is_found(app: App, paper: Paper) -> None:
    paper.on("/", f'<link {RSS_TYPE} href="/secret/f"><link {RSS_TYPE} href="/open/f">')
    paper.on("/robots.txt", "User-agent: news-monitor\nDisallow: /secret/")
    paper.on("/secret/f", rss("Secret", "a"))
    paper.on("/open/f", rss("Open", "b"))
    found = await discover(app, paper.url)
    assert urls(found, paper) == [("/open/f", "link")]
    assert "/secret/f" not in paper.asked
    assert any("robots.txt of 127.0.0.1" in each.result for each in found.tried)


async def test_when_robots_cannot_be_read_nothing_found_is_asked(app: App, paper: Paper) -> None:
    paper.on("/", f'<link {RSS_TYPE} href="/f">')
    paper.on("/robots.txt", status=503)
    paper.on("/f", rss("El Papel", "a"))
    found = await discover(app, paper.url)
    assert found.feeds == ()
    assert paper.asked == ["/", "/robots.txt"]
    assert "monitor feeds add URL" in found.advice


async def test_nothing_found_says_what_was_tried_and_what_to_do(app: App, paper: Paper) -> None:
    paper.on("/", "<title>El Papel</title>")
    found = await discover(app, paper.url)
    assert found.feeds == ()
    assert found.requests <= 15
    assert {"address", "path"} == {each.how for each in found.tried}
    assert "look for 'RSS' on the site" in found.advice
    assert "--google-news" in found.advice


async def test_a_challenge_is_told_and_ends_the_search(app: App, paper: Paper) -> None:
    paper.otherwise = Response(status=403, body=b"Just a moment...", headers={"cf-mitigated": "challenge"})
    found = await discover(app, paper.url)
    assert "Cloudflare challenge" in found.advice
    assert "monitor feeds add URL" in found.advice
    assert len(paper.asked) <= 5


async def test_a_site_that_asks_for_patience_is_left_alone(app: App) -> None:
    async with plain_only("429 Slow down") as (host, asked):
        found = await discover(app, host)
    assert asked == [b"/"]
    assert "ended early: HTTP 429" in found.advice


async def test_a_site_that_does_not_answer_ends_the_search(app: App) -> None:
    found = await discover(app, "http://127.0.0.1:9/")
    assert found.requests == 1
    assert "refused" in found.advice


async def test_a_page_full_of_traps_costs_no_more_than_the_limit(app: App, paper: Paper) -> None:
    links = "".join(f'<link {RSS_TYPE} href="/f{n}">' for n in range(500))
    paper.on("/", links + '<a href="/feed/x">' * 10_000)
    found = await discover(app, paper.url)
    assert found.requests == len(paper.asked) == 15
    assert "limit of 15 requests" in found.tried[-1].result


async def test_enough_is_enough(app: App, paper: Paper) -> None:
    paper.on("/", "".join(f'<link {RSS_TYPE} href="/f{n}">' for n in range(9)))
    for n in range(9):
        paper.on(f"/f{n}", rss(f"F{n}", f"item-{n}"))
    found = await discover(app, paper.url, options=DiscoverOptions(enough=3))
    assert len(found.feeds) == 3
    assert found.requests == 5


async def test_google_news_is_asked_only_on_request(app: App, paper: Paper) -> None:
    paper.on("/", f'<link {RSS_TYPE} href="/f">')
    paper.on("/f", rss("El Papel", "a"))
    paper.on("/news", rss("Google News", "a", "g", language="en"))
    options = DiscoverOptions(google_news=True, google_search=paper.url + "/news")
    found = await discover(app, paper.url, options=options)
    assert [(each.title, each.how) for each in found.feeds] == [
        ("Google News", "google-news"),
        ("El Papel", "link"),
    ]
    assert found.suggestions == ()
    assert paper.asked.count("/news") == 2


async def test_the_time_for_one_run_is_bounded(app: App, paper: Paper) -> None:
    paper.on("/", f'<link {RSS_TYPE} href="/f">')
    paper.on("/robots.txt", "User-agent: *\nCrawl-delay: 9")
    paper.on("/f", rss("El Papel", "a"))
    found = await discover(app, paper.url, options=DiscoverOptions(crawl=CrawlOptions(total_seconds=0.5)))
    assert found.feeds == ()
    assert "0.5 s of one run were over" in found.advice


@pytest.mark.parametrize("typed", ["ftp://a.example", "", "elpaso", "http://", "a@b.example"])
async def test_what_is_no_address_is_refused(app: App, typed: str) -> None:
    with pytest.raises(Refused, match="no web address"):
        await discover(app, typed)
