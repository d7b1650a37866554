"""What a reader is shown of the matched words."""

from monitor.deliver.wording import matched_words, outermost
from monitor.model import Span


def span(field: str, start: int, text: str) -> Span:
    return Span(field=field, start=start, end=start + len(text), text=text)


def test_a_word_inside_a_matched_phrase_is_not_named_beside_it() -> None:
    spans = [span("title", 10, "Otay"), span("title", 10, "Otay Mesa"), span("title", 0, "túnel")]
    assert matched_words(spans) == ("túnel", "Otay Mesa")


def test_the_same_word_elsewhere_is_still_named() -> None:
    spans = [span("title", 10, "Otay Mesa"), span("summary", 10, "Otay")]
    assert matched_words(spans) == ("Otay Mesa", "Otay")


def test_passages_come_in_the_order_a_reader_meets_them() -> None:
    spans = [span("body", 0, "c"), span("summary", 5, "b"), span("title", 9, "a")]
    assert [each.text for each in outermost(spans)] == ["a", "b", "c"]
