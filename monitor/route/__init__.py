"""From hits to who is told, when and why: decisions over hits, subscriptions and what was told already (pure)."""

from monitor.route.decide import NO_ALERT, Present, Ruling, decide, news_about, rank
from monitor.route.hours import day_began, next_digest, quiet_until
from monitor.route.news import facts_of
from monitor.route.release import Release, Waiting, release_digest, release_held
from monitor.route.silence import silencing
from monitor.route.surges import tell_surge
from monitor.route.wants import unasked

__all__ = [
    "NO_ALERT",
    "Present",
    "Release",
    "Ruling",
    "Waiting",
    "day_began",
    "decide",
    "facts_of",
    "news_about",
    "next_digest",
    "quiet_until",
    "rank",
    "release_digest",
    "release_held",
    "silencing",
    "tell_surge",
    "unasked",
]
