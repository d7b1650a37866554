"""The guard for connections that Apprise makes: its HTTP library may connect to judged addresses only.

Apprise speaks through requests and urllib3, which open their own sockets. Here urllib3 gets another way to open them:
a name is resolved once, every address it has is judged, and the connection goes to one that was judged, so that no
redirect, discovery or second look-up leads elsewhere. Nothing else in this program uses urllib3 to connect.
"""

import contextlib
import socket
from collections.abc import Iterator, Sequence
from contextvars import ContextVar
from typing import Any

from monitor.errors import GuardError
from monitor.net.dial import check
from monitor.net.guard import Network

_allowed: ContextVar[tuple[Network, ...]] = ContextVar("allowed", default=())
_refused: ContextVar[list[str] | None] = ContextVar("refused", default=None)


@contextlib.contextmanager
def judged(allowed: Sequence[Network]) -> Iterator[list[str]]:
    """Let connections of this context reach private addresses in `allowed`; yields a list that refusals are told in."""
    refused: list[str] = []
    tokens = _allowed.set(tuple(allowed)), _refused.set(refused)
    try:
        yield refused
    finally:
        _allowed.reset(tokens[0])
        _refused.reset(tokens[1])


def guard_urllib3() -> None:
    """Put the guard in urllib3's way, for this process and for good."""
    from urllib3.util import connection as place  # noqa: PLC0415 - it comes with the extra

    dial = place.create_connection
    if getattr(dial, "is_guarded", False):
        return

    def create_connection(address: tuple[str, int], *args: Any, **options: Any) -> socket.socket:
        host, port = address[0].strip("[]"), address[1]
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
        try:
            check(host, addresses, allowed=_allowed.get())
        except GuardError as error:
            told = _refused.get()
            if told is not None:
                told.append(str(error))
            raise OSError(str(error)) from error
        failure: OSError | None = None
        for judged_address in addresses:
            try:
                return dial((judged_address, port), *args, **options)
            except OSError as error:
                failure = error
        raise failure or OSError(f"{host} has no address")

    create_connection.is_guarded = True  # type: ignore[attr-defined]
    place.create_connection = create_connection
