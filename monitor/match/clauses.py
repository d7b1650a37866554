"""What a query requires: sets of terms of which a matching text must contain at least one each.

The conjunction of these clauses is weaker than the query (it ignores what is excluded), which is what an index needs.
"""

from monitor.match.document import Leaf, leaf_of
from monitor.match.tree import And, Node, Not, Or, Term, Within

Clauses = list[frozenset[Leaf]]


def required(node: Node, field: str | None = None, *, wanted: bool = True) -> Clauses:
    """Return the clauses implied by the node being true (or, with `wanted` off, by its being false).

    An empty list means that nothing is required. For a query accepted by `parse_query` the list is never empty.
    """
    match node:
        case Term():
            return [frozenset({leaf_of(node, field)})] if wanted else []
        case Not(part=part):
            return required(part, field, wanted=not wanted)
        case Within(field=inner, part=part):
            return required(part, inner, wanted=wanted)
        case And(parts=parts) | Or(parts=parts):
            each = [required(part, field, wanted=wanted) for part in parts]
            if isinstance(node, And) == wanted:
                return [clause for clauses in each for clause in clauses]
            return _either(each)


def _either(alternatives: list[Clauses]) -> Clauses:
    """Join alternatives: one clause of each, the smallest, since all together would multiply."""
    if not all(alternatives):
        return []
    return [frozenset().union(*(min(clauses, key=len) for clauses in alternatives))]
