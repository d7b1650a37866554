"""One TOML file as it was read: its text, its data, and problems that name file, line, column and path.

Reads a file and says what is wrong with it. What the values mean is decided elsewhere.
"""

import difflib
import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from monitor.config import places
from monitor.config.places import Path as KeyPath
from monitor.config.places import Place
from monitor.config.values import Fault
from monitor.errors import ConfigError, Problem

_KEY = "[key]"  # what pydantic adds to a path when a table's key itself is wrong
_TOML_POSITION = re.compile(r" \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A TOML file; `name` is how it is shown, `label` its path relative to the configuration's folder."""

    name: str
    label: str
    text: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    places: Mapping[KeyPath, Place] = field(default_factory=dict, repr=False)

    def problem(self, path: KeyPath, fault: Fault, *, inside: int | None = None) -> Problem:
        """Place a fault at a path: at its key, or at a character `inside` its string value.

        A path that is not in the text (something is missing) is shown at the table it should be in.
        """
        line, column = self.line_column(path, inside=inside)
        return Problem(
            file=self.name,
            path=dotted(path),
            message=fault.message,
            hint=fault.hint,
            line=line,
            column=column,
        )

    def line_column(self, path: KeyPath, *, inside: int | None = None) -> tuple[int | None, int | None]:
        """Find line and column of a path, or of the nearest table around it."""
        known = path
        while known and known not in self.places:
            known = known[:-1]
        if not known:
            return None, None
        place = self.places[known]
        if inside is None or known != path:
            return places.line_column(self.text, place.key)
        offsets = places.string_offsets(self.text, place)
        return places.line_column(self.text, offsets[min(inside, len(offsets) - 1)])


def read_document(path: Path, *, label: str) -> Document:
    """Read one TOML file; raises ConfigError when it cannot be read or is not TOML."""
    name = shown(path)
    text = read_text(path)
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([_syntax_problem(name, text, str(error))]) from error
    return Document(name=name, label=label, text=text, data=data, places=places.locate(text))


def read_text(path: Path) -> str:
    """Read a UTF-8 file with unified line ends; raises ConfigError with a problem that says what to do."""
    name = shown(path)
    try:
        raw = path.read_bytes()
        return raw.decode("utf-8-sig").replace("\r\n", "\n")
    except FileNotFoundError as error:
        problem = Problem(file=name, message="there is no such file", hint="create it, or correct the path")
        raise ConfigError([problem]) from error
    except OSError as error:
        problem = Problem(
            file=name,
            message=f"cannot be read: {error.strerror}",
            hint="check its owner and permissions for the account that runs this program",
        )
        raise ConfigError([problem]) from error
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8", "replace")
        line, column = places.line_column(before, len(before))
        problem = Problem(
            file=name, message="is not UTF-8 text", hint="save it as UTF-8", line=line, column=column
        )
        raise ConfigError([problem]) from error


def shown(path: Path) -> str:
    """Name a file the way a person would type it: relative when below the current folder."""
    absolute = path.absolute()
    return str(absolute.relative_to(Path.cwd())) if absolute.is_relative_to(Path.cwd()) else os.fspath(path)


def dotted(path: KeyPath) -> str:
    """Write a path inside a file: `topic[3].query`, indices from 0."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Find the known word that was probably meant."""
    return next(iter(difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)), None)


def suggestion(word: str, known: Iterable[str]) -> str:
    """Write a hint that names the nearest known word, or all of them when none is near and they are few."""
    names = sorted(known)
    if near := nearest(word, names):
        return f"did you mean '{near}'?"
    return f"known are: {', '.join(names)}" if 0 < len(names) <= 20 else ""


def faults_of(
    model: type[BaseModel], error: ValidationError, *, prefix: KeyPath = ()
) -> list[tuple[KeyPath, Fault]]:
    """List everything pydantic found, in words; `prefix` is where the validated table stands."""
    return [
        ((*prefix, *(part for part in detail["loc"] if part != _KEY)), _fault(detail, model))
        for detail in error.errors(include_url=False, include_input=False)
    ]


def _fault(detail: ErrorDetails, model: type[BaseModel]) -> Fault:
    place, context = detail["loc"], detail.get("ctx", {})
    name = str(place[-1]) if place else ""
    match detail["type"]:
        case "fault":
            return Fault(str(context["message"]), str(context["hint"]))
        case "extra_forbidden":
            return Fault(f"unknown key '{name}'", suggestion(name, _keys_at(model, place[:-1])))
        case "missing":
            return Fault(f"'{name}' is missing", f"add a line: {name} = …")
        case "model_type" | "model_attributes_type" | "dict_type":
            return Fault(f"'{name}' must be a table", f"write it as [{name}] with its keys below")
        case "tuple_type":
            written = f"head each of its tables with [[{name}]]" if len(place) == 1 else "put it into [ ]"
            return Fault(f"'{name}' must be a list", written)
    text = detail["msg"].replace("Input should", "must", 1).partition(", unable to")[0]
    return Fault(text[:1].lower() + text[1:])


def _keys_at(model: type[BaseModel], place: KeyPath) -> list[str]:
    """List the keys that a (nested) model knows at a place of its data, by the names files use."""
    for part in place:
        if isinstance(part, int):
            continue
        names = {info.alias or name: info for name, info in model.model_fields.items()}
        inner = _model_in(names[part].annotation) if part in names else None
        if inner is None:
            return []
        model = inner
    return [info.alias or name for name, info in model.model_fields.items()]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """Find the model inside `Model`, `Model | None` or `tuple[Model, ...]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in {tuple, list, Union, UnionType}:
        return next((found for inner in get_args(annotation) if (found := _model_in(inner))), None)
    return None


def _syntax_problem(name: str, text: str, message: str) -> Problem:
    found = _TOML_POSITION.search(message)
    line, column = places.line_column(text, len(text))
    if found and found["line"]:
        line, column = int(found["line"]), int(found["column"])
    return Problem(
        file=name,
        message=f"is not valid TOML: {_TOML_POSITION.sub('', message)}",
        hint="often a missing quote, bracket or equals sign on this line or just above",
        line=line,
        column=column,
    )
