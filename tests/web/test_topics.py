"""Routes that look through the archive: what they answer, line by line or at once, and what they refuse."""

import json
from pathlib import Path

from tests.conftest import opened, poll_all, recorded, recording, small_stage
from tests.web.test_site import client, problem

PAPER = recording(
    "gazette",
    recorded("seized", "Agents seize fentanyl at the bridge"),
    recorded("court", "Fentanyl case goes to court"),
)
PATH = "/api/v1/topics/fentanyl"


async def test_a_back_test_is_told_at_once_or_line_by_line(tmp_path: Path) -> None:
    async with small_stage(tmp_path, PAPER) as stage, opened(stage) as app, client(app, trusted=True) as http:
        await poll_all(app)
        body = {"query": "fentanyl AND bridge", "since": "2020-01-01T00:00:00Z"}
        told = (await http.post(f"{PATH}/backtest", json=body)).json()
        lines = (await http.post(f"{PATH}/backtest?progress=true", json=body)).text.splitlines()
        assert (told["kept"], told["gained"], told["lost"]) == (1, 0, 1)
        assert json.loads(lines[-1]) == {"result": told}
        assert json.loads(lines[0]) == {"done": 0, "of": 2}


async def test_what_is_wrong_is_told_in_either_form(tmp_path: Path) -> None:
    async with small_stage(tmp_path, PAPER) as stage, opened(stage) as app, client(app, trusted=True) as http:
        wrong = {"query": "NOT fentanyl"}
        assert "line 1" in problem(await http.post(f"{PATH}/backtest", json=wrong), 422)
        (line,) = (await http.post(f"{PATH}/backtest?progress=true", json=wrong)).text.splitlines()
        assert (json.loads(line)["status"], "line 1" in json.loads(line)["detail"]) == (422, True)
        assert "timezone" in problem(await http.post(f"{PATH}/backtest", json={"since": "2020-01-01"}), 422)
        assert "extra" in problem(await http.post(f"{PATH}/backtest", json={"days": 3}), 422).lower()
        problem(await http.post("/api/v1/topics/none/backtest", json={}), 404)
        problem(await http.get(f"{PATH}/near-misses", params={"limit": 0}), 422)


async def test_near_misses_are_listed(tmp_path: Path) -> None:
    async with small_stage(tmp_path, PAPER) as stage:
        stage.watchlist.write_text(
            stage.watchlist.read_text().replace("fentanyl OR", "bridge AND fentanyl OR", 1)
        )
        stage.watchlist.write_text(
            stage.watchlist.read_text().replace("bridge AND fentanyl OR fentanilo", "bridge AND fentanyl")
        )
        async with opened(stage) as app, client(app, trusted=True) as http:
            await poll_all(app)
            told = (await http.get(f"{PATH}/near-misses", params={"limit": 5})).json()
    assert [miss["sentence"] for miss in told["misses"]] == ["bridge does not occur"]
    assert told["misses"][0]["seen_at"].startswith("20")
