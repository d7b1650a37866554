import asyncio
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlite_utils.utils import sqlite3  # type: ignore[attr-defined]  # the driver it chose

from monitor.errors import StoreError, StoreFull
from monitor.store import Sealer, meta, open_store

SEALER = Sealer(b"k" * 32)

OPEN_AND_REPORT = """
import asyncio, os, sys, tempfile
from monitor.errors import StoreError
from monitor.store import Sealer, meta, open_store

async def attempt(url):
    try:
        store = await open_store(url, sealer=Sealer(b"k" * 32), backup_dir=None)
        await store.write(meta.put_meta, "a", "b")
        await store.close()
    except StoreError as error:
        return type(error).__name__ + " " + str(error)
    return "opened"

with tempfile.TemporaryDirectory() as folder:  # load every module while the interpreter's files can be read
    assert asyncio.run(attempt(f"sqlite:{folder}/x.db")) == "opened"
if os.geteuid() == 0:  # permissions do not count for root
    os.setgroups([])
    os.setresgid(65534, 65534, 65534)
    os.setresuid(65534, 65534, 65534)
print("told:", asyncio.run(attempt(sys.argv[1])))
"""


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """A folder that a user without rights can reach."""
    folder = Path(tempfile.mkdtemp(prefix="monitor-store-"))
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


def open_without_rights(url: str) -> str:
    """Open a store in a process of a user to whom permissions apply, and return what it said."""
    run = subprocess.run(
        [sys.executable, "-c", OPEN_AND_REPORT, url], capture_output=True, text=True, check=False, timeout=60
    )
    assert run.returncode == 0, run.stderr
    return run.stdout.partition("told: ")[2]


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("sqlite:relative.db", "absolute path"),
        ("sqlite:", "absolute path"),
        ("mysql://x/y", "unknown kind of store 'mysql'"),
        ("/var/lib/x.db", "unknown kind of store"),
        ("sqlite:/nowhere/at/all/x.db", "the folder /nowhere/at/all does not exist; create it"),
        ("postgresql://u:hunter2@[", "cannot be read"),
        (
            "postgresql://u:hunter2@127.0.0.1:1/db",
            r"the database db at 127.0.0.1:1 failed.*check that the server runs",
        ),
    ],
)
async def test_a_url_that_leads_nowhere_says_what_to_do_and_tells_no_password(url: str, told: str) -> None:
    with pytest.raises(StoreError, match=told) as caught:
        await open_store(url, sealer=SEALER, backup_dir=None)
    assert "hunter2" not in str(caught.value)


async def test_a_folder_is_no_database(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="is a folder"):
        await open_store(f"sqlite:{tmp_path}", sealer=SEALER, backup_dir=None)


async def test_a_file_that_is_no_database_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    text = "These are notes, not a database. " * 200
    await asyncio.to_thread(path.write_text, text)
    with pytest.raises(StoreError, match=r"damaged or not a database.*restore a backup"):
        await open_store(f"sqlite:{path}", sealer=SEALER, backup_dir=None)
    assert await asyncio.to_thread(path.read_text) == text


async def test_a_database_of_another_program_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "theirs.db"
    theirs = sqlite3.connect(path)
    theirs.execute("CREATE TABLE bookmarks (url)")
    theirs.close()
    with pytest.raises(StoreError, match=r"another program.*bookmarks"):
        await open_store(f"sqlite:{path}", sealer=SEALER, backup_dir=None)
    theirs = sqlite3.connect(path)
    assert theirs.execute("SELECT name FROM sqlite_master").fetchall() == [("bookmarks",)]
    theirs.close()


async def test_a_path_may_hold_any_character(tmp_path: Path) -> None:
    path = tmp_path / "a b?mode=memory&x#ñ%20.db"
    store = await open_store(f"sqlite:{path}", sealer=SEALER, backup_dir=None)
    await store.write(meta.put_meta, "a", "b")
    await store.close()
    found = await asyncio.to_thread(path.stat)
    assert found.st_size > 0
    assert found.st_mode & 0o077 == 0, "addresses and sealed secrets are nobody else's business"


def test_a_folder_that_cannot_be_written_is_named(public_folder: Path) -> None:
    public_folder.chmod(0o555)
    told = open_without_rights(f"sqlite:{public_folder / 'x.db'}")
    assert told.startswith("StoreError cannot create the database")
    assert f"let the service's user write to {public_folder}" in told


async def test_a_file_that_cannot_be_written_is_full_or_read_only(public_folder: Path) -> None:
    path = public_folder / "x.db"
    store = await open_store(f"sqlite:{path}", sealer=SEALER, backup_dir=None)
    await store.close()
    await asyncio.to_thread(path.chmod, 0o444)
    await asyncio.to_thread(public_folder.chmod, 0o777)
    told = await asyncio.to_thread(open_without_rights, f"sqlite:{path}")
    assert told.startswith(StoreFull.__name__), told
    assert "let the service's user write to the file" in told


def test_without_psycopg_the_message_names_the_extra() -> None:
    program = """
import sys
sys.modules["psycopg"] = None
import asyncio
from monitor.errors import StoreError
from monitor.store import Sealer, open_store
try:
    asyncio.run(open_store("postgresql://x/y", sealer=Sealer(b"k" * 32), backup_dir=None))
except StoreError as error:
    print(error)
"""
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert "pip install 'news-monitor[postgres]'" in run.stdout


def test_a_sqlite_store_loads_no_postgresql_driver(tmp_path: Path) -> None:
    program = """
import asyncio, sys
from monitor.store import Sealer, open_store
async def main():
    await (await open_store(sys.argv[1], sealer=Sealer(b"k" * 32), backup_dir=None)).close()
asyncio.run(main())
print("psycopg" in sys.modules)
"""
    run = subprocess.run(
        [sys.executable, "-c", program, f"sqlite:{tmp_path / 'x.db'}"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert run.stdout.endswith("False\n")
