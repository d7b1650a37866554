"""Named groups: what stands under a name counts wherever the name stands, in the query's own words and places."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import QueryError
from monitor.match import compile_watchlist, lint, lint_group, mentions, parse_group, parse_query, used_groups
from monitor.match.language.tree import And, Ref
from monitor.model import ItemText
from tests.match.test_near import topic

GROUPS = {
    "places": "Tijuana OR Juarez OR @texas",
    "texas": '"El Paso" OR Laredo',
    "troops": "soldier OR troop",
    "sport": "football OR NOT @places",
    "spanish": "lang:es",
    "unused": "x",
}


def matches(query: str, title: str, language: str = "und") -> bool:
    watched = topic(query, groups=used_groups(query, GROUPS))
    return bool(compile_watchlist([watched], revision=1).match(ItemText(title=title, language=language)))


@pytest.mark.parametrize(
    ("query", "title", "hit"),
    [
        ("@places tunnel", "Tunnel in Laredo", True),
        ("@places tunnel", "Tunnel in Ohio", False),
        ("tunnel NOT @places", "Tunnel in El Paso", False),
        ("@troops NEAR/3 @places", "Troops arrive in El Paso", True),
        ("@troops NEAR/3 @places", "Troops who will soon arrive in El Paso", False),
        ("title:@texas", "Laredo", True),
        ("ATLEAST/2(@texas, @troops, x)", "Laredo troops", True),
        ("-@sport tunnel", "Tunnel in Laredo", True),
        ("tunnel AND NOT @sport", "Tunnel", False),
    ],
)
def test_a_reference_means_what_its_group_says(query: str, title: str, *, hit: bool) -> None:
    assert matches(query, title) == hit


def test_a_group_may_be_a_language() -> None:
    assert matches("tunnel @spanish", "tunnel", "es")
    assert not matches("tunnel @spanish", "tunnel", "en")


def test_the_canonical_form_keeps_the_names() -> None:
    query = parse_query("(@troops W/3 @places) -@sport", GROUPS)
    assert str(query) == "@troops NEAR/3 @places AND NOT @sport"
    assert parse_query(str(query), GROUPS) == query
    assert parse_query(str(query), GROUPS | {"troops": "soldier"}) != query


def test_only_the_groups_that_are_used_directly_or_not_belong_to_a_query() -> None:
    assert [name for name, _ in used_groups('@places OR "@troops" # @sport', GROUPS)] == ["places", "texas"]
    assert mentions("a AND\n -@places") == (("places", 2, 3),)
    assert used_groups("tunnel", GROUPS) == ()


def test_a_group_is_parsed_once_for_all_queries_that_use_it() -> None:
    roots = [parse_query(f"{word} AND @places", used_groups("@places", GROUPS)).root for word in ("a", "b")]
    assert isinstance(roots[0], And)
    assert isinstance(roots[1], And)
    one, other = roots[0].parts[1], roots[1].parts[1]
    assert isinstance(one, Ref)
    assert isinstance(other, Ref)
    assert one.part is other.part


@pytest.mark.parametrize(
    ("query", "groups", "said"),
    [
        ("x @place", GROUPS, "line 1, column 3: no group is called @place (did you mean @places?)"),
        ("x @y", {}, "line 1, column 3: no group is called @y (no group is defined; a watchlist file"),
        ("@a", {"a": "x AND\n(b OR"}, "line 2, column 1 of @a: a parenthesis is opened and never closed"),
        (
            "@b",
            {"a": "x AND @c", "b": "@a"},
            "line 1, column 7 of @a: no group is called @c (defined are: @a, @b)",
        ),
        (
            "@a",
            {"a": "@b", "b": "x OR @c", "c": "@a"},
            "line 1, column 1 of @a: @a uses itself: @a → @b → @c → @a",
        ),
        ("@b", {"b": "x OR @b"}, "line 1, column 6 of @b: @b uses itself: @b → @b"),
        (
            "x OR @n",
            {"n": "NOT y"},
            "line 1, column 6: this query would also match texts that contain none of its",
        ),
        ("@spanish", GROUPS, "line 1, column 1: this query would also match texts"),
        ("x NEAR/3 @c", {"c": "a AND b"}, "line 1, column 10: AND cannot stand inside NEAR/3"),
        ("x lang:@c", {"c": "es OR Spanish"}, "line 1, column 7: lang: takes the two or three letters"),
    ],
)
def test_faults_are_placed_in_the_query_or_in_the_group(
    query: str, groups: dict[str, str], said: str
) -> None:
    with pytest.raises(QueryError) as refusal:
        parse_query(query, groups)
    assert said in str(refusal.value)


def test_groups_that_double_each_other_are_bounded() -> None:
    doubling = {f"g{n}": f"@g{n + 1} OR @g{n + 1}" for n in range(60)} | {"g60": "a"}
    with pytest.raises(QueryError, match="65,536 are allowed"):
        parse_query("@g0", doubling)
    chain = {f"g{n}": f"(NOT x) AND @g{n + 1}" for n in range(5_000)} | {"g5000": "a"}
    with pytest.raises(QueryError, match="deeper than 200 levels"):
        parse_query("@g0", chain)


def test_the_deepest_query_that_is_accepted_can_be_judged() -> None:
    text = "a"
    for number in range(49):
        text = f"({text} {'AND' if number % 2 else 'OR'} b)"
    groups = {"deep": text}
    groups |= {"deeper": f"title:({text.replace('a', '@deep')})"}
    assert bool(
        compile_watchlist([topic("@deeper", groups=tuple(groups.items()))], revision=1).match(
            ItemText(title="a b")
        )
    )


def test_advice_on_a_group_is_given_with_the_group_alone() -> None:
    groups = {"g": "x AND (ICE OR @h)", "h": "depo* OR deport"}
    assert [finding.code for finding in lint(topic("@g AND NOT @h", groups=tuple(groups.items())))] == [
        "no-examples"
    ]
    assert [finding.code for finding in lint_group("g", groups)] == ["short-capitals"]
    assert [finding.code for finding in lint_group("h", groups)] == ["short-prefix", "repeated-term"]


def test_a_group_alone_may_exclude() -> None:
    assert str(parse_group("sport", GROUPS)) == "football OR NOT @places"


@given(
    st.dictionaries(st.sampled_from("abc"), st.text("@abc ()-\n", max_size=12), max_size=3),
    st.text("@abc ", max_size=8),
)
def test_any_groups_give_a_query_or_a_refusal(groups: dict[str, str], text: str) -> None:
    try:
        query = parse_query(text, groups)
    except QueryError as error:
        assert error.group in {"", *groups}  # noqa: PT017
        return
    assert parse_query(str(query), groups) == query
    assert parse_query(text, used_groups(text, groups)) == query
