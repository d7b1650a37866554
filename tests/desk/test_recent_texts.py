"""Advice on the configuration's topics looks at what the store holds."""

from dataclasses import asdict
from pathlib import Path

import httpx

from monitor.desk.topics import recent_texts, record_text, run_lint
from monitor.store import watchlist
from monitor.web import create_site
from tests.conftest import opened, poll_all, recorded, recording, small_stage


async def test_the_newest_items_are_read_as_records_and_judge_the_terms(tmp_path: Path) -> None:
    rain = [recorded(f"r{n}", f"Rain falls on day {n}", "Wet & cold") for n in range(200)]
    seized = [recorded(f"f{n}", f"Fentanyl case {n}") for n in range(20)]
    async with small_stage(tmp_path, recording("paper", *rain, *seized)) as stage, opened(stage) as app:
        await poll_all(app)
        records = await recent_texts(app, limit=1_000)
        assert {(each.title, each.summary, each.lang) for each in records} >= {
            ("Rain falls on day 7", "Wet & cold", "en"),
            ("Fentanyl case 3", "", "en"),
        }
        assert [each.id for each in records] == sorted((each.id for each in records), reverse=True)
        inside = httpx.ASGITransport(app=create_site(app, trusted=True))
        async with httpx.AsyncClient(transport=inside, base_url="http://here") as web:
            answer = await web.get("/api/v1/items/texts?limit=3")
            assert [each["id"] for each in answer.json()] == [each.id for each in records[:3]]
            assert (await web.get("/api/v1/items/texts?limit=100000")).status_code == 422
        texts = [record_text(record, line=1)[1] for record in map(asdict, records)]
        topics = await app.store.read(watchlist.list_topics, enabled_only=False)
        found = run_lint(topics, texts)
        assert "broad-term" in [one.code for one in found["fentanyl"]]
        assert "broad-term" not in [one.code for one in found.get("border-wall", [])]
