"""Matching: queries to trees, topics to a compiled watchlist, item texts to hits with the words that made them.

One evaluator (`document.holds`) serves the daemon, the examples, the explanation and the tests, so they cannot
disagree. Everything here is pure: no I/O, no clock, no randomness; markup never gets this far (`monitor.text.gate`).
"""

from monitor.match.advice.finding import Finding
from monitor.match.advice.lint import lint, lint_group
from monitor.match.advice.sample import Sample
from monitor.match.engine.matcher import ENGINE, TopicMatch, Watchlist, compile_watchlist
from monitor.match.examples import BrokenExample, check_examples
from monitor.match.explain import Clause, ClauseState, Explanation, explain
from monitor.match.language.groups import Groups
from monitor.match.language.layout import layout
from monitor.match.language.query import Query, mentions, parse_group, parse_query, used_groups
from monitor.match.story.keys import story_keys
from monitor.match.story.text import StoryText, story_text
from monitor.match.story.vector import packed, unpacked
from monitor.match.story.window import STORY_ENGINE, Kept, Placement, Related, StoryRules, StoryWindow

__all__ = [
    "ENGINE",
    "STORY_ENGINE",
    "BrokenExample",
    "Clause",
    "ClauseState",
    "Explanation",
    "Finding",
    "Groups",
    "Kept",
    "Placement",
    "Query",
    "Related",
    "Sample",
    "StoryRules",
    "StoryText",
    "StoryWindow",
    "TopicMatch",
    "Watchlist",
    "check_examples",
    "compile_watchlist",
    "explain",
    "layout",
    "lint",
    "lint_group",
    "mentions",
    "packed",
    "parse_group",
    "parse_query",
    "story_keys",
    "story_text",
    "unpacked",
    "used_groups",
]
