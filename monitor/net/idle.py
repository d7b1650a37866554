"""Connections that wait a moment for another request: at most one for each key, few in all, for two seconds.

Polls of one host, and the redirects within it, follow each other closely; anything later connects anew and is
judged anew. There is no queue and nothing to search, and one timer for all: it is set for the oldest.
"""

import asyncio
from collections.abc import Hashable
from typing import NamedTuple

from monitor.net.connection import Connection

SECONDS = 2.0
MOST = 256  # enough that those of a busy second outlast the usual pause between two requests to a host


class _Kept(NamedTuple):
    connection: Connection
    until: float


class IdleConnections:
    """Keeps connections by what they lead to; the oldest go when there are more than `most`."""

    def __init__(self, *, seconds: float = SECONDS, most: int = MOST) -> None:
        self._seconds = seconds
        self._most = most
        self._kept: dict[
            Hashable, _Kept
        ] = {}  # in the order in which they were kept, so the oldest is the first
        self._timer: asyncio.TimerHandle | None = None

    def __contains__(self, key: Hashable) -> bool:
        """Say whether one is kept for `key`."""
        return key in self._kept

    def __len__(self) -> int:
        """Return how many are kept."""
        return len(self._kept)

    def take(self, key: Hashable) -> Connection | None:
        """Return the connection kept for `key`, which is then the caller's, if it is still open."""
        kept = self._kept.pop(key, None)
        return kept.connection if kept is not None and kept.connection.alive else None

    def keep(self, key: Hashable, connection: Connection) -> None:
        """Keep an open connection in the place of what was kept for `key`."""
        self._drop(key)
        loop = asyncio.get_running_loop()
        self._kept[key] = _Kept(connection, loop.time() + self._seconds)
        if len(self._kept) > self._most:
            self._drop(next(iter(self._kept)))
        if self._timer is None:
            self._timer = loop.call_later(self._seconds, self._expire)

    def clear(self) -> None:
        """Close all."""
        for key in list(self._kept):
            self._drop(key)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _expire(self) -> None:
        """Close those whose time is over, and wait for the next one's."""
        self._timer = None
        loop = asyncio.get_running_loop()
        while self._kept:
            key, kept = next(iter(self._kept.items()))
            if kept.until > loop.time():
                self._timer = loop.call_at(kept.until, self._expire)
                return
            self._drop(key)

    def _drop(self, key: Hashable) -> None:
        kept = self._kept.pop(key, None)
        if kept is not None:
            kept.connection.abort()
