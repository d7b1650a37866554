"""A reader in a real browser, without script, in the light and in the dark, on a telephone and by keyboard.

Skipped where Chromium or Playwright is not installed.
"""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from monitor.app import App
from monitor.deliver.links import LinkKind
from monitor.store import Transaction, recipients, silences, subscribers
from tests.web.subscribers import READER, newsroom, served, states, story, token, wait_for

playwright = pytest.importorskip("playwright.async_api", reason="no Playwright here: pip install playwright")
CHROMIUM = next(
    filter(None, (shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome"))), None
)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: apt-get install chromium")

CONTRAST = """
() => {
  const light = (c) => { const p = c.match(/[\\d.]+/g).slice(0, 3).map((v) => {
      v = v / 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * p[0] + 0.7152 * p[1] + 0.0722 * p[2]; };
  const ground = (e) => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor;
      if (c !== 'rgba(0, 0, 0, 0)') return c; } return 'rgb(255, 255, 255)'; };
  const worst = [...document.querySelectorAll('main *')].filter((e) => [...e.childNodes].some(
      (n) => n.nodeType === 3 && n.textContent.trim()) && e.tagName !== 'OPTION' && e.tagName !== 'STYLE').map((e) => {
    const a = light(getComputedStyle(e).color), b = light(ground(e));
    return [(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), e.tagName, e.textContent.trim().slice(0, 40)]; });
  return worst.sort((a, b) => a[0] - b[0])[0];
}
"""
UNNAMED = """
() => [...document.querySelectorAll('input:not([type=hidden]), select')].filter((e) => !e.labels.length).length
"""
SCHEMES = ("light", "dark")
WIDE, NARROW = {"width": 900, "height": 900}, {"width": 360, "height": 740}


@asynccontextmanager
async def browser() -> AsyncIterator[Any]:
    async with playwright.async_playwright() as driver:
        opened = await driver.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-background-networking"]
        )
        try:
            yield opened
        finally:
            await opened.close()


@asynccontextmanager
async def visit(
    engine: Any, *, scheme: str = "light", size: dict[str, int] = WIDE, script: bool = False
) -> AsyncIterator[Any]:
    """Open a page that notes what it asks the network for and what the console complains about."""
    context = await engine.new_context(color_scheme=scheme, viewport=size, java_script_enabled=script)
    page = await context.new_page()
    page.asked, page.said = [], []
    page.on("request", lambda request: page.asked.append(request.url))
    page.on("console", lambda line: page.said.append(line.text))
    try:
        yield page
        assert await context.cookies() == []
        assert page.said == []
    finally:
        await context.close()


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[tuple[App, str]]:
    async with newsroom(tmp_path, signup=True) as (_, app), served(app) as url:
        yield app, url


async def keep(page: Any, name: str) -> None:
    """Leave a picture for a person to look at, where MONITOR_SHOTS says so."""
    if folder := os.environ.get("MONITOR_SHOTS"):
        await page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)


async def test_a_reader_stops_a_topic_and_takes_it_back(site: tuple[App, str]) -> None:
    app, url = site

    def stopped(tx: Transaction) -> set[str]:
        return {topic for _, topic in subscribers.opt_outs(tx)}

    await wait_for(app, "waits", READER, "fentanyl")
    async with browser() as engine, visit(engine) as page:
        link = f"{url}/u/{token(app, LinkKind.UNSUBSCRIBE, READER, 'fentanyl')}"
        await page.goto(link)
        assert await app.store.read(stopped) == set()
        await keep(page, "unsubscribe")
        await page.get_by_role("button", name="Stop it").press("Enter")
        await page.get_by_role("status").wait_for()
        assert page.url == link
        assert await app.store.read(stopped) == {"fentanyl"}
        assert await states(app) == {"waits": "cancelled"}
        await keep(page, "unsubscribed")
        await page.get_by_role("button", name="Undo").click()
        await page.get_by_text("You will get it again").wait_for()
        assert await app.store.read(stopped) == set()
        assert set(page.asked) == {link}, "the page alone, from itself"


async def test_a_reader_mutes_a_story_and_pauses_until_a_day(site: tuple[App, str]) -> None:
    app, url = site
    async with browser() as engine, visit(engine) as page:
        await page.goto(f"{url}/u/{token(app, LinkKind.MUTE_STORY, READER, (await story(app)).uid)}")
        await page.get_by_role("button", name="Mute this story").click()
        await page.get_by_text("You will hear no more").wait_for()
        await page.get_by_role("link", name="All your settings").click()
        await page.get_by_role("heading", name="Your settings").wait_for()
        await page.get_by_role("button", name="Pause", exact=True).click()
        await page.get_by_text("Nothing will be sent to you until").wait_for()
        found = await app.store.read(silences.list_silences, now=app.context.clock())
        assert sorted(bool(each.matcher.stories) for each in found) == [False, True]
        for _ in range(2):
            await page.get_by_role("button", name="End it now").first.click()
            await page.get_by_text("It is ended").wait_for()
        assert await app.store.read(silences.list_silences, now=app.context.clock()) == []


async def test_a_reader_fills_in_the_settings_by_their_labels(site: tuple[App, str]) -> None:
    app, url = site
    async with browser() as engine, visit(engine, size=NARROW) as page:
        await page.goto(f"{url}/u/{token(app, LinkKind.PREFERENCES, READER)}")
        await page.get_by_label("These:").check()
        await page.get_by_label("Border wall").check()
        await page.get_by_label("How often").select_option("weekly")
        await page.get_by_label("Digest at").fill("06:30")
        await page.get_by_label("Day of a weekly digest").select_option("4")
        await page.get_by_label("Quiet hours from").fill("")
        await page.get_by_label("until").fill("")
        await page.get_by_role("button", name="Save").nth(1).click()
        await page.get_by_role("status").wait_for()
        found = await app.store.read(recipients.find_subscription, READER)
        assert (found.topics, found.timing.cadence, found.timing.quiet) == (("border-wall",), "weekly", None)
        assert (found.timing.digest_at, found.timing.digest_day) == (390, 4)


async def test_behind_a_proxy_that_puts_a_path_in_front_every_link_and_button_works(
    site: tuple[App, str],
) -> None:
    app, url = site
    proxy = await asyncio.start_server(partial(_forward, url), "127.0.0.1", 0)
    async with proxy, browser() as engine, visit(engine) as page:
        base = f"http://127.0.0.1:{proxy.sockets[0].getsockname()[1]}/monitor"
        await page.goto(f"{base}/u/{token(app, LinkKind.SNOOZE_TOPIC, READER, 'fentanyl')}")
        await page.get_by_role("button", name="For 24 hours").click()
        await page.get_by_text("You will hear nothing of this topic until").wait_for()
        await page.get_by_role("link", name="All your settings").click()
        await page.get_by_role("button", name="End it now").click()
        await page.get_by_text("It is ended").wait_for()
        await page.goto(f"{base}/subscribe")
        await page.get_by_role("link", name="Español").click()
        await page.get_by_role("heading", name="Avisos de noticias por correo").wait_for()
        assert all(each.startswith(base) for each in page.asked)


async def _forward(url: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass one request on without the path in front, as a reverse proxy does."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    method, path, *_ = head.split(" ", 2)
    fields = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if line)
    length = int(next((value for name, value in fields.items() if name.lower() == "content-length"), "0"))
    body = await reader.readexactly(length)
    kind = {
        name: value for name, value in fields.items() if name.lower() in {"content-type", "accept-language"}
    }
    async with httpx.AsyncClient() as client:
        answer = await client.request(method, url + path.removeprefix("/monitor"), content=body, headers=kind)
    kept = [
        f"{name}: {value}" for name, value in answer.headers.items() if name not in {"connection", "date"}
    ]
    writer.write(
        "\r\n".join([f"HTTP/1.1 {answer.status_code} X", *kept, "Connection: close", "", ""]).encode()
    )
    writer.write(answer.content)
    await writer.drain()
    writer.close()


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_every_page_is_readable_and_fits_a_telephone(site: tuple[App, str], scheme: str) -> None:
    """Contrast of at least 4.5 to 1 (WCAG 2.2, 1.4.3), and no scrolling sideways at 360 pixels."""
    app, url = site
    paths = {
        "unsubscribe": f"/u/{token(app, LinkKind.UNSUBSCRIBE, READER, 'fentanyl')}",
        "settings": f"/u/{token(app, LinkKind.PREFERENCES, READER)}",
        "settings-of-a-file": f"/u/{token(app, LinkKind.PREFERENCES, 'redaccion')}",
        "mute": f"/u/{token(app, LinkKind.MUTE_STORY, 'redaccion', (await story(app)).uid)}",
        "snooze": f"/u/{token(app, LinkKind.SNOOZE_TOPIC, READER, 'fentanyl')}",
        "pause": f"/u/{token(app, LinkKind.PAUSE, READER)}",
        "nowhere": "/u/nowhere",
        "subscribe": "/subscribe?lang=es",
    }
    async with browser() as engine, visit(engine, scheme=scheme, size=NARROW, script=True) as page:
        page.said = _ErrorPages()
        for name, path in paths.items():
            await page.goto(url + path)
            await keep(page, f"{name}-{scheme}")
            ratio, *where = await page.evaluate(CONTRAST)
            assert ratio >= 4.5, (name, ratio, where)
            assert await page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"], name
            assert await page.evaluate(UNNAMED) == 0, name


class _ErrorPages(list[str]):
    """The browser notes a 404 of ours in its console; anything else counts."""

    def append(self, line: str) -> None:
        if "404" not in line:
            super().append(line)
