"""The items we read from every file of the feed corpus equal those of feedparser itself.

The oracle is feedparser called on the same bytes with the same headers, each value passed through the same
ingest gate; JSON Feed, which feedparser does not know, is held against values written by hand and against the
JSON itself. What differs is listed in `corpus_differences.json` with its reason, and the list may not be longer
than the truth.
"""

import calendar
import csv
import functools
import html
import io
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import feedparser
import pytest

from monitor.fetch.document import Entry, Parsed
from monitor.fetch.parse import MAX_ENTRIES, parse, xml_headers
from monitor.fetch.pool import ParserPool
from monitor.fetch.report import document
from monitor.model import Outcome
from monitor.text import gate

FEEDS = Path(__file__).parents[3] / "shared" / "corpora" / "feeds"
URL = "https://feeds.example/news/feed.xml"
NOW = datetime(2026, 11, 1, tzinfo=UTC)
FILES = 2285
UNREADABLE = {Outcome.EMPTY, Outcome.NOT_A_FEED, Outcome.MALFORMED, Outcome.HOSTILE}

pytestmark = pytest.mark.corpus


@functools.cache
def manifest() -> dict[str, list[dict[str, str]]]:
    """Return the rows of the manifest by repository."""
    rows: defaultdict[str, list[dict[str, str]]] = defaultdict(list)
    if FEEDS.is_dir():
        with (FEEDS / "manifest.csv").open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                rows[row["repo"]].append(row)
    return dict(rows)


@functools.cache
def allowed() -> dict[str, set[str]]:
    listed = json.loads((Path(__file__).parent / "corpus_differences.json").read_text("utf-8"))
    assert all(row["reason"] for row in listed)
    return {row["file"]: set(row["differs"]) for row in listed}


def reading(name: str) -> tuple[bytes, Parsed]:
    body = (FEEDS / name).read_bytes()
    return body, parse(body, headers={}, url=URL, now=NOW)


def is_json(body: bytes) -> bool:
    return body.lstrip()[:1] == b"{"


def json_files() -> list[str]:
    names = [row["file"] for rows in manifest().values() for row in rows]
    return [name for name in names if is_json((FEEDS / name).read_bytes())]


@pytest.mark.parametrize("repo", sorted(manifest()) or ["absent"])
def test_items_equal_feedparsers(repo: str) -> None:
    """In number, order, title, link, text, id and dates, for every file of a repository."""
    unexpected = []
    for row in manifest()[repo]:
        name = row["file"]
        body, parsed = reading(name)
        assert parsed.outcome is Outcome.NEW or parsed.outcome in UNREADABLE, name
        assert parsed.outcome is Outcome.NEW or (parsed.reason and not parsed.entries), name
        if is_json(body):
            continue
        found = list(differences(body, parsed))
        if {what for what, _ in found} != allowed().get(name, set()):
            unexpected.append(f"{name}: {found[:3] or 'no longer differs as listed'}")
    assert not unexpected, "\n".join(unexpected)


def test_the_corpus_is_whole() -> None:
    names = [row["file"] for rows in manifest().values() for row in rows]
    assert len(names) == FILES
    assert set(allowed()) <= set(names)


def differences(body: bytes, parsed: Parsed) -> Iterator[tuple[str, str]]:
    oracle = feedparser.parse(
        io.BytesIO(body),
        response_headers=xml_headers(body, {}),
        sanitize_html=False,
        resolve_relative_uris=False,
    )
    expected = oracle.entries[:MAX_ENTRIES]
    if len(expected) != len(parsed.entries):
        yield "count", f"{len(parsed.entries)} items, feedparser has {len(expected)}"
        return
    if parsed.outcome is Outcome.NEW and parsed.format != (oracle.version or "unknown"):
        yield "format", f"{parsed.format}, feedparser says {oracle.version}"
    for number, (ours, theirs) in enumerate(zip(parsed.entries, expected, strict=True)):
        for what, mine, other in compared(ours, theirs):
            if mine != other:
                yield what, f"item {number}: {mine!r:.200} is not {other!r:.200}"


def compared(ours: Entry, theirs: Any) -> Iterator[tuple[str, object, object]]:
    yield "id", ours.raw_id, gate.plain(theirs.get("id"), html=False, limit=gate.LINK_LIMIT) or None
    yield "title", ours.title, gate.title(theirs.get("title"))
    yield "link", ours.link, link_of(theirs)
    summary = gated(theirs.get("summary"), theirs.get("summary_detail", {}).get("type"))
    contents = [gated(part.get("value"), part.get("type")) for part in theirs.get("content", ())]
    yield "text", ours.body or ours.summary, " ".join(filter(None, contents))[: gate.TEXT_LIMIT] or summary
    for name in ("published", "updated"):
        yield name, getattr(ours, name), date_of(theirs, name, getattr(ours, name))


def link_of(theirs: Any) -> str | None:
    value = (theirs.get("link") or "").strip()
    if not value or (theirs.get("guidislink") and value == theirs.get("id") and "://" not in value):
        return None
    try:
        return gate.link(urljoin(URL, value))
    except ValueError:
        return None


def gated(value: str | None, kind: str | None) -> str:
    return gate.plain(value, html=kind != "text/plain", limit=gate.TEXT_LIMIT)


# Where feedparser is known to be wrong, or to give up, ours must be right: the text says what is right.
RIGHT = {
    "mer, 16 nov 2022 00:38:15 +0100": datetime(2022, 11, 15, 23, 38, 15, tzinfo=UTC),
    "Friday, January 29, 2021 04:42 PM": datetime(2021, 1, 29, 16, 42, tzinfo=UTC),
    "1518478934": datetime(2018, 2, 12, 23, 42, 14, tzinfo=UTC),
}


def date_of(theirs: Any, name: str, ours: datetime | None) -> datetime | None:
    text = dict.get(theirs, name)  # not `get`, which answers with `published` where there is no `updated`
    if text in RIGHT:
        return RIGHT[text]
    parsed = dict.get(theirs, f"{name}_parsed")
    if parsed is None:
        return None
    try:
        moment = datetime.fromtimestamp(calendar.timegm(parsed), UTC)
    except (ValueError, OverflowError):
        return None
    plausible = datetime(1995, 1, 1, tzinfo=UTC) <= moment <= NOW + timedelta(hours=48)
    return moment if plausible else None


def item(report: dict[str, Any], number: int) -> tuple[Any, ...]:
    found = report["items"][number]
    return tuple(found[name] for name in ("id", "title", "link", "published", "updated", "text"))


def reported(name: str) -> dict[str, Any]:
    return document(name, reading(name)[1])


def test_the_example_of_the_json_feed_specification() -> None:
    report = reported("feed-rs+feed-rs/feed-rs/fixture/jsonfeed/jsonfeed_spec_1.json")
    assert report["feed"] == {"title": "JSON Feed", "format": "json10", "language": "und"}
    address = "https://jsonfeed.org/2017/05/17/announcing_json_feed"
    *head, text = item(report, 0)
    assert head == [address, "Announcing JSON Feed", address, "2017-05-17T15:02:12Z", None]
    assert text.startswith("We — Manton Reece and Brent Simmons — have noticed that JSON has become the")
    assert text.endswith(
        "It reflects the lessons learned from our years of work reading and publishing feeds. ..."
    )
    assert len(report["items"]) == 1


def test_a_json_feed_with_everything_in_it() -> None:
    report = reported("lemon24+reader/tests/data/full.json")
    assert report["feed"] == {"title": "My Example Feed", "format": "json11", "language": "en"}
    assert item(report, 0) == (
        "2",
        "Title",
        "https://example.org/second-item",
        "2020-01-02T21:00:00Z",
        "2020-01-04T00:00:00Z",
        "Content with link",
    )


def test_a_json_feed_without_titles_and_links() -> None:
    report = reported("RSS-Bridge+rss-bridge/tests/Formats/samples/expectedJsonFormat/feed.microblog.json")
    found = ("1918f084648b82057c1dd3faa3d091da82a6fac2", "", None, None, "2018-10-07T16:53:03Z")
    assert item(report, 0) == (*found, "Oh 😲 I found three monkeys 🙈🙉🙊")


def test_a_json_feed_with_dates_in_words() -> None:
    report = reported("feed-rs+feed-rs/feed-rs/fixture/jsonfeed/jsonfeed_elastic_1.1.json")
    assert report["feed"] == {"title": "Blog – InfluxData", "format": "json11", "language": "en"}
    assert item(report, 0)[3] == "2019-05-31T19:17:58Z"


@pytest.mark.parametrize("name", json_files() or ["absent"])
def test_json_files_are_read_as_json_says(name: str) -> None:
    """An independent reading of the same JSON: number, order, ids, links, and every word of the text."""
    body, parsed = reading(name)
    try:
        raw = json.loads(body.decode("utf-8-sig"))
    except ValueError:
        assert parsed.outcome is Outcome.MALFORMED
        return
    if "jsonfeed.org/version/" not in str(raw.get("version")) or "items" not in raw:
        assert parsed.outcome is Outcome.NOT_A_FEED
        return
    assert parsed.outcome is Outcome.NEW
    assert len(parsed.entries) == len(raw["items"])
    for entry, source in zip(parsed.entries, raw["items"], strict=True):
        assert entry.raw_id == (None if source.get("id") is None else str(source["id"]))
        address = text(source, "url") or text(source, "external_url")
        assert entry.link == (urljoin(URL, address) if address else None)
        if markup := text(source, "content_html"):
            shown = re.sub(r"(?s)<script.*?</script>|<style.*?</style>|<[^>]*>", "", markup)
            assert letters(entry.body) == letters(html.unescape(shown))
        else:
            assert letters(entry.body) == letters(text(source, "content_text"))
        assert not re.search(r"</?(?:p|a|img|div)\b", entry.body)


def text(source: dict[str, Any], name: str) -> str:
    value = source.get(name)
    return value if isinstance(value, str) else ""


def letters(value: str) -> str:
    return "".join(re.findall(r"[^\W_]", value))


async def test_the_children_read_what_we_read() -> None:
    """A sample through the real pool: every 60th file, and the largest."""
    rows = [row for rows in manifest().values() for row in rows]
    largest = sorted(rows, key=lambda row: -int(row["size"]))[:3]
    pool = ParserPool(2)
    try:
        for row in [*rows[::60], *largest]:
            body, parsed = reading(row["file"])
            assert await pool.parse(body, headers={}, url=URL, now=NOW) == parsed, row["file"]
    finally:
        await pool.close()
