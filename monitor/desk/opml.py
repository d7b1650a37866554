"""Feeds as a subscription list for other programs."""

from monitor.app import App
from monitor.config import write_opml
from monitor.store import feeds


async def export_opml(app: App, *, include_disabled: bool = False) -> bytes:
    """Write the stored feeds as OPML, grouped by region, without credentials."""
    stored = await app.store.read(feeds.list_feeds)
    return write_opml(
        stored,
        title=f"Feeds of {app.settings.service.name}",
        now=app.context.clock(),
        include_disabled=include_disabled,
    )
