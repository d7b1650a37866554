"""Alerts printed to a text stream, for a terminal or a log: readable, plain, bold only on a terminal.

One story is told item by item, a bundle or digest of several by topic and story.
"""

import re
import textwrap
from collections.abc import Iterator
from dataclasses import replace

from monitor.deliver.card import Card, cards
from monitor.deliver.digest import StoryGroup, TopicGroup, layout
from monitor.deliver.overview import Overview, is_listed, more_reports, more_stories, overview
from monitor.deliver.sender import SenderIdentity, SendTools
from monitor.deliver.wording import one_line, phrases_for, safe_link
from monitor.model import Alert, AlertKind, Attempt, Delivery, Notice, Priority, SendOutcome, SendResult

WIDTH = 96
_HEADLINE = re.compile(r"^(?=\S).+$", re.MULTILINE)


class ConsoleSender:
    """Prints alerts to the stream in SendTools. Headlines start a line, everything else is indented."""

    def render(self, alert: Alert, identity: SenderIdentity) -> bytes:
        """Return the alert as UTF-8 text that ends with an empty line."""
        said = overview(alert)
        if is_listed(alert):
            blocks = list(_by_topic(alert, said))
        else:
            urgent = phrases_for(alert.subscription.subscriber.language).urgent.upper()
            blocks = [_block(card, urgent) for card in cards(alert)]
            if said.above or alert.kind is not AlertKind.FIRST:
                blocks.insert(0, "\n".join([said.title, *map(_indented, said.above), ""]))
        return ("\n".join(blocks) + "\n").encode()

    def render_notice(self, notice: Notice, identity: SenderIdentity) -> bytes:
        """Return the notice as UTF-8 text that ends with an empty line."""
        lines = [one_line(notice.title, 300), *(_indented(one_line(line, 2000)) for line in notice.lines)]
        return (
            "\n".join([*lines, *([f"  {link}"] if (link := safe_link(notice.link)) else [])]) + "\n\n"
        ).encode()

    async def send(self, delivery: Delivery, attempt: Attempt, tools: SendTools) -> SendResult:
        """Write the stored text and flush it."""
        stream = tools.console
        text = delivery.payload.decode("utf-8", "replace")
        try:
            if stream.isatty():
                text = _HEADLINE.sub("\x1b[1m\\g<0>\x1b[0m", text)
            encoding = stream.encoding or "utf-8"
            stream.write(text.encode(encoding, "replace").decode(encoding))
            stream.flush()
        except (OSError, ValueError) as error:  # a full disk, a reader that went away, a closed stream
            return SendResult(outcome=SendOutcome.RETRY, reason=f"cannot write to the console: {error}")
        return SendResult(outcome=SendOutcome.ACCEPTED, reason="printed")


def _by_topic(alert: Alert, said: Overview) -> Iterator[str]:
    """Tell of several stories: a head, a block for each topic, and what was held and how the feeds stand."""
    yield "\n".join([said.title, *map(_indented, said.above), ""])
    whole = layout(alert)
    for topic in whole.topics:
        if topic.stories:
            yield "\n".join([_heading(topic, alert), *(_story(each, alert) for each in topic.stories)])
    closing = [line for line in (more_stories(whole.hidden, alert), *said.below) if line]
    if closing:
        yield "\n".join([*map(_indented, closing), ""])


def _heading(group: TopicGroup, alert: Alert) -> str:
    urgent = phrases_for(alert.subscription.subscriber.language).urgent.upper()
    label = f"[{urgent}] " if group.topic.priority is Priority.URGENT else ""
    return f"{label}{one_line(group.topic.name, 200) or group.topic.slug}"


def _story(group: StoryGroup, alert: Alert) -> str:
    """Tell of one story among several by its first item, with why it waited and how many more there are."""
    shown = cards(replace(alert, story=group.story, hits=group.hits, surges=()))
    first, note = shown[0], one_line(group.hits[0].note, 200)
    title = one_line(group.story.title, 300) or first.headline_text
    about = [more_reports(len(shown) - 1, alert), note]
    lines = [
        _indented(f"• {title}"),
        f"    {first.line}",
        *([f"    {'; '.join(part for part in about if part)}"] if any(about) else []),
        *([f"    {first.link}"] if first.link else []),
        "",
    ]
    return "\n".join(lines)


def _block(card: Card, urgent: str) -> str:
    label = f"[{urgent}] " if card.urgent else ""
    lines = [f"{label}{card.headline_text}", f"  {card.line}"]
    if card.excerpt:
        lines.append(_indented(card.excerpt_text))
    if card.link:
        lines.append(f"  {card.link}")
    lines += [_indented(card.why_text), f"  [{', '.join(card.topics)}]", ""]
    return "\n".join(lines)


def _indented(text: str) -> str:
    return textwrap.fill(
        text,
        WIDTH,
        initial_indent="  ",
        subsequent_indent="  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
