"""One connection to the relay and the mails that go through it, one after another, one recipient each.

The text and its final dot are sent apart, so that "cut off before the relay could have taken it" is a fact and not a
guess. What answers mean is in `smtp_answers`; who waits for a connection and when, in `smtp_pool`.
"""

import asyncio
import functools
import ssl
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import aiosmtplib

from monitor.deliver.relay.answers import Handed, Step, judged
from monitor.deliver.sender import QUIT_SECONDS, Mail, SmtpOptions
from monitor.deliver.wording import one_line
from monitor.model import SendOutcome, SendResult

ONE_WRITE = 16 * 1024  # bytes that a socket with nothing else to send takes at once
_GO_ON: Mapping[Step, Collection[int]] = {
    Step.OPENING: {250},
    Step.MAIL: {250},
    Step.RCPT: {250, 251},
    Step.DATA: {354},
}
FAILURES = (aiosmtplib.SMTPException, OSError, TimeoutError)  # all that a relay and the network can do


class Stopped(Exception):  # noqa: N818 - carries what came of a mail out of a step
    """The conversation about a mail is over before its text was sent."""

    def __init__(self, handed: Handed) -> None:
        self.handed = handed
        super().__init__(handed.result.reason)


class Connection:
    """A connection for many mails; its owner bounds each call in time and closes it.

    `in_step` says that both sides agree where the conversation stands: only then may it go on, or end politely.
    """

    def __init__(self, options: SmtpOptions, *, name: str) -> None:
        self._options = options
        self._client = aiosmtplib.SMTP(
            hostname=options.host,
            port=options.port,
            timeout=options.timeout,
            use_tls=options.tls == "implicit",
            start_tls=False,
            local_hostname=name,
        )
        self._begun = False  # an envelope stands that the relay has not ended by itself
        self.in_step = False
        self.encrypted = options.tls == "implicit"
        self.mails = 0
        self.idle_since = 0.0

    @property
    def alive(self) -> bool:
        """Whether the connection stands and can be used."""
        return self.in_step and self._client.is_connected

    @property
    def tls_version(self) -> str:
        """The TLS version in use, or an empty string."""
        spoken = self._client.get_transport_info("ssl_object") if self._client.transport else None
        return spoken.version() or "" if spoken is not None else ""

    def offers(self, extension: str) -> bool:
        """Say whether the relay named an ESMTP extension, by its lower-case name."""
        return self._client.supports_extension(extension)

    async def open(self) -> None:
        """Connect, reach the agreed TLS, log in. Raises Stopped, or one of FAILURES."""
        options = self._options
        context = None if options.tls == "none" else await _checked_context(options)
        await self._client.connect(tls_context=context)
        await self._client.ehlo()
        if options.tls in {"required", "opportunistic"}:
            if self._client.supports_extension("starttls"):
                await self._client.starttls()
                self.encrypted = True
                await self._client.ehlo()
            elif options.tls == "required":
                raise _fault("the relay offers no STARTTLS, and TLS is required; nothing was sent")
        if options.username:
            await self._log_in()
        self.in_step = True

    async def _log_in(self) -> None:
        options = self._options
        if not self.encrypted and not options.is_loopback:
            raise _fault("the relay offers no STARTTLS, and the password is not sent in the clear")
        try:
            await self._client.login(options.username, options.password)
        except aiosmtplib.SMTPAuthenticationError as error:
            raise Stopped(judged(Step.LOGIN, error.code, error.message)) from None

    async def answers(self) -> bool:
        """Ask an idle connection whether the relay is still there."""
        self.in_step = False
        try:
            answer = await self._client.execute_command(b"NOOP", timeout=QUIT_SECONDS)
        except FAILURES:
            return False
        self.in_step = answer.code == 250
        return self.in_step

    async def envelope(self, mail: Mail) -> None:
        """Say from whom and to whom, up to the relay's invitation to send the text.

        Raises Stopped when it does not come, or one of FAILURES when the relay is gone.
        """
        self.in_step = False
        if self._begun:
            await self._command("RSET", step=Step.OPENING)
        self._begun = True
        dsn = self.offers("dsn")
        sender, recipient = f"FROM:<{mail.sender}>", f"TO:<{mail.recipient}>"
        await self._command("MAIL", sender, *(_mail_options(mail) if dsn else ()), step=Step.MAIL)
        await self._command("RCPT", recipient, *(_rcpt_options(mail) if dsn else ()), step=Step.RCPT)
        await self._command("DATA", step=Step.DATA)

    async def _command(self, *words: str, step: Step) -> None:
        """Say something and wait for as long as the owner of this connection does: a time limit of its own costs."""
        answer = await self._client.execute_command(*(each.encode("ascii") for each in words), timeout=None)
        if answer.code not in _GO_ON[step]:
            raise self._stopped(step, answer.code, answer.message)

    def _stopped(self, step: Step, code: int, text: str) -> Stopped:
        # 421 announces the end of the connection; a code below 400 here is no answer to what was asked.
        self.in_step = code >= 400 and code != 421
        return Stopped(judged(step, code, text))

    async def content(self, message: bytes) -> Handed:
        """Send the text, then the dot, and judge the answer or its absence. Raises nothing but a cancellation.

        Both at once where the text is so short that the relay could not refuse it before it has all of it.
        """
        self.in_step = False
        self.mails += 1
        protocol = self._client.protocol
        if protocol is None or protocol.transport is None:
            return Handed(
                result=SendResult(
                    outcome=SendOutcome.RETRY, reason="the relay hung up before the text was sent"
                )
            )
        transport = cast(asyncio.WriteTransport, protocol.transport)
        text = _dot_stuffed(message)
        if len(text) <= ONE_WRITE:
            try:
                protocol.write(text + b".\r\n")
                response = await protocol.read_response(timeout=self._options.data_timeout)
            except FAILURES as error:
                return Handed(result=_failed_in_content(error, dotted=True))
            return self._concluded(response, dotted=True, transport=transport)
        # Listening starts first: a relay may refuse in the middle of the text.
        answer = asyncio.create_task(protocol.read_response(timeout=self._options.data_timeout))
        dotted = False
        try:
            await asyncio.sleep(0)
            protocol.write(text)
            while not answer.done() and transport.get_write_buffer_size():
                await asyncio.wait({answer}, timeout=0.02)
            if not answer.done():
                protocol.write(b".\r\n")
                dotted = True
            response = await answer
        except FAILURES as error:
            return Handed(result=_failed_in_content(error, dotted=dotted))
        finally:
            await _settle(answer)
        return self._concluded(response, dotted=dotted, transport=transport)

    def _concluded(
        self, response: aiosmtplib.SMTPResponse, *, dotted: bool, transport: asyncio.WriteTransport
    ) -> Handed:
        if not dotted:
            transport.abort()  # what is left of the text would be read as commands
        accepted = dotted and 200 <= response.code < 300
        if response.code < 400 and not accepted:
            said = f"{response.code} {_clean(response.message)}"
            result = SendResult(
                outcome=SendOutcome.UNKNOWN,
                reason=f"the relay answered out of turn: {said}",
                status=response.code,
            )
            return Handed(result=result)
        self.in_step = dotted and response.code != 421
        self._begun = not accepted  # a relay that accepts forgets the envelope by itself (RFC 5321, 4.1.1.4)
        return judged(Step.DATA, response.code, response.message)

    async def close(self) -> None:
        """Say goodbye where the relay would understand it, else drop the connection with all it still holds."""
        try:
            if self.alive:
                await self._client.quit(timeout=QUIT_SECONDS)
        except FAILURES:
            pass  # each mail's fate is known by now; a rude goodbye does not change it
        finally:
            self.in_step = False
            if isinstance(self._client.transport, asyncio.WriteTransport):
                self._client.transport.abort()
            self._client.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayReport:
    """What a relay is like: `problem` in words, or nothing; the TLS version in use; what it offers."""

    problem: str = ""
    tls: str = ""
    logged_in: bool = False
    dsn: bool = False
    offers_login: bool = False


async def examine(options: SmtpOptions) -> RelayReport:
    """Connect, reach the agreed TLS, log in and leave; say what was met. Sends nothing."""
    connection = Connection(options, name="localhost")
    try:
        async with asyncio.timeout(options.timeout):
            await connection.open()
        return RelayReport(
            tls=connection.tls_version,
            logged_in=bool(options.username),
            dsn=connection.offers("dsn"),
            offers_login=connection.offers("auth"),
        )
    except Stopped as stop:
        return RelayReport(problem=stop.handed.result.reason)
    except FAILURES as error:
        return RelayReport(problem=failed_before_content(error, opening=True).result.reason)
    finally:
        await connection.close()


async def probe(options: SmtpOptions) -> str:
    """Connect, reach the agreed TLS, log in and leave; return what went wrong in words, or nothing."""
    return (await examine(options)).problem


def failed_before_content(error: Exception, *, opening: bool) -> Handed:
    """Say what a failure means that came before the text was sent: nothing was, so it can be tried again.

    While `opening` a connection it is the relay's own trouble, which every mail would meet.
    """
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return judged(Step.OPENING, error.code, error.message)
    if isinstance(error, ssl.SSLError) or isinstance(error.__cause__, ssl.SSLError):
        reason = f"TLS with the relay failed: {_clean(str(error))} (ca_file names its own authority)"
    elif isinstance(error, TimeoutError):
        reason = "the relay did not answer in time"
    elif isinstance(error, aiosmtplib.SMTPConnectError):
        reason = f"cannot connect: {_clean(str(error))}"
    elif isinstance(error, ConnectionError):
        reason = "the relay hung up before it had the message"
    else:
        reason = _clean(str(error)) or type(error).__name__
    return Handed(result=SendResult(outcome=SendOutcome.RETRY, reason=reason, relay_fault=opening))


@functools.lru_cache(maxsize=8)
def _tls_context(ca_file: str) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=ca_file or None)


async def _checked_context(options: SmtpOptions) -> ssl.SSLContext:
    try:
        return await asyncio.to_thread(_tls_context, options.ca_file)
    except OSError as error:  # ssl.SSLError is one
        raise _fault(f"smtp ca_file cannot be used: {error}") from None


def _mail_options(mail: Mail) -> Sequence[str]:
    return ("RET=HDRS", *([f"ENVID={_xtext(mail.id)}"] if mail.id else []))


def _rcpt_options(mail: Mail) -> Sequence[str]:
    return ("NOTIFY=FAILURE,DELAY", f"ORCPT=rfc822;{_xtext(mail.recipient)}")


def _xtext(text: str) -> str:
    """Return ASCII text as the parameters of RFC 3461 (section 4) carry it."""
    return "".join(
        each if 33 <= ord(each) <= 126 and each not in "+=" else f"+{ord(each):02X}" for each in text
    )


def _failed_in_content(error: Exception, *, dotted: bool) -> SendResult:
    how = "did not answer in time" if isinstance(error, TimeoutError) else "broke off"
    if dotted:
        return SendResult(
            outcome=SendOutcome.UNKNOWN,
            reason=f"the relay had the whole message and {how}: it may have been taken",
        )
    return SendResult(outcome=SendOutcome.RETRY, reason=f"the relay {how} before it had the whole message")


def _fault(reason: str) -> Stopped:
    return Stopped(Handed(result=SendResult(outcome=SendOutcome.RETRY, reason=reason, relay_fault=True)))


def _clean(text: str) -> str:
    return one_line(text, 200)


def _dot_stuffed(message: bytes) -> bytes:
    """Return the text with CRLF ends and leading dots doubled (RFC 5321, 4.5.2), without the final dot."""
    ends = message.count(b"\r\n")
    if message.endswith(b"\r\n") and ends == message.count(b"\n") == message.count(b"\r"):  # as we write them
        stuffed = message.replace(b"\r\n.", b"\r\n..")
        return b"." + stuffed if stuffed.startswith(b".") else stuffed
    return b"".join(
        (b"." if line.startswith(b".") else b"") + line + b"\r\n" for line in message.splitlines()
    )


async def _settle(answer: "asyncio.Task[aiosmtplib.SMTPResponse]") -> None:
    answer.cancel()
    await asyncio.wait({answer})
    if not answer.cancelled():
        answer.exception()  # seen, so that asyncio does not report it
