"""Requests that their receiver knows by an id go over kept connections, two to a place, and survive one that died."""

import asyncio

import httpx

from monitor.net.client import make_client

LOOPBACK = ["127.0.0.0/8"]
ANSWER = b"HTTP/1.1 204 No Content\r\n\r\n"


class Receiver:
    """Counts connections; hangs up without an answer on request number `dies_at` of all."""

    def __init__(self, *, dies_at: int = 0) -> None:
        self.connections = 0
        self.requests = 0
        self._dies_at = dies_at

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                await reader.readexactly(2)
                self.requests += 1
                if self.requests == self._dies_at:
                    break
                await asyncio.sleep(0.01)
                writer.write(ANSWER)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        writer.close()


async def posted(receiver: Receiver, *, rounds: int, at_once: int, repeatable: bool = True) -> list[int]:
    """Post so many times, so many at once; return the statuses."""
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    client = make_client(user_agent="test", allow_networks=LOOPBACK, max_connections=9)

    async def post() -> httpx.Response:
        return await client.post(url, content=b"{}", extensions={"repeatable": repeatable})

    statuses: list[int] = []
    async with server, client:
        for _ in range(rounds):
            statuses += [each.status_code for each in await asyncio.gather(*(post() for _ in range(at_once)))]
        server.close()
    return statuses


async def test_two_at_once_need_two_connections_however_many_follow() -> None:
    receiver = Receiver()
    assert await posted(receiver, rounds=5, at_once=2) == [204] * 10
    assert receiver.connections == 2


async def test_other_posts_have_a_connection_of_their_own_each() -> None:
    receiver = Receiver()
    await posted(receiver, rounds=3, at_once=1, repeatable=False)
    assert receiver.connections == 3


async def test_one_that_meets_a_dead_connection_is_sent_anew() -> None:
    receiver = Receiver(dies_at=2)
    assert await posted(receiver, rounds=3, at_once=1) == [204] * 3
    assert (receiver.connections, receiver.requests) == (2, 4)
