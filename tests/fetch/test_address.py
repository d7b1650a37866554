"""Addresses in documents end up absolute, or as none."""

from urllib.parse import urljoin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.fetch.address import absolute
from monitor.text import gate

URL = "https://frontera.example/news/feed.xml"


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("https://a.example/1?a=1&b=2", "https://a.example/1?a=1&b=2"),
        (" /nota 1\n", "https://frontera.example/nota%201"),
        ("otra", "https://frontera.example/news/otra"),
        ("//a.example/x", "https://a.example/x"),
        ("javascript:alert(1)", None),
        ("https://[a.example/", None),
        (" ", None),
        ("", None),
        (None, None),
        (7, None),
    ],
)
def test_an_address_is_made_absolute_or_none(value: object, address: str | None) -> None:
    assert absolute(value, URL) == address


@given(
    st.from_regex(r"https?://[a-z0-9-]{1,9}(\.[a-z]{1,3}){0,2}/[!-~]{0,20}(\?[!-~]{0,9})?", fullmatch=True)
)
def test_what_is_kept_as_it_stands_is_what_joining_and_cleaning_make_of_it(value: str) -> None:
    try:
        cleaned = gate.link(urljoin(URL, value))
    except ValueError:
        cleaned = None
    assert absolute(value, URL) == cleaned
