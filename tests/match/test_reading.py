"""What is found from the pieces of a text alone is what reading all of it finds, passage by passage."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.match import compile_watchlist, parse_query
from monitor.match.engine.document import OCCURRENCES, Document, holds, spans
from monitor.model import ItemText, Priority, Topic
from monitor.text.fold import words

# Words, words between signs, several words in a piece, none, and those that reach over a space.
PIECES = (
    "el", "Chapo", "CHAPO,", "muro", "muros", "el/Chapo", "muro-el-Chapo", "Chapo’s", "chapo's)", "—", "...", "#",
    "EE.",
    "EE", "UU.", "UU", "EE.UU.", "U.S.", "https://a.com/el/chapo",
    "«el", "él»", "ʼel", "Cha\u00adpo", "x" * 80,
)  # fmt: skip
QUERIES = (
    "chapo", "=Chapo", "title:chapo", "chap*", '"el chapo"', '"chapo el"', '"muro el"', '="el Chapo"',
    'summary:"el chapo"',
    '"el chapo" OR muro', '"el muro el"', "el-chap*", '"chapo chapo"', '"el el"', '"chapo ee.uu."', '"uu el"',
    '"el us"',
    '"el chapo"~1', "el NEAR/2 muro", '"muro el chapo"', 'tag:"el chapo"', '"el chapo" AND NOT "el muro"',
    '(title:"el chapo" OR "chapo el" OR tag:muro)',
    '"el chapo"~1 NEAR/4 muro', "(title:el NEAR/3 chapo) OR (chapo NEAR/9 summary:muro)", "tag:el NEAR/4 tag:chapo",
    '(el NEAR/2 chapo) NEAR/5 (muro OR (uu NEAR/3 "el chapo"))', "title:(muro NEAR/6 (chapo OR el ONEAR/2 chapo))",
    '(el NEAR/2 muro OR "el chapo" NEAR/3 =CHAPO OR muro) AND (el OR (uu NEAR/4 chapo)) AND NOT (muro NEAR/1 chapo)',
)  # fmt: skip


def topic(number: int, query: str) -> Topic:
    return Topic(
        slug=f"t{number}",
        watchlist="w",
        name="t",
        description="",
        priority=Priority.LOW,
        query=query,
        owner="o",
    )


WATCHLISTS = [
    compile_watchlist([topic(number, query) for number, query in enumerate(QUERIES)], revision=1),
    *(compile_watchlist([topic(number, query)], revision=1) for number, query in enumerate(QUERIES)),
]
texts = st.builds(
    lambda pieces, gap: gap.join(pieces) + gap,
    st.lists(st.sampled_from(PIECES), max_size=14),
    st.sampled_from([" ", "  ", "\n", "\u00a0 "]),
)


@given(texts, texts, texts, st.lists(texts, max_size=2), st.sampled_from([0, 2, 12]))
def test_pieces_tell_what_the_whole_text_does(
    title: str, summary: str, body: str, tags: list[str], many: int
) -> None:
    text = ItemText(title=title, summary=summary, body=body, tags=tuple(tags))
    for watchlist in WATCHLISTS:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(
                "monitor.match.engine.reading._MANY", many
            )  # leaves from which on all of it is read after all
            found = {match.topic.slug: match.spans for match in watchlist.match(text)}
        expected = {}
        for one in watchlist.topics:
            root, document = parse_query(one.query).root, Document(text)
            if holds(root, document):
                expected[one.slug] = spans(root, document)
        assert found == expected


@pytest.mark.parametrize("query", ["chapo", '"el chapo"'])
def test_the_first_passages_alone_are_shown(query: str) -> None:
    text = ItemText(title="el Chapo " * (OCCURRENCES - 1), summary="— el — Chapo, el «Chapo»")
    (match,) = compile_watchlist([topic(0, query)], revision=1).match(text)
    assert len(match.spans) == OCCURRENCES
    assert match.spans[-1].field == "summary"
    assert match.spans[-1].text == ("Chapo" if query == "chapo" else "el — Chapo")


@given(st.lists(st.sampled_from([*PIECES, "palabra"]), max_size=12))
def test_a_document_reads_the_fields_only_once_it_is_asked(pieces: list[str]) -> None:
    text = ItemText(title=" ".join(pieces), tags=("palabra",))
    root = parse_query("tag:palabra AND palabra").root
    assert holds(root, Document(text)) == any(word.keys[0] == "palabra" for word in words(text.title))
