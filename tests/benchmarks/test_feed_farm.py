"""The feed server answers as it says, and counts what was asked of it."""

import gzip
from collections.abc import Iterator
from typing import Any

import feedparser
import httpx
import pytest

from tests.benchmarks.conftest import Load

pytestmark = pytest.mark.process


@pytest.fixture
def farm(load: Load) -> Iterator[Any]:
    with load("feed_farm").Farm(6, addresses=3, hostile_addresses=2) as running:
        yield running


def test_a_feed_is_unchanged_until_it_publishes(farm: Any) -> None:
    first = httpx.get(farm.urls[4])
    assert len(feedparser.parse(first.content)["entries"]) == 25
    known = {"If-None-Match": first.headers["ETag"]}
    assert httpx.get(farm.urls[4], headers=known).status_code == 304
    assert farm.call("publish", share=0.5) == {"published": 3}
    changed = httpx.get(farm.urls[4], headers=known)
    assert changed.status_code == 200
    before = [entry["id"] for entry in feedparser.parse(first.content)["entries"]]
    after = [entry["id"] for entry in feedparser.parse(changed.content)["entries"]]
    assert after[1:] == before[:-1]
    assert after[0] not in before


def test_a_server_without_validators_sends_the_same_bytes_again(farm: Any) -> None:
    first = httpx.get(farm.urls[1])
    farm.call("set", validators=False)
    again = httpx.get(farm.urls[1], headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 200
    assert "ETag" not in again.headers
    assert again.content == first.content


def test_requests_are_counted_by_feed_until_the_count_begins_anew(farm: Any) -> None:
    for number in (0, 2, 2):
        httpx.get(farm.urls[number])
    report = farm.call("report")
    assert report["requests"] == [1, 0, 2, 0, 0, 0]
    assert report["statuses"] == {"200": 3}
    farm.call("clear")
    assert sum(farm.call("report")["requests"]) == 0


def test_feeds_lie_on_as_many_hosts_as_wanted_and_hostile_ones_on_others(farm: Any) -> None:
    hosts = {httpx.URL(url).host for url in farm.urls}
    hostile = {httpx.URL(farm.hostile_url("error", number)).host for number in range(4)}
    assert len(hosts) == 3
    assert len(hostile) == 2
    assert not hosts & hostile
    assert httpx.get(farm.hostile_url("error", 1)).status_code == 500


def test_the_time_from_serving_an_item_to_its_webhook_is_kept(farm: Any) -> None:
    farm.call("publish", share=1.0)
    document = feedparser.parse(httpx.get(farm.urls[3]).content)
    (link,) = farm.call("arrivals")
    assert link == document["entries"][0]["link"]
    assert farm.call("arrivals")[link] is None
    assert httpx.post(farm.hook, json={"hits": [{"link": link}]}).status_code == 204
    assert 0 < farm.call("arrivals")[link] < 60


def test_the_bomb_is_a_whole_gzip_stream_that_grows_a_thousandfold(load: Load) -> None:
    """In small: a sixty-fourth of the real one."""
    grown = 16 * 1024 * 1024
    packed = load("hostility").bomb(grown)
    assert len(packed) < grown / 900
    assert gzip.decompress(packed).endswith(b"<title>" + b" " * grown)
