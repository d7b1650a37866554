"""Which story an item belongs to: that of the most alike earlier item of its language, or a new one.

The window holds the items of the last 72 hours, counted back from the newest one seen, and nothing else: what it
decides follows from the items that were added, in their order, and from their stories. Added again in that order
(`restore`), they give the same window, be it after a restart. It knows no store and no clock.

An item joins a story when its nearest item is alike (TF-IDF cosine) and the story as a whole (its centroid) is, too:
an explainer or a round-up is a little like two stories and would chain them. Words that the item's topics ask for
are no evidence alone, since every hit has them: "Fentanyl law" is not "Fentanyl trial". Old and very large stories
only take copies. Stories of different languages are never merged; those about the same happening are found by what
their words have in common (`story_text.feature_of`) and can be linked.
"""

import heapq
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from monitor.match.story.index import StoryIndex
from monitor.match.story.rarity import Rarity, rarity_of_features, rarity_of_terms
from monitor.match.story.text import StoryText
from monitor.match.story.vector import SCALE, Trace, containment, trace_of
from monitor.model import Story

STORY_ENGINE = "1"  # goes up when what is kept of an item (stems, weights, features) means something else


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryRules:
    """When items belong together; likeness is a cosine from 0 to 1."""

    window: timedelta = timedelta(hours=72)
    nearest: float = 0.25
    centroid: float = 0.15
    copied: float = 0.6  # share of the shorter text's word pairs
    copied_pairs: int = 8  # word pairs that a text needs to be called a copy
    story_age: timedelta = timedelta(days=7)
    story_items: int = 300
    linked: float = 0.20
    linked_features: int = 3
    link_window: timedelta = timedelta(hours=48)


@dataclass(frozen=True, slots=True, kw_only=True)
class Related:
    """A story of another language about the same happening, as it seems."""

    story_id: int
    similarity: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where an item belongs: `story_id` None is a new story. `copied` says that it repeats an earlier item's text."""

    story_id: int | None
    similarity: float
    reason: str
    copied: bool
    related: tuple[Related, ...]
    language: str
    seen: datetime
    trace: Trace


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """An item in the window: all that is needed to have it there again."""

    position: int
    item_id: int
    story_id: int
    language: str
    seen: datetime
    trace: Trace


@dataclass(slots=True)
class _Pool:
    """The items of one language."""

    rarity: Rarity
    terms: StoryIndex = field(default_factory=StoryIndex)
    features: StoryIndex = field(default_factory=StoryIndex)


@dataclass(slots=True)
class _Story:
    first_seen: datetime
    items: int
    live: list[int] = field(default_factory=list)
    centroid: dict[int, int] | None = None  # the sum of its items' vectors, once it has two
    square: int = 0


class StoryWindow:
    """The items of the last 72 hours and their stories. Use `place`, give a new story its id, then `add`."""

    def __init__(self, rules: StoryRules | None = None) -> None:
        self.rules = rules or StoryRules()
        self.position = 0
        self._newest: datetime | None = None
        self._kept: dict[int, Kept] = {}
        self._oldest: list[tuple[datetime, int]] = []
        self._stories: dict[int, _Story] = {}
        self._pools: dict[str, _Pool] = {}
        self._features = rarity_of_features()

    def __len__(self) -> int:
        return len(self._kept)

    def place(self, text: StoryText, *, seen: datetime, known: Story | None = None) -> Placement:
        """Decide where an item belongs. `known` is the story it is a copy of by its keys or address, if any."""
        self._advance(seen)
        pool = self._pool(text.language)
        trace = trace_of(text, pool.rarity, self._features)
        story_id, similarity, copied, reason = self._decide(pool, trace, text.asked, seen, known)
        return Placement(
            story_id=story_id,
            similarity=similarity,
            reason=reason,
            copied=copied,
            related=() if copied else tuple(self._related(trace, text.language, seen)),
            language=text.language,
            seen=seen,
            trace=trace,
        )

    def _decide(
        self, pool: _Pool, trace: Trace, asked: frozenset[int], seen: datetime, known: Story | None
    ) -> tuple[int | None, float, bool, str]:
        """Return the story, the likeness, whether it is a copy, and why."""
        if known is not None:
            return known.id, 1.0, True, "a copy of a report of the story"
        nothing = f"nothing like it in {self.rules.window / timedelta(hours=1):g} h"
        near = self._nearest(pool, trace) if pool.rarity.told else []
        if found := self._choose(near, trace, asked, seen):
            similarity, kept, copied = found
            how = "a copy of" if copied else "like"
            return (
                kept.story_id,
                similarity,
                copied,
                f"{how} item {kept.item_id} of the story ({similarity:.2f})",
            )
        if near and near[0][0] >= self.rules.nearest:
            similarity, kept = near[0]
            reason = f"like item {kept.item_id} ({similarity:.2f}), but not like its story, or that is closed"
            return None, similarity, False, reason
        if near:
            return None, near[0][0], False, f"{nothing} (at most {near[0][0]:.2f})"
        return None, 0.0, False, nothing

    def add(self, placement: Placement, *, item_id: int, story: Story) -> Kept | None:
        """Keep an item that was placed, in a story as it was before; None for one older than the window."""
        if self._newest is not None and placement.seen < self._newest - self.rules.window:
            if story.id in self._stories:
                self._stories[story.id].items += 1
            return None
        kept = Kept(
            position=self.position + 1,
            item_id=item_id,
            story_id=story.id,
            language=placement.language,
            seen=placement.seen,
            trace=placement.trace,
        )
        self._keep(kept, story)
        self._stories[story.id].items += 1
        return kept

    def restore(self, kept: Kept, story: Story) -> None:
        """Take an item back that was kept, in the order of positions; the story is as it is by now."""
        self._advance(kept.seen)
        self._keep(kept, story)

    def _keep(self, kept: Kept, story: Story) -> None:
        self.position = kept.position
        self._newest = kept.seen if self._newest is None else max(self._newest, kept.seen)
        self._kept[kept.position] = kept
        heapq.heappush(self._oldest, (kept.seen, kept.position))
        pool = self._pool(kept.language)
        pool.terms.add(kept.position, kept.trace.terms)
        pool.features.add(kept.position, kept.trace.features)
        mine = self._stories.setdefault(kept.story_id, _Story(story.first_seen, story.items))
        if not mine.live:
            self._count(kept)
        mine.live.append(kept.position)
        if mine.centroid is not None:
            _sum_up(mine, kept, +1)
        elif len(mine.live) > 1:
            mine.centroid = {}
            for position in mine.live:
                _sum_up(mine, self._kept[position], +1)

    def _advance(self, seen: datetime) -> None:
        """Forget what is older than the window, once an item newer than all others comes."""
        if self._newest is not None and seen <= self._newest:
            return
        self._newest = seen
        since = seen - self.rules.window
        while self._oldest and self._oldest[0][0] < since:
            _, position = heapq.heappop(self._oldest)
            self._forget(self._kept.pop(position))

    def _forget(self, kept: Kept) -> None:
        pool = self._pools[kept.language]
        pool.terms.remove(kept.position, kept.trace.terms)
        pool.features.remove(kept.position, kept.trace.features)
        story = self._stories[kept.story_id]
        first = story.live[0]
        story.live.remove(kept.position)
        if first == kept.position:
            pool.rarity.remove(kept.trace.terms.ids)
            self._features.remove(kept.trace.features.ids)
            if story.live:
                self._count(self._kept[story.live[0]])
        if not story.live:
            del self._stories[kept.story_id]
        elif len(story.live) == 1:
            story.centroid, story.square = None, 0
        elif story.centroid is not None:
            _sum_up(story, kept, -1)

    def _count(self, kept: Kept) -> None:
        """Let an item speak for its story in how common terms are: what many outlets tell is not a common term."""
        self._pool(kept.language).rarity.add(kept.trace.terms.ids)
        self._features.add(kept.trace.features.ids)

    def _pool(self, language: str) -> _Pool:
        pool = self._pools.get(language)
        if pool is None:
            pool = self._pools[language] = _Pool(rarity_of_terms(language))
        return pool

    def _nearest(self, pool: _Pool, trace: Trace) -> list[tuple[float, Kept]]:
        """Return the items that share telling terms, the most alike first; of equals the earlier one."""
        mine = trace.terms.as_map()
        found = [
            (self._kept[position].trace.terms.dot(mine), -position)
            for position in pool.terms.near(trace.terms)
        ]
        found.sort(reverse=True)
        return [(product / SCALE**2, self._kept[-negative]) for product, negative in found]

    def _choose(
        self, near: list[tuple[float, Kept]], trace: Trace, asked: frozenset[int], seen: datetime
    ) -> tuple[float, Kept, bool] | None:
        """Return the nearest item whose story takes this one, and whether this one is a copy of it."""
        rules = self.rules
        refused: set[int] = set()
        for similarity, kept in near:
            if similarity < rules.nearest:
                break
            story = self._stories[kept.story_id]
            if kept.story_id in refused or seen - story.first_seen > rules.story_age:
                continue
            if asked and asked.issuperset(_shared(kept, trace)):
                continue
            copied = containment(trace, kept.trace, least=rules.copied_pairs) >= rules.copied
            if copied or (
                story.items < rules.story_items and self._whole(story, trace, similarity) >= rules.centroid
            ):
                return similarity, kept, copied
            refused.add(kept.story_id)
        return None

    def _whole(self, story: _Story, trace: Trace, nearest: float) -> float:
        """Return how alike an item and the whole of a story are."""
        if story.centroid is None:
            return nearest
        return trace.terms.dot(story.centroid) / (SCALE * math.sqrt(story.square))

    def _related(self, trace: Trace, language: str, seen: datetime) -> Iterator[Related]:
        """Yield the most alike story of each other language, if it is alike enough."""
        rules, mine = self.rules, trace.features.as_map()
        for other, pool in sorted(self._pools.items()):
            best: tuple[int, int] | None = None
            if other == language:
                continue
            for position in pool.features.near(trace.features):
                kept = self._kept[position]
                product = kept.trace.features.dot(mine)
                if (
                    product >= rules.linked * SCALE**2
                    and abs(seen - kept.seen) <= rules.link_window
                    and sum(feature in mine for feature in kept.trace.features.ids) >= rules.linked_features
                ):
                    best = max(best or (product, -position), (product, -position))
            if best is not None:
                yield Related(story_id=self._kept[-best[1]].story_id, similarity=best[0] / SCALE**2)


def _shared(kept: Kept, trace: Trace) -> set[int]:
    return set(kept.trace.terms.ids).intersection(trace.terms.ids)


def _sum_up(story: _Story, kept: Kept, sign: int) -> None:
    """Add an item's vector to its story's sum, or take it off."""
    assert story.centroid is not None
    total = story.centroid
    for term, weight in kept.trace.terms.as_map().items():
        before = total.get(term, 0)
        after = before + sign * weight
        story.square += after * after - before * before
        if after:
            total[term] = after
        else:
            total.pop(term, None)
