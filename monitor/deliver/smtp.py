"""One SMTP conversation with the relay, and what its end means: accepted, refused, try again, unknown.

The text and its final dot are sent apart, so that "cut off before the relay could have taken it" is a fact
and not a guess. One recipient, one message, one connection; it renders nothing and remembers nothing.
"""

import asyncio
import functools
import ssl
from typing import cast

import aiosmtplib

from monitor.deliver.sender import QUIT_SECONDS, SmtpOptions
from monitor.deliver.wording import one_line
from monitor.model import SendOutcome, SendResult


class _Stop(Exception):  # noqa: N818 - carries a finished result out of a step
    def __init__(self, result: SendResult) -> None:
        self.result = result
        super().__init__(result.reason)


async def hand_over(options: SmtpOptions, *, sender: str, recipient: str, message: bytes) -> SendResult:
    """Give one message for one recipient to the relay.

    `sender` and `recipient` are ASCII addresses without control characters. Never raises for what a relay or
    the network can do; a cancelled call closes the connection.
    """
    client = _client(options, name=sender.rpartition("@")[2])
    in_step = False
    try:
        result = await _converse(client, options, sender=sender, recipient=recipient, message=message)
        in_step = result.status is not None
    finally:
        await _leave(client, in_step=in_step)
    return result


async def probe(options: SmtpOptions) -> str:
    """Connect, reach the agreed TLS, log in and leave; return what went wrong in words, or nothing."""
    client = _client(options, name="localhost")
    in_step = False
    try:
        async with asyncio.timeout(options.timeout):
            await _open(client, options)
        in_step = True
    except _Stop as stop:
        return stop.result.reason
    except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
        return _failed_before_content(error).reason
    finally:
        await _leave(client, in_step=in_step)
    return ""


def _client(options: SmtpOptions, *, name: str) -> aiosmtplib.SMTP:
    return aiosmtplib.SMTP(
        hostname=options.host,
        port=options.port,
        timeout=options.timeout,
        use_tls=options.tls == "implicit",
        start_tls=False,
        local_hostname=name,
    )


async def _converse(
    client: aiosmtplib.SMTP, options: SmtpOptions, *, sender: str, recipient: str, message: bytes
) -> SendResult:
    try:
        async with asyncio.timeout(options.timeout):
            await _open(client, options)
            await _envelope(client, sender, recipient)
        return await _content(client, message, options.data_timeout)
    except _Stop as stop:
        return stop.result
    except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
        return _failed_before_content(error)


@functools.lru_cache(maxsize=8)
def _tls_context(ca_file: str) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=ca_file or None)


async def _open(client: aiosmtplib.SMTP, options: SmtpOptions) -> None:
    """Connect, reach the agreed TLS, log in."""
    context = None if options.tls == "none" else await _checked_context(options)
    await client.connect(tls_context=context)
    await client.ehlo()
    encrypted = options.tls == "implicit"
    if options.tls in {"required", "opportunistic"}:
        if client.supports_extension("starttls"):
            await client.starttls()
            encrypted = True
            await client.ehlo()
        elif options.tls == "required":
            raise _retry("the relay offers no STARTTLS, and TLS is required; nothing was sent")
    if not options.username:
        return
    if not encrypted and not options.is_loopback:
        raise _retry("the relay offers no STARTTLS, and the password is not sent in the clear")
    try:
        await client.login(options.username, options.password)
    except aiosmtplib.SMTPAuthenticationError as error:
        raise _retry(
            f"the relay does not take our user name and password: {_said(error)}", error.code
        ) from None


async def _checked_context(options: SmtpOptions) -> ssl.SSLContext:
    try:
        return await asyncio.to_thread(_tls_context, options.ca_file)
    except OSError as error:  # ssl.SSLError is one
        raise _retry(f"smtp ca_file cannot be used: {error}") from None


async def _envelope(client: aiosmtplib.SMTP, sender: str, recipient: str) -> None:
    """Say from whom and to whom, up to the relay's invitation to send the text."""
    try:
        await client.mail(sender)
    except aiosmtplib.SMTPSenderRefused as error:
        # The address of the installation, not of the reader: a mistake of ours that somebody can mend.
        raise _retry(f"the relay does not take our sender address: {_said(error)}", error.code) from None
    try:
        await client.rcpt(recipient)
    except aiosmtplib.SMTPRecipientRefused as error:
        raise _Stop(_by_code(error.code, f"the recipient was refused: {_said(error)}")) from None
    answer = await client.execute_command(b"DATA")
    if answer.code != 354:
        raise _Stop(_by_code(answer.code, f"the message was refused: {answer.code} {_clean(answer.message)}"))


async def _content(client: aiosmtplib.SMTP, message: bytes, limit: float) -> SendResult:
    """Send the text, then the dot, and judge the answer or its absence."""
    protocol = client.protocol
    if protocol is None or protocol.transport is None:
        return SendResult(outcome=SendOutcome.RETRY, reason="the relay hung up before the text was sent")
    transport = cast(asyncio.WriteTransport, protocol.transport)
    # Listening starts first: a relay may refuse in the middle of the text.
    answer = asyncio.create_task(protocol.read_response(timeout=limit))
    dotted = False
    try:
        await asyncio.sleep(0)
        protocol.write(_dot_stuffed(message))
        while not answer.done() and transport.get_write_buffer_size():
            await asyncio.wait({answer}, timeout=0.02)
        if not answer.done():
            protocol.write(b".\r\n")
            dotted = True
        response = await answer
    except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
        return _failed_in_content(error, dotted=dotted)
    finally:
        await _settle(answer)
    if not dotted:
        transport.abort()  # what is left of the text would be read as commands
    said = f"{response.code} {_clean(response.message)}"
    if response.code < 400 and not (dotted and 200 <= response.code < 300):
        return SendResult(
            outcome=SendOutcome.UNKNOWN,
            reason=f"the relay answered out of turn: {said}",
            status=response.code,
        )
    return _by_code(response.code, said if response.code < 400 else f"the message was refused: {said}")


def _failed_in_content(error: Exception, *, dotted: bool) -> SendResult:
    how = "did not answer in time" if isinstance(error, TimeoutError) else "broke off"
    if dotted:
        return SendResult(
            outcome=SendOutcome.UNKNOWN,
            reason=f"the relay had the whole message and {how}: it may have been taken",
        )
    return SendResult(outcome=SendOutcome.RETRY, reason=f"the relay {how} before it had the whole message")


def _failed_before_content(error: Exception) -> SendResult:
    if isinstance(error, aiosmtplib.SMTPResponseException):
        status = error.code if error.code > 0 else None
        return SendResult(
            outcome=SendOutcome.RETRY, reason=f"the relay is not ready: {_said(error)}", status=status
        )
    if isinstance(error, ssl.SSLError) or isinstance(error.__cause__, ssl.SSLError):
        return SendResult(
            outcome=SendOutcome.RETRY,
            reason=f"TLS with the relay failed: {_clean(str(error))} (ca_file names its own authority)",
        )
    if isinstance(error, TimeoutError):
        return SendResult(outcome=SendOutcome.RETRY, reason="the relay did not answer in time")
    if isinstance(error, aiosmtplib.SMTPConnectError):
        return SendResult(outcome=SendOutcome.RETRY, reason=f"cannot connect: {_clean(str(error))}")
    if isinstance(error, ConnectionError):
        return SendResult(outcome=SendOutcome.RETRY, reason="the relay hung up before it had the message")
    return SendResult(outcome=SendOutcome.RETRY, reason=_clean(str(error)) or type(error).__name__)


def _by_code(code: int, reason: str) -> SendResult:
    # 530 asks for a login: our configuration, not the recipient.
    if 200 <= code < 300:
        outcome = SendOutcome.ACCEPTED
    elif code >= 500 and code != 530:
        outcome = SendOutcome.REFUSED
    else:
        outcome = SendOutcome.RETRY
    return SendResult(outcome=outcome, reason=reason, status=code if code > 0 else None)


def _retry(reason: str, status: int | None = None) -> _Stop:
    return _Stop(SendResult(outcome=SendOutcome.RETRY, reason=reason, status=status))


def _said(error: aiosmtplib.SMTPResponseException) -> str:
    return f"{error.code} {_clean(error.message)}"


def _clean(text: str) -> str:
    return one_line(text, 200)


def _dot_stuffed(message: bytes) -> bytes:
    """Return the text with CRLF ends and leading dots doubled (RFC 5321, 4.5.2), without the final dot."""
    return b"".join(
        (b"." if line.startswith(b".") else b"") + line + b"\r\n" for line in message.splitlines()
    )


async def _settle(answer: "asyncio.Task[aiosmtplib.SMTPResponse]") -> None:
    answer.cancel()
    await asyncio.wait({answer})
    if not answer.cancelled():
        answer.exception()  # seen, so that asyncio does not report it


async def _leave(client: aiosmtplib.SMTP, *, in_step: bool) -> None:
    """Say goodbye where the relay would understand it, else drop the connection with all it still holds."""
    try:
        if in_step and client.is_connected:
            await client.quit(timeout=QUIT_SECONDS)
    except (aiosmtplib.SMTPException, OSError, TimeoutError):
        pass  # the message's fate is known by now; a rude goodbye does not change it
    finally:
        if isinstance(client.transport, asyncio.WriteTransport):
            client.transport.abort()
        client.close()
