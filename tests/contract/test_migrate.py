"""Migrations: one runner, forward only, on both engines."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from monitor.errors import StoreError, StoreTooNew
from monitor.store import Sealer, Store, Transaction, migrate, open_store
from monitor.store.migrate import Migration
from monitor.store.postgres import PostgresStore
from monitor.store.sqlite import SqliteStore

NEXT = Migration(
    name="9001_next",
    sql="""
    CREATE TABLE extra (id {id}, note {text} NOT NULL DEFAULT 'a;b -- c', bytes {blob}){strict}; -- one; two
    CREATE INDEX extra_by_note ON extra (note);
    """,
)
LATER = Migration(name="9002_later", sql="ALTER TABLE extra ADD COLUMN number {int}")
BROKEN = Migration(
    name="9003_broken", sql="CREATE TABLE half (id {id}){strict}; INSERT INTO no_such_table VALUES (1)"
)
WORDS = "archive_words"  # each engine files the words of the archive in its own way


async def opened(url: str, sealer: Sealer, migrations: Sequence[Migration]) -> Store:
    if url.startswith("sqlite:"):
        path = Path(url.removeprefix("sqlite:"))
        return await SqliteStore.open(path, sealer=sealer, backup_dir=None, migrations=migrations)
    return await PostgresStore.open(url, sealer=sealer, migrations=migrations)


def columns(tx: Transaction) -> list[tuple[str, str]]:
    """Return every (table, column) of the schema."""
    if tx.dialect == "sqlite":
        rows = tx.rows(
            """
            SELECT m.name AS table_name, c.name AS column_name
            FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'
            """
        )
    else:
        rows = tx.rows(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = current_schema()"
        )
    pairs = ((row["table_name"], row["column_name"]) for row in rows)
    return sorted(
        pair for pair in pairs if not pair[0].startswith(WORDS) and pair != ("archive_docs", "words")
    )


def indexes(tx: Transaction) -> list[str]:
    """Return the names of the indexes that migrations made by name."""
    if tx.dialect == "sqlite":
        rows = tx.rows("SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")
    else:
        rows = tx.rows(
            """
            SELECT c.relname AS name
            FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = current_schema()
              AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = c.oid)
            """
        )
    return sorted(row["name"] for row in rows if row["name"] != "archive_docs_by_word")


async def test_a_new_database_has_had_every_shipped_migration(store: Store) -> None:
    assert await store.read(migrate.applied) == {each.name: each.checksum for each in migrate.shipped()}


async def test_reopening_applies_nothing_twice(url: str, sealer: Sealer) -> None:
    stamps = []
    for _ in range(2):
        store = await open_store(url, sealer=sealer, backup_dir=None)
        stamps.append(await store.read(lambda tx: tx.rows("SELECT * FROM schema_migrations ORDER BY name")))
        await store.close()
    assert stamps[0] == stamps[1]


async def test_the_schema_is_the_sum_of_its_migrations_however_they_came(
    url: str, sealer: Sealer, tmp_path: Path
) -> None:
    every = (*migrate.shipped(), NEXT, LATER)
    for number in range(1, len(every) + 1):
        store = await opened(url, sealer, every[:number])
        stepwise = await store.read(columns), await store.read(indexes)
        await store.close()
    at_once = await opened(f"sqlite:{tmp_path / 'at-once.db'}", sealer, every)
    # Compared with SQLite's: both engines have the same tables, columns and indexes.
    assert stepwise == (await at_once.read(columns), await at_once.read(indexes))
    await at_once.close()
    assert ("extra", "number") in stepwise[0]


async def test_a_database_of_a_newer_version_is_refused_and_left_alone(url: str, sealer: Sealer) -> None:
    newer = await opened(url, sealer, (*migrate.shipped(), NEXT))
    before = await newer.read(columns)
    await newer.close()
    with pytest.raises(StoreTooNew, match=r"9001_next.*newer version; install that version"):
        await open_store(url, sealer=sealer, backup_dir=None)
    newer = await opened(url, sealer, (*migrate.shipped(), NEXT))
    assert await newer.read(columns) == before
    await newer.close()


async def test_an_edited_migration_is_refused(url: str, sealer: Sealer) -> None:
    await (await opened(url, sealer, (NEXT,))).close()
    with pytest.raises(StoreError, match="9001_next is not the one"):
        await opened(url, sealer, (Migration(name=NEXT.name, sql=NEXT.sql + " "),))


async def test_a_migration_is_never_slipped_in_before_a_later_one(url: str, sealer: Sealer) -> None:
    await (await opened(url, sealer, (NEXT,))).close()
    with pytest.raises(StoreError, match="9000_forgotten is missing"):
        await opened(url, sealer, (Migration(name="9000_forgotten", sql="SELECT 1"), NEXT))


async def test_a_migration_that_fails_leaves_nothing_of_its_run(url: str, sealer: Sealer) -> None:
    await (await opened(url, sealer, (NEXT,))).close()
    with pytest.raises(StoreError):
        await opened(url, sealer, (NEXT, LATER, BROKEN))
    store = await opened(url, sealer, (NEXT,))
    assert list(await store.read(migrate.applied)) == ["9001_next"]
    assert ("extra", "number") not in await store.read(columns)
    await store.close()


async def test_many_opening_at_once_migrate_once(url: str, sealer: Sealer) -> None:
    stores = await asyncio.gather(*(open_store(url, sealer=sealer, backup_dir=None) for _ in range(4)))
    assert len(await stores[0].read(migrate.applied)) == len(migrate.shipped())
    for store in stores:
        await store.close()


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("A; B", ["A", "B"]),
        ("A;\n;  ;B;", ["A", "B"]),
        ("A ';' B; C \";\" D", ["A ';' B", 'C ";" D']),
        ("A -- x; y\nB; -- z", ["A \nB"]),
        ("A 'it''s; so'; B", ["A 'it''s; so'", "B"]),
        ("", []),
        ("CREATE TRIGGER x BEGIN\nA; B;\nEND; C", ["CREATE TRIGGER x BEGIN\nA; B;\nEND", "C"]),
    ],
)
def test_a_script_is_cut_at_its_semicolons_only(script: str, expected: list[str]) -> None:
    assert migrate.statements(script) == expected


async def test_a_statement_marked_for_one_engine_runs_there_alone(url: str, sealer: Sealer) -> None:
    own = Migration(
        name="9004_own",
        sql="CREATE TABLE both_have (id {id}); {only sqlite} CREATE TABLE of_sqlite (id {id});"
        "\n{only postgres}\nCREATE TABLE of_postgres (id {id})",
    )
    store = await opened(url, sealer, (own,))
    made = {table for table, _ in await store.read(columns)} - {"schema_migrations"}
    await store.close()
    assert made == {"both_have", f"of_{'sqlite' if url.startswith('sqlite:') else 'postgres'}"}


def test_shipped_migrations_are_numbered_in_order_and_named_once() -> None:
    names = [each.name for each in migrate.shipped()]
    assert names == sorted(set(names))
    assert [int(name.split("_")[0]) for name in names] == list(range(1, len(names) + 1))


async def test_text_compares_by_bytes_on_every_engine(store: Store) -> None:
    """Whatever the database's own locale is, both engines sort alike."""

    def odd_ones(tx: Transaction) -> list[str]:
        if tx.dialect == "sqlite":
            rows = tx.rows("SELECT name AS column_name FROM sqlite_master WHERE sql LIKE '%COLLATE%'")
        else:
            rows = tx.rows(
                """
                SELECT column_name FROM information_schema.columns
                WHERE table_schema = current_schema() AND data_type = 'text' AND collation_name IS DISTINCT FROM 'C'
                """
            )
        return [row["column_name"] for row in rows]

    assert await store.read(odd_ones) == []
