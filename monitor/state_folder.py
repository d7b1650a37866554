"""The state folder: made, locked for one process, and keeper of the key that seals stored secrets."""

import base64
import os
from pathlib import Path

import filelock

from monitor.config import Settings
from monitor.errors import StoreBusy, StoreError
from monitor.store import Sealer

LOCK_FILE = "monitor.lock"
KEY_FILE = "secret.key"
KEY_BYTES = 32


def prepare_state_dir(path: Path) -> Path:
    """Make the state folder, readable by us alone."""
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise StoreError(
            f"the state folder {path} cannot be made: {error.strerror}; "
            "set [store] state_dir to a folder this user can write"
        ) from error
    return path


def take_lock(state: Path) -> filelock.FileLock:
    """Take the lock of a state folder; it ends with the process, however that dies.

    Raises StoreBusy naming the holder, when another process has it.
    """
    lock = filelock.FileLock(state / LOCK_FILE, mode=0o600)
    try:
        lock.acquire(blocking=False)
    except filelock.Timeout as error:
        raise StoreBusy(
            f"another monitor process uses {state}; stop it first, or point [store] state_dir elsewhere"
        ) from error
    except OSError as error:
        raise StoreError(
            f"the state folder {state} cannot be written: {error.strerror}; check its owner and the disk"
        ) from error
    return lock


def store_key(settings: Settings) -> bytes:
    """Read the key that seals stored secrets: the configured one, else one made once in the state folder.

    Raises StoreError when the key file cannot be written or does not hold 32 bytes in base64.
    """
    if settings.store_key is not None:
        return settings.store_key
    path = settings.state_dir / KEY_FILE
    try:
        if not path.exists():
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(base64.b64encode(Sealer.new_key()) + b"\n")
        key = base64.b64decode(path.read_bytes().strip(), validate=True)
    except OSError as error:
        raise StoreError(
            f"the key file {path} cannot be used: {error.strerror}; check its owner and the disk"
        ) from error
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise StoreError(
            f"the key file {path} does not hold 32 bytes in base64; put it back from a backup, or remove it: "
            "then a new key is made, and webhook channels need a new secret in their file"
        )
    return key
