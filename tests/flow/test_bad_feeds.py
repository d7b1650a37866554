"""Every kind of bad feed at once beside a good one: each ends in its outcome with a reason, the good one alerts."""

import asyncio
import gzip
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from monitor.app import App
from monitor.demo.loopback import HOST, HttpServer, LoopbackServer, Request, Response
from monitor.demo.stage import DemoStage
from monitor.desk.feeds import list_feeds
from monitor.model import Outcome
from monitor.store import feeds, hits
from tests.conftest import opened, pass_time, poll_all, recorded, recording, small_stage

GOOD = recording(
    "good",
    recorded("old", "Council meets in Douglas"),
    recorded("new", "Agents seize fentanyl at Otay Mesa", at=5),
)
RSS = (
    '<?xml version="1.0" encoding="{encoding}"?>\n<rss version="2.0"><channel><title>T</title>'
    "<item><guid>1</guid><title>{title}</title></item></channel></rss>"
)
LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9))
    + "]><rss version='2.0'><channel><title>&j;</title><item><title>&j;</title></item></channel></rss>"
)


def answer(status: str, body: bytes = b"", *fields: str) -> bytes:
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *fields]
    return "\r\n".join([*head, "", ""]).encode() + body


def scripts(port: int) -> dict[str, tuple[bytes | None, Outcome]]:
    """What each bad feed answers (None: nothing at all) and how a poll of it must end."""
    xml = "Content-Type: application/rss+xml"
    bomb = gzip.compress(b"<rss>" + b" " * (40 * 1024 * 1024), compresslevel=9)
    torn = RSS.format(encoding="utf-8", title="Fentanyl").encode()[:85]
    return {
        "slow": (None, Outcome.TIMEOUT),
        "missing": (answer("404 Not Found"), Outcome.NOT_FOUND),
        "broken": (answer("500 Internal Server Error"), Outcome.SERVER_ERROR),
        "page": (answer("200 OK", b"<!doctype html><title>Hi</title><p>Fentanyl"), Outcome.NOT_A_FEED),
        "torn": (answer("200 OK", torn, xml), Outcome.MALFORMED),
        "empty": (answer("200 OK", b"", xml), Outcome.EMPTY),
        "huge": (answer("200 OK", b"<rss>" + b"x" * (50 * 1024 * 1024), xml), Outcome.TOO_LARGE),
        "bomb": (answer("200 OK", bomb, xml, "Content-Encoding: gzip"), Outcome.TOO_LARGE),
        "laughs": (answer("200 OK", LAUGHS.encode(), xml), Outcome.HOSTILE),
        "circle": (
            answer("302 Found", b"", f"Location: http://127.0.0.1:{port}/circle"),
            Outcome.REDIRECT_LOOP,
        ),
        "cut": (answer("200 OK", b"<rss>", xml).replace(b"Length: 5", b"Length: 500"), Outcome.BAD_ENCODING),
        "gone": (answer("410 Gone"), Outcome.GONE),
        "metadata": (
            answer("302 Found", b"", "Location: http://169.254.169.254/"),
            Outcome.FORBIDDEN_ADDRESS,
        ),
        "ftp": (answer("302 Found", b"", "Location: ftp://127.0.0.1/f"), Outcome.FORBIDDEN_ADDRESS),
    }


@asynccontextmanager
async def bad_server() -> AsyncIterator[tuple[str, dict[str, Outcome]]]:
    """Serve every script under its name; yield the address and the outcome expected of each."""
    table: dict[str, tuple[bytes | None, Outcome]] = {}

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        body, _ = table[head.split(b" ")[1].decode().strip("/")]
        if body is None:
            await asyncio.Event().wait()
        else:
            writer.write(body)
            await writer.drain()

    async with LoopbackServer(converse) as server:
        table.update(scripts(server.port))
        yield f"http://{HOST}:{server.port}", {name: outcome for name, (_, outcome) in table.items()}


def add_feeds(stage: DemoStage, addresses: dict[str, str]) -> None:
    with (stage.folder / "feeds.toml").open("a") as file:
        for slug, url in addresses.items():
            file.write(f'\n[[feed]]\nslug = "{slug}"\nurl = "{url}"\n')


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def ended_as(app: App) -> dict[str, Outcome | None]:
    return {feed.slug: feed.fetch.outcome for feed in await app.store.read(feeds.list_feeds)}


async def test_every_bad_feed_ends_in_its_outcome_and_the_good_one_alerts(tmp_path: Path) -> None:
    async with small_stage(tmp_path, GOOD) as stage, bad_server() as (url, expected):
        settings = stage.config_path
        settings.write_text(
            settings.read_text().replace("per_host = 6", "per_host = 10\ntotal_timeout_seconds = 1")
        )
        expected["nobody"] = Outcome.UNREACHABLE
        add_feeds(stage, {slug: f"{url}/{slug}" for slug in expected if slug != "nobody"})
        add_feeds(stage, {"nobody": f"http://127.0.0.1:{closed_port()}/feed"})
        async with opened(stage) as app:
            await poll_all(app)
            first = await ended_as(app)
            pass_time(stage)
            await poll_all(app)
            second = await ended_as(app)
            lines = {line.slug: line for line in await list_feeds(app)}
        assert len(stage.receiver.requests) == len(stage.mailbox.mails) == 1, "the good feed alerted"
    assert first == second == {**expected, "good": Outcome.NEW}
    for slug in expected:
        assert lines[slug].state == "failing", slug
        assert lines[slug].reason, slug
        assert "(2 failures in a row)" in lines[slug].reason, slug
    assert lines["good"].state == "ok"
    assert list(lines)[-1] == "good", "what fails is listed first"


@pytest.mark.parametrize(
    ("declared", "actual"),
    [("utf-8", "latin-1"), ("ascii", "utf-8"), ("utf-16", "utf-8"), ("x-none", "utf-8")],
)
async def test_a_feed_with_the_wrong_charset_is_read_and_its_items_are_not_lost(
    tmp_path: Path, declared: str, actual: str
) -> None:
    """The title of its item still matches: a publisher's wrong label is no reason to miss news."""
    title = "Policía halla fentanilo en Nogales"
    body = RSS.format(encoding=declared, title=title).encode(actual)
    content_type = f"application/rss+xml; charset={declared}"
    async with (
        HttpServer(
            lambda _: Response(status=200, body=body, headers={"Content-Type": content_type})
        ) as server,
        small_stage(tmp_path) as stage,
    ):
        add_feeds(stage, {"odd": f"{server.url}/odd"})
        async with opened(stage) as app:
            await poll_all(app)
            feed = await app.store.read(feeds.get_feed, "odd")
            assert feed.fetch.outcome is Outcome.NEW, feed.fetch.reason
            (hit,) = await app.store.read(hits.recent_hits, limit=2)
            assert hit.item.text.title == title


async def test_a_feed_cut_short_loses_nothing_when_it_is_whole_again(tmp_path: Path) -> None:
    """A damaged document's validators are not kept: with them the server would say "not modified" for ever."""
    whole = RSS.format(encoding="utf-8", title="Council meets").replace(
        "</channel>", "<item><guid>2</guid><title>Agents seize fentanyl</title></item></channel>"
    )
    bodies = [
        RSS.format(encoding="utf-8", title="Council meets"),
        whole[: whole.index("<item><guid>2")] + "<item><gu",
        whole,
    ]

    def respond(request: Request) -> Response:
        if request.headers.get("if-none-match") == '"second"':
            return Response(status=304)
        tag = {0: '"first"', 1: '"second"', 2: '"second"'}[3 - len(bodies)]
        return Response(status=200, body=bodies.pop(0).encode(), headers={"ETag": tag})

    async with HttpServer(respond) as server, small_stage(tmp_path) as stage:
        add_feeds(stage, {"odd": f"{server.url}/odd"})
        async with opened(stage) as app:
            for _ in range(3):
                await poll_all(app)
            assert len(stage.receiver.requests) == 1
