"""Reach the desk: through the running daemon's socket, or in this process when no daemon runs.

Both ways speak to the same routes, so a command behaves the same with and without a daemon.
"""

import asyncio
import contextlib
import getpass
import json
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx

from monitor.config import Settings
from monitor.errors import MonitorError, NotFound, Refused

TIMEOUT = 120.0


def daemon_runs(settings: Settings) -> bool:
    """Say whether a daemon answers on the state folder's socket."""
    path = settings.socket_path
    if not path.exists():
        return False
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True


def store_exists(settings: Settings) -> bool:
    """Say whether there is something to ask: a daemon that answers, or a database file that one has left."""
    file = settings.store_url.removeprefix("sqlite:")
    return daemon_runs(settings) or (file != settings.store_url and Path(file).exists())


@contextlib.asynccontextmanager
async def _client(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    if daemon_runs(settings):
        transport = httpx.AsyncHTTPTransport(uds=str(settings.socket_path))
        async with httpx.AsyncClient(
            transport=transport, base_url="http://daemon", timeout=TIMEOUT
        ) as client:
            yield client
        return
    # Only here, where no daemon answers, is the whole program loaded: commands beside a daemon start quickly.
    from monitor.app import App  # noqa: PLC0415
    from monitor.web import create_site  # noqa: PLC0415

    async with await App.open(settings) as app:
        inside = httpx.ASGITransport(app=create_site(app, trusted=True))
        async with httpx.AsyncClient(transport=inside, base_url="http://here", timeout=TIMEOUT) as client:
            yield client


def call(
    settings: Settings, method: str, path: str, *, params: dict[str, Any] | None = None, body: Any = None
) -> Any:
    """Call a route under /api/v1 and return its JSON, or the text of another kind of document.

    Raises NotFound, Refused or MonitorError with the route's own words.
    """

    async def run() -> Any:
        async with _client(settings) as client:
            answer = await client.request(
                method,
                f"/api/v1{path}",
                params={name: value for name, value in (params or {}).items() if value is not None},
                json=body,
                headers={"Monitor-Actor": f"cli:{getpass.getuser()}"},
            )
        return _result(answer)

    return asyncio.run(run())


def follow(
    settings: Settings,
    path: str,
    *,
    params: dict[str, Any] | None = None,
    body: Any,
    tell: Callable[[int, int], None],
) -> Any:
    """Post to a route under /api/v1 that tells how far it is, line by line, and last its result; return that.

    Raises as `call` does. Where no daemon runs, the lines come all at once at the end.
    """

    async def run() -> Any:
        async with (
            _client(settings) as client,
            client.stream("POST", f"/api/v1{path}", params=params, json=body) as answer,
        ):
            if not answer.is_success:
                await answer.aread()
                return _result(answer)
            async for line in answer.aiter_lines():
                said = json.loads(line)
                if "result" in said:
                    return said["result"]
                if "detail" in said:
                    raise _KINDS.get(said["status"], MonitorError)(said["detail"])
                tell(said["done"], said["of"])
        raise MonitorError("the daemon ended before it answered; see its log")

    return asyncio.run(run())


_KINDS: dict[int, type[MonitorError]] = {404: NotFound, 422: Refused}


def _result(answer: httpx.Response) -> Any:
    if answer.is_success:
        is_json = answer.headers.get("content-type", "").startswith("application/json")
        return answer.json() if is_json else answer.text
    problem = answer.json()
    detail = problem.get("detail", answer.text)
    raise _KINDS.get(answer.status_code, MonitorError)(detail if isinstance(detail, str) else str(detail))
