"""Routes of feeds."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from monitor.desk import discover as discovery
from monitor.desk import feeds as desk
from monitor.desk import why as desk_why
from monitor.desk.opml import export_opml
from monitor.desk.why import FeedWhy
from monitor.web.access import Actor, TheApp

read = APIRouter(prefix="/feeds", tags=["feeds"])
write = APIRouter(prefix="/feeds", tags=["feeds"])


class FeedBody(BaseModel):
    """A feed to add."""

    model_config = ConfigDict(extra="forbid")
    url: str = Field(max_length=2048)
    slug: str = Field(default="", max_length=60, pattern=r"^[a-z0-9-]*$")
    title: str = Field(default="", max_length=200)
    language: str = Field(default="", max_length=12)
    region: str = Field(default="", max_length=200)
    publisher: str = Field(default="", max_length=120)
    kind: str = Field(default="news", max_length=64, pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    unchecked: bool = False

    def new(self) -> desk.NewFeed:
        """Make the desk's input."""
        return desk.NewFeed(**self.model_dump(exclude={"unchecked"}))


class PollBody(BaseModel):
    """Which feeds to poll now; none named means those that were never polled."""

    model_config = ConfigDict(extra="forbid")
    feeds: list[str] = Field(default_factory=list)


@read.get("")
async def list_feeds(app: TheApp) -> list[desk.FeedLine]:
    """List all feeds, failing ones first."""
    return await desk.list_feeds(app)


@read.get("/opml")
async def opml(app: TheApp, *, everything: Annotated[bool, Query(alias="all")] = False) -> Response:
    """Give the feeds as an OPML subscription list; with `all`, those switched off as comments."""
    return Response(await export_opml(app, include_disabled=everything), media_type="text/x-opml")


@write.get("/discover")
async def discover(
    app: TheApp, url: Annotated[str, Query(max_length=2048)], *, google_news: bool = False
) -> discovery.Discovery:
    """Look for the feeds of a site: sends up to 15 requests, hence only for those who may write."""
    options = discovery.DiscoverOptions(google_news=google_news)
    return await discovery.discover(app, url, options=options)


@read.get("/{slug}/why")
async def why_feed(app: TheApp, slug: str) -> FeedWhy:
    """Say when a feed is polled next and why."""
    return await desk_why.why_feed(app, slug)


@write.post("", status_code=201)
async def add_feed(app: TheApp, actor: Actor, body: FeedBody) -> desk.Added:
    """Fetch a feed once and add it."""
    return await desk.add_feed(app, body.new(), actor=actor, unchecked=body.unchecked)


@write.post("/import")
async def import_feeds(app: TheApp, actor: Actor, body: list[FeedBody]) -> desk.Added:
    """Add many feeds unchecked; known addresses are left out and named."""
    return await desk.import_feeds(app, [line.new() for line in body], actor=actor)


@write.post("/poll")
async def poll_now(app: TheApp, body: PollBody) -> list[str]:
    """Make feeds due at once."""
    return await desk.poll_now(app, body.feeds)
