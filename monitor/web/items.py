"""Routes of items: what became of one."""

from typing import Annotated

from fastapi import APIRouter, Query

from monitor.desk import explain as desk
from monitor.web.access import TheApp

read = APIRouter(prefix="/items", tags=["items"])


@read.get("/explain")
async def explain(
    app: TheApp, target: Annotated[str, Query(max_length=2048)], topic: str | None = None
) -> list[desk.ItemExplained]:
    """Explain the items stored under an address or id."""
    return await desk.explain(app, target, topic)
