"""What subscriptions were told of a story, on both engines."""

from dataclasses import replace

from monitor.model import Priority, Told
from monitor.store import Store
from monitor.store.told import put_told, told_of_story
from tests.contract.conftest import Clock, Seed


async def test_what_was_told_is_read_back_and_brought_up_to_date(store: Store, seed: Seed, t: Clock) -> None:
    alert = await store.write(seed.alert)
    told = Told(
        subscription_id=alert.subscription.id,
        story_id=alert.story.id,
        subject="Tariffs pause",
        first_at=t(),
        last_at=t(),
        facts=frozenset({"n:dead=9", "w:rubio"}),
        languages=frozenset({"en", "es"}),
        independent=1,
        priority=Priority.URGENT,
    )
    await store.write(put_told, told)
    assert await store.read(told_of_story, alert.story.id, since=t(-1)) == {alert.subscription.id: told}
    later = replace(told, subject="another", first_at=t(9), last_at=t(9), alerts=2, facts=frozenset())
    await store.write(put_told, later)
    kept = replace(later, subject="Tariffs pause", first_at=t(), lately=0)
    assert await store.read(told_of_story, alert.story.id, since=t(1)) == {alert.subscription.id: kept}
    assert await store.read(told_of_story, alert.story.id + 1, since=t(1)) == {}
