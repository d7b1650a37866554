"""Signed links: read back as made, and nothing else is ever read."""

from hypothesis import given
from hypothesis import strategies as st

from monitor.deliver.links import Link, LinkKind, link_key, link_to, make_token, read_token

KEY = link_key(b"k" * 32)
LINKS = st.builds(Link, kind=st.sampled_from(LinkKind), subject=st.text(), object=st.text())


@given(LINKS)
def test_a_token_is_read_back_as_it_was_made(link: Link) -> None:
    token = make_token(KEY, link)
    assert read_token(KEY, token) == link
    assert set(token) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")


@given(LINKS, st.binary(min_size=32, max_size=32))
def test_a_token_of_another_key_says_nothing(link: Link, other: bytes) -> None:
    if other != b"k" * 32:
        assert read_token(link_key(other), make_token(KEY, link)) is None


@given(LINKS, st.data())
def test_a_token_with_one_changed_character_says_nothing(link: Link, data: st.DataObject) -> None:
    token = make_token(KEY, link)
    at = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.characters(codec="ascii").filter(lambda char: char != token[at]))
    changed = token[:at] + other + token[at + 1 :]
    assert read_token(KEY, changed) in {None, link}, "unused bits of the last character may differ"


@given(st.text())
def test_any_text_at_all_is_no_token(text: str) -> None:
    assert read_token(KEY, text) is None


def test_without_an_address_of_our_own_there_is_no_link() -> None:
    link = Link(kind=LinkKind.PREFERENCES, subject="ana")
    assert link_to("", KEY, link) == ""
    assert link_to("https://news.example.org/", KEY, link).startswith("https://news.example.org/u/")
