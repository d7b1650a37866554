"""Find where the entries of an XML feed begin and end, so that those seen before need not be parsed again (pure).

One pass of expat, which expands nothing and keeps nothing; feedparser decides what the pieces mean. Whatever is
not plainly a row of sibling entries is left alone: `cut` then answers None, and the document is parsed whole.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pyexpat import ExpatError, ParserCreate

_ENTRIES = frozenset({"item", "entry"})
_ROOTS = frozenset({"rss", "feed", "rdf"})
_DEEPEST = 32  # outside entries; real feeds need about five
_OWN_TITLE = frozenset({"image", "textinput"})  # feedparser keeps their titles apart from the feed's

_TAG = re.compile(rb"""<(?:[^>"']|"[^"]*"|'[^']*')*>""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """Where entries lie in a document: half-open byte ranges in its order.

    `scope` is what is in force around them: the names, namespaces and xml: attributes of the elements they lie in.
    """

    spans: tuple[tuple[int, int], ...]
    scope: str


def cut(data: bytes, *, limit: int) -> Cut | None:
    """Find the entries of a document in UTF-8, or None if it is not sure to be a row of 1 to `limit` of them.

    Not sure: not well-formed, a DOCTYPE, an unknown root, entries in entries or under several parents, and a title
    of the feed after its first entry (feedparser takes it or leaves it by the depth of the last entry's title).
    """
    cutter = _Cutter(data, limit)
    try:
        cutter.run()
    except (_NotSureError, ExpatError, ValueError):
        return None
    return Cut(spans=tuple(cutter.spans), scope=cutter.scope)


def piece(raw: bytes, context: bytes) -> str:
    """Return 16 hex digits that stand for an entry's bytes in a context (at most 64 bytes)."""
    return hashlib.blake2b(raw, digest_size=8, key=context).hexdigest()


def outside(data: bytes, spans: Sequence[tuple[int, int]]) -> bytes:
    """Return the document without its entries."""
    ends = [0, *(end for _, end in spans)]
    starts = [*(start for start, _ in spans), len(data)]
    return b"".join(data[end:start] for end, start in zip(ends, starts, strict=True))


class _NotSureError(Exception):
    """The document is not as plain as cutting needs it."""


class _Cutter:
    """One pass over one document.

    Outside entries every element is followed; inside one, only ends are looked at, until the entry's own name
    closes. An entry in an entry closes too early, so that one end too many is counted later: it is found out.
    """

    def __init__(self, data: bytes, limit: int) -> None:
        self.spans: list[tuple[int, int]] = []
        self.scope = ""
        self._data = data
        self._limit = limit
        self._open: list[tuple[str, Mapping[str, str]]] = []
        self._level = 0  # how many elements entries lie in; 0: no entry yet
        self._over = False  # the element that entries lie in has ended
        self._parser = ParserCreate("utf-8")

    def run(self) -> None:
        """Read the whole document; raises _NotSureError, ExpatError or ValueError."""
        parser, spans, begin, leave = self._parser, self.spans, self._begin, self._end
        entry, start = "", 0

        # These two are called for every entry, and the second for every element in one: they are kept short.
        def enter(name: str, attributes: Mapping[str, str]) -> None:
            nonlocal entry, start
            if name not in _ENTRIES and _local(name) not in _ENTRIES:
                begin(name, attributes)
                return
            self._check_entry()
            entry, start = name, parser.CurrentByteIndex
            parser.StartElementHandler, parser.EndElementHandler = None, within

        def within(name: str) -> None:
            if name == entry:
                spans.append((start, self._end_of(start, parser.CurrentByteIndex)))
                parser.StartElementHandler, parser.EndElementHandler = enter, leave

        parser.StartDoctypeDeclHandler = self._doctype
        parser.StartElementHandler, parser.EndElementHandler = enter, leave
        try:
            parser.Parse(self._data, True)
        finally:  # the parser and what it calls are a circle: it would keep the document until it is found
            self._data = b""
        if self._open or not spans:
            raise _NotSureError

    def _doctype(self, *_: object) -> None:
        raise _NotSureError

    def _begin(self, name: str, attributes: Mapping[str, str]) -> None:
        if not self._open and _local(name) not in _ROOTS:
            raise _NotSureError
        if self.spans and _local(name) == "title" and _local(self._open[-1][0]) not in _OWN_TITLE:
            raise _NotSureError
        self._open.append((name, attributes))
        if len(self._open) > _DEEPEST:
            raise _NotSureError

    def _check_entry(self) -> None:
        """Make sure that an entry stands beside those before it."""
        if not self.spans:
            self._level = len(self._open)
            self.scope = repr([(parent, _in_force(attributes)) for parent, attributes in self._open])
        if len(self._open) != self._level or self._over or len(self.spans) == self._limit:
            raise _NotSureError

    def _end_of(self, start: int, place: int) -> int:
        """Return where an entry ends that starts at one place and whose end expat reports at another."""
        if place == start or not self._data.startswith(b"</", place):  # <item/>
            tag = _TAG.match(self._data, start)
            end = tag.end() if tag else 0
        else:
            end = self._data.index(b">", place) + 1
        if end <= start:
            raise _NotSureError
        return end

    def _end(self, name: str) -> None:
        if not self._open:
            raise _NotSureError
        self._open.pop()
        if self._level and len(self._open) < self._level:
            self._over = True


def _local(name: str) -> str:
    return name.rpartition(":")[2].lower()


def _in_force(attributes: Mapping[str, str]) -> list[tuple[str, str]]:
    return sorted((name, value) for name, value in attributes.items() if name.startswith("xml"))
