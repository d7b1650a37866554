"""What a document says of its own polling: read where it is sane, ignored where it is not."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.fetch.hints import of_feed
from monitor.fetch.parse import parse
from monitor.model import Hints

NOW = datetime(2026, 3, 1, tzinfo=UTC)
URL = "https://frontera.example/news/feed.xml"
SY = "http://purl.org/rss/1.0/modules/syndication/"
ITEM = "<item><title>One</title><link>https://frontera.example/1</link></item>"


def hints(head: str, *, items: str = ITEM, prolog: str = "") -> Hints:
    body = (
        f'{prolog}<rss version="2.0" xmlns:sy="{SY}" xmlns:a="http://www.w3.org/2005/Atom"><channel>'
        f"<title>Frontera</title>{head}{items}</channel></rss>"
    )
    return parse(body.encode(), headers={}, url=URL, now=NOW).hints


@pytest.mark.parametrize(
    ("head", "seconds"),
    [
        ("<ttl>60</ttl>", 3600),
        ("<ttl> 5 </ttl>", 300),
        ("<ttl>0</ttl>", 0),
        ("<ttl>-5</ttl>", 0),
        ("<ttl>1.5</ttl>", 0),
        ("<ttl>una hora</ttl>", 0),
        ("<ttl>٣</ttl>", 0),
        ("<ttl>99999999</ttl>", 0),
        ("<ttl>" + "9" * 5000 + "</ttl>", 0),
        ("<sy:updatePeriod>hourly</sy:updatePeriod>", 3600),
        (
            "<sy:updatePeriod>\n hourly \n</sy:updatePeriod><sy:updateFrequency>\n 2 \n</sy:updateFrequency>",
            1800,
        ),
        ("<sy:updatePeriod>Daily</sy:updatePeriod><sy:updateFrequency>4</sy:updateFrequency>", 6 * 3600),
        ("<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>0</sy:updateFrequency>", 0),
        ("<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>-1</sy:updateFrequency>", 0),
        ("<sy:updatePeriod>siempre</sy:updatePeriod>", 0),
        ("<sy:updateFrequency>4</sy:updateFrequency>", 0),
        ("<ttl>30</ttl><sy:updatePeriod>hourly</sy:updatePeriod>", 3600),
        ("<ttl>90</ttl><sy:updatePeriod>hourly</sy:updatePeriod>", 5400),
    ],
)
def test_the_larger_of_ttl_and_syndication_is_the_least_interval(head: str, seconds: int) -> None:
    assert hints(head).min_interval == seconds


def hours(*numbers: object) -> str:
    return "<skipHours>" + "".join(f"<hour>{number}</hour>\n" for number in numbers) + "</skipHours>"


def days(*names: str) -> str:
    return "<skipDays>" + "".join(f"<day>{name}</day>" for name in names) + "</skipDays>"


WEEK = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (hours(0, 1, 2, 23), (0, 1, 2, 23)),
        (hours(" 7 ", "07", 3), (3, 7)),
        (hours(24), (0,)),
        (hours(25, 99, -1, "x", ""), ()),
        (hours(*range(24)), ()),
        (hours(*range(1, 25)), ()),
        (hours(*range(23)), tuple(range(23))),
        ("<skipHours/>", ()),
        ("<skipHours>" + "<hour>1</hour>" * 1000 + "</skipHours>", ()),
    ],
)
def test_all_hours_to_skip_are_read_unless_they_say_never(head: str, expected: tuple[int, ...]) -> None:
    assert hints(head).skip_hours == expected


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (days("Saturday", "Sunday"), (5, 6)),
        (days("sunday", "MONDAY", "Sunday"), (0, 6)),
        (days("domingo", "Someday", ""), ()),
        (days(*WEEK), ()),
        (days(*WEEK[:6]), (0, 1, 2, 3, 4, 5)),
    ],
)
def test_all_days_to_skip_are_read_unless_they_say_never(head: str, expected: tuple[int, ...]) -> None:
    assert hints(head).skip_days == expected


@pytest.mark.parametrize("prolog", ["", "<!DOCTYPE rss>"], ids=["cut", "whole"])
def test_links_of_the_feed_are_read_absolute(prolog: str) -> None:
    head = (
        '<a:link rel="hub" href="javascript:x"/><a:link rel="hub" href="https://hub.example/"/>'
        '<a:link rel="self" href="/feed"/><a:link rel="NEXT" href="?page=2"/>'
    )
    found = hints(head, prolog=prolog)
    assert (found.hub, found.self_url) == ("https://hub.example/", "https://frontera.example/feed")
    assert found.older == "https://frontera.example/news/feed.xml?page=2"


def test_an_archive_comes_before_a_next_page() -> None:
    head = '<a:link rel="next" href="/2"/><a:link rel="prev-archive" href="/2025"/>'
    assert hints(head).older == "https://frontera.example/2025"


def test_one_link_may_have_several_relations() -> None:
    found = hints('<a:link rel="self hub" href="https://a.example/"/>')
    assert found.hub == found.self_url == "https://a.example/"


def test_links_of_entries_are_none_of_the_feeds() -> None:
    items = '<item><title>x</title><a:link rel="hub" href="https://b.example/"/><ttl>9</ttl></item>'
    assert hints("", items=items) == Hints()


def test_what_stands_after_the_entries_counts_too() -> None:
    assert hints("", items=ITEM + hours(4) + "<ttl>9</ttl>") == Hints(min_interval=540, skip_hours=(4,))


def test_json_feeds_name_hubs_and_the_next_page() -> None:
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "hubs": ["x", {"type": "rssCloud", "url": "https://c.example/"}, {"type": "WebSub", "url": "/hub"}],
        "feed_url": "https://frontera.example/feed.json",
        "next_url": "feed.json?page=2",
        "items": [],
    }
    found = parse(json.dumps(feed).encode(), headers={}, url=URL, now=NOW).hints
    assert found == Hints(
        hub="https://frontera.example/hub",
        self_url="https://frontera.example/feed.json",
        older="https://frontera.example/news/feed.json?page=2",
    )
    odd = {**feed, "hubs": {"url": 1}, "feed_url": ["x"], "next_url": "ftp://a.example/"}
    assert parse(json.dumps(odd).encode(), headers={}, url=URL, now=NOW).hints == Hints()


@given(st.binary(max_size=200), st.text(max_size=30), st.text(max_size=30))
def test_no_document_makes_a_hint_that_cannot_be_kept(head: bytes, text: str, address: str) -> None:
    feed = {"ttl": text, "sy_updateperiod": "hourly", "sy_updatefrequency": text}
    found = of_feed({**feed, "links": [{"rel": "hub", "href": address}, {"rel": "self"}]}, head, url=URL)
    assert 0 <= found.min_interval <= 366 * 24 * 3600
    assert len(found.skip_hours) < 24
    assert len(found.skip_days) < 7
    assert found.hub is None or found.hub.startswith(("http://", "https://", "HTTP"))
