"""From the bytes of a document to its entries in plain text. Runs in the parser child: pure CPU, no I/O.

feedparser is the one authority on what a feed means; this module decides what it is given (decoded bytes
without entity declarations, and without the entries that the caller has seen, where that changes nothing) and what
is kept of its answer (through the ingest gate). It gives entries no identity and does not know which are new.
"""

import io
import re
import xml.sax
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import feedparser
import feedparser.encodings

from monitor.fetch import hints, jsonfeed, strict
from monitor.fetch.address import absolute
from monitor.fetch.cut import cut, outside
from monitor.fetch.dates import read
from monitor.fetch.document import AUTHOR_LIMIT, MAX_TAGS, TAG_LIMIT, Entry, Parsed
from monitor.fetch.language import primary
from monitor.model import Outcome
from monitor.text import gate

__all__ = ["MAX_ENTRIES", "Entry", "Parsed", "parse", "xml_headers"]

MAX_ENTRIES = 2000
# What feedparser is known to raise on input it did not expect; running out of memory is left to kill the child.
_PARSER_FAULTS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
_WIDE = (b"\xff\xfe", b"\xfe\xff", b"\x00", b"<\x00", b"\x4c\x6f\xa7\x94")  # UTF-16, UTF-32, EBCDIC
_FEED_ROOTS = frozenset({"rss", "feed", "rdf"})
_FEED_TAG = re.compile(rb"<(?:rss|feed|rdf:RDF)[\s>]")
_BARE_UTF16 = {b"\x00<": "utf-16be", b"<\x00": "utf-16le"}  # no BOM, no declaration: feedparser gives up
_ROOT = re.compile(rb"<(?:[A-Za-z_][\w.-]*:)?([A-Za-z_][\w.-]*)")
_SKIP = re.compile(rb"\s+|<\?.*?\?>|<!--.*?-->|<!\[CDATA\[", re.DOTALL)
_PAGE_TITLE = re.compile(r"<title\b[^<>]*>([^<]*)", re.IGNORECASE)
_PAGE_LINK = re.compile(r"<link\b([^<>]{0,2000})>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""\b([a-z]{1,20})\s{0,9}=\s{0,9}(["'])(.*?)\2""", re.IGNORECASE)
_FEED_TYPE = re.compile(r"rss|atom|feed\+json", re.IGNORECASE)
_DECLARATION = b"<?xml version='1.0' encoding='utf-8'?>"
_DECLARED = re.compile(rb"""<\?xml[^<>]{0,99}\sencoding=["']([A-Za-z0-9._:-]{1,40})["'][^<>]{0,99}\?>""")
_ASCII_LIKE = frozenset({"utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1", "iso-8859-15", "windows-1252"})
_SPACE = re.compile(rb"\s")
_LONG_SPACE = re.compile(rb"\s{1024,}")
_BINARY = re.compile(r"(?:image|audio|video|font)/")
# What feedparser keeps under a name, without its search for second ones: it would take `published` for `updated`.
_get: Callable[..., Any] = dict.get
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([A-Za-z0-9._:-]{1,40})", re.IGNORECASE)


def parse(
    body: bytes, *, headers: Mapping[str, str], url: str, now: datetime, seen: Collection[str] = frozenset()
) -> Parsed:
    """Read one document: RSS, Atom, RDF or JSON Feed.

    `headers` are the response's, lower-case (only content-type is used); `url` resolves relative links; dates
    over 48 h after `now` are unknown; entries whose piece is in `seen` are left out. Returns outcome NEW with what
    could be read (`reason` says what could not), else EMPTY, NOT_A_FEED, MALFORMED or HOSTILE. Exhausts CPU or memory
    on some hostile documents: run it in a limited process.
    """
    if not body.strip():
        return Parsed(outcome=Outcome.EMPTY, reason="the body is empty")
    if body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in {b"{", b"["}:
        return jsonfeed.parse(body, url=url, now=now, limit=MAX_ENTRIES, seen=seen)
    start = 0 if body.startswith(_WIDE) else body.find(b"<")
    if start < 0:
        return Parsed(outcome=Outcome.NOT_A_FEED, reason="plain text, not a feed")
    try:
        return _parse_xml(body[start:], headers, url, now, seen)
    except _PARSER_FAULTS as error:
        reason = f"the parser gave up: {type(error).__name__}: {error}"
        return Parsed(outcome=Outcome.MALFORMED, reason=gate.plain(reason, html=False, limit=200))


def xml_headers(body: bytes, headers: Mapping[str, str]) -> dict[str, str]:
    """Return the response headers feedparser shall see.

    Bytes that are valid UTF-8 and not ASCII are UTF-8 whatever a server says; else its charset counts. The
    media type is always XML's, so that `text/html` does not turn the XML declaration's encoding off.
    """
    charset = ""
    if not body.isascii() and _is_utf8(body):
        charset = "utf-8"
    elif match := _CHARSET.search(headers.get("content-type", "")):
        charset = match[1]
    elif body[:2] in _BARE_UTF16:
        charset = _BARE_UTF16[body[:2]]
    return {"content-type": f"application/xml; charset={charset}" if charset else "application/xml"}


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _parse_xml(
    body: bytes, headers: Mapping[str, str], url: str, now: datetime, seen: Collection[str]
) -> Parsed:
    # Decoded first, so that no encoding (UTF-16, EBCDIC, UTF-7, …) can hide a declaration from the check.
    data = _decoded(body, headers)
    root = _root_at(data)
    if _declares_entities(data, root):
        return Parsed(outcome=Outcome.HOSTILE, reason="it declares XML entities, which are refused unread")
    match = _ROOT.match(data, root)
    name = match[1].decode("ascii", "replace").lower() if match else ""
    if name == "html" and not _FEED_TAG.search(data, root):  # some servers wrap a feed into a page
        return Parsed(outcome=Outcome.NOT_A_FEED, reason=_page(data[root:]))
    # Long runs of white space before the root make feedparser's patterns quadratic; one newline means the same.
    data = re.sub(rb"\s{2,}", b"\n", data[:root]) + _collapsed(data[root:])
    if name in _FEED_ROOTS and (parsed := _parse_cut(data, url, now, seen)):
        return parsed
    found = feedparser.parse(
        io.BytesIO(data),
        response_headers={"content-type": "application/xml; charset=utf-8"},
        sanitize_html=False,
        resolve_relative_uris=False,
    )
    if name == "html" and not found.entries:
        return Parsed(outcome=Outcome.NOT_A_FEED, reason=_page(data))
    return _judge(found, data, name, url, now)


def _parse_cut(data: bytes, url: str, now: datetime, seen: Collection[str]) -> Parsed | None:
    """Read only the entries not in `seen`, or None if the document is not sure to mean the same without them."""
    where = cut(data, limit=MAX_ENTRIES)
    if where is None:
        return None
    try:
        found = strict.read(data, where, seen=seen, url=url)
    except _PARSER_FAULTS:
        return None  # the same fault will say so when the document is read whole
    if found is None:
        return None
    return Parsed(
        outcome=Outcome.NEW,
        title=gate.title(found.feed.get("title")),
        format=found.version,
        language=primary(found.feed.get("language")),
        hints=hints.of_feed(found.feed, outside(data, where.spans), url=url),
        entries=tuple(_entry(raw, found.feed, url, now) for raw in found.entries),
        pieces=found.pieces,
    )


def _decoded(body: bytes, headers: Mapping[str, str]) -> bytes:
    """Return the document in UTF-8 and declared so, as feedparser would decode it."""
    if not body.isascii():
        if not _is_utf8(body):
            return _converted(body, headers)
    elif not _is_plain(body, headers):
        return _converted(body, headers)
    # What feedparser would do in four passes over the whole: decode, declare, encode.
    text = body.removeprefix(b"\xef\xbb\xbf")
    end = text.find(b">") if text.startswith(b"<?xml") else -1
    if end > 0:
        return _DECLARATION + text[end + 1 :]
    return _DECLARATION + b"\n" + text


def _converted(body: bytes, headers: Mapping[str, str]) -> bytes:
    decoded: dict[str, Any] = {}
    data: bytes = feedparser.encodings.convert_to_utf8(xml_headers(body, headers), body, decoded)
    return data


def _is_plain(body: bytes, headers: Mapping[str, str]) -> bool:
    """Whether ASCII bytes mean ASCII: neither the server nor the document names an encoding in which they do not."""
    charset = _CHARSET.search(headers.get("content-type", ""))
    if b"\x00" in body[:4] or (charset and charset[1].lower() not in _ASCII_LIKE):
        return False
    end = body.find(b"\n")
    line = body[: end if end >= 0 else None]
    if b"encoding=" not in line:
        return True
    declared = _DECLARED.match(line)
    if declared is None or line.count(b"encoding=") > 1:
        return False
    return declared[1].decode().lower() in _ASCII_LIKE


def _collapsed(data: bytes) -> bytes:
    """Shorten runs of more than 1 kB of white space outside CDATA, which patterns further on could choke on."""
    # Such a run holds a whole block of 512 bytes, of which the first is quickly looked for.
    starts = (match.start() * 512 for match in _SPACE.finditer(data[::512]))
    if not any(data[start : start + 512].isspace() for start in starts):
        return data
    parts = []
    place = 0
    while place < len(data):
        start = data.find(b"<![CDATA[", place)
        start = len(data) if start < 0 else start
        end = data.find(b"]]>", start)
        end = len(data) if end < 0 else end
        parts += [_LONG_SPACE.sub(b"\n", data[place:start]), data[start:end]]
        place = end
    return b"".join(parts)


def _root_at(data: bytes) -> int:
    """Return where the root element (or a DOCTYPE with an internal subset) begins, past all that precedes it."""
    place = 0
    while True:
        if match := _SKIP.match(data, place):
            place = match.end()
        elif data[place : place + 9].lower() == b"<!doctype":
            end = data.find(b">", place)
            if end < 0 or b"[" in data[place:end]:
                return place
            place = end + 1
        else:
            return place


def _declares_entities(data: bytes, root: int) -> bool:
    """Whether entities are declared where expat, or feedparser's own reading of the head, would see it."""
    first_tag = re.search(rb"<\w", data)
    head = data[: max(root, first_tag.start() if first_tag else len(data))]
    if b"<!ENTITY" in head.upper():
        return True
    return data[root : root + 9].lower() == b"<!doctype" and b"<!ENTITY" in data[root:].upper()


def _judge(found: Any, data: bytes, root: str, url: str, now: datetime) -> Parsed:
    fault = found.get("bozo_exception") if found.bozo else None
    broken = _damage(fault)
    if not found.entries:
        if not found.version and root not in _FEED_ROOTS:
            what = f"XML with the root element <{gate.plain(root, html=False, limit=60)}>" if root else "text"
            return Parsed(outcome=Outcome.NOT_A_FEED, reason=f"{what}, not a feed")
        if broken or not found.version:
            reason = f"no item can be read: {broken or 'not a feed of any known format'}"
            return Parsed(outcome=Outcome.MALFORMED, reason=reason)
    count = len(found.entries)
    entries = tuple(_entry(raw, found.feed, url, now) for raw in found.entries[:MAX_ENTRIES])
    notes = [f"damaged, {count} items read: {broken}"] if broken else []
    if count > MAX_ENTRIES:
        notes.append(f"{count} items, of which the first {MAX_ENTRIES} were read")
    return Parsed(
        outcome=Outcome.NEW,
        reason="; ".join(notes),
        title=gate.title(found.feed.get("title")),
        format=found.version or "unknown",
        language=primary(found.feed.get("language")),
        damaged=bool(broken),
        hints=hints.of_feed(found.feed, data, url=url),
        entries=entries,
    )


def _damage(fault: object) -> str:
    """Say what is broken about a document, or nothing for mere disagreement about its encoding or media type."""
    if isinstance(fault, xml.sax.SAXParseException):
        return f"{fault.getMessage()} at line {fault.getLineNumber()}"
    if isinstance(fault, xml.sax.SAXException):
        return gate.plain(str(fault), html=False, limit=200)
    return ""


def _entry(raw: Any, feed: Any, url: str, now: datetime) -> Entry:
    summary, body = _texts(raw)
    language = _get(raw, "title_detail", {}).get("language") or _get(feed, "language")
    return Entry(
        raw_id=gate.plain(_get(raw, "id"), html=False, limit=gate.LINK_LIMIT) or None,
        link=_link(raw, url),
        title=gate.title(_get(raw, "title")),
        summary=summary,
        body=body,
        author=gate.plain(_get(raw, "author"), html=False, limit=AUTHOR_LIMIT),
        tags=_tags(_get(raw, "tags", ())),
        language=primary(language),
        published=_date(raw, "published", now),
        updated=_date(raw, "updated", now),
    )


def _date(raw: Any, name: str, now: datetime) -> datetime | None:
    text = _get(raw, name)
    return read(text, _get(raw, f"{name}_parsed"), now=now) if text else None


def _link(raw: Any, url: str) -> str | None:
    """Return the entry's link; relative ones are resolved here, so that ids stay as the document has them."""
    value = _get(raw, "link") or ""
    if value == _get(raw, "id") and _get(raw, "guidislink") and not re.match(r"(?i)https?://", value):
        return None  # a guid serves as link when there is none, but `4711` is no address
    return absolute(value, url)


def _texts(raw: Any) -> tuple[str, str]:
    """Return summary and body; feedparser repeats a lone content as summary, which is left out here."""
    contents = _get(raw, "content", ())
    bodies = [part for part in contents if not _BINARY.match(part.get("type") or "")]
    body = " ".join(text for part in bodies if (text := _text(part.get("value"), part.get("type"))))
    value = _get(raw, "summary")
    if any(part.get("value") == value for part in contents):
        return "", body[: gate.TEXT_LIMIT]
    return _text(value, _get(_get(raw, "summary_detail", {}), "type")), body[: gate.TEXT_LIMIT]


def _text(value: str | None, kind: str | None) -> str:
    return gate.plain(value, html=kind != "text/plain", limit=gate.TEXT_LIMIT)


def _tags(raw: Sequence[Any]) -> tuple[str, ...]:
    names = (gate.plain(tag.get("label") or tag.get("term"), html=False, limit=TAG_LIMIT) for tag in raw)
    return tuple(dict.fromkeys(name for name in names if name))[:MAX_TAGS]


def _page(data: bytes) -> str:
    """Describe an HTML page for an admin: its title, and the feed it points to, if any."""
    text = data[: 256 * 1024].decode("utf-8", "replace")
    title = _PAGE_TITLE.search(text)
    shown = gate.title(title[1]) if title else ""
    reason = f'an HTML page titled "{shown[:100]}", not a feed' if shown else "an HTML page, not a feed"
    for tag in _PAGE_LINK.finditer(text):
        found = {name.lower(): value for name, _, value in _ATTRIBUTE.findall(tag[1])}
        if found.get("rel", "").lower() == "alternate" and _FEED_TYPE.search(found.get("type", "")):
            return f"{reason}; it names {gate.plain(found.get('href'), html=False, limit=300)} as its feed"
    return reason
