"""An independent mail server groups our mails into threads as readers' programs do."""

import imaplib
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from pwd import struct_passwd

import pytest

from monitor.deliver import SENDERS, SenderIdentity
from monitor.model import Alert, AlertKind, ChannelKind
from tests.mail.conftest import Server

pytestmark = pytest.mark.servers

STORIES = 3
MAILS = 4  # of each story


def test_a_story_is_one_thread_and_stories_stay_apart(
    dovecot: Server,
    mailboxes: Path,
    user: struct_passwd,
    make_alert: Callable[..., Alert],
    identity: SenderIdentity,
) -> None:
    box = mailboxes / "thread" / "new"
    expected: dict[str, set[str]] = {}
    for folder in (box, box.parent / "cur", box.parent / "tmp"):
        folder.mkdir(parents=True)
    for story in range(STORIES):
        for number in range(MAILS):
            alert = make_alert(title=f"Señaló el plan {story}" if number == 0 else f"New fact {number}")
            alert = replace(
                alert,
                uid=f"msg_{story}{number}",
                kind=AlertKind.FOLLOW_UP if number else AlertKind.FIRST,
                subject=f"Señaló el plan {story}",
                story=replace(alert.story, uid=f"st-{story}", title=f"Señaló el plan {story}"),
            )
            payload = SENDERS[ChannelKind.EMAIL].render(alert, identity)
            (box / f"{number}{story}").write_bytes(payload)
            expected.setdefault(f"st-{story}", set()).add(alert.uid)
    for path in (box.parent, *box.parent.rglob("*")):
        shutil.chown(path, user.pw_uid, user.pw_gid)
    with imaplib.IMAP4("127.0.0.1", dovecot.port) as imap:
        imap.login("thread", "sesame")
        imap.select("INBOX", readonly=True)
        _, answer = imap.thread("REFERENCES", "UTF-8", "ALL")
        threads = [
            {_uid(imap, number) for number in re.findall(r"\d+", thread)}
            for thread in _outermost(answer[0].decode())
        ]
    assert sorted(map(sorted, threads)) == sorted(map(sorted, expected.values()))


def _uid(imap: imaplib.IMAP4, number: str) -> str:
    _, found = imap.fetch(number, "(BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])")
    return re.search(r"<(msg_\d+)", found[0][1].decode())[1]  # type: ignore[index, union-attr]


def _outermost(text: str) -> list[str]:
    threads, depth, begin = [], 0, 0
    for at, char in enumerate(text):
        if char == "(":
            depth += 1
            begin = at if depth == 1 else begin
        elif char == ")":
            depth -= 1
            if depth == 0:
                threads.append(text[begin : at + 1])
    return threads
