"""Alerts of our own writing, and the tools that senders are handed."""

import io
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TextIO

import httpx
import pytest

from monitor.deliver import SenderIdentity, SendTools, SmtpOptions, generate_secret
from monitor.model import (
    Alert,
    AlertHit,
    Attempt,
    Channel,
    ChannelKind,
    Delivery,
    DeliveryState,
    Hit,
    HitReason,
    Item,
    ItemText,
    Priority,
    Span,
    Story,
    Subscriber,
    Subscription,
    Surge,
    Topic,
)

CREATED = datetime(2025, 3, 4, 14, 5, 6, 789000, tzinfo=UTC)
TITLE = "México responderá a los aranceles con un plan propio, dice la presidenta"
SUMMARY = "El anuncio llegó después de una llamada sobre el T-MEC y la migración."
UID = "01JNGW4Z6Q8YB3"


@pytest.fixture(scope="session")
def created() -> datetime:
    return CREATED


@pytest.fixture(scope="session")
def secret() -> str:
    return generate_secret()


@pytest.fixture(scope="session")
def identity() -> SenderIdentity:
    return SenderIdentity(
        instance="Border desk",
        mail_from="Border desk <alerts@news.example>",
        mail_domain="news.example",
        base_url="https://news.example/",
        contact="desk@news.example",
        version="0.1.0",
    )


@pytest.fixture(scope="session")
def attempt() -> Attempt:
    return Attempt(id=1, delivery_id=1, number=1, started_at=CREATED)


def _topic(slug: str = "tariffs", name: str = "Tariffs", *, urgent: bool = False) -> Topic:
    return Topic(
        id=1,
        slug=slug,
        watchlist="border",
        name=name,
        description="Duties between neighbours",
        priority=Priority.URGENT if urgent else Priority.NORMAL,
        query="arancel*",
        owner="file:border.toml",
        revision=3,
    )


@pytest.fixture(scope="session")
def make_topic() -> Callable[..., Topic]:
    return _topic


def _span(text: str, word: str, *, field: str = "title") -> Span:
    start = text.index(word)
    return Span(field=field, start=start, end=start + len(word), text=word)


@pytest.fixture(scope="session")
def make_span() -> Callable[..., Span]:
    return _span


def _alert(
    *,
    title: str = TITLE,
    summary: str = SUMMARY,
    body: str = "",
    language: str = "es",
    source: str = "El Diario del Norte",
    link: str | None = "https://news.example/a/1?x=1&y=2",
    published: datetime | None = CREATED - timedelta(hours=1),
    spans: tuple[Span, ...] | None = None,
    topics: tuple[Topic, ...] | None = None,
    items: int = 1,
    story_title: str | None = None,
    reader: str = "en",
    reader_name: str = "Ana Núñez",
    address: str = "reader@mail.example",
    reason: str = "first report of this story",
) -> Alert:
    if spans is None:
        spans = (_span(title, "aranceles"),) if "aranceles" in title else ()
    text = ItemText(title=title, summary=summary, body=body, language=language, source=source)

    def hit(number: int, topic: Topic) -> Hit:
        item = Item(
            id=number,
            feed_id=1,
            feed_slug="diario",
            key=f"guid:{number}",
            version=1,
            link=link,
            canonical_link=link,
            first_seen=CREATED,
            published=published,
            updated=None,
            text=text,
        )
        return Hit(
            id=number,
            item=item,
            topic_id=topic.id,
            topic_slug=topic.slug,
            topic_revision=topic.revision,
            engine="1",
            reason=HitReason.LIVE,
            spans=spans,
            found_at=CREATED,
        )

    return Alert(
        id=7,
        uid=UID,
        subscription=Subscription(
            id=1,
            slug="desk-tariffs",
            subscriber=Subscriber(id=1, slug="ana", name=reader_name, language=reader, owner="ui"),
            channel=Channel(id=1, slug="main", kind=ChannelKind.EMAIL, address=address, owner="ui"),
            owner="ui",
        ),
        story=Story(
            id=1,
            uid="st-51",
            title=title if story_title is None else story_title,
            language=language,
            first_seen=CREATED,
            last_seen=CREATED,
        ),
        hits=tuple(
            AlertHit(hit=hit(number, topic), topic=topic)
            for number in range(1, items + 1)
            for topic in topics or (_topic(),)
        ),
        reason=reason,
        created_at=CREATED,
    )


@pytest.fixture(scope="session")
def make_alert() -> Callable[..., Alert]:
    return _alert


def _surge(**changes: Any) -> Surge:
    values: dict[str, Any] = {
        "id": 1,
        "topic": "tariffs",
        "topic_name": "Tariffs",
        "until": CREATED,
        "hours": 6,
        "stories": 9,
        "usual": 1.2,
        "chance": 2.5e-6,
        "reason": "9 stories in 6 h, usually 1.2",
        "found_at": CREATED,
    }
    return Surge(**(values | changes))


@pytest.fixture(scope="session")
def make_surge() -> Callable[..., Surge]:
    return _surge


def _delivery(payload: bytes, *, kind: ChannelKind = ChannelKind.WEBHOOK, **channel: Any) -> Delivery:
    return Delivery(
        id=1,
        uid=UID,
        event="alert.first",
        alert_id=7,
        channel=Channel(id=1, slug="main", kind=kind, owner="ui", **channel),
        state=DeliveryState.LEASED,
        payload=payload,
        due_at=CREATED,
        expires_at=CREATED + timedelta(days=1),
        attempts=1,
        created_at=CREATED,
        lease_owner="test",
    )


@pytest.fixture(scope="session")
def make_delivery() -> Callable[..., Delivery]:
    return _delivery


@pytest.fixture
async def make_tools() -> AsyncIterator[Callable[..., SendTools]]:
    async with httpx.AsyncClient(trust_env=False) as client:

        def make(
            *, smtp: SmtpOptions | None = None, console: TextIO | None = None, now: datetime | None = None
        ) -> SendTools:
            return SendTools(
                http=client,
                smtp=smtp,
                console=io.StringIO() if console is None else console,
                clock=lambda: now or datetime.now(UTC),
            )

        yield make
