"""Names, addresses and the race between them."""

import asyncio
import contextlib
import socket
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from monitor.errors import GuardError
from monitor.net.client import make_client
from monitor.net.dial import dial, race, resolve
from monitor.net.guard import parse_networks

if TYPE_CHECKING:
    from tests.net.conftest import RawServer

LOOPBACK = parse_networks(["127.0.0.0/8", "::1"])


@contextlib.contextmanager
def silent(address: str, port: int) -> Iterator[None]:
    """Hold an address whose backlog is full, so that it never answers."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    mute = socket.socket(family)
    fillers = [socket.socket(family) for _ in range(4)]
    try:
        mute.bind((address, port))
        mute.listen(0)
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex((address, port))
        yield
    finally:
        for each in (mute, *fillers):
            each.close()


def names(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    """Let every name resolve to these addresses and return the list of names that were looked up."""
    asked: list[str] = []

    def look_up(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        asked.append(host)
        return [
            (socket.AF_INET6 if ":" in each else socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port))
            for each in addresses
        ]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return asked


async def test_the_next_address_is_tried_when_one_refuses(server: "RawServer") -> None:
    port = httpx.URL(server.url).port or 0
    (await race("two.example", ["127.0.0.2", "127.0.0.1"], port)).close()
    with pytest.raises(httpx.ConnectError, match=rf"two\.example:{port}: connection refused$"):
        await race("two.example", ["127.0.0.2", "127.0.0.3"], port)


async def test_a_silent_address_is_overtaken_by_the_next(server: "RawServer") -> None:
    """The first address has a full backlog and never answers; the second is started beside it."""
    port = httpx.URL(server.url).port or 0
    with silent("127.0.0.2", port):
        async with asyncio.timeout(5):
            opened = await race("two.example", ["127.0.0.2", "127.0.0.1"], port)
        assert opened.getpeername()[0] == "127.0.0.1"
        opened.close()


async def test_a_dead_ipv6_costs_less_than_a_second(
    server: "RawServer", monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name has both families, IPv6 first, and nothing answers there."""
    port = httpx.URL(server.url).port or 0
    names(monkeypatch, "::1", "127.0.0.1")
    with silent("::1", port):
        async with make_client(
            user_agent="t", allow_networks=["127.0.0.1", "::1"], max_connections=1
        ) as client:
            began = time.monotonic()
            assert (await client.get(f"http://both.example:{port}/")).text == "ok"
            assert time.monotonic() - began < 1


async def test_families_alternate_and_each_address_counts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    names(monkeypatch, "192.0.2.1", "192.0.2.2", "192.0.2.1", "2001:db8::1")
    assert await resolve("many.example", 80) == ["192.0.2.1", "2001:db8::1", "192.0.2.2"]


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "2606:4700::1111"])
async def test_a_literal_address_needs_no_look_up(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = names(monkeypatch, "192.0.2.1")
    assert await resolve(host, 80) == [host]
    assert asked == []


@pytest.mark.parametrize("inner", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "fd00::1"])
async def test_a_name_with_any_forbidden_address_is_refused(
    inner: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    names(monkeypatch, "93.184.215.14", inner)
    with pytest.raises(GuardError, match=r"mixed\.example \(.*is forbidden"):
        await dial("mixed.example", 80, allowed=())


async def test_a_name_is_looked_up_once_for_a_connection(
    server: "RawServer", monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is left that a second answer could change between the verdict and the connection."""
    asked = names(monkeypatch, "127.0.0.1")
    async with make_client(user_agent="t", allow_networks=["127.0.0.1"], max_connections=1) as client:
        await client.get(f"http://rebinding.example:{httpx.URL(server.url).port}/")
    assert asked == ["rebinding.example"]


async def test_a_name_in_other_letters_is_asked_in_its_ascii_form(
    server: "RawServer", monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = names(monkeypatch, "127.0.0.1")
    async with make_client(user_agent="t", allow_networks=["127.0.0.1"], max_connections=1) as client:
        await client.get(f"http://español.example:{httpx.URL(server.url).port}/")
    assert asked == ["xn--espaol-zwa.example"]


@pytest.mark.parametrize("host", ["a..example", "x" * 64 + ".example"])
async def test_an_impossible_name_is_a_dns_failure(host: str) -> None:
    with pytest.raises(httpx.ConnectError, match=r"DNS: .*not a valid name"):
        await dial(host, 80, allowed=())


@pytest.mark.parametrize("port", [0, 65536, 99999])
async def test_an_impossible_port_is_a_connect_error(port: int) -> None:
    with pytest.raises(httpx.ConnectError, match="no such port"):
        await dial("127.0.0.1", port, allowed=LOOPBACK)


async def test_a_cancelled_race_leaves_no_socket(server: "RawServer") -> None:
    port = httpx.URL(server.url).port or 0
    with silent("127.0.0.2", port), silent("127.0.0.3", port):
        task = asyncio.create_task(race("two.example", ["127.0.0.2", "127.0.0.3"], port))
        await asyncio.sleep(0.35)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
