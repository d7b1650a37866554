"""Routes of subscribers, for administrators: what is known of people is shown on the trusted site alone."""

from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from monitor.desk import subscribers as desk
from monitor.desk.signup import Wanted
from monitor.store.suppressions import Suppression
from monitor.web.access import Actor, TheApp

write = APIRouter(prefix="/subscribers", tags=["subscribers"])


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Invitation(_Body):
    """Whom to invite to what; no topics: all."""

    address: str
    topics: tuple[str, ...] = ()
    language: str = "en"
    zone: str = "UTC"
    cadence: Literal["instant", "hourly", "daily", "weekly"] = "daily"
    name: str = ""


class Address(_Body):
    """A mail address, in the body so that no log of requests has it."""

    address: str


class Erasure(_Body):
    """How much to erase."""

    force: bool = False
    suppress: bool = False


@write.get("")
async def list_subscribers(app: TheApp) -> list[desk.SubscriberLine]:
    """List all subscribers."""
    return await desk.list_subscribers(app)


@write.post("/invite")
async def invite(app: TheApp, actor: Actor, body: Invitation) -> desk.Invited:
    """Ask the owner of an address whether they want alerts."""
    wanted = Wanted(
        address=body.address,
        language=body.language,
        zone=body.zone,
        topics=body.topics,
        cadence=body.cadence,
        name=" ".join(body.name.split())[:200],
    )
    return await desk.invite(app, wanted, actor=actor)


@write.post("/suppress")
async def suppress(app: TheApp, actor: Actor, body: Address) -> Suppression:
    """Put an address on the suppression list."""
    return await desk.suppress(app, body.address, actor=actor)


@write.post("/unsuppress")
async def unsuppress(app: TheApp, actor: Actor, body: Address) -> Address:
    """Take an address off the suppression list."""
    await desk.unsuppress(app, body.address, actor=actor)
    return body


@write.get("/{slug}")
async def show_subscriber(app: TheApp, slug: str) -> desk.SubscriberSheet:
    """Show one subscriber with everything in force for them."""
    return await desk.show_subscriber(app, slug)


@write.post("/{slug}/export")
async def export(app: TheApp, actor: Actor, slug: str) -> dict[str, Any]:
    """Return everything that is kept of a person."""
    return await desk.export(app, slug, actor=actor)


@write.post("/{slug}/erase")
async def erase(app: TheApp, actor: Actor, slug: str, body: Erasure) -> desk.Erased:
    """Forget a person."""
    return await desk.erase(app, slug, force=body.force, suppress=body.suppress, actor=actor)


@write.post("/{slug}/opt-in")
async def opt_in(app: TheApp, actor: Actor, slug: str, topic: str = "") -> list[str]:
    """Take back what a subscriber unsubscribed from."""
    return await desk.opt_in(app, slug, topic=topic, actor=actor)
