"""Parsing: what is in the language gives a tree that writes itself back; everything else is refused with its place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import QueryError
from monitor.match import parse_query
from monitor.match.language.tree import And, Node, Not, Or, Term, Within

words = st.sampled_from(
    ["a", "b-c", "U.S.", "cárteles", "AND", "or", "NEAR", "Peña’s", "=", "#x", "e\u0301", "1,500", "x y  z"]
)
plain = words.map(
    lambda text: f'"{text}x"' if not text[0].isalpha() or " " in text or text.isupper() else text
)
leaves = (
    plain
    | plain.map(lambda text: f"={text}")
    | st.sampled_from(["smuggl*", "cross-bord*", "“New Mexico”", '"a b c"~3', '="A b"~25'])
)


near_parts = (
    leaves
    | st.lists(leaves, min_size=2, max_size=3).map(lambda parts: f"({' OR '.join(parts)})")
    | leaves.map(lambda leaf: f"title:{leaf}")
)
nears = st.recursive(
    near_parts,
    lambda inner: st.tuples(inner, st.sampled_from(["NEAR/3", "W/3", "ONEAR/25", "PRE/1"]), inner, inner).map(
        lambda drawn: f"({drawn[0]} {drawn[1]} {drawn[2]} {drawn[1]} {drawn[3]})"
    ),
    max_leaves=4,
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
        | st.sampled_from(["source", "url", "tag", "summary"]).flatmap(
            lambda name: inner.map(lambda part: f"{name}:({part})")
        )
        | inner.map(lambda part: f"(x AND NOT lang:es AND ({part}))")
        | several.map(lambda parts: f"ATLEAST/{len(parts) - 1}({' , '.join(parts)})")
        | nears
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
    | st.lists(
        st.sampled_from(
            [*'ab()"*=-#:~@,/ \n', "AND ", "OR ", "NOT ", "title:", "NEAR/3 ", "ATLEAST/2(", "@a", "lang:es "]
        )
    ).map("".join)
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
        ("a W/5 b", "a NEAR/5 b"),
        ("a PRE/5 b", "a ONEAR/5 b"),
        ("a NEAR/5 b NEAR/5 c", "a NEAR/5 b NEAR/5 c"),
        ("(a NEAR/5 b) NEAR/5 c", "a NEAR/5 b NEAR/5 c"),
        ("a NEAR/5 (b NEAR/5 c)", "a NEAR/5 (b NEAR/5 c)"),
        ("(a NEAR/5 b) NEAR/3 c", "(a NEAR/5 b) NEAR/3 c"),
        ("a NEAR/5 b c NEAR/3 d", "a NEAR/5 b AND c NEAR/3 d"),
        ("a NEAR/5 b OR c", "a NEAR/5 b OR c"),
        ("NOT (a NEAR/5 b) c", "NOT (a NEAR/5 b) AND c"),
        ("(a OR b) NEAR/05 title:c", "(a OR b) NEAR/5 title:c"),
        ("title:(a NEAR/5 b)", "title:(a NEAR/5 b)"),
        ('"a  b"~3 ="C d"~2', '"a b"~3 AND ="C d"~2'),
        ("ATLEAST/2( a ,b c,(d OR e) )", "ATLEAST/2(a, b AND c, d OR e)"),
        ("title:ATLEAST/1(a) -ATLEAST/1(b)", "title:ATLEAST/1(a) AND NOT ATLEAST/1(b)"),
        (
            "source:bbc url:bbc.com/mundo author:x tag:y body:z",
            'source:bbc AND url:"bbc.com/mundo" AND author:x AND tag:y AND body:z',
        ),
        ("a lang:(es OR EN)", "a AND lang:(es OR EN)"),
        (
            '"near5" "NEAR" "HLEAD" "ATLEAST/2" "@x"',
            '"near5" AND "NEAR" AND "HLEAD" AND "ATLEAST/2" AND "@x"',
        ),
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
        ("hd=a", 1, 1, "not how a field is written"),
        ("a hd=(b)", 1, 3, "not how a field is written"),
        ("a=b", 1, 1, "characters that a bare word cannot have"),
        ("a#b", 1, 1, "characters that a bare word cannot have"),
        ("headline:a", 1, 1, '"headline:" is not a field'),
        ("url:https://a.b/c", 1, 5, '"https:" is not a field'),
        ("summary:title:a", 1, 9, "title: cannot stand here"),
        ("lang:Spanish", 1, 6, "two or three letters"),
        ('lang:"en es"', 1, 6, "two or three letters"),
        ("a AND lang:(es AND en)", 1, 13, "two or three letters"),
        ("lang:es", 1, 6, "because of lang:es"),
        ("lang:es AND NOT a", 1, 6, "because of lang:es"),
        ("a OR lang:es", 1, 11, "because of lang:es"),
        ("NOT lang:es", 1, 10, "because of NOT es"),
        ("Title:a", 1, 1, '"Title:" is not a field'),
        ("10:30", 1, 1, '"10:" is not a field'),
        ("a NEAR b", 1, 3, "NEAR has no distance"),
        ("a NEAR/0 b", 1, 3, "NEAR/0 is out of range"),
        ("a NEAR/26 b", 1, 3, "NEAR/26 is out of range"),
        ("a W/" + "9" * 5000 + " b", 1, 3, "out of range"),
        ("a near/5 b", 1, 3, "near/5 is not how a distance is written"),
        ("a adj5 b", 1, 3, "adj5 is not how"),
        ("a near5 b", 1, 3, "near5 is not how"),
        ("a w/5 b", 1, 3, "w/5 is not how"),
        ("a /5 b", 1, 3, "/5 is not how"),
        ("a w/s b", 1, 3, "sentences and paragraphs"),
        ("a /n b", 1, 3, "sentences and paragraphs"),
        ("NEAR/5 b", 1, 1, "NEAR/5 joins two terms"),
        ("a NEAR/5", 1, 9, "ends where a term is expected"),
        ("a OR W/5 b", 1, 6, "W/5 joins two terms"),
        ("a NOT NEAR/5 b", 1, 7, "NOT is none"),
        ("a NEAR/5 NOT b", 1, 10, "NOT cannot stand inside NEAR"),
        ("a NEAR/5 -b", 1, 10, "NOT cannot stand inside NEAR"),
        ("x AND NOT a NEAR/5 b", 1, 7, "NOT before a NEAR needs parentheses"),
        ("a NEAR/5 b ONEAR/5 c", 1, 12, "NEAR/5 and ONEAR/5 are mixed"),
        ("a NEAR/5 b NEAR/6 c", 1, 12, "NEAR/5 and NEAR/6 are mixed"),
        ("a NEAR/5 (b AND c)", 1, 11, "AND cannot stand inside NEAR/5"),
        ("a NEAR/5 (b OR (c NOT d))", 1, 11, "AND cannot stand inside NEAR/5"),
        ("a NEAR/5 ATLEAST/1(b, c)", 1, 20, "ATLEAST cannot stand inside NEAR/5"),
        ("a NEAR/5 lang:es", 1, 15, "a language has no place"),
        (" NEAR/2 ".join("abcdefghi"), 1, 66, "a chain of 9 terms"),
        ("ATLEAST/0(a, b)", 1, 1, "ATLEAST/0 asks for 0 of 2"),
        ("ATLEAST/3(a, b)", 1, 1, "ATLEAST/3 asks for 3 of 2"),
        ("ATLEAST/2 a b", 1, 1, "ATLEAST/2 needs its list"),
        ("ATLEAST2(a)", 1, 1, "ATLEAST2(…) is not in the language"),
        ("ATLEAST/1(a,)", 1, 13, "a part is missing after the comma"),
        ("ATLEAST/1(, a)", 1, 11, "a part is missing before the comma"),
        ("ATLEAST/1(a OR b AND c, d)", 1, 18, "mixed"),
        ("ATLEAST/1(1,500, a)", 1, 11, "a number with a comma"),
        ("ATLEAST/1(a, NOT b)", 1, 18, "because of NOT b"),
        ("ATLEAST/2(NOT a, NOT b, c)", 1, 15, "because of NOT a"),
        ("HLEAD(a)", 1, 1, "HLEAD(…) is not in the language"),
        ("a AROUND(5) b", 1, 3, "AROUND(…) is not in the language"),
        ("ALLCAPS(a)", 1, 1, "ALLCAPS(…) is not in the language"),
        ("a && b", 1, 3, "&& is not"),
        ("a || b", 1, 3, "|| is not"),
        ("a XOR b", 1, 3, "XOR is not"),
        ('"a b"~0', 1, 1, "~0 is out of range"),
        ('"a b"~26', 1, 1, "~26 is out of range"),
        ('"a b"~', 1, 6, "~n stands directly behind a phrase"),
        ('"a b" ~2', 1, 7, "~n stands directly behind a phrase"),
        ('"a"~2', 1, 1, "is one word"),
        ("a~", 1, 1, "fuzzy words"),
        ("a~2", 1, 1, "fuzzy words"),
        ("@Places", 1, 1, "@Places is no name of a group"),
        ("a AND @", 1, 7, "@ is no name of a group"),
        ("=@places", 1, 2, "@places cannot stand here"),
        ("a AND\n@places", 2, 1, "no group is called @places"),
        ("'a b'", 1, 1, "double quotes"),
        ("+a", 1, 1, "+ is not an operator"),
        ("!a", 1, 1, "! is not an operator"),
        ("/a.b/", 1, 1, "regular expressions"),
        ("a, b", 1, 2, "commas"),
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
        ("a NEAR/2 " * 5_000 + "a", "a chain of 5,001"),
        ("ATLEAST/9(" + "a, " * 20_000 + "a OR b AND c)", "mixed"),
        ("a\u202eb", "an invisible character, U+202E"),
        ("@a " * 20_000, "no group is called @a"),
        ("@" * 60_000, "is no name of a group"),
        ("ATLEAST/" + "9" * 60_000 + "(a)", "asks for"),
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
        "nears",
        "list",
        "right-to-left",
        "groups",
        "ats",
        "number",
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
