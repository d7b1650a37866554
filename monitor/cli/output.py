"""Print results: aligned text for people, JSON for programs."""

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, is_dataclass
from datetime import UTC, datetime
from typing import Any

import typer

COLORS = {
    "ok": typer.colors.GREEN,
    "done": typer.colors.GREEN,
    "warn": typer.colors.YELLOW,
    "waiting": typer.colors.YELLOW,
    "pending": typer.colors.YELLOW,
    "fail": typer.colors.RED,
    "failing": typer.colors.RED,
    "dead": typer.colors.RED,
}


def print_json(value: Any) -> None:
    """Print one JSON document, dates as RFC 3339."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2, default=_plain))


def print_line(value: Any) -> None:
    """Print one line of JSON."""
    typer.echo(json.dumps(value, ensure_ascii=False, default=_plain))


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    raise TypeError(f"{type(value).__name__} has no JSON form")


def print_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows in aligned columns; a word that names a state is coloured on a terminal."""
    lines = [tuple(str(cell) for cell in row) for row in rows]
    widths = [max(len(line[column]) for line in [tuple(heads), *lines]) for column in range(len(heads))]
    widths[-1] = 0  # nothing stands behind the last column
    _print_row([typer.style(head.ljust(width), bold=True) for head, width in zip(heads, widths, strict=True)])
    for line in lines:
        cells = zip(line, widths, strict=True)
        _print_row([typer.style(cell.ljust(width), fg=COLORS.get(cell)) for cell, width in cells])


def _print_row(cells: Sequence[str]) -> None:
    typer.echo("  ".join(cells))


def when(text: str | None) -> str:
    """Show an API time as minutes, in UTC."""
    if not text:
        return "-"
    return datetime.fromisoformat(text).astimezone(UTC).strftime("%Y-%m-%d %H:%MZ")


def cut(text: str, width: int) -> str:
    """Cut a text for a column."""
    return text if len(text) <= width else text[: width - 1] + "…"


def counted(number: int, noun: str) -> str:
    """Say how many: `1 feed`, `2 feeds`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def marked(text: str) -> str:
    """Show what stands between [[ and ]] bold on a terminal; elsewhere the marks stay."""
    if not sys.stdout.isatty():
        return text
    return text.replace("[[", "\033[1m").replace("]]", "\033[0m")
