"""Rewrites the queries and groups of a watchlist file in canonical layout, and nothing else of it.

Every byte outside those strings stays: comments, order, line ends, a byte order mark.
"""

import json
import os
import shutil
import tempfile
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from monitor.config.collector import tables
from monitor.config.document import Document, read_document
from monitor.config.places import Path as KeyPath
from monitor.config.places import Place
from monitor.config.watchlists import read_watchlist
from monitor.match import layout


@dataclass(frozen=True, slots=True, kw_only=True)
class Tidied:
    """A watchlist file as it would be: `changed` names the topics and the `@groups` with another layout."""

    path: Path
    content: bytes
    changed: tuple[str, ...]


def tidy_watchlist(path: Path) -> Tidied:
    """Lay out every query and group of a watchlist file; writes nothing. Raises ConfigError as reading it does."""
    read_watchlist(path)
    document = read_document(path, label=path.name)
    edits = []
    changed = []
    for key, name, text in _queries(document):
        laid = layout(text)
        if laid != text.strip():
            edits.append((document.places[key], _literal(laid)))
            changed.append(name)
    return Tidied(path=path, content=_edited(path.read_bytes(), edits), changed=tuple(changed))


def write_tidied(tidied: Tidied) -> None:
    """Replace the file in one step, with the permissions it has."""
    path = tidied.path.resolve()  # a link stays one
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(tidied.content)
        shutil.copymode(path, temporary)
        Path(temporary).replace(path)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise


def _queries(document: Document) -> Iterator[tuple[KeyPath, str, str]]:
    """Yield each group and query: its path, what it is called, and its text."""
    for name, text in document.data.get("groups", {}).items():
        yield ("groups", name), f"@{name}", text
    for kind in ("topic", "place"):
        for path, table in tables(document, kind):
            yield (*path, "query"), table["slug"], table["query"]


def _literal(text: str) -> str:
    """Write a text as a TOML string: in quotes that need no escapes if there are such."""
    if "\n" in text and "'''" not in text:
        return f"'''\n{text}\n'''"
    if "\n" not in text and "'" not in text:
        return f"'{text}'"
    return json.dumps(text, ensure_ascii=False)


def _edited(raw: bytes, edits: list[tuple[Place, str]]) -> bytes:
    """Put texts into a file, at places of its text as `read_text` unifies it: without a mark, lines ended by LF."""
    mark, written = raw[: len(raw) - len(raw.removeprefix(b"\xef\xbb\xbf"))], raw.decode("utf-8-sig")
    ends = [place for place in range(len(written)) if written.startswith("\r\n", place)]
    unified = [place - number for number, place in enumerate(ends)]
    line_end = "\r\n" if ends else "\n"
    for place, text in sorted(edits, key=lambda edit: -edit[0].start):
        start, end = (offset + bisect_right(unified, offset - 1) for offset in (place.start, place.end))
        written = written[:start] + text.replace("\n", line_end) + written[end:]
    return mark + written.encode()
