"""Turns a recording into the bytes of RSS 2.0, Atom, RSS 1.0 or JSON Feed at one moment. Pure.

The newest item comes first, as most outlets do it. Dates follow from two moments only, so that the same
window has the same bytes (and so the same ETag) however often it is asked for.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime
from html import escape

from monitor.demo.recordings import Format, RecordedItem, Recording, Version

CONTENT_TYPES: Mapping[Format, str] = {
    "rss": "application/rss+xml; charset=utf-8",
    "atom": "application/atom+xml; charset=utf-8",
    "rdf": "application/rdf+xml; charset=utf-8",
    "json": "application/feed+json",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """When the server started (`origin`, what "hours old" counts from), when the run began, and now."""

    origin: datetime
    began_at: datetime | None
    now: datetime

    @property
    def elapsed(self) -> float | None:
        """Seconds since the run began; None before that."""
        return None if self.began_at is None else (self.now - self.began_at).total_seconds()

    def at(self, seconds: float) -> datetime:
        """Give the time of a change; 0 is the first window."""
        return (
            self.origin
            if self.began_at is None or seconds == 0
            else self.began_at + timedelta(seconds=seconds)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    item: RecordedItem
    version: Version
    published: datetime
    updated: datetime


def render(recording: Recording, moment: Moment) -> bytes:
    """Render the window that the feed shows at that moment."""
    shown: list[_Shown] = []
    for item in recording.items:
        version = item.version_at(moment.elapsed)
        if version is not None:
            published = moment.at(item.appears) - timedelta(hours=item.hours_old)
            updated = moment.at(version.at) if version is not item.versions[0] else published
            shown.append(_Shown(item=item, version=version, published=published, updated=updated))
    shown.sort(key=lambda entry: entry.published, reverse=True)
    return _RENDERERS[recording.format](recording, shown, changed_at(recording, moment)).encode()


def changed_at(recording: Recording, moment: Moment) -> datetime:
    """Give the time of the last change of the document, in whole seconds as HTTP dates have them."""
    return moment.at(recording.last_change(moment.elapsed)).replace(microsecond=0)


def _rss(recording: Recording, shown: list[_Shown], changed: datetime) -> str:
    items = "".join(
        f"""    <item>
      <title>{escape(entry.version.title)}</title>
      <link>{escape(entry.item.link)}</link>
      <guid isPermaLink="false">{escape(entry.item.id)}</guid>
      <pubDate>{format_datetime(entry.published)}</pubDate>
{_if(entry.item.author, "      <dc:creator>{}</dc:creator>")}{_tags(entry, "      <category>{}</category>")}\
      <description><![CDATA[<p>{escape(entry.version.summary, quote=False)}</p>]]></description>
    </item>
"""
        for entry in shown
    )
    return f"""<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/">
  <channel>
    <title>{escape(recording.title)}</title>
    <link>{escape(recording.home)}</link>
    <description>{escape(recording.title)}</description>
    <language>{recording.language}</language>
    <lastBuildDate>{format_datetime(changed)}</lastBuildDate>
{items}  </channel>
</rss>
"""


def _atom(recording: Recording, shown: list[_Shown], changed: datetime) -> str:
    entries = "".join(
        f"""  <entry>
    <id>{escape(entry.item.id)}</id>
    <title type="text">{escape(entry.version.title)}</title>
    <link rel="alternate" href="{escape(entry.item.link)}"/>
    <published>{entry.published.isoformat()}</published>
    <updated>{entry.updated.isoformat()}</updated>
{_if(entry.item.author, "    <author><name>{}</name></author>")}{_tags(entry, '    <category term="{}"/>')}\
    <summary type="html">{escape(f"<p>{escape(entry.version.summary)}</p>")}</summary>
  </entry>
"""
        for entry in shown
    )
    return f"""<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{recording.language}">
  <id>{escape(recording.home)}/</id>
  <title>{escape(recording.title)}</title>
  <link rel="alternate" href="{escape(recording.home)}"/>
  <author><name>{escape(recording.title)}</name></author>
  <updated>{changed.isoformat()}</updated>
{entries}</feed>
"""


def _rdf(recording: Recording, shown: list[_Shown], _changed: datetime) -> str:
    order = "".join(f'        <rdf:li rdf:resource="{escape(entry.item.link)}"/>\n' for entry in shown)
    items = "".join(
        f"""  <item rdf:about="{escape(entry.item.link)}">
    <title>{escape(entry.version.title)}</title>
    <link>{escape(entry.item.link)}</link>
    <description>{escape(entry.version.summary)}</description>
    <dc:date>{entry.published.isoformat()}</dc:date>
{_tags(entry, "    <dc:subject>{}</dc:subject>")}  </item>
"""
        for entry in shown
    )
    return f"""<?xml version="1.0" encoding="utf-8"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" \
xmlns:dc="http://purl.org/dc/elements/1.1/">
  <channel rdf:about="{escape(recording.home)}">
    <title>{escape(recording.title)}</title>
    <link>{escape(recording.home)}</link>
    <description>{escape(recording.title)}</description>
    <dc:language>{recording.language}</dc:language>
    <items>
      <rdf:Seq>
{order}      </rdf:Seq>
    </items>
  </channel>
{items}</rdf:RDF>
"""


def _json(recording: Recording, shown: list[_Shown], _changed: datetime) -> str:
    document = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": recording.title,
        "home_page_url": recording.home,
        "language": recording.language,
        "items": [
            {
                "id": entry.item.id,
                "url": entry.item.link,
                "title": entry.version.title,
                "content_text": entry.version.summary,
                "date_published": entry.published.isoformat(),
                "date_modified": entry.updated.isoformat(),
                "authors": [{"name": entry.item.author}] if entry.item.author else [],
                "tags": list(entry.item.tags),
            }
            for entry in shown
        ],
    }
    return json.dumps(document, ensure_ascii=False, indent=1)


def _if(text: str, line: str) -> str:
    return line.format(escape(text)) + "\n" if text else ""


def _tags(entry: _Shown, line: str) -> str:
    return "".join(_if(tag, line) for tag in entry.item.tags)


_RENDERERS: Mapping[Format, Callable[[Recording, list[_Shown], datetime], str]] = {
    "rss": _rss,
    "atom": _atom,
    "rdf": _rdf,
    "json": _json,
}
