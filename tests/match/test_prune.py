"""What is left of a query after pruning is true of a text exactly when the query is, by the same passages."""

from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import QueryError
from monitor.match import parse_query
from monitor.match.document import Document, holds, spans
from monitor.match.prune import branch, prune
from monitor.match.tree import Not, Or, Term, terms
from monitor.model import ItemText

LETTERS = "abcdef"
trees = st.recursive(
    st.sampled_from([*LETTERS, *(f"title:{letter}" for letter in LETTERS), '"a b"', "title:(a OR c)"]),
    lambda inner: (
        st.lists(inner, min_size=2, max_size=4).map(lambda parts: f"({' AND '.join(parts)})")
        | st.lists(inner, min_size=2, max_size=4).map(lambda parts: f"({' OR '.join(parts)})")
        | st.lists(inner, min_size=2, max_size=4).flatmap(
            lambda parts: st.integers(1, len(parts)).map(lambda n: f"ATLEAST/{n}({', '.join(parts)})")
        )
        | st.tuples(st.sampled_from(LETTERS), st.sampled_from(LETTERS), st.sampled_from(LETTERS)).map(
            lambda drawn: f"({drawn[0]} NEAR/2 (title:{drawn[1]} OR {drawn[2]}))"
        )
        | inner.map(lambda part: f"(NOT ({part}))")
    ),
    max_leaves=14,
)


class Numbers:
    """Numbers terms as a watchlist does, and says which may occur in a text."""

    def __init__(self) -> None:
        self.known: dict[tuple[tuple[str, ...], str | None], int] = {}

    def __call__(self, term: Term, field: str | None) -> int:
        return self.known.setdefault((term.words, field), len(self.known))

    def present(self, text: ItemText) -> set[int]:
        words = {*text.title.split(), *text.summary.split()}
        return {number for (wanted, _), number in self.known.items() if words & set(wanted)}


@given(trees, st.lists(st.sampled_from(LETTERS)), st.lists(st.sampled_from(LETTERS)))
def test_a_pruned_query_says_what_the_whole_one_says(
    query: str, title: list[str], summary: list[str]
) -> None:
    try:
        root = parse_query(query).root
    except QueryError:
        return  # true of everything
    numbers = Numbers()
    made = branch(root, numbers)
    text = ItemText(title=" ".join(title), summary=" ".join(summary))
    document = Document(text)
    rest = prune(made, numbers.present(text))
    if isinstance(rest, bool):
        assert rest == holds(root, document)
        return
    assert holds(rest, document) == holds(root, document)
    if holds(root, document):
        assert spans(rest, document) == spans(root, document)


def test_only_terms_that_may_occur_are_left() -> None:
    numbers = Numbers()
    made = branch(parse_query("(a OR b OR c) AND (d OR e) AND NOT f").root, numbers)
    rest = prune(made, {1, 4})
    assert not isinstance(rest, bool)
    assert [term.words for term in terms(rest)] == [("b",), ("e",)]
    assert prune(made, {1}) is False
    assert prune(made, set()) is False
    with_exclusion = prune(made, {0, 1, 3, 5})
    assert not isinstance(with_exclusion, bool)
    assert [type(part) for part in getattr(with_exclusion, "parts", ())].count(Not) == 1
    assert any(isinstance(part, Or) for part in getattr(with_exclusion, "parts", ()))
