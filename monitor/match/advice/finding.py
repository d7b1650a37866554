"""A piece of advice on a topic, and where it points."""

from dataclasses import dataclass

from monitor.match.language.tree import Node, Term, first_place


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One piece of advice: what it is about (`code`), what was found, and what to do.

    `line` and `column` point into the query, or into the definition of the named `group`, from 1; they are 1 for the
    topic as a whole.
    """

    code: str
    message: str
    hint: str = ""
    line: int = 1
    column: int = 1
    group: str = ""

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}: {self.message}" + (
            f" ({self.hint})" if self.hint else ""
        )


def at(node: Node, code: str, message: str, hint: str) -> Finding:
    """Point at the first word of a node."""
    line, column = (node.line, node.column) if isinstance(node, Term) else first_place(node)
    return Finding(code=code, message=message, hint=hint, line=line, column=column)


def shown(node: Node) -> str:
    """Write a node out, cut where it is long."""
    written = str(node)
    return written if len(written) <= 60 else f"{written[:59]}…"
