"""Email: an alert as one message for one recipient, text and HTML, and its way to the relay.

Headers are encoded here and not by EmailMessage, whose own folding moves or loses spaces in about one of
twelve Spanish headlines. The conversation is in `monitor.deliver.smtp`. No remote content, no tracking.
"""

import hashlib
import re
import textwrap
from email.header import Header
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime, parseaddr
from urllib.parse import quote

import jinja2

from monitor.deliver.card import cards
from monitor.deliver.sender import Mail, SenderIdentity, SendTools
from monitor.deliver.smtp_pool import hand_over
from monitor.deliver.surge_wording import alert_title, lead
from monitor.deliver.verp import return_address
from monitor.deliver.wording import Phrases, one_line, phrases_for, safe_link
from monitor.model import Alert, Attempt, Delivery, Notice, SendOutcome, SendResult

SUBJECT_LIMIT = 220
SHOWN = 12  # items shown in full; a story that has more is counted

_LOADER = jinja2.PackageLoader("monitor.deliver", "templates")
_HTML = jinja2.Environment(
    loader=_LOADER,
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEXT = jinja2.Environment(
    loader=_LOADER,
    autoescape=False,  # noqa: S701 - plain text: escaping would show &amp; to the reader
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
# The headers below are written ready for the wire, so nothing may fold them again.
_POLICY = SMTP_POLICY.clone(refold_source="none")
_ADDRESS = re.compile(r"[^\s@<>()\[\]\\,;:\"\x00-\x1f\x7f-\x9f]+@[^\s@<>()\\,;\"\x00-\x1f\x7f-\x9f]+")


class EmailSender:
    """Speaks to email channels: `address` is the reader's mail address."""

    def render(self, alert: Alert, identity: SenderIdentity) -> bytes:
        """Return the message, 7-bit and with CRLF line ends; the same alert gives the same bytes."""
        phrases = phrases_for(alert.subscription.subscriber.language)
        view = _view(alert, identity, phrases)
        message = EmailMessage(policy=_POLICY)
        for name, value in _headers(alert, identity):
            message.set_raw(name, value)
        for environment, template, subtype in (
            (_TEXT, "alert.txt.j2", "plain"),
            (_HTML, "alert.html.j2", "html"),
        ):
            body = environment.get_template(template).render(view)
            add = message.set_content if subtype == "plain" else message.add_alternative
            add(body, subtype=subtype, charset="utf-8", cte="quoted-printable")
        # Set last: add_alternative moves earlier Content-* headers into the first part.
        message.set_raw("Content-Language", phrases.language)
        message.set_boundary("=_" + hashlib.sha256(alert.uid.encode()).hexdigest()[:40])
        return message.as_bytes(policy=_POLICY)

    def render_notice(self, notice: Notice, identity: SenderIdentity) -> bytes:
        """Return a notice as a plain message; the same notice gives the same bytes."""
        domain = _token(identity.mail_domain)
        name, address = parseaddr(identity.mail_from)
        message = EmailMessage(policy=_POLICY)
        for header, value in (
            ("From", f"{_phrase('From', name or identity.instance)} <{_header_address(address)}>"),
            ("To", _header_address(notice.channel.address)),
            ("Subject", encoded("Subject", one_line(notice.title, SUBJECT_LIMIT))),
            ("Date", format_datetime(notice.created_at)),
            ("Message-ID", f"<{_token(notice.uid)}@{domain}>"),
            ("Auto-Submitted", "auto-generated"),
            ("X-Auto-Response-Suppress", "OOF, AutoReply"),
        ):
            message.set_raw(header, value)
        paragraphs = [
            textwrap.fill(one_line(line, 4000), 76, break_long_words=False) for line in notice.lines
        ]
        body = "\n\n".join([*paragraphs, *([notice.link] if notice.link else [])])
        message.set_content(body + "\n", subtype="plain", charset="utf-8", cte="quoted-printable")
        message.set_raw("Content-Language", phrases_for(notice.language).language)
        return message.as_bytes(policy=_POLICY)

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


def ascii_address(address: str) -> str:
    """Return a mail address as SMTP can carry it, its domain in IDNA form.

    Raises ValueError for what is no address, and for a local part outside ASCII, which few relays take.
    """
    text = address.strip()
    if not _ADDRESS.fullmatch(text):
        raise ValueError("not a mail address")
    local, _, domain = text.rpartition("@")
    if not local.isascii():
        raise ValueError("the part before the @ holds letters that plain SMTP cannot carry")
    try:
        return f"{local}@{domain if domain.isascii() else domain.encode('idna').decode('ascii')}"
    except UnicodeError:
        raise ValueError("the part after the @ is no domain name") from None


def _sender_of(payload: bytes) -> str:
    return parseaddr(str(BytesHeaderParser().parsebytes(payload)["From"] or ""))[1]


def _headers(alert: Alert, identity: SenderIdentity) -> list[tuple[str, str]]:
    domain = _token(identity.mail_domain)
    subscription = _token(alert.subscription.slug)
    name, address = parseaddr(identity.mail_from)
    # A story's mails, and those of a topic's surges, share an id that none of them has: readers' programs then
    # show them as one thread.
    thread = f"g.{_token(alert.surges[0].topic)}" if alert.surges else f"s.{_token(alert.story.uid)}"
    root = f"<{thread}.{subscription}@{domain}>"
    headers = [
        ("From", f"{_phrase('From', name or identity.instance)} <{_header_address(address)}>"),
        ("To", _header_address(alert.subscription.channel.address)),
        ("Subject", encoded("Subject", alert_title(alert, limit=SUBJECT_LIMIT))),
        ("Date", format_datetime(alert.created_at)),
        ("Message-ID", f"<{_token(alert.uid)}@{domain}>"),
        ("In-Reply-To", root),
        ("References", root),
        ("List-Id", f"{_phrase('List-Id', alert.subscription.slug)} <{subscription}.{domain}>"),
        ("Auto-Submitted", "auto-generated"),
        ("Precedence", "list"),
        ("X-Auto-Response-Suppress", "OOF, AutoReply"),
        ("X-Mailer", encoded("X-Mailer", f"news-monitor {one_line(identity.version, 40)}")),
        ("X-Monitor-Reason", encoded("X-Monitor-Reason", one_line(alert.reason, 300) or "-")),
    ]
    if _ADDRESS.fullmatch(identity.contact) and identity.contact.isascii():
        unsubscribe = (
            f"mailto:{quote(identity.contact, safe='@')}?subject=unsubscribe%20{quote(subscription)}"
        )
        headers.append(("List-Unsubscribe", f"<{unsubscribe}>"))
    return headers


def encoded(name: str, value: str) -> str:
    """Return an unstructured header's value for the wire: as it is when short ASCII, else RFC 2047.

    Text that itself looks like an encoded word is encoded too, so that no headline is decoded into another.
    Encoded words are at most 75 characters long, as RFC 2047 demands.
    """
    text = one_line(value, max(len(value), 1))
    if text.isascii() and "=?" not in text and len(name) + 2 + len(text) <= 76:
        return text
    return Header(text, "utf-8", header_name=name, maxlinelen=75).encode(linesep="\r\n")


def _phrase(name: str, value: str) -> str:
    """Return a display name: an RFC 5322 quoted string or encoded words."""
    text = one_line(value, 60)
    if text.isascii() and "=?" not in text:
        return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'
    return Header(text, "utf-8", header_name=name, maxlinelen=75).encode(linesep="\r\n")


def _header_address(address: str) -> str:
    try:
        return ascii_address(address)
    except ValueError:
        return "undisclosed-recipients:;"  # send() refuses with the reason; rendering must not fail


def _token(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip(".-") or "x"


def _view(alert: Alert, identity: SenderIdentity, phrases: Phrases) -> dict[str, object]:
    shown = cards(alert)
    more = len(shown) - SHOWN
    surge = lead(alert)
    subscription = alert.subscription
    return {
        "phrases": phrases,
        "title": alert_title(alert, limit=SUBJECT_LIMIT),
        "surge": surge,
        "cards": shown[:SHOWN],
        "more": surge.more
        if surge
        else ""
        if more <= 0
        else phrases.one_more
        if more == 1
        else phrases.many_more.format(count=more),
        "sent_to": phrases.sent_to.format(
            instance=one_line(identity.instance, 80),
            name=one_line(subscription.subscriber.name, 80) or subscription.subscriber.slug,
            subscription=subscription.slug,
        ),
        "manage": phrases.manage.format(contact=contact)
        if (contact := one_line(identity.contact, 200))
        else "",
        "base_url": safe_link(identity.base_url),
    }
