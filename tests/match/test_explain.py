"""Explanations: the same answer as the matcher's, with what made it or what was lacking."""

from hypothesis import given
from hypothesis import strategies as st

from monitor.match import ClauseState, Explanation, compile_watchlist, explain
from monitor.model import ItemText, Priority, Topic

QUERY = '(fentanyl OR fentanilo) AND (border OR Tijuana) AND NOT (film OR "New Mexico")'


def topic(query: str) -> Topic:
    return Topic(
        slug="t",
        watchlist="w",
        name="t",
        description="",
        priority=Priority.NORMAL,
        query=query,
        owner="file:t",
    )


def explained(query: str, title: str, summary: str = "") -> Explanation:
    return explain(topic(query), ItemText(title=title, summary=summary))


def test_a_match_names_the_passages_by_field() -> None:
    answer = explained(QUERY, "Fentanyl at the border", "Fentanilo en Tijuana y más fentanilo")
    assert answer.matched
    assert answer.sentence == (
        "Matches: “Fentanyl” in the title and “Fentanilo” in the summary and “border” in the title and “Tijuana” in the"
        " summary, and nothing that is excluded."
    )
    assert [clause.state for clause in answer.clauses] == [
        ClauseState.TRUE,
        ClauseState.TRUE,
        ClauseState.ABSENT,
    ]


def test_a_missing_clause_is_named_with_what_was_there() -> None:
    answer = explained(QUERY, "Fentanyl in Ohio")
    assert not answer.matched
    assert answer.spans == ()
    assert (
        answer.sentence
        == "No match: none of (border OR Tijuana) occurs, although there is “Fentanyl” in the title."
    )
    assert answer.clauses[1].query == "border OR Tijuana"
    assert answer.clauses[1].state is ClauseState.MISSING


def test_an_exclusion_names_the_passage_that_excluded() -> None:
    answer = explained(QUERY, "Fentanyl at the border of New Mexico")
    assert "it is excluded by “New Mexico” in the title" in answer.sentence
    assert answer.clauses[2].state is ClauseState.EXCLUDED
    assert [span.text for span in answer.clauses[2].spans] == ["New Mexico"]


def test_a_single_missing_term_reads_well() -> None:
    assert explained("title:tunnel", "x", "tunnel").sentence == "No match: title:tunnel does not occur."


def test_of_several_ways_to_match_the_nearest_is_told() -> None:
    answer = explained("(tunnel AND border) OR (cartel AND drones AND NOT film)", "Cartel film with drones")
    assert answer.sentence.endswith(
        "(nearest: it is excluded by “film” in the title, although there is “Cartel” in the title and"
        " “drones” in the title)."
    )
    assert "nearest" not in explained("(tunnel AND border) OR (cartel AND drones)", "x").sentence


def test_many_passages_are_counted_not_listed() -> None:
    answer = explained("aa OR bb OR cc OR dd OR ee", "aa bb cc dd ee aa AA")
    assert answer.sentence == "Matches: “aa”, “bb”, “cc” and 2 more in the title."
    assert len(answer.spans) == 7


def test_sentences_stay_short_whatever_the_query() -> None:
    query = " OR ".join(f"word{number}" for number in range(3000))
    assert len(explained(query, "x").sentence) < 400


words = st.sampled_from(["fentanyl", "fentanilo", "border", "Tijuana", "film", "New Mexico", "new", "x"])


@given(st.lists(words, max_size=6).map(" ".join), st.lists(words, max_size=4).map(" ".join))
def test_the_explanation_agrees_with_the_matcher(title: str, summary: str) -> None:
    text = ItemText(title=title, summary=summary)
    matches = compile_watchlist([topic(QUERY)], revision=1).match(text)
    answer = explain(topic(QUERY), text)
    assert answer.matched == bool(matches)
    assert answer.spans == (matches[0].spans if matches else ())
    assert answer.sentence.startswith("Matches: " if answer.matched else "No match: ")
    wrong = {ClauseState.MISSING, ClauseState.EXCLUDED}
    assert answer.matched == (not any(clause.state in wrong for clause in answer.clauses))
