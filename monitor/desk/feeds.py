"""Feeds as people handle them: list, add, import, poll now."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlsplit

from monitor.app import App
from monitor.errors import NotFound, Refused
from monitor.fetch.health import health
from monitor.fetch.language import is_tag, primary
from monitor.fetch.parse import Parsed
from monitor.fetch.request import fetch
from monitor.model import Feed, FetchState, HealthState, Outcome
from monitor.options import fetch_options
from monitor.pipeline import Stage
from monitor.store import Transaction, audit, feeds, hosts
from monitor.store.feed_rows import asked_host
from monitor.store.hosts import Wait
from monitor.text.gate import link as clean_link
from monitor.text.gate import without_credentials

# Worst first: what an admin should look at.
ORDER = (
    HealthState.FAILING,
    HealthState.RETIRED,
    HealthState.EMPTY,
    HealthState.SILENT,
    HealthState.STALE,
    HealthState.LATE,
    HealthState.WAITING,
    HealthState.OK,
    HealthState.OFF,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedLine:
    """One feed as a list shows it: `since` when it is in its state, why, and what comes `then`."""

    slug: str
    title: str
    url: str
    language: str
    region: str
    publisher: str
    owner: str
    enabled: bool
    state: str
    since: datetime | None
    reason: str
    then: str
    last_polled_at: datetime | None
    last_ok_at: datetime | None
    next_poll_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFeed:
    """What a person says of a feed to add; empty fields are filled from the feed itself."""

    url: str
    slug: str = ""
    title: str = ""
    language: str = ""
    region: str = ""
    publisher: str = ""
    kind: str = "news"


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """What adding came to: the feeds added, and for each one left out why."""

    added: tuple[FeedLine, ...]
    left_out: tuple[str, ...] = ()
    found: str = ""


def feed_line(feed: Feed, *, now: datetime, wait: Wait | None = None) -> FeedLine:
    """Show a feed: its health, since when, why, and what comes next; `wait` is its host's, if that refused us.

    A feed that waits for its host is not late.
    """
    waits = wait is not None and wait.until > max(now, feed.fetch.next_poll_at)
    if wait is not None and waits:
        feed = replace(feed, fetch=replace(feed.fetch, next_poll_at=wait.until))
    state, seen = feed.fetch, health(feed, now=now)
    return FeedLine(
        slug=feed.slug,
        title=feed.title,
        url=without_credentials(feed.url),
        language=feed.language,
        region=feed.region,
        publisher=feed.publisher,
        owner=feed.owner,
        enabled=feed.enabled,
        state=seen.state.value,
        since=seen.since,
        reason=seen.reason,
        then=f"{seen.next}; until then its host asks us to wait" if waits and feed.enabled else seen.next,
        last_polled_at=state.last_polled_at,
        last_ok_at=state.last_ok_at,
        next_poll_at=state.next_poll_at if feed.enabled else None,
    )


async def list_feeds(app: App) -> list[FeedLine]:
    """List all feeds, those in trouble first, then by slug."""
    now = app.context.clock()
    known, waits = await app.store.read(_feeds_and_waits)
    lines = [feed_line(feed, now=now, wait=waits.get(asked_host(feed))) for feed in known]
    return sorted(lines, key=lambda line: (ORDER.index(HealthState(line.state)), line.slug))


def _feeds_and_waits(tx: Transaction) -> tuple[list[Feed], dict[str, Wait]]:
    return feeds.list_feeds(tx), hosts.waits(tx)


async def add_feed(app: App, new: NewFeed, *, actor: str, unchecked: bool = False) -> Added:
    """Fetch a feed once, fill in what it says of itself, and store it; its first scheduled poll is a baseline.

    Raises Refused when the address is unusable, carries a user name or password, is known already, or is not a
    readable feed (unless `unchecked`), and when the language is no language tag; of one, the primary subtag is kept.
    """
    url = clean_link(new.url)
    if url is None:
        raise Refused(f"{new.url!r} is not an http or https address")
    if "@" in urlsplit(url).netloc:
        raise Refused(
            f"{without_credentials(url)}: an address must not carry a user name or password, which would end up in "
            "logs and pages; describe the feed in a feeds file, with auth = {basic = …}"
        )
    if new.language and not is_tag(new.language):
        raise Refused(f"{new.language!r} is no language tag: give one such as 'en', 'es' or 'es-MX', or none")
    parsed = None
    if not unchecked:
        parsed = await _try(app, url)
    feed = _feed(new, url, parsed, now=app.context.clock())
    stored = await app.store.write(_store_new, feed, actor=actor, now=app.context.clock())
    app.context.wake(Stage.POLL)
    found = f"{parsed.format}, {len(parsed.entries)} items" if parsed else "not checked"
    return Added(added=(feed_line(stored, now=app.context.clock()),), found=found)


async def import_feeds(app: App, new: Sequence[NewFeed], *, actor: str) -> Added:
    """Store many feeds without fetching them first; addresses known already are left out and named."""
    added: list[FeedLine] = []
    left_out: list[str] = []
    for line in new:
        try:
            done = await add_feed(app, line, actor=actor, unchecked=True)
        except Refused as refusal:
            left_out.append(str(refusal))
        else:
            added.extend(done.added)
    return Added(added=tuple(added), left_out=tuple(left_out))


async def poll_now(app: App, slugs: Sequence[str]) -> list[str]:
    """Make the named feeds due at once (none named: those that were never polled); return their slugs.

    Raises NotFound for a name that no feed has, and Refused for a feed that is switched off.
    """
    chosen = await app.store.write(_hasten, list(slugs), now=app.context.clock())
    app.context.wake(Stage.POLL)
    return chosen


async def _try(app: App, url: str) -> Parsed:
    state = FetchState(next_poll_at=app.context.clock())
    fetched = await fetch(app.http, url, state, options=fetch_options(app.settings))
    if fetched.outcome is not None:
        raise Refused(f"{url} cannot be fetched: {fetched.reason}; add it all the same with --unchecked")
    parsed = await app.parsers.parse(
        fetched.body, headers=fetched.headers, url=fetched.url, now=app.context.clock()
    )
    if parsed.outcome is not Outcome.NEW:
        raise Refused(f"{url} is not a readable feed: {parsed.reason}; add it all the same with --unchecked")
    return parsed


def _feed(new: NewFeed, url: str, parsed: Parsed | None, *, now: datetime) -> Feed:
    host = (urlsplit(url).hostname or "").removeprefix("www.")
    title = new.title or (parsed.title if parsed else "") or host
    return Feed(
        slug=new.slug or slugify(title) or slugify(host),
        url=url,
        title=title,
        language=primary(new.language or (parsed.language if parsed else None)),
        region=new.region,
        publisher=new.publisher or title,
        kind=new.kind,
        owner="api",
        fetch=FetchState(next_poll_at=now),
    )


def slugify(text: str) -> str:
    """Make a name for files and commands: lower-case ASCII words joined by hyphens, at most 60 characters."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].strip("-")


def _store_new(tx: Transaction, feed: Feed, *, actor: str, now: datetime) -> Feed:
    existing = feeds.list_feeds(tx)
    for other in existing:
        if other.url == feed.url:
            raise Refused(f"{feed.url} is known already as the feed {other.slug}")
    taken = {other.slug for other in existing}
    slug, number = feed.slug, 2
    while slug in taken:
        slug, number = f"{feed.slug}-{number}", number + 1
    stored = feeds.put_feed(tx, replace(feed, slug=slug))
    audit.record(tx, actor=actor, action="add", object=f"feed:{slug}", detail={"url": feed.url}, now=now)
    return stored


def _hasten(tx: Transaction, slugs: list[str], *, now: datetime) -> list[str]:
    known = {feed.slug: feed for feed in feeds.list_feeds(tx)}
    for slug in slugs:
        if slug not in known:
            raise NotFound(f"no feed is named {slug}; see: monitor feeds list")
        if not known[slug].enabled:
            raise Refused(f"the feed {slug} is switched off: {known[slug].disabled_reason}")
    fresh = [slug for slug, feed in known.items() if feed.enabled and feed.fetch.last_polled_at is None]
    chosen = slugs or fresh
    for slug in chosen:
        feeds.hasten(tx, slug, now=now)
    return chosen
