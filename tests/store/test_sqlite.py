"""What only the SQLite engine has: its pragmas, its file, its disk, and its backups."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlite_utils.utils import sqlite3  # type: ignore[attr-defined]  # the driver it chose

from monitor.errors import StoreBusy, StoreError, StoreFull
from monitor.store import Sealer, Transaction, items, meta, migrate
from monitor.store.migrate import Migration
from monitor.store.sqlite import SqliteStore, check_library

SEALER = Sealer(b"k" * 32)
NEXT = Migration(name="9001_next", sql="CREATE TABLE extra (id {id}){strict}")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    opened = await SqliteStore.open(tmp_path / "monitor.db", sealer=SEALER, backup_dir=None)
    yield opened
    await opened.close()


def listing(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


def pragma(tx: Transaction, name: str) -> object:
    (row,) = tx.rows(f"PRAGMA {name}")
    return next(iter(row.values()))


DURABLE = {
    "journal_mode": "wal",
    "foreign_keys": 1,
    "trusted_schema": 0,
    "mmap_size": 0,
    "auto_vacuum": 2,
    "busy_timeout": 5_000,
}


@pytest.mark.parametrize(
    ("name", "value"), (DURABLE | {"synchronous": 2, "query_only": 0, "cache_size": -32_768}).items()
)
async def test_the_writer_is_durable_and_strict(store: SqliteStore, name: str, value: object) -> None:
    assert await store.write(pragma, name) == value


@pytest.mark.parametrize(
    ("name", "value"), (DURABLE | {"query_only": 1, "wal_autocheckpoint": 0, "cache_size": -8_192}).items()
)
async def test_a_reader_is_strict_and_reads_only(store: SqliteStore, name: str, value: object) -> None:
    assert await store.read(pragma, name) == value


async def test_closing_folds_the_log_into_the_file(store: SqliteStore) -> None:
    await store.write(meta.put_meta, "a", "b")
    await store.read(meta.get_meta, "a")
    await store.close()
    assert listing(store.path.parent) == ["monitor.db"]


async def test_the_event_loop_goes_on_while_the_writer_works(store: SqliteStore) -> None:
    def slow(tx: Transaction) -> object:
        return tx.one(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000) SELECT max(i) FROM n"
        )

    writing = asyncio.create_task(store.write(slow))
    turns = 0
    while not writing.done():
        await asyncio.sleep(0)
        turns += 1
    assert turns > 10


async def test_a_full_disk_keeps_nothing_and_says_so_and_writing_goes_on_afterwards(
    store: SqliteStore,
) -> None:
    """A page limit makes SQLite report a full disk as a full disk does."""

    def fill(tx: Transaction) -> None:
        meta.put_meta(tx, "small", "kept only with the rest")
        meta.put_meta(tx, "large", "x" * 1_000_000)

    limit = await store.write(pragma, "page_count")
    await store.write(pragma, f"max_page_count = {limit}")
    with pytest.raises(StoreFull, match=r"no room left for the database .*monitor\.db: free some space"):
        await store.write(fill)
    assert await store.read(meta.get_meta, "small") is None
    await store.write(pragma, "max_page_count = 1000000")
    await store.write(fill)
    assert await store.read(meta.get_meta, "small") == "kept only with the rest"


async def test_another_process_holding_the_lock_is_named_as_such(tmp_path: Path) -> None:
    path = tmp_path / "monitor.db"
    await (await SqliteStore.open(path, sealer=SEALER, backup_dir=None)).close()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("PRAGMA journal_mode = DELETE")
    other.execute("BEGIN EXCLUSIVE")
    try:
        with pytest.raises(StoreBusy, match="stop it, or send the change to the running daemon"):
            await SqliteStore.open(path, sealer=SEALER, backup_dir=None, busy_seconds=0.1)
    finally:
        other.close()


async def test_an_upgrade_is_preceded_by_a_verified_backup_of_the_former_schema(tmp_path: Path) -> None:
    path, backups = tmp_path / "monitor.db", tmp_path / "backups"
    store = await SqliteStore.open(path, sealer=SEALER, backup_dir=backups)
    await store.write(meta.put_meta, "a", "before")
    await store.close()
    assert not backups.exists(), "an empty database needs no backup"
    store = await SqliteStore.open(
        path, sealer=SEALER, backup_dir=backups, migrations=(*migrate.shipped(), NEXT)
    )
    await store.write(meta.put_meta, "a", "after")
    await store.close()
    (copy,) = backups.iterdir()
    assert copy.name.startswith("monitor-before-9001_next-")
    assert copy.stat().st_mode & 0o077 == 0
    former = await SqliteStore.open(copy, sealer=SEALER, backup_dir=None)
    assert await former.read(meta.get_meta, "a") == "before"
    assert list(await former.read(migrate.applied)) == [each.name for each in migrate.shipped()]
    await former.close()
    again = await SqliteStore.open(
        path, sealer=SEALER, backup_dir=backups, migrations=(*migrate.shipped(), NEXT)
    )
    await again.close()
    assert [*backups.iterdir()] == [copy], "nothing to migrate, nothing to copy"


async def test_without_a_backup_there_is_no_upgrade(tmp_path: Path) -> None:
    path = tmp_path / "monitor.db"
    await (await SqliteStore.open(path, sealer=SEALER, backup_dir=None)).close()
    not_a_folder = path
    with pytest.raises(StoreFull, match="cannot write the backup"):
        await SqliteStore.open(
            path, sealer=SEALER, backup_dir=not_a_folder / "x", migrations=(*migrate.shipped(), NEXT)
        )
    store = await SqliteStore.open(path, sealer=SEALER, backup_dir=None)
    assert "9001_next" not in await store.read(migrate.applied)
    await store.close()


async def test_a_backup_beside_a_busy_writer_is_one_moment_of_it(store: SqliteStore, tmp_path: Path) -> None:
    def pair(tx: Transaction, number: int) -> None:
        meta.put_meta(tx, "one", str(number))
        meta.put_meta(tx, "two", str(number))

    async def keep_writing() -> None:
        for number in range(300):
            await store.write(pair, number)

    await store.write(pair, -1)
    writing = asyncio.create_task(keep_writing())
    await store.backup(tmp_path / "copy.db")
    await writing
    copy = await SqliteStore.open(tmp_path / "copy.db", sealer=SEALER, backup_dir=None)
    assert await copy.read(meta.get_meta, "one") == await copy.read(meta.get_meta, "two")
    await copy.close()
    assert listing(tmp_path) == ["copy.db", "monitor.db", "monitor.db-shm", "monitor.db-wal"]


def damage(path: Path) -> None:
    """Overwrite ten pages in the middle."""
    content = bytearray(path.read_bytes())
    middle = len(content) // 2 // 4096 * 4096
    content[middle : middle + 40_960] = b"\xa5" * 40_960
    path.write_bytes(content)


def _many_facts(tx: Transaction) -> None:
    """Fill more pages than the schema has, so that the middle of the file is theirs."""
    for number in range(800):
        meta.put_meta(tx, f"key-{number}", "x" * 2_000)


async def test_a_damaged_database_is_never_passed_off_as_a_backup(tmp_path: Path) -> None:
    path = tmp_path / "monitor.db"
    store = await SqliteStore.open(path, sealer=SEALER, backup_dir=None)
    await store.write(_many_facts)
    await store.close()
    damage(path)
    store = await SqliteStore.open(path, sealer=SEALER, backup_dir=None)
    with pytest.raises(StoreError, match="damaged"):
        await store.backup(tmp_path / "copy.db")
    await store.close()
    assert listing(tmp_path) == ["monitor.db"]


CHILD = """
import asyncio, sys
from pathlib import Path
from monitor.store import Sealer, meta, open_store

def put_and_wait(tx):
    meta.put_meta(tx, "unfinished", "x" * 300_000)
    print("in mid-transaction", flush=True)
    sys.stdin.read()

async def main():
    store = await open_store(sys.argv[1], sealer=Sealer(b"k" * 32), backup_dir=None)
    for number in range(20):
        await store.write(meta.put_meta, f"acknowledged-{number}", "kept")
    print("acknowledged", flush=True)
    if sys.argv[2] == "in mid-transaction":
        await store.write(put_and_wait)
    sys.stdin.read()

asyncio.run(main())
"""


def kill_at(path: Path, moment: str) -> None:
    """Run the child until it stands at the moment, then kill it."""
    with subprocess.Popen(
        [sys.executable, "-c", CHILD, f"sqlite:{path}", moment],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        assert any(line.strip() == moment for line in child.stdout)
        child.send_signal(signal.SIGKILL)
        child.wait(30)


@pytest.mark.parametrize("moment", ["in mid-transaction", "acknowledged"])
async def test_kill_9_loses_nothing_acknowledged_and_keeps_nothing_unfinished(
    tmp_path: Path, moment: str
) -> None:
    path = tmp_path / "monitor.db"
    await asyncio.to_thread(kill_at, path, moment)
    store = await SqliteStore.open(path, sealer=SEALER, backup_dir=None)
    rows = await store.read(lambda tx: tx.rows("SELECT key FROM meta"))
    assert {row["key"] for row in rows} == {f"acknowledged-{number}" for number in range(20)}
    assert await store.read(pragma, "integrity_check") == "ok"
    await store.close()


async def test_pruning_asks_an_index_and_not_the_whole_feed_for_each_item(store: SqliteStore) -> None:
    """Quadratic otherwise: of 300,000 items that are all still shown, each would look at all of its feed's."""
    steps = await store.read(
        lambda tx: tx.rows(f"EXPLAIN QUERY PLAN {items._PRUNE}", before=1, limit=1, grace=1)
    )
    used = " ".join(str(step["detail"]) for step in steps)
    assert "items_of_feed_by_last_seen (feed_id=? AND last_seen>?)" in used
    assert "SCAN" not in used


def test_a_library_too_old_for_the_archive_is_refused_by_name() -> None:
    check_library((3, 43, 0))
    with pytest.raises(StoreError, match=r"SQLite 3\.40\.1 is too old, 3\.43\.0 is needed: pip install"):
        check_library((3, 40, 1))
