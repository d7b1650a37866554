"""Silences, on both engines: those in force, those that ended, and what they kept back."""

from dataclasses import replace

import pytest

from monitor.errors import NotFound, Refused, StoreConflict
from monitor.model import Decision, Matcher, Silence, Verdict
from monitor.store import Store, Transaction, ledger, silences
from tests.contract.conftest import Clock, Seed


def silence(t: Clock, uid: str = "one", *, begins: float = 0, ends: float | None = 60) -> Silence:
    return Silence(
        uid=uid,
        matcher=Matcher(topics=("tariffs",), words=("otay",)),
        owner="ana",
        reason="known case",
        begins_at=t(begins),
        ends_at=None if ends is None else t(ends),
        created_at=t(),
    )


async def test_a_silence_is_read_back_as_it_was_stored(store: Store, t: Clock) -> None:
    stored = await store.write(silences.add_silence, silence(t))
    assert stored == replace(silence(t), id=stored.id)
    assert await store.read(silences.get_silence, "one") == stored
    with pytest.raises(StoreConflict):
        await store.write(silences.add_silence, silence(t))


async def test_those_in_force_are_told_from_those_that_come_and_those_that_ended(
    store: Store, t: Clock
) -> None:
    for uid, begins, ends in (("now", 0, 60), ("later", 30, 60), ("over", -60, -1), ("open", -5, None)):
        await store.write(silences.add_silence, silence(t, uid, begins=begins, ends=ends))
    in_force = await store.read(silences.list_silences, now=t())
    assert [each.uid for each in in_force] == ["open", "now"]
    assert len(await store.read(silences.list_silences)) == 4
    assert await store.read(silences.list_silences, owner="bob") == []
    assert len(await store.read(silences.list_silences, owner="ana", now=t(40))) == 3


async def test_a_silence_can_be_ended_once(store: Store, t: Clock) -> None:
    await store.write(silences.add_silence, silence(t, ends=None))
    ended = await store.write(silences.end_silence, "one", now=t(5))
    assert ended.ends_at == t(5)
    assert await store.read(silences.list_silences, now=t(5)) == []
    with pytest.raises(Refused):
        await store.write(silences.end_silence, "one", now=t(6))
    with pytest.raises(NotFound):
        await store.write(silences.end_silence, "two", now=t(6))


async def test_the_end_of_a_silence_is_told_once_to_whom_it_kept_something_back(
    store: Store, seed: Seed, t: Clock
) -> None:
    def fill(tx: Transaction) -> tuple[int, int, int]:
        alert = seed.alert(tx)
        bob = seed.subscription(tx, "bob-all")
        kept = silences.add_silence(tx, silence(t))
        silences.add_silence(tx, silence(t, "idle"))
        decision = Decision(
            hit_id=alert.hits[0].hit.id,
            subscription_id=alert.subscription.id,
            verdict=Verdict.SUPPRESSED,
            reason="silenced",
            silence_id=kept.id,
        )
        ledger.add_decisions(tx, [decision], alert_id=None, now=t())
        return alert.subscription.id, bob.id, kept.id

    ana, bob, kept = await store.write(fill)
    assert await store.read(silences.kept_back, [kept, 99]) == {kept: 1}
    assert await store.read(silences.untold_ends, ana, now=t(59)) == []
    ((ended, count),) = await store.read(silences.untold_ends, ana, now=t(60))
    assert (ended.uid, count) == ("one", 1)
    assert await store.read(silences.untold_ends, bob, now=t(60)) == []
    await store.write(silences.mark_end_told, [kept], subscription_id=ana)
    assert await store.read(silences.untold_ends, ana, now=t(60)) == []
