"""What a claim costs goes with what is due and on its way, not with all that was ever sent."""

import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from monitor.store import Sealer, Transaction, open_store, outbox
from monitor.store.connector import Dialect, Row
from tests.contract.conftest import Clock, Seed

EVERY_ROW = re.compile(r"SCAN (deliveries|attempts|payloads|[dapo])\b")


class Planned:
    """Passes on to a transaction, and collects the plan of each statement on its way."""

    def __init__(self, tx: Transaction) -> None:
        self.tx = tx
        self.dialect: Dialect = tx.dialect
        self.sealer = tx.sealer
        self.plans: dict[str, str] = {}

    def _plan(self, sql: str, params: Mapping[str, Any]) -> None:
        self.plans[sql] = "\n".join(
            row["detail"] for row in self.tx.rows(f"EXPLAIN QUERY PLAN {sql}", **params)
        )

    def rows(self, sql: str, **params: Any) -> list[Row]:
        self._plan(sql, params)
        return self.tx.rows(sql, **params)

    def one(self, sql: str, **params: Any) -> Row | None:
        self._plan(sql, params)
        return self.tx.one(sql, **params)

    def run(self, sql: str, **params: Any) -> int:
        self._plan(sql, params)
        return self.tx.run(sql, **params)

    def many(self, sql: str, params: Iterable[Mapping[str, Any]]) -> None:
        self.tx.many(sql, params)


async def test_no_statement_of_a_claim_goes_through_every_delivery(tmp_path: Path) -> None:
    t = Clock()
    store = await open_store(
        f"sqlite:///{tmp_path / 'monitor.db'}", sealer=Sealer(b"k" * 32), backup_dir=None
    )

    def claim(tx: Transaction) -> dict[str, str]:
        planned, seed = Planned(tx), Seed(t)
        seed.delivery(tx, seed.alert(tx, "d-1"))
        outbox.sweep(planned, now=t())
        claimed = outbox.claim(planned, owner="me", now=t(), lease=timedelta(minutes=5), limit=9)
        assert len(claimed) == 1
        return planned.plans

    plans = await store.write(claim)
    await store.close()
    assert len(plans) > 9, "the statements were seen"
    assert {sql: plan for sql, plan in plans.items() if EVERY_ROW.search(plan)} == {}
