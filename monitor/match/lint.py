"""Advice on a topic: what the language allows and yet is probably not meant. Errors are `parse_query`'s.

Each check looks at the tree alone; how often a term really occurs is the back-test's to say.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from monitor.match.groups import Groups
from monitor.match.query import parse_group, parse_query
from monitor.match.screen import comments
from monitor.match.tree import And, AtLeast, Near, Node, Not, Or, Ref, Term, Within, children
from monitor.model import Topic

_SHORT_CAPITALS = 4
_SAFE_PREFIX = 5
_OPERATOR_WORDS = frozenset({"and", "or", "not", "y", "e", "o", "u", "ni"})

_Scoped = tuple[Term, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One piece of advice; `line` and `column` point into the query, from 1, and are 1 for the topic as a whole."""

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
    findings = _findings(parse_query(topic.query, topic.groups).root, topic.query)
    if not topic.examples:
        hint = "add at least one text that must match and one that must not"
        findings.append(Finding(code="no-examples", message="the topic has no pinned examples", hint=hint))
    return findings


def lint_group(name: str, groups: Groups) -> list[Finding]:
    """Return advice on a named group; raises `QueryError` when it cannot be parsed."""
    defined = dict(groups)
    return _findings(parse_group(name, defined), defined[name])


def _findings(root: Node, text: str) -> list[Finding]:
    """Look at a tree; what the groups it uses say is not looked at again."""
    findings = [finding for term in _own_terms(root) for finding in _term(term)]
    findings += _repeated(root, None)
    findings += _never(root, None, ())
    findings += _comments(text)
    return sorted(findings, key=lambda finding: (finding.line, finding.column))


def _own_terms(node: Node) -> Iterator[Term]:
    if isinstance(node, Term):
        yield node
    elif not isinstance(node, Ref):
        for part in children(node):
            yield from _own_terms(part)


def _at(term: Term, code: str, message: str, hint: str) -> Finding:
    return Finding(code=code, message=message, hint=hint, line=term.line, column=term.column)


def _term(term: Term) -> Iterator[Finding]:
    text = term.text
    single = not term.exact and not term.prefix and len(term.words) == 1
    if single and text.isalpha() and text.isupper() and 1 < len(text) <= _SHORT_CAPITALS:
        hint = f"write ={text} to find it in capitals only"
        yield _at(term, "short-capitals", f"{text} also finds {text.lower()}", hint)
    if term.prefix and len(term.words[-1]) < _SAFE_PREFIX:
        hint = f"use {_SAFE_PREFIX} letters or more, or write the words out with OR"
        yield _at(term, "short-prefix", f"{term} is a short prefix and may find unrelated words", hint)
    if single and text in _OPERATOR_WORDS:
        message = f"{text} in small letters is a word to be found, not an operator"
        yield _at(term, "operator-word", message, "write AND, OR and NOT in capitals")


def _comments(query: str) -> Iterator[Finding]:
    """Find comments that look like hashtags."""
    for text, line, column in comments(query):
        if text[1:].isalnum():
            hint = f"leave the # away to search for it: {text[1:]} also finds {text}"
            message = f"{text} begins a comment and is not searched for"
            yield Finding(code="comment-hashtag", message=message, hint=hint, line=line, column=column)


def _repeated(node: Node, field: str | None) -> Iterator[Finding]:
    """Find terms beside another of the same OR group that finds all they do, and terms written twice under AND."""
    match node:
        case Not(part=part):
            yield from _repeated(part, field)
        case Within(field=inner, part=part):
            yield from _repeated(part, inner)
        case And(parts=parts) | Or(parts=parts):
            alone = [one for part in parts if (one := _single(part, field)) is not None]
            yield from _overlaps(alone, equal_only=isinstance(node, And))
            for part in parts:
                yield from _repeated(part, field)
        case Near(parts=parts) | AtLeast(parts=parts):
            for part in parts:
                yield from _repeated(part, field)
        case Term() | Ref():  # what a group says is looked at with the group
            return


def _single(node: Node, field: str | None) -> _Scoped | None:
    """Return a term that stands alone, with the field it is looked for in."""
    if isinstance(node, Within):
        return _single(node.part, node.field)
    return (node, field) if isinstance(node, Term) else None


def _overlaps(alone: list[_Scoped], *, equal_only: bool) -> Iterator[Finding]:
    """Compare the terms of one group; terms are filed by their first word, so that long groups stay cheap."""
    filed: defaultdict[str, list[int]] = defaultdict(list)
    prefixes = [number for number, (term, _) in enumerate(alone) if term.prefix and len(term.words) == 1]
    for number, (term, _) in enumerate(alone):
        for key in term.keys[0]:
            filed[key].append(number)
    for number, one in enumerate(alone):
        nearby = {near for keys in one[0].keys for key in keys for near in filed[key]}
        for other in sorted(nearby.union(prefixes) - {number}):
            same = implies(alone[other], one)
            if implies(one, alone[other]) and (other < number if same else not equal_only):
                message = f"{one[0]} is already covered by {alone[other][0]}"
                yield _at(one[0], "repeated-term", message, "remove one of the two")
                break


def _never(node: Node, field: str | None, excluded: tuple[_Scoped, ...]) -> Iterator[Finding]:
    """Find terms that can never be what matches, because a NOT beside them excludes them."""
    match node:
        case Term():
            by = next((one for one in excluded if implies((node, field), one)), None)
            if by is not None:
                message = f"{node} can never be what matches, since NOT {by[0]} excludes it"
                yield _at(node, "never-true", message, "narrow the NOT, or remove the term")
        case Within(field=inner, part=part):
            yield from _never(part, inner, excluded)
        case And(parts=parts) | Or(parts=parts):
            if isinstance(node, And):
                excluded += tuple(
                    one for part in parts if isinstance(part, Not) for one in _enough(part.part, field)
                )
            for part in parts:
                yield from _never(part, field, excluded)
        case Near(parts=parts) | AtLeast(parts=parts):
            for part in parts:
                yield from _never(part, field, excluded)
        case Not() | Ref():
            return


def _enough(node: Node, field: str | None) -> list[_Scoped]:
    """Return the terms each of which alone makes a node true."""
    match node:
        case Term():
            return [(node, field)]
        case Within(field=inner, part=part):
            return _enough(part, inner)
        case Or(parts=parts):
            return [one for part in parts for one in _enough(part, field)]
        case Ref(part=part) | AtLeast(parts=(part,)):
            return _enough(part, field)
        case AtLeast(parts=parts, count=1):
            return [one for part in parts for one in _enough(part, field)]
        case And() | Not() | Near() | AtLeast():
            return []


def implies(narrow: _Scoped, wide: _Scoped) -> bool:
    """Say whether a text that has the narrow term is sure to have the wide one."""
    (term, field), (other, other_field) = narrow, wide
    if other_field is not None and other_field != field:
        return False
    length = len(other.words)
    if term.slop and length > 1:
        return (
            term.slop <= other.slop
            and len(term.words) == length
            and all(_covers(term, i, other, i) for i in range(length))
        )
    starts = range(len(term.words) - length + 1)
    return any(all(_covers(term, start + i, other, i) for i in range(length)) for start in starts)


def _covers(narrow: Term, at: int, wide: Term, to: int) -> bool:
    """Say whether every word that the narrow term accepts at one place is one that the wide term accepts there."""
    word, other = narrow.words[at], wide.words[to]
    if wide.exact:
        return narrow.exact and word == other
    forms = narrow.keys[at] or (word,)
    if not wide.keys[to]:
        return all(form.startswith(other) for form in forms)
    return bool(narrow.keys[at]) and not set(forms).isdisjoint(wide.keys[to])
