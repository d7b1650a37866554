"""Giving items their stories: copies by key and address from the store, the rest by likeness in the window.

The window lives in memory and grows as dispatch commits; what it holds stands in the store, too, so that after a
restart, a lost transaction or a turn of another process it is read back and decides as if nothing had happened.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from monitor.match import STORY_ENGINE, Kept, StoryRules, StoryWindow, packed, story_text, unpacked
from monitor.model import Item, Story
from monitor.store import Store, Transaction, stories, story_window
from monitor.store.story_window import WindowItem
from monitor.text.fold import folded_words

_OUTLET_CHARS = 200


@dataclass(slots=True, kw_only=True)
class StoryAssigner:
    """The window in memory. `load` before a transaction, `settle` when it is known to be kept."""

    rules: StoryRules = field(default_factory=StoryRules)
    _window: StoryWindow | None = None

    async def load(self, store: Store) -> None:
        """Read the window from the store unless the one in memory is known to be the same."""
        if self._window is None:
            self._window = await store.read(_load, rules=self.rules)

    def begin(self, tx: Transaction) -> StoryWindow | None:
        """Return the window for one transaction, or None when the store has moved on: `load`, then try again.

        Until `settle` says that the transaction was kept, nobody knows: the window is let go of.
        """
        window, self._window = self._window, None
        if window is None or window.position != story_window.last_position(tx):
            return None
        return window

    def settle(self, window: StoryWindow) -> None:
        """Keep a window whose transaction was kept."""
        self._window = window


def assign(
    tx: Transaction,
    window: StoryWindow,
    item: Item,
    *,
    matched: Iterable[str] = (),
    new_uid: Callable[[], str],
) -> Story:
    """Put an item into its story and return that: the one it has, one it is a copy of, one alike, or a new one.

    `matched` are the passages that its topics found in it.
    """
    own = stories.story_of_item(tx, item.id)
    if own is not None:
        return own
    text, seen = story_text(item.text, matched=matched), item.first_seen
    known = _copied(tx, item, text.keys, rules=window.rules)
    placed = window.place(text, seen=seen, known=known)
    story = known or (stories.get_story(tx, placed.story_id) if placed.story_id else None)
    if story is None:
        story = stories.add_story(
            tx,
            Story(
                uid=new_uid(),
                title=item.text.title,
                language=item.text.language,
                first_seen=seen,
                last_seen=seen,
            ),
        )
    joined = stories.join_story(
        tx,
        story,
        item,
        text.keys,
        outlet=outlet_of(item),
        copied=placed.copied,
        reason=placed.reason,
    )
    kept = window.add(placed, item_id=item.id, story=story)
    if kept is not None:
        story_window.add_to_window(tx, _to_keep(kept))
    for related in placed.related:
        if related.story_id != story.id:
            stories.link_stories(tx, story.id, related.story_id, similarity=related.similarity)
    return joined


def outlet_of(item: Item) -> str:
    """Name who published an item, so that two feeds of one publisher are one outlet."""
    named = " ".join(folded_words(item.text.source))
    return (named or urlsplit(item.link or "").hostname or item.feed_slug)[:_OUTLET_CHARS]


def _copied(tx: Transaction, item: Item, keys: tuple[str, ...], *, rules: StoryRules) -> Story | None:
    """Find the story that an item is a copy of: by its keys while the story is young, or by its address."""
    since = item.first_seen - rules.window
    story = stories.find_by_keys(tx, keys, since=since) if keys else None
    if story is not None and item.first_seen - story.first_seen <= rules.story_age:
        return story
    return stories.find_by_address(tx, item, since=since)


def _load(tx: Transaction, *, rules: StoryRules) -> StoryWindow:
    window = StoryWindow(rules)
    for item, story in story_window.window_items(tx, engine=STORY_ENGINE, span=rules.window):
        kept = Kept(
            position=item.position,
            item_id=item.item_id,
            story_id=item.story_id,
            language=item.language,
            seen=item.seen_at,
            trace=unpacked(item.trace),
        )
        window.restore(kept, story)
    window.position = story_window.last_position(tx)
    return window


def _to_keep(kept: Kept) -> WindowItem:
    return WindowItem(
        position=kept.position,
        item_id=kept.item_id,
        story_id=kept.story_id,
        language=kept.language,
        seen_at=kept.seen,
        engine=STORY_ENGINE,
        trace=packed(kept.trace),
    )
