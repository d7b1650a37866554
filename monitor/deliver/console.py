"""Alerts printed to a text stream, for a terminal or a log: readable, plain, bold only on a terminal."""

import re
import textwrap

from monitor.deliver.card import Card, cards
from monitor.deliver.sender import SenderIdentity, SendTools
from monitor.deliver.surge_wording import alert_title, lead
from monitor.deliver.wording import one_line, phrases_for
from monitor.model import Alert, Attempt, Delivery, Notice, SendOutcome, SendResult

WIDTH = 96
_HEADLINE = re.compile(r"^(?=\S).+$", re.MULTILINE)


class ConsoleSender:
    """Prints alerts to the stream in SendTools. Headlines start a line, everything else is indented."""

    def render(self, alert: Alert, identity: SenderIdentity) -> bytes:
        """Return the alert as UTF-8 text that ends with an empty line."""
        urgent = phrases_for(alert.subscription.subscriber.language).urgent.upper()
        blocks = [_block(card, urgent) for card in cards(alert)]
        surge = lead(alert)
        if surge:
            title = alert_title(alert, limit=300)
            above = [
                title,
                _indented(surge.why),
                *([f"  {surge.more}"] if surge.more else []),
                f"  {surge.newest}",
                "",
            ]
            blocks.insert(0, "\n".join(above))
        return ("\n".join(blocks) + "\n").encode()

    def render_notice(self, notice: Notice, identity: SenderIdentity) -> bytes:
        """Return the notice as UTF-8 text that ends with an empty line."""
        lines = [one_line(notice.title, 300), *(_indented(one_line(line, 2000)) for line in notice.lines)]
        return ("\n".join([*lines, *([f"  {notice.link}"] if notice.link else [])]) + "\n\n").encode()

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
