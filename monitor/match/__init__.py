"""Matching: queries to trees, topics to a compiled watchlist, item texts to hits with the words that made them.

One evaluator (`document.holds`) serves the daemon, the examples, the explanation and the tests, so they cannot
disagree. Everything here is pure: no I/O, no clock, no randomness; markup never gets this far (`monitor.text.gate`).
"""

from monitor.match.examples import BrokenExample, check_examples
from monitor.match.explain import Clause, ClauseState, Explanation, explain
from monitor.match.groups import Groups
from monitor.match.layout import layout
from monitor.match.lint import Finding, lint, lint_group
from monitor.match.matcher import ENGINE, TopicMatch, Watchlist, compile_watchlist
from monitor.match.query import Query, mentions, parse_group, parse_query, used_groups
from monitor.match.stories import story_keys

__all__ = [
    "ENGINE",
    "BrokenExample",
    "Clause",
    "ClauseState",
    "Explanation",
    "Finding",
    "Groups",
    "Query",
    "TopicMatch",
    "Watchlist",
    "check_examples",
    "compile_watchlist",
    "explain",
    "layout",
    "lint",
    "lint_group",
    "mentions",
    "parse_group",
    "parse_query",
    "story_keys",
    "used_groups",
]
