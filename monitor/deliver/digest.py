"""How the hits of a digest are laid out: by topic and story, the most important first (pure).

A story is told once, under its most urgent topic; what does not fit is counted where it would have stood.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor.model import Alert, AlertHit, Priority, Story, Topic

MOST_STORIES = 50
_RANKS = {Priority.URGENT: 0, Priority.NORMAL: 1, Priority.LOW: 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryGroup:
    """One story with its hits, in the order that the alert has them; `others` are further topics it belongs to."""

    story: Story
    hits: tuple[AlertHit, ...]
    topic: Topic
    others: tuple[Topic, ...] = ()

    @property
    def newest(self) -> datetime:
        """When the latest of its items was published, or found where that is unknown."""
        items = [entry.hit.item for entry in self.hits]
        return max(item.published or item.first_seen for item in items)


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicGroup:
    """One topic with the stories to be shown; `hidden` counts those that are not."""

    topic: Topic
    stories: tuple[StoryGroup, ...]
    hidden: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A whole digest: topics in order, and how many stories it has in how many topics, hidden ones included."""

    topics: tuple[TopicGroup, ...]
    stories: int

    @property
    def hidden(self) -> int:
        """How many stories are not shown."""
        return sum(group.hidden for group in self.topics)


def stories_of(alert: Alert) -> tuple[Story, ...]:
    """Return the stories that an alert tells of, in the order of its hits."""
    return tuple({story.uid: story for entry in alert.hits if (story := entry.story or alert.story)}.values())


def layout(alert: Alert, *, most: int = MOST_STORIES) -> Layout:
    """Lay an alert's hits out by topic and story, at most so many stories.

    Stories are ordered by the priority of their topic, then by outlets that were first with a text of their own, then
    newest first; topics by priority, then by their number of stories. The ones shown are the first of all stories in
    that order, whatever their topic.
    """
    groups = sorted(_groups(alert), key=_importance)
    shown = {group.story.uid for group in groups[:most]}
    by_topic: dict[str, list[StoryGroup]] = {}
    for group in groups:
        by_topic.setdefault(group.topic.slug, []).append(group)
    topics = sorted(by_topic.values(), key=_standing)
    return Layout(
        topics=tuple(
            TopicGroup(
                topic=stories[0].topic,
                stories=tuple(each for each in stories if each.story.uid in shown),
                hidden=sum(each.story.uid not in shown for each in stories),
            )
            for stories in topics
        ),
        stories=len(groups),
    )


def _groups(alert: Alert) -> Iterable[StoryGroup]:
    hits: dict[str, list[AlertHit]] = {}
    for entry in alert.hits:
        hits.setdefault((entry.story or alert.story).uid, []).append(entry)
    for entries in hits.values():
        topics = sorted(
            {entry.topic.slug: entry.topic for entry in entries}.values(),
            key=lambda topic: _RANKS[topic.priority],  # of equal ones the first to match leads
        )
        yield StoryGroup(
            story=entries[0].story or alert.story,
            hits=tuple(entries),
            topic=topics[0],
            others=tuple(topics[1:]),
        )


def _importance(group: StoryGroup) -> tuple[int, int, float, str]:
    return (
        _RANKS[group.topic.priority],
        -group.story.independent,
        -group.newest.timestamp(),
        group.story.uid,
    )


def _standing(stories: Sequence[StoryGroup]) -> tuple[int, int, str]:
    topic = stories[0].topic
    return (_RANKS[topic.priority], -len(stories), topic.name.casefold())
