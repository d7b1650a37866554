"""A crawl is polite: robots.txt on every hop, spacing, a delay that is asked for, few requests, one deadline."""

import time
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from monitor.fetch.crawl import Crawl, CrawlOptions

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


def crawl(client: httpx.AsyncClient, **options: Any) -> Crawl:
    return Crawl(client, options=CrawlOptions(**{"spacing": 0, **options}), clock=lambda: NOW)


def asked(server: Any) -> list[str]:
    return [head.split(" ")[1] for head in server.heads]


async def test_what_robots_forbid_is_not_asked_for_and_said(client: httpx.AsyncClient, server: Any) -> None:
    server.on("/robots.txt", "200 OK", body=b"User-agent: *\nDisallow: /private")
    server.on("/open", "200 OK", body=b"yes")
    run = crawl(client)
    refused = await run.visit(server.url + "/private/feed")
    allowed = await run.visit(server.url + "/open")
    assert refused.fetched is None
    assert refused.refused == "the robots.txt of 127.0.0.1 asks crawlers not to"
    assert allowed.fetched is not None
    assert allowed.fetched.body == b"yes"
    assert asked(server) == ["/robots.txt", "/open"]
    assert run.requests == 2


async def test_an_address_that_a_person_chose_is_not_asked_about(
    client: httpx.AsyncClient, server: Any
) -> None:
    server.on("/private", "200 OK", body=b"yes")
    visit = await crawl(client).visit(server.url + "/private", chosen=True)
    assert visit.fetched is not None
    assert asked(server) == ["/private"]


async def test_a_redirect_is_judged_where_it_leads(
    client: httpx.AsyncClient, server: Any, elsewhere: Any
) -> None:
    server.on("/robots.txt", "404 Not Found")
    server.on("/feed", "301 Moved", f"Location: {elsewhere.url}/feed")
    elsewhere.on("/robots.txt", "200 OK", body=b"User-agent: *\nDisallow: /feed")
    visit = await crawl(client).visit(server.url + "/feed")
    assert visit.fetched is None
    assert asked(elsewhere) == ["/robots.txt"]


async def test_the_address_to_keep_is_where_permanent_redirects_led(
    client: httpx.AsyncClient, server: Any
) -> None:
    server.on("/robots.txt", "404 Not Found")
    server.on("/a", "301 Moved", "Location: /b")
    server.on("/b", "302 Found", "Location: /c")
    server.on("/c", "308 Moved", "Location: /d")
    server.on("/d", "200 OK", body=b"x")
    visit = await crawl(client).visit(server.url + "/a")
    assert visit.url == server.url + "/b"
    assert visit.fetched is not None
    assert visit.fetched.url == server.url + "/d"


async def test_circles_and_endless_redirects_end(client: httpx.AsyncClient, server: Any) -> None:
    server.on("/robots.txt", "404 Not Found")
    server.on("/a", "302 Found", "Location: /b")
    server.on("/b", "302 Found", "Location: /a")
    for n in range(9):
        server.on(f"/{n}", "302 Found", f"Location: /{n + 1}")
    run = crawl(client)
    circle = (await run.visit(server.url + "/a")).fetched
    assert circle is not None
    assert "circle" in circle.reason
    endless = (await run.visit(server.url + "/0")).fetched
    assert endless is not None
    assert "more than 5 redirects" in endless.reason
    assert run.requests == 1 + 2 + 6


async def test_no_more_is_asked_than_allowed(client: httpx.AsyncClient, server: Any) -> None:
    server.on("/robots.txt", "404 Not Found")
    for n in range(9):
        server.on(f"/{n}", "404 Not Found")
    run = crawl(client, max_requests=4)
    visits = [await run.visit(f"{server.url}/{n}") for n in range(6)]
    assert len(server.heads) == run.requests == 4
    assert [bool(visit.refused) for visit in visits] == [False, False, False, True, True, True]
    assert "limit of 4 requests" in visits[-1].refused
    assert run.over


async def test_a_host_is_left_alone_between_two_requests(client: httpx.AsyncClient, server: Any) -> None:
    server.on("/robots.txt", "404 Not Found")
    server.on("/a", "404 Not Found")
    started = time.monotonic()
    await crawl(client, spacing=0.15).visit(server.url + "/a")
    assert time.monotonic() - started >= 0.15


async def test_a_crawl_delay_prolongs_the_pause_even_where_none_is_kept(
    client: httpx.AsyncClient, server: Any
) -> None:
    server.on("/robots.txt", "200 OK", body=b"User-agent: *\nCrawl-delay: 0.2")
    server.on("/a", "404 Not Found")
    run = Crawl(client, options=CrawlOptions(spacing=9), clock=lambda: NOW, hurried=lambda _: True)
    started = time.monotonic()
    await run.visit(server.url + "/a")
    assert 0.2 <= time.monotonic() - started < 5


@pytest.mark.parametrize("path", ["/robots.txt", "/a"])
async def test_a_server_that_hangs_costs_no_more_than_the_deadline(
    client: httpx.AsyncClient, server: Any, path: str
) -> None:
    async def hang(writer: Any) -> None:
        await writer.drain()
        await server_ends(writer)

    server.on("/robots.txt", "404 Not Found")
    server.scripts[path] = hang
    run = crawl(client, total_seconds=0.3)
    started = time.monotonic()
    visit = await run.visit(server.url + "/a")
    assert time.monotonic() - started < 3
    assert "the 0.3 s of one run were over" in visit.refused
    assert (await run.visit(server.url + "/b")).fetched is None


async def server_ends(writer: Any) -> None:
    """Hold the connection until the client gives up."""
    await writer.wait_closed()
