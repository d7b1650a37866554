"""Who an item is: its key inside the feed, its fingerprint, its link for comparing (pure).

It compares nothing with the store: which keys are new is the pipeline's to say.
"""

import functools
import hashlib
import re
from collections import Counter
from dataclasses import dataclass, replace
from urllib.parse import urlsplit, urlunsplit

from monitor.fetch.document import Entry, Parsed
from monitor.model import ItemDraft, ItemText

_TRACKING = re.compile(
    r"utm_.*|(?:fb|g|dc|msc?l?k?)clid|wbraid|gbraid|yclid|igshid|mc_[ce]id|_hs(?:enc|mi)|ref|ref_src|ref_url"
    r"|at_(?:medium|campaign|link_.*)|cmpid|cmp|ocid|xtor|ns_(?:source|mchannel|campaign|linkname|fee)|smid"
    r"|ftag|ncid|spm|s_cid|srnd|taid|guccounter|__twitter_impression",
    re.IGNORECASE,
)
_DEFAULT_PORTS = {"http": 80, "https": 443}
_PLAIN = re.compile(
    r"https?(://[a-z0-9-]+(?:\.[a-z0-9-]+)*/[!-~]*)"
)  # to be compared as it stands, but for the scheme
_LONGEST_KEY = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Identified:
    """The items of a document with distinct keys, and the key of each of its entries ('' for one without content)."""

    drafts: tuple[ItemDraft, ...] = ()
    keys: tuple[str, ...] = ()


def identify(parsed: Parsed, *, feed_language: str, source: str) -> Identified:
    """Turn the entries of one document into item drafts with distinct keys, in document order.

    A guid that stands once is the key; one that several different entries carry counts with the link for each of
    them (whichever comes first, so that a reordered document keeps its identities); without guid the link is the
    key, without link a hash of the text. Entries with the same key collapse into the first; an entry with
    nothing in it is left out. `feed_language` (what people configured) wins over what the document claims.
    """
    distinct = {_carrier(entry): entry for entry in parsed.entries}.values()
    carriers = Counter(entry.raw_id for entry in distinct)
    links = Counter(canonical_link(link) for link in {entry.link for entry in distinct if entry.link})
    found: dict[str, ItemDraft] = {}
    keys = []
    for entry in parsed.entries:
        if not (entry.raw_id or entry.link or entry.title or entry.summary or entry.body):
            keys.append("")
            continue
        key = _key(entry, repeated=carriers[entry.raw_id] > 1)
        keys.append(key)
        if key not in found:
            found[key] = _draft(entry, key, links, parsed, feed_language=feed_language, source=source)
    return Identified(drafts=tuple(found.values()), keys=tuple(keys))


def reused(draft: ItemDraft, *, link: str | None, title: str) -> bool:
    """Whether a publisher gave the guid of an item, whose link and title are known, to another article.

    An article that is edited keeps its address or most of its headline; one that keeps neither is another.
    """
    if not (draft.canonical_link and link) or draft.canonical_link == link:
        return False
    ours, theirs = (set(re.findall(r"\w+", text.casefold())) for text in (draft.text.title, title))
    return len(ours & theirs) * 2 < min(len(ours), len(theirs))


def rekeyed(draft: ItemDraft) -> ItemDraft:
    """Return a draft whose guid alone does not tell it apart, under the key of guid and link."""
    return replace(draft, key=_short("guid:", f"{draft.raw_id} {draft.canonical_link}"))


def _carrier(entry: Entry) -> tuple[str | None, str | None, str]:
    # The same guid at the same link is one item that stands twice, not a guid shared by two items.
    own = "" if entry.raw_id and entry.link else _text_hash(entry)
    return entry.raw_id, entry.link, own


def _key(entry: Entry, *, repeated: bool) -> str:
    if entry.raw_id and not repeated:
        return _short("guid:", entry.raw_id)
    link = canonical_link(entry.link, fragment="#" in entry.link) if entry.link else ""
    if entry.raw_id:
        return _short("guid:", f"{entry.raw_id} {link or _text_hash(entry)}")
    return _short("link:", link) if link else f"hash:{_text_hash(entry)}"


def _short(kind: str, value: str) -> str:
    if len(value) > _LONGEST_KEY:
        value = "sha256-" + hashlib.sha256(value.encode()).hexdigest()
    return kind + value


def _draft(
    entry: Entry, key: str, links: Counter[str], parsed: Parsed, *, feed_language: str, source: str
) -> ItemDraft:
    claims = (feed_language, entry.language, parsed.language)
    canonical = canonical_link(entry.link) if entry.link else None
    if canonical and entry.link and links[canonical] > 1:  # here the fragment is all that tells items apart
        canonical = canonical_link(entry.link, fragment=True)
    return ItemDraft(
        key=key,
        raw_id=entry.raw_id,
        fingerprint=_text_hash(entry),
        link=entry.link,
        canonical_link=canonical,
        text=ItemText(
            title=entry.title,
            summary=entry.summary,
            body=entry.body,
            language=next((claim for claim in claims if claim != "und"), "und"),
            url=entry.link or "",
            source=source or parsed.title,
            author=entry.author,
            tags=entry.tags,
        ),
        published=entry.published,
        updated=entry.updated,
    )


def _text_hash(entry: Entry) -> str:
    """Hash title and plain text: markup, advertisements in attributes and dates do not count."""
    text = f"{entry.title}\n{entry.summary}\n{entry.body}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]


@functools.lru_cache(maxsize=4096)
def canonical_link(url: str, *, fragment: bool = False) -> str:
    """Return a link for comparing only, never for showing; what is no http(s) URL comes back as it is.

    http counts as https; host in lower case without default port, credentials and a final dot; tracking
    parameters, an empty query and the fragment go (unless it starts with `!`, or `fragment` keeps it); the order
    of the other parameters stays, and so does `www.`. Idempotent.
    """
    plain = _PLAIN.fullmatch(url)
    if plain is not None and "?" not in url and "#" not in url:
        return f"https{plain[1]}"
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        return url
    scheme = parts.scheme.lower()
    if scheme not in _DEFAULT_PORTS or not host:
        return url
    host = host.rstrip(".")
    place = f"[{host}]" if ":" in host else host
    if port is not None and port not in _DEFAULT_PORTS.values():
        place += f":{port}"
    kept = [
        pair for pair in parts.query.split("&") if pair and not _TRACKING.fullmatch(pair.partition("=")[0])
    ]
    shown = parts.fragment if fragment or parts.fragment.startswith("!") else ""
    return urlunsplit(("https", place, parts.path or "/", "&".join(kept), shown)).strip()
