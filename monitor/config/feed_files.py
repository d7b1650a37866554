"""Feed files: `[[feed]]` tables and OPML outlines to feeds, each address once."""

import hashlib
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from monitor.config.collector import Collector, Entry, Origin
from monitor.config.document import shown
from monitor.config.feed_access import read_access
from monitor.config.forms import FeedForm, FeedsFile
from monitor.config.opml import DEFAULT_KIND, Outline, read_opml
from monitor.config.values import (
    MAX_SLUG,
    Fault,
    is_loopback,
    language_fault,
    web_address_fault,
)
from monitor.errors import ConfigError, Problem
from monitor.model import Feed, FetchState

OPML_SUFFIXES = {".opml", ".xml"}
# A feed from a file has no schedule: the plan gives a new one its first poll, a stored one keeps its own.
UNSCHEDULED = FetchState(next_poll_at=datetime.min.replace(tzinfo=UTC))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """A feed with its place, so that a duplicate can be told in either kind of file."""

    feed: Feed
    origin: Origin
    path: str = ""

    def problem(self, fault: Fault) -> Problem:
        origin = self.origin
        return Problem(
            file=origin.file, line=origin.line, path=self.path, message=fault.message, hint=fault.hint
        )


def collect_feeds(collector: Collector) -> tuple[Feed, ...]:
    """Read every feed file, TOML before OPML: slugs given by hand come first. Collects problems."""
    paths = sorted(collector.paths("feeds"), key=lambda found: found[0].suffix.lower() in OPML_SUFFIXES)
    found: list[_Found] = []
    for path, label in paths:
        of_file = _from_opml if path.suffix.lower() in OPML_SUFFIXES else _from_toml
        found.extend(of_file(collector, path, label))
    _refuse_duplicate_addresses(collector, found)
    _refuse_fast_polling_elsewhere(collector, found)
    return tuple(each.feed for each in found)


def _from_toml(collector: Collector, path: Path, label: str) -> Iterator[_Found]:
    read = collector.read(path, label, FeedsFile)
    if read is None:
        return
    document, _ = read
    for entry in collector.entries(document, "feed", FeedForm):
        line, _ = document.line_column((*entry.path, "url"))
        origin = Origin(file=document.name, line=line)
        yield _Found(feed=_feed(collector, entry), origin=origin, path=f"feed[{entry.path[-1]}].url")


def _feed(collector: Collector, entry: Entry[FeedForm]) -> Feed:
    form = entry.form
    return Feed(
        slug=form.slug,
        url=form.url,
        title=form.title or form.publisher or form.slug,
        language=form.language,
        region=form.region,
        publisher=form.publisher,
        kind=form.kind,
        enabled=form.enabled,
        disabled_reason="" if form.enabled else form.disabled_reason or f"disabled in {entry.document.label}",
        min_interval=form.min_interval_minutes * 60,
        priority=form.priority,
        full_text=form.full_text,
        alert_newest=form.alert_newest,
        alert_since=form.alert_since,
        access=read_access(collector, entry),
        owner=entry.owner,
        fetch=UNSCHEDULED,
    )


def _from_opml(collector: Collector, path: Path, label: str) -> Iterator[_Found]:
    try:
        outlines = read_opml(path)
    except ConfigError as error:
        collector.problems.extend(error.problems)
        return
    for outline in outlines:
        origin = Origin(file=shown(path), line=outline.line)
        slug = _slug(outline, taken=collector.known("feed"))
        found = _Found(feed=_outline_feed(outline, slug=slug, label=label), origin=origin, path="outline")
        collector.origins["feed", slug] = origin
        if fault := web_address_fault(outline.url):
            fault = Fault(f"'{outline.title}': {fault.message}", fault.hint)
            collector.problems.append(found.problem(fault))
        yield found


def _outline_feed(outline: Outline, *, slug: str, label: str) -> Feed:
    language = outline.language.lower().partition("-")[0]
    return Feed(
        slug=slug,
        url=outline.url,
        title=outline.title,
        language="und" if language_fault(language) else language,
        region=outline.group,
        publisher=outline.title,
        kind=outline.kind or DEFAULT_KIND,
        enabled=outline.enabled,
        disabled_reason="" if outline.enabled else f"commented out in {label}",
        owner=f"file:{label}",
        fetch=UNSCHEDULED,
    )


def _slug(outline: Outline, *, taken: set[str]) -> str:
    """Derive a stable slug from the title; one that is taken gets a digest of the address."""
    plain = unicodedata.normalize("NFKD", outline.title).encode("ascii", "ignore").decode().lower()
    slug = "-".join(re.findall(r"[a-z0-9]+", plain))[: MAX_SLUG - 7].strip("-") or "feed"
    digest = hashlib.sha256(outline.url.encode()).hexdigest()
    return f"{slug}-{digest[:6]}" if slug in taken else slug


def _refuse_duplicate_addresses(collector: Collector, found: list[_Found]) -> None:
    first: dict[str, _Found] = {}
    for each in found:
        other = first.setdefault(_address_key(each.feed.url), each)
        if other is not each:
            message = f"feed '{each.feed.slug}' has the address of '{other.feed.slug}' ({other.origin})"
            collector.problems.append(each.problem(Fault(message, "keep one of the two")))


def _address_key(url: str) -> str:
    """Make spellings of one address equal: case of scheme and host, default port, fragment, empty path."""
    parts = urlsplit(url)
    host = parts.netloc.lower().removesuffix({"http": ":80", "https": ":443"}.get(parts.scheme.lower(), "\0"))
    return urlunsplit((parts.scheme.lower(), host, parts.path or "/", parts.query, ""))


def _refuse_fast_polling_elsewhere(collector: Collector, found: list[_Found]) -> None:
    """Hold `fetch.min_interval_seconds` to what it is for: feeds served by this very machine."""
    if collector.settings.fetch.min_interval_seconds is None:
        return
    elsewhere = [each.feed.slug for each in found if each.feed.enabled and not is_loopback(each.feed.url)]
    if elsewhere:
        message = f"min_interval_seconds is only for feeds on this machine, and '{elsewhere[0]}' is not"
        more = f" (nor are {len(elsewhere) - 1} others)" if len(elsewhere) > 1 else ""
        fault = Fault(message + more, "remove it; min_interval_minutes is the floor for feeds of others")
        collector.blame_setting(("fetch", "min_interval_seconds"), fault)
