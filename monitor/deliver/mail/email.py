"""Email: an alert as one message for one recipient, text and HTML, and its way to the relay.

Headers are made in `headers`, the two renderings in `page`, the conversation with the relay in `monitor.deliver.relay`.
Where the relay does not sign, mails are signed here. No remote content, no tracking.
"""

import re
from datetime import datetime
from email.utils import parseaddr
from functools import lru_cache

from monitor.deliver.bounces.verp import return_address
from monitor.deliver.mail.dkim import signed
from monitor.deliver.mail.headers import alert_headers, ascii_address, notice_headers
from monitor.deliver.mail.mime import mail_bytes
from monitor.deliver.mail.page import render_alert, render_notice
from monitor.deliver.relay.pool import hand_over
from monitor.deliver.sender import Mail, SenderIdentity, SendTools
from monitor.model import Alert, Attempt, Delivery, Notice, SendOutcome, SendResult

_FROM = re.compile(rb"^from:((?:[^\r\n]|\r\n[ \t])*)", re.IGNORECASE | re.MULTILINE)


class EmailSender:
    """Speaks to email channels: `address` is the reader's mail address."""

    def render(self, alert: Alert, identity: SenderIdentity) -> bytes:
        """Return the message, 7-bit and with CRLF line ends; the same alert gives the same bytes."""
        text, html = render_alert(alert, identity)
        message = mail_bytes(alert_headers(alert, identity), text=text, html=html, uid=alert.uid)
        return _final(message, identity, alert.created_at)

    def render_notice(self, notice: Notice, identity: SenderIdentity) -> bytes:
        """Return a notice as a message; the same notice gives the same bytes."""
        text, html = render_notice(notice, identity)
        message = mail_bytes(notice_headers(notice, identity), text=text, html=html, uid=notice.uid)
        return _final(message, identity, notice.created_at)

    async def send(self, delivery: Delivery, attempt: Attempt, tools: SendTools) -> SendResult:
        """Give the stored message to the relay; reports go to an address of the delivery's own, or to its From."""
        if tools.smtp is None:
            return SendResult(outcome=SendOutcome.RETRY, reason="no mail relay is configured (smtp settings)")
        try:
            recipient = ascii_address(delivery.channel.address)
        except ValueError as error:
            return SendResult(outcome=SendOutcome.REFUSED, reason=f"the channel's address: {error}")
        try:
            sender = ascii_address(_sender_of(delivery.payload))
        except ValueError as error:
            return SendResult(outcome=SendOutcome.REFUSED, reason=f"the message's From address: {error}")
        if tools.smtp.bounces:
            sender = return_address(tools.smtp.bounces, delivery.uid, key=tools.smtp.bounce_key)
        mail = Mail(sender=sender, recipient=recipient, message=delivery.payload, id=delivery.uid)
        return await (tools.relay.hand_over(mail) if tools.relay is not None else hand_over(tools.smtp, mail))


def _final(message: bytes, identity: SenderIdentity, at: datetime) -> bytes:
    return message if identity.dkim is None else signed(message, identity.dkim, at=at)


def _sender_of(payload: bytes) -> str:
    found = _FROM.search(payload, 0, payload.find(b"\r\n\r\n") + 2)
    return _address_in(found[1]) if found else ""


@lru_cache(maxsize=64)
def _address_in(field: bytes) -> str:
    """Return the address of a From field; all mails of an installation have the same."""
    return parseaddr(field.replace(b"\r\n", b"").decode("ascii", "replace"))[1]
