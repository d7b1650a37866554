"""feedparser's strict parser, made quick where feeds are plain, to the same end.

What most elements of most entries are (no attributes, no base, text without mark-up of its own) takes a short way here;
for all else feedparser's own methods are called. feedparser remains the authority: what is read here equals what it
reads, entry by entry and state by state.
"""

import contextlib
import functools
import re
from collections.abc import Callable
from dataclasses import dataclass
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
_CONTENTS = frozenset({"title", "description", "summary", "subtitle", "rights", "content", "content_encoded"})
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """What feedparser does with an element, known by its name and what its prefix is mapped to."""

    tag: str  # what it calls it; '' if that depends on more than its name
    name: str = ""  # and under which name it keeps it
    begin: Callable[["Machine", dict[str, str]], object] | None = None
    finish: Callable[["Machine"], object] | None = None
    keeps_textinput: bool = True
    keeps_image: bool = True


class Machine(feedparser.api.StrictFeedParser):  # type: ignore[misc]
    """The parser: neither resolves addresses in mark-up nor sanitises it."""

    def __init__(self) -> None:
        super().__init__("", None, "utf-8")
        self.resolve_relative_uris = False
        self.sanitize_html = False
        self.contentparams: Any = _Params()

    def listen(self, parser: Any) -> None:
        """Take plain elements from an expat parser that xml.sax has set up; the others reach its own handlers."""
        ways: dict[str, _Way] = {}
        started, ended, declared = (
            parser.StartElementHandler,
            parser.EndElementHandler,
            parser.StartNamespaceDeclHandler,
        )

        def declare(prefix: str | None, uri: str) -> None:
            ways.clear()
            declared(prefix, uri)

        def start(name: str, attributes: dict[str, str]) -> None:
            way = ways.get(name)
            if way is None:
                way = ways[name] = self._way(name)
            if not way.tag or self.decls or (attributes and " " in "".join(attributes)):  # one in a namespace
                started(name, attributes)
            else:
                self._enter(
                    way, {key.lower(): value for key, value in attributes.items()} if attributes else {}
                )

        def end(name: str) -> None:
            way = ways.get(name)
            if way is None:
                way = ways[name] = self._way(name)
            if way.tag:
                self._leave(way)
            else:
                ended(name)

        parser.StartElementHandler, parser.EndElementHandler = start, end
        parser.StartNamespaceDeclHandler = declare

    def _way(self, full: str) -> _Way:
        """Return the way of an element, which depends on the namespaces declared so far."""
        tag = _tag(full)
        prefix, colon, suffix = tag.partition(":")
        if not colon:
            prefix, suffix = "", tag
        return _way(tag, self.namespacemap.get(prefix, prefix), suffix)

    def _enter(self, way: _Way, attributes: dict[str, str]) -> None:
        """Enter an element."""
        base = self.baseuri
        if (
            self.incontent
            or way.tag in _ROOTS
            or (base and not _settled(base))
            or (attributes and not _INHERITED.isdisjoint(attributes))
        ):
            self.unknown_starttag(way.tag, list(attributes.items()))
            return
        self.depth += 1
        self.basestack.append(base)
        self.langstack.append(self.lang)
        if not way.keeps_textinput:
            self.intextinput = 0
        if not way.keeps_image:
            self.inimage = 0
        if attributes:
            attributes = dict(map(self._normalize_attributes, attributes.items()))
        try:
            if way.begin:
                way.begin(self, attributes)
                return
        except AttributeError:  # something in it: to feedparser this is as if there were no such method
            pass
        if attributes:
            self._get_context()[way.name] = attributes
        else:
            self.push(way.name, 1)

    def _leave(self, way: _Way) -> None:
        """Leave an element."""
        if self.svgOK or (self.incontent and way.name not in _CONTENTS):
            self.unknown_endtag(way.tag)
            return
        try:
            if way.finish:
                way.finish(self)
            else:
                self.pop(way.name)
        except AttributeError:
            self.pop(way.name)
        if self.incontent and not self._still_in_content(way.tag):
            return
        bases, languages = self.basestack, self.langstack
        if bases:
            bases.pop()
            if bases and bases[-1]:
                self.baseuri = bases[-1]
        if languages:
            languages.pop()
            if languages:
                self.lang = languages[-1]
        self.depth -= 1

    def _still_in_content(self, tag: str) -> bool:
        """Note the end of an element in a content that goes on; False if feedparser then forgets that it ended."""
        params = self.contentparams
        if not params.get("type", "xml").endswith("xml"):
            if tag in {"div", "xhtml:div"}:
                return False
            params["type"] = _XHTML
        if params.get("type") == _XHTML:
            self.handle_data(f"</{tag.rpartition(':')[2]}>", escape=0)
        return True

    def push_content(self, tag: str, attrs_d: dict[str, str], kind: str, expecting_text: int) -> None:
        """Enter a content, of which `kind` is the type where it names none."""
        self.incontent += 1
        if self.lang:
            self.lang = self.lang.replace("_", "-")
        params: Any = _Params()
        params["type"] = self.map_content_type(attrs_d.get("type", kind))
        params["language"] = self.lang
        params["base"] = self.baseuri
        self.contentparams = params
        params["base64"] = self._is_base64(attrs_d, params)
        self.push(tag, expecting_text)

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


@functools.lru_cache(maxsize=4096)
def _way(tag: str, prefix: str, suffix: str) -> _Way:
    name = f"{prefix}_{suffix}" if prefix else suffix
    return _Way(
        tag=tag,
        name=name,
        begin=getattr(Machine, f"_start_{name}", None),
        finish=getattr(Machine, f"_end_{name}", None),
        keeps_textinput=bool(prefix) or tag in _KEEP_TEXTINPUT,
        keeps_image=bool(prefix) or tag in _KEEP_IMAGE,
    )


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
