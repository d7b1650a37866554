"""From a feed's item to the text of its page: matched again, told as such, politely asked for, never a false change."""

import asyncio
import gzip
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from monitor.app import App
from monitor.demo.stage import DemoStage
from monitor.desk.explain import explain
from monitor.model import HitReason, Item
from monitor.pipeline.pages import HOLD
from monitor.store import Transaction, articles, feeds, hits, hosts, items
from monitor.store.articles import ArticleState, ArticleStatus
from tests.conftest import opened, poll_all, round_trip, small_stage
from tests.fetch.conftest import ScriptedServer, serving
from tests.fetch.news_pages import ENGLISH, SPANISH, page
from tests.pipeline.conftest import by_clock

HTML = "Content-Type: text/html; charset=utf-8"
OLD = ("old", "Council meets in Douglas", "About water.")
TRUCK = ("truck", "Truck stopped at the bridge", "Inspectors had seen something on the scanner.")
OBRAS = ("obras", "Ruido en la colonia Anapra", "Los vecinos se quejan.")


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A site with a feed whose full text is wanted, and the installation that reads it."""

    stage: DemoStage
    app: App
    site: ScriptedServer

    def show(self, *entries: tuple[str, str, str], language: str = "en") -> None:
        """Let the feed have these items (name, title, summary)."""
        body = "".join(
            f"<item><guid>{name}</guid><title>{title}</title><link>{self.site.url}/{name}</link>"
            f"<description>{summary}</description></item>"
            for name, title, summary in entries
        )
        rss = f'<rss version="2.0"><channel><title>Paper</title><language>{language}</language>{body}</channel></rss>'
        self.site.on("/feed", "200 OK", "Content-Type: application/rss+xml", body=rss.encode())

    def page(self, name: str, text: str, *fields: str) -> None:
        self.site.on(f"/{name}", "200 OK", HTML, *fields, body=text.encode())

    def asked(self, path: str) -> int:
        return sum(head.startswith(f"GET {path} ") for head in self.site.heads)

    async def item(self, name: str) -> Item:
        (found,) = await self.app.store.read(
            items.find_by_link, f"{self.site.url}/{name}".replace("http:", "https:")
        )
        return found

    async def status(self, name: str) -> ArticleStatus:
        found = await self.app.store.read(articles.status_of, (await self.item(name)).id)
        assert found is not None
        return found

    async def said(self, name: str) -> str:
        return (await explain(self.app, f"{self.site.url}/{name}"))[0].article

    async def make_due(self) -> None:
        await self.app.store.write(_make_due)


def _make_due(tx: Transaction) -> None:
    tx.run("UPDATE articles SET due_at = 0")


@asynccontextmanager
async def scene(
    folder: Path, *, extra: str = "", settings: tuple[str, str] = ("per_host", "per_host")
) -> AsyncIterator[Scene]:
    """Open an installation whose feed had its baseline; it shows OLD, and robots.txt is not there."""
    async with small_stage(folder) as stage, serving() as site:
        stage.config_path.write_text(stage.config_path.read_text().replace(*settings))
        (stage.folder / "feeds.toml").write_text(
            f'[[feed]]\nslug = "paper"\nurl = "{site.url}/feed"\nfull_text = true\n{extra}'
        )
        site.on("/robots.txt", "404 Not Found")
        async with opened(stage) as app:
            made = Scene(stage=stage, app=app, site=site)
            made.show(OLD)
            await poll_all(app)
            yield made


async def test_a_topic_that_only_the_full_text_satisfies_alerts_and_says_so(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        it.page("truck", page(ENGLISH))
        it.show(TRUCK, OLD)
        await poll_all(it.app)
        (hit,) = await it.app.store.read(hits.recent_hits, limit=9)
        (told,) = await explain(it.app, f"{it.site.url}/truck")
        assert it.asked("/truck") == 1
        assert it.asked("/old") == 0, "an item of the baseline is not read"
        (mail,) = it.stage.mailbox.mails
        assert len(it.stage.receiver.requests) == 1
    assert (hit.topic_slug, hit.reason, hit.item.version, hit.item.full_text) == (
        "fentanyl",
        HitReason.LIVE,
        2,
        True,
    )
    assert {span.field for span in hit.spans} == {"body"}
    assert hit.item.text.summary == TRUCK[2]
    verdict = next(each for each in told.verdicts if each.hit)
    assert verdict.sentence.endswith("in the full text of the article")
    assert told.article == "read, and matched again"
    assert "en el texto completo del artículo" in " ".join(mail.text.split())


async def test_a_spanish_page_is_read_as_well(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        it.page("obras", page(SPANISH, language="es"))
        it.show(OBRAS, OLD, language="es")
        await poll_all(it.app)
        (hit,) = await it.app.store.read(hits.recent_hits, limit=9)
    assert (hit.topic_slug, [span.text for span in hit.spans]) == ("border-wall", ["muro fronterizo"])
    assert "dirigible" not in hit.item.text.body


async def test_a_topic_that_the_summary_satisfied_is_not_hit_again(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        it.page("truck", page(ENGLISH))
        it.show(("truck", "Truck with fentanyl stopped", ""), OLD)
        await poll_all(it.app)
        (hit,) = await it.app.store.read(hits.recent_hits, limit=9)
        assert len(it.stage.receiver.requests) == len(it.stage.mailbox.mails) == 1
        assert (await it.item("truck")).full_text
        assert "texto completo" not in it.stage.mailbox.mails[0].text
    assert (hit.item.version, hit.item.full_text) == (1, False)


async def test_the_next_poll_takes_the_feeds_own_text_for_no_change(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        it.page("truck", page(ENGLISH))
        it.show(TRUCK, OLD)
        await poll_all(it.app)
        full = await it.item("truck")
        it.show(TRUCK, ("extra", "Weather", "Dry."), OLD)  # other bytes, so that the document is parsed
        it.page("extra", page(("Dry.",)))
        await poll_all(it.app)
        assert await it.item("truck") == full
        assert full.version == 2
        assert it.asked("/truck") == 1


async def test_an_edited_entry_is_a_version_and_its_page_is_read_again_after_an_hour(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        clock = by_clock(it.app)
        it.page("truck", page(ENGLISH))
        it.show(TRUCK, OLD)
        clock.advance(minutes=5)
        await poll_all(it.app)
        it.show(("truck", TRUCK[1], "A driver was held."), OLD)
        clock.advance(minutes=5)
        await poll_all(it.app)
        edited = await it.item("truck")
        assert (edited.version, edited.full_text, edited.text.body) == (3, False, "")
        assert it.asked("/truck") == 1
        assert (await it.said("truck")).startswith("to be read from ")
        clock.advance(minutes=54)
        await it.app.articles.read_due()
        assert it.asked("/truck") == 1
        clock.advance(minutes=2)
        await round_trip(it.app)
        again = await it.item("truck")
        assert it.asked("/truck") == 2
        assert (again.version, again.full_text, again.text.summary) == (4, True, "A driver was held.")
        assert len(await it.app.store.read(hits.hits_of_item, again.id)) == 1
        assert len(it.stage.mailbox.mails) == 1


async def test_robots_txt_is_obeyed_and_told(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        it.site.on("/robots.txt", "200 OK", body=b"User-agent: *\nDisallow: /truck\n")
        it.page("truck", page(ENGLISH))
        it.show(TRUCK, OLD)
        await poll_all(it.app)
        assert it.asked("/truck") == 0
        assert it.asked("/robots.txt") == 1
        assert await it.said("truck") == "not read: the robots.txt of 127.0.0.1 asks crawlers not to"
        assert (await it.item("truck")).version == 1


async def test_each_hop_of_a_redirect_is_judged_by_its_own_robots_txt(tmp_path: Path) -> None:
    async with scene(tmp_path) as it, serving() as other:
        it.site.on("/truck", "302 Found", f"Location: {other.url}/full")
        other.on("/robots.txt", "200 OK", body=b"User-agent: *\nDisallow: /full\n")
        it.show(TRUCK, OLD)
        await poll_all(it.app)
        assert [head.split()[1] for head in other.heads] == ["/robots.txt"]
        assert "robots.txt" in await it.said("truck")


async def test_a_page_that_has_moved_is_read_where_it_is(tmp_path: Path) -> None:
    async with scene(tmp_path) as it, serving() as other:
        it.site.on("/truck", "301 Moved Permanently", f"Location: {other.url}/full")
        other.on("/robots.txt", "404 Not Found")
        other.on("/full", "200 OK", HTML, body=page(ENGLISH).encode())
        it.show(TRUCK, OLD)
        await poll_all(it.app)
        assert ENGLISH[1] in (await it.item("truck")).text.body


async def test_the_feeds_credentials_go_to_its_own_origin_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "token").write_text("s3cret")
    async with scene(tmp_path, extra='auth = {bearer = {file = "token"}}\n') as it, serving() as other:
        it.site.on("/truck", "302 Found", f"Location: {other.url}/full")
        other.on("/robots.txt", "404 Not Found")
        other.on("/full", "200 OK", HTML, body=page(ENGLISH).encode())
        it.show(TRUCK, OLD)
        await poll_all(it.app)
        assert (await it.item("truck")).full_text
        assert it.site.fields()["authorization"] == "Bearer s3cret"
        assert it.site.fields()["accept"].startswith("text/html")
        assert all("s3cret" not in head for head in other.heads)
        robots = [head for head in it.site.heads if head.startswith("GET /robots.txt")]
        assert all("s3cret" not in head for head in robots)


@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable"])
async def test_a_host_that_asks_us_to_wait_is_held_for_polls_too(tmp_path: Path, status: str) -> None:
    async with scene(tmp_path) as it:
        it.site.on("/truck", status, "Retry-After: 1800")
        it.show(TRUCK, OLD)
        await poll_all(it.app)
        wait = await it.app.store.read(hosts.wait_of, "127.0.0.1")
        assert wait is not None
        assert "asked for an article" in wait.reason
        assert 1700 < (wait.until - it.app.context.clock()).total_seconds() <= 1800 < HOLD.total_seconds()
        asked = it.asked("/feed")
        await poll_all(it.app)
        await it.make_due()
        await it.app.articles.read_due()
        assert (it.asked("/feed"), it.asked("/truck")) == (asked, 1)


async def test_a_server_that_fails_is_asked_three_times_and_then_given_up(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        it.site.on("/truck", "500 Internal Server Error")
        it.show(TRUCK, OLD)
        with capture_logs() as logs:
            await poll_all(it.app)
            assert (await it.status("truck")).state is ArticleState.WAITING
            for _ in range(4):
                await it.make_due()
                await it.app.articles.read_due()
        assert it.asked("/truck") == 3
        found = await it.status("truck")
    assert found.state is ArticleState.REFUSED
    assert found.reason.startswith("given up after 3 attempts; HTTP 500")
    told = [line["event"] for line in logs if line["event"].startswith("article.")]
    assert told == ["article.postponed", "article.postponed", "article.refused"]


async def test_a_page_with_no_more_than_the_feed_has_makes_no_version(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        it.page("truck", page(ENGLISH))
        it.show(("truck", TRUCK[1], " ".join(ENGLISH * 2)), OLD)
        await poll_all(it.app)
        assert (await it.item("truck")).version == 1
        assert await it.said("truck") == "read: the page has no more text than the feed gives"


async def test_a_feed_that_does_not_want_full_texts_is_left_alone(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        await it.app.store.write(_unwanted)
        it.show(TRUCK, OLD)
        await poll_all(it.app)
        assert it.asked("/truck") == it.asked("/robots.txt") == 0
        assert await it.said("truck") == ""


def _unwanted(tx: Transaction) -> None:
    tx.run("UPDATE feeds SET full_text = 0")


async def drip(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 100000\r\n\r\n")
    while not writer.is_closing():
        writer.write(b"<")
        await writer.drain()
        await asyncio.sleep(0.05)


async def test_hostile_pages_leave_items_as_they_were_with_a_reason(tmp_path: Path) -> None:
    bomb = gzip.compress(b"<html><p>" + b"fentanyl " * 5_000_000)
    pages: dict[str, tuple[bytes, tuple[str, ...], str]] = {
        "divs": (b"<div>" * 200_000, (), "no article was found"),
        "scripts": (b"<script>var x = 'fentanyl';</script>" * 25_000, (), "no article was found"),
        "huge": (b"<html>" + b"fentanyl " * 5_500_000, (), "limit"),
        "bomb": (bomb, ("Content-Encoding: gzip",), "limit"),
        "pdf": (b"%PDF-1.7 fentanyl", ("Content-Type: application/pdf",), "no page of HTML"),
        "missing": (b"", (), "no page is there"),
    }
    async with scene(tmp_path) as it:
        for name, (body, fields, _) in pages.items():
            kind = () if any("Type" in field for field in fields) else (HTML,)
            status = "404 Not Found" if name == "missing" else "200 OK"
            it.site.on(f"/{name}", status, *kind, *fields, body=body)
        it.page("truck", page(ENGLISH))
        it.show(*((name, f"Item {name}", "Nothing.") for name in pages), TRUCK, OLD)
        await poll_all(it.app)
        for name, (_, _, words) in pages.items():
            assert (await it.item(name)).version == 1
            assert words in await it.said(name), (name, await it.said(name))
        assert (await it.item("truck")).full_text
        (hit,) = await it.app.store.read(hits.recent_hits, limit=9)
        assert hit.item.key == "guid:truck"


async def test_a_page_that_drips_ends_in_time_and_is_tried_again_later(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        by_clock(it.app, article_seconds=0.3)
        it.site.scripts["/truck"] = drip
        it.show(TRUCK, OLD)
        await poll_all(it.app)
        assert (await it.status("truck")).state is ArticleState.WAITING
        assert "no complete answer within 0.3 s" in await it.said("truck")


async def test_a_text_that_comes_after_its_item_was_edited_is_dropped(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        began, go_on = asyncio.Event(), asyncio.Event()

        async def wait(writer: asyncio.StreamWriter) -> None:
            began.set()
            await go_on.wait()
            body = page(ENGLISH).encode()
            writer.write(f"HTTP/1.1 200 OK\r\n{HTML}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
            await writer.drain()

        it.site.scripts["/truck"] = wait
        it.show(TRUCK, OLD)
        await it.app.store.write(feeds.hasten, "paper", now=it.app.context.clock())
        await it.app.poller.poll_due()
        assert await it.app.articles.fill() == 1
        await began.wait()
        await it.app.store.write(_edit)
        go_on.set()
        with capture_logs() as logs:
            await it.app.articles.crew.drain()
        assert (await it.item("truck")).version == 1
        assert [line["event"] for line in logs] == ["article.dropped"]


def _edit(tx: Transaction) -> None:
    (item,) = (item for item in items.recent_items(tx, limit=9) if item.key == "guid:truck")
    articles.enqueue(tx, item, now=item.first_seen)


async def test_an_article_and_a_poll_never_ask_one_host_at_once_and_keep_its_pause(tmp_path: Path) -> None:
    spacing = ("per_host = 6\nhost_spacing_seconds = 0", "per_host = 1\nhost_spacing_seconds = 0.2")
    async with scene(tmp_path, settings=spacing) as it:
        times: list[tuple[float, float]] = []

        def slow(body: bytes, kind: str) -> object:
            async def answer(writer: asyncio.StreamWriter) -> None:
                began = asyncio.get_running_loop().time()
                await asyncio.sleep(0.1)
                writer.write(
                    f"HTTP/1.1 200 OK\r\n{kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
                )
                await writer.drain()
                times.append((began, asyncio.get_running_loop().time()))

            return answer

        names = ("one", "two")
        it.show(*((name, f"Item {name}", "Nothing.") for name in names), OLD)
        feed = it.site.scripts["/feed"]
        assert isinstance(feed, bytes)
        it.site.scripts["/feed"] = slow(feed.partition(b"\r\n\r\n")[2], "Content-Type: application/rss+xml")  # type: ignore[assignment]
        for name in names:
            it.site.scripts[f"/{name}"] = slow(page(ENGLISH).encode(), HTML)  # type: ignore[assignment]
        it.site.scripts["/robots.txt"] = slow(b"", "Content-Type: text/plain")  # type: ignore[assignment]
        async with asyncio.timeout(30):
            for turn in itertools.count():
                if sum(item.full_text for item in await it.app.store.read(items.recent_items, limit=3)) == 2:
                    break
                if turn % 25 == 0:  # at every turn, the feed alone would have the host
                    await it.app.store.write(feeds.hasten, "paper", now=it.app.context.clock())
                await it.app.poller.fill()
                await it.app.articles.fill()
                await asyncio.sleep(0.02)
        await it.app.poller.finish()
        await it.app.articles.crew.drain()
    times.sort()
    assert len(times) >= 4
    for (_, ended), (began, _) in itertools.pairwise(times):
        assert began - ended >= 0.15
