"""In which order an alert that tells of several stories is told: by topic, then by story, each story once.

The alert's own order decides which topic, which story and which hit comes first. Makes no text.
"""

from dataclasses import dataclass

from monitor.model import Alert, AlertHit, Story, Topic


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A story with the alert's hits on it; `hits` is never empty."""

    story: Story
    hits: tuple[AlertHit, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """A topic and the stories told under it."""

    topic: Topic
    reports: tuple[Report, ...]


def story_of(entry: AlertHit, alert: Alert) -> Story:
    """Return the story of one hit: its own where the alert tells of several, else the alert's."""
    return entry.story or alert.story


def agenda(alert: Alert) -> tuple[Chapter, ...]:
    """Group an alert's hits: a story that several topics found stands under the first of them only."""
    stories: dict[str, list[AlertHit]] = {}
    for entry in alert.hits:
        stories.setdefault(story_of(entry, alert).uid, []).append(entry)
    chapters: dict[str, list[list[AlertHit]]] = {}
    for hits in stories.values():
        chapters.setdefault(hits[0].topic.slug, []).append(hits)
    return tuple(
        Chapter(
            topic=reports[0][0].topic,
            reports=tuple(Report(story=story_of(hits[0], alert), hits=tuple(hits)) for hits in reports),
        )
        for reports in chapters.values()
    )


def tells_of_several(alert: Alert) -> bool:
    """Say whether an alert tells of more than one story."""
    return len({story_of(entry, alert).uid for entry in alert.hits}) > 1
