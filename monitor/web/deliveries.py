"""Routes of deliveries."""

from typing import Annotated

from fastapi import APIRouter, Query

from monitor.desk import deliveries as desk
from monitor.web.access import TheApp

read = APIRouter(prefix="/deliveries", tags=["deliveries"])


@read.get("")
async def list_deliveries(
    app: TheApp, limit: Annotated[int, Query(ge=1, le=500)] = 50, state: str | None = None
) -> list[desk.DeliveryLine]:
    """List the newest deliveries with their attempts."""
    return await desk.list_deliveries(app, limit=limit, state=state)
