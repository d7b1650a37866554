"""The text of an article, out of the page around it: bytes in, plain text or a refusal in words out.

It runs in the parser child, since pages are larger and wilder than feeds, and only there is the extractor loaded. It
fetches nothing, and what it cannot read for certain it refuses: a menu taken for a text would match anything.
"""

import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from monitor.text.gate import TEXT_LIMIT, plain

PAGE_LIMIT = 1024 * 1024  # code points of a page that are looked at
SHORTEST = 250  # code points: less is a teaser, a notice, or a page without an article
STUB = 1500  # a text below this may be what a paywall leaves of a longer one

_HTML_TYPES = ("text/html", "application/xhtml+xml")
_LOOKS_HTML = re.compile(rb"<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_CHARSET = re.compile(r"charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]{1,40})", re.IGNORECASE)
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_HEAD = 4096  # bytes in which a page may declare its charset
_NOT_FREE = re.compile(r"[\"']isAccessibleForFree[\"']\s*:\s*[\"']?false\b", re.IGNORECASE)
_FOR_SUBSCRIBERS = re.compile(
    r"subscribe to (?:continue|keep|read)|to (?:continue|keep) reading|subscribers? only|already a subscriber"
    r"|suscr[ií]b(?:ete|ase) para|(?:seguir|continuar) leyendo|(?:solo|exclusivo|exclusiva) para suscriptores"
    r"|¿ya eres suscriptor",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """An article's plain text, one line; or, with none, `refusal` says why the page gives none."""

    text: str = ""
    refusal: str = ""


def read_article(body: bytes, *, headers: Mapping[str, str]) -> Article:
    """Extract an article's text; `headers` (lower case) are its response's, of which the content type counts."""
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in _HTML_TYPES if kind else not _LOOKS_HTML.search(body[:_HEAD]):
        return Article(refusal=f"the address is no page of HTML ({kind or 'nothing says what it is'})")
    page = decode_page(body, headers.get("content-type", ""))[:PAGE_LIMIT]
    text = plain(_extract(page), html=False, limit=TEXT_LIMIT)
    if len(text) < SHORTEST:
        return Article(refusal=f"no article was found on the page (only {len(text)} characters of text)")
    if len(text) < STUB and (_NOT_FREE.search(page) or _FOR_SUBSCRIBERS.search(text)):
        return Article(refusal="the page shows only a beginning: the rest is for subscribers")
    return Article(text=text)


def decode_page(body: bytes, content_type: str) -> str:
    """Decode a page: by its byte order mark, as UTF-8 if it is that throughout, else as declared, else cp1252.

    UTF-8 goes before the declaration, since no other text of some length happens to be valid UTF-8, and servers
    that declare something else for it are many. A NUL, which no text has, becomes a space. Never raises.
    """
    for mark, name in _BOMS:
        if body.startswith(mark):
            return body[len(mark) :].decode(name, "replace").replace("\x00", " ")
    # A body that was cut in the middle of a character is UTF-8 all the same.
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        return decoder.decode(body).replace("\x00", " ")
    except UnicodeDecodeError:
        pass
    declared = _CHARSET.search(content_type) or _CHARSET.search(body[:_HEAD].decode("latin-1"))
    return _decode(body, declared[1] if declared else "").replace("\x00", " ")


def _decode(body: bytes, declared: str) -> str:
    """Decode as declared; browsers read latin-1 and ASCII as cp1252, and so do we."""
    try:
        name = codecs.lookup(declared).name
        return body.decode("cp1252" if name in {"iso8859-1", "ascii", "utf-8"} else name, "replace")
    except (LookupError, ValueError):  # no such charset, or no charset of texts
        return body.decode("cp1252", "replace")


def _extract(page: str) -> str:
    import trafilatura  # noqa: PLC0415 - most children never read an article, and it would slow their start

    found = trafilatura.extract(
        page,
        output_format="txt",
        include_comments=False,
        include_tables=False,
        include_images=False,
        include_links=False,
        favor_precision=True,
    )
    return found or ""


def to_wire(article: Article) -> dict[str, Any]:
    """Turn an article into what json can write."""
    return {"text": article.text, "refusal": article.refusal}


def from_wire(found: Mapping[str, Any]) -> Article:
    """Rebuild what `to_wire` wrote."""
    return Article(text=found["text"], refusal=found["refusal"])
