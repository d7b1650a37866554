"""Says where in a TOML text each key and value stands, so that a problem can name its line and column.

`tomllib` throws positions away. This scanner only locates: it relies on `tomllib` having accepted the text
before, judges nothing, and decodes no value.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass

Path = tuple[str | int, ...]

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACES = re.compile(r"[ \t]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR = re.compile(r"[^,\]}\n#]+")
_STRINGS = (  # the longer opening first; up to two more quotes may stand before a closing triple
    ('"""', re.compile(r'"""(?:[^"\\]|\\.|"(?!""))*"{3,5}', re.DOTALL)),
    ("'''", re.compile(r"'''(?:[^']|'(?!''))*'{3,5}", re.DOTALL)),
    ('"', re.compile(r'"(?:[^"\\]|\\.)*"')),
    ("'", re.compile(r"'[^']*'")),
)
_ESCAPE_LENGTHS = {"u": 6, "U": 10, "x": 4}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Offsets into the text: of the key (or table header), and of the value from `start` up to `end`."""

    key: int
    start: int
    end: int


def locate(text: str) -> Mapping[Path, Place]:
    """Find each table, key and array element of a valid TOML text, by its path from the root."""
    scanner = _Scanner(text)
    scanner.run()
    return scanner.places


def line_column(text: str, offset: int) -> tuple[int, int]:
    """Turn an offset into line and column, both from 1, in code points."""
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


def string_offsets(text: str, place: Place) -> list[int]:
    """Map each character of a decoded TOML string to its offset in the text; one more entry for its end."""
    quote = next(opening for opening, _ in _STRINGS if text.startswith(opening, place.start))
    position, end = place.start + len(quote), place.end - len(quote)
    if len(quote) == 3 and text.startswith("\n", position):
        position += 1  # a newline right after the opening is not part of the string
    offsets = []
    while position < end:
        if text[position] != "\\" or quote[0] == "'":
            offsets.append(position)
            position += 1
        elif text[position + 1] in " \t\n":  # a backslash at a line's end swallows all following white space
            blank = re.compile(r"\s*").match(text, position + 1)
            position = blank.end() if blank else position + 1
        else:
            offsets.append(position)
            position += _ESCAPE_LENGTHS.get(text[position + 1], 2)
    return [*offsets, end]


class _Scanner:
    """One pass over the text; `table` is the path that the pairs being read belong to."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.places: dict[Path, Place] = {}
        self.table: Path = ()
        self.last_index: dict[Path, int] = {}

    def run(self) -> None:
        while True:
            self.skip(_BLANK)
            if self.position >= len(self.text):
                return
            if self.text[self.position] == "[":
                self.header()
            else:
                self.pair(self.table)

    def skip(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self.text, self.position)
        if found is None:  # impossible after tomllib; never hang on it
            raise ValueError(f"no TOML at offset {self.position}")
        self.position = found.end()
        return found.group()

    def header(self) -> None:
        start = self.position
        width = 2 if self.text.startswith("[[", start) else 1
        self.position += width
        keys = self.keys()
        self.position += width
        place = Place(key=start, start=start, end=self.position)
        path: Path = ()
        for key in keys[:-1]:
            path = self.into((*path, key))
            self.places.setdefault(path, place)
        path = (*path, keys[-1])
        if width == 2:
            self.last_index[path] = self.last_index.get(path, -1) + 1
            self.places.setdefault(path, place)
            path = self.into(path)
        self.table = path
        self.places[path] = place

    def into(self, path: Path) -> Path:
        """Step into the newest table where the path names an array of tables."""
        return (*path, self.last_index[path]) if path in self.last_index else path

    def keys(self) -> list[str]:
        keys = []
        while True:
            self.skip(_SPACES)
            if self.text[self.position] in "\"'":
                raw = self.string()
                keys.append(str(tomllib.loads(f"key = {raw}")["key"]))
            else:
                keys.append(self.skip(_BARE_KEY))
            self.skip(_SPACES)
            if self.text[self.position] != ".":
                return keys
            self.position += 1

    def pair(self, table: Path) -> None:
        start = self.position
        path = table
        keys = self.keys()
        self.position += 1  # the equals sign
        self.skip(_SPACES)
        value_start = self.position
        for key in keys[:-1]:
            path = (*path, key)
            self.places.setdefault(path, Place(key=start, start=start, end=value_start))
        path = (*path, keys[-1])
        self.value(path)
        self.places[path] = Place(key=start, start=value_start, end=self.position)

    def value(self, path: Path) -> None:
        opening = self.text[self.position]
        if opening in "\"'":
            self.string()
        elif opening == "[":
            self.array(path)
        elif opening == "{":
            self.inline_table(path)
        else:
            scalar = self.skip(_SCALAR)
            self.position -= len(scalar) - len(scalar.rstrip())

    def string(self) -> str:
        for opening, pattern in _STRINGS:
            if self.text.startswith(opening, self.position):
                return self.skip(pattern)
        raise ValueError(f"no string at offset {self.position}")

    def array(self, path: Path) -> None:
        self.position += 1
        index = 0
        while not self.closed("]"):
            start = self.position
            self.value((*path, index))
            self.places[*path, index] = Place(key=start, start=start, end=self.position)
            index += 1

    def inline_table(self, path: Path) -> None:
        self.position += 1
        while not self.closed("}"):
            self.pair(path)

    def closed(self, bracket: str) -> bool:
        """Step over blanks and a comma; pass the closing bracket and say so, or stand at the next element."""
        self.skip(_BLANK)
        if self.text[self.position] == ",":
            self.position += 1
            self.skip(_BLANK)
        if self.text[self.position] != bracket:
            return False
        self.position += 1
        return True
