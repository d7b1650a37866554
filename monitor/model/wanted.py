"""What the archive index is asked for: words that a text must have, joined by "every" and "some".

It is said roughly, so that both engines can answer it: no positions, no fields, no exclusions. What it lets through
is a superset that the matcher decides on.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Key:
    """A word filed under `text`, or with `prefix` any that begins so."""

    text: str
    prefix: bool = False


@dataclass(frozen=True, slots=True)
class Every:
    """All of `parts`; of none: every text there is."""

    parts: tuple["Wanted", ...]


@dataclass(frozen=True, slots=True)
class Some:
    """At least one of `parts`; of none: no text."""

    parts: tuple["Wanted", ...]


Wanted = Key | Every | Some

EVERYTHING = Every(())
NOTHING = Some(())


def every(parts: "tuple[Wanted, ...] | list[Wanted]") -> Wanted:
    """Join with AND, as flat as it goes."""
    flat: dict[Wanted, None] = {}
    for part in parts:
        if part == NOTHING:
            return NOTHING
        for each in part.parts if isinstance(part, Every) else (part,):
            flat[each] = None
    return next(iter(flat)) if len(flat) == 1 else Every(tuple(flat))


def some(parts: "tuple[Wanted, ...] | list[Wanted]") -> Wanted:
    """Join with OR, as flat as it goes."""
    flat: dict[Wanted, None] = {}
    for part in parts:
        if part == EVERYTHING:
            return EVERYTHING
        for each in part.parts if isinstance(part, Some) else (part,):
            flat[each] = None
    return next(iter(flat)) if len(flat) == 1 else Some(tuple(flat))
