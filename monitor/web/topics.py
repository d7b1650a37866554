"""Routes of topics; those that look through the whole archive are for those who may write."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter

from monitor.app import App
from monitor.desk import backtest as desk_backtest
from monitor.desk import topics as desk
from monitor.desk import trends
from monitor.desk.backtest import Asked, Backtest
from monitor.desk.misses import Misses
from monitor.errors import MonitorError
from monitor.model import Surge
from monitor.web.access import TheApp, status_of

read = APIRouter(prefix="/topics", tags=["topics"])
write = APIRouter(prefix="/topics", tags=["topics"])

_BACKTEST = TypeAdapter(Backtest)
_PROGRESS = TypeAdapter(dict[str, int | str])
_END = None


class BacktestBody(BaseModel):
    """What to compare with what; see `desk.backtest.Asked`."""

    model_config = ConfigDict(extra="forbid")
    query: str | None = Field(default=None, max_length=64 * 1024)
    groups: dict[str, str] | None = None
    as_recorded: bool = False
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    samples: int = Field(default=10, ge=0, le=1000)

    def asked(self) -> Asked:
        """Make the desk's input."""
        groups = None if self.groups is None else tuple(sorted(self.groups.items()))
        return Asked(**{**self.model_dump(), "groups": groups})


@read.get("")
async def list_topics(app: TheApp) -> list[desk.TopicLine]:
    """List the topics in the store."""
    return await desk.list_topics(app)


@read.get("/surges")
async def list_surges(
    app: TheApp, limit: Annotated[int, Query(ge=1, le=500)] = 20, topic: str | None = None
) -> list[Surge]:
    """List the newest surges, muted ones among them."""
    return await trends.recent_surges(app, limit=limit, topic=topic)


@read.get("/{slug}/trend")
async def topic_trend(
    app: TheApp, slug: str, place: str | None = None, by: str = "week", since: date | None = None
) -> trends.Trend:
    """Count a topic's stories and items by day or week, beside the forecasts made of it."""
    return await trends.topic_trend(app, slug, place=place, by=by, since=since)


@write.post("/{slug}/backtest", response_model=Backtest)
async def backtest(
    app: TheApp, slug: str, body: BacktestBody, *, progress: bool = False
) -> Backtest | Response:
    """Compare a query, or what was recorded, with the query in force over the stored item versions.

    With `progress` the answer is lines of JSON: `{"done", "of"}` while it works, and last `{"result"}`, or an error's
    `{"status", "detail"}`. Who hangs up ends the work.
    """
    if not progress:
        return await desk_backtest.backtest(app, slug, body.asked())
    return StreamingResponse(_lines(app, slug, body.asked()), media_type="application/x-ndjson")


@write.get("/{slug}/near-misses")
async def near_misses(
    app: TheApp,
    slug: str,
    since: AwareDatetime | None = None,
    until: AwareDatetime | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 20,
) -> Misses:
    """List the items that are one clause short of a topic, the nearest first."""
    return await desk_backtest.near_misses(app, slug, since=since, until=until, limit=limit)


async def _lines(app: App, slug: str, asked: Asked) -> AsyncIterator[bytes]:
    said: asyncio.Queue[bytes | None] = asyncio.Queue()

    def tell(done: int, of: int) -> None:
        said.put_nowait(_PROGRESS.dump_json({"done": done, "of": of}))

    async def work() -> None:
        try:
            result = await desk_backtest.backtest(app, slug, asked, tell=tell)
            said.put_nowait(b'{"result":' + _BACKTEST.dump_json(result) + b"}")
        except MonitorError as error:
            said.put_nowait(_PROGRESS.dump_json({"status": status_of(error), "detail": str(error)}))
        finally:
            said.put_nowait(_END)

    working = asyncio.create_task(work())
    try:
        while (line := await said.get()) is not _END:
            yield line + b"\n"
        await working
    finally:
        working.cancel()
