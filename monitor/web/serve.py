"""Run the two sites inside the daemon's event loop: TCP for reading, the Unix socket for commands."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from monitor.errors import MonitorError


class _Server(uvicorn.Server):
    """A uvicorn server that leaves the process's signals to the daemon."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class SiteServer:
    """Serves one site on one bound socket until `stop`."""

    def __init__(self, site: ASGIApp, listener: socket.socket) -> None:
        config = uvicorn.Config(
            site,
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=3,
            server_header=False,
        )
        self._server = _Server(config)
        self._listener = listener
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start serving; returns once connections are accepted."""
        self._task = asyncio.create_task(self._server.serve(sockets=[self._listener]), name="web")
        while not self._server.started and not self._task.done():  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.01)

    async def stop(self) -> None:
        """Finish the requests in flight, then stop."""
        self._server.should_exit = True
        if self._task is not None:
            await self._task
        self._listener.close()


def tcp_listener(host: str, port: int) -> socket.socket:
    """Bind a TCP socket. Raises MonitorError naming the address and the setting to change."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise MonitorError(
            f"cannot listen on {host}:{port}: {error.strerror}; set [web] port to a free one, or enabled = false"
        ) from error
    return listener


def unix_listener(path: Path) -> socket.socket:
    """Bind the command socket in the state folder, open to our user alone; a dead one is replaced.

    The caller holds the store's lock, so a socket file found here belongs to no living daemon.
    """
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(str(path))
        path.chmod(0o600)
    except OSError as error:
        listener.close()
        raise MonitorError(
            f"cannot make the command socket {path}: {error}; use a shorter state_dir"
        ) from error
    return listener
