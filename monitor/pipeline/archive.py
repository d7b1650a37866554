"""The archive stage: file the words of stored item versions for later queries, behind the polls and in small batches.

What it has not come to yet is no loss: a query over the archive looks at it all the same.
"""

import asyncio
import functools
import hashlib
from collections.abc import Iterator
from importlib import resources
from importlib.resources.abc import Traversable

import structlog

from monitor.match.archive import filed_words
from monitor.pipeline.context import Context
from monitor.store import archive
from monitor.store.archive import Filed, Queued

log = structlog.get_logger()

BATCH = 250  # versions in one transaction of the one writer: some 5 ms
PAUSE_SECONDS = 0.02  # between two batches, for polls to get in
RUN = 20_000  # versions in one run


@functools.cache
def folding() -> str:
    """Return a sign of how words are folded: it changes with the code or the languages that do it."""
    digest = hashlib.sha256()
    match = resources.files("monitor.match")
    sources = [
        *_sources(resources.files("monitor.text")),
        match / "archive.py",
        match / "engine" / "document.py",
    ]
    for source in sources:
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


def _sources(folder: Traversable) -> Iterator[Traversable]:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            yield from _sources(entry)
        elif entry.name.endswith((".py", ".txt")):
            yield entry


async def index_archive(context: Context, *, limit: int = RUN) -> int:
    """File the words of up to `limit` queued versions; return of how many."""
    sign = await asyncio.to_thread(folding)
    while not await context.store.write(archive.renew, folding=sign, limit=BATCH):  # noqa: ASYNC110 - it works on
        await asyncio.sleep(PAUSE_SECONDS)
    total = 0
    while total < limit:
        queued = await context.store.read(archive.next_queued, limit=BATCH)
        if not queued:
            break
        filed = await asyncio.to_thread(_fold, queued)
        total += await context.store.write(archive.file_words, filed)
        if len(queued) < BATCH:
            break
        await asyncio.sleep(PAUSE_SECONDS)
    if total:
        log.info("archive.indexed", versions=total)
    return total


def _fold(queued: list[Queued]) -> list[Filed]:
    return [
        Filed(item_id=each.item_id, version=each.version, words=filed_words(each.text)) for each in queued
    ]
