"""Advice on a topic: what is allowed and yet probably not meant. Errors are `parse_query`'s."""

from collections.abc import Iterator
from dataclasses import dataclass

from monitor.match.query import parse_query
from monitor.match.tree import Term, terms
from monitor.model import Topic


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One piece of advice; `line` and `column` point into the query, from 1."""

    code: str
    message: str
    hint: str = ""
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}: {self.message}" + (
            f" ({self.hint})" if self.hint else ""
        )


def lint(topic: Topic) -> list[Finding]:
    """Return advice on a topic in the order of its query; raises `QueryError` when the query cannot be parsed."""
    root = parse_query(topic.query).root
    findings = [finding for term in terms(root) for finding in _term(term)]
    findings.sort(key=lambda finding: (finding.line, finding.column))
    if not topic.examples:
        findings.append(
            Finding(
                code="no-examples",
                message="the topic has no pinned examples",
                hint="add at least one text that must match and one that must not",
            )
        )
    return findings


def _term(term: Term) -> Iterator[Finding]:
    place = {"line": term.line, "column": term.column}
    if (
        not term.exact
        and len(term.words) == 1
        and len(term.text) <= 4
        and term.text.isalpha()
        and term.text.isupper()
    ):
        yield Finding(
            code="short-capitals",
            message=f"{term.text} also finds {term.text.lower()}",
            hint=f"write ={term.text} to find it in capitals only",
            **place,
        )
    if term.prefix and len(term.words[-1]) < 6:
        yield Finding(
            code="short-prefix",
            message=f"{term} is a short prefix and may find unrelated words",
            hint="use at least 6 letters, or write the words out with OR",
            **place,
        )
