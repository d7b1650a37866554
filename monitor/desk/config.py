"""The configuration files against the store: what would change, and changing it."""

import asyncio
from dataclasses import dataclass

from monitor.app import App
from monitor.config import Plan, load_desired, make_plan


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeLine:
    """One change between the files and the store."""

    action: str
    kind: str
    slug: str
    detail: str


def change_lines(made: Plan) -> list[ChangeLine]:
    """Show a plan line by line."""
    return [
        ChangeLine(action=change.action, kind=change.kind, slug=change.slug, detail=change.detail)
        for change in made.changes
    ]


async def plan(app: App) -> list[ChangeLine]:
    """Compare the files with the store, changing nothing. Raises ConfigError with all problems."""
    desired = await asyncio.to_thread(load_desired, app.settings)
    return change_lines(await app.store.read(make_plan, desired))


async def apply(app: App, *, actor: str) -> list[ChangeLine]:
    """Bring the store to what the files say. Raises ConfigError, having changed nothing."""
    return change_lines(await app.apply_files(actor=actor))
