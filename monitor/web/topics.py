"""Routes of topics."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query

from monitor.desk import topics as desk
from monitor.desk import trends
from monitor.model import Surge
from monitor.web.access import TheApp

read = APIRouter(prefix="/topics", tags=["topics"])


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
