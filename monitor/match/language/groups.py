"""Named groups of a watchlist: which of them a query uses, and which use each other.

Names only: what a group says is parsed with the query that uses it, by `query`.
"""

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple, TypeAlias

Groups: TypeAlias = Mapping[str, str] | Iterable[tuple[str, str]]


class Mention(NamedTuple):
    """An `@name` in a query; line and column count from 1."""

    name: str
    line: int
    column: int


Mentions: TypeAlias = Callable[[str], Iterable[Mention]]


def used(text: str, groups: Mapping[str, str], mentions: Mentions) -> tuple[tuple[str, str], ...]:
    """Return the groups that a query uses, directly or through another group, by name; unknown ones are left out."""
    found: dict[str, str] = {}
    waiting = [text]
    while waiting:
        for mention in mentions(waiting.pop()):
            if mention.name in groups and mention.name not in found:
                found[mention.name] = groups[mention.name]
                waiting.append(groups[mention.name])
    return tuple(sorted(found.items()))


def circle(name: str, groups: Mapping[str, str], mentions: Mentions) -> tuple[str, ...]:
    """Return the way from a group back to itself, both ends included; empty when there is none."""
    before: dict[str, str] = {}
    waiting = [name]
    while waiting:
        current = waiting.pop()
        for mention in mentions(groups[current]):
            if mention.name == name:
                return (
                    (name, *reversed(list(_back(current, before))), name) if current != name else (name, name)
                )
            if mention.name in groups and mention.name not in before:
                before[mention.name] = current
                waiting.append(mention.name)
    return ()


def _back(current: str, before: Mapping[str, str]) -> Iterator[str]:
    """Walk from a group to the one that the search began with, which is left out."""
    while current in before:
        yield current
        current = before[current]


def unknown_hint(name: str, groups: Iterable[str]) -> str:
    """Say which group was probably meant."""
    names = sorted(groups)
    if near := difflib.get_close_matches(name, names, n=1, cutoff=0.6):
        return f"did you mean @{near[0]}?"
    if not names:
        return "no group is defined; a watchlist file defines them under [groups]"
    return "defined are: " + ", ".join(f"@{each}" for each in names[:20]) + ("…" if len(names) > 20 else "")
