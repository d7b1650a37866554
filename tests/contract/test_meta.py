from monitor.store import Store, meta
from tests.contract.conftest import Seed


async def test_a_fact_can_be_set_read_and_set_again(store: Store, seed: Seed) -> None:
    assert await store.read(meta.get_meta, "applied") is None
    await store.write(meta.put_meta, "applied", "first ñ ')")
    await store.write(meta.put_meta, "applied", "second")
    assert await store.read(meta.get_meta, "applied") == "second"
