"""What is kept, for how long, and how much of it."""

import asyncio

from monitor.net.connection import Connection
from monitor.net.idle import IdleConnections
from tests.net.conftest import peer, saying


async def connected(port: int) -> Connection:
    _, made = await asyncio.get_running_loop().create_connection(Connection, "127.0.0.1", port)
    return made


async def test_the_oldest_go_when_there_are_too_many() -> None:
    idle = IdleConnections(most=3)
    async with peer(saying(b"")) as server:
        made = [await connected(server.port) for _ in range(5)]
        for number, connection in enumerate(made):
            idle.keep(number, connection)
        assert len(idle) == 3
        assert [connection.alive for connection in made] == [False, False, True, True, True]
        assert idle.take(0) is None
        assert idle.take(4) is made[4]
        assert idle.take(4) is None
        idle.clear()
        assert [connection.alive for connection in made] == [False, False, False, False, True]
        made[4].abort()
        await asyncio.wait([connection.closed for connection in made])


async def test_a_newer_one_takes_the_place_of_the_older() -> None:
    idle = IdleConnections()
    async with peer(saying(b"")) as server:
        first, second = await connected(server.port), await connected(server.port)
        idle.keep("a", first)
        idle.keep("a", second)
        assert (first.alive, second.alive, len(idle)) == (False, True, 1)
        idle.clear()
        await asyncio.wait([first.closed, second.closed])


async def test_what_was_taken_is_not_ended_by_its_old_timer() -> None:
    idle = IdleConnections(seconds=0.05)
    async with peer(saying(b"")) as server:
        connection = await connected(server.port)
        idle.keep("a", connection)
        assert idle.take("a") is connection
        await asyncio.sleep(0.15)
        assert connection.alive
        idle.keep("a", connection)
        await asyncio.wait_for(connection.closed, 5)
        assert len(idle) == 0


async def test_each_goes_when_its_own_time_is_over() -> None:
    idle = IdleConnections(seconds=0.2)
    async with peer(saying(b"")) as server:
        first, second = await connected(server.port), await connected(server.port)
        idle.keep("a", first)
        await asyncio.sleep(0.1)
        idle.keep("b", second)
        await asyncio.wait_for(first.closed, 5)
        assert (len(idle), second.alive) == (1, True)
        await asyncio.wait_for(second.closed, 5)
        assert len(idle) == 0
