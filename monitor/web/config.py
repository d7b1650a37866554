"""Routes of the configuration files and of the doctor."""

from fastapi import APIRouter

from monitor.desk import config as desk
from monitor.desk.doctor import Finding, doctor
from monitor.web.access import Actor, TheApp

read = APIRouter(prefix="/config", tags=["config"])
write = APIRouter(prefix="/config", tags=["config"])


@read.get("/plan")
async def plan(app: TheApp) -> list[desk.ChangeLine]:
    """Show what applying the configuration files would change."""
    return await desk.plan(app)


@write.post("/apply")
async def apply(app: TheApp, actor: Actor) -> list[desk.ChangeLine]:
    """Apply the configuration files; a problem in any of them changes nothing."""
    return await desk.apply(app, actor=actor)


@write.get("/doctor")
async def look_over(app: TheApp) -> list[Finding]:
    """Look the installation over."""
    return await doctor(app)
