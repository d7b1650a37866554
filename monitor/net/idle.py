"""Connections that wait a moment for another request: at most one an origin, few in all, for two seconds.

Polls of one host, and the redirects within it, follow each other closely; anything later connects anew and is
judged anew. There is no queue and nothing to search.
"""

import asyncio
from collections.abc import Hashable
from dataclasses import dataclass

from monitor.net.connection import Connection

SECONDS = 2.0
MOST = 64


@dataclass(frozen=True, slots=True)
class _Kept:
    connection: Connection
    timer: asyncio.TimerHandle


class IdleConnections:
    """Keeps connections by what they lead to; the oldest go when there are more than `most`."""

    def __init__(self, *, seconds: float = SECONDS, most: int = MOST) -> None:
        self._seconds = seconds
        self._most = most
        self._kept: dict[Hashable, _Kept] = {}

    def __len__(self) -> int:
        """Return how many are kept."""
        return len(self._kept)

    def take(self, key: Hashable) -> Connection | None:
        """Return the connection kept for `key`, which is then the caller's, if it is still open."""
        kept = self._kept.pop(key, None)
        if kept is None:
            return None
        kept.timer.cancel()
        return kept.connection if kept.connection.alive else None

    def keep(self, key: Hashable, connection: Connection) -> None:
        """Keep an open connection in the place of what was kept for `key`."""
        self._drop(key)
        timer = asyncio.get_running_loop().call_later(self._seconds, self._drop, key)
        self._kept[key] = _Kept(connection, timer)
        if len(self._kept) > self._most:
            self._drop(next(iter(self._kept)))

    def clear(self) -> None:
        """Close all."""
        for key in list(self._kept):
            self._drop(key)

    def _drop(self, key: Hashable) -> None:
        kept = self._kept.pop(key, None)
        if kept is not None:
            kept.timer.cancel()
            kept.connection.abort()
