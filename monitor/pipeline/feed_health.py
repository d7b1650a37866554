"""How the feeds stand, as a digest says it: how many are well, which are silent or fail, and what may be missing."""

import math
from datetime import datetime

from monitor.deliver.notes import say_failing, say_silent
from monitor.fetch.health import Health, health
from monitor.model import Feed, FeedHealth, HealthState
from monitor.store import Transaction, feeds, gaps

_WELL = {HealthState.OK, HealthState.WAITING, HealthState.LATE}
_SILENT = {HealthState.SILENT, HealthState.STALE, HealthState.EMPTY}


def feed_health(tx: Transaction, *, now: datetime, since: datetime, language: str) -> FeedHealth:
    """Judge every feed that is switched on; gaps are counted since the digest before."""
    judged = [(feed, health(feed, now=now)) for feed in feeds.list_feeds(tx) if feed.enabled]
    silent = [_said(feed, found, now, language) for feed, found in judged if found.state in _SILENT]
    failing = [
        _said(feed, found, now, language)
        for feed, found in judged
        if found.state not in _WELL and found.state not in _SILENT
    ]
    return FeedHealth(
        feeds=len(judged),
        healthy=len(judged) - len(silent) - len(failing),
        silent=tuple(silent),
        failing=tuple(failing),
        gaps=sum(gaps.open_gaps(tx, after=since).values()),
    )


def _said(feed: Feed, found: Health, now: datetime, language: str) -> str:
    name = feed.title or feed.slug
    hours = round((now - found.since).total_seconds() / 3600) if found.since is not None else 0
    if found.state not in _SILENT:
        return say_failing(name, hours, language)
    return say_silent(name, hours, language, within=math.ceil(found.within or 0))
