"""Routes of topics."""

from fastapi import APIRouter

from monitor.desk import topics as desk
from monitor.web.access import TheApp

read = APIRouter(prefix="/topics", tags=["topics"])


@read.get("")
async def list_topics(app: TheApp) -> list[desk.TopicLine]:
    """List the topics in the store."""
    return await desk.list_topics(app)
