"""What a transaction promises, whatever the engine."""

import asyncio
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor.errors import Refused, StoreConflict, StoreError
from monitor.store import Sealer, Store, Transaction, feeds, meta, open_store
from tests.contract.conftest import Seed


def put_many(tx: Transaction, *names: str) -> None:
    for name in names:
        meta.put_meta(tx, name, name)


def names(tx: Transaction) -> list[str]:
    return [row["key"] for row in tx.rows("SELECT key FROM meta ORDER BY key")]


async def test_any_exception_undoes_the_whole_transaction(store: Store) -> None:
    class OurOwnError(Exception):
        pass

    def fail(tx: Transaction) -> None:
        put_many(tx, "a", "b")
        raise OurOwnError

    with pytest.raises(OurOwnError):
        await store.write(fail)
    assert await store.read(names) == []
    await store.write(put_many, "c")
    assert await store.read(names) == ["c"], "the writer goes on"


async def test_a_broken_rule_loses_the_transaction_even_if_its_error_is_swallowed(store: Store) -> None:
    def swallow(tx: Transaction) -> None:
        put_many(tx, "a")
        insert = "INSERT INTO meta (key, value) VALUES ('a', '2')"
        with pytest.raises(StoreConflict):
            tx.run(insert)
        with pytest.raises(StoreError, match="this transaction is over"):
            put_many(tx, "b")

    with pytest.raises(StoreConflict):
        await store.write(swallow)
    assert await store.read(names) == []


async def test_what_is_written_is_seen_inside_the_transaction(store: Store) -> None:
    def write(tx: Transaction) -> list[str]:
        put_many(tx, "a")
        return names(tx)

    assert await store.write(write) == ["a"]


async def test_a_reader_sees_one_unchanging_view(store: Store) -> None:
    started, written = threading.Event(), threading.Event()

    def look_twice(tx: Transaction) -> tuple[list[str], list[str]]:
        before = names(tx)
        started.set()
        assert written.wait(10)
        return before, names(tx)

    looking = asyncio.create_task(store.read(look_twice))
    await asyncio.to_thread(started.wait, 10)
    await store.write(put_many, "a")
    written.set()
    assert await looking == ([], [])
    assert await store.read(names) == ["a"]


async def test_a_reader_cannot_write(store: Store) -> None:
    with pytest.raises(StoreError, match=r"give it to Store\.write"):
        await store.read(put_many, "a")
    assert await store.read(names) == []


async def test_a_transaction_is_of_no_use_after_its_function(store: Store) -> None:
    kept: list[Transaction] = []
    await store.write(kept.append)
    with pytest.raises(StoreError, match="over"):
        kept[0].rows("SELECT 1 AS one")


async def test_many_writes_at_once_all_count_and_never_mix(store: Store) -> None:
    def increment(tx: Transaction) -> None:
        meta.put_meta(tx, "sum", str(int(meta.get_meta(tx, "sum") or 0) + 1))

    await asyncio.gather(
        *(store.write(increment) for _ in range(200)), *(store.read(names) for _ in range(50))
    )
    assert await store.read(meta.get_meta, "sum") == "200"


async def test_a_list_of_values_fits_any_number_of_them(store: Store) -> None:
    await store.write(put_many, "a", "b", "it's", ":keys")
    sql = "SELECT key FROM meta WHERE key IN (:keys) AND value <> ':keys' ORDER BY key -- not :keys, 100 %"

    def find(tx: Transaction, *keys: str) -> list[str]:
        return [row["key"] for row in tx.rows(sql, keys=keys)]

    assert await store.read(find, "b", "it's", "zzz", ":keys") == ["b", "it's"]
    assert await store.read(find) == []


async def test_literals_casts_and_percent_signs_are_left_alone(store: Store) -> None:
    row = await store.read(
        lambda tx: tx.one(
            """SELECT 'a:b' AS colon, '100 %' AS percent, ':name' AS literal, 'it''s %(x)s' AS quoted, 7 % 4 AS rest,
            CAST(:name AS TEXT) AS "given:x" """,
            name="ñ %s :other",
        )
    )
    assert row == {
        "colon": "a:b",
        "percent": "100 %",
        "literal": ":name",
        "quoted": "it's %(x)s",
        "rest": 3,
        "given:x": "ñ %s :other",
    }


async def test_numbers_keep_64_bits_and_more_is_refused(store: Store, seed: Seed) -> None:
    def poll(tx: Transaction, seed: Seed, size: int) -> int:
        feed = seed.feed(tx)
        row = tx.one(
            """
            INSERT INTO polls (feed_id, started_at, ended_at, outcome, reason, size, items, new_items)
            VALUES (:feed_id, 0, 0, 'new', '', :size, 0, 0) RETURNING size
            """,
            feed_id=feed.id,
            size=size,
        )
        assert row is not None
        return int(row["size"])

    assert await store.write(poll, seed, 2**63 - 1) == 2**63 - 1
    with pytest.raises(StoreError):
        await store.write(poll, seed, 2**63)


async def test_wrong_sql_is_a_store_error(store: Store) -> None:
    def ask(tx: Transaction, sql: str) -> None:
        tx.rows(sql)

    for sql in ("SELEKT", "SELECT * FROM no_such_table", "SELECT :missing", "DELETE FROM meta"):
        with pytest.raises(StoreError):
            await store.write(ask, sql)


async def test_a_closed_store_says_so(url: str, sealer: Sealer) -> None:
    store = await open_store(url, sealer=sealer, backup_dir=None)
    await store.close()
    await store.close()
    for use in (store.write, store.read):
        with pytest.raises(StoreError, match="closed"):
            await use(names)


async def test_closing_lets_what_runs_end(url: str, sealer: Sealer) -> None:
    store = await open_store(url, sealer=sealer, backup_dir=None)
    writing = [asyncio.ensure_future(store.write(put_many, f"name-{number}")) for number in range(20)]
    await asyncio.sleep(0)
    await store.close()
    await asyncio.gather(*writing)
    again = await open_store(url, sealer=sealer, backup_dir=None)
    assert len(await again.read(names)) == 20
    await again.close()


async def test_what_was_written_is_there_after_reopening(url: str, sealer: Sealer) -> None:
    for number in range(3):
        store = await open_store(url, sealer=sealer, backup_dir=None)
        await store.write(put_many, f"name-{number}")
        await store.close()
    store = await open_store(url, sealer=sealer, backup_dir=None)
    assert await store.read(names) == ["name-0", "name-1", "name-2"]
    await store.close()


async def test_two_processes_worth_of_stores_never_claim_the_same(
    url: str, sealer: Sealer, seed: Seed
) -> None:
    """Two stores on one database stand for two processes."""
    stores = [await open_store(url, sealer=sealer, backup_dir=None) for _ in range(2)]
    try:
        for number in range(60):
            await stores[0].write(seed.feed, f"feed-{number:02}")
        batches = await asyncio.gather(
            *(store.write(feeds.claim_due, now=seed.t(), limit=5) for _ in range(10) for store in stores)
        )
        claimed = [feed.slug for batch in batches for feed in batch]
        assert len(claimed) == len(set(claimed))
        while batch := await stores[1].write(feeds.claim_due, now=seed.t(), limit=50):
            claimed += [feed.slug for feed in batch]
        assert sorted(claimed) == [f"feed-{number:02}" for number in range(60)]
    finally:
        for store in stores:
            await store.close()


async def test_a_backup_is_whole_or_refused_with_the_right_tool(
    store: Store, url: str, sealer: Sealer, tmp_path: Path
) -> None:
    await store.write(put_many, "a")
    target = tmp_path / "copies" / f"{datetime.now(UTC):%Y%m%d}.db"
    if url.startswith("postgresql"):
        with pytest.raises(Refused, match="pg_dump"):
            await store.backup(target)
        return
    await store.backup(target)
    copy = await open_store(f"sqlite:{target}", sealer=sealer, backup_dir=None)
    assert await copy.read(names) == ["a"]
    await copy.close()
    with pytest.raises(StoreError, match="never overwrites"):
        await store.backup(target)
