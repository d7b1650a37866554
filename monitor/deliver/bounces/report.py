"""What a mail in the bounce mailbox says about a delivery: it failed for good or for now, or its reader complained.

Pure. Reads delivery status notifications (RFC 3464), complaints (ARF, RFC 5965) and, with a guess that never ends an
address by itself, the free text of older servers. A report counts only with a return address that we sealed.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from enum import StrEnum

from monitor.deliver.bounces.verp import sealed_uids
from monitor.deliver.relay.answers import is_hard
from monitor.deliver.wording import one_line

TEXT_LIMIT = 65_536  # characters of a part that are looked at
PARTS_LIMIT = 50

_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.]*\d)")
_REFUSED = re.compile(r"\b55[0-4]\b")
_DAEMON = re.compile(
    r"^\s*\S*\s*<?(mailer-daemon|postmaster|mail-daemon|mdaemon)@|<(mailer-daemon|postmaster)@", re.IGNORECASE
)
_FAILED = re.compile(
    r"undeliver|deliver(y|ed).*(fail|status|problem)|returned? (mail|to sender)|failure notice|no (se )?(pudo )?entreg",
    re.IGNORECASE,
)
_NO_COMPLAINTS = {"not-spam", "auth-failure", "dmarc"}


class BounceKind(StrEnum):
    """What a report says."""

    HARD = "hard"  # no such address, or closed for good
    SOFT = "soft"  # this mail did not arrive: full, too long unreachable, refused for its content
    POLICY = "policy"  # refused for who we are: nothing is wrong with the address
    DELAYED = "delayed"  # still being tried
    COMPLAINT = "complaint"  # the reader called it spam


@dataclass(frozen=True, slots=True, kw_only=True)
class BounceReport:
    """A report about one delivery. `uid` is the delivery's, proved by its seal; empty when nothing proves it.

    `original_recipient` is the address that we wrote to, where the report names it; `forged` are return addresses of
    which the seal is not ours.
    """

    kind: BounceKind
    uid: str
    status: str = ""
    said: str = ""
    original_recipient: str = ""
    forged: tuple[str, ...] = ()


_Said = tuple[BounceKind, str, str, str]  # kind, status, words, original recipient


def read_report(raw: bytes, *, bounces: str, key: bytes) -> BounceReport | None:
    """Read a mail; None when it reports nothing (an automatic reply, a mail that arrived, ordinary post)."""
    message = message_from_bytes(raw)
    said = _complaint(message) or _status_report(message) or _free_text(message)
    if said is None:
        return None
    kind, status, words, recipient = said
    uid, forged = _proof(message, bounces=bounces, key=key)
    return BounceReport(
        kind=kind,
        uid=uid,
        status=status,
        said=one_line(words, 300),
        original_recipient=recipient,
        forged=forged,
    )


def _proof(message: Message, *, bounces: str, key: bytes) -> tuple[str, tuple[str, ...]]:
    """Find the delivery: by the address the report came to, else by what it quotes of our mail's envelope."""
    forged: list[str] = []
    quoted = (part for part in _parts(message) if part is not message)
    for text in (_headers(message), *(_headers(part) for part in quoted)):
        good, bad = sealed_uids(bounces, text, key=key)
        forged += bad
        if good:
            return good[0], tuple(forged)
    return "", tuple(forged)


def _complaint(message: Message) -> _Said | None:
    for part in _parts(message):
        if part.get_content_type() == "message/feedback-report":
            for fields in _blocks(part):
                kind = _field(fields, "Feedback-Type").lower()
                if kind and kind not in _NO_COMPLAINTS:
                    return BounceKind.COMPLAINT, "", f"complaint: {kind}", _field(fields, "Original-Rcpt-To")
    return None


def _status_report(message: Message) -> _Said | None:
    for part in _parts(message):
        if part.get_content_type() == "message/delivery-status":
            blocks = [fields for fields in _blocks(part) if fields["Action"] is not None]
            # One mail has one recipient; of several blocks that failed is the news.
            blocks.sort(key=lambda fields: _field(fields, "Action").lower() != "failed")
            return _recipient_block(blocks[0]) if blocks else None
    return None


def _recipient_block(fields: Message) -> _Said | None:
    action = _field(fields, "Action").lower()
    diagnostic = _field(fields, "Diagnostic-Code")
    status = (_STATUS.search(_field(fields, "Status")) or [""])[0]
    if not status or status.endswith(".0.0"):  # the diagnostic often knows more
        status = (_STATUS.search(diagnostic) or [status])[0]
    recipient = _field(fields, "Original-Recipient").rpartition(";")[2].strip().strip("<>")
    words = diagnostic.partition(";")[2].strip() or status
    if action == "delayed":
        return BounceKind.DELAYED, status, words, recipient
    return (_kind(status), status, words, recipient) if action == "failed" else None


def _kind(status: str) -> BounceKind:
    if is_hard(status):
        return BounceKind.HARD
    return BounceKind.POLICY if status.startswith("5.7.") else BounceKind.SOFT


def _free_text(message: Message) -> _Said | None:
    """Read what an older server wrote for people. Automatic replies of readers are no failures."""
    replied = _field(message, "Auto-Submitted").lower().startswith("auto-replied")
    if replied or not (_DAEMON.search(_field(message, "From")) or _FAILED.search(_field(message, "Subject"))):
        return None
    if message.get_content_type() == "multipart/report" and any(
        part.get_content_type() == "message/delivery-status" for part in _parts(message)
    ):
        return None  # it was read above, and says that nothing failed
    text = "\n".join(_text(part) for part in _parts(message) if part.get_content_maintype() == "text")
    found = [status for status in _STATUS.findall(text) if status[0] != "2"]
    if not found and not _REFUSED.search(text):
        return None
    status = next((each for each in found if is_hard(each)), found[0] if found else "")
    return _kind(status), status, " ".join(text.split())[:300], ""


def _parts(message: Message) -> Iterator[Message]:
    for number, part in enumerate(message.walk()):
        if number >= PARTS_LIMIT:
            return
        yield part


def _blocks(part: Message) -> Iterable[Message]:
    payload = part.get_payload()
    if isinstance(payload, list):
        return [each for each in payload if isinstance(each, Message)][:PARTS_LIMIT]
    return [
        message_from_bytes(str(payload).encode("utf-8", "replace"))
    ]  # transfer-encoded: not as RFC 3464 has it


def _headers(message: Message) -> str:
    return "\n".join(f"{name}: {value}" for name, value in list(message.items())[:200])[:TEXT_LIMIT]


def _field(message: Message, name: str) -> str:
    return " ".join(str(message[name] or "").split())[:1000]


def _text(part: Message) -> str:
    payload = part.get_payload(decode=True)
    return payload[:TEXT_LIMIT].decode("utf-8", "replace") if isinstance(payload, bytes) else ""
