"""Names and values of header fields, tokens, proxy addresses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.fetch.fields import (
    MAX_VALUE,
    has_userinfo,
    name_refusal,
    plain_value_refusal,
    proxy_refusal,
    token_refusal,
    username_refusal,
    value_refusal,
)


@pytest.mark.parametrize(
    "name", ["X-Api-Key", "Accept", "Accept-Language", "x_y.z", "Referer", "Authorization"]
)
def test_ordinary_names_may_be_set(name: str) -> None:
    assert name_refusal(name) is None


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("Host", "correct the address"),
        ("Cookie", "cookie = {file"),
        ("COOKIE", "cookie = {file"),
        ("User-Agent", r"[service] contact"),
        ("Accept-Encoding", "leave it out"),
        ("If-None-Match", "leave it out"),
        ("if-modified-since", "leave it out"),
        ("If-Range", "leave it out"),
        ("Range", "leave it out"),
        ("A-IM", "leave it out"),
        ("Content-Length", "leave it out"),
        ("Transfer-Encoding", "leave it out"),
        ("Connection", "leave it out"),
        ("Keep-Alive", "leave it out"),
        ("TE", "leave it out"),
        ("Trailer", "leave it out"),
        ("Upgrade", "leave it out"),
        ("Expect", "leave it out"),
        ("Proxy-Connection", "leave it out"),
        ("Proxy-Authorization", "proxy = {file"),
        (":authority", "leave it out"),
        ("", "letters, digits"),
        ("X Y", "letters, digits"),
        ("X:Y", "letters, digits"),
        ("X\r\nY", "letters, digits"),
        ("Día", "letters, digits"),
        ("x" * 101, "letters, digits"),
    ],
)
def test_names_that_are_ours_or_no_names_are_refused(name: str, hint: str) -> None:
    refused = name_refusal(name)
    assert refused is not None
    assert hint in refused.hint


@given(st.text(max_size=12))
def test_what_is_accepted_as_a_name_is_a_token(name: str) -> None:
    if name_refusal(name) is None:
        assert name.isascii()
        assert name
        assert not set(name) & set(' \t\r\n:;,()<>@"/[]?={}\\')


@given(st.text(max_size=20) | st.text(st.characters(codec="latin-1"), max_size=20))
def test_an_accepted_value_stays_one_line_and_comes_through_unchanged(value: str) -> None:
    if value_refusal(value) is None:
        assert value.isprintable() or "\t" in value
        assert value.encode("ascii").strip() == value.encode("ascii") != b""


@pytest.mark.parametrize(
    "value", ["", " x", "x ", "a\r\nX-Evil: 1", "a\nb", "ñ", "\x00", "a\x7f", "x" * (MAX_VALUE + 1)]
)
def test_values_that_a_server_could_misread_are_refused_and_not_repeated(value: str) -> None:
    refused = value_refusal(value)
    assert refused is not None
    assert "Evil" not in str(refused)


@pytest.mark.parametrize("name", ["Authorization", "X-Api-Key", "apikey", "X-Auth-Token", "Client-Secret"])
def test_fields_made_for_secrets_are_not_written_in_clear(name: str) -> None:
    refused = plain_value_refusal(name, "s3cret")
    assert refused is not None
    assert f'{name} = {{env = "NAME"}}' in refused.hint
    assert "s3cret" not in str(refused)


@pytest.mark.parametrize("name", ["Accept", "X-Requested-With", "X-Tokenizer", "Accept-Language"])
def test_other_fields_are_written_in_clear(name: str) -> None:
    assert plain_value_refusal(name, "es-MX, es;q=0.9") is None


@pytest.mark.parametrize("name", ["", "a:b", "a\nb", "a\x00"])
def test_a_user_name_that_basic_cannot_carry_is_refused(name: str) -> None:
    assert username_refusal(name) is not None
    assert username_refusal("ana maría") is None


@pytest.mark.parametrize("token", ["", "Bearer abc", "a b", "ñ", "a\n", "x" * (MAX_VALUE + 1)])
def test_a_token_is_one_word_of_ascii(token: str) -> None:
    assert token_refusal(token) is not None
    assert token_refusal("abc.DEF-123_~+/==") is None


@pytest.mark.parametrize(
    "address",
    [
        "", "proxy", "proxy:3128", "http://proxy", "http://:3128", "http://proxy:port", "http://proxy:3128/path",
        "http://proxy:3128?x", "https://proxy:3128", "socks5://proxy:1080", "http://pro xy:3128", "http://[::1:3128",
    ],
)  # fmt: skip
def test_a_proxy_is_a_host_and_a_port(address: str) -> None:
    assert proxy_refusal(address) is not None


@pytest.mark.parametrize(
    "address", ["http://proxy:3128", "http://[::1]:8080/", "http://ana:s3cret@proxy:3128"]
)
def test_proxies_with_and_without_a_password_are_proxies(address: str) -> None:
    assert proxy_refusal(address) is None
    assert has_userinfo(address) is ("@" in address)
