"""Clauses that can never be true, whatever the text: what excludes or contradicts itself."""

from collections.abc import Iterator, Sequence

from monitor.match.advice.finding import Finding, at, shown
from monitor.match.advice.implied import Scoped, enough, follows, implies, needed
from monitor.match.language.tree import (
    FIELDS,
    LANGUAGE,
    And,
    AtLeast,
    Near,
    Node,
    Not,
    Or,
    Ref,
    Term,
    Within,
    first_place,
)

_CODE = "never-true"
_SEARCHED = frozenset(FIELDS)


def contradictions(root: Node) -> list[Finding]:
    """Find what can never be true in a tree; what the groups it uses say by themselves is looked at with the group."""
    found = list(_excluded(root, None, ()))
    told = {(finding.line, finding.column) for finding in found}
    for finding in _contradicted(root, None, ()):
        if (finding.line, finding.column) not in told:
            found.append(finding)
            told.add((finding.line, finding.column))
    return found


def _excluded(node: Node, field: str | None, excluded: tuple[Scoped, ...]) -> Iterator[Finding]:
    """Find terms that can never be what matches, because a NOT beside them excludes them."""
    match node:
        case Term():
            by = next((one for one in excluded if implies((node, field), one)), None)
            if by is not None:
                message = f"{node} can never be what matches, since NOT {by[0]} excludes it"
                yield at(node, _CODE, message, "narrow the NOT, or remove the term")
        case Within(field=inner, part=part):
            yield from _excluded(part, inner, excluded)
        case And(parts=parts) | Or(parts=parts) | Near(parts=parts) | AtLeast(parts=parts):
            excluded += _denied(node, field)
            for part in parts:
                yield from _excluded(part, field, excluded)
        case Not() | Ref():
            return


def _denied(node: Node, field: str | None) -> tuple[Scoped, ...]:
    """Return the terms that no text has of which an And is true; none for other nodes."""
    if not isinstance(node, And):
        return ()
    return tuple(one for part in node.parts if isinstance(part, Not) for one in enough(part.part, field))


def _contradicted(  # noqa: C901 - one a kind of node
    node: Node, field: str | None, excluded: tuple[Scoped, ...]
) -> Iterator[Finding]:
    """Find larger parts that are never true; where one is, nothing inside it is told too."""
    match node:
        case And(parts=parts):
            yield from _and(node, field)
            excluded += _denied(node, field)
            for part in parts:
                yield from _contradicted(part, field, excluded)
        case Near(parts=parts) if not _near_fields(node, field):
            where = " and ".join(sorted({each.field for each in parts if isinstance(each, Within)}))
            message = f"{shown(node)} can never be true: its sides stand in different fields"
            hint = f"NEAR stays inside one field; join {where or 'them'} with AND, or name one field before all of it"
            yield at(node, _CODE, message, hint)
        case AtLeast(parts=parts, count=count):
            alive = sum(not _dead(part, field, excluded) for part in parts)
            if alive < count:
                message = f"ATLEAST/{count} can never be true: NOT leaves {alive} of its {len(parts)} parts"
                yield at(node, _CODE, message, "narrow the NOT, or ask for fewer parts")
            else:
                for part in parts:
                    yield from _contradicted(part, field, excluded)
        case Ref() if _dead(node, field, excluded):
            message = f"@{node.name} can never be what matches, since a NOT beside it excludes all of it"
            line, column = first_place(node)
            hint = "narrow the NOT, or remove the group"
            yield Finding(code=_CODE, message=message, hint=hint, line=line, column=column)
        case Or(parts=parts) | Near(parts=parts):
            for part in parts:
                yield from _contradicted(part, field, excluded)
        case Within(field=inner, part=part):
            yield from _contradicted(part, inner, excluded)
        case Not() | Term() | Ref():
            return


def _and(node: And, field: str | None) -> Iterator[Finding]:
    """Find what the parts of an And demand and exclude at once."""
    wanted = [part for part in node.parts if not isinstance(part, Not)]
    present = [one for part in wanted for one in needed(part, field)]
    for part in node.parts:
        if isinstance(part, Not) and not enough(part.part, field) and follows(part.part, field, present):
            message = (
                f"{shown(node)} can never be true, since NOT ({shown(part.part)}) excludes what it demands"
            )
            yield at(node, _CODE, message, "narrow the NOT, or drop one of the demands")
            return
    asked = [languages for part in wanted if (languages := _languages(part, field)) is not None]
    if asked and not frozenset.intersection(*asked):
        message = f"{shown(node)} can never be true: an item has one language"
        yield at(node, _CODE, message, "write lang:(en OR es) for either, or drop one")


def _languages(node: Node, field: str | None) -> frozenset[str] | None:
    """Return the languages that a node asks for; None when it asks for none."""
    match node:
        case Within(field=inner, part=part):
            return _languages(part, inner)
        case Term() if field == LANGUAGE:
            return frozenset(node.words)
        case Or(parts=parts) if field == LANGUAGE:
            each = [_languages(part, field) for part in parts]
            return frozenset().union(*(one for one in each if one is not None))
        case Ref(part=part):
            return _languages(part, field)
    return None


def _near_fields(node: Node, field: str | None) -> frozenset[str]:
    """Return the fields that a part of a NEAR can stand in."""
    match node:
        case Within(field=inner, part=part):
            return _near_fields(part, inner)
        case Ref(part=part):
            return _near_fields(part, field)
        case Or(parts=parts):
            return frozenset().union(*(_near_fields(part, field) for part in parts))
        case Near(parts=parts):
            return frozenset.intersection(*(_near_fields(part, field) for part in parts))
    return _SEARCHED if field is None else frozenset({field})


def _dead(node: Node, field: str | None, excluded: Sequence[Scoped]) -> bool:  # noqa: PLR0911 - the same
    """Say whether a node can never be true of a text that has none of some terms."""
    match node:
        case Term():
            return any(implies((node, field), one) for one in excluded)
        case Within(field=inner, part=part):
            return _dead(part, inner, excluded)
        case Ref(part=part):
            return _dead(part, field, excluded)
        case And(parts=parts) | Near(parts=parts):
            return any(_dead(part, field, excluded) for part in parts)
        case Or(parts=parts):
            return all(_dead(part, field, excluded) for part in parts)
        case AtLeast(parts=parts, count=count):
            return sum(not _dead(part, field, excluded) for part in parts) < count
        case Not():
            return False
