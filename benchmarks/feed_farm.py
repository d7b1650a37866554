"""A fast feed server on many loopback addresses, in a process of its own, so that its CPU is nobody's.

    python benchmarks/feed_farm.py --feeds 1000 --addresses 100

prints one line of JSON with its port and serves feed N as /feed/N on each of 127.0.0.1 ... 127.0.0.100, with ETag and
Last-Modified, until its standard input ends. `POST /hook` takes webhooks, `/hostile/KIND/N` misbehaves, and
`POST /control/NAME` with JSON steers it: `reset`, `clear`, `publish`, `set`, `report`, `arrivals`, `arm`.

Benchmarks use class Farm, which runs that program. It speaks just enough HTTP for well-behaved clients.
"""

import argparse
import asyncio
import json
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, Self, cast

from hostility import BLOCK, HUGE, beginning, bomb
from news import ITEMS, NewsItem, first_window, make_item, render

_LINK = re.compile(rb"https://paper\d+\.example/\d{4}/\d\d/\d\d/story-\d+")
_VALIDATORS = re.compile(rb"\r\n(if-none-match|if-modified-since): *([^\r]*)", re.IGNORECASE)
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_BORN = datetime(2026, 1, 1, tzinfo=UTC)


class Feed:
    """One feed: its window, the response made of it, and what was asked of it."""

    def __init__(self, number: int, now: datetime) -> None:
        self.number = number
        self.items = first_window(number, now=now)
        self.next = ITEMS + 1
        self.version = 0
        self.requests = 0
        self.last = self.gap = 0.0
        self.unserved: list[str] = []
        self._cached: dict[bool, bytes] = {}

    def publish(self, item: NewsItem) -> None:
        self.items = [item, *self.items[: ITEMS - 1]]
        self.next += 1
        self.version += 1
        self._cached.clear()

    def note_request(self, now: float) -> None:
        self.requests += 1
        if self.last:
            self.gap = max(self.gap, now - self.last)
        self.last = now

    @property
    def etag(self) -> bytes:
        return f'"{self.number}-{self.version}"'.encode()

    @property
    def modified(self) -> bytes:
        return format_datetime(_BORN + timedelta(seconds=self.version), usegmt=True).encode()

    def document(self) -> bytes:
        return render(self.number, self.items)

    def whole(self, *, validators: bool) -> bytes:
        """Give the 200 response."""
        if validators not in self._cached:
            body = self.document()
            extra = b"ETag: %b\r\nLast-Modified: %b\r\n" % (self.etag, self.modified) if validators else b""
            self._cached[validators] = (
                b"HTTP/1.1 200 OK\r\nContent-Type: application/xml; charset=utf-8\r\n%bContent-Length: %d\r\n\r\n%b"
                % (extra, len(body), body)
            )
        return self._cached[validators]

    def unchanged(self, head: bytes) -> bool:
        """Whether the request's validators are ours, the ETag first (RFC 9110, 13.2.2)."""
        sent = {name.lower(): value for name, value in _VALIDATORS.findall(head)}
        if b"if-none-match" in sent:
            return sent[b"if-none-match"] == self.etag
        return sent.get(b"if-modified-since") == self.modified


class FarmState:
    """All feeds, the switches, and the counts."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.origin = datetime.now(UTC).replace(microsecond=0)
        self.feeds: list[Feed] = []
        self.spoilt = b""
        self.reset()

    def reset(self) -> Mapping[str, Any]:
        """Show the first windows again, and forget everything else."""
        self.feeds = [Feed(number, self.origin) for number in range(self.count)]
        self.spoilt = self.feeds[0].document() if self.feeds else b""
        self.validators, self.delay = True, 0.0
        self.hostile: Counter[str] = Counter()
        self.served: dict[str, float] = {}
        self.accepted: dict[str, float] = {}
        for feed in self.feeds:
            feed.whole(validators=True)
        return self.clear()

    def clear(self) -> Mapping[str, Any]:
        """Begin to count anew."""
        self.statuses: Counter[int] = Counter()
        self.in_flight: Counter[str] = Counter()
        self.connections: Counter[str] = getattr(self, "connections", Counter())
        self.peak_in_flight = 0
        self.peak_connections = max(self.connections.values(), default=0)
        for feed in self.feeds:
            feed.requests, feed.last, feed.gap = 0, 0.0, 0.0
        return {}

    def publish(self, *, share: float = 1.0, offset: int = 0, distinct: bool = False) -> Mapping[str, Any]:
        """Publish one new item on every (1 / share)-th feed, from the `offset`-th on."""
        now = datetime.now(UTC).replace(microsecond=0)
        chosen = self.feeds[offset % max(1, round(1 / share)) :: max(1, round(1 / share))]
        for feed in chosen:
            item = make_item(feed.number, feed.next, published=now, distinct=distinct)
            feed.publish(item)
            feed.unserved.append(item.link)
            feed.whole(validators=self.validators)
        return {"published": len(chosen)}

    def set(self, *, validators: bool | None = None, delay: float | None = None) -> Mapping[str, Any]:
        """Switch validators, or set the seconds before each answer."""
        self.validators = self.validators if validators is None else validators
        self.delay = self.delay if delay is None else delay
        return {}

    def report(self) -> Mapping[str, Any]:
        """Tell what was asked for since the last `clear` (of hostile feeds: since the last `reset`)."""
        now = time.monotonic()
        return {
            "requests": [feed.requests for feed in self.feeds],
            "gaps": [round(max(feed.gap, now - feed.last if feed.last else 0), 2) for feed in self.feeds],
            "statuses": {str(status): count for status, count in self.statuses.items()},
            "hostile": dict(self.hostile),
            "peak_connections": self.peak_connections,
            "peak_in_flight": self.peak_in_flight,
        }

    def arrivals(self) -> Mapping[str, Any]:
        """Tell for each new item that was served how many seconds later its webhook was accepted (None: not yet)."""
        return {
            link: None if link not in self.accepted else self.accepted[link] - at
            for link, at in self.served.items()
        }

    def answer(self, feed: Feed, head: bytes) -> bytes:
        now = time.monotonic()
        feed.note_request(now)
        if self.validators and feed.unchanged(head):
            self.statuses[304] += 1
            return b"HTTP/1.1 304 Not Modified\r\nETag: %b\r\nLast-Modified: %b\r\n\r\n" % (
                feed.etag,
                feed.modified,
            )
        self.statuses[200] += 1
        for link in feed.unserved:
            self.served[link] = now
        feed.unserved.clear()
        return feed.whole(validators=self.validators)

    def take_hook(self, body: bytes) -> bytes:
        now = time.monotonic()
        for link in _LINK.findall(body):
            self.accepted.setdefault(link.decode(), now)
        return b"HTTP/1.1 204 No Content\r\n\r\n"

    def control(self, name: str, arguments: dict[str, Any]) -> bytes:
        commands: dict[str, Callable[..., Mapping[str, Any]]] = {
            "reset": self.reset,
            "clear": self.clear,
            "publish": self.publish,
            "set": self.set,
            "report": self.report,
            "arrivals": self.arrivals,
            "arm": lambda: {"bomb": len(bomb())},  # packed before it is asked for: that takes seconds
        }
        body = json.dumps(commands[name](**arguments)).encode()
        return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (
            len(body),
            body,
        )


class FarmProtocol(asyncio.Protocol):
    """One connection: reads a request, answers it, keeps the connection unless told otherwise."""

    def __init__(self, state: FarmState) -> None:
        self._state = state
        self._buffer = b""
        self._room = asyncio.Event()
        self._room.set()
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._host: str = transport.get_extra_info("sockname")[0]
        state = self._state
        state.connections[self._host] += 1
        state.peak_connections = max(state.peak_connections, state.connections[self._host])

    def connection_lost(self, error: Exception | None) -> None:
        self._state.connections[self._host] -= 1
        self._room.set()
        if self._task is not None:
            self._task.cancel()

    def pause_writing(self) -> None:
        self._room.clear()

    def resume_writing(self) -> None:
        self._room.set()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end]
            found = _LENGTH.search(head) if head.startswith(b"POST") else None
            length = int(found[1]) if found else 0
            if len(self._buffer) < end + 4 + length:
                return
            body = self._buffer[end + 4 : end + 4 + length]
            self._buffer = self._buffer[end + 4 + length :]
            self._answer(head, body)

    def _answer(self, head: bytes, body: bytes) -> None:
        state = self._state
        _, name, *rest = head.split(b" ", 2)[1].decode().split("/")
        close = b"\r\nconnection: close" in head.lower()
        if name == "feed" and rest[0].isdigit() and int(rest[0]) < state.count:
            feed = state.feeds[int(rest[0])]
            state.in_flight[self._host] += 1
            state.peak_in_flight = max(state.peak_in_flight, state.in_flight[self._host])
            if state.delay:
                asyncio.get_running_loop().call_later(state.delay, self._send_feed, feed, head, close)
            else:
                self._send_feed(feed, head, close)
        elif name == "hook":
            self._send(state.take_hook(body), close=close)
        elif name == "control":
            self._send(state.control(rest[0], json.loads(body or b"{}")), close=close)
        elif name == "hostile":
            self._misbehave(rest[0], head.split(b" ", 2)[1].decode())
        else:
            self._send(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", close=close)

    def _send_feed(self, feed: Feed, head: bytes, close: bool) -> None:  # noqa: FBT001 - call_later is positional
        self._state.in_flight[self._host] -= 1
        if not self._transport.is_closing():
            self._send(self._state.answer(feed, head), close=close)

    def _send(self, response: bytes, *, close: bool) -> None:
        self._transport.write(response)
        if close:
            self._transport.close()

    def _misbehave(self, kind: str, path: str) -> None:
        self._state.hostile[kind] += 1
        self._transport.write(beginning(kind, path, self._state.spoilt))
        if kind in {"drip", "huge"}:
            self._task = asyncio.get_running_loop().create_task(self._go_on(kind))
        elif kind == "cut":
            self._transport.close()

    async def _go_on(self, kind: str) -> None:
        sent, block = 0, b"<!--" + b"x" * (BLOCK - 7) + b"-->"
        while not self._transport.is_closing() and sent < HUGE:
            if kind == "drip":
                self._transport.write(b" ")
                await asyncio.sleep(1)
            else:
                await self._room.wait()
                self._transport.write(block)
                sent += len(block)
                await asyncio.sleep(0)


class Farm:
    """A context manager that runs the server; `call` steers it.

    Hostile feeds have `hostile_addresses` of their own, so that they never stand before a good one of their host.
    """

    def __init__(self, feeds: int, *, addresses: int = 100, hostile_addresses: int = 0) -> None:
        self.count = feeds
        self.addresses = addresses
        self.hostile_addresses = hostile_addresses
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        bound = self.addresses + self.hostile_addresses
        command = [sys.executable, __file__, "--feeds", str(self.count), "--addresses", str(bound)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        self.port = json.loads(self._process.stdout.readline())["port"]
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.communicate()

    @property
    def urls(self) -> list[str]:
        """The feeds' addresses in order."""
        return feed_urls(self.count, self.port, addresses=self.addresses)

    @property
    def hook(self) -> str:
        """Where webhooks are taken."""
        return f"http://127.0.0.1:{self.port}/hook"

    def hostile_url(self, kind: str, number: int) -> str:
        """Give the address of a hostile feed; consecutive numbers lie on different hosts."""
        host = 1 + self.addresses + number % self.hostile_addresses
        return f"http://127.0.0.{host}:{self.port}/hostile/{kind}/{number}"

    def call(self, command: str, **arguments: Any) -> dict[str, Any]:
        """Send a control command and return its answer."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/control/{command}",
            data=json.dumps(arguments).encode(),
            headers={"Connection": "close"},
        )
        with urllib.request.urlopen(request, timeout=120) as response:
            answer: dict[str, Any] = json.load(response)
        return answer


def feed_urls(count: int, port: int, *, addresses: int) -> list[str]:
    """List the addresses of the feeds."""
    return [f"http://127.0.0.{1 + number % addresses}:{port}/feed/{number}" for number in range(count)]


def _sockets(addresses: int) -> tuple[int, list[socket.socket]]:
    """Bind one port, free on all of them, on each address."""
    for _ in range(50):
        bound: list[socket.socket] = []
        port = 0
        try:
            for number in range(addresses):
                listener = socket.socket()
                bound.append(listener)
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                listener.bind((f"127.0.0.{1 + number}", port))
                port = listener.getsockname()[1]
        except OSError:
            for listener in bound:
                listener.close()
        else:
            return port, bound
    sys.exit("no port is free on all loopback addresses: end other benchmarks first")


async def _main(feeds: int, addresses: int) -> None:
    loop = asyncio.get_running_loop()
    state = FarmState(feeds)
    port, listeners = _sockets(addresses)
    for listener in listeners:
        await loop.create_server(lambda: FarmProtocol(state), sock=listener, backlog=1000)
    sys.stdout.write(json.dumps({"port": port}) + "\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.read)  # ends when whoever started us ends


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--feeds", type=int, default=1000)
    parser.add_argument("--addresses", type=int, default=100)
    options = parser.parse_args()
    asyncio.run(_main(options.feeds, options.addresses))


if __name__ == "__main__":
    main()
