"""A document's words and places."""

from monitor.match import parse_query
from monitor.match.engine.document import Document, found, holds, spans
from monitor.match.language.tree import Term
from monitor.model import ItemText


def places(query: str, text: ItemText) -> list[tuple[int, int]]:
    term = parse_query(query).root
    assert isinstance(term, Term)
    return Document(text).occurrences(term, None)


def test_occurrences_come_in_reading_order_title_first() -> None:
    text = ItemText(title="a cartel", summary="the cartel", body="cartels of the cartel")
    term = parse_query("cartel").root
    shown = [(span.field, span.start) for span in spans(term, Document(text))]
    assert shown == [("title", 2), ("summary", 4), ("body", 0), ("body", 15)]


def test_overlapping_phrases_are_all_found() -> None:
    assert places('"a b a"', ItemText(title="a b a b a")) == [(0, 3), (2, 5)]


def test_a_phrase_is_looked_for_at_its_rarest_word() -> None:
    assert places('"the tunnel the"', ItemText(title="the " * 50 + "tunnel the")) == [(49, 52)]


def test_a_prefix_begins_a_word_and_may_end_a_phrase() -> None:
    assert places("smuggl*", ItemText(title="ice-smugglers, nosmuggling")) == [(1, 2)]
    assert places("cross-bord*", ItemText(title="cross-border cross the border")) == [(0, 2)]


def test_an_empty_item_has_nothing() -> None:
    document = Document(ItemText(title=""))
    root = parse_query("a AND NOT b").root
    assert not holds(root, document)
    assert found(parse_query('"a b" OR abcd* OR =X').root, document) == set()
