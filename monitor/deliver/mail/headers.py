"""The headers of a mail, each ready for the wire: who, about what, in which thread, from which list, how to end it.

They are encoded here and not by EmailMessage, whose own folding moves or loses spaces in about one of twelve Spanish
headlines. Foreign text enters a header only through `encoded` and `phrase`, names of ours only through `token`.
"""

import hashlib
import re
from email.charset import SHORTEST, Charset
from email.header import Header
from email.utils import format_datetime, parseaddr
from urllib.parse import quote

from monitor.deliver.mail.actions import unsubscribe_link
from monitor.deliver.mail.thread import SUBJECT_LIMIT, is_answer, subject_of, thread_name
from monitor.deliver.sender import SenderIdentity
from monitor.deliver.wording import one_line, phrases_for
from monitor.model import Alert, Notice, NoticeKind, Topic

LINE = 76  # characters that a header's line has at most, where it can be folded
_SENDER_ID = (5, 15)  # characters that Feedback-ID's last part may have

# Libraries that write mail themselves change how "utf-8" is encoded for the whole process; this one stays as it is.
_UTF8 = Charset("utf-8")
_UTF8.header_encoding = SHORTEST

_ADDRESS = re.compile(r"[^\s@<>()\[\]\\,;:\"\x00-\x1f\x7f-\x9f]+@[^\s@<>()\\,;\"\x00-\x1f\x7f-\x9f]+")

Headers = list[tuple[str, str]]


def alert_headers(alert: Alert, identity: SenderIdentity) -> Headers:
    """Return the headers of an alert's mail, those of its content excepted; values hold their own folding."""
    domain = token(identity.mail_domain)
    subscription = token(alert.subscription.slug)
    topics = tuple({entry.topic.slug: entry.topic for entry in alert.hits}.values())
    answer = "Re: " if is_answer(alert) else ""
    headers = [
        *_envelope(identity, alert.subscription.channel.address),
        ("Subject", answer + encoded("Subject", subject_of(alert), taken=len(answer))),
        ("Date", format_datetime(alert.created_at)),
        ("Message-ID", f"<{token(alert.uid)}@{domain}>"),
    ]
    if thread := thread_name(alert):
        root = f"<{token(thread)}.{subscription}@{domain}>"
        headers += [("In-Reply-To", root), ("References", root)]
    headers += [
        ("List-Id", _list_id(alert.subscription.slug, identity, name=_list_name(alert, topics))),
        *_unsubscribing(alert.subscription.slug, identity),
        *_automatic(
            identity, topic=token(topics[0].slug) if len(topics) == 1 else "several", kind=alert.kind
        ),
        ("Precedence", "list"),
        ("Content-Language", phrases_for(alert.subscription.subscriber.language).language),
        ("X-Monitor-Kind", alert.kind.value),
        ("X-Monitor-Topics", _folded("X-Monitor-Topics", [token(topic.slug) for topic in topics])),
        ("X-Monitor-Reason", encoded("X-Monitor-Reason", one_line(alert.reason, 300) or "-")),
    ]
    return headers


def notice_headers(notice: Notice, identity: SenderIdentity) -> Headers:
    """Return the headers of a notice's mail: it belongs to no thread, and only the weekly all-quiet to a list."""
    headers = [
        *_envelope(identity, notice.channel.address),
        ("Subject", encoded("Subject", one_line(notice.title, SUBJECT_LIMIT) or notice.kind.value)),
        ("Date", format_datetime(notice.created_at)),
        ("Message-ID", f"<{token(notice.uid)}@{token(identity.mail_domain)}>"),
    ]
    if notice.kind is NoticeKind.ALL_QUIET:
        headers += [
            ("List-Id", _list_id(notice.about, identity)),
            *_unsubscribing(notice.about, identity),
            ("Precedence", "list"),
        ]
    return [
        *headers,
        *_automatic(identity, topic="service", kind=notice.kind),
        ("Content-Language", phrases_for(notice.language).language),
        ("X-Monitor-Kind", notice.kind.value),
    ]


def encoded(name: str, value: str, *, taken: int = 0) -> str:
    """Return an unstructured header's value for the wire: as it is when short ASCII, else RFC 2047.

    Text that itself looks like an encoded word is encoded too, so that no headline is decoded into another.
    Encoded words are at most 75 characters long, as RFC 2047 demands. `taken` characters stand before it already.
    """
    text = one_line(value, max(len(value), 1))
    if text.isascii() and "=?" not in text and len(name) + 2 + taken + len(text) <= LINE:
        return text
    return Header(text, _UTF8, header_name=name + "x" * taken, maxlinelen=75).encode(linesep="\r\n")


def phrase(name: str, value: str) -> str:
    """Return a display name: an RFC 5322 quoted string or encoded words."""
    text = one_line(value, 60)
    if text.isascii() and "=?" not in text:
        return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'
    return Header(text, _UTF8, header_name=name, maxlinelen=75).encode(linesep="\r\n")


def token(text: str) -> str:
    """Return a name of ours as ids can hold it: ASCII letters, digits, dot, underscore and hyphen."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip(".-") or "x"


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


def _envelope(identity: SenderIdentity, recipient: str) -> Headers:
    name, address = parseaddr(identity.mail_from)
    return [
        ("From", f"{phrase('From', name or identity.instance)} <{_header_address(address)}>"),
        ("To", _header_address(recipient)),
    ]


def _header_address(address: str) -> str:
    try:
        return ascii_address(address)
    except ValueError:
        return "undisclosed-recipients:;"  # send() refuses with the reason; rendering must not fail


def _list_name(alert: Alert, topics: tuple[Topic, ...]) -> str:
    """Return what people call the list: the topic when the subscription asks for no other, else the subscription."""
    one = len(alert.subscription.topics) == 1 == len(topics)
    return one_line(topics[0].name, 60) if one else ""


def _list_id(subscription: str, identity: SenderIdentity, *, name: str = "") -> str:
    """Name the list (RFC 2919): the subscription, which stays the same whatever topics a mail tells of."""
    parts = token(subscription), token(identity.instance).lower(), token(identity.mail_domain)
    return f"{phrase('List-Id', name or subscription)} <{'.'.join(parts)}>"


def _unsubscribing(subscription: str, identity: SenderIdentity) -> Headers:
    """Say how the subscription is ended (RFC 2369), with one click where our pages are on https (RFC 8058)."""
    ways = []
    link = unsubscribe_link(subscription, identity)
    if link:
        ways.append(f"<{link}>")
    if _ADDRESS.fullmatch(identity.contact) and identity.contact.isascii():
        subject = quote(f"unsubscribe {token(subscription)}")
        ways.append(f"<mailto:{quote(identity.contact, safe='@')}?subject={subject}>")
    if not ways:
        return []
    headers = [("List-Unsubscribe", ",\r\n ".join(ways))]
    if link.startswith("https:"):
        headers.append(("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"))
    return headers


def _automatic(identity: SenderIdentity, *, topic: str, kind: str) -> Headers:
    """Say that a program wrote this, so that no other answers (RFC 3834), and what complaints are counted by."""
    feedback = (topic, token(kind), token(identity.instance), _sender_id(identity.mail_domain))
    return [
        ("Auto-Submitted", "auto-generated"),
        ("X-Auto-Response-Suppress", "OOF, AutoReply"),
        ("X-Mailer", encoded("X-Mailer", f"news-monitor {one_line(identity.version, 40)}")),
        ("Feedback-ID", ":".join(part[:64] for part in feedback)),
    ]


def _sender_id(domain: str) -> str:
    """Return the last part of Feedback-ID: one for all mail of a domain, 5 to 15 letters and digits."""
    plain = re.sub(r"[^a-z0-9]+", "", domain.lower())
    shortest, longest = _SENDER_ID
    if shortest <= len(plain) <= longest:
        return plain
    return plain[:7] + hashlib.sha256(domain.lower().encode("utf-8", "replace")).hexdigest()[:8]


def _folded(name: str, parts: list[str]) -> str:
    """Join with commas, on as many lines as it takes."""
    lines = [""]
    room = LINE - len(name) - 2
    for number, part in enumerate(parts):
        last = number == len(parts) - 1
        piece = part if last else f"{part}, "
        if lines[-1] and len(lines[-1]) + len(piece) > room:
            lines.append("")
            room = LINE - 1
        lines[-1] += piece
    return "\r\n ".join(line.rstrip() for line in lines)
