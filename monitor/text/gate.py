"""The ingest gate: whatever a feed sent, out comes short plain text.

Everything the rest of the program calls text went through here once, so no later stage meets markup, control
characters, direction overrides, lone surrogates or a megabyte where a headline was promised. The gate's time is
bounded by its limits, it never raises for anything a feed can contain, and it does not judge content.
"""

import functools
import html as entities
import re
import unicodedata
from urllib.parse import urlsplit

from lxml import etree

TITLE_LIMIT = 500
TEXT_LIMIT = 64 * 1024
LINK_LIMIT = 4096

_RAW_FACTOR = 8  # markup is larger than its text; this much of it is read, the rest is cut unseen
_MARK_RUN = 8  # more combining marks than any language stacks on one letter
_SPACES = "\t\n\v\f\r\x1c\x1d\x1e\x1f\x85\u2028\u2029"
_INVISIBLE = (
    (0x00, 0x1F),
    (0x7F, 0x9F),
    (0xAD, 0xAD),  # soft hyphen
    (0x061C, 0x061C),
    (0x180E, 0x180E),
    (0x200B, 0x200F),  # zero width, left-to-right and right-to-left marks
    (0x202A, 0x202E),  # embeddings and overrides
    (0x2060, 0x206F),  # word joiner, isolates, deprecated format characters
    (0xD800, 0xDFFF),
    (0xFDD0, 0xFDEF),
    (0xFEFF, 0xFEFF),
    (0xFFF9, 0xFFFB),
    (0xFFFE, 0xFFFF),
    (0xE0000, 0xE007F),  # tag characters
)
_DROP = re.compile("[" + "".join(f"{chr(low)}-{chr(high)}" for low, high in _INVISIBLE) + "]")
_TAGS = (
    "a|abbr|address|article|aside|audio|b|big|blockquote|body|br|button|caption|center|cite|code|dd|del|div|dl|dt|em"
    "|embed|fieldset|figcaption|figure|font|footer|form|h[1-6]|head|header|hr|html|i|iframe|img|input|ins|label|li"
    "|link|main|mark|meta|nav|noscript|object|ol|option|p|picture|pre|q|s|script|section|select|small|source|span"
    "|strike|strong|style|sub|sup|svg|table|tbody|td|template|tfoot|th|thead|time|title|tr|tt|u|ul|var|video"
)
_TAG = re.compile(rf"<(?=[a-z/!])(?:/?(?:{_TAGS})(?=[\s/>])|!--|!\[CDATA\[)", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,30});", re.IGNORECASE)
_CREDENTIALS = re.compile(r"\A([A-Za-z][A-Za-z0-9+.-]*://)[^/?#]*@")
_CUT_MARKUP = re.compile(r"<[^<>]*\Z|&[#\w]{0,31}\Z")
_MOST_TAGS = 20_000  # the parser's time grows with open tags x closing tags; beyond this a plain scan must do
_HIDDEN = frozenset({"script", "style", "template", "noscript", "iframe", "object", "svg", "head"})
_HIDDEN_WHOLE = re.compile(rf"<({'|'.join(sorted(_HIDDEN))})\b.*?(?:</\1\b|\Z)", re.IGNORECASE | re.DOTALL)
_ANY_TAG = re.compile(r"<[^<>]*>")
_PARSERS: list[etree.HTMLParser] = []  # idle ones
# fmt: off
_INLINE = frozenset({
    "a", "abbr", "b", "big", "bdi", "bdo", "cite", "code", "del", "dfn", "em", "font", "i", "ins", "kbd", "mark",
    "q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr",
})
# fmt: on


_NOT_IN_LINKS = re.compile(r'[\s\\<>"]')


def plain(value: str | None, *, html: bool, limit: int) -> str:
    """Turn a feed's value into one line of plain text of at most `limit` code points.

    `html` says that the value is markup. A value with HTML tags or entities in it although declared as text, or
    escaped twice, is read as markup too: no tag of HTML leaves this function as text.
    Only the first 8 x `limit` code points are looked at.
    """
    if not value:
        return ""
    raw = value[: limit * _RAW_FACTOR]
    if len(raw) < len(value):
        raw = _CUT_MARKUP.sub("", raw)
    text = _visible(raw)
    if "<" not in text and "&" not in text:
        return _cut(" ".join(_compose(text[: limit * 2]).split()), limit)
    if html:
        text = _visible(_strip_markup(text))
    for _ in range(2):  # once for text that was markup after all, once more for what was escaped twice
        if _TAG.search(text):
            text = _visible(_strip_markup(text))
        elif _ENTITY.search(text):
            text = _visible(entities.unescape(text))
    if _TAG.search(text):  # escaped yet again: no browser will ever see tags in it
        text = text.replace("<", " ")
    return _cut(" ".join(_compose(text[: limit * 2]).split()), limit)


def title(value: str | None) -> str:
    """Turn a feed's title into one line of at most 500 code points; entities and tags in it are read as such."""
    return plain(value, html=False, limit=TITLE_LIMIT)


def link(value: str | None) -> str | None:
    """Return a usable absolute http or https address, or None for anything else (no host, other schemes)."""
    if not value or len(value) > LINK_LIMIT:
        return None
    address = _DROP.sub("", value).strip().replace(" ", "%20")
    if _NOT_IN_LINKS.search(address):
        return None
    try:
        parts = urlsplit(address)
        usable = parts.scheme.lower() in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    return address if usable else None


def without_credentials(address: str) -> str:
    """Return an address fit to be shown: with no user name and password in it."""
    return _CREDENTIALS.sub(r"\1", address)


def _visible(text: str) -> str:
    """Turn line breaks to spaces and drop what cannot be seen or stored."""
    if text.isprintable():
        return text
    for space in _SPACES:  # one pass for each is four times as fast as `translate`
        text = text.replace(space, " ")
    return text if text.isprintable() else _DROP.sub("", text)


def _strip_markup(text: str) -> str:
    """Return the text of an HTML fragment; block tags separate words, inline tags do not."""
    if "<" not in text and "&" not in text:
        return text
    if text.count("<") > _MOST_TAGS:
        return _scan_markup(text)
    # Making a parser costs more than a headline; popping and appending are safe between threads.
    parser = _PARSERS.pop() if _PARSERS else etree.HTMLParser(target=_TextTarget(), encoding="utf-8")
    try:
        parser.feed(b"<div>" + text.encode("utf-8", "ignore"))
        collected: str = parser.close()
    except etree.LxmlError:
        return _scan_markup(text)
    _PARSERS.append(parser)
    return collected


def _scan_markup(text: str) -> str:
    """Do roughly what the parser does, in time that no nesting can stretch."""
    return entities.unescape(_ANY_TAG.sub(" ", _HIDDEN_WHOLE.sub(" ", text)))


class _TextTarget:
    """Receives parser events and keeps the text outside hidden elements; closing it makes it ready for the next."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._hidden = 0

    def start(self, tag: str, attributes: object) -> None:
        if tag in _HIDDEN:
            self._hidden += 1
        if tag not in _INLINE:
            self._parts.append(" ")

    def end(self, tag: str) -> None:
        if tag in _HIDDEN and self._hidden:
            self._hidden -= 1
        if tag not in _INLINE:
            self._parts.append(" ")

    def data(self, data: str) -> None:
        if not self._hidden:
            self._parts.append(data)

    def comment(self, text: str) -> None:
        """Comments are dropped and separate nothing."""

    def close(self) -> str:
        text = "".join(self._parts)
        self._parts.clear()
        self._hidden = 0
        return text


def _compose(text: str) -> str:
    """Return NFC; absurd stacks of combining marks are cut first, since ordering them is quadratic."""
    if text.isascii() or unicodedata.is_normalized("NFC", text):
        return text
    return unicodedata.normalize("NFC", _mark_runs().sub(r"\1", text))


@functools.cache
def _mark_runs() -> re.Pattern[str]:
    marks = "".join(chr(code) for code in range(0x300, 0x20000) if unicodedata.combining(chr(code)))
    return re.compile(f"([{marks}]{{{_MARK_RUN}}})[{marks}]+")


def _cut(text: str, limit: int) -> str:
    """Cut at `limit`, at a word's end where one is near: half a word could match a query that the whole does not."""
    if len(text) <= limit:
        return text
    space = text.rfind(" ", max(limit - 60, 0), limit + 1)
    return text[: space if space > 0 else limit]
