"""Routes that answer: numbers, why, silences, and routing tried out; who may only read cannot write."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.conftest import opened, pass_time, poll_all, recorded, recording, small_stage
from tests.web.test_site import client, problem

OLD = recorded("old", "Council meets in Douglas")
NEW = recorded("new", "Agents seize fentanyl at Otay Mesa", at=5)
PAPER = recording("gazette", OLD, NEW)
API = "/api/v1"


async def test_numbers_and_reasons_can_be_read_by_everybody(tmp_path: Path) -> None:
    async with (
        small_stage(tmp_path, PAPER) as stage,
        opened(stage) as app,
        client(app, trusted=False) as http,
    ):
        await poll_all(app)
        pass_time(stage)
        await poll_all(app)
        numbers = (await http.get(f"{API}/stats", params={"since": "2020-01-01T00:00:00Z"})).json()
        assert (numbers["items"], numbers["alerts"]["first"]) == (2, 2)
        assert {group["by"] for group in numbers["groups"]} == {"kind", "feed", "channel"}
        assert "timezone" in problem(await http.get(f"{API}/stats", params={"since": "2020-01-01"}), 422)
        why = (await http.get(f"{API}/items/why", params={"target": NEW.link})).json()
        assert {answer["verdict"] for answer in why["items"][0]["answers"]} == {"sent_now"}
        problem(await http.get(f"{API}/items/why", params={"target": "99"}), 404)
        problem(await http.get(f"{API}/items/why", params={"target": "nothing"}), 422)
        assert (await http.get(f"{API}/silences")).json() == []
        problem(await http.post(f"{API}/silences/preview", json={}), 404)
        problem(await http.post(f"{API}/route/test", json={"title": "Fentanyl"}), 404)


async def test_a_silence_is_made_and_ended_and_routing_tried_by_those_who_may_write(tmp_path: Path) -> None:
    async with small_stage(tmp_path, PAPER) as stage, opened(stage) as app, client(app, trusted=True) as http:
        await poll_all(app)
        until = (datetime.now(UTC) + timedelta(hours=2)).isoformat()
        body = {"topics": ["fentanyl"], "reason": "enough", "ends_at": until}
        made = await http.post(f"{API}/silences", json=body, headers={"Monitor-Actor": "cli:ana"})
        assert (made.status_code, made.json()["owner"], made.json()["state"]) == (201, "cli:ana", "in_force")
        routed = (await http.post(f"{API}/route/test", json={"title": "Fentanyl seized"})).json()
        assert [each["told"] for each in routed["routed"]] == [False, False]
        assert made.json()["uid"] in routed["routed"][0]["why"]
        looked = (await http.post(f"{API}/silences/preview", json={"words": ["fentanyl"]})).json()
        assert looked["hits"] == 0
        ended = await http.post(f"{API}/silences/{made.json()['uid']}/end")
        assert ended.json()["state"] == "ended"
        assert len((await http.get(f"{API}/silences", params={"all": True})).json()) == 1
        problem(await http.post(f"{API}/silences/none/end"), 404)
        problem(await http.post(f"{API}/silences", json={**body, "ends_at": "soon"}), 422)
        problem(await http.post(f"{API}/silences", json={**body, "topics": ["none"]}), 422)
        assert "extra" in problem(await http.post(f"{API}/route/test", json={"titel": "x"}), 422).lower()
