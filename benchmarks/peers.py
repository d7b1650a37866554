"""What we are measured against: a floor, a plain loop, and `reader`. Each polls all its feeds once per `poll`.

- `floor`: what nobody can beat in Python: raw asyncio, one expat pass that collects what an item is made of, one
  sqlite3 transaction a round. No HTTP library, no feed rules, no matching, no limits.
- `loop`: what a good afternoon's script does: httpx, 20 in flight, conditional GET, feedparser, sqlite3.
- `reader`: https://pypi.org/project/reader/, as its documentation uses it, with its worker threads.
"""

import asyncio
import sqlite3
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.parsers import expat

IN_FLIGHT = 20
_SCHEMA = """
CREATE TABLE feeds (id INTEGER PRIMARY KEY, url TEXT NOT NULL, etag TEXT, modified TEXT);
CREATE TABLE items (
  feed INTEGER NOT NULL, guid TEXT NOT NULL, link TEXT, title TEXT, text TEXT, published TEXT, PRIMARY KEY (feed, guid)
);
"""
_KEEP = "INSERT INTO items VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
_NOTE = "UPDATE feeds SET etag = ?, modified = ? WHERE id = ?"


def _database(folder: Path, urls: Sequence[str]) -> sqlite3.Connection:
    database = sqlite3.connect(folder / "peer.db", isolation_level=None)
    database.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;" + _SCHEMA)
    database.execute("BEGIN")
    database.executemany("INSERT INTO feeds (id, url) VALUES (?, ?)", enumerate(urls))
    database.execute("COMMIT")
    return database


class Floor:
    """Raw asyncio, expat, one transaction."""

    def __init__(self, folder: Path, urls: Sequence[str]) -> None:
        self._database = _database(folder, urls)
        self._items: list[tuple[Any, ...]] = []
        self._states: list[tuple[str | None, str | None, int]] = []

    async def poll(self) -> None:
        rows = iter(self._database.execute("SELECT id, url, etag, modified FROM feeds").fetchall())
        await asyncio.gather(*(self._worker(rows) for _ in range(IN_FLIGHT)))
        self._database.execute("BEGIN")
        self._database.executemany(_KEEP, self._items)
        self._database.executemany(_NOTE, self._states)
        self._database.execute("COMMIT")
        self._items.clear()
        self._states.clear()

    async def _worker(self, rows: Any) -> None:
        loop = asyncio.get_running_loop()
        for number, url, etag, modified in rows:
            host, _, path = url.removeprefix("http://").partition("/")
            name, _, port = host.partition(":")
            validators = f"If-None-Match: {etag}\r\nIf-Modified-Since: {modified}\r\n" if etag else ""
            request = f"GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{validators}\r\n"
            done: asyncio.Future[bytes] = loop.create_future()
            await loop.create_connection(lambda: _Exchange(request.encode(), done), name, int(port))  # noqa: B023
            head, _, body = (await done).partition(b"\r\n\r\n")
            if head[9:12] == b"200":
                self._items += ((number, *item) for item in _collect(body))
                self._states.append((_header(head, b"ETag: "), _header(head, b"Last-Modified: "), number))


class _Exchange(asyncio.Protocol):
    def __init__(self, request: bytes, done: "asyncio.Future[bytes]") -> None:
        self._request = request
        self._done = done
        self._parts: list[bytes] = []

    def connection_made(self, transport: Any) -> None:
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._parts.append(data)

    def connection_lost(self, error: Exception | None) -> None:
        if not self._done.done():
            self._done.set_result(b"".join(self._parts))


def _header(head: bytes, name: bytes) -> str | None:
    start = head.find(name)
    return None if start < 0 else head[start + len(name) :].partition(b"\r")[0].decode()


def _collect(body: bytes) -> list[tuple[str, str, str, str, str]]:
    """One expat pass: (guid, link, title, text, published) of each item or entry."""
    names = {
        "guid": "guid", "id": "guid", "link": "link", "title": "title", "description": "text", "summary": "text",
        "pubDate": "date", "published": "date",
    }  # fmt: skip
    found: list[tuple[str, str, str, str, str]] = []
    item: dict[str, list[str]] | None = None
    into: list[str] | None = None

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal item, into
        if name in {"item", "entry"}:
            item = {"guid": [], "link": [], "title": [], "text": [], "date": []}
        elif item is not None and name in names:
            into = item[names[name]]
            if "href" in attributes:
                into.append(attributes["href"])

    def end(name: str) -> None:
        nonlocal item, into
        into = None
        if item is not None and name in {"item", "entry"}:
            guid, link, title, text, date = ("".join(parts) for parts in item.values())
            found.append((guid, link, title, text, date))
            item = None

    def text(data: str) -> None:
        if into is not None:
            into.append(data)

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, text
    parser.Parse(body, True)
    return found


class HttpxLoop:
    """httpx + feedparser + sqlite3, as one writes it by hand."""

    def __init__(self, folder: Path, urls: Sequence[str]) -> None:
        import feedparser  # noqa: PLC0415 - each contestant loads only what it uses
        import httpx  # noqa: PLC0415

        self._database = _database(folder, urls)
        self._parse = feedparser.parse
        self._client = httpx.AsyncClient(
            limits=httpx.Limits(max_connections=IN_FLIGHT), timeout=30, follow_redirects=True
        )
        self._slots = asyncio.Semaphore(IN_FLIGHT)

    async def poll(self) -> None:
        rows = self._database.execute("SELECT id, url, etag, modified FROM feeds").fetchall()
        await asyncio.gather(*(self._one(*row) for row in rows))

    async def _one(self, number: int, url: str, etag: str | None, modified: str | None) -> None:
        sent = {"If-None-Match": etag, "If-Modified-Since": modified}
        headers = {name: value for name, value in sent.items() if value}
        async with self._slots:
            response = await self._client.get(url, headers=headers)
        if response.status_code != 200:
            return
        entries = self._parse(response.content)["entries"]
        self._database.execute("BEGIN")
        self._database.executemany(_KEEP, (_row(number, entry) for entry in entries))
        etag, modified = response.headers.get("etag"), response.headers.get("last-modified")
        self._database.execute(_NOTE, (etag, modified, number))
        self._database.execute("COMMIT")


def _row(number: int, entry: Any) -> tuple[Any, ...]:
    link, title = entry.get("link"), entry.get("title")
    return number, entry.get("id") or link, link, title, entry.get("summary"), entry.get("published")


class Reader:
    """reader with a file database and its worker threads."""

    def __init__(self, folder: Path, urls: Sequence[str]) -> None:
        import feedparser_sgmllib  # noqa: PLC0415 - as above

        # The feedparser inside reader 3.26 asks for `sgmllib`, which feedparser's own dependency now calls otherwise.
        sys.modules.setdefault("sgmllib", feedparser_sgmllib)
        from reader import make_reader  # noqa: PLC0415 - as above

        self._reader = make_reader(str(folder / "reader.db"))
        for url in urls:
            self._reader.add_feed(url)

    async def poll(self) -> None:
        self._reader.update_feeds(scheduled=False, workers=IN_FLIGHT)
