"""The file of a SQLite database: made private, checked before it is opened, copied whole or not at all.

Knows the file system and nothing of SQLite: what goes into a copy is handed in.
"""

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

import filelock

from monitor.errors import StoreBusy, StoreError, StoreFull


def prepare(path: Path) -> None:
    """Make the file, readable by us alone, unless it exists. Raises `StoreError` when it cannot be one."""
    if not path.parent.is_dir():
        raise StoreError(
            f"the folder {path.parent} does not exist; create it, or set another path for the database"
        )
    if path.is_dir():
        raise StoreError(f"{path} is a folder; give the path of a database file")
    try:
        if not path.exists():
            _touch_private(path)
    except OSError as error:
        raise StoreError(
            f"cannot create the database {path}: {error.strerror}; let the service's user write to {path.parent}"
        ) from error


def write_copy(target: Path, fill: Callable[[Path], None]) -> None:
    """Let `fill` write into an empty private file, which then takes the name `target`: on disk, or not at all.

    Raises `StoreError` when the target exists, `StoreFull` when the file system refuses, and what `fill` raises.
    A half-written copy is removed.
    """
    if target.exists():
        raise StoreError(f"{target} exists already; a backup never overwrites: choose another name")
    partial_copy = target.with_name(target.name + ".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        partial_copy.unlink(missing_ok=True)
        _touch_private(partial_copy)
        fill(partial_copy)
        _fsync(partial_copy)
        partial_copy.rename(target)
        _fsync(target.parent)
    except OSError as error:
        raise StoreFull(
            f"cannot write the backup {target}: {error.strerror}; make room or choose another folder"
        ) from error
    finally:
        with contextlib.suppress(OSError):
            partial_copy.unlink(missing_ok=True)


class LockFile:
    """Says which process has a database for itself; the system gives it back when that process dies."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = filelock.FileLock(path.with_name(path.name + ".lock"), mode=0o600, thread_local=False)

    def take(self) -> None:
        """Take the lock. Raises `StoreBusy` when another process has it, `StoreFull` when it cannot be made."""
        try:
            self._lock.acquire(blocking=False)
        except filelock.Timeout as error:
            raise StoreBusy(
                f"another monitor process has the database {self._path} for itself; stop it first"
            ) from error
        except OSError as error:
            raise StoreFull(
                f"cannot lock {self._path}: {error.strerror}; check its folder and the disk"
            ) from error

    def give_back(self) -> None:
        """Let others have it; harmless when it was never taken."""
        self._lock.release(force=True)


def _touch_private(path: Path) -> None:
    # Addresses and sealed secrets are nobody else's business; SQLite gives -wal and -shm the same mode.
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o600))


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
