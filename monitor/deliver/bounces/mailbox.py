"""The mailbox that reports come to, over IMAP: what is unread is fetched, and marked only when it was dealt with.

Blocking: callers put it on a thread. Fetching marks nothing, so that what a crash left undone is found again.
"""

import imaplib
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

from monitor.errors import MonitorError

SIZE_LIMIT = 1024 * 1024  # bytes: a longer mail is no report, and is marked unread by us


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxOptions:
    """Where the mailbox is. `tls`: `implicit` from the first byte, `required` by STARTTLS, `none` on loopback only.

    What was dealt with is marked as seen, and moved to `done_folder` where one is named.
    """

    host: str
    port: int = 993
    tls: Literal["implicit", "required", "none"] = "implicit"
    username: str
    password: str = field(repr=False)
    folder: str = "INBOX"
    done_folder: str = ""
    ca_file: str = ""
    timeout: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One unread mail: its id in the folder, and its bytes; None when it is too long to be a report."""

    uid: str
    raw: bytes | None = field(repr=False)


def fetch_unread(options: MailboxOptions, *, limit: int = 100) -> list[Letter]:
    """Return the oldest unread mails without marking them. Raises MonitorError with what to do."""
    with _opened(options) as box:
        _, found = box.uid("SEARCH", "UNSEEN", "UNDELETED")
        uids = found[0].split() if found and found[0] else []
        return [_letter(box, uid.decode()) for uid in uids[:limit]]


def mark_done(options: MailboxOptions, uids: Sequence[str]) -> None:
    """Mark mails as seen, and move them where that is asked for. Raises MonitorError with what to do."""
    if not uids:
        return
    with _opened(options) as box:
        which = ",".join(uids)
        _checked(box.uid("STORE", which, "+FLAGS.SILENT", r"(\Seen)"), "mark mails as seen")
        if not options.done_folder:
            return
        there = _quoted(options.done_folder)
        verb = "MOVE" if "MOVE" in box.capabilities else "COPY"
        if box.uid(verb, which, there)[0] != "OK":
            box.create(there)
            _checked(box.uid(verb, which, there), f"move mails to {options.done_folder}")
        if verb == "COPY":
            box.uid("STORE", which, "+FLAGS.SILENT", r"(\Deleted)")
            if "UIDPLUS" in box.capabilities:
                box.uid("EXPUNGE", which)


def _letter(box: imaplib.IMAP4, uid: str) -> Letter:
    _, sizes = box.uid("FETCH", uid, "(RFC822.SIZE)")
    said = b" ".join(each if isinstance(each, bytes) else b" ".join(each) for each in sizes if each)
    size = int(said.rpartition(b"RFC822.SIZE ")[2].split(b")")[0].split()[0] or 0) if b"SIZE " in said else 0
    if size > SIZE_LIMIT:
        return Letter(uid=uid, raw=None)
    _, parts = box.uid("FETCH", uid, "(BODY.PEEK[])")
    return Letter(uid=uid, raw=next((part[1] for part in parts if isinstance(part, tuple)), None))


@contextmanager
def _opened(options: MailboxOptions) -> Iterator[imaplib.IMAP4]:
    where = f"the bounce mailbox {options.username} at {options.host}:{options.port}"
    try:
        box = _connected(options)
        try:
            box.login(options.username, options.password)
            _, offered = box.capability()  # many servers say the most only now
            box.capabilities = tuple(offered[0].decode("ascii", "replace").upper().split())
            _checked(box.select(_quoted(options.folder)), f"open the folder {options.folder}")
            yield box
        finally:
            box.logout()
    except (imaplib.IMAP4.error, OSError) as error:
        raise MonitorError(
            f"{where} cannot be read: {_words(error)}; check [bounces] in monitor.toml"
        ) from None


def _connected(options: MailboxOptions) -> imaplib.IMAP4:
    if options.tls == "none":
        return imaplib.IMAP4(options.host, options.port, timeout=options.timeout)
    context = ssl.create_default_context(cafile=options.ca_file or None)
    if options.tls == "implicit":
        return imaplib.IMAP4_SSL(options.host, options.port, ssl_context=context, timeout=options.timeout)
    box = imaplib.IMAP4(options.host, options.port, timeout=options.timeout)
    try:
        box.starttls(ssl_context=context)
    except (imaplib.IMAP4.error, OSError):
        box.shutdown()
        raise
    return box


def _checked(answer: tuple[str, object], what: str) -> None:
    if answer[0] != "OK":
        raise imaplib.IMAP4.error(f"cannot {what}: {answer[1]!r}")


def _quoted(folder: str) -> str:
    return '"' + folder.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _words(error: Exception) -> str:
    said = error.args[0] if error.args else error
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else str(error)
