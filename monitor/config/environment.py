"""Reads `MONITOR__SECTION__KEY` variables as overrides of the settings file.

Knows names and nesting only; values stay text, and what they must look like is the settings' business.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from monitor.config.places import Path

PREFIX = "MONITOR__"
DELIMITER = "__"
SHOWN_AS = "environment"  # stands where a file's name stands in problems


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrides:
    """Nested values from the environment, and for each path the variable it came from."""

    data: Mapping[str, Any] = field(repr=False)
    names: Mapping[Path, str]

    def setter_of(self, path: Path) -> str | None:
        """Find the variable that set the value at a path, or the table around it."""
        return next((name for known, name in self.names.items() if path[: len(known)] == known), None)

    def below(self, path: Path) -> str | None:
        """Find a variable that set something inside the table at a path."""
        return next((name for known, name in self.names.items() if known[: len(path)] == path), None)


def read_overrides(environ: Mapping[str, str], *, secrets: Iterable[Path]) -> Overrides:
    """Collect the overrides; `…_FILE` names the file of a secret (`MONITOR__SMTP__PASSWORD_FILE`)."""
    known_secrets = set(secrets)
    data: dict[str, Any] = {}
    names: dict[Path, str] = {}
    for name in sorted(environ):
        if not name.startswith(PREFIX):
            continue
        path = tuple(name[len(PREFIX) :].lower().split(DELIMITER))
        stem = (*path[:-1], path[-1].removesuffix("_file"))
        if stem != path and stem in known_secrets:
            path = (*stem, "file")
        names[path] = name
        put(data, path, environ[name])
    return Overrides(data=data, names=names)


def at(data: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    """Get a nested value, or None."""
    value: Any = data
    for part in path:
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def put(data: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    """Set a nested value, making tables on the way where there are none."""
    for part in path[:-1]:
        inner = data.get(part)
        if not isinstance(inner, dict):
            inner = data[part] = {}
        data = inner
    data[path[-1]] = value


def merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Lay one set of nested tables over another; neither is changed."""
    result = dict(below)
    for key, value in above.items():
        under = result.get(key)
        result[key] = merged(under, value) if isinstance(value, dict) and isinstance(under, dict) else value
    return result
