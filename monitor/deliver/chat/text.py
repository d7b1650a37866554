"""Alerts and notices as short plain text for chat services: headline, outlet, link and the reason.

Feed texts cannot call anybody by name in a chat or pretend to be markup: what chats read so is written otherwise.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from monitor.deliver.card import cards
from monitor.deliver.digest import StoryGroup, layout
from monitor.deliver.overview import is_listed, more_reports, more_stories, outlets_line, overview
from monitor.deliver.wording import one_line, phrases_for, safe_link
from monitor.model import Alert, AlertKind, Notice, Priority

TITLE_LIMIT = 200  # characters; the strictest of the services takes 200
BODY_LIMIT = 1000  # the strictest takes 1000
_LINK_LIMIT = 400
_CALLS = re.compile(r"@(?=\w)")
_ANGLES = str.maketrans({"<": "‹", ">": "›", "`": "'", "|": "¦"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatText:
    """What a chat is told."""

    title: str
    body: str

    def to_bytes(self) -> bytes:
        """Return the bytes that the outbox keeps."""
        return json.dumps([self.title, self.body], ensure_ascii=False).encode()

    @staticmethod
    def from_bytes(payload: bytes) -> "ChatText":
        """Read what `to_bytes` wrote."""
        title, body = json.loads(payload)
        return ChatText(title=title, body=body)


def alert_text(alert: Alert) -> ChatText:
    """Return an alert for a chat; what does not fit is counted."""
    said = overview(alert)
    urgent = any(entry.topic.priority is Priority.URGENT for entry in alert.hits)
    label = f"[{phrases_for(alert.subscription.subscriber.language).urgent.upper()}] " if urgent else ""
    above = [_harmless(line) for line in said.above]
    below = [_harmless(line) for line in said.below]
    body = _listed(alert, above, below) if is_listed(alert) else _told(alert, above)
    return ChatText(title=_title(label + said.title), body=body)


def notice_text(notice: Notice) -> ChatText:
    """Return a notice for a chat."""
    link = _link(notice.link)
    room = BODY_LIMIT - (len(link) + 1 if link else 0)
    text = "\n".join(_harmless(one_line(line, BODY_LIMIT)) for line in notice.lines)
    kept = text if len(text) <= room else text[: room - 1] + "…"
    return ChatText(title=_title(notice.title), body="\n".join(part for part in (kept, link) if part))


def _told(alert: Alert, above: list[str]) -> str:
    """Tell of one story: its first item, and how many more there are."""
    shown = cards(alert)
    first = shown[0]
    about = [] if alert.kind is AlertKind.FIRST else [first.headline_text]
    lines = [
        *above,
        *(_harmless(line) for line in (*about, first.line)),
        *([link] if (link := _link(first.link)) else []),
        _harmless(one_line(first.why_text, 300)),
        _harmless(more_reports(len(shown) - 1, alert)),
    ]
    return _fitting([line for line in lines if line])


def _listed(alert: Alert, above: list[str], below: list[str]) -> str:
    """List the stories by topic, as many as there is room for."""
    closing = [one_line(line, 200) for line in below]
    room = BODY_LIMIT - sum(len(line) + 1 for line in (*closing, more_stories(10_000, alert)))
    lines = [one_line(line, 200) for line in above[:2]]
    whole, shown, headed = layout(alert), 0, ""
    for topic, group in [(each.topic, group) for each in whole.topics for group in each.stories]:
        block = list(_story(group, alert))
        if topic.slug != headed:
            block.insert(0, _harmless(one_line(topic.name, 80) or topic.slug))
        if len("\n".join([*lines, *block])) > room:
            break
        lines, shown, headed = [*lines, *block], shown + 1, topic.slug
    return _fitting([line for line in (*lines, more_stories(whole.stories - shown, alert), *closing) if line])


def _story(group: StoryGroup, alert: Alert) -> Iterator[str]:
    alone = replace(alert, story=group.story, hits=group.hits, surges=())
    first = cards(alone)[0]
    title = one_line(group.story.title, 160) or first.headline_text
    outlets = outlets_line(group.story.outlets, alert)
    yield _harmless(f"• {one_line(title, 160)}" + (f" ({outlets})" if outlets else ""))
    if link := _link(first.link):
        yield link


def _title(text: str) -> str:
    return one_line(_harmless(text), TITLE_LIMIT)


def _fitting(lines: list[str]) -> str:
    """Join lines, without those that there is no room for: a cut link leads nowhere."""
    text = ""
    for line in lines:
        longer = f"{text}\n{line}" if text else line
        if len(longer) <= BODY_LIMIT:
            text = longer
    return text


def _link(link: str | None) -> str:
    """Return a link that a chat shows as one: not long, and without characters that chats take for markup."""
    usable = safe_link(link)
    if usable is None or len(usable) > _LINK_LIMIT or any(mark in usable for mark in "<>|`"):
        return ""
    return usable


def _harmless(text: str) -> str:
    """Return text that calls nobody (@everyone, <!channel>) and opens no markup."""
    return _CALLS.sub("@\u2060", text.translate(_ANGLES))
