"""Advice from real items: what a topic's terms and NOTs do to news that came in lately."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from monitor.match.advice.finding import Finding, at, shown
from monitor.match.advice.implied import enough
from monitor.match.engine.document import Document, holds
from monitor.match.engine.matcher import compile_watchlist
from monitor.match.language.screen import QUERY_LIMIT
from monitor.match.language.tree import (
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
    children,
    holds_without_words,
)
from monitor.model import ItemText, Priority, Topic
from monitor.text.fold import words

ENOUGH = 200  # items; fewer tell nothing of shares
BROAD = 0.005  # of the items, found by one term
_TOLD = 5  # terms that are named in one piece of advice
_HINT = "use a phrase, or join it with AND or NEAR to what it is meant to be about"
_NOTS = 100  # of one query that are looked at
_FEWEST = 3  # items, for any share
_TAKEN = 0.2  # of what a topic would find, taken away by one NOT


@dataclass(frozen=True)  # not slotted: it remembers its words
class Sample:
    """Recent items that advice may look at, in any order."""

    items: tuple[ItemText, ...] = ()

    @cached_property
    def written(self) -> frozenset[str]:
        """All words of the items as written, without accents."""
        return frozenset(
            word.cased for item in self.items for text in (item.title, item.summary) for word in words(text)
        )

    def found(self, queries: Mapping[str, str], groups: tuple[tuple[str, str], ...]) -> dict[str, list[int]]:
        """Return the numbers of the items that each of some queries finds, by its name."""
        topics = [
            Topic(
                slug=name, watchlist="", name="", description="", priority=Priority.LOW, query=query,
                groups=groups, owner="",
            )
            for name, query in queries.items()
        ]  # fmt: skip
        watchlist = compile_watchlist(topics, revision=0)
        hits: dict[str, list[int]] = {name: [] for name in queries}
        for number, item in enumerate(self.items):
            for match in watchlist.match(item):
                hits[match.topic.slug].append(number)
        return hits

    def example(self, number: int) -> str:
        """Return the title of an item, cut where it is long."""
        title = self.items[number].title or self.items[number].summary
        return title if len(title) <= 80 else f"{title[:79]}…"


def broad_terms(root: Node, sample: Sample) -> list[Finding]:
    """Find terms that are in more than 0.5 % of the items.

    Each that is enough by itself is told by itself; those that only count together with others are told at once.
    """
    if len(sample.items) < ENOUGH:
        return []
    alone = {(term.line, term.column) for term, _ in enough(root, None)}
    own = {
        f"{field}:{term}" if field else str(term): term
        for term, field in reversed(list(_own(root, None)))
        if field != LANGUAGE
    }
    found = sample.found({query: query for query in own if len(query) <= QUERY_LIMIT}, ())
    broad = [
        (len(numbers), own[query], numbers[0]) for query, numbers in found.items() if _many(numbers, sample)
    ]
    findings = [
        at(
            term,
            "broad-term",
            f"{term} is in {_share(count, sample)}, as in “{sample.example(number)}”",
            _HINT,
        )
        for count, term, number in broad
        if (term.line, term.column) in alone
    ]
    others = [one for one in broad if (one[1].line, one[1].column) not in alone]
    return [*findings, _common(others, sample)] if others else findings


def _many(numbers: list[int], sample: Sample) -> bool:
    return len(numbers) >= _FEWEST and len(numbers) > BROAD * len(sample.items)


def _share(count: int, sample: Sample) -> str:
    return f"{count / len(sample.items):.1%} of {len(sample.items):,} recent items"


def _common(broad: list[tuple[int, Term, int]], sample: Sample) -> Finding:
    """Tell at once of the terms that many items have and that count only together with others."""
    broad.sort(key=lambda one: -one[0])
    count, term, number = broad[0]
    more = ", ".join(f"{each} {times / len(sample.items):.1%}" for times, each, _ in broad[1:_TOLD])
    rest = f"; so are {more}" if more else ""
    rest += f", and {len(broad) - _TOLD} more" if len(broad) > _TOLD else ""
    message = f"{term} is in {_share(count, sample)}, as in “{sample.example(number)}”{rest}"
    hint = "they narrow little: see that what they are joined with tells this topic from others"
    return at(term, "common-terms", message, hint)


def _own(node: Node, field: str | None) -> Iterator[tuple[Term, str | None]]:
    """Yield the wanted terms of a tree but for those of its groups."""
    match node:
        case Term():
            yield node, field
        case Not() | Ref():
            return
        case Within(field=inner, part=part):
            yield from _own(part, inner)
        case And(parts=parts) | Or(parts=parts) | Near(parts=parts) | AtLeast(parts=parts):
            for part in parts:
                yield from _own(part, field)


def exclusions(node: Node) -> Iterator[Not]:
    """Yield the NOTs that stand in a tree, but for those of its groups and of other NOTs."""
    if isinstance(node, Not):
        yield node
    elif not isinstance(node, Ref):
        for part in children(node):
            yield from exclusions(part)


def without(node: Node, gone: Not) -> Node:
    """Return a tree without one of its NOTs (that very one) where it stands in an And."""
    match node:
        case And(parts=parts):
            left = tuple(without(part, gone) for part in parts if part is not gone)
            return left[0] if len(left) == 1 else And(parts=left)
        case Or(parts=parts):
            return Or(parts=tuple(without(part, gone) for part in parts))
        case AtLeast(parts=parts, count=count):
            return AtLeast(parts=tuple(without(part, gone) for part in parts), count=count)
        case Within(field=field, part=part):
            return Within(field=field, part=without(part, gone))
        case Not() | Near() | Ref() | Term():
            return node


def removable(root: Node) -> list[tuple[Not, Node]]:
    """Return the first NOTs of a tree that it can do without, each with the tree without it."""
    pairs = ((gone, without(root, gone)) for gone in islice(exclusions(root), _NOTS))
    return [(gone, left) for gone, left in pairs if left != root and not holds_without_words(left)]


def greedy_exclusions(root: Node, groups: tuple[tuple[str, str], ...], sample: Sample) -> Iterator[Finding]:
    """Find NOTs that take away a fifth or more of what the tree would find among the items without them."""
    nots = removable(root)
    broad = root
    for gone, _ in nots:
        broad = without(broad, gone)
    if not nots or holds_without_words(broad) or len(str(broad)) > QUERY_LIMIT:
        return
    documents = {
        number: Document(sample.items[number]) for number in sample.found({"": str(broad)}, groups)[""]
    }
    kept = {number for number, document in documents.items() if holds(root, document)}
    for gone, left in nots:
        taken = [
            number for number, document in documents.items() if number not in kept and holds(left, document)
        ]
        every = len(kept) + len(taken)
        if len(taken) >= _FEWEST and len(taken) >= _TAKEN * every:
            message = (
                f"NOT {shown(gone.part)} takes away {len(taken)} of {every} recent items, "
                f"as “{sample.example(taken[0])}”"
            )
            hint = "see whether they are unwanted; a phrase, NEAR or title: takes away less"
            yield at(gone, "not-removes", message, hint)
