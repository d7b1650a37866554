"""Where a site's feeds may be: candidates read out of a page, its headers and its address (pure).

A page is hostile input: only its first half mebibyte is looked at, by patterns that pass over it a fixed number of
times, so that no nesting or unclosed markup can stretch the time. Nothing is fetched here.
"""

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import quote, urldefrag, urljoin, urlsplit

from monitor.fetch.document import Entry, Parsed
from monitor.fetch.identity import canonical_link
from monitor.text.gate import link as clean_link

PAGE_LIMIT = 512 * 1024
MAX_CANDIDATES = 50
GOOGLE_NEWS = "https://news.google.com/rss/search"
_EDITIONS = (("en-US", "US", "US:en"), ("es-419", "MX", "MX:es-419"))
_MOST_TAGS = 20_000
_VALUE_LIMIT = 4000
_SHORTEST_SPAN = timedelta(hours=1)  # a window all from one minute (an import, a re-issue) tells no rate

_FEED_TYPES = frozenset(
    {
        "application/rss+xml",
        "application/atom+xml",
        "application/feed+json",
        "application/rdf+xml",
        "application/xml",
        "text/xml",
    }
)
_PAGE = re.compile(rb"(?:\xef\xbb\xbf)?\s{0,512}<(?:!doctype\s{1,9}html|html)\b", re.IGNORECASE)
_UNSEEN = re.compile(rb"<(?:!--|(?:script|style|template|textarea)\b)", re.IGNORECASE)
_TAG = re.compile(
    r"""<(link|base|a)(?=[\s/])((?:[^<>"']|"[^"<]{0,4000}"|'[^'<]{0,4000}')*+)>""", re.IGNORECASE
)
_ATTRIBUTE = re.compile(
    r"""([a-z][a-z-]{0,19})\s{0,9}=\s{0,9}(?:"([^"]*)"|'([^']*)'|([^\s"'<>]{1,4000}))""", re.IGNORECASE
)
_LINK_FIELD = re.compile(r"<([^<>]{1,4000})>([^<>]{0,500})")
_LOOKS_LIKE_FEED = re.compile(
    r"(?:^|/)(?:feeds?|rss|atom|rdf)(?:[/._-]|$)|\.(?:rss|atom|rdf)$|(?:rss|feed|atom)[^/]{0,40}\.(?:xml|json|php|aspx)$"
    r"|/(?:index|portada|noticias|news)\.xml$",
    re.IGNORECASE,
)
_FEED_QUERY = re.compile(r"(?:^|&)(?:feed=|(?:format|type|alt|output)=(?:rss|atom|feed))", re.IGNORECASE)
_COMMENTS = re.compile(r"(?:^|[/._=-])(?:comments?|comentarios?)(?:[/._&-]|$)", re.IGNORECASE)
_COMMENTS_TITLE = re.compile(
    r"comments? (?:on|for|to)\b|comentarios? (?:en|de|a|para|sobre)\b", re.IGNORECASE
)
_HOST = re.compile(r"^(?:https?:)?//[^/?#]*", re.IGNORECASE)
_FILE = re.compile(r"\.[A-Za-z0-9]{1,5}$")
_PATHS = (
    "/feed/",
    "/rss.xml",
    "/rss",
    "/feed.xml",
    "/atom.xml",
    "/index.xml",
    "/feeds/posts/default",
    "/?feed=rss2",
    "/rss/",
    "/arc/outboundfeeds/rss/?outputType=xml",
)
_SIGNS: tuple[tuple[bytes, tuple[str, ...]], ...] = (  # what a publishing system leaves in its pages
    (b"wp-content", ("/feed/", "/?feed=rss2")),
    (b"drupal", ("/rss.xml",)),
    (b"blogger.com", ("/feeds/posts/default",)),
    (b"/pf/resources/", ("/arc/outboundfeeds/rss/?outputType=xml",)),
    (b"/pf/dist/", ("/arc/outboundfeeds/rss/?outputType=xml",)),
)


class How(StrEnum):
    """How a candidate was found, surest first."""

    ADDRESS = "address"  # the address given is a feed
    LINK = "link"  # the page names it: link rel=alternate
    HEADER = "header"  # the response names it: Link header
    ANCHOR = "anchor"  # the page has a link that looks like a feed
    PATH = "path"  # nobody names it: a path that publishing systems use
    GOOGLE_NEWS = "google-news"  # an aggregator's search for the site


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An address at which a feed may be."""

    url: str
    how: How

    @property
    def comments(self) -> bool:
        """Whether the address is that of readers' comments."""
        parts = urlsplit(self.url)
        return bool(_COMMENTS.search(parts.path) or _COMMENTS.search(parts.query))


def start_addresses(text: str) -> tuple[str, ...]:
    """Return what to ask for what a person typed: the address, or for a bare host https first, then http.

    Empty when it is no address at all.
    """
    typed = text.strip()
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", typed):
        found = clean_link(typed)
        return (found,) if found else ()
    tries = (clean_link(f"{scheme}://{typed}") for scheme in ("https", "http"))
    return tuple(url for url in tries if url and _names_a_host(url))


def _names_a_host(url: str) -> bool:
    """Tell `paper.mx` from words, file names and mail addresses that somebody typed."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if "@" in parts.netloc or "%" in host:
        return False
    return "." in host.strip(".") or ":" in host or host == "localhost"


def page_candidates(page: bytes, *, url: str, headers: Mapping[str, str]) -> tuple[Candidate, ...]:
    """List the feeds that a page or its response names or links to, surest first, comments last.

    `url` is where the page came from, `headers` its response's (lower-case). Anchors count only within the site.
    """
    named: list[tuple[How, str]] = []
    linked: list[tuple[How, str]] = []
    base: str | None = None
    for tag, attributes in _tags(page):
        href = attributes.get("href", "")
        if tag == "base":
            base = urljoin_or_none(url, href) or url if base is None else base
        elif _is_feed_link(attributes):
            named.append((How.LINK, href))
        elif tag == "a" and len(linked) < MAX_CANDIDATES:
            linked.append((How.ANCHOR, href))
    base = base or url
    found = [_candidate(base, href, how) for how, href in named[:MAX_CANDIDATES]]
    found += [_candidate(url, href, How.HEADER) for href in _header_links(headers.get("link", ""))]
    anchors = [_candidate(base, href, how) for how, href in linked]
    found += [each for each in anchors if each and same_site(each.url, url)]
    return _distinct(each for each in found if each and each.url != urldefrag(url).url)


def is_page(body: bytes) -> bool:
    """Say whether a body begins as HTML; a page that quotes a feed may have defeated the parser as one."""
    return _PAGE.match(body[:1024]) is not None


def guesses(url: str, *, page: bytes = b"") -> tuple[Candidate, ...]:
    """List paths at which sites keep feeds nobody names, those of the page's publishing system first.

    For a page below the root the first is WordPress's feed of that section.
    """
    root = front(url).rstrip("/")
    lowered = page[:PAGE_LIMIT].lower()
    signs = [path for sign, paths in _SIGNS if sign in lowered for path in paths]
    section = urlsplit(url).path.rstrip("/")
    own = [f"{section}/feed/"] if section and not _FILE.search(section) else []
    return _distinct(Candidate(url=root + path, how=How.PATH) for path in (*own, *signs, *_PATHS))


def front(url: str) -> str:
    """Return the front page of the site that an address is on."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/"


def google_news(url: str, *, search: str = GOOGLE_NEWS) -> tuple[Candidate, ...]:
    """List the searches of Google News for a site, in English and in Spanish: an aggregator, not the publisher."""
    host = (urlsplit(url).hostname or "").removeprefix("www.")
    return tuple(
        Candidate(
            url=f"{search}?q={quote(f'site:{host}')}&hl={language}&gl={country}&ceid={quote(edition)}",
            how=How.GOOGLE_NEWS,
        )
        for language, country, edition in _EDITIONS
    )


def is_comments(candidate: Candidate, title: str) -> bool:
    """Say whether a feed is one of readers' comments, by its address or its title."""
    return candidate.comments or _COMMENTS_TITLE.match(title) is not None


def dates(parsed: Parsed) -> list[datetime]:
    """Return the known dates of a document's entries, oldest first."""
    return sorted(moment for entry in parsed.entries if (moment := entry.published or entry.updated))


def per_day(moments: Sequence[datetime]) -> float | None:
    """Return how many items a day a window of sorted dates stands for; None when it tells too little."""
    if len(moments) < 2 or moments[-1] - moments[0] < _SHORTEST_SPAN:
        return None
    return (len(moments) - 1) / ((moments[-1] - moments[0]) / timedelta(days=1))


def same_items(one: Parsed, other: Parsed) -> bool:
    """Say whether two documents hold the same items, in whatever format: RSS and Atom of one feed do."""
    return bool(one.entries) and _identities(one.entries) == _identities(other.entries)


def share_items(one: Parsed, other: Parsed) -> bool:
    """Say whether two documents have at least one item in common."""
    return bool(_identities(one.entries) & _identities(other.entries))


def _identities(entries: Sequence[Entry]) -> set[str]:
    return {canonical_link(entry.link) if entry.link else entry.raw_id or entry.title for entry in entries}


def same_site(one: str, other: str) -> bool:
    """Say whether two addresses belong to one site: the same host, or one below the other, `www.` aside."""
    first, second = ((urlsplit(url).hostname or "").removeprefix("www.") for url in (one, other))
    return first == second or first.endswith(f".{second}") or second.endswith(f".{first}")


def urljoin_or_none(base: str, address: str) -> str | None:
    """Resolve an address as a page writes it; None for what is no usable http or https address."""
    try:
        return clean_link(urldefrag(urljoin(base, address.strip())).url)
    except ValueError:
        return None


def _tags(page: bytes) -> Iterator[tuple[str, dict[str, str]]]:
    for number, tag in enumerate(_TAG.finditer(_text(_seen(page[:PAGE_LIMIT])))):
        if number >= _MOST_TAGS:
            return
        name, attributes = tag[1].lower(), _attributes(tag[2])
        if name != "a" or _is_feed_link(attributes) or _looks_like_feed(attributes.get("href", "")):
            yield name, attributes


def _seen(page: bytes) -> bytes:
    """Drop comments and what scripts hold: a feed named there is not named to anybody."""
    lowered, kept, place = page.lower(), [], 0
    while match := _UNSEEN.search(page, place):
        kept.append(page[place : match.start()])
        opened = match[0][1:].lower()
        end = lowered.find(b"-->" if opened == b"!--" else b"</" + opened, match.end())
        if end < 0:
            return b" ".join(kept)
        place = end + 3 if opened == b"!--" else end
    return b" ".join((*kept, page[place:]))


def _text(page: bytes) -> str:
    wide = page.startswith((b"\xff\xfe", b"\xfe\xff"))
    return page.decode("utf-16" if wide else "utf-8", "replace")


def _attributes(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for match in _ATTRIBUTE.finditer(text):
        name = match[1].lower()
        if name in {"rel", "type", "href"}:  # of two of one name, the first counts (HTML, 13.2.5.33)
            found.setdefault(name, html.unescape((match[2] or match[3] or match[4] or "")[:_VALUE_LIMIT]))
    return found


def _is_feed_link(attributes: Mapping[str, str]) -> bool:
    relations = attributes.get("rel", "").lower().split()
    kind = attributes.get("type", "").partition(";")[0].strip().lower()
    return bool(attributes.get("href")) and (
        ("alternate" in relations and kind in _FEED_TYPES) or "feed" in relations
    )


def _looks_like_feed(href: str) -> bool:
    path, _, query = _HOST.sub("", href.strip()).partition("#")[0].partition("?")
    return bool(_LOOKS_LIKE_FEED.search(path.rstrip("/")) or _FEED_QUERY.search(query))


def _header_links(value: str) -> Iterator[str]:
    for match in _LINK_FIELD.finditer(value[:PAGE_LIMIT]):
        if _is_feed_link({**_attributes(match[2]), "href": match[1]}):
            yield match[1]


def _candidate(base: str, href: str, how: How) -> Candidate | None:
    address = urljoin_or_none(base, href)
    return Candidate(url=address, how=how) if address else None


def _distinct(found: Iterator[Candidate]) -> tuple[Candidate, ...]:
    """Keep the first of each address; comments go last, so that they are asked for when nothing else is left."""
    first: dict[str, Candidate] = {}
    for each in found:
        first.setdefault(each.url, each)
    return tuple(sorted(first.values(), key=lambda each: each.comments))[:MAX_CANDIDATES]
