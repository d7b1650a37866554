"""Read feeds, from files or the network, exactly as a poll would, and show what was read."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from monitor.config import Settings
from monitor.fetch.parse import Parsed
from monitor.fetch.pool import ParserPool
from monitor.fetch.report import document
from monitor.fetch.request import fetch
from monitor.model import FetchState, Outcome
from monitor.net.client import make_client
from monitor.options import fetch_options, user_agent


async def parse_all(
    settings: Settings, targets: Sequence[str], show: Callable[[dict[str, Any]], None]
) -> None:
    """Parse each target in the limited parser processes and hand its document to `show`, in the given order."""
    pool = ParserPool(
        settings.fetch.parser_workers,
        cpu_seconds=settings.fetch.parser_cpu_seconds,
        memory_bytes=settings.fetch.parser_memory_mib * 1024 * 1024,
    )
    slots = asyncio.Semaphore(2 * settings.fetch.parser_workers)

    async def read(target: str) -> dict[str, Any]:
        async with slots:
            return document(target, await _parse(settings, pool, target))

    tasks = [asyncio.create_task(read(target)) for target in targets]
    try:
        for task in tasks:
            show(await task)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await pool.close()


async def _parse(settings: Settings, pool: ParserPool, target: str) -> Parsed:
    now = datetime.now(UTC)
    if not target.startswith(("http://", "https://")):
        try:
            body = await asyncio.to_thread(Path(target).read_bytes)
        except OSError as error:
            return Parsed(outcome=Outcome.UNREACHABLE, reason=f"the file cannot be read: {error.strerror}")
        return await pool.parse(body, headers={}, url="", now=now)
    async with make_client(
        user_agent=user_agent(settings.service.contact),
        allow_networks=settings.fetch.allow_networks,
        max_connections=1,
    ) as client:
        fetched = await fetch(client, target, FetchState(next_poll_at=now), options=fetch_options(settings))
    if fetched.outcome is not None:
        return Parsed(outcome=fetched.outcome, reason=fetched.reason)
    return await pool.parse(fetched.body, headers=fetched.headers, url=fetched.url, now=now)
