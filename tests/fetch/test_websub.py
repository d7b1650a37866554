"""Finding a hub in Link fields and documents, the request's form, and signatures."""

import asyncio
import hashlib
import hmac
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.demo.loopback import LoopbackServer
from monitor.fetch.request import FetchOptions, fetch
from monitor.fetch.websub import Link, find_hub, form, may_know_secret, parse_links, signed_by_hub, with_hub
from monitor.model import FetchState, Hints, Hub
from monitor.net.client import make_client

URL = "https://paper.example/news/feed.xml"
NONE = Hints()


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("<https://h.example/>; rel=hub", [("https://h.example/", ("hub",))]),
        ('<https://h.example/>; rel="hub"', [("https://h.example/", ("hub",))]),
        ("<a>;rel=hub,<b>;rel=self", [("a", ("hub",)), ("b", ("self",))]),
        ('<a>; title="x, <y>; rel=self"; rel="Hub Self"', [("a", ("hub", "self"))]),
        (r'<a>; title="say \"hub\", no"; rel=self, <b>; rel=hub', [("a", ("self",)), ("b", ("hub",))]),
        ("<a?x=1,2;3>; rel=hub", [("a?x=1,2;3", ("hub",))]),
        ("< a > ; REL = HUB ; foo", [("a", ("hub",))]),
        ("<a>; rel=self; rel=hub", [("a", ("self",))]),
        ('<a>; rel=hub; anchor="#part", <b>; rel=hub', [("b", ("hub",))]),
        ("<a>", [("a", ())]),
        ("nothing, <a>; rel=hub", [("a", ("hub",))]),
        ("", []),
        ("<a; rel=hub", []),
        ('<a>; title="open; rel=hub', [("a", ())]),
    ],
)
def test_a_link_field_is_read_as_rfc_8288_has_it(
    field: str, expected: list[tuple[str, tuple[str, ...]]]
) -> None:
    assert [(link.target, link.rels) for link in parse_links(field)] == expected


targets = st.text(
    st.characters(codec="ascii", exclude_characters="<>", categories=("L", "N", "P", "S")), max_size=30
)
values = st.text(st.characters(codec="ascii", min_codepoint=32, max_codepoint=126), max_size=20)
tokens = st.text("abcdefghij-", min_size=1, max_size=8)


def quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


@given(
    st.lists(st.tuples(targets, st.lists(tokens, max_size=3), values), max_size=6),
    st.sampled_from([",", " ,\t"]),
)
def test_what_is_written_as_a_link_field_is_read_back(
    links: list[tuple[str, list[str], str]], comma: str
) -> None:
    field = comma.join(
        f'<{target}>; title={quoted(title)}; rel="{" ".join(rels)}"; media=all'
        for target, rels, title in links
    )
    assert parse_links(field) == [Link(target=target, rels=tuple(rels)) for target, rels, _ in links]


@given(st.text(st.characters(max_codepoint=255)), st.text(st.sampled_from('<>;,="\\ ab'), max_size=200))
def test_no_field_makes_the_reader_fail(anything: str, pieces: str) -> None:
    for field in (anything, pieces, f"<x>; rel=hub{pieces}"):
        parse_links(field)
        find_hub({"link": field}, NONE, url=URL)


@pytest.mark.parametrize(
    "piece", ["<", "<>", '<>;a="', '<>;a="\\"', '<>;a="b" ; a="', "<a>;rel=hub,", ';"=,']
)
def test_a_field_of_a_megabyte_is_read_in_no_time(piece: str) -> None:
    """Only its beginning is looked at, and no more links than any publisher has."""
    assert len(parse_links(piece * (1_000_000 // len(piece)))) <= 100


@pytest.mark.parametrize(
    ("link", "hints", "expected"),
    [
        # the field alone, the document alone, and the field before the document (WebSub, 4)
        ("<https://h.example/>; rel=hub, <https://t.example/>; rel=self", NONE, ("https://h.example/", "https://t.example/")),
        ("", Hints(hub="https://d.example/", self_url="https://s.example/"), ("https://d.example/", "https://s.example/")),
        (
            "<https://h.example/>; rel=hub, <https://t.example/>; rel=self",
            Hints(hub="https://d.example/", self_url="https://s.example/"),
            ("https://h.example/", "https://t.example/"),
        ),
        ("<https://h.example/>; rel=hub", Hints(self_url="https://s.example/"), ("https://h.example/", "https://s.example/")),
        # relative targets, and a feed that does not name itself
        ("</hub>; rel=hub, <feed>; rel=self", NONE, ("https://paper.example/hub", "https://paper.example/news/feed")),
        ("<//h.example/x>; rel=hub", NONE, ("https://h.example/x", URL)),
        # of several hubs one that can be given a secret
        ("<http://h.example/>; rel=hub, <https://g.example/>; rel=hub", NONE, ("https://g.example/", URL)),
        ("<http://h.example/>; rel=hub", NONE, ("http://h.example/", URL)),
        # what is no usable address is none
        ("<ftp://h.example/>; rel=hub", NONE, None),
        ("<https://u:p@h.example/>; rel=hub", NONE, None),
        ("<https://h.example:99999/>; rel=hub", NONE, None),
        ("<https://h.example/\x00>; rel=hub", NONE, None),
        (f"<https://h.example/{'x' * 2048}>; rel=hub", NONE, None),
        ("<javascript:alert(1)>; rel=hub", Hints(hub="https://d.example/"), ("https://d.example/", URL)),
        ("<https://t.example/>; rel=self", NONE, None),
        ("", NONE, None),
    ],
)  # fmt: skip
def test_the_hub_comes_from_the_header_first_then_from_the_document(
    link: str, hints: Hints, expected: tuple[str, str] | None
) -> None:
    found = find_hub({"link": link}, hints, url=URL)
    assert found == (Hub(hub=expected[0], topic=expected[1]) if expected else None)


@given(
    st.sampled_from(["", "<h>; rel=hub", "<h>; rel=hub, <t>; rel=self"]),
    st.none() | st.just("https://d.example/"),
)
def test_hints_with_the_hub_in_force_name_it_again_without_the_header(link: str, own: str | None) -> None:
    found = find_hub({"link": link}, Hints(hub=own, min_interval=60), url=URL)
    kept = with_hub(Hints(hub=own, min_interval=60), found)
    assert find_hub({}, kept, url="https://elsewhere.example/") == found
    assert kept.min_interval == 60


@pytest.mark.parametrize(
    ("hub", "may"),
    [
        ("https://h.example/", True),
        ("http://h.example/", False),
        ("http://127.0.0.1:80/", True),
        ("http://[::1]/", True),
        ("http://localhost/", True),
        ("http://localhost.example/", False),
    ],
)
def test_a_secret_is_told_only_where_nobody_can_read_along(hub: str, may: bool) -> None:  # noqa: FBT001
    assert may_know_secret(hub) is may


def test_the_form_holds_what_the_specification_names_and_nothing_empty() -> None:
    assert form("subscribe", topic="t", callback="c", secret="s", lease=60) == {
        "hub.mode": "subscribe",
        "hub.topic": "t",
        "hub.callback": "c",
        "hub.lease_seconds": "60",
        "hub.secret": "s",
    }
    assert form("unsubscribe", topic="t", callback="c") == {
        "hub.mode": "unsubscribe",
        "hub.topic": "t",
        "hub.callback": "c",
    }


@given(st.text(max_size=40), st.binary(max_size=200), st.sampled_from(["sha1", "sha256", "sha384", "sha512"]))
def test_a_signature_holds_for_its_own_secret_body_and_method_only(
    secret: str, body: bytes, method: str
) -> None:
    secret = secret.encode("utf-8", "replace").decode()
    digest = hmac.new(secret.encode(), body, getattr(hashlib, method)).hexdigest()
    assert signed_by_hub(secret, f"{method}={digest}", body)
    assert signed_by_hub(secret, f" {method.upper()}={digest.upper()} ", body)
    assert not signed_by_hub(secret + "x", f"{method}={digest}", body)
    assert not signed_by_hub(secret, f"{method}={digest}", body + b"x")
    assert not signed_by_hub(secret, f"{method}={digest[:-1]}", body)
    assert not signed_by_hub(secret, digest, body)


@given(st.text(max_size=80))
def test_no_signature_header_makes_the_check_fail_or_pass(header: str) -> None:
    assert not signed_by_hub("secret", header, b"body")


async def test_a_hub_is_found_in_what_a_real_answer_carries_on_several_lines() -> None:
    """Two Link lines and a redirect before them: targets are relative to where the answer came from."""

    async def publisher(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await reader.readuntil(b"\r\n\r\n")
        if b"GET /old" in asked:
            writer.write(b"HTTP/1.1 301 Moved\r\nLocation: /news/feed\r\nContent-Length: 0\r\n\r\n")
            return
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\nContent-Length: 6\r\n"
            b'Link: </css>; rel=preload\r\nLink: <../hub>; rel="hub"\r\nLink: <feed>; rel="self"\r\n\r\n<rss/>'
        )

    async with LoopbackServer(publisher) as server:
        home = f"http://127.0.0.1:{server.port}"
        client = make_client(user_agent="test", allow_networks=["127.0.0.0/8"], max_connections=2)
        state = FetchState(next_poll_at=datetime(2026, 1, 5, tzinfo=UTC))
        async with client:
            fetched = await fetch(client, f"{home}/old", state, options=FetchOptions())
    assert find_hub(fetched.headers, NONE, url=fetched.url) == Hub(
        hub=f"{home}/hub", topic=f"{home}/news/feed"
    )
