"""Hits of several stories and topics, digests of them, and ways to read a mail that are not ours."""

import re
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from monitor.model import (
    Alert,
    AlertHit,
    AlertKind,
    Hit,
    HitReason,
    HoldCause,
    Item,
    ItemText,
    Priority,
    Span,
    Story,
    Topic,
)

NOW = datetime(2025, 3, 4, 14, 5, tzinfo=UTC)
PERL = shutil.which("perl")


def topic(slug: str, *, priority: Priority = Priority.NORMAL) -> Topic:
    return Topic(
        slug=slug,
        watchlist="border",
        name=slug.title(),
        description="",
        priority=priority,
        query=slug,
        owner="ui",
    )


def story(number: int, *, outlets: int = 1, independent: int = 1, title: str = "") -> Story:
    return Story(
        id=number,
        uid=f"st-{number}",
        title=title or f"Story {number}",
        language="es",
        first_seen=NOW,
        last_seen=NOW,
        outlets=outlets,
        independent=independent,
    )


def entry(
    about: Topic,
    of: Story,
    *,
    number: int | None = None,
    title: str = "",
    summary: str = "Lo que se sabe.",
    word: str = "",
    source: str = "El Diario",
    hours: float = 1,
    cause: HoldCause | None = None,
    note: str = "",
    link: str | None = None,
) -> AlertHit:
    """Return a hit on an item of a story; the item is the story's own unless it has a number."""
    number = of.id if number is None else number
    title = title or of.title
    start = title.find(word) if word else -1
    item = Item(
        id=number,
        feed_id=1,
        feed_slug="diario",
        key=f"guid:{number}",
        version=1,
        link=f"https://news.example/{number}" if link is None else link,
        canonical_link=None,
        first_seen=NOW,
        published=NOW - timedelta(hours=hours),
        updated=None,
        text=ItemText(title=title, summary=summary, language="es", source=source),
    )
    hit = Hit(
        id=number,
        item=item,
        topic_id=1,
        topic_slug=about.slug,
        topic_revision=1,
        engine="1",
        reason=HitReason.LIVE,
        spans=(Span(field="title", start=start, end=start + len(word), text=word),) if start >= 0 else (),
        found_at=NOW,
    )
    return AlertHit(hit=hit, topic=about, story=of, cause=cause, note=note)


def digest_of(base: Alert, *hits: AlertHit, **changes: Any) -> Alert:
    """Return a digest of these hits for the reader of another alert."""
    values: dict[str, Any] = {"kind": AlertKind.DIGEST, "created_at": NOW, "since": NOW - timedelta(days=1)}
    first = hits[0].story or base.story
    return replace(base, hits=hits, story=first, **(values | changes))


def for_reader(alert: Alert, **changes: Any) -> Alert:
    """Return the alert for the same reader with another language, zone or name."""
    person = replace(alert.subscription.subscriber, **changes)
    return replace(alert, subscription=replace(alert.subscription, subscriber=person))


def parsed(payload: bytes) -> EmailMessage:
    return message_from_bytes(payload, policy=default)


def body(payload: bytes, subtype: str) -> str:
    part = parsed(payload).get_body((subtype,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def raw_header(payload: bytes, name: str) -> bytes:
    """Return a header's value as it stands on the wire, its folding included."""
    head = payload.partition(b"\r\n\r\n")[0] + b"\r\n"
    found = re.findall(rb"^" + name.encode() + rb": (.*?)\r\n(?![ \t])", head, re.MULTILINE | re.DOTALL)
    assert len(found) == 1, (name, found)
    return bytes(found[0])


def perl_decoded(values: list[bytes]) -> list[str]:
    """Decode header values by Perl's Encode::MIME::Header."""
    assert PERL
    script = "use Encode; binmode STDOUT, ':utf8'; while (<STDIN>) { chomp; print decode('MIME-Header', $_), qq(\\n) }"
    unfolded = b"\n".join(re.sub(rb"\r\n(?=[ \t])", b"", value) for value in values)
    done = subprocess.run([PERL, "-e", script], input=unfolded + b"\n", capture_output=True, check=True)
    return done.stdout.decode().removesuffix("\n").split("\n")
