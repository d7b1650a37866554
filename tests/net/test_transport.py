"""Whole requests over the guarded transport, against peers that behave and peers that do not."""

import asyncio
import contextlib
import gc
import time
from collections.abc import AsyncIterator

import httpx
import psutil
import pytest

from monitor.net.bounded import BodyTooLarge, read_bounded
from monitor.net.client import make_client
from monitor.net.guard import parse_networks
from monitor.net.idle import IdleConnections
from monitor.net.transport import GuardedTransport
from tests.net.conftest import RawServer, peer, saying

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
MIB = 1024 * 1024


def over(idle: IdleConnections, *, most: int = 8) -> httpx.AsyncClient:
    """Make a client whose kept connections a test can see."""
    allowed = parse_networks(["127.0.0.0/8"])
    return httpx.AsyncClient(transport=GuardedTransport(allowed=allowed, max_connections=most, idle=idle))


async def test_fields_go_out_and_come_in_byte_for_byte(server: RawServer, client: httpx.AsyncClient) -> None:
    server.answer = (
        b'HTTP/1.1 299 Raro\r\nETag: W/"\xf1\xff"\r\nX-Two: 1\r\nx-two: 2\r\nContent-Length: 0\r\n\r\n'
    )
    headers = [(b"If-None-Match", b'W/"\xf1\xff"'), (b"X-MiXed", b"")]
    response = await client.get(server.url + "a%20b?q=%C3%B1", headers=headers)
    assert response.headers.raw[:3] == [(b"ETag", b'W/"\xf1\xff"'), (b"X-Two", b"1"), (b"x-two", b"2")]
    assert (response.status_code, response.reason_phrase, response.http_version) == (299, "Raro", "HTTP/1.1")
    assert server.heads[0].startswith("GET /a%20b?q=%C3%B1 HTTP/1.1\r\n")
    assert 'If-None-Match: W/"\xf1\xff"\r\n' in server.heads[0]
    assert "X-MiXed: \r\n" in server.heads[0]


@pytest.mark.parametrize(
    ("name", "value"),
    [("X", "a\r\nEvil: 1"), ("X", "a\nb"), ("X", "a\0b"), ("X: 1\r\nEvil", "1"), ("X Y", "1"), ("", "1")],
)
async def test_a_field_that_would_be_two_is_not_sent(
    server: RawServer, client: httpx.AsyncClient, name: str, value: str
) -> None:
    with pytest.raises(httpx.LocalProtocolError, match="forbidden character"):
        await client.get(server.url, headers={name: value})
    assert server.heads == []


async def test_port_zero_is_not_taken_for_the_usual_port(client: httpx.AsyncClient) -> None:
    with pytest.raises(httpx.ConnectError, match=r"127\.0\.0\.1:0: no such port"):
        await client.get("http://127.0.0.1:0/")


async def pieces() -> AsyncIterator[bytes]:
    yield b"uno "
    yield b"dos"


@pytest.mark.parametrize(
    ("content", "sent"),
    [
        (b"", b""),
        (b"x" * 3 * MIB, b"x" * 3 * MIB),
        ("pieces", b"7\r\nuno dos\r\n0\r\n\r\n"),
    ],
)
async def test_a_body_is_sent_whole(client: httpx.AsyncClient, content: bytes | str, sent: bytes) -> None:
    got = b""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal got
        await reader.readuntil(b"\r\n\r\n")
        got = await reader.readexactly(len(sent))
        writer.write(OK)
        await writer.drain()

    async with peer(handler) as server:
        body = pieces() if content == "pieces" else content
        response = await client.post(f"http://127.0.0.1:{server.port}/", content=body)
    assert (response.text, got) == ("ok", sent)


async def test_an_answer_before_the_body_was_read_counts(client: httpx.AsyncClient) -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno")
        await writer.drain()
        await asyncio.sleep(5)

    async with peer(handler) as server:
        response = await client.post(f"http://127.0.0.1:{server.port}/", content=b"x" * 20 * MIB)
        assert (response.status_code, response.text) == (413, "no")


async def test_a_peer_that_reads_nothing_is_a_write_timeout(client: httpx.AsyncClient) -> None:
    async def handler(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(5)

    async with peer(handler) as server:
        with pytest.raises(httpx.WriteTimeout, match=r"0\.2 s"):
            await client.post(
                f"http://127.0.0.1:{server.port}/",
                content=b"x" * 30 * MIB,
                timeout=httpx.Timeout(9, write=0.2),
            )


@pytest.mark.parametrize("beginning", [b"", b"HTTP/1.1 200 OK\r\nX: y", b"HTTP/1.1 200 OK\r\n\r\nhalf"])
async def test_silence_is_a_read_timeout_with_its_request(
    client: httpx.AsyncClient, beginning: bytes
) -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(beginning)
        await asyncio.sleep(5)

    async with peer(handler) as server:
        url = f"http://127.0.0.1:{server.port}/"
        with pytest.raises(httpx.ReadTimeout, match=r"nothing for 0\.2 s") as caught:
            await client.get(url, timeout=httpx.Timeout(9, read=0.2))
        assert caught.value.request.url == url


async def test_a_name_that_does_not_connect_is_a_connect_timeout(client: httpx.AsyncClient) -> None:
    from tests.net.test_dial import silent

    async with peer(saying(OK)) as server:
        with silent("127.0.0.2", server.port):
            url = f"http://127.0.0.2:{server.port}/"
            with pytest.raises(
                httpx.ConnectTimeout, match=r"no connection to 127\.0\.0\.2:\d+ within 0\.2 s"
            ):
                await client.get(url, timeout=httpx.Timeout(9, connect=0.2))


@pytest.mark.parametrize("beginning", [b"HTTP/1.1 200 OK\r\nX-Slow: ", b"HTTP/1.1 200 OK\r\n\r\n"])
async def test_a_drip_ends_with_the_outer_deadline_and_leaves_nothing(
    client: httpx.AsyncClient, beginning: bytes
) -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(beginning)
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.01)

    async with peer(handler) as server:
        began = time.monotonic()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await client.get(f"http://127.0.0.1:{server.port}/")
        assert time.monotonic() - began < 2
        await gone(server)


async def gone(server: "object") -> None:
    """Wait until the peer has no connection left."""
    async with asyncio.timeout(5):
        while getattr(server, "open"):  # noqa: B009, ASYNC110
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("moment", [0.0, 0.001, 0.05, 0.15])
async def test_a_cancelled_request_leaves_no_socket(client: httpx.AsyncClient, moment: float) -> None:
    """ResourceWarnings are errors in these tests: a socket that is only dropped fails this one."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(0.1)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
        await writer.drain()
        await reader.read()

    async with peer(handler) as server:
        tasks = [
            asyncio.create_task(client.get(f"http://127.0.0.1:{server.port}/")) for _ in range(8)
        ]  # twice as many as there is room for: some wait for a place
        await asyncio.sleep(moment)
        for task in tasks:
            task.cancel()
        assert all(
            isinstance(outcome, asyncio.CancelledError)
            for outcome in await asyncio.gather(*tasks, return_exceptions=True)
        )
        await gone(server)
        gc.collect()
    async with peer(saying(OK)) as server:
        assert (await client.get(f"http://127.0.0.1:{server.port}/")).text == "ok"


async def test_no_more_requests_run_at_once_than_allowed(client: httpx.AsyncClient) -> None:
    most = 0

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal most
        await reader.readuntil(b"\r\n\r\n")
        most = max(most, server.open)
        await asyncio.sleep(0.02)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
        await writer.drain()

    async with peer(handler) as server:
        url = f"http://127.0.0.1:{server.port}/"
        answers = await asyncio.gather(*(client.get(url) for _ in range(12)))
        assert [answer.text for answer in answers] == ["ok"] * 12
        assert 2 <= most <= 5  # the peer may see one end after the next begins

        holders = [client.build_request("GET", url) for _ in range(4)]
        held = [await client.send(each, stream=True) for each in holders]
        with pytest.raises(httpx.PoolTimeout, match=r"free within 0\.1 s") as caught:
            await client.get(url, timeout=httpx.Timeout(9, pool=0.1))
        assert caught.value.request.url == url
        for each in held:
            await each.aclose()


async def test_an_endless_body_is_stopped_with_flat_memory(client: httpx.AsyncClient) -> None:
    """The peer sends 512 MiB as fast as it can; the reader is slower than that and stops at its limit."""
    sent = 0
    piece = b"x" * MIB

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        for _ in range(512):
            writer.write(piece)
            await writer.drain()
            sent += len(piece)

    async with peer(handler) as server:
        process = psutil.Process()
        before = process.memory_info().rss
        async with client.stream("GET", f"http://127.0.0.1:{server.port}/") as response:
            await asyncio.sleep(0.3)
            stalled = sent
            assert stalled < 32 * MIB, "nobody reads, so the peer must have been made to wait"
            with pytest.raises(BodyTooLarge):
                await read_bounded(response, max_raw=5 * MIB, max_decoded=5 * MIB)
        await gone(server)
        assert sent < 64 * MIB
        assert process.memory_info().rss - before < 50 * MIB


async def test_a_slow_reader_gets_every_byte(client: httpx.AsyncClient) -> None:
    body = bytes(range(256)) * 4096 * 8

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()
        await reader.read()

    got = bytearray()
    async with (
        peer(handler) as server,
        client.stream("GET", f"http://127.0.0.1:{server.port}/") as response,
    ):
        async for chunk in response.aiter_raw():
            got += chunk
            await asyncio.sleep(0.001)
    assert got == body


async def test_a_connection_is_used_again_at_once() -> None:
    idle = IdleConnections()
    async with peer(saying(OK)) as server, over(idle) as client:
        for _ in range(5):
            assert (await client.get(f"http://127.0.0.1:{server.port}/")).text == "ok"
        assert (server.connections, len(idle)) == (1, 1)
        await asyncio.gather(*(client.get(f"http://127.0.0.1:{server.port}/") for _ in range(4)))
        assert len(idle) == 1, "one for each origin, however many were open"


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
        OK + b"and more",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    ],
)
async def test_a_connection_that_is_over_or_in_doubt_is_not_used_again(answer: bytes) -> None:
    idle = IdleConnections()
    async with peer(saying(answer)) as server, over(idle) as client:
        for _ in range(3):
            assert (await client.get(f"http://127.0.0.1:{server.port}/")).text == "ok"
        assert (server.connections, len(idle)) == (3, 0)


async def test_a_body_that_is_not_read_costs_its_connection() -> None:
    idle = IdleConnections()
    body = b"HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n" + b"x" * 900_000
    async with peer(saying(body)) as server, over(idle) as client:
        async with client.stream("GET", f"http://127.0.0.1:{server.port}/"):
            pass
        assert len(idle) == 0
        await gone(server)


async def test_a_post_never_rides_on_a_used_connection() -> None:
    """It could not be repeated if that connection were about to end."""
    async with peer(saying(OK)) as server, over(IdleConnections()) as client:
        url = f"http://127.0.0.1:{server.port}/"
        await client.get(url)
        await client.post(url)
        await client.post(url)
        assert server.connections == 3


async def test_a_kept_connection_that_dies_is_replaced_once() -> None:
    """The peer ends a connection on its second request, unanswered, as it does when the two cross."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK)
        await writer.drain()
        await reader.readuntil(b"\r\n\r\n")

    async with peer(handler) as server, over(IdleConnections()) as client:
        for _ in range(3):
            assert (await client.get(f"http://127.0.0.1:{server.port}/")).text == "ok"
        assert server.connections == 3


async def test_a_kept_connection_that_dies_in_the_answer_is_an_error() -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK)
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 2")
        await writer.drain()
        writer.close()

    async with peer(handler) as server, over(IdleConnections()) as client:
        await client.get(f"http://127.0.0.1:{server.port}/")
        with pytest.raises(httpx.RemoteProtocolError, match="within the head"):
            await client.get(f"http://127.0.0.1:{server.port}/")
        assert server.connections == 1


async def test_a_new_connection_that_dies_is_not_retried(client: httpx.AsyncClient) -> None:
    async def handler(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")

    async with peer(handler) as server:
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            await client.get(f"http://127.0.0.1:{server.port}/")
        assert server.connections == 1


@pytest.mark.parametrize("last", [b"", b"HTTP/1.1 408 Timeout\r\nContent-Length: 0\r\n\r\n"])
async def test_what_a_peer_says_or_ends_unasked_spoils_the_kept_connection(last: bytes) -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK)
        await asyncio.sleep(0.05)
        writer.write(last)
        if not last:
            writer.close()
        await reader.read()

    async with peer(handler) as server, over(IdleConnections()) as client:
        for _ in range(2):
            assert (await client.get(f"http://127.0.0.1:{server.port}/")).status_code == 200
            await asyncio.sleep(0.15)
        assert server.connections == 2


async def test_a_kept_connection_ends_after_its_time() -> None:
    idle = IdleConnections(seconds=0.1)
    async with peer(saying(OK)) as server, over(idle) as client:
        await client.get(f"http://127.0.0.1:{server.port}/")
        assert server.open == 1
        await gone(server)
        assert len(idle) == 0


async def test_closing_the_client_closes_what_is_kept_and_what_is_in_use() -> None:
    idle = IdleConnections()
    async with peer(saying(OK)) as server:
        client = over(idle)
        url = f"http://127.0.0.1:{server.port}/"
        await client.send(client.build_request("GET", url), stream=True)
        await client.get(url)
        assert server.open == 2
        await client.aclose()
        await gone(server)
    gc.collect()


async def test_what_is_left_by_a_reader_that_breaks_off_is_closed(client: httpx.AsyncClient) -> None:
    async with peer(saying(b"HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\nsome")) as server:
        async with client.stream("GET", f"http://127.0.0.1:{server.port}/") as response:
            async for _ in response.aiter_raw():
                break
        await gone(server)


async def test_a_reset_in_the_body_is_a_read_error(client: httpx.AsyncClient) -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        import socket
        import struct

        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\nhalf")
        await writer.drain()
        await asyncio.sleep(0.05)
        raw = writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    async with peer(handler) as server:
        with pytest.raises(httpx.ReadError, match=r"[Rr]eset"):
            await client.get(f"http://127.0.0.1:{server.port}/")


async def test_head_has_no_body_to_wait_for(client: httpx.AsyncClient) -> None:
    async with peer(saying(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n")) as server:
        async with asyncio.timeout(2):
            response = await client.head(f"http://127.0.0.1:{server.port}/")
        assert response.headers["content-length"] == "500"


async def test_a_client_serves_many_at_once_in_any_order() -> None:
    """Each answer belongs to its request, with connections kept, dropped and cut all the time."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            number = int(head.split(b" ")[1][1:])
            await asyncio.sleep(number % 7 / 1000)
            if number % 11 == 0:
                return
            body = b"%d" % number
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            await writer.drain()

    async def ask(number: int) -> None:
        with contextlib.suppress(httpx.RemoteProtocolError, httpx.ReadError):
            response = await client.get(f"http://127.0.0.1:{server.port}/{number}")
            assert response.text == str(number)

    async with peer(handler) as server, over(IdleConnections(seconds=0.01)) as client:
        await asyncio.gather(*(ask(number) for number in range(300)))
        await asyncio.sleep(0.05)
        await gone(server)


async def test_the_clients_own_make_uses_it() -> None:
    async with (
        peer(saying(OK)) as server,
        make_client(user_agent="t", allow_networks=["127.0.0.1"], max_connections=1) as client,
    ):
        for _ in range(3):
            await client.get(f"http://127.0.0.1:{server.port}/")
        assert server.connections == 1
