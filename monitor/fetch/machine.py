"""feedparser's strict parser, made quick where feeds are plain, to the same end.

What most elements of most entries are (no attributes, no base, text without mark-up of its own) takes a short way here;
for all else feedparser's own methods are called. feedparser remains the authority: what is read here equals what it
reads, entry by entry and state by state.
"""

import contextlib
import functools
import re
from typing import Any

import feedparser.api
from feedparser.html import _cp1252
from feedparser.urls import make_safe_absolute_uri
from feedparser.util import FeedParserDict

_TAGS = frozenset({"category", "tags", "itunes_keywords"})  # kept when they end
_INHERITED = frozenset({"base", "lang", "xml:base", "xml:lang"})  # attributes that hold for what is inside
_ROOTS = frozenset({"feed", "rss", "rdf:RDF"})  # their language is the feed's
_KEEP_TEXTINPUT = frozenset({"title", "link", "description", "name"})
_KEEP_IMAGE = frozenset({"title", "link", "description", "url", "href", "width", "height"})
_XHTML = "application/xhtml+xml"
_TAKEN_FOR_ENTITY = re.compile("&([A-Za-z0-9_]+);")
# Only with such characters can text be UTF-8 that was read as ISO 8859-1, or hold what is Windows' own.
_DUBIOUS = re.compile("[\xc2-\xf4][\x80-\xbf]|[\x80-\x9f]")
_set = dict.__setitem__


class _Params(FeedParserDict):  # type: ignore[misc]  # feedparser is not typed
    """What feedparser notes of the content that it is in: `type`, `base64` and others without a second name.

    It asks for them six times an element, mostly in vain, and its own dictionary looks for second names each time;
    and it copies them deeply, though they hold text and numbers only. The copies are its own dictionaries.
    """

    __slots__ = ()
    __contains__ = dict.__contains__
    __getitem__ = dict.__getitem__
    __setitem__ = dict.__setitem__
    get = dict.get

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return FeedParserDict(self)


class Machine(feedparser.api.StrictFeedParser):  # type: ignore[misc]
    """The parser: neither resolves addresses in mark-up nor sanitises it."""

    def __init__(self) -> None:
        super().__init__("", None, "utf-8")
        self.resolve_relative_uris = False
        self.sanitize_html = False
        self.contentparams: Any = _Params()

    def listen(self, parser: Any) -> None:
        """Take plain elements from an expat parser that xml.sax has set up; the others reach its own handlers."""
        tags: dict[str, str] = {}
        started, ended = parser.StartElementHandler, parser.EndElementHandler

        def start(name: str, attributes: dict[str, str]) -> None:
            tag = tags.get(name)
            if tag is None:
                tag = tags[name] = _tag(name)
            if not tag or self.decls or (attributes and " " in "".join(attributes)):  # one in a namespace
                started(name, attributes)
            else:
                self.unknown_starttag(
                    tag, list({key.lower(): value for key, value in attributes.items()}.items())
                )

        def end(name: str) -> None:
            if tag := tags.get(name):
                self.unknown_endtag(tag)
            else:
                ended(name)

        parser.StartElementHandler, parser.EndElementHandler = start, end

    def unknown_starttag(self, tag: str, attrs: list[tuple[str, str]]) -> None:
        """Enter an element."""
        if (
            self.incontent
            or tag in _ROOTS
            or (self.baseuri and not _settled(self.baseuri))
            or any(name in _INHERITED or name.startswith("xmlns") for name, _ in attrs)
        ):
            super().unknown_starttag(tag, attrs)
            return
        own = dict(map(self._normalize_attributes, attrs))
        self.depth += 1
        self.basestack.append(self.baseuri)
        self.langstack.append(self.lang)
        prefix, colon, suffix = tag.partition(":")
        if not colon:
            prefix, suffix = "", tag
        prefix = self.namespacemap.get(prefix, prefix)
        name = f"{prefix}_{suffix}" if prefix else suffix
        if not prefix:
            if tag not in _KEEP_TEXTINPUT:
                self.intextinput = 0
            if tag not in _KEEP_IMAGE:
                self.inimage = 0
        try:
            getattr(self, f"_start_{name}")(own)
        except AttributeError:  # no such method, or something in it: to feedparser these are one
            if own:
                self._get_context()[name] = own
            else:
                self.push(name, 1)

    def push_content(self, *arguments: Any) -> None:
        """Enter a content."""
        super().push_content(*arguments)
        self.contentparams = _Params(self.contentparams)

    def characters(self, text: str) -> None:
        """Take text."""
        if self.contentparams.get("type") == _XHTML:
            self.handle_data(text)
        elif self.elementstack:
            self.elementstack[-1][2].append(text)

    def pop(self, element: str, strip_whitespace: int = 1) -> Any:
        """Leave an element, and keep its text as the entry's or the feed's."""
        stack, params = self.elementstack, self.contentparams
        if not stack or stack[-1][0] != element:
            return None
        if (
            element == "content"
            or not strip_whitespace
            or self.insource
            or params.get("base64")
            or params.get("type") == _XHTML
        ):
            return super().pop(element, strip_whitespace)
        _, expects_text, parts = stack.pop()
        output = "".join(parts).strip()
        if not expects_text:
            return output
        if output and element in self.can_be_relative_uri and (element != "id" or self.guidislink):
            output = self.resolve_uri(output)
        if (
            params.get("type") == "text/plain"
            and not self.version.startswith("atom")
            and self.looks_like_html(output)
        ):
            params["type"] = "text/html"
        params.pop("mode", None)
        params.pop("base64", None)
        output = _mended(output)
        if element in _TAGS or (element == "title" and -1 < self.title_depth <= self.depth):
            return output
        if self.inentry:
            return (
                self._keep_link(self.entries[-1], output)
                if element == "link"
                else self._keep(element, output)
            )
        return self._keep_of_feed(element, output) if self.infeed else output

    def _keep(self, element: str, output: str) -> str:
        """Keep a text of the entry; of two, the less deep one."""
        name = "summary" if element == "description" else element
        entry = self.entries[-1]
        depths = self.property_depth_map.setdefault(entry, {})
        before = depths.get(name)
        if before is None or self.depth <= before:
            depths[name] = self.depth
            self._put(entry, name, output)
        if self.incontent:
            self._put(entry, f"{name}_detail", FeedParserDict(self.contentparams, value=output))
        return output

    def _keep_link(self, entry: Any, output: str) -> str:
        """Keep an entry's link, of which `&a;` was `&a` before feedparser's other parser touched it."""
        if self.inimage:
            return output
        output = _TAKEN_FOR_ENTITY.sub(r"&\g<1>", output.replace("&amp;", "&"))
        _set(entry, "link", output)
        if output:
            entry["links"][-1]["href"] = output
        return output

    def _keep_of_feed(self, element: str, output: str) -> str:
        """Keep a text of the feed, or of its image or text input."""
        name = "subtitle" if element == "description" else element
        context = self._get_context()
        self._put(context, name, output)
        if element == "link":
            output = _TAKEN_FOR_ENTITY.sub(r"&\g<1>", output)
            self._put(context, name, output)
            context["links"][-1]["href"] = output
        elif self.incontent:
            self._put(context, f"{name}_detail", FeedParserDict(self.contentparams, value=output))
        return output

    def _put(self, entry: Any, name: str, value: object) -> None:
        """Set what an entry has under a name; only some have another one that counts."""
        if name in FeedParserDict.keymap:
            entry[name] = value
        else:
            _set(entry, name, value)


@functools.lru_cache(maxsize=4096)
def _tag(name: str) -> str:
    """Return what feedparser calls an element that expat calls `namespace name prefix`; '' if it depends."""
    namespace, local = name.split(" ")[:2] if " " in name else ("", name)
    prefix = Machine._matchnamespaces.get(namespace.lower())  # noqa: SLF001 - feedparser's table
    local = local.lower()
    if prefix is None or "userland" in namespace.lower() or local in {"math", "svg"}:
        return ""
    return f"{prefix}:{local}".lower() if prefix else local


@functools.lru_cache(maxsize=64)
def _settled(base: str) -> bool:
    """Whether feedparser, which resolves a base against itself at every element, leaves this one as it is."""
    return (make_safe_absolute_uri(base, base) or base) == base


def _mended(text: str) -> str:
    """Undo what feedparser undoes: UTF-8 taken for ISO 8859-1, and characters of Windows-1252."""
    if text.isascii() or not _DUBIOUS.search(text):
        return text
    with contextlib.suppress(UnicodeEncodeError, UnicodeDecodeError):
        text = text.encode("iso-8859-1").decode("utf-8")
    return text.translate(_cp1252)
