"""The route that tries routing out; it looks through the store, and is for those who may write."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from monitor.desk import route_test as desk
from monitor.web.access import TheApp

write = APIRouter(prefix="/route", tags=["route"])


class RouteBody(BaseModel):
    """An item to route; see `desk.route_test.RouteAsked`."""

    model_config = ConfigDict(extra="forbid")
    item: str = Field(default="", max_length=2048)
    title: str = Field(default="", max_length=1000)
    summary: str = Field(default="", max_length=16 * 1024)
    language: str = Field(default="und", pattern=r"^[a-z]{2,3}$")
    feed: str = Field(default="", max_length=200)
    published: AwareDatetime | None = None
    topics: Annotated[tuple[str, ...], Field(max_length=50)] = ()
    story: str = Field(default="", max_length=200)
    at: AwareDatetime | None = None


@write.post("/test")
async def route_test(app: TheApp, body: RouteBody) -> desk.RouteTest:
    """Say who would be told of an item, when, how and why; nothing is stored."""
    return await desk.route_test(app, desk.RouteAsked(**body.model_dump()))
