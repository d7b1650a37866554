"""Pinned examples: texts that a topic's query must, or must not, match. They are its unit tests."""

from dataclasses import dataclass

from monitor.match.engine.document import Document, holds
from monitor.match.explain import explain_query
from monitor.match.language.query import parse_query
from monitor.model import Example, ItemText, Topic


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenExample:
    """An example that the query gets wrong; `index` counts from 0, `sentence` says why the query decided so."""

    index: int
    example: Example
    sentence: str

    def __str__(self) -> str:
        wanted = "must match and does not" if self.example.match else "must not match and does"
        return f"example {self.index + 1} ({self.example.title!r}) {wanted}: {self.sentence}"


def check_examples(topic: Topic) -> list[BrokenExample]:
    """Return the pinned examples that the query gets wrong; raises `QueryError` when it cannot be parsed."""
    query = parse_query(topic.query, topic.groups)
    broken = []
    for index, example in enumerate(topic.examples):
        text = ItemText(title=example.title, summary=example.summary, language=example.language)
        if holds(query.root, Document(text)) != example.match:
            sentence = explain_query(query, text).sentence
            broken.append(BrokenExample(index=index, example=example, sentence=sentence))
    return broken
