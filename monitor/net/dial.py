"""Open TCP connections, to permitted addresses only.

A name is resolved once, every address it has is judged by `monitor.net.guard`, and the connection goes to an
address that was judged; there is no second look-up that could answer differently.
"""

import asyncio
import itertools
import socket
from collections.abc import Iterator, Sequence

import httpx

from monitor.errors import GuardError
from monitor.net.guard import Network, verdict

_HEAD_START = 0.25  # seconds that an address gets before the next one is tried beside it (RFC 8305, 5)
_FAMILIES = (socket.AF_INET, socket.AF_INET6)


async def resolve(host: str, port: int) -> list[str]:
    """Return the addresses of `host`, families alternating; httpx.ConnectError if there are none.

    A literal address is its own and costs no look-up.
    """
    for family in _FAMILIES:
        try:
            socket.inet_pton(family, host)
        except OSError:
            continue
        return [host]
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        words = error.strerror if isinstance(error, socket.gaierror) else "not a valid name"
        raise httpx.ConnectError(f"DNS: {host} cannot be resolved ({words})") from error
    by_family: dict[int, dict[str, None]] = {}
    for kind, _, _, _, place in found:
        by_family.setdefault(kind, {})[str(place[0])] = None
    rounds = itertools.zip_longest(*by_family.values())
    return [address for group in rounds for address in group if address is not None]


def check(host: str, addresses: Sequence[str], *, allowed: Sequence[Network]) -> None:
    """Raise GuardError if any address is forbidden: a name with public and private addresses is no feed's."""
    for address in addresses:
        reason = verdict(address, allowed=allowed)
        if reason is not None:
            shown = address if address == host else f"{host} ({address})"
            raise GuardError(f"{shown} is forbidden: {reason} (if meant, allow its network in the settings)")


async def race(host: str, addresses: Sequence[str], port: int) -> socket.socket:
    """Try the addresses in turn, each with a head start over the next; return the first that connects.

    Raises httpx.ConnectError with every reason when none does. Happy Eyeballs, RFC 8305.
    """
    waiting = list(reversed(addresses))
    running: set[asyncio.Task[socket.socket]] = set()
    failures: list[OSError] = []
    try:
        while waiting or running:
            if waiting:
                running.add(asyncio.create_task(_open(waiting.pop(), port)))
            done, running = await asyncio.wait(
                running, timeout=_HEAD_START if waiting else None, return_when=asyncio.FIRST_COMPLETED
            )
            opened = [task.result() for task in done if task.exception() is None]
            failures += [error for task in done if isinstance(error := task.exception(), OSError)]
            for spare in opened[1:]:
                spare.close()
            if opened:
                return opened[0]
    finally:
        await _abandon(running)
    raise httpx.ConnectError(_why(host, port, failures)) from next(iter(failures), None)


async def dial(host: str, port: int, *, allowed: Sequence[Network] | None) -> socket.socket:
    """Resolve, judge and connect. `allowed` None judges nothing: for a proxy that the settings name."""
    if not 0 < port < 65536:
        raise httpx.ConnectError(f"{host}:{port}: no such port")
    addresses = await resolve(host, port)
    if allowed is not None:
        check(host, addresses, allowed=allowed)
    if len(addresses) > 1:
        return await race(host, addresses, port)
    try:
        return await _open(addresses[0], port)
    except OSError as error:
        raise httpx.ConnectError(_why(host, port, [error])) from error


async def _open(address: str, port: int) -> socket.socket:
    opened = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
    try:
        opened.setblocking(False)
        await asyncio.get_running_loop().sock_connect(opened, (address, port))
    except BaseException:
        opened.close()
        raise
    return opened


async def _abandon(tasks: set["asyncio.Task[socket.socket]"]) -> None:
    for task in tasks:
        task.cancel()
    for outcome in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(outcome, socket.socket):
            outcome.close()


def _why(host: str, port: int, failures: Sequence[OSError]) -> str:
    return f"{host}:{port}: {', '.join(dict.fromkeys(_words(failures)))}"


def _words(failures: Sequence[OSError]) -> Iterator[str]:
    for failure in failures:
        if isinstance(failure, ConnectionRefusedError):
            yield "connection refused"
        else:
            yield failure.strerror or str(failure) or type(failure).__name__
