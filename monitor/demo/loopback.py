"""Servers on 127.0.0.1 for the demonstration and the tests: a socket server and a small HTTP server on it.

The HTTP server knows what our own clients send: one request at a time on a connection, bodies with a
Content-Length, keep-alive. It is no server for a network: no TLS, no chunked requests, no timeouts.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus
from typing import Self

HOST = "127.0.0.1"

Converse = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class LoopbackServer:
    """Runs one coroutine for each connection; as a context manager it listens, and ends every conversation.

    `port` 0 takes any free one; the attribute then holds it. `line_limit` is the longest line in bytes.
    """

    def __init__(self, converse: Converse, *, port: int = 0, line_limit: int = 65536) -> None:
        self.port = port
        self._converse = converse
        self._line_limit = line_limit
        self._server: asyncio.Server | None = None
        self._conversations: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, HOST, self.port, limit=self._line_limit)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is None:
            return
        self._server.close()
        for conversation in self._conversations:
            conversation.cancel()
        await asyncio.gather(*self._conversations, return_exceptions=True)
        await self._server.wait_closed()
        self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A task of our own, so that stopping can cancel it without asyncio reporting the cancellation.
        conversation = asyncio.create_task(self._talk(reader, writer))
        self._conversations.add(conversation)
        conversation.add_done_callback(self._conversations.discard)
        await asyncio.wait({conversation})

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._converse(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # the client left, or sent a line longer than any of ours: the connection is closed, no more
        finally:
            writer.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request; header names in lower case, `path` without the query."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One HTTP response; Date, Content-Length and Connection are added."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class HttpServer(LoopbackServer):
    """A loopback server that answers every request with what `answer` returns."""

    def __init__(self, answer: Callable[[Request], Response], *, port: int = 0) -> None:
        super().__init__(self._requests, port=port)
        self._answer = answer

    @property
    def url(self) -> str:
        """The address without a path or a closing slash."""
        return f"http://{HOST}:{self.port}"

    async def _requests(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while (request := await _read_request(reader)) is not None:
            close = request.headers.get("connection", "").lower() == "close"
            writer.write(_encode(self._answer(request), head_only=request.method == "HEAD", close=close))
            await writer.drain()
            if close:
                return


async def _read_request(reader: asyncio.StreamReader) -> Request | None:
    head = await reader.readuntil(b"\r\n\r\n") if not reader.at_eof() else b""
    if not head:
        return None
    try:
        first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
        method, target, _ = first.split(" ", 2)
        fields = (line.partition(":") for line in lines)
        headers = {name.strip().lower(): value.strip() for name, _, value in fields}
        length = int(headers.get("content-length", "0"))
    except ValueError as error:
        raise ConnectionAbortedError("this is no HTTP request") from error
    body = await reader.readexactly(length)
    return Request(method=method, path=target.partition("?")[0], headers=headers, body=body)


def _encode(response: Response, *, head_only: bool, close: bool) -> bytes:
    headers = {
        "Date": formatdate(usegmt=True),
        **response.headers,
        "Connection": "close" if close else "keep-alive",
    }
    if response.status != HTTPStatus.NOT_MODIFIED:
        headers["Content-Length"] = str(len(response.body))
    lines = [f"HTTP/1.1 {response.status} {HTTPStatus(response.status).phrase}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
    return head if head_only else head + response.body
