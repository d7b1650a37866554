"""The two sites: what the public one answers, to whom, and what only the trusted one does."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from monitor.app import App
from monitor.store import Transaction, audit
from monitor.web import create_site
from tests.conftest import TOPICS, opened, pass_time, poll_all, recorded, recording, small_stage, switch_off

PAPER = recording(
    "gazette",
    recorded("old", "Council meets in Douglas"),
    recorded("new", "Agents seize fentanyl at Otay Mesa", at=5),
)
WRITES = (
    ("POST", "/api/v1/feeds"),
    ("POST", "/api/v1/feeds/import"),
    ("POST", "/api/v1/feeds/poll"),
    ("GET", "/api/v1/feeds/discover?url=127.0.0.1"),
    ("POST", "/api/v1/topics/fentanyl/backtest"),
    ("GET", "/api/v1/topics/fentanyl/near-misses"),
    ("POST", "/api/v1/config/apply"),
    ("GET", "/api/v1/config/doctor"),
    ("POST", "/api/v1/channels/demo-hook/secret"),
    ("POST", "/api/v1/channels/demo-hook/enable"),
    ("POST", "/api/v1/channels/demo-hook/test"),
)


@asynccontextmanager
async def client(
    app: App, *, trusted: bool = False, host: str = "127.0.0.1"
) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=create_site(app, trusted=trusted))
    async with httpx.AsyncClient(transport=transport, base_url=f"http://{host}:8631") as made:
        yield made


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[App]:
    """An installation whose one alert has gone out."""
    async with small_stage(tmp_path, PAPER) as stage, opened(stage) as running:
        await poll_all(running)
        pass_time(stage)
        await poll_all(running)
        yield running


def problem(answer: httpx.Response, status: int) -> str:
    """Check the shape of a problem document (RFC 9457) and return its detail."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == status
    assert body["title"]
    assert body["type"]
    detail = body["detail"]
    assert isinstance(detail, str)
    return detail


async def test_health_and_readiness_are_told(app: App) -> None:
    async with client(app) as web:
        alive, ready = await web.get("/healthz"), await web.get("/readyz")
    assert (alive.status_code, alive.json()["status"]) == (200, "ok")
    assert ready.status_code == 200
    body = ready.json()
    assert (body["ready"], body["reasons"], body["topics"]) == (True, [], 2)
    assert body["feeds"] == {"ok": 1}
    assert body["deliveries"]["done"] == 2


async def test_a_broken_file_makes_it_unready_with_the_place_but_not_dead(tmp_path: Path) -> None:
    async with small_stage(tmp_path, PAPER) as stage:
        async with opened(stage):
            pass
        stage.watchlist.write_text(TOPICS.replace("fentanyl OR fentanilo", "fentanyl OR"))
        async with opened(stage) as running, client(running) as web:
            ready = await web.get("/readyz")
            assert ready.status_code == 503
            assert any("topics.toml:8" in reason for reason in ready.json()["reasons"])
            assert (await web.get("/healthz")).status_code == 200


async def test_a_writer_that_stands_still_is_reported_dead(app: App) -> None:
    app.started_at -= timedelta(seconds=61)
    async with client(app) as web:
        assert (await web.get("/healthz")).status_code == 503
        assert "writer has not answered" in " ".join((await web.get("/readyz")).json()["reasons"])
        await app.heartbeat()
        assert (await web.get("/healthz")).status_code == 200


async def test_the_public_site_shows_feeds_topics_deliveries_channels_and_reasons(app: App) -> None:
    async with client(app) as web:
        (feed,) = (await web.get("/api/v1/feeds")).json()
        assert (feed["slug"], feed["state"]) == ("gazette", "ok")
        assert [each["slug"] for each in (await web.get("/api/v1/topics")).json()] == [
            "border-wall",
            "fentanyl",
        ]
        lines = (await web.get("/api/v1/deliveries", params={"state": "done", "limit": 1})).json()
        assert len(lines) == 1
        assert lines[0]["attempts"][0]["outcome"] == "accepted"
        link = "https://paper.example/new"
        (item,) = (await web.get("/api/v1/items/explain", params={"target": link})).json()
        assert [each["topic"] for each in item["verdicts"] if each["hit"]] == ["fentanyl"]
        assert (await web.get("/api/v1/config/plan")).json() == []
        assert len((await web.get("/api/v1/channels")).json()) == 2


@pytest.mark.parametrize(("method", "path"), WRITES)
async def test_the_public_site_has_no_route_that_writes(app: App, method: str, path: str) -> None:
    async with client(app) as web:
        answer = await web.request(method, path, json={})
    assert answer.status_code in {404, 405}


async def test_every_route_of_the_public_site_only_reads(app: App) -> None:
    """Whatever is added later: nothing but GET and HEAD."""
    methods = {
        method
        for route in create_site(app, trusted=False).routes
        for method in getattr(route, "methods", None) or set()
    }
    assert methods <= {"GET", "HEAD"}


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "10.0.0.1", "localhost.evil"])
async def test_a_foreign_host_name_is_refused(app: App, host: str) -> None:
    async with client(app, host=host) as web:
        for path in ("/healthz", "/api/v1/feeds"):
            assert (await web.get(path)).status_code == 400


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
async def test_its_own_names_are_answered(app: App, host: str) -> None:
    async with client(app, host=host) as web:
        assert (await web.get("/healthz")).status_code == 200


async def test_answers_are_not_kept_or_guessed_at(app: App) -> None:
    async with client(app) as web:
        answer = await web.get("/api/v1/feeds")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_errors_are_problem_documents(app: App) -> None:
    async with client(app) as web:
        unknown = await web.get("/api/v1/items/explain", params={"target": "https://paper.example/never"})
        assert "no polled window" in problem(unknown, 404)
        refused = await web.get("/api/v1/deliveries", params={"state": "lost"})
        assert "pending, leased" in problem(refused, 422)
        assert problem(await web.get("/no/such/page"), 404)
        assert problem(await web.post("/api/v1/feeds"), 405)
        assert "limit" in problem(await web.get("/api/v1/deliveries", params={"limit": "0"}), 422)
        assert "target" in problem(await web.get("/api/v1/items/explain"), 422)


@pytest.mark.parametrize(
    "path",
    ["/feeds?stat=dead", "/deliveries?limit=5&stat=dead", "/topics?stat", "/items/explain?target=1&stat=1"],
)
async def test_an_unknown_query_parameter_is_refused_by_name(app: App, path: str) -> None:
    """A mistyped filter must not look like an answer to it."""
    async with client(app) as web:
        answer = await web.get(f"/api/v1{path}")
    assert "no parameter is called stat" in problem(answer, 422)


@pytest.mark.parametrize("target", ["%00", "https://paper.example/%00new", "1%00"])
async def test_a_nul_in_a_target_is_refused_in_words(app: App, target: str) -> None:
    async with client(app) as web:
        answer = await web.get(f"/api/v1/items/explain?target={target}")
    assert "NUL character" in problem(answer, 422)


async def test_text_that_no_store_can_keep_is_the_askers_fault(app: App) -> None:
    async with client(app, trusted=True) as web:
        body = {"url": "http://127.0.0.1:9/f", "slug": "f", "title": "nul \x00", "unchecked": True}
        answer = await web.post("/api/v1/feeds", json=body)
    assert "cannot be stored" in problem(answer, 422)


async def test_a_fault_of_ours_is_answered_without_its_details(app: App) -> None:
    await app.store.close()
    async with client(app) as web:
        answer = await web.get("/api/v1/feeds")
    assert problem(answer, 500)
    assert "Traceback" not in answer.text


async def test_the_trusted_site_adds_a_feed_and_keeps_who_did(app: App, tmp_path: Path) -> None:
    url = (await app.store.read(_first_url)) + "?copy"
    async with client(app, trusted=True, host="daemon") as web:
        body = {"url": url, "slug": "copy"}
        answer = await web.post("/api/v1/feeds", json=body, headers={"Monitor-Actor": "cli:ana"})
        assert answer.status_code == 201
        again = await web.post("/api/v1/feeds", json=body)
        assert "known already" in problem(again, 422)
        unknown = await web.post("/api/v1/feeds", json={**body, "colour": "red"})
        assert "colour" in problem(unknown, 422)
        polled = await web.post("/api/v1/feeds/poll", json={"feeds": ["copy"]})
        assert polled.json() == ["copy"]
    newest, *_ = await app.store.read(audit.recent_audit, limit=1)
    assert "cli:ana" in str(newest)
    assert "feed:copy" in str(newest)


def _first_url(tx: Transaction) -> str:
    row = tx.one("SELECT url FROM feeds")
    assert row
    return str(row["url"])


async def test_the_feeds_are_given_as_a_subscription_list(app: App) -> None:
    await app.store.write(switch_off, "gazette", reason="asked to stop")
    async with client(app) as web:
        given = await web.get("/api/v1/feeds/opml")
        everything = await web.get("/api/v1/feeds/opml", params={"all": True})
        assert "no parameter is called al" in problem(await web.get("/api/v1/feeds/opml?al=1"), 422)
    assert given.headers["content-type"] == "text/x-opml; charset=utf-8"
    assert b"xmlUrl" not in given.content
    assert b'isComment="true"' in everything.content


async def test_the_trusted_site_discovers_feeds(app: App) -> None:
    url = (await app.store.read(_first_url)) + "?other"
    async with client(app, trusted=True, host="daemon") as web:
        found = (await web.get("/api/v1/feeds/discover", params={"url": url})).json()
        assert [(each["title"], each["how"], each["known"]) for each in found["feeds"]] == [
            ("The Gazette", "address", "")
        ]
        refused = await web.get("/api/v1/feeds/discover", params={"url": "elpaso"})
        assert "no web address" in problem(refused, 422)


async def test_the_description_of_the_api_names_every_route(app: App) -> None:
    async with client(app) as web:
        described = (await web.get("/openapi.json")).json()
    assert {"/healthz", "/readyz", "/api/v1/feeds", "/api/v1/items/explain"} <= set(described["paths"])
