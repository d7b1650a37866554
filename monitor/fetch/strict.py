"""Have feedparser's strict parser read a cut document without the entries that were read before.

An entry may be left out only if reading it changes nothing for those after it. feedparser is one machine with
much state (stacks of bases and languages, depths, what element it is in), and some entries do leave traces in it.
So its state is compared before and after every entry that it does read; only documents whose entries all leave it
as it was get pieces, and only what has a piece is ever left out. A piece stands for the entry's bytes and for that
state, so the same bytes in another context are another piece.
"""

import hashlib
import re
import xml.sax
import xml.sax.expatreader
import xml.sax.handler
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import feedparser

from monitor.fetch.cut import Cut, piece
from monitor.fetch.machine import Machine

_VERSION = f"1 {feedparser.__version__}"  # another reading of the same bytes: everything is read anew
# Grows with the document, or is set anew at each entry or element before it is used. Everything else is compared.
_GROWING = frozenset(
    {
        "_locator",
        "decls",
        "elementstack",
        "entries",
        "feeddata",
        "guidislink",
        "namespacemap",
        "namespaces_in_use",
        "property_depth_map",
        "resolve_uri",
        "title_depth",
    }
)
_LEFT_OPEN = frozenset({"item", "content"})
_BUFFER = 64 * 1024
_BASE = re.compile(rb"base\s*=")
_ABSOLUTE = re.compile(r"\s*[A-Za-z][A-Za-z0-9+.-]*:")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What feedparser made of a document; `pieces` is one for each entry in it, `entries` only those unseen."""

    feed: Any
    entries: Sequence[Any]
    version: str
    pieces: tuple[str, ...]


def read(data: bytes, cut: Cut, *, seen: Collection[str], url: str) -> Found | None:
    """Read a document but for the entries whose piece is in `seen`; None if it must be read whole.

    Raises what feedparser raises on input that it did not expect.
    """
    reading = _Reading(data, cut)
    try:
        return reading.run(seen, url)
    except (xml.sax.SAXException, _TracesError):
        return None
    finally:
        reading.forget()


class _TracesError(Exception):
    """An entry, or something between two, changes how feedparser reads what follows."""


class _Reading:
    """One document on its way through feedparser, entry by entry."""

    def __init__(self, data: bytes, cut: Cut) -> None:
        self._data = data
        self._cut = cut
        # Without a base of the feed's own, feedparser carries an entry's xml:base on to all that follow; then only
        # entries with nothing relative in them are the same wherever they stand.
        first, last = cut.spans[0][0], cut.spans[-1][1]
        place = data.find(b"base", first, last)  # faster than the pattern, and often in vain
        self._drifts = place >= 0 and _BASE.search(data, place, last) is not None
        self._relative = False
        self._machine: Any = Machine()
        self._machine.guidislink = 0  # as at every entry's start; else it comes into being with the first
        self._machine.resolve_uri = self._watching(self._machine.resolve_uri)
        self._source = _reader()
        self._source.setContentHandler(self._machine)
        self._source.setErrorHandler(self._machine)
        self._source.feed(b"")  # which makes the expat parser
        # Text comes whole, not in a piece for every line and entity: the same text, at less cost.
        parser = self._source._parser  # noqa: SLF001 - xml.sax has no setting for it
        parser.buffer_text = True
        parser.buffer_size = _BUFFER
        self._machine.listen(parser)

    def run(self, seen: Collection[str], url: str) -> Found:
        """Feed the head, the entries that are not in `seen`, and all that is no entry."""
        machine = self._machine
        self._feed(self._data[: self._cut.spans[0][0]])
        if not machine.version or machine.entries:
            raise _TracesError
        self._stack = _stack(machine)
        self._mapped, self._used = dict(machine.namespacemap), dict(machine.namespaces_in_use)
        self._relative = False
        names = [
            name
            for name in vars(machine)
            if name not in _GROWING and not (self._drifts and name == "baseuri")
        ]
        self._look = itemgetter(*names)
        self._size = len(vars(machine))
        self._outside = _outside(machine)
        pieces = self._pieces(url, names)
        told, machine.hasContent = machine.hasContent, 0  # as every entry leaves it
        self._base = _copied(self._look(vars(machine)))
        machine.hasContent = told
        kept = self._entries(pieces, seen)
        self._feed(self._data[self._cut.spans[-1][1] :])
        self._source.close()
        if machine.bozo or len(machine.entries) != kept or _outside(machine)[0] != self._outside[0]:
            raise _TracesError
        return Found(feed=machine.feeddata, entries=machine.entries, version=machine.version, pieces=pieces)

    def forget(self) -> None:
        """Break the circle that would keep all of the document until the next search for garbage."""
        del self._machine.resolve_uri

    def _entries(self, pieces: tuple[str, ...], seen: Collection[str]) -> int:
        """Feed the entries that are not in `seen`; return how many these were."""
        data, machine = self._data, self._machine
        place = self._cut.spans[0][0]
        waiting = bytearray()
        kept = 0
        for name, (start, end) in zip(pieces, self._cut.spans, strict=True):
            if name in seen:
                waiting += data[place:start]
                machine.hasContent = 0
            else:
                kept += 1
                self._feed(bytes(waiting) + data[place:end])
                self._check(kept)
                waiting.clear()
            place = end
        self._feed(bytes(waiting))  # what stands between entries stays, so it must leave no traces either
        self._check(kept)
        return kept

    def _feed(self, data: bytes) -> None:
        if data:
            self._source.feed(data)

    def _watching(self, resolve: Callable[[str], str]) -> Callable[[str], str]:
        def watched(uri: str) -> str:
            if not _ABSOLUTE.match(uri):
                self._relative = True
            return resolve(uri)

        return watched

    def _check(self, kept: int) -> None:
        machine = self._machine
        if (
            len(machine.entries) != kept
            or self._look(vars(machine)) != self._base
            or len(vars(machine)) != self._size
            or _outside(machine) != self._outside
            or (self._drifts and self._relative)
            or not self._grown()
            or not self._harmless()
        ):
            raise _TracesError
        self._relative = False

    def _pieces(self, url: str, names: list[str]) -> tuple[str, ...]:
        """Name each entry by its bytes and by all in feedparser's parser that could change how it reads them.

        Where the head has content, feedparser lets the first entry know, and only that.
        """
        machine = self._machine
        state = [(name, getattr(machine, name)) for name in names]
        namespaces = self._mapped, self._used
        context = (
            _VERSION,
            url,
            self._cut.scope,
            self._drifts,
            state,
            namespaces,
            self._stack,
            self._outside,
        )
        key = _digest(context)
        (start, end), *rest = self._cut.spans
        first = piece(self._data[start:end], _digest((context, "first")) if machine.hasContent else key)
        return (first, *(piece(self._data[start:end], key) for start, end in rest))

    def _grown(self) -> bool:
        """Whether only Atom contents were left open, which feedparser opens twice and never looks at again."""
        size = len(self._stack)
        more = self._machine.elementstack[size:]
        return _stack(self._machine, size) == self._stack and all(name in _LEFT_OPEN for name, _, _ in more)

    def _harmless(self) -> bool:
        """Whether the namespaces declared since the head cannot rename an element for feedparser.

        It never forgets a prefix, and takes what it knows by one for all that has it. Harmless are: no prefix, its own
        prefix for a namespace that it knows, and a prefix of its own for one that it does not know.
        """
        mapped, used = self._machine.namespacemap, self._machine.namespaces_in_use
        if mapped == self._mapped and used == self._used:
            return True
        standard = {uri.lower(): prefix for uri, prefix in self._machine.namespaces.items()}
        taken = {*standard.values(), *self._mapped, *self._used}
        return all(
            not prefix or (prefix == name and prefix not in self._mapped)
            for prefix, name in mapped.items()
            if self._mapped.get(prefix) != name
        ) and all(
            not prefix or standard.get(uri.lower()) == prefix or prefix not in taken
            for prefix, uri in used.items()
            if self._used.get(prefix) != uri
        )


def _reader() -> Any:
    """Return what feeds feedparser's parser, set up as feedparser does it."""
    reader: Any = xml.sax.expatreader.create_parser()  # noqa: S315 - no entity is declared, and the process is limited
    reader.setFeature(xml.sax.handler.feature_namespaces, True)
    reader.setFeature(xml.sax.handler.feature_external_ges, False)
    return reader


def _digest(context: tuple[Any, ...]) -> bytes:
    return hashlib.blake2b(repr(context).encode("utf-8", "replace")).digest()


def _stack(machine: Any, size: int | None = None) -> list[list[Any]]:
    """Return the (first) elements that feedparser has yet to close, without their text."""
    return [element[:2] for element in machine.elementstack[:size]]


def _copied(state: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(value.copy() if isinstance(value, list | dict) else value for value in state)


def _outside(machine: Any) -> tuple[str | None, bool, bool]:
    """Return what entries take from the feed: its language where they name none, and whether it has these parts."""
    feed = machine.feeddata
    return dict.get(feed, "language"), dict.__contains__(feed, "image"), dict.__contains__(feed, "textinput")
