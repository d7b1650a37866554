"""Desired state: what the files under [files] describe, from topics to recipients, checked as a whole.

Reads files only. It neither opens the store nor knows what is in it: that is `plan`'s.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import cast

from monitor.config.annotations import Annotations
from monitor.config.collector import Collector, Origin
from monitor.config.feed_files import collect_feeds
from monitor.config.recipients import collect_recipients
from monitor.config.settings import Settings
from monitor.config.watchlists import collect_topics
from monitor.errors import ConfigError
from monitor.model import Channel, Feed, Forecast, Place, Subscriber, Subscription, Topic


@dataclass(frozen=True, slots=True, kw_only=True)
class Desired:
    """What the files ask for; `origins` names the place of each (kind, slug)."""

    topics: tuple[Topic, ...] = ()
    places: tuple[Place, ...] = ()
    forecasts: tuple[Forecast, ...] = ()
    feeds: tuple[Feed, ...] = ()
    subscribers: tuple[Subscriber, ...] = ()
    channels: tuple[Channel, ...] = ()
    subscriptions: tuple[Subscription, ...] = ()
    origins: Mapping[tuple[str, str], Origin] = field(default_factory=dict, repr=False)
    files: tuple[str, ...] = ()

    @property
    def revision(self) -> str:
        """A short digest of everything but secrets."""
        records = (
            *(*self.topics, *self.places, *self.forecasts, *self.feeds),
            *(*self.subscribers, *self.channels, *self.subscriptions),
        )
        plain = [asdict(cast("Topic", record)) for record in records]
        for record in plain:
            record.pop("secret", None)
            record.get("channel", {}).pop("secret", None)
        text = json.dumps(plain, default=str, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def load_desired(settings: Settings) -> Desired:
    """Read and check all files that the settings name. Raises ConfigError with every problem of every file."""
    collector = Collector(settings)
    annotations = Annotations()
    topics = collect_topics(collector, annotations)
    feeds = collect_feeds(collector)
    recipients = collect_recipients(collector)
    if collector.problems:
        raise ConfigError(sorted(collector.problems, key=lambda each: (each.file, each.line or 0)))
    return Desired(
        topics=topics,
        places=tuple(annotations.places),
        forecasts=tuple(annotations.forecasts),
        feeds=feeds,
        subscribers=tuple(recipients.subscribers.values()),
        channels=tuple(recipients.channels.values()),
        subscriptions=tuple(recipients.subscriptions.values()),
        origins=collector.origins,
        files=tuple(collector.files),
    )
