"""The gate: whatever comes in, short plain text comes out."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.text.gate import TEXT_LIMIT, TITLE_LIMIT, link, plain, title

FORBIDDEN = {"Cc", "Cs"}
# fmt: off
PIECES = st.sampled_from([
    "<", ">", "&", ";", "/", "<p>", "</p>", "<br>", "<script>", "</script>", "<!--", "-->", "'", '"', "&lt;", "&amp;",
    "&#0;", "&#xD800;", "\x00", "\r\n", "\u202e", "\u200b", "\ud800", "é", "e\u0301", " x ", "script", "p",
])
# fmt: on
MARKUP = st.lists(PIECES | st.text(max_size=3), max_size=30).map("".join)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, ""),
        ("", ""),
        ("<p>One</p><p>two</p>", "One two"),
        ("One<br>two<br/>three", "One two three"),
        ("<ul><li>One<li>two</ul>", "One two"),
        ("fen<b>tan</b>yl", "fentanyl"),
        ("<script>alert('cartel')</script>Text<style>p{}</style>", "Text"),
        ("<SCRIPT SRC=x></SCRIPT>Text", "Text"),
        ("a<!-- cartel -->b", "ab"),
        ("caf&eacute; &amp; t&#233; &ldquo;x&rdquo;&nbsp;y", "café & té “x” y"),
        ("&lt;p&gt;escaped twice&lt;/p&gt;", "escaped twice"),
        ("AT&amp;amp;T", "AT&T"),
        ("5 < 6 and 7 > 2", "5 < 6 and 7 > 2"),
        ("unclosed <b>bold <i>both", "unclosed bold both"),
        ("</div></div>text", "text"),
        ("<img alt='cartel' src=x>text", "text"),
        ("line\r\none\n\n\ttab", "line one tab"),
        ("nul\x00 bell\x07 c1\x9b", "nul bell c1"),
        ("\u202eright-to-left\u202c \u2066isolate\u2069", "right-to-left isolate"),
        ("zero\u200bwidth soft\u00adhyphen \ufeffbom", "zerowidth softhyphen bom"),
        ("half \ud83d and whole \U0001f600", "half and whole \U0001f600"),
        ("cafe\u0301", "café"),
        ("a&#0;b&#xD800;c&#x202e;d&#8203;e", "a\ufffdb\ufffdcde"),
    ],
)
def test_html_becomes_plain_text(value: str | None, expected: str) -> None:
    assert plain(value, html=True, limit=200) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Tom &amp; Jerry", "Tom & Jerry"),
        ("<b>Bold</b> headline", "Bold headline"),
        ("Prices < 5 > 3", "Prices < 5 > 3"),
        ("R&D; more", "R&D; more"),
        ("x" * 600, "x" * TITLE_LIMIT),
    ],
)
def test_titles_are_text_in_which_stray_markup_is_read(value: str, expected: str) -> None:
    assert title(value) == expected


@given(MARKUP, st.booleans(), st.integers(1, 50))
def test_nothing_gets_through(value: str, html: bool, limit: int) -> None:  # noqa: FBT001 - drawn by hypothesis
    text = plain(value, html=html, limit=limit)
    assert len(text) <= limit
    assert text == " ".join(text.split())
    assert not [char for char in text if unicodedata.category(char) in FORBIDDEN]
    assert not set(text) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b\ufeff")
    lowered = text.lower()
    assert not any(tag in lowered for tag in ("<script>", "<p>", "</p>", "<br>"))
    text.encode()


@given(st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=20), st.integers(1, 400))
def test_plain_text_is_only_composed(word: str, times: int) -> None:
    text = " ".join([word] * times)
    composed = unicodedata.normalize("NFC", text)
    assert plain(text, html=False, limit=TEXT_LIMIT) == composed[:TEXT_LIMIT]


def test_a_cut_falls_between_words() -> None:
    """Half of "cartelera" would be "cartel"."""
    assert plain("la cartelera de hoy", html=False, limit=9) == "la"
    assert plain("<p>la cartelera de hoy</p>", html=True, limit=9) == "la"


def test_markup_cut_in_the_middle_of_a_tag_leaves_no_rest_of_it() -> None:
    value = "text " + "<a href='" + "x" * 10_000 + "'>link</a>"
    assert plain(value, html=True, limit=100) == "text"


@pytest.mark.parametrize(
    "value",
    [
        "<b>" * 90_000 + "</i>" * 60_000,
        "<div>" * 100_000 + "</p>" * 5_000,
        "<" * 500_000,
        "&" * 500_000,
        "<!--" * 130_000,
        "<a b='" * 90_000,
        "\u0315\u0300" * 250_000,
        "&lt;" * 130_000,
        "<p>" * 20_000_000,
    ],
    ids=["misnested", "deep", "lt", "amp", "comment", "quote", "marks", "escaped", "long"],
)
def test_hostile_markup_ends(value: str) -> None:
    """Each of these takes minutes where the work is not bounded."""
    assert len(plain(value, html=True, limit=TEXT_LIMIT)) <= TEXT_LIMIT


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("https://example.org/a?b=c#d", "https://example.org/a?b=c#d"),
        ("  HTTP://Example.org/a b\n", "HTTP://Example.org/a%20b"),
        ("https://exa\u200bmple.org/", "https://example.org/"),
        ("https://[::1]:8080/x", "https://[::1]:8080/x"),
        ("https://méxico.example/ñ", "https://méxico.example/ñ"),
        (None, None),
        ("", None),
        ("/relative", None),
        ("//example.org/", None),
        ("javascript:alert(1)", None),
        ("data:text/html,x", None),
        ("ftp://example.org/", None),
        ("http://", None),
        ("http:///path", None),
        ("http://[bad/", None),
        ("http://example.org:99999/", None),
        ("http:\\\\example.org\\", None),
        ("https://example.org/<script>", None),
        ("https://example.org/" + "x" * 5000, None),
    ],
)
def test_only_absolute_web_addresses_are_links(value: str | None, expected: str | None) -> None:
    assert link(value) == expected


@given(st.text(max_size=40).map(lambda rest: f"http://{rest}") | st.text(max_size=40))
def test_links_never_raise_and_hold_nothing_invisible(value: str) -> None:
    address = link(value)
    if address is not None:
        assert address.lower().startswith(("http://", "https://"))
        assert not any(char.isspace() for char in address)
        json.dumps(address).encode()
