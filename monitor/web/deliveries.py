"""Routes of deliveries."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from monitor.desk import deliveries as desk
from monitor.web.access import Actor, TheApp

read = APIRouter(prefix="/deliveries", tags=["deliveries"])
write = APIRouter(prefix="/deliveries", tags=["deliveries"])


class ReplayBody(BaseModel):
    """What to send again: one delivery, all of a channel since a time, or all dead ones."""

    model_config = ConfigDict(extra="forbid")
    delivery: str = Field(default="", max_length=200)
    channel: str = Field(default="", max_length=200)
    since: AwareDatetime | None = None
    dead: bool = False

    def wish(self) -> desk.Wish:
        """Make the desk's input."""
        since: datetime | None = self.since.astimezone(UTC) if self.since is not None else None
        return desk.Wish(delivery=self.delivery, channel=self.channel, since=since, dead=self.dead)


@read.get("")
async def list_deliveries(
    app: TheApp,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    state: str | None = None,
    channel: str | None = None,
) -> list[desk.DeliveryLine]:
    """List the newest deliveries with their attempts."""
    return await desk.list_deliveries(app, limit=limit, state=state, channel=channel)


@write.post("/replay")
async def replay(app: TheApp, actor: Actor, body: ReplayBody) -> desk.Replayed:
    """Send deliveries that have ended once more, under the same ids."""
    return await desk.replay(app, body.wish(), actor=actor)
