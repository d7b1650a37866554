"""Parsing: what is in the language gives a tree that writes itself back; everything else is refused with its place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import QueryError
from monitor.match import parse_query
from monitor.match.tree import And, Node, Not, Or, Term, Within

words = st.sampled_from(
    ["a", "b-c", "U.S.", "cárteles", "AND", "or", "NEAR", "Peña’s", "=", "#x", "e\u0301", "1,500", "x y  z"]
)
plain = words.map(
    lambda text: f'"{text}x"' if not text[0].isalpha() or " " in text or text.isupper() else text
)
leaves = (
    plain | plain.map(lambda text: f"={text}") | st.sampled_from(["smuggl*", "cross-bord*", "“New Mexico”"])
)


def groups(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    several = st.lists(inner, min_size=2, max_size=3)
    return (
        several.map(lambda parts: f"({' AND '.join(parts)})")
        | several.map(lambda parts: f"({' OR '.join(parts)})")
        | several.map(lambda parts: f"({'  '.join(parts)} # all\n)")
        | inner.map(lambda part: f"(x AND NOT ({part}))")
        | inner.map(lambda part: f"(x AND -({part}) )")
        | inner.map(lambda part: f"title:({part})")
        | inner.map(lambda part: f"(({part}))")
    )


queries = st.recursive(leaves, groups, max_leaves=10)


@given(queries)
def test_the_canonical_form_parses_to_the_same_tree(text: str) -> None:
    query = parse_query(text)
    assert parse_query(str(query)) == query
    assert str(parse_query(str(query))) == str(query)


@given(
    st.text(max_size=60)
    | st.lists(st.sampled_from([*'ab()"*=-#:~ \n', "AND ", "OR ", "NOT ", "title:"])).map("".join)
)
def test_any_text_is_a_query_or_is_refused_inside_its_bounds(text: str) -> None:
    try:
        query = parse_query(text)
    except QueryError as error:
        refusal = error
    else:
        assert parse_query(str(query)) == query
        return
    lines = text.split("\n")
    assert 1 <= refusal.line <= len(lines)
    assert 1 <= refusal.column <= len(lines[refusal.line - 1]) + 1
    assert refusal.message
    assert refusal.hint


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("a", "a"),
        ("a b -c", "a AND b AND NOT c"),
        ("(a AND (b AND c)) AND d", "a AND b AND c AND d"),
        ("a OR (b OR c)", "a OR b OR c"),
        ("((a))", "a"),
        ("title: a", "title:a"),
        ("title:(a OR b) AND c", "title:(a OR b) AND c"),
        ("a AND NOT title:b", "a AND NOT title:b"),
        ("title:(a AND NOT b)", "title:(a AND NOT b)"),
        ("NOT (NOT a)", "NOT (NOT a)"),
        ("“Remain  in\nMexico”", '"Remain in Mexico"'),
        ('"one"', "one"),
        ('"AND" "OR"', '"AND" AND "OR"'),
        ("and or not", "and AND or AND not"),
        ('="CBP One" =ICE', '="CBP One" AND =ICE'),
        ("U.S. T-MEC AT&T", '"U.S." AND T-MEC AND "AT&T"'),
        ("a # comment (\nOR b", "a OR b"),
        ("# first\r\na\r\n", "a"),
        ('"#ICE"', '"#ICE"'),
        ("a(b)", "a AND b"),
    ],
)
def test_canonical_forms(text: str, canonical: str) -> None:
    assert str(parse_query(text)) == canonical


def test_trees_say_what_was_meant() -> None:
    def term(text: str) -> Term:
        (node,) = (parse_query(text).root,)
        assert isinstance(node, Term)
        return node

    root: Node = parse_query('(a OR "B c") AND NOT title:smuggl* AND =ICE').root
    assert root == And(
        parts=(
            Or(parts=(term("a"), term('"B c"'))),
            Not(part=Within(field="title", part=term("smuggl*"))),
            term("=ICE"),
        )
    )
    assert term('"B c"').words == ("b", "c")
    assert (term("=ICE").words, term("=ICE").exact) == (("ICE",), True)
    assert (term("cross-bord*").words, term("cross-bord*").prefix) == (("cross", "bord"), True)


def test_terms_know_their_place() -> None:
    root = parse_query('a AND\n  (b OR "c d")').root
    assert isinstance(root, And)
    group = root.parts[1]
    assert isinstance(group, Or)
    assert [(part.line, part.column) for part in group.parts if isinstance(part, Term)] == [(2, 4), (2, 9)]


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("", 1, 1, "empty"),
        (" \n# only a comment", 1, 1, "empty"),
        ("a OR OR b", 1, 6, "OR joins two terms"),
        ("a AND", 1, 6, "ends where a term is expected"),
        ("a AND NOT", 1, 10, "ends where a term is expected"),
        ("title:", 1, 7, "ends where a term is expected"),
        ("OR a", 1, 1, "OR joins two terms"),
        ("a AND\n\n  OR b", 3, 3, "OR joins two terms"),
        ("(a OR ) b", 1, 7, "a term is missing before the closing parenthesis"),
        ("()", 1, 2, "a term is missing"),
        ("(a", 1, 1, "never closed"),
        ("a)", 1, 2, "never opened"),
        ('a "b', 1, 3, "never closed"),
        ('a "b" "', 1, 7, "never closed"),
        ("a AND b OR c", 1, 9, "mixed"),
        ("a OR b c", 1, 8, "mixed"),
        ("a b OR c", 1, 5, "mixed"),
        ("(x) AND (a OR b -c)", 1, 18, "mixed"),
        ("NOT a", 1, 5, "none of its words"),
        ("-a -b", 1, 2, "none of its words"),
        ("a OR NOT b", 1, 10, "because of NOT b"),
        ("a OR (b OR (NOT c AND NOT d))", 1, 17, "because of NOT c"),
        ("title:(NOT a)", 1, 12, "because of NOT a"),
        ("NOT (a AND NOT b)", 1, 6, "none of its words"),
        ("NOT NOT a", 1, 5, "NOT cannot stand here"),
        ("--a", 1, 1, "a dash stands by itself"),
        ("a - b", 1, 3, "a dash stands by itself"),
        ("title:title:a", 1, 7, "title: cannot stand here"),
        ("title:NOT a", 1, 7, "NOT cannot stand here"),
        ("= a", 1, 1, "= needs a word"),
        ("==a", 1, 1, "= needs a word"),
        ("=(a b)", 1, 1, "= needs a word"),
        ("a=b", 1, 1, "characters that a bare word cannot have"),
        ("a#b", 1, 1, "characters that a bare word cannot have"),
        ("summary:a", 1, 1, '"summary:" is not a field'),
        ("Title:a", 1, 1, '"Title:" is not a field'),
        ("10:30", 1, 1, '"10:" is not a field'),
        ("a NEAR b", 1, 3, "NEAR is not in this release"),
        ("a ONEAR/3 b", 1, 3, "ONEAR/3 is not"),
        ("a W/3 b", 1, 3, "W/3 is not"),
        ("a PRE/3 b", 1, 3, "PRE/3 is not"),
        ("ATLEAST/2(a, b)", 1, 1, "ATLEAST/2 is not"),
        ("a && b", 1, 3, "&& is not"),
        ("a || b", 1, 3, "|| is not"),
        ("a XOR b", 1, 3, "XOR is not"),
        ('"a b"~2', 1, 6, "distances"),
        ("a~", 1, 1, "characters that a bare word"),
        ("'a b'", 1, 1, "double quotes"),
        ("+a", 1, 1, "+ is not an operator"),
        ("!a", 1, 1, "! is not an operator"),
        ("/a.b/", 1, 1, "regular expressions"),
        ("a, b", 1, 1, "commas"),
        ("a|b", 1, 1, "| is not an operator"),
        ("a?", 1, 1, "? stands for nothing"),
        ("a^2", 1, 1, "weights"),
        ("[2024 TO 2025]", 1, 1, "characters that a bare word"),
        ("smu*", 1, 1, "fewer than 4 letters"),
        ("T-MEC*", 1, 1, "fewer than 4 letters"),
        ("*tion", 1, 1, "only at the end"),
        ("sm*ggle", 1, 1, "only at the end"),
        ("smuggl**", 1, 1, "only at the end"),
        ('"border patrol*"', 1, 1, "prefix inside a phrase"),
        ("=smuggl*", 1, 2, "exclude each other"),
        ('""', 1, 1, "holds no word"),
        ('a AND "…"', 1, 7, "holds no word"),
        ("\U0001f600", 1, 1, "holds no word"),
        ('"https://example.org/x"', 1, 1, "holds no word"),
        ("a\x00b", 1, 2, "a control character, U+0000"),
        ("a\nb\ud800", 2, 2, "half a character, U+D800"),
        ("AND\u200b a", 1, 4, "an invisible character, U+200B"),
        ("\ufeffa", 1, 1, "U+FEFF"),
    ],
)
def test_refusals_name_the_place_and_the_fault(text: str, line: int, column: int, message: str) -> None:
    with pytest.raises(QueryError) as refusal:
        parse_query(text)
    assert message in refusal.value.message
    assert (refusal.value.line, refusal.value.column) == (line, column)
    assert refusal.value.hint


@pytest.mark.parametrize(
    ("text", "both"),
    [
        ("a AND b OR c", "either (a AND b) OR c or a AND (b OR c)"),
        ("a OR b AND c", "either a OR (b AND c) or (a OR b) AND c"),
        ("a OR b -c", "either a OR (b AND NOT c) or (a OR b) AND NOT c"),
        ("a b OR c d", "either (a AND b) OR (c AND d) or a AND (b OR c) AND d"),
        ("(a OR b) c OR d", "either ((a OR b) AND c) OR d or (a OR b) AND (c OR d)"),
    ],
)
def test_a_mixed_query_shows_both_readings_and_both_parse(text: str, both: str) -> None:
    with pytest.raises(QueryError) as refusal:
        parse_query(text)
    assert refusal.value.hint == f"write {both}"
    one, other = both.removeprefix("either ").split(" or ")
    assert parse_query(one) != parse_query(other)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a " * 500_000, "1,000,000 characters long"),
        ("(" * 10_000 + "a" + ")" * 10_000, "deeper than 50"),
        ("(" * 51 + "a" + ")" * 51, "deeper than 50"),
        ("a " + "-" * 60_000, "a dash stands by itself"),
        ("NOT " * 15_000 + "a", "NOT cannot stand here"),
        ("title:" * 10_000 + "a", "title: cannot stand here"),
        ('"' + "a " * 30_000 + '"', "30,000 words"),
        ("a AND b OR " * 5_000 + "c", "mixed"),
        ("x" * 60_000 + "*y", "only at the end"),
        ("x" * 60_000 + "^", "weights"),
        ("\U0001f600 " * 30_000, "holds no word"),
    ],
    ids=[
        "megabyte",
        "deep",
        "just-too-deep",
        "dashes",
        "nots",
        "fields",
        "phrase",
        "mixed",
        "word",
        "sign",
        "emoji",
    ],
)
def test_monsters_are_refused_in_few_words(text: str, message: str) -> None:
    with pytest.raises(QueryError) as refusal:
        parse_query(text)
    assert message in refusal.value.message
    assert len(str(refusal.value)) < 1_000


def test_what_is_just_inside_the_limits_is_accepted() -> None:
    assert str(parse_query("(" * 50 + "a" + ")" * 50)) == "a"
    assert str(parse_query("a " * 32_000)).count("AND") == 31_999
    nested = "a"
    for number in range(49):
        nested = f"({nested} {'AND' if number % 2 else 'OR'} b)"
    query = parse_query(nested)
    assert parse_query(str(query)) == query
