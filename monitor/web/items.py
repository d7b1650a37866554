"""Routes of items: what the newest say, and what became of one."""

from typing import Annotated

from fastapi import APIRouter, Query

from monitor.desk import explain as desk
from monitor.desk import topics, why_alert
from monitor.web.access import TheApp

read = APIRouter(prefix="/items", tags=["items"])


@read.get("/texts")
async def texts(
    app: TheApp, limit: Annotated[int, Query(ge=1, le=topics.RECENT)] = topics.RECENT
) -> list[topics.RecordText]:
    """List title, summary and language of the newest items."""
    return await topics.recent_texts(app, limit=limit)


@read.get("/explain")
async def explain(
    app: TheApp, target: Annotated[str, Query(max_length=2048)], topic: str | None = None
) -> list[desk.ItemExplained]:
    """Explain the items stored under an address or id."""
    return await desk.explain(app, target, topic)


@read.get("/why")
async def why(
    app: TheApp, target: Annotated[str, Query(max_length=2048)], subscription: str | None = None
) -> why_alert.Why:
    """Say why somebody was told, or not: of an address, an item's id, or a delivery's or alert's uid."""
    return await why_alert.why(app, target, subscription=subscription)
