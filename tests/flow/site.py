"""A publisher's server that a test scripts: what each path answers now, and what was asked of it."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from monitor.app import App
from monitor.demo.loopback import HttpServer, Request, Response
from tests.conftest import opened, small_stage
from tests.pipeline.conftest import Clock, by_clock


@dataclass
class Site:
    """Paths without an answer are not found."""

    url: str = ""
    answers: dict[str, Response] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)

    def answer(self, request: Request) -> Response:
        self.asked[request.path] += 1
        return self.answers.get(request.path, Response(status=404))

    def show(self, *entries: str, path: str = "/feed", head: str = "") -> None:
        """Let a path serve a feed of these entries."""
        self.answers[path] = Response(status=200, body=rss(*entries, head=head))


def rss(*entries: str, head: str = "") -> bytes:
    return f'<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel><title>T</title>{head}{"".join(entries)}</channel></rss>'.encode()


def entry(
    name: str | int, *, guid: str | None = None, link: str | None = None, title: str = "", more: str = ""
) -> str:
    """Write an item; its title matches a topic unless it is given."""
    guid = f"g{name}" if guid is None else guid
    link = f"https://paper.example/{name}" if link is None else link
    shown = title or f"Agents seize fentanyl at gate {name}"
    carried = f'<guid isPermaLink="false">{guid}</guid>' if guid else ""
    return f"<item>{carried}<link>{link}</link><title>{shown}</title>{more}</item>"


@asynccontextmanager
async def publisher(
    folder: Path, *, paths: Mapping[str, str] | None = None
) -> AsyncIterator[tuple[Site, App, Clock]]:
    """Run a site, and an installation by a clock of ours that polls its feeds (slug to path)."""
    site = Site()
    async with HttpServer(site.answer) as server, small_stage(folder) as stage:
        site.url = server.url
        lines = [
            f'[[feed]]\nslug = "{slug}"\nurl = "{server.url}{path}"\n'
            for slug, path in (paths or {"gazette": "/feed"}).items()
        ]
        (stage.folder / "feeds.toml").write_text("\n".join(lines))
        async with opened(stage) as app:
            yield site, app, by_clock(app)
