"""Passages as readers see them: the words around them, with what was found in marks."""

from collections.abc import Iterable, Sequence

from monitor.match.language.tree import FIELDS
from monitor.model import ItemText, Span

OPEN, CLOSE = "[[", "]]"
_AROUND = 60  # characters
_MOST = 3  # pieces of a field


def excerpts(text: ItemText, spans: Sequence[Span]) -> tuple[str, ...]:
    """Return the title if a passage stands in it, and pieces of summary and body: the passages between [[ and ]].

    Passages in other fields have no text that a reader sees, and are left out.
    """
    shown: list[str] = []
    for field in FIELDS:
        own = _apart(span for span in spans if span.field == field)
        whole = getattr(text, field)
        if field == "title" and own:
            shown.append(_piece(whole, own, 0, len(whole)))
            continue
        shown += [_around(whole, group) for group in _near(own)[:_MOST]]
    return tuple(shown)


def _apart(spans: Iterable[Span]) -> list[tuple[int, int]]:
    """Return the places of passages in order, those that overlap as one."""
    places: list[tuple[int, int]] = []
    for start, end in sorted((span.start, span.end) for span in spans):
        if places and start < places[-1][1]:
            places[-1] = places[-1][0], max(end, places[-1][1])
        else:
            places.append((start, end))
    return places


def _near(places: list[tuple[int, int]]) -> list[list[tuple[int, int]]]:
    groups: list[list[tuple[int, int]]] = []
    for place in places:
        if groups and place[0] - groups[-1][-1][1] <= 2 * _AROUND:
            groups[-1].append(place)
        else:
            groups.append([place])
    return groups


def _around(whole: str, group: list[tuple[int, int]]) -> str:
    """Cut a piece out at spaces, with … where something was left out."""
    start, end = max(0, group[0][0] - _AROUND), min(len(whole), group[-1][1] + _AROUND)
    if start and (space := whole.find(" ", start, group[0][0])) >= 0:
        start = space + 1
    if end < len(whole) and (space := whole.rfind(" ", group[-1][1], end)) >= 0:
        end = space
    piece = _piece(whole, group, start, end)
    return f"{'…' if start else ''}{piece}{'…' if end < len(whole) else ''}"


def _piece(whole: str, places: list[tuple[int, int]], start: int, end: int) -> str:
    pieces, at = [], start
    for first, behind in places:
        pieces += [whole[at:first], OPEN, whole[first:behind], CLOSE]
        at = behind
    return "".join([*pieces, whole[at:end]])
