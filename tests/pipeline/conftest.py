"""An installation whose stages go by a clock that the test moves."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from monitor.app import App
from monitor.options import article_robots, hosts_in_use, poll_options
from monitor.pipeline import ArticleOptions, ArticleReader, Poller, SendOptions, Shipper
from monitor.store import Transaction, recipients


@dataclass
class Clock:
    """Starts at the real time, so that dates in feeds and signatures fit, and stands still until moved."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **step: float) -> None:
        self.now += timedelta(**step)


def by_clock(app: App, *, owner: str = "test", article_seconds: float = 60.0) -> Clock:
    """Let every stage of an App read a clock of ours."""
    clock = Clock(datetime.now(UTC))
    app.context = replace(app.context, clock=clock, random=lambda: 0.0)
    app.tools = replace(app.tools, clock=clock)
    in_use = hosts_in_use(app.settings)
    robots = article_robots(app.settings, app.context, app.http, in_use)
    app.articles = ArticleReader(
        app.context,
        client=app.http,
        parsers=app.parsers,
        secrets=app.settings.secrets,
        hosts_in_use=in_use,
        robots=robots,
        options=ArticleOptions(total_seconds=article_seconds),
    )
    app.poller = Poller(
        app.context,
        client=app.http,
        parsers=app.parsers,
        secrets=app.settings.secrets,
        options=poll_options(app.settings, app.pace),
        hosts_in_use=in_use,
    )
    app.shipper = Shipper(
        app.context, tools=app.tools, options=SendOptions(owner=owner), identity=app.identity
    )
    return clock


async def take_old_items(app: App) -> None:
    """Let every subscription take items however long ago they were published."""
    for each in await app.store.read(recipients.list_subscriptions):
        timing = replace(each.timing, max_age_hours=24 * 365)
        await app.store.write(recipients.put_subscription, replace(each, timing=timing))


def fill_up(tx: Transaction) -> None:
    """Leave the database no room to grow, as a full disk does."""
    pages = tx.one("PRAGMA page_count")
    assert pages
    tx.one(f"PRAGMA max_page_count = {pages['page_count']}")


def make_room(tx: Transaction) -> None:
    """Take the limit away again."""
    tx.one("PRAGMA max_page_count = 1000000")
