"""A scripted loopback server for requests, and the guarded client."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import httpx
import pytest

from monitor.net.client import make_client

Script = bytes | Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass(kw_only=True)
class ScriptedServer:
    """Answers each path with its script (bytes, or a coroutine that writes) and keeps the requests."""

    url: str = ""
    scripts: dict[str, Script] = field(default_factory=dict)
    heads: list[str] = field(default_factory=list)
    open: dict[asyncio.StreamWriter, "asyncio.Task[None] | None"] = field(default_factory=dict)

    def on(self, path: str, status: str, *fields: str, body: bytes = b"") -> str:
        """Answer `path` with a complete response and return its URL."""
        lines = [f"HTTP/1.1 {status}", *fields]
        if not any(line.lower().startswith("content-length") for line in fields):
            lines.append(f"Content-Length: {len(body)}")
        self.scripts[path] = "\r\n".join([*lines, "", ""]).encode("latin-1") + body
        return self.url + path

    def fields(self, number: int = -1) -> dict[str, str]:
        """Return the header fields of one request, names in lower case."""
        lines = self.heads[number].split("\r\n")[1:]
        return {line.split(": ", 1)[0].lower(): line.split(": ", 1)[1] for line in lines if line}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open[writer] = asyncio.current_task()
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            self.heads.append(head)
            script = self.scripts[head.split(" ")[1]]
            if callable(script):
                await script(writer)
            else:
                writer.write(script)
                await writer.drain()
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
        del self.open[writer]

    async def hang_up(self) -> None:
        """End what is still connected when a test ends."""
        for writer in self.open:
            writer.transport.abort()
        await asyncio.gather(*(task for task in self.open.values() if task))


@contextlib.asynccontextmanager
async def serving() -> AsyncIterator[ScriptedServer]:
    server = ScriptedServer()
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    async with listener:
        yield server
    await server.hang_up()


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with serving() as made:
        yield made


@pytest.fixture
async def elsewhere() -> AsyncIterator[ScriptedServer]:
    async with serving() as made:
        yield made


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    agent = "news-monitor/1 (+https://monitor.example/about)"
    async with make_client(user_agent=agent, allow_networks=["127.0.0.0/8"], max_connections=8) as made:
        yield made
