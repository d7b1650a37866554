"""What takes the processor for long runs beside the event loop, which has deliveries and requests to serve."""

import asyncio
import threading
from dataclasses import replace
from pathlib import Path

from monitor.demo.stage import shipped_watchlist
from monitor.match import TopicMatch, Watchlist
from monitor.model import ItemText
from monitor.store import watchlist
from tests.conftest import opened, poll_all, recorded, recording, small_stage

PAPER = recording("gazette", *(recorded(f"item-{n}", f"Fentanyl seized at gate {n}") for n in range(120)))


class Noting(Watchlist):
    """Notes in which thread it is asked."""

    threads: set[int]

    def match(self, text: ItemText) -> list[TopicMatch]:
        self.threads.add(threading.get_ident())
        return super().match(text)


async def test_items_are_matched_beside_the_loop_and_none_is_left_out(tmp_path: Path) -> None:
    async with small_stage(tmp_path, PAPER) as stage, opened(stage) as app:
        noting = Noting(app.watchlist._parts, revision=app.watchlist.revision)
        noting.threads = set()
        app.poller._context = replace(app.context, watchlist=lambda: noting)
        await poll_all(app)
        made = await app.store.read(lambda tx: tx.one("SELECT count(*) AS number FROM hits"))
    assert made == {"number": 120}
    assert noting.threads
    assert threading.get_ident() not in noting.threads


async def test_of_two_applications_at_once_the_later_stays_in_force(tmp_path: Path) -> None:
    """Signals and commands may ask side by side, and the first may have the longer files to read."""
    async with small_stage(tmp_path, PAPER) as stage, opened(stage) as app:
        small, draft = stage.watchlist.read_text(), tmp_path / "draft.toml"
        draft.write_text(shipped_watchlist().read_text())
        draft.replace(stage.watchlist)
        first = asyncio.create_task(app.apply_files(actor="first"))
        await asyncio.sleep(0.05)
        draft.write_text(small)
        draft.replace(stage.watchlist)
        await asyncio.gather(first, app.apply_files(actor="second"))
        stored = await app.store.read(watchlist.list_topics)
        assert [topic.slug for topic in stored] == ["border-wall", "fentanyl"]
        assert [topic.slug for topic in app.watchlist.topics] == ["border-wall", "fentanyl"]
