"""An SMTP server on loopback that keeps each message as a file: what a mail relay would have been handed.

It speaks as much of RFC 5321 as a sender needs (EHLO, HELO, MAIL, RCPT, DATA, RSET, NOOP, VRFY, QUIT, with
SIZE, 8BITMIME, SMTPUTF8 and PIPELINING) and delivers nothing. No TLS and no login: it is on loopback only.
"""

import asyncio
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from email import policy
from email.parser import BytesParser
from pathlib import Path
from typing import Self

from monitor.demo.loopback import HOST, LoopbackServer

MAX_SIZE = 10 * 1024 * 1024
_MAX_LINE = 64 * 1024
_SLUG = re.compile(r"[^\w]+", re.UNICODE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One message taken; `path` is its .eml file, `content` the same bytes, `text` its plain part."""

    number: int
    sender: str
    recipients: tuple[str, ...]
    message_id: str
    subject: str
    text: str
    path: Path
    content: bytes


class Mailbox:
    """A context manager: while it is open, `port` takes mail for anybody and keeps it in `folder`.

    `refuse` holds the numbers of messages (from 1, as they arrive) that are answered 451 at the end of DATA.
    Files left in the folder by an earlier run are not touched.
    """

    def __init__(self, folder: Path, *, refuse: Collection[int] = (), port: int = 0) -> None:
        self.folder = folder
        self.mails: list[Mail] = []
        self.refused = 0
        self._refuse = frozenset(refuse)
        self._server = LoopbackServer(self._converse, port=port, line_limit=_MAX_LINE)

    async def __aenter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        await self._server.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._server.__aexit__(*error)

    @property
    def host(self) -> str:
        """The address it listens on."""
        return HOST

    @property
    def port(self) -> int:
        """The port in use."""
        return self._server.port

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = _Session(mailbox=self)
        writer.write(b"220 mailbox.demo.invalid ESMTP\r\n")
        await writer.drain()
        while not session.over:
            line = await reader.readuntil(b"\r\n")
            reply = session.command(line[:-2].decode("utf-8", "replace"))
            if reply == _GO_AHEAD:
                writer.write(reply)
                await writer.drain()
                reply = session.data(await _read_data(reader))
            writer.write(reply)
            await writer.drain()

    def keep(self, *, sender: str, recipients: tuple[str, ...], content: bytes) -> bool:
        """Write one message to the folder and remember it; False when this one is to be refused."""
        if len(self.mails) + self.refused + 1 in self._refuse:
            self.refused += 1
            return False
        parsed = BytesParser(policy=policy.default).parsebytes(content)
        body = parsed.get_body(("plain", "html"))
        subject = str(parsed.get("Subject", ""))
        number = len(self.mails) + 1
        path = self.folder / f"{number:04d}-{_SLUG.sub('-', subject).strip('-')[:60] or 'mail'}.eml"
        path.write_bytes(content)
        self.mails.append(
            Mail(
                number=number,
                sender=sender,
                recipients=recipients,
                message_id=str(parsed.get("Message-ID", "")),
                subject=subject,
                text=str(body.get_content()) if body else "",
                path=path,
                content=content,
            )
        )
        return True


_OK = b"250 OK\r\n"
_GO_AHEAD = b"354 end with a dot on a line of its own\r\n"
_PATH = re.compile(r"(?:FROM|TO):\s*<([^<>]*)>(.*)", re.IGNORECASE)


class _Session:
    """The state of one SMTP conversation: whom the next message is from and for. Does no I/O itself."""

    def __init__(self, *, mailbox: Mailbox) -> None:
        self.over = False
        self._mailbox = mailbox
        self._greeted = False
        self._sender: str | None = None
        self._recipients: list[str] = []
        self._answers: Mapping[str, Callable[[str], bytes]] = {
            "EHLO": self._ehlo,
            "HELO": self._helo,
            "MAIL": self._mail,
            "RCPT": self._rcpt,
            "DATA": lambda _rest: _GO_AHEAD if self._recipients else b"503 RCPT first\r\n",
            "RSET": self._rset,
            "NOOP": lambda _rest: _OK,
            "VRFY": lambda _rest: b"252 send it and see\r\n",
            "QUIT": self._quit,
        }

    def command(self, line: str) -> bytes:
        """Answer one command line."""
        verb, _, rest = line.partition(" ")
        answer = self._answers.get(verb.upper())
        return answer(rest) if answer else b"502 not known here\r\n"

    def data(self, content: bytes | None) -> bytes:
        """Answer the end of a message; None stands for one beyond the size limit."""
        sender, recipients = self._sender or "", tuple(self._recipients)
        self._reset(greeted=True)
        if content is None:
            return b"552 too large\r\n"
        kept = self._mailbox.keep(sender=sender, recipients=recipients, content=content)
        return _OK if kept else b"451 4.3.0 come back in a moment\r\n"

    def _reset(self, *, greeted: bool) -> None:
        self._greeted = greeted
        self._sender = None
        self._recipients = []

    def _ehlo(self, _rest: str) -> bytes:
        self._reset(greeted=True)
        offers = (HOST, f"SIZE {MAX_SIZE}", "8BITMIME", "SMTPUTF8")
        return "".join(f"250-{offer}\r\n" for offer in offers).encode() + b"250 PIPELINING\r\n"

    def _helo(self, _rest: str) -> bytes:
        self._reset(greeted=True)
        return _OK

    def _rset(self, _rest: str) -> bytes:
        self._reset(greeted=self._greeted)
        return _OK

    def _quit(self, _rest: str) -> bytes:
        self.over = True
        return b"221 bye\r\n"

    def _mail(self, rest: str) -> bytes:
        path = _PATH.fullmatch(rest.strip())
        if path is None or not rest.upper().startswith("FROM"):
            return b"501 MAIL FROM:<address>\r\n"
        if not self._greeted or self._sender is not None:
            return b"503 out of order\r\n"
        size = re.search(r"\bSIZE=(\d+)", path[2], re.IGNORECASE)
        if size and int(size[1]) > MAX_SIZE:
            return b"552 too large\r\n"
        self._sender = path[1]
        return _OK

    def _rcpt(self, rest: str) -> bytes:
        path = _PATH.fullmatch(rest.strip())
        if path is None or not rest.upper().startswith("TO") or not path[1]:
            return b"501 RCPT TO:<address>\r\n"
        if self._sender is None:
            return b"503 MAIL first\r\n"
        self._recipients.append(path[1])
        return _OK


async def _read_data(reader: asyncio.StreamReader) -> bytes | None:
    """Read a message up to its final dot and take the dot-stuffing out (RFC 5321, 4.5.2); None if too large.

    Only CRLF ends a line, so a bare LF before a dot ends nothing.
    """
    lines: list[bytes] = []
    size = 0
    while (line := await reader.readuntil(b"\r\n")) != b".\r\n":
        size += len(line)
        if size <= MAX_SIZE:
            lines.append(line.removeprefix(b"."))
    return b"".join(lines) if size <= MAX_SIZE else None
