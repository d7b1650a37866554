"""Keys, fingerprints and links for comparing."""

import random
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.fetch.document import Entry, Parsed
from monitor.fetch.identity import canonical_link, identify
from monitor.model import ItemDraft, Outcome


def keys(*entries: Entry) -> list[str]:
    return [draft.key for draft in made(*entries)]


def made(*entries: Entry, feed_language: str = "und", source: str = "") -> tuple[ItemDraft, ...]:
    parsed = Parsed(outcome=Outcome.NEW, title="El Diario", language="es", entries=entries)
    return identify(parsed, feed_language=feed_language, source=source).drafts


def test_a_guid_that_stands_once_is_the_key() -> None:
    entry = Entry(raw_id="4711", link="https://a.example/1", title="One")
    assert keys(entry) == ["guid:4711"]


def test_a_guid_shared_by_different_items_counts_with_the_link_for_all_of_them() -> None:
    entries = [Entry(raw_id="x", link=f"https://a.example/{n}", title=str(n)) for n in range(3)]
    assert keys(*entries) == [f"guid:x https://a.example/{n}" for n in range(3)]


def test_a_shared_guid_without_links_counts_with_the_text() -> None:
    found = keys(Entry(raw_id="x", title="One"), Entry(raw_id="x", title="Two"))
    assert len(set(found)) == 2
    assert all(key.startswith("guid:x ") for key in found)


def test_one_item_that_stands_twice_keeps_its_plain_key() -> None:
    """Else its identity would change when the second copy leaves the window."""
    entry = Entry(raw_id="x", link="https://a.example/1", title="One")
    assert keys(entry, replace(entry, title="One, again")) == ["guid:x"]
    assert made(entry, replace(entry, title="One, again"))[0].text.title == "One"


def test_without_guid_the_link_is_the_key_and_trackers_do_not_count() -> None:
    assert keys(Entry(link="http://A.example/1?utm_source=rss")) == ["link:https://a.example/1"]


def test_links_that_differ_only_in_their_fragment_are_different_items() -> None:
    found = made(Entry(link="https://a.example/log#v2"), Entry(link="https://a.example/log#v1"))
    assert [draft.key for draft in found] == [
        "link:https://a.example/log#v2",
        "link:https://a.example/log#v1",
    ]
    assert len({draft.canonical_link for draft in found}) == 2


def test_a_lone_fragment_does_not_count_for_comparing_but_keeps_the_key_steady() -> None:
    found = made(Entry(link="https://a.example/log#v1"))
    assert found[0].canonical_link == "https://a.example/log"
    assert found[0].key == "link:https://a.example/log#v1"


def test_with_neither_the_text_is_the_key() -> None:
    one, two, same = (keys(Entry(title=title, body="b"))[0] for title in ("One", "Two", "One"))
    assert one.startswith("hash:")
    assert one == same != two


def test_an_entry_with_nothing_in_it_is_left_out() -> None:
    assert keys(Entry(published=datetime(2025, 1, 1, tzinfo=UTC)), Entry(title="x")) == keys(Entry(title="x"))


def test_a_very_long_guid_still_gives_a_short_and_distinct_key() -> None:
    one, two = keys(Entry(raw_id="x" * 4000), Entry(raw_id="x" * 4001))
    assert len(one) < 100
    assert one != two


def test_a_guid_of_300_characters_is_kept_and_a_longer_one_says_that_it_was_hashed() -> None:
    assert keys(Entry(raw_id="x" * 300)) == [f"guid:{'x' * 300}"]
    assert keys(Entry(raw_id="x" * 301))[0].startswith("guid:sha256-")


def test_the_text_names_the_link_as_it_stands_in_the_feed() -> None:
    assert (
        made(Entry(link="http://A.example/1?utm_source=rss"))[0].text.url
        == "http://A.example/1?utm_source=rss"
    )
    assert made(Entry(raw_id="1"))[0].text.url == ""


def test_an_item_that_nobody_gave_a_language_is_undetermined() -> None:
    parsed = Parsed(outcome=Outcome.NEW, language="und", entries=(Entry(raw_id="1"),))
    (draft,) = identify(parsed, feed_language="und", source="").drafts
    assert draft.text.language == "und"


def test_a_fingerprint_has_128_bits_in_hex() -> None:
    """Stored ones are compared with new ones: another length would make every item look changed."""
    assert len(made(Entry(raw_id="1"))[0].fingerprint) == 32


def test_the_fingerprint_is_of_title_and_text_only() -> None:
    entry = Entry(raw_id="1", title="One", summary="s", body="b", link="https://a.example/1")
    same = replace(entry, link="https://a.example/2", tags=("t",), published=datetime(2025, 1, 1, tzinfo=UTC))
    assert made(entry)[0].fingerprint == made(same)[0].fingerprint
    for changed in (replace(entry, title="Two"), replace(entry, summary="t"), replace(entry, body="c")):
        assert made(changed)[0].fingerprint != made(entry)[0].fingerprint


def test_the_configured_language_wins_then_the_entry_then_the_document() -> None:
    entry = Entry(raw_id="1", language="en")
    assert made(entry, feed_language="fr")[0].text.language == "fr"
    assert made(entry)[0].text.language == "en"
    assert made(Entry(raw_id="1"))[0].text.language == "es"


def test_the_source_is_the_publisher_or_else_the_feeds_title() -> None:
    assert made(Entry(raw_id="1"), source="Zeta")[0].text.source == "Zeta"
    assert made(Entry(raw_id="1"))[0].text.source == "El Diario"


ENTRIES = st.lists(
    st.builds(
        Entry,
        raw_id=st.sampled_from([None, "a", "b"]),
        link=st.sampled_from([None, "https://a.example/1", "https://a.example/2", "https://a.example/2#x"]),
        title=st.sampled_from(["", "One", "Two"]),
    ),
    max_size=12,
)


@given(entries=ENTRIES, seed=st.integers())
def test_reordering_a_document_changes_no_identity(entries: list[Entry], seed: int) -> None:
    shuffled = list(entries)
    random.Random(seed).shuffle(shuffled)
    assert set(keys(*entries)) == set(keys(*shuffled))


@given(entries=ENTRIES)
def test_keys_are_distinct_within_a_document(entries: list[Entry]) -> None:
    found = keys(*entries)
    assert len(found) == len(set(found))


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        ("HTTP://WWW.Example.COM:80/A?b=1#c", "https://www.example.com/A?b=1"),
        ("https://example.com:443", "https://example.com/"),
        ("https://example.com:8443/x", "https://example.com:8443/x"),
        ("https://example.com./x?", "https://example.com/x"),
        ("https://user:pw@example.com/x", "https://example.com/x"),
        ("https://e.com/x?utm_source=a&id=1&fbclid=2&b=3&UTM_Medium=x", "https://e.com/x?id=1&b=3"),
        ("https://e.com/x?gclid=1&mc_cid=2&mc_eid=3&ref=4", "https://e.com/x"),
        ("https://e.com/x?reference=4&preface=1", "https://e.com/x?reference=4&preface=1"),
        ("https://e.com/x?b=2&a=1", "https://e.com/x?b=2&a=1"),
        ("https://e.com/#!/story/1", "https://e.com/#!/story/1"),
        ("http://e.com//a/../b;c=1,2/%7E", "https://e.com//a/../b;c=1,2/%7E"),
        ("http://e.com./a", "https://e.com/a"),
        ("http://e.com/a\n", "https://e.com/a"),
        ("https://[2606:4700::1111]:8080/x", "https://[2606:4700::1111]:8080/x"),
        ("tag:example.com,2025:1", "tag:example.com,2025:1"),
        ("https://[broken/", "https://[broken/"),
        ("https://e.com:port/", "https://e.com:port/"),
    ],
)
def test_canonical_links(url: str, canonical: str) -> None:
    assert canonical_link(url) == canonical


URLS = st.builds(
    "{}://{}{}{}{}{}".format,
    st.sampled_from(["http", "HTTPS", "ftp"]),
    st.sampled_from(["a.example", "WWW.É.example.", "u@h", "[::1]", "1.2.3.4", ""]),
    st.sampled_from(["", ":80", ":443", ":81", ":x", ":"]),
    st.text("/ab%. é;", max_size=8).map(lambda path: f"/{path}"),
    st.text("?&=utm_refabc%20", max_size=20).map(lambda query: f"?{query}"),
    st.sampled_from(["", "#", "#x", "#!x", "##!", "#?a"]),
)


@given(st.one_of(URLS, st.text()), st.booleans())
def test_canonical_link_is_idempotent(url: str, fragment: bool) -> None:  # noqa: FBT001 - drawn by hypothesis
    once = canonical_link(url, fragment=fragment)
    assert canonical_link(once, fragment=fragment) == once


@given(URLS)
def test_canonical_links_hold_no_credentials_and_no_trackers(url: str) -> None:
    once = canonical_link(url)
    if once.startswith("https://"):
        assert "@" not in urlsplit(once).netloc
        assert "utm_" not in urlsplit(once).query.split("=")[0] or not urlsplit(once).query.startswith("utm_")
