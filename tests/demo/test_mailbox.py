"""The mailbox keeps every message byte for byte, and speaks SMTP as smtplib expects."""

import asyncio
import smtplib
import socket
from collections.abc import AsyncIterator, Callable
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.demo.mailbox import MAX_SIZE, Mailbox, _read_data


@pytest.fixture
async def mailbox(tmp_path: Path) -> AsyncIterator[Mailbox]:
    async with Mailbox(tmp_path / "mails") as running:
        yield running


T = TypeVar("T")


def message(subject: str = "Túnel en Tijuana", text: str = "Una línea.\n") -> bytes:
    mail = EmailMessage(policy=SMTP)
    mail["From"] = "monitor@demo.example"
    mail["To"] = "desk@demo.example"
    mail["Subject"] = subject
    mail["Message-ID"] = "<d1@demo.example>"
    mail.set_content(text)
    mail.add_alternative(f"<p>{text}</p>", subtype="html")
    return mail.as_bytes()


async def with_smtp(mailbox: Mailbox, talk: Callable[[smtplib.SMTP], T]) -> T:
    def run() -> T:
        with smtplib.SMTP(mailbox.host, mailbox.port, timeout=10) as smtp:
            return talk(smtp)

    return await asyncio.to_thread(run)


async def send(mailbox: Mailbox, content: bytes) -> None:
    await with_smtp(mailbox, lambda smtp: smtp.sendmail("a@demo.example", ["b@demo.example"], content))


async def test_a_message_is_kept_exactly(mailbox: Mailbox) -> None:
    content = message(text="first\n.\n..two dots\n.leading\nlast\n")
    await send(mailbox, content)
    kept = mailbox.mails[0]
    assert kept.content == content
    assert kept.path.read_bytes() == content
    assert kept.path.suffix == ".eml"
    assert (kept.sender, kept.recipients) == ("a@demo.example", ("b@demo.example",))


async def test_subject_id_and_text_are_read(mailbox: Mailbox) -> None:
    await send(mailbox, message())
    kept = mailbox.mails[0]
    assert kept.subject == "Túnel en Tijuana"
    assert kept.message_id == "<d1@demo.example>"
    assert kept.text.strip() == "Una línea."
    assert kept.path.name == "0001-Túnel-en-Tijuana.eml"


async def test_a_subject_cannot_lead_out_of_the_folder(mailbox: Mailbox) -> None:
    await send(mailbox, message(subject="../../etc/passwd"))
    await send(mailbox, message(subject="///"))
    assert [mail.path.parent for mail in mailbox.mails] == [mailbox.folder, mailbox.folder]
    assert sorted(path.name for path in mailbox.folder.iterdir()) == ["0001-etc-passwd.eml", "0002-mail.eml"]


async def test_several_messages_on_one_connection(mailbox: Mailbox) -> None:
    def talk(smtp: smtplib.SMTP) -> None:
        for subject in ("one", "two"):
            smtp.sendmail("a@demo.example", ["b@demo.example", "c@demo.example"], message(subject))
            smtp.noop()
            smtp.rset()

    await with_smtp(mailbox, talk)
    assert [(mail.number, mail.subject, len(mail.recipients)) for mail in mailbox.mails] == [
        (1, "one", 2),
        (2, "two", 2),
    ]


async def test_a_bare_line_feed_before_a_dot_ends_nothing(mailbox: Mailbox) -> None:
    """What ends a message for us and not for a client (or the reverse) lets mail be smuggled."""

    def talk() -> bytes:
        with socket.create_connection((mailbox.host, mailbox.port), timeout=10) as raw:
            raw.sendall(
                b"EHLO x\r\nMAIL FROM:<a@demo.example>\r\nRCPT TO:<b@demo.example>\r\nDATA\r\n"
                b"Subject: one\r\n\r\ntext\n.\nMAIL FROM:<evil@demo.example>\n.\r\n"
                b"still text\r\n.\r\nQUIT\r\n"
            )
            answers = b""
            while chunk := raw.recv(4096):
                answers += chunk
            return answers

    assert b"354" in await asyncio.to_thread(talk)
    assert len(mailbox.mails) == 1
    assert mailbox.mails[0].content.endswith(b"\n.\r\nstill text\r\n")


async def test_commands_out_of_order_are_refused(mailbox: Mailbox) -> None:
    def talk(smtp: smtplib.SMTP) -> list[int]:
        return [
            smtp.docmd(line)[0]
            for line in (
                "MAIL FROM:<a@demo.example>",  # before any greeting
                "EHLO x",
                "RCPT TO:<b@demo.example>",
                "DATA",
                "MAIL a@demo.example",
                "MAIL FROM:<a@demo.example> SIZE=100",
                "RCPT TO:<>",
                "STARTTLS",
                "VRFY b",
            )
        ]

    assert await with_smtp(mailbox, talk) == [503, 250, 503, 503, 501, 250, 501, 502, 252]


async def test_too_large_a_message_is_refused_before_or_after_it_was_sent(mailbox: Mailbox) -> None:
    def announced(smtp: smtplib.SMTP) -> int:
        smtp.ehlo()
        return smtp.mail("a@demo.example", [f"SIZE={MAX_SIZE + 1}"])[0]

    assert await with_smtp(mailbox, announced) == 552

    def unannounced(smtp: smtplib.SMTP) -> int:
        smtp.ehlo()
        smtp.mail("a@demo.example")
        smtp.rcpt("b@demo.example")
        return smtp.data((b"x" * 78 + b"\r\n") * (MAX_SIZE // 80 + 1))[0]

    assert await with_smtp(mailbox, unannounced) == 552
    assert mailbox.mails == []
    await send(mailbox, message())
    assert len(mailbox.mails) == 1


async def test_chosen_messages_are_refused_for_now(tmp_path: Path) -> None:
    async with Mailbox(tmp_path, refuse={1}) as mailbox:
        with pytest.raises(smtplib.SMTPDataError) as refusal:
            await send(mailbox, message())
        await send(mailbox, message())
    assert refusal.value.smtp_code == 451
    assert len(mailbox.mails) == 1


async def test_a_client_that_leaves_in_the_middle_harms_nobody(mailbox: Mailbox) -> None:
    def leave() -> None:
        with socket.create_connection((mailbox.host, mailbox.port), timeout=10) as raw:
            raw.sendall(
                b"EHLO x\r\nMAIL FROM:<a@demo.example>\r\nRCPT TO:<b@demo.example>\r\nDATA\r\nSubject: half"
            )

    await asyncio.to_thread(leave)
    await send(mailbox, message())
    assert [mail.subject for mail in mailbox.mails] == ["Túnel en Tijuana"]


@given(
    lines=st.lists(st.binary(max_size=40).map(lambda line: line.replace(b"\r\n", b"")), max_size=12),
    cut=st.integers(1, 50),
)
def test_whatever_is_stuffed_comes_out_as_it_was(lines: list[bytes], cut: int) -> None:
    """For any lines, with dots in front or bare CR and LF inside, and however the bytes are cut on the way."""
    content = b"".join(line + b"\r\n" for line in lines if not line.endswith(b"\r"))
    stuffed = content.replace(b"\r\n.", b"\r\n..")
    if stuffed.startswith(b"."):
        stuffed = b"." + stuffed

    async def read() -> bytes | None:
        reader = asyncio.StreamReader()
        sent = stuffed + b".\r\nQUIT\r\n"
        for start in range(0, len(sent), cut):
            reader.feed_data(sent[start : start + cut])
        return await _read_data(reader)

    assert asyncio.run(read()) == content
