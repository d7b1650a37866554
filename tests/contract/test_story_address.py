from monitor.model import Item, Story
from monitor.store import Store, Transaction, stories
from tests.contract.conftest import Clock, Seed


def _same_article_in(tx: Transaction, seed: Seed, *feeds: str) -> list[Item]:
    return [seed.item(tx, seed.feed(tx, slug)) for slug in feeds]


async def test_a_story_is_found_by_the_address_of_its_item_in_another_feed(
    store: Store, seed: Seed, t: Clock
) -> None:
    here, there = await store.write(_same_article_in, seed, "world", "local")
    story = await store.write(
        stories.add_story, Story(uid="s", title="T", language="en", first_seen=t(), last_seen=t())
    )
    assert await store.read(stories.find_by_address, there, since=t()) is None, "it has no items yet"
    story = await store.write(stories.join_story, story, here, [])
    assert await store.read(stories.find_by_address, there, since=t()) == story
    assert await store.read(stories.find_by_address, there, since=t(1)) is None, "it ended before"
    assert await store.read(stories.find_by_address, here, since=t()) is None, "its own feed does not count"
