"""The feed server keeps to HTTP: validators, 304, compression, faults; and to its own clock."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime

import feedparser
import httpx
import pytest

from monitor.demo.feed_server import FeedServer
from monitor.demo.recordings import load_recordings


@dataclass(slots=True)
class Clock:
    """A clock that stands still until it is told to go on."""

    now: datetime = field(default_factory=lambda: datetime(2025, 1, 20, 12, 0, tzinfo=UTC))

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def server(clock: Clock) -> AsyncIterator[FeedServer]:
    async with FeedServer(load_recordings(), clock=clock) as running:
        yield running


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False) as open_client:
        yield open_client


def validators(response: httpx.Response) -> dict[str, str]:
    pairs = {
        "if-none-match": response.headers.get("etag"),
        "if-modified-since": response.headers.get("last-modified"),
    }
    return {name: value for name, value in pairs.items() if value}


async def titles(client: httpx.AsyncClient, url: str) -> set[str]:
    return {entry.title for entry in feedparser.parse((await client.get(url)).content).entries}


async def test_every_feed_answers_304_to_its_own_validators(
    server: FeedServer, client: httpx.AsyncClient
) -> None:
    for slug in server.recordings:
        first = await client.get(server.url(slug))
        again = await client.get(server.url(slug), headers=validators(first))
        assert (first.status_code, again.status_code) == (200, 304), slug
        assert again.content == b""
        assert validators(again) == validators(first)


async def test_a_change_ends_the_304s(server: FeedServer, client: httpx.AsyncClient, clock: Clock) -> None:
    server.begin()
    for slug, recording in server.recordings.items():
        first = await client.get(server.url(slug))
        clock.pass_by(20)
        second = await client.get(server.url(slug), headers=validators(first))
        second = (
            second
            if second.status_code != 500
            else await client.get(server.url(slug), headers=validators(first))
        )
        assert second.status_code == 200, slug
        assert len(second.content) > 0
        server.began_at = clock.now
        assert recording.changes()


async def test_a_wrong_or_unreadable_validator_gets_the_feed(
    server: FeedServer, client: httpx.AsyncClient
) -> None:
    for headers in (
        {"if-none-match": '"other"'},
        {"if-modified-since": "some day"},
        {"if-modified-since": ""},
    ):
        assert (await client.get(server.url("border-county-courier"), headers=headers)).status_code == 200


async def test_a_matching_tag_in_a_list_counts_weakly(server: FeedServer, client: httpx.AsyncClient) -> None:
    tag = (await client.get(server.url("rio-grande-ledger"))).headers["etag"]
    answer = await client.get(server.url("rio-grande-ledger"), headers={"if-none-match": f'"other", W/{tag}'})
    assert answer.status_code == 304


async def test_the_tag_decides_before_the_date(
    server: FeedServer, client: httpx.AsyncClient, clock: Clock
) -> None:
    headers = {"if-none-match": '"other"', "if-modified-since": format_datetime(clock.now, usegmt=True)}
    assert (await client.get(server.url("frontera-hoy"), headers=headers)).status_code == 200


async def test_last_modified_is_the_moment_of_the_last_change(
    server: FeedServer, client: httpx.AsyncClient, clock: Clock
) -> None:
    server.begin()
    began = clock.now
    clock.pass_by(5)
    modified = (await client.get(server.url("norte-al-dia"))).headers["last-modified"]
    assert parsedate_to_datetime(modified) == began + timedelta(seconds=3)


async def test_a_feed_is_compressed_only_when_asked(server: FeedServer, client: httpx.AsyncClient) -> None:
    plain = await client.get(server.url("frontera-hoy"), headers={"accept-encoding": "identity"})
    packed = await client.get(server.url("frontera-hoy"), headers={"accept-encoding": "gzip"})
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.content == plain.content
    assert int(packed.headers["content-length"]) < len(plain.content)
    assert packed.headers["etag"].startswith("W/")


async def test_items_appear_only_after_the_run_began(
    server: FeedServer, client: httpx.AsyncClient, clock: Clock
) -> None:
    clock.pass_by(100)
    before = await titles(client, server.url("frontera-hoy"))
    server.begin()
    clock.pass_by(1.5)
    after = await titles(client, server.url("frontera-hoy"))
    assert after - before == {"Descubren un narcotúnel con elevador entre Tijuana y Otay Mesa"}
    assert before < after


async def test_the_run_begins_when_every_feed_was_asked_conditionally(
    server: FeedServer, client: httpx.AsyncClient
) -> None:
    for slug in server.recordings:
        await client.get(server.url(slug))
        await client.get(server.url(slug))
    assert server.began_at is None
    assert set(server.waiting_for()) == set(server.recordings)
    for slug in server.recordings:
        assert server.began_at is None
        await client.get(server.url(slug), headers={"if-none-match": '"any"'})
    assert server.began_at is not None
    assert server.waiting_for() == ()


async def test_a_fault_is_answered_once_and_then_all_is_well(
    server: FeedServer, client: httpx.AsyncClient, clock: Clock
) -> None:
    server.begin()
    statuses = [(await client.get(server.url("cronica-del-paso"))).status_code]
    clock.pass_by(3)
    statuses += [(await client.get(server.url("cronica-del-paso"))).status_code for _ in range(2)]
    assert statuses == [200, 500, 200]


async def test_a_server_given_a_beginning_goes_on_from_there(clock: Clock, client: httpx.AsyncClient) -> None:
    began = clock.now - timedelta(seconds=60)
    async with FeedServer(load_recordings(), clock=clock, began_at=began) as server:
        assert server.moment().elapsed == 60
        assert (
            "OPEC cartel weighs a deeper cut in oil output"
            in (await client.get(server.url("desert-line-dispatch"))).text
        )


async def test_it_is_exhausted_once_every_feed_was_fetched_after_its_last_change(
    server: FeedServer, client: httpx.AsyncClient, clock: Clock
) -> None:
    assert not server.exhausted()
    server.begin()
    for slug in server.recordings:
        await client.get(server.url(slug))
    clock.pass_by(60)
    assert not server.exhausted()
    for slug in server.recordings:
        assert not server.exhausted()
        while (await client.get(server.url(slug))).status_code != 200:
            assert not server.exhausted()
    assert server.exhausted()


async def test_requests_are_logged_and_an_unknown_path_is_404(
    server: FeedServer, client: httpx.AsyncClient
) -> None:
    assert (await client.get(server.url("nothing"))).status_code == 404
    await client.get(server.url("frontera-hoy"), headers={"user-agent": "reader/1"})
    assert [(request.slug, request.status, request.user_agent) for request in server.requests] == [
        ("frontera-hoy", 200, "reader/1")
    ]
    assert server.requests[0].size > 0


async def test_closing_ends_open_connections(clock: Clock) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        async with FeedServer(load_recordings(), clock=clock) as server:
            url = server.url("frontera-hoy")
            await client.get(url)
        with pytest.raises(httpx.TransportError):
            await client.get(url)
