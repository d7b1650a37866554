"""What an editor reads when a query is refused or advised on: the whole sentence, the place, and the remedy."""

import pytest

from monitor.errors import QueryError
from monitor.match import explain, lint, parse_query
from monitor.match.advice.finding import Finding
from monitor.model import Example, ItemText, Priority, Topic

NOT_HERE = ("NOT cannot stand here", "write it once, before a term, title: or a parenthesis")
MINUS_HERE = ("- cannot stand here", "write it once, directly before a term, title: or a parenthesis")
DASH = (
    "a dash stands by itself",
    "-word means NOT word; inside a word a hyphen is fine: cross-border",
)
EXACT = ("= needs a word or a phrase directly after it", 'as in =ICE or ="CBP One"')
OPENED = ("a parenthesis is opened and never closed", 'add ")" where the group ends')
CLOSED = ("a parenthesis is closed that was never opened", 'remove it, or add "(" before')
ENDS = (
    "the query ends where a term is expected",
    "add a term after the last operator, or remove the operator",
)
TITLE_HERE = (
    "title: cannot stand here",
    "write it once, directly before a term, a phrase or a parenthesis",
)


@pytest.mark.parametrize(
    ("query", "line", "column", "message", "hint"),
    [
        ("NOT NOT a", 1, 5, *NOT_HERE),
        ("title:NOT a", 1, 7, *NOT_HERE),
        ("-NOT a", 1, 2, *NOT_HERE),
        ("NOT -a", 1, 5, *MINUS_HERE),
        ("title:-a", 1, 7, *MINUS_HERE),
        ("a AND -", 1, 7, *DASH),
        ("--a b", 1, 1, *DASH),
        ("a = b", 1, 3, *EXACT),
        ("=(a b)", 1, 1, *EXACT),
        ("a AND\n(b", 2, 1, *OPENED),
        ("a OR )", 1, 6, *CLOSED),
        ("a NOT", 1, 6, *ENDS),
        ("=title:a", 1, 2, *TITLE_HERE),
        (
            "()",
            1,
            2,
            "a term is missing before the closing parenthesis",
            "add one, or remove the operator or the parentheses",
        ),
        (
            "a\nAND\n  OR b",
            3,
            3,
            "OR joins two terms, and the one before it is missing",
            "add it, or remove OR",
        ),
        ("AND a", 1, 1, "AND joins two terms, and the one before it is missing", "add it, or remove AND"),
        ('a "x', 1, 3, "a quote is opened and never closed", 'add the second "'),
        ("a ,b", 1, 3, "terms are not separated by commas", "write OR between alternatives"),
        ("=smuggl*", 1, 2, "= (exact) and * (prefix) exclude each other", "drop one of the two"),
        ("{a}", 1, 1, "{a} has characters that a bare word cannot have", 'put it in quotes: "{a}"'),
        (
            '"' + "w " * 41 + '"',
            1,
            1,
            "a phrase of 41 words; 40 are allowed",
            "use the part of it that tells",
        ),
        (
            "a AND\nb OR c",
            2,
            3,
            "AND and OR are mixed without parentheses",
            "write either (a AND b) OR c or a AND (b OR c)",
        ),
    ],
)
def test_a_refusal_says_what_where_and_what_would_be_right(
    query: str, line: int, column: int, message: str, hint: str
) -> None:
    with pytest.raises(QueryError) as caught:
        parse_query(query)
    refused = caught.value
    assert (refused.message, refused.hint, refused.line, refused.column) == (message, hint, line, column)


def test_a_phrase_may_have_forty_words() -> None:
    parse_query('"' + "w " * 40 + '"')


def test_long_words_and_readings_are_cut_in_refusals() -> None:
    with pytest.raises(QueryError) as caught:
        parse_query("x" * 300 + ":y")
    assert len(caught.value.message) == 201
    assert caught.value.message.endswith("…")
    with pytest.raises(QueryError) as caught:
        parse_query("a" * 190 + " AND " + "b" * 190 + " OR c")
    assert caught.value.hint.count("…") == 2


def advice(query: str) -> list[Finding]:
    return lint(
        Topic(
            slug="s",
            watchlist="w",
            name="n",
            description="",
            priority=Priority.LOW,
            query=query,
            owner="o",
            examples=(Example(title="x", match=True),),
        )
    )


@pytest.mark.parametrize("word", ["and", "or", "not", "y", "e", "o", "u", "ni"])
def test_an_operator_in_small_letters_of_either_language_is_pointed_out(word: str) -> None:
    (found,) = advice(f"cartel {word} Laredo")
    assert found.message == f"{word} in small letters is a word to be found, not an operator"
    assert found.hint == "write AND, OR and NOT in capitals"
    assert str(found) == f"line 1, column 8: {found.message} ({found.hint})"


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("ABCD ABCDE", "line 1, column 1: ABCD also finds abcd (write =ABCD to find it in capitals only)"),
        (
            "depo*",
            (
                "line 1, column 1: depo* is a short prefix and may find unrelated words "
                "(use 5 letters or more, or write the words out with OR)"
            ),
        ),
        (
            "x #ICE",
            (
                "line 1, column 3: #ICE begins a comment and is not searched for "
                "(leave the # away to search for it: ICE also finds #ICE)"
            ),
        ),
        (
            "cartel AND NOT cartel",
            (
                "line 1, column 1: cartel can never be what matches, since NOT cartel excludes it "
                "(narrow the NOT, or remove the term)"
            ),
        ),
        (
            "Laredo AND (x OR (z AND title:(cartel OR cartels)))",
            "line 1, column 42: cartels is already covered by cartel (remove one of the two)",
        ),
        (
            'smuggl* OR "smuggler ring"',
            'line 1, column 12: "smuggler ring" is already covered by smuggl* (remove one of the two)',
        ),
        ("=Ice OR ice", "line 1, column 2: =Ice is already covered by ice (remove one of the two)"),
    ],
)
def test_advice_is_one_whole_sentence(query: str, said: str) -> None:
    assert [str(found) for found in advice(query)] == [said]


def test_advice_comes_in_the_order_of_the_query() -> None:
    columns = [found.column for found in advice("=ICE OR ICE OR depo* OR cartel OR cartels")]
    assert columns == sorted(columns)
    assert len(columns) == 4


def test_a_topic_without_examples_is_told_so() -> None:
    topic = Topic(
        slug="s", watchlist="w", name="n", description="", priority=Priority.LOW, query="Laredo", owner="o"
    )
    (found,) = lint(topic)
    assert str(found) == (
        "line 1, column 1: the topic has no pinned examples "
        "(add at least one text that must match and one that must not)"
    )


@pytest.mark.parametrize(
    ("query", "title", "said"),
    [
        (
            "fentanyl AND border",
            "Fentanyl seized",
            "No match: border does not occur, although there is “Fentanyl” in the title.",
        ),
        (
            "fentanyl AND NOT opera",
            "Fentanyl opera",
            "No match: it is excluded by “opera” in the title, although there is “Fentanyl” in the title.",
        ),
        (
            "(a1 OR b1) AND c1 AND d1",
            "a1",
            "No match: c1 does not occur and d1 does not occur, although there is “a1” in the title.",
        ),
        ("NOT opera AND fentanyl", "Choir", "No match: fentanyl does not occur."),
        ("a1 AND b1", "a1 b1", "Matches: “a1” in the title and “b1” in the title."),
        (
            "troops NEAR/8 border",
            "Troops at the border",
            "Matches: “Troops” within 8 words of “border” in the title.",
        ),
        (
            "a1 ONEAR/2 b1 ONEAR/2 c1",
            "a1 b1 c1",
            "Matches: “a1” followed within 2 words by “b1” followed within 2 words by “c1” in the title.",
        ),
        (
            "(a1 OR b1) NEAR/1 c1",
            "b1 c1 d1",
            "Matches: “b1” within 1 word of “c1” in the title.",
        ),
        ("a1 NEAR/1 (b1 NEAR/1 c1)", "a1 b1 c1", "Matches: “a1”, “b1”, “c1” in the title."),
        ("a1 NEAR/2 b1", "a1 x y b1", "No match: a1 and b1 occur, but not within 2 words of each other."),
        ("a1 ONEAR/1 b1", "b1 a1", "No match: a1 and b1 occur, but not within 1 word in this order."),
        (
            "a1 NEAR/2 (b1 OR c1) NEAR/2 d1",
            "a1",
            "No match: none of (b1 OR c1) occurs and d1 does not occur.",
        ),
        (
            "x1 NOT (a1 NEAR/2 b1)",
            "x1 b1 a1",
            (
                "No match: it is excluded by “a1” within 2 words of “b1” in the title, "
                "although there is “x1” in the title."
            ),
        ),
        (
            "ATLEAST/2(a1, b1 OR c1, d1)",
            "c1",
            "No match: 1 of (a1, b1 OR c1, d1) is true, and 2 must be.",
        ),
        ("ATLEAST/2(a1, b1, c1)", "c1 a1", "Matches: “c1”, “a1” in the title."),
        ("a1 lang:es", "a1", "No match: the language is not es, although there is “a1” in the title."),
        ("a1 lang:und", "a1", "Matches: “a1” in the title and the language und."),
        (
            "a1 NOT lang:und",
            "a1",
            "No match: it is excluded by the language und, although there is “a1” in the title.",
        ),
        ("a1 @g", "a1", "No match: nothing of @g occurs, although there is “a1” in the title."),
        ("@g", "G2", "Matches: “G2” in the title."),
        ('"a1 b1"~3', "a1 and b1", "Matches: “a1 and b1” in the title."),
        ("source:a1", "a1", "No match: source:a1 does not occur."),
    ],
)
def test_an_explanation_is_one_whole_sentence(query: str, title: str, said: str) -> None:
    topic = Topic(
        slug="s",
        watchlist="w",
        name="n",
        description="",
        priority=Priority.LOW,
        query=query,
        groups=(("g", "g1 OR g2"),),
        owner="o",
    )
    assert explain(topic, ItemText(title=title)).sentence == said
