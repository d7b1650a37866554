"""The route of the numbers."""

from fastapi import APIRouter
from pydantic import AwareDatetime

from monitor.desk import stats as desk
from monitor.web.access import TheApp

read = APIRouter(prefix="/stats", tags=["stats"])


@read.get("")
async def stats(app: TheApp, since: AwareDatetime | None = None) -> desk.Stats:
    """Count what there was since then (default: 7 days ago), with the latencies of its alerts."""
    return await desk.stats(app, since=since)
