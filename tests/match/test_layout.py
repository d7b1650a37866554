"""The canonical layout says what the query said, keeps every comment, and is stable."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import QueryError
from monitor.match import layout, parse_query
from monitor.match.language.layout import WIDTH
from monitor.match.language.screen import comments
from tests.match.test_query import queries

LONG = " OR ".join(f"alternative{number}" for number in range(12))
pieces = st.sampled_from(
    ["a ", "b-c ", '"d  e"~2 ', "(", ")", "AND ", "OR ", "NOT ", "-", "title:", "=X ", "\n", "# one\n", "\n # two\n",
     "NEAR/3 ", "PRE/04 ", "ATLEAST/1(", ", ", "@g ", f"({LONG}) ", f"ATLEAST/02({LONG.replace(' OR', ',')}) "]
)  # fmt: skip
GROUPS = {"g": "x OR y"}


def check(text: str) -> None:
    laid = layout(text)
    assert parse_query(laid, GROUPS) == parse_query(text, GROUPS)
    assert layout(laid) == laid
    assert sorted(comment for comment, _, _ in comments(laid)) == sorted(
        comment for comment, _, _ in comments(text)
    )
    for line in laid.split("\n"):
        assert line == line.rstrip()
        assert len(re.sub(r"#.*", "", line).rstrip()) <= WIDTH or " " not in line.strip()


@given(queries)
def test_a_query_means_the_same_when_it_is_laid_out(text: str) -> None:
    check(text)


@given(
    st.lists(queries, min_size=6, max_size=12), st.sampled_from([" OR ", "\n", " # why\nOR ", "\n# so\nAND "])
)
def test_so_does_a_long_one_with_comments(parts: list[str], joint: str) -> None:
    check(joint.join(f"({part})" for part in parts))


@given(st.lists(pieces, max_size=14).map("".join))
def test_so_does_whatever_is_a_query(text: str) -> None:
    try:
        parse_query(text, GROUPS)
    except QueryError:
        return
    check(text)


@pytest.mark.parametrize(
    ("text", "laid"),
    [
        ("a  b\n-c", "a AND b AND NOT c"),
        ("((a OR b))", "a OR b"),
        ("((a)) AND (NOT (b)) AND title:((c OR d))", "a AND NOT b AND title:(c OR d)"),
        ("x AND NOT (NOT a)", "x AND NOT (NOT a)"),
        ("a W/05 (b OR c)", "a NEAR/5 (b OR c)"),
        ("“a  b”~03", '"a b"~3'),
        ("ATLEAST/02 ( a ,b,\nc d)", "ATLEAST/2(a, b, c AND d)"),
        ("a # why\nb", "a AND  # why\nb"),
        ("# first\n\n\na\n   # second\nOR b", "# first\na\n# second\nOR b"),
        ("x AND ( # these\na OR\nb )", "x AND (  # these\n  a OR b\n)"),
        (
            f"({LONG}) tunnel -({LONG}) film",
            (
                "(\n"
                "  alternative0 OR alternative1 OR alternative2 OR alternative3 OR alternative4 OR alternative5 OR\n"
                "  alternative6 OR alternative7 OR alternative8 OR alternative9 OR alternative10 OR alternative11\n"
                ") AND tunnel AND NOT (\n"
                "  alternative0 OR alternative1 OR alternative2 OR alternative3 OR alternative4 OR alternative5 OR\n"
                "  alternative6 OR alternative7 OR alternative8 OR alternative9 OR alternative10 OR alternative11\n"
                ") AND film"
            ),
        ),
    ],
)
def test_layouts(text: str, laid: str) -> None:
    assert layout(text) == laid
    check(text)
