"""One process at a time has a store for itself, wherever the others keep their state."""

import pytest

from monitor.errors import StoreBusy
from monitor.store import Sealer, Store, meta, open_store


async def test_a_store_that_is_held_is_refused_to_the_next_and_free_after_it(
    store: Store, url: str, sealer: Sealer
) -> None:
    await store.hold()
    other = await open_store(url, sealer=sealer, backup_dir=None)
    try:
        with pytest.raises(StoreBusy, match=r"another monitor process has .* for itself; stop it first"):
            await other.hold()
        await store.close()
        await other.hold()
    finally:
        await other.close()


async def test_holding_twice_and_closing_without_holding_are_harmless(
    store: Store, url: str, sealer: Sealer
) -> None:
    await store.hold()
    await store.hold()
    await store.write(meta.put_meta, "a", "b")
    other = await open_store(url, sealer=sealer, backup_dir=None)
    await other.close()
    assert await store.read(meta.get_meta, "a") == "b"
