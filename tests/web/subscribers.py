"""The public site on a real socket, and a newsroom of three readers: two kept in a file, one of the pages' own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from monitor.app import App
from monitor.deliver.links import Link, LinkKind, make_token
from monitor.demo.stage import DemoStage
from monitor.model import (
    Alert,
    AlertHit,
    Channel,
    ChannelKind,
    Quiet,
    Story,
    Subscriber,
    Subscription,
    Timing,
)
from monitor.pipeline.outgoing import queue_alert
from monitor.store import Transaction, confirmations, hits, outbox, recipients, stories, watchlist
from monitor.web import create_site
from monitor.web.serve import SiteServer, tcp_listener
from tests.conftest import opened, pass_time, poll_all, recorded, recording, small_stage

PAPER = recording(
    "gazette",
    recorded("old", "Council meets in Douglas"),
    recorded("new", "Agents seize fentanyl at Otay Mesa", at=5),
    recorded("wall", "El muro fronterizo crece en Nogales", at=5),
)
READER = "reader-1a2b3c4d"


@asynccontextmanager
async def newsroom(folder: Path, *, signup: bool = False) -> AsyncIterator[tuple[DemoStage, App]]:
    """Open an installation with readers and two stories, of which nothing was sent."""
    async with small_stage(folder, PAPER) as stage:
        text = stage.config_path.read_text()
        if signup:
            text += "\n[subscribers]\nsignup = true\n"
        stage.config_path.write_text(text)
        async with opened(stage) as app:
            await poll_all(app)
            pass_time(stage)
            await poll_all(app)
            await app.store.write(_move_in, app=app)
            yield stage, app


def _move_in(tx: Transaction, *, app: App) -> None:
    now = app.context.clock()
    ana = recipients.put_subscriber(
        tx, Subscriber(slug=READER, name=READER, language="en", zone="America/Tijuana", owner="ui")
    )
    mail = recipients.put_channel(
        tx,
        Channel(
            slug=f"{READER}-mail", kind=ChannelKind.EMAIL, address="ana.lopez@correo.example", owner="ui"
        ),
    )
    confirmations.confirm_channel(tx, mail.id, now=now)
    timing = Timing(quiet=Quiet(begins=22 * 60, ends=7 * 60))
    recipients.put_subscription(
        tx, Subscription(slug=READER, subscriber=ana, channel=mail, timing=timing, owner="ui")
    )


async def wait_for(app: App, uid: str, subscription: str, *topics: str) -> None:
    """Queue an alert of the stage's story in the topics, without sending it."""

    def queue(tx: Transaction) -> None:
        now = app.context.clock()
        found = recipients.find_subscription(tx, subscription)
        by_topic = {hit.topic_slug: hit for hit in hits.recent_hits(tx, limit=50)}
        shown = tuple(AlertHit(hit=by_topic[slug], topic=watchlist.get_topic(tx, slug)) for slug in topics)
        story = stories.story_of_item(tx, shown[0].hit.item.id)
        assert story is not None
        alert = outbox.add_alert(
            tx,
            Alert(
                uid=uid, subscription=found, story=story, hits=shown, reason="first report", created_at=now
            ),
        )
        assert queue_alert(tx, alert, identity=app.identity, now=now) is None

    await app.store.write(queue)


async def states(app: App) -> dict[str, str]:
    views = await app.store.read(outbox.list_deliveries, limit=100)
    return {each.uid: each.state.value for each in views if not each.uid.startswith("msg_")}


async def story(app: App) -> Story:
    def look(tx: Transaction) -> Story:
        (hit,) = [each for each in hits.recent_hits(tx, limit=50) if each.topic_slug == "fentanyl"]
        found = stories.story_of_item(tx, hit.item.id)
        assert found is not None
        return found

    return await app.store.read(look)


def token(app: App, kind: LinkKind, subject: str, target: str = "") -> str:
    return make_token(app.identity.link_key, Link(kind=kind, subject=subject, object=target))


@asynccontextmanager
async def served(app: App) -> AsyncIterator[str]:
    """Serve the public site as the daemon does; yield its address."""
    listener = tcp_listener("127.0.0.1", 0)
    server = SiteServer(create_site(app, trusted=False), listener)
    await server.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        await server.stop()


@asynccontextmanager
async def visitor(app: App) -> AsyncIterator[httpx.AsyncClient]:
    """A browser less its engine: it follows no redirect and keeps what cookies it is given."""
    async with served(app) as url, httpx.AsyncClient(base_url=url, follow_redirects=False) as made:
        yield made
        assert not made.cookies
