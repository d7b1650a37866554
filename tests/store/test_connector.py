import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import StoreError
from monitor.store.connector import bind
from monitor.store.postgres import placeholders


@pytest.mark.parametrize(
    ("portable", "expected"),
    [
        ("a = :a AND b = :b_2", "a = %(a)s AND b = %(b_2)s"),
        ("':a' || :a", "':a' || %(a)s"),
        ("'it''s :a' || :a", "'it''s :a' || %(a)s"),
        ('":a" = :a', '":a" = %(a)s'),
        (":a::text, x::int", "%(a)s::text, x::int"),
        ("x LIKE '%:a%' OR x % 2 = :a", "x LIKE '%%:a%%' OR x %% 2 = %(a)s"),
        ("x -- :a 100 %\n= :a", "x -- :a 100 %%\n= %(a)s"),
        ("'open :a", "'open %(a)s"),
    ],
)
def test_parameters_become_the_drivers_and_nothing_else_does(portable: str, expected: str) -> None:
    assert placeholders(portable) == expected


@given(st.lists(st.sampled_from((":a", "'", '"', "%", "::", "--", "\n", "x", "''", " "))).map("".join))
def test_no_lone_percent_sign_reaches_the_driver(portable: str) -> None:
    assert "%" not in re.sub(r"%\(\w+\)s|%%", "", placeholders(portable))


def test_a_tuple_is_spread_where_its_name_stands_and_only_there() -> None:
    sql, values = bind("key IN (:keys) AND x = ':keys' AND y = :keys_of", {"keys": ("a", "b"), "keys_of": 1})
    assert sql == "key IN (:keys_0, :keys_1) AND x = ':keys' AND y = :keys_of"
    assert values == {"keys_0": "a", "keys_1": "b", "keys_of": 1}


def test_an_empty_tuple_matches_nothing() -> None:
    assert bind("key IN (:keys)", {"keys": ()}) == ("key IN (NULL)", {})


@pytest.mark.parametrize("value", ["a\x00b", ("fine", "\x00")])
def test_a_nul_is_refused_by_name(value: object) -> None:
    with pytest.raises(StoreError, match=r"title.*NUL"):
        bind("SELECT :title", {"title": value})
