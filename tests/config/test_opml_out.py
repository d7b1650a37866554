"""OPML out and in again: the same feeds in the same groups, the same bytes, and no secrets."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from monitor.config import Outline, read_opml, write_opml
from monitor.config.opml import GROUP_LIMIT, TITLE_LIMIT
from monitor.model import Feed, FetchState

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


def feed(url: str, title: str = "The Paper", region: str = "", **changes: Any) -> Feed:
    return Feed(
        slug="f",
        url=url,
        title=title,
        region=region,
        owner="api",
        fetch=FetchState(next_poll_at=NOW),
        **changes,
    )


def written(*feeds: Feed, everything: bool = False) -> bytes:
    return write_opml(feeds, title="Mine", now=NOW, include_disabled=everything)


def read(folder: Path, document: bytes) -> list[Outline]:
    path = folder / "list.opml"
    path.write_bytes(document)
    return read_opml(path)


def feeds_of(outlines: list[Outline]) -> list[Feed]:
    return [
        feed(
            each.url,
            each.title,
            each.group,
            language=each.language or "und",
            kind=each.kind or "news",
            enabled=each.enabled,
        )
        for each in outlines
    ]


def test_groups_are_nested_by_region_and_those_without_one_stand_last(tmp_path: Path) -> None:
    document = written(
        feed("https://a.example/f", "Alone"),
        feed("https://b.example/f", "El Diario", "Mexico/Tijuana", language="es", kind="official"),
        feed("https://c.example/f", "Norte", "Mexico"),
        feed("https://d.example/f", "Off", "Mexico", enabled=False),
    )
    root = etree.fromstring(document)
    assert root.get("version") == "2.0"
    assert root.findtext("head/dateCreated") == "Sat, 28 Nov 2026 12:00:00 GMT"
    mexico, alone = root.findall("body/outline")
    assert [each.get("text") for each in mexico] == ["Norte", "Tijuana"]
    assert alone.get("xmlUrl") == "https://a.example/f"
    (inner,) = mexico[1]
    assert dict(inner.attrib) == {
        "type": "rss",
        "text": "El Diario",
        "title": "El Diario",
        "xmlUrl": "https://b.example/f",
        "language": "es",
        "category": "official",
    }
    assert [(each.title, each.group) for each in read(tmp_path, document)] == [
        ("Norte", "Mexico"),
        ("El Diario", "Mexico/Tijuana"),
        ("Alone", ""),
    ]


def test_feeds_that_are_off_are_written_when_asked_for_as_comments(tmp_path: Path) -> None:
    off = feed("https://d.example/f", enabled=False)
    assert b"d.example" not in written(off)
    (outline,) = read(tmp_path, written(off, everything=True))
    assert not outline.enabled


def test_what_is_below_a_commented_outline_is_commented(tmp_path: Path) -> None:
    document = b"""<opml><body><outline text="A" isComment="true"><outline text="B">
        <outline text="F" xmlUrl="https://a.example/f"/></outline></outline></body></opml>"""
    (outline,) = read(tmp_path, document)
    assert (outline.group, outline.enabled) == ("A/B", False)


def test_no_password_leaves_in_a_list() -> None:
    assert b"s3cr" not in written(feed("https://ana:s3cr%40t@paper.example/f"))


@pytest.mark.parametrize(
    ("category", "kind"), [("official", "official"), ("/Tech/News", ""), ("a, b", ""), ("", "")]
)
def test_a_category_is_a_kind_only_if_it_is_shaped_like_one(tmp_path: Path, category: str, kind: str) -> None:
    document = f'<opml><body><outline xmlUrl="https://a.example/f" category="{category}"/></body></opml>'
    (outline,) = read(tmp_path, document.encode())
    assert outline.kind == kind


def test_endless_titles_and_groups_are_cut(tmp_path: Path) -> None:
    nest = "".join(f'<outline text="group number {n}">' for n in range(60))
    inner = f'<outline text="{"t" * 900}" xmlUrl="https://a.example/f"/>'
    document = f"<opml><body>{nest}{inner}{'</outline>' * 60}</body></opml>"
    (outline,) = read(tmp_path, document.encode())
    assert len(outline.title) == TITLE_LIMIT
    assert outline.group.startswith("group number 0/group number 1/")
    assert GROUP_LIMIT - 20 < len(outline.group) <= GROUP_LIMIT


def test_a_commented_outline_in_a_file_is_a_feed_that_is_off(folder: Any) -> None:
    folder.write(
        "feeds/list.opml",
        '<opml><body><outline text="G"><outline text="F" category="official" isComment="true" '
        'xmlUrl="https://a.mx/f"/></outline></body></opml>',
    )
    (one,) = folder.desired().feeds
    assert (one.enabled, one.disabled_reason) == (False, "commented out in feeds/list.opml")
    assert (one.kind, one.region) == ("official", "G")


TRICKY = [
    "]]>",
    "<![CDATA[",
    "&amp;",
    "&",
    '"',
    "'",
    "<outline>",
    "-->",
    "ñ",
    "é",
    "e\u0301",
    "/",
    "\n",
    "\x00",
    "😀",
]
TEXT = st.one_of(st.text(max_size=30), st.lists(st.sampled_from(TRICKY), max_size=8).map("".join))
FEEDS = st.lists(
    st.builds(
        feed,
        st.integers(0, 9**6).map(lambda n: f"https://a.example/{n}?a=1&b='\"<>"),
        TEXT,
        st.one_of(TEXT, st.just("Mexico/Tijuana"), st.text("ab/ ", max_size=300)),
        language=st.sampled_from(["und", "es", "en"]),
        kind=st.sampled_from(["news", "official"]),
        enabled=st.booleans(),
    ),
    max_size=8,
)


@given(FEEDS)
def test_what_was_read_is_written_as_the_same_bytes_and_reads_the_same(
    tmp_path_factory: pytest.TempPathFactory, feeds: list[Feed]
) -> None:
    folder = tmp_path_factory.mktemp("opml")
    document = written(*feeds, everything=True)
    outlines = read(folder, document)
    assert sorted(each.url for each in outlines) == sorted(each.url for each in feeds)
    again = written(*feeds_of(outlines), everything=True)
    assert again == document
    assert read(folder, again) == outlines
    by_url = {each.url: each for each in outlines}
    for each in feeds:
        if len(by_url) == len(feeds):
            outline = by_url[each.url]
            assert (outline.kind, outline.enabled) == (each.kind, each.enabled)
            assert (outline.language or "und") == each.language
            clean = " ".join(each.title.split())
            if clean.isprintable() and clean:
                assert outline.title == clean


def test_a_form_feed_parts_words_as_any_space(tmp_path: Path) -> None:
    (outline,) = read(tmp_path, written(feed("https://a.example/f", "The\x0cPaper")))
    assert outline.title == "The Paper"
