"""A loopback server that answers with given bytes, and the guarded client under test."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import httpx
import pytest

from monitor.net.client import make_client


class RawServer:
    """Answers every request with `answer`, byte for byte, then closes; keeps the request heads."""

    def __init__(self) -> None:
        self.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
        self.heads: list[str] = []
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            self.heads.append((await reader.readuntil(b"\r\n\r\n")).decode("latin-1"))
            writer.write(self.answer)
            await writer.drain()
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


@pytest.fixture
async def server() -> AsyncIterator[RawServer]:
    raw = RawServer()
    listener = await asyncio.start_server(raw.serve, "127.0.0.1", 0)
    raw.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/"
    async with listener:
        yield raw


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    made = make_client(user_agent="test/1", allow_networks=["127.0.0.0/8"], max_connections=4)
    async with made:
        yield made
