"""Small facts about the installation, by name."""

from monitor.store.connector import Transaction


def get_meta(tx: Transaction, key: str) -> str | None:
    """Return a fact, or None."""
    row = tx.one("SELECT value FROM meta WHERE key = :key", key=key)
    return None if row is None else str(row["value"])


def put_meta(tx: Transaction, key: str, value: str) -> None:
    """Set a fact."""
    tx.run(
        "INSERT INTO meta (key, value) VALUES (:key, :value) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        key=key,
        value=value,
    )
