"""Routes of silences; looking at what one would have kept back reads much, and is for those who may write."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from monitor.desk import silences as desk
from monitor.model import Matcher
from monitor.web.access import Actor, TheApp

read = APIRouter(prefix="/silences", tags=["silences"])
write = APIRouter(prefix="/silences", tags=["silences"])

_Values = Annotated[tuple[Annotated[str, Field(min_length=1, max_length=200)], ...], Field(max_length=50)]


class MatcherBody(BaseModel):
    """What a silence keeps back; see `model.Matcher`."""

    model_config = ConfigDict(extra="forbid")
    subscribers: _Values = ()
    subscriptions: _Values = ()
    topics: _Values = ()
    tags: _Values = ()
    priorities: _Values = ()
    languages: _Values = ()
    publishers: _Values = ()
    regions: _Values = ()
    feeds: _Values = ()
    stories: _Values = ()
    words: _Values = ()

    def matcher(self) -> Matcher:
        """Make the model's."""
        return Matcher(**self.model_dump(include=set(MatcherBody.model_fields)))


class SilenceBody(MatcherBody):
    """A silence to add; `everything` must be said of one without a filter."""

    reason: str = Field(max_length=500)
    ends_at: AwareDatetime
    begins_at: AwareDatetime | None = None
    everything: bool = False

    def new(self) -> desk.NewSilence:
        """Make the desk's input."""
        return desk.NewSilence(
            matcher=self.matcher(),
            reason=self.reason,
            ends_at=self.ends_at,
            begins_at=self.begins_at,
            everything=self.everything,
        )


@read.get("")
async def list_silences(
    app: TheApp, *, everything: Annotated[bool, Query(alias="all")] = False
) -> list[desk.SilenceLine]:
    """List the silences in force and to come; with `all` those that ended, too."""
    return await desk.list_silences(app, everything=everything)


@write.post("", status_code=201)
async def add_silence(app: TheApp, actor: Actor, body: SilenceBody) -> desk.SilenceLine:
    """Add a silence."""
    return await desk.add_silence(app, body.new(), actor=actor)


@write.post("/preview")
async def preview(app: TheApp, body: MatcherBody) -> desk.Preview:
    """Show what a silence would have kept back in the last 30 days."""
    return await desk.preview(app, body.matcher())


@write.post("/{uid}/end")
async def end_silence(app: TheApp, actor: Actor, uid: str) -> desk.SilenceLine:
    """End a silence now."""
    return await desk.end_silence(app, uid, actor=actor)
