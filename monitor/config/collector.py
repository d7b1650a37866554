"""Walks the desired-state files: expands globs, validates table by table, gathers problems and claimed slugs.

One bad table does not hide the problems of the next one. What the tables mean is left to `watchlists`,
`feed_files` and `recipients`.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from monitor.config.document import Document, faults_of, read_document, shown
from monitor.config.places import Path as KeyPath
from monitor.config.settings import Settings
from monitor.config.values import Fault
from monitor.errors import ConfigError, Problem

F = TypeVar("F", bound=BaseModel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where an object was described; `path` inside the file, `line` from 1."""

    file: str
    path: str = ""
    line: int | None = None

    def __str__(self) -> str:
        return self.file if self.line is None else f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry(Generic[F]):
    """One valid table with the place it came from; `owner` is what the store records."""

    document: Document
    path: KeyPath
    form: F

    @property
    def owner(self) -> str:
        """What the store records as the owner: the file."""
        return f"file:{self.document.label}"

    def problem(self, key: str, fault: Fault, *, inside: int | None = None) -> Problem:
        """Place a fault at one of the table's keys."""
        return self.document.problem((*self.path, key), fault, inside=inside)


class Collector:
    """What one load gathers: `problems`, and for each (kind, slug) its `origins`."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.problems: list[Problem] = []
        self.origins: dict[tuple[str, str], Origin] = {}
        self.files: list[str] = []

    def paths(self, section: str) -> Iterator[tuple[Path, str]]:
        """Find the files of one [files] entry in a stable order, each once, with their labels.

        A pattern written by hand that names a missing file or folder is a problem: taking it for "nothing is
        wanted" would switch off everything the lost files described.
        """
        folder = self.settings.folder
        written = section in self.settings.files.model_fields_set
        found: dict[Path, str] = {}
        for pattern in getattr(self.settings.files, section):
            matching = sorted(path for path in _expand(folder, pattern) if path.is_file())
            if not matching and written and (reason := _missing(folder, pattern)):
                hint = "create it, or correct the path; paths start at the folder of the settings file"
                self.blame_setting(("files", section), Fault(reason, hint))
            for path in matching:
                inside = path.is_relative_to(folder)
                found.setdefault(path, path.relative_to(folder).as_posix() if inside else path.as_posix())
        self.files.extend(found.values())
        yield from found.items()

    def read(self, path: Path, label: str, head: type[F]) -> tuple[Document, F | None] | None:
        """Read one file and its top-level keys; None when it is not TOML, no head when its top is wrong."""
        try:
            document = read_document(path, label=label)
        except ConfigError as error:
            self.problems.extend(error.problems)
            return None
        return document, self._validate(document, (), document.data, head)

    def entries(self, document: Document, key: str, form: type[F]) -> Iterator[Entry[F]]:
        """Validate each `[[key]]` table on its own; claim its slug even when the rest of it is wrong."""
        for path, table in tables(document, key):
            valid = self._validate(document, path, table, form)
            slug = table.get("slug") if isinstance(table, dict) else None
            fresh = self.claim(key, slug, document, path) if isinstance(slug, str) else True
            if valid is not None and fresh:
                yield Entry(document=document, path=path, form=valid)

    def claim(self, kind: str, slug: str, document: Document, path: KeyPath, *, key: str = "slug") -> bool:
        """Note who describes a slug; a second one is a problem that names the first."""
        line, _ = document.line_column(path)
        origin = Origin(file=document.name, line=line)
        first = self.origins.setdefault((kind, slug), origin)
        if first is origin:
            return True
        fault = Fault(
            f"{kind} '{slug}' is already described in {first}", "choose another slug, or remove one"
        )
        self.problems.append(document.problem((*path, key), fault))
        return False

    def known(self, kind: str) -> set[str]:
        """List the slugs of one kind, those with problems included."""
        return {slug for each, slug in self.origins if each == kind}

    def blame_setting(self, path: KeyPath, fault: Fault) -> None:
        """Report a setting that does not fit the files, at its line where it stands in the settings file."""
        document = read_document(self.settings.file, label=self.settings.file.name)
        self.problems.append(document.problem(path, fault))

    def _validate(
        self, document: Document, path: KeyPath, table: Mapping[str, Any], form: type[F]
    ) -> F | None:
        try:
            return form.model_validate(table)
        except ValidationError as error:
            faults = faults_of(form, error, prefix=path)
            self.problems.extend(document.problem(where, fault) for where, fault in faults)
            return None


def tables(document: Document, key: str) -> Iterator[tuple[KeyPath, Any]]:
    """List what stands under `[[key]]`, each with its path; nothing when it is no list."""
    found = document.data.get(key, [])
    for index, table in enumerate(found if isinstance(found, list) else []):
        yield (key, index), table


def _expand(folder: Path, pattern: str) -> Iterable[Path]:
    path = Path(pattern)
    if not path.is_absolute():
        return folder.glob(pattern)
    return Path(path.anchor).glob(str(path.relative_to(path.anchor)))


def _missing(folder: Path, pattern: str) -> str:
    """Say what a pattern without any match lacks; a glob over an existing folder lacks nothing."""
    fixed = folder
    for part in Path(pattern).parts:
        if any(char in part for char in "*?["):
            return "" if fixed.is_dir() else f"there is no folder {shown(fixed)}"
        fixed /= part
    return f"there is no file {shown(fixed)}"
