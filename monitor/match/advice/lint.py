"""Advice on a topic: what the language allows and yet is probably not meant. Errors are `parse_query`'s.

Most checks look at the tree alone. Those of `sample` look at recent items, those of pinned examples at the topic's own.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace

from monitor.match.advice.contradiction import contradictions
from monitor.match.advice.finding import Finding, at, shown
from monitor.match.advice.implied import Scoped, implies
from monitor.match.advice.sample import Sample, broad_terms, greedy_exclusions, removable
from monitor.match.advice.twins import is_word, one_sided
from monitor.match.engine.document import Document, holds
from monitor.match.language.groups import Groups
from monitor.match.language.query import parse_group, parse_query
from monitor.match.language.screen import comments
from monitor.match.language.tree import And, AtLeast, Near, Node, Not, Or, Ref, Term, Within, children
from monitor.model import ItemText, Topic

_SHORT_CAPITALS = 4
_LONGER_CAPITALS = 5  # asked only of those that are also a common word, or stand in small letters in an item
_SAFE_PREFIX = 5
_OPERATOR_WORDS = frozenset({"and", "or", "not", "y", "e", "o", "u", "ni"})
_NO_SAMPLE = Sample()


def lint(topic: Topic, sample: Sample = _NO_SAMPLE) -> list[Finding]:
    """Return advice on a topic in the order of its query; raises `QueryError` when the query cannot be parsed.

    `sample` holds recent items: with them it is also told which terms are everywhere and which NOTs take much away.
    """
    root = parse_query(topic.query, topic.groups).root
    findings = _findings(root, topic.query, sample)
    findings += one_sided(root, {})
    findings += _lost_examples(root, topic)
    findings += greedy_exclusions(root, topic.groups, sample)
    findings.sort(key=_place)
    if not topic.examples:
        hint = "add at least one text that must match and one that must not"
        findings.append(Finding(code="no-examples", message="the topic has no pinned examples", hint=hint))
    return findings


def lint_group(name: str, groups: Groups, sample: Sample = _NO_SAMPLE) -> list[Finding]:
    """Return advice on a named group; raises `QueryError` when it cannot be parsed."""
    defined = dict(groups)
    root = parse_group(name, defined)
    findings = _findings(root, defined[name], sample)
    findings += one_sided(root, {other: parse_group(other, defined) for other in defined if other != name})
    return [replace(finding, group=name) for finding in sorted(findings, key=_place)]


def _place(finding: Finding) -> tuple[int, int]:
    return finding.line, finding.column


def _findings(root: Node, text: str, sample: Sample) -> list[Finding]:
    """Look at a tree; what the groups it uses say is not looked at again."""
    findings = [finding for term in _own_terms(root) for finding in _term(term, sample)]
    findings += _repeated(root, None)
    findings += contradictions(root)
    findings += _comments(text)
    findings += broad_terms(root, sample)
    return findings


def _lost_examples(root: Node, topic: Topic) -> Iterator[Finding]:
    """Find NOTs without which a pinned example would match that must and does not."""
    for example in topic.examples:
        document = Document(ItemText(title=example.title, summary=example.summary, language=example.language))
        if not example.match or holds(root, document):
            continue
        for gone, left in removable(root):
            if holds(left, document):
                message = f"NOT {shown(gone.part)} takes away the pinned example {example.title!r}"
                yield at(gone, "not-removes", message, "narrow it: a phrase, NEAR or title: takes away less")


def _own_terms(node: Node) -> Iterator[Term]:
    if isinstance(node, Term):
        yield node
    elif not isinstance(node, Ref):
        for part in children(node):
            yield from _own_terms(part)


def _term(term: Term, sample: Sample) -> Iterator[Finding]:
    text = term.text
    single = not term.exact and not term.prefix and len(term.words) == 1
    if single and text.isalpha() and text.isupper() and _may_be_a_word(term, sample):
        hint = f"write ={text} to find it in capitals only"
        yield at(term, "short-capitals", f"{text} also finds {text.lower()}", hint)
    if term.prefix and len(term.words[-1]) < _SAFE_PREFIX:
        hint = f"use {_SAFE_PREFIX} letters or more, or write the words out with OR"
        yield at(term, "short-prefix", f"{term} is a short prefix and may find unrelated words", hint)
    if single and text in _OPERATOR_WORDS:
        message = f"{text} in small letters is a word to be found, not an operator"
        yield at(term, "operator-word", message, "write AND, OR and NOT in capitals")


def _may_be_a_word(term: Term, sample: Sample) -> bool:
    """Say whether a word in capitals is likely to be found where it is no abbreviation."""
    if 1 < len(term.text) <= _SHORT_CAPITALS:
        return True
    common = is_word(term.words[0]) or term.text.lower() in sample.written
    return len(term.text) == _LONGER_CAPITALS and common


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
            if isinstance(node, AtLeast):  # one word would count as two parts
                alone = [one for part in parts if (one := _single(part, field)) is not None]
                yield from _overlaps(alone, equal_only=False)
            for part in parts:
                yield from _repeated(part, field)
        case Term() | Ref():  # what a group says is looked at with the group
            return


def _single(node: Node, field: str | None) -> Scoped | None:
    """Return a term that stands alone, with the field it is looked for in."""
    if isinstance(node, Within):
        return _single(node.part, node.field)
    return (node, field) if isinstance(node, Term) else None


def _overlaps(alone: list[Scoped], *, equal_only: bool) -> Iterator[Finding]:
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
                yield at(one[0], "repeated-term", message, "remove one of the two")
                break
