"""Judges what has arrived against what the recordings expect. Pure: it reads no socket, file or clock.

An arrival is recognised by the links of the recorded items it carries, so that no wording, order or field of a
payload or a mail matters; what each channel promises about its format has tests of its own.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from monitor.demo.recordings import ExpectedStory

_LONG = (
    120  # characters: the longest string below it is taken for the headline; it is only shown, never judged
)
_URL = re.compile(r"https?://[^\s<>\"'\\)\]]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One message that reached the end of a channel.

    `id` is what tells a repetition from a second message (webhook-id, Message-ID). `topics` are the topics it
    names by slug, or None where the channel does not show slugs.
    """

    channel: str
    id: str
    title: str
    links: frozenset[str]
    topics: frozenset[str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """`ok` when everything expected has arrived once on each channel, and nothing else.

    `lines` name what is wrong, `arrived` counts expected stories by channel, `missing` those not yet there.
    """

    ok: bool
    missing: int
    lines: tuple[str, ...]
    arrived: Mapping[str, int]
    expected: int


def webhook_arrival(identifier: str, body: bytes, *, slugs: Iterable[str]) -> Arrival:
    """Read a webhook body: any JSON. `slugs` are the topic slugs to look for among its strings."""
    try:
        strings = list(_strings(json.loads(body)))
    except ValueError:
        strings = []
    links = frozenset(link for text in strings for link in _URL.findall(text))
    title = max(
        (text for text in strings if not _URL.search(text) and len(text) < _LONG), key=len, default=""
    )
    return Arrival(
        channel="webhook",
        id=identifier,
        title=title,
        links=links,
        topics=frozenset(strings) & frozenset(slugs),
    )


def mail_arrival(message_id: str, *, subject: str, text: str) -> Arrival:
    """Read a mail: its subject and its plain text part."""
    links = frozenset(_URL.findall(text))
    return Arrival(channel="email", id=message_id, title=subject, links=links, topics=None)


def judge(
    arrivals: Iterable[Arrival],
    *,
    expected: Sequence[ExpectedStory],
    stories: Mapping[str, str],
    channels: Sequence[str] = ("webhook", "email"),
) -> Report:
    """Compare arrivals with expectations; `stories` maps the link of every recorded item to its story.

    The same id twice is one message (a repetition its receiver recognises), two ids for one story are two.
    """
    unique = {(arrival.channel, arrival.id): arrival for arrival in arrivals}
    found: dict[tuple[str, str], list[Arrival]] = {}
    lines: list[str] = []
    due = {story.story: story for story in expected}
    for arrival in unique.values():
        named = {stories[link] for link in arrival.links if link in stories}
        for name in named & due.keys():
            found.setdefault((arrival.channel, name), []).append(arrival)
        if strange := sorted(named - due.keys()) or ([] if named else ["nothing recorded"]):
            about = ", ".join(strange)
            lines.append(f"unexpected on {arrival.channel}: “{arrival.title}” ({about}; id {arrival.id})")
    missing = 0
    for channel in channels:
        for story in expected:
            got = found.get((channel, story.story), [])
            missing += not got
            lines.extend(_faults(channel, story, got))
    arrived = {channel: sum((channel, story.story) in found for story in expected) for channel in channels}
    return Report(ok=not lines, missing=missing, lines=tuple(lines), arrived=arrived, expected=len(expected))


def _faults(channel: str, story: ExpectedStory, got: Sequence[Arrival]) -> Iterable[str]:
    if not got:
        yield f"missing on {channel}: “{story.title}” ({story.story})"
    if len(got) > 1:
        ids = ", ".join(arrival.id for arrival in got)
        yield f"doubled on {channel}: “{story.title}” ({story.story}) came under {len(got)} ids: {ids}"
    for arrival in got:
        lacking = story.topics - arrival.topics if arrival.topics is not None else frozenset[str]()
        if lacking:
            yield f"incomplete on {channel}: “{story.title}” does not name {', '.join(sorted(lacking))}"


def _strings(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _strings(part)
    elif isinstance(value, list):
        for part in value:
            yield from _strings(part)
