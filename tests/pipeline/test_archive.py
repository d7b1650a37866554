"""The archive stage: what was polled is indexed behind the polls, whatever happens meanwhile."""

from pathlib import Path

from structlog.testing import capture_logs

from monitor.app import App
from monitor.pipeline import folding, index_archive
from monitor.pipeline.archive import BATCH
from monitor.store import Transaction, archive, items
from monitor.store.archive import IndexState
from tests.conftest import opened, pass_time, poll_all, recorded, recording, small_stage

PAPER = recording(
    "gazette",
    recorded("old", "Council meets in Douglas"),
    recorded("new", "Agents seize fentanyl at Otay Mesa", at=5),
)


async def state(app: App) -> IndexState:
    return await app.store.read(archive.index_state, folding=folding())


async def test_what_polls_bring_is_indexed_once(tmp_path: Path) -> None:
    async with small_stage(tmp_path, PAPER) as stage, opened(stage) as app:
        await poll_all(app)
        assert not (await state(app)).current
        with capture_logs() as logged:
            assert await app.index_archive() == 1
        assert [line["versions"] for line in logged if line["event"] == "archive.indexed"] == [1]
        assert await state(app) == IndexState(indexed=1, queued=0, current=True)
        pass_time(stage)
        await poll_all(app)
        assert await state(app) == IndexState(indexed=1, queued=1, current=True)
        assert [await app.index_archive() for _ in range(2)] == [1, 0]
        assert await state(app) == IndexState(indexed=2, queued=0, current=True)


async def test_an_index_of_another_folding_is_made_anew(tmp_path: Path) -> None:
    def age(tx: Transaction) -> None:
        tx.run("UPDATE meta SET value = 'older' WHERE key = 'archive_folding'")

    async with small_stage(tmp_path, PAPER) as stage, opened(stage) as app:
        await poll_all(app)
        await app.index_archive()
        await app.store.write(age)
        assert await app.index_archive() == 1
        assert await state(app) == IndexState(indexed=1, queued=0, current=True)


async def test_a_run_ends_at_its_limit_and_goes_on_where_it_ended(tmp_path: Path) -> None:
    many = recording("gazette", *(recorded(f"n{n}", f"Council meets, part {n}") for n in range(BATCH + 20)))
    async with small_stage(tmp_path, many) as stage, opened(stage) as app:
        await poll_all(app)
        stored = len(await app.store.read(items.recent_items, limit=9999))
        assert stored > BATCH
        assert await index_archive(app.context, limit=1) == BATCH, "a batch is never cut"
        assert await app.index_archive() == stored - BATCH


def test_the_sign_of_a_folding_is_short_and_the_same_every_time() -> None:
    assert folding() == folding.__wrapped__()
    assert len(folding()) == 16
