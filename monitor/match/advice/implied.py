"""What follows from what in a query: which terms are in every text that another is in, or that a part is true of."""

from collections.abc import Sequence

from monitor.match.language.tree import And, AtLeast, Near, Node, Not, Or, Ref, Term, Within

Scoped = tuple[Term, str | None]  # a term with the field it is looked for in


def implies(narrow: Scoped, wide: Scoped) -> bool:
    """Say whether a text that has the narrow term is sure to have the wide one."""
    (term, field), (other, other_field) = narrow, wide
    if other_field is not None and other_field != field:
        return False
    length = len(other.words)
    if term.slop and length > 1:
        return (
            term.slop <= other.slop
            and len(term.words) == length
            and all(_covers(term, i, other, i) for i in range(length))
        )
    starts = range(len(term.words) - length + 1)
    return any(all(_covers(term, start + i, other, i) for i in range(length)) for start in starts)


def _covers(narrow: Term, at: int, wide: Term, to: int) -> bool:
    """Say whether every word that the narrow term accepts at one place is one that the wide term accepts there."""
    word, other = narrow.words[at], wide.words[to]
    if wide.exact:
        return narrow.exact and word == other
    forms = narrow.keys[at] or (word,)
    if not wide.keys[to]:
        return all(form.startswith(other) for form in forms)
    return bool(narrow.keys[at]) and not set(forms).isdisjoint(wide.keys[to])


def enough(node: Node, field: str | None) -> list[Scoped]:
    """Return the terms each of which alone makes a node true."""
    match node:
        case Term():
            return [(node, field)]
        case Within(field=inner, part=part):
            return enough(part, inner)
        case Or(parts=parts):
            return [one for part in parts for one in enough(part, field)]
        case Ref(part=part) | AtLeast(parts=(part,)):
            return enough(part, field)
        case AtLeast(parts=parts, count=1):
            return [one for part in parts for one in enough(part, field)]
        case And() | Not() | Near() | AtLeast():
            return []


def needed(node: Node, field: str | None) -> list[Scoped]:
    """Return terms all of which are in every text that a node is true of."""
    match node:
        case Term():
            return [(node, field)]
        case Within(field=inner, part=part):
            return needed(part, inner)
        case Ref(part=part) | AtLeast(parts=(part,)):
            return needed(part, field)
        case And(parts=parts) | Near(parts=parts):
            return [one for part in parts for one in needed(part, field)]
        case AtLeast(parts=parts, count=count) if count == len(parts):
            return [one for part in parts for one in needed(part, field)]
        case Or() | Not() | AtLeast():
            return []


def follows(node: Node, field: str | None, present: Sequence[Scoped]) -> bool:  # noqa: PLR0911 - one a kind of node
    """Say whether a node is true of every text that has all of some terms, as far as the terms alone show it."""
    match node:
        case Term():
            return any(implies(one, (node, field)) for one in present)
        case Within(field=inner, part=part):
            return follows(part, inner, present)
        case Ref(part=part):
            return follows(part, field, present)
        case And(parts=parts):
            return all(follows(part, field, present) for part in parts)
        case Or(parts=parts):
            return any(follows(part, field, present) for part in parts)
        case AtLeast(parts=parts, count=count):
            return sum(follows(part, field, present) for part in parts) >= count
        case Not() | Near():
            return False
