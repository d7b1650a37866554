"""The canonical layout of a query: operators spelt one way, lines wrapped, groups indented, comments kept.

Works on what is written, not on the tree: parentheses stay where an editor put them (but for those around a single
part), and so does the order. What is laid out parses to an equal query, and is laid out already.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from lark import Lark, Token

from monitor.match.language.grammar import GRAMMAR, QUOTES
from monitor.match.language.term import number

WIDTH = 110
_INDENT = "  "
_LEXER = Lark(GRAMMAR.replace("%ignore COMMENT", ""), parser=None, lexer="basic")


@dataclass(frozen=True, slots=True)
class _Atom:
    """A term or a name, with NOT and its field before it."""

    prefix: str
    text: str


@dataclass(frozen=True, slots=True)
class _Joint:
    """What stands between two parts: an operator or a comma."""

    text: str


@dataclass(frozen=True, slots=True)
class _Comment:
    """A comment; `own` if nothing stands before it in its line."""

    text: str
    own: bool


@dataclass(frozen=True, slots=True)
class _Group:
    """Parentheses and what stands in them; `opening` is "(" or "ATLEAST/2("."""

    prefix: str
    opening: str
    parts: list["_Part"] = field(default_factory=list)


_Part = _Atom | _Joint | _Comment | _Group


def layout(text: str) -> str:
    """Lay a query out in lines of at most `WIDTH` code points, if its words and comments let it; no line end at last.

    The query must be one that `parse_query` accepts.
    """
    source = text.translate(QUOTES)
    root = _simplified(_group(source))
    parts = root.parts
    while (
        len(parts) == 1 and isinstance(parts[0], _Group) and (parts[0].prefix, parts[0].opening) == ("", "(")
    ):
        parts = parts[0].parts
    flat = _flat(parts)
    if flat is not None and len(flat) <= WIDTH:
        return flat
    writer = _Writer()
    writer.parts(parts)
    writer.end_line()
    return "\n".join(writer.lines)


def _group(source: str) -> _Group:
    """Cut a query into nested parts."""
    open_groups = [_Group("", "")]
    prefix, opening = "", "("
    for token in _LEXER.lex(source):
        here = open_groups[-1].parts
        match token.type:
            case "COMMENT":
                here.append(_Comment(str(token).rstrip(), _begins_line(source, token)))
            case "NOT" | "MINUS":
                prefix += "NOT "
            case "FIELD" | "EXACT":
                prefix += str(token)
            case "ATLEAST":
                opening = f"{_numbered(token)}("
            case "AND" | "OR" | "COMMA" | "NEAR":
                here.append(_Joint(_numbered(token)))
            case "RPAR":
                open_groups.pop()
            case "LPAR":
                group = _Group(prefix, opening)
                _append(here, group)
                open_groups.append(group)
                prefix, opening = "", "("
            case _:
                _append(here, _Atom(prefix, _written(token)))
                prefix = ""
    return open_groups[0]


def _append(parts: list[_Part], part: _Atom | _Group) -> None:
    """Append a part, with an AND right behind the one before it if nothing joins them."""
    last = next(
        (place for place in reversed(range(len(parts))) if not isinstance(parts[place], _Comment)), None
    )
    if last is not None and not isinstance(parts[last], _Joint):
        parts.insert(last + 1, _Joint("AND"))
    parts.append(part)


def _begins_line(source: str, token: Token) -> bool:
    start = token.start_pos or 0
    return not source[source.rfind("\n", 0, start) + 1 : start].strip()


def _numbered(token: Token) -> str:
    """Write an operator with its number, if it has one, in the one way."""
    name, slash, digits = str(token).partition("/")
    name = {"W": "NEAR", "PRE": "ONEAR"}.get(name, name)
    return f"{name}/{number(digits)}" if slash else name


def _written(token: Token) -> str:
    if token.type != "STRING":
        return str(token)
    quoted, _, slop = str(token).rpartition('"')
    return f'"{" ".join(quoted[1:].split())}"{f"~{number(slop[1:])}" if slop else ""}'


def _simplified(group: _Group) -> _Group:
    """Leave out parentheses around a single part."""
    parts: list[_Part] = []
    for part in group.parts:
        if not isinstance(part, _Group):
            parts.append(part)
            continue
        inner = _simplified(part)
        single = inner.parts[0] if inner.opening == "(" and len(inner.parts) == 1 else None
        if isinstance(single, _Atom | _Group) and not (inner.prefix and single.prefix):
            parts.append(replace(single, prefix=inner.prefix + single.prefix))
        else:
            parts.append(inner)
    return _Group(group.prefix, group.opening, parts)


def _flat(parts: list[_Part]) -> str | None:
    """Write parts in one line; None where a comment forbids it."""
    said = ""
    for part in parts:
        one = _flat_part(part)
        if one is None:
            return None
        said += one if not said or one == "," else f" {one}"
    return said


def _flat_part(part: _Part) -> str | None:
    match part:
        case _Atom(prefix=prefix, text=text):
            return prefix + text
        case _Joint(text=text):
            return text
        case _Group(prefix=prefix, opening=opening, parts=parts):
            inner = _flat(parts)
            return None if inner is None else f"{prefix}{opening}{inner})"
        case _Comment():
            return None


class _Writer:
    """Fills lines; a part that does not fit into one is opened, and what is in it indented."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._line = ""
        self._depth = 0

    def parts(self, parts: list[_Part]) -> None:
        """Write parts, each with the joint directly behind it."""
        for part, joint in _joined(parts):
            match part:
                case _Comment(text=text, own=own):
                    self._comment(text, own=own)
                case _Group() if (flat := _flat_part(part)) is None or not self._fits(flat + joint):
                    self._opened(part, joint)
                case _:
                    self._put(f"{_flat_part(part)}{joint}")

    def end_line(self) -> None:
        """End the line, if anything stands in it."""
        if self._line:
            self.lines.append(f"{_INDENT * self._depth}{self._line}")
            self._line = ""

    def _opened(self, group: _Group, joint: str) -> None:
        self._put(f"{group.prefix}{group.opening}")
        parts = group.parts
        if parts and isinstance(parts[0], _Comment) and not parts[0].own:
            self._comment(parts[0].text, own=False)
            parts = parts[1:]
        self.end_line()
        self._depth += 1
        self.parts(parts)
        self.end_line()
        self._depth -= 1
        self._line = f"){joint}"

    def _comment(self, text: str, *, own: bool) -> None:
        if own:
            self.end_line()
        self._line += f"  {text}" if self._line else text
        self.end_line()

    def _put(self, text: str) -> None:
        if self._line and not self._fits(f"{self._line} {text}"):
            self.end_line()
        self._line += f" {text}" if self._line else text

    def _fits(self, text: str) -> bool:
        return len(_INDENT) * self._depth + len(text) <= WIDTH


def _joined(parts: list[_Part]) -> Iterator[tuple[_Part, str]]:
    """Yield each part with the joint that directly follows it; a joint after a comment comes by itself."""
    rest = iter([*parts, None])
    part = next(rest)
    while part is not None:
        behind = next(rest)
        if isinstance(behind, _Joint) and not isinstance(part, _Joint | _Comment):
            yield part, behind.text if behind.text == "," else f" {behind.text}"
            behind = next(rest)
        else:
            yield part, ""
        part = behind
