"""The small HTTP server behaves for our own clients, and closes on those that do not speak HTTP."""

import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator

import httpx
import pytest

from monitor.demo.loopback import HttpServer, Request, Response


def echo(request: Request) -> Response:
    return Response(
        status=200, body=request.method.encode() + b" " + request.body, headers={"X-Path": request.path}
    )


@pytest.fixture
async def server() -> AsyncIterator[HttpServer]:
    async with HttpServer(echo) as running:
        yield running


async def test_several_requests_share_a_connection(server: HttpServer) -> None:
    limits = httpx.Limits(max_connections=1)
    async with httpx.AsyncClient(trust_env=False, limits=limits) as client:
        for number in range(3):
            answer = await client.post(f"{server.url}/a/{number}?q=1", content=f"body {number}")
            assert answer.text == f"POST body {number}"
            assert answer.headers["x-path"] == f"/a/{number}"


async def test_head_has_headers_and_no_body(server: HttpServer) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.head(server.url)
    assert answer.headers["content-length"] == "5"
    assert answer.content == b""


async def test_close_is_honoured(server: HttpServer) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    answer = await reader.read()
    assert b"Connection: close\r\n" in answer
    writer.close()


@pytest.mark.parametrize(
    "noise", [b"hello\r\n\r\n", b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n", b"x" * 100_000]
)
async def test_noise_ends_that_connection_only(
    server: HttpServer, noise: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(noise)
    writer.write_eof()
    with contextlib.suppress(ConnectionError):
        assert await reader.read() == b""
    writer.close()
    async with httpx.AsyncClient(trust_env=False) as client:
        assert (await client.get(server.url)).status_code == 200
    gc.collect()  # a task that died unheard would report itself here
    assert not caplog.records
