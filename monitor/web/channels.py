"""Routes of channels."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query

from monitor.desk import channels as desk
from monitor.desk import send_test as trials
from monitor.web.access import Actor, TheApp

read = APIRouter(prefix="/channels", tags=["channels"])
write = APIRouter(prefix="/channels", tags=["channels"])


@read.get("")
async def list_channels(app: TheApp) -> list[desk.ChannelLine]:
    """List all channels, without their addresses."""
    return await desk.list_channels(app)


@write.post("/{slug}/secret")
async def show_secret(app: TheApp, actor: Actor, slug: str) -> desk.ChannelSecret:
    """Show the signing key of one channel; the audit trail keeps that it was shown."""
    return await desk.show_secret(app, slug, actor=actor)


@write.post("/{slug}/rotate")
async def rotate_secret(
    app: TheApp, actor: Actor, slug: str, grace_hours: Annotated[float, Query(ge=0, le=24 * 31)] = 24.0
) -> desk.NewSecret:
    """Give a channel a new signing key and show it, this once; the one before signs beside it for some hours."""
    return await desk.rotate_secret(app, slug, grace=timedelta(hours=grace_hours), actor=actor)


@write.post("/{slug}/enable")
async def enable_channel(app: TheApp, actor: Actor, slug: str) -> desk.ChannelLine:
    """Switch a channel on again."""
    return await desk.enable_channel(app, slug, actor=actor)


@write.post("/{slug}/test")
async def send_test(
    app: TheApp, actor: Actor, slug: str, wait: Annotated[float, Query(ge=0, le=trials.LONGEST_WAIT)] = 60.0
) -> trials.SentTest:
    """Send a test to one channel, the way alerts go, and tell what its receiver answered within `wait` seconds."""
    return await trials.send_test(app, slug, wait=wait, actor=actor)
