"""Each way a relay can end a conversation, with a real aiosmtpd server on loopback."""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any, cast

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from monitor.deliver import SENDERS, SenderIdentity, SendTools, SmtpOptions
from monitor.deliver.relay.smtp import _dot_stuffed, probe
from monitor.errors import Refused
from monitor.model import Alert, Attempt, ChannelKind, Delivery, SendOutcome, SendResult

EMAIL = SENDERS[ChannelKind.EMAIL]


class Relay:
    """Takes every message, unless a hook is scripted to answer otherwise."""

    def __init__(self, **hooks: Callable[[SMTP], Awaitable[str]]) -> None:
        self.hooks = hooks
        self.taken: list[Envelope] = []
        self.port = 0

    async def _do(self, hook: str, server: SMTP, otherwise: str) -> str:
        return await self.hooks[hook](server) if hook in self.hooks else otherwise

    async def handle_EHLO(  # noqa: N802 - the library's names
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return [await self.hooks["ehlo"](server)] if "ehlo" in self.hooks else responses

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        return await self._do("mail", server, "250 OK")

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        return await self._do("rcpt", server, "250 OK")

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.taken.append(envelope)
        return await self._do("data", server, "250 2.0.0 queued as 4711")


def saying(answer: str) -> Callable[[SMTP], Awaitable[str]]:
    async def hook(server: SMTP) -> str:
        return answer

    return hook


async def hang_up(server: SMTP) -> str:
    cast(asyncio.Transport, server.transport).abort()
    return "250 nobody hears this"


@asynccontextmanager
async def running(relay: Relay, **options: Any) -> AsyncIterator[Relay]:
    connections: list[SMTP] = []

    def connect() -> SMTP:
        made = SMTP(relay, hostname="relay.example", ident="test", loop=asyncio.get_running_loop(), **options)
        connections.append(made)
        return made

    implicit = options.pop("implicit", None)
    server = await asyncio.get_running_loop().create_server(connect, "127.0.0.1", 0, ssl=implicit)
    relay.port = server.sockets[0].getsockname()[1]
    try:
        yield relay
    finally:
        server.close()
        for connection in connections:
            # An SSL transport that has lost its connection cannot be aborted any more in early 3.11 releases.
            if connection.transport is not None and not connection.transport.is_closing():
                cast(asyncio.Transport, connection.transport).abort()
        await server.wait_closed()
        for connection in connections:
            if connection._handler_coroutine is not None:
                connection._handler_coroutine.cancel()  # a failed handshake leaves it waiting
                await asyncio.gather(connection._handler_coroutine, return_exceptions=True)


Mail = Callable[..., Awaitable[SendResult]]


@pytest.fixture
def mail(
    make_alert: Callable[..., Alert],
    make_delivery: Callable[..., Delivery],
    make_tools: Callable[..., SendTools],
    identity: SenderIdentity,
    attempt: Attempt,
) -> Mail:
    async def send(port: int, *, payload: bytes = b"", **options: Any) -> SendResult:
        settings = {"host": "127.0.0.1", "port": port, "tls": "none", "timeout": 5.0, "data_timeout": 5.0}
        smtp = SmtpOptions(**{**settings, **options})
        delivery = make_delivery(
            payload or EMAIL.render(make_alert(), identity),
            kind=ChannelKind.EMAIL,
            address="reader@mail.example",
        )
        return await EMAIL.send(delivery, attempt, make_tools(smtp=smtp))

    return send


async def test_a_message_arrives_whole_for_one_recipient(
    mail: Mail, make_alert: Callable[..., Alert], identity: SenderIdentity
) -> None:
    payload = EMAIL.render(make_alert(), identity)
    async with running(Relay()) as relay:
        result = await mail(relay.port, payload=payload)
    assert (result.outcome, result.status) == (SendOutcome.ACCEPTED, 250)
    assert "queued as 4711" in result.reason
    (envelope,) = relay.taken
    assert (envelope.mail_from, envelope.rcpt_tos) == ("alerts@news.example", ["reader@mail.example"])
    assert envelope.original_content == payload
    assert message_from_bytes(payload, policy=default).defects == []


async def test_lines_that_begin_with_a_dot_survive(mail: Mail) -> None:
    payload = b"From: a@news.example\r\n\r\n.\r\n..two\r\n.one\n. \r\nend"
    async with running(Relay()) as relay:
        result = await mail(relay.port, payload=payload)
    assert result.outcome is SendOutcome.ACCEPTED
    assert (
        relay.taken[0].original_content == b"From: a@news.example\r\n\r\n.\r\n..two\r\n.one\r\n. \r\nend\r\n"
    )


@pytest.mark.parametrize(
    ("hook", "answer", "outcome", "said"),
    [
        ("ehlo", "421 4.3.2 shutting down", SendOutcome.RETRY, "not ready"),
        ("mail", "451 4.3.0 later", SendOutcome.RETRY, "sender address"),
        ("mail", "550 5.7.1 no such sender", SendOutcome.RETRY, "sender address"),
        ("rcpt", "421 4.7.0 slow down", SendOutcome.RETRY, "recipient was refused: 421"),
        ("rcpt", "450 4.2.0 greylisted", SendOutcome.RETRY, "greylisted"),
        ("rcpt", "530 5.7.0 log in first", SendOutcome.RETRY, "log in"),
        ("rcpt", "550 5.1.1 no such mailbox", SendOutcome.DISABLE, "the address bounces: 550"),
        ("rcpt", "550 no", SendOutcome.REFUSED, "recipient was refused: 550"),
        ("rcpt", "554 5.7.1 relay access denied", SendOutcome.RETRY, "recipient was refused: 554"),
        ("data", "451 4.3.0 disk full", SendOutcome.RETRY, "message was refused: 451"),
        ("data", "554 5.6.0 not wanted", SendOutcome.REFUSED, "message was refused: 554"),
        ("data", "399 what", SendOutcome.UNKNOWN, "out of turn"),
    ],
)
async def test_each_answer_has_its_outcome(
    mail: Mail, hook: str, answer: str, outcome: SendOutcome, said: str
) -> None:
    async with running(Relay(**{hook: saying(answer)})) as relay:
        result = await mail(relay.port)
    assert (result.outcome, result.status) == (outcome, int(answer[:3]))
    assert said in result.reason


@pytest.mark.parametrize("hook", ["ehlo", "mail", "rcpt"])
async def test_cut_off_before_the_text_is_tried_again(mail: Mail, hook: str) -> None:
    async with running(Relay(**{hook: hang_up})) as relay:
        result = await mail(relay.port)
    assert result.outcome is SendOutcome.RETRY
    assert relay.taken == []


async def test_cut_off_after_the_final_dot_is_unknown(mail: Mail) -> None:
    async with running(Relay(data=hang_up)) as relay:
        result = await mail(relay.port)
    assert result.outcome is SendOutcome.UNKNOWN
    assert len(relay.taken) == 1
    assert "may have been taken" in result.reason


async def test_silence_after_the_final_dot_is_unknown(mail: Mail) -> None:
    never = asyncio.Event()

    async def stall(server: SMTP) -> str:
        await never.wait()
        return "250 late"

    async with running(Relay(data=stall)) as relay:
        result = await mail(relay.port, data_timeout=0.2)
    assert result.outcome is SendOutcome.UNKNOWN
    assert "did not answer in time" in result.reason


async def test_silence_before_the_text_is_tried_again(mail: Mail) -> None:
    never = asyncio.Event()

    async def stall(server: SMTP) -> str:
        await never.wait()
        return "250 late"

    async with running(Relay(rcpt=stall)) as relay:
        result = await mail(relay.port, timeout=0.2)
    assert result.outcome is SendOutcome.RETRY
    assert "did not answer in time" in result.reason


def scripted(lines: list[bytes], *, then: bytes = b"") -> AbstractAsyncContextManager[int]:
    """Run a server that answers each line of the client with the next of `lines`, says `then` and hangs up."""

    @asynccontextmanager
    async def serve() -> AsyncIterator[int]:
        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            for line in lines:
                writer.write(line)
                await reader.readline()
            writer.write(then)
            writer.close()

        server = await asyncio.start_server(talk, "127.0.0.1", 0, limit=1024)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()
            await server.wait_closed()

    return serve()


INVITED = [b"220 hi\r\n", b"250 hi\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n"]


async def test_cut_off_in_the_middle_of_the_text_is_tried_again(mail: Mail) -> None:
    # More than the sockets' buffers hold, so that the relay hangs up before the dot can have left.
    payload = b"From: a@news.example\r\n\r\n" + b"x" * 70 * 400_000
    async with scripted(INVITED) as port:
        result = await mail(port, payload=payload)
    assert result.outcome is SendOutcome.RETRY
    assert "before it had the whole message" in result.reason


async def test_a_refusal_in_the_middle_of_the_text_is_heard(mail: Mail) -> None:
    payload = b"From: a@news.example\r\n\r\n" + (b"x" * 70 + b"\r\n") * 200_000
    answered = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for line in INVITED:
            writer.write(line)
            await reader.readline()
        writer.write(b"552 5.3.4 too big\r\n")
        await answered.wait()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0, limit=1024)
    result = await mail(server.sockets[0].getsockname()[1], payload=payload)
    answered.set()
    server.close()
    await server.wait_closed()
    assert (result.outcome, result.status) == (SendOutcome.REFUSED, 552)


async def test_a_refused_data_command_and_a_greeting_of_554(mail: Mail) -> None:
    async with scripted(INVITED[:4], then=b"451 4.3.0 not now\r\n") as port:
        assert (await mail(port)).status == 451
    async with scripted([], then=b"554 no service\r\n") as port:
        result = await mail(port)
    assert (result.outcome, result.status) == (SendOutcome.RETRY, 554)
    async with scripted([], then=b"HTTP/1.1 400 Bad Request\r\n") as port:
        assert (await mail(port)).outcome is SendOutcome.RETRY


async def test_a_closed_port_is_tried_again(mail: Mail) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        result = await mail(taken.getsockname()[1])
    assert result.outcome is SendOutcome.RETRY
    assert "cannot connect" in result.reason


async def test_a_probe_says_nothing_of_a_good_relay_and_sends_it_nothing() -> None:
    async with running(Relay()) as relay:
        assert await probe(SmtpOptions(host="127.0.0.1", port=relay.port, tls="none")) == ""
        missing = await probe(SmtpOptions(host="127.0.0.1", port=relay.port))
    assert "no STARTTLS" in missing
    assert relay.taken == []
    async with scripted([], then=b"554 no service\r\n") as port:
        assert "554 no service" in await probe(SmtpOptions(host="127.0.0.1", port=port, tls="none"))


# TLS and passwords


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "relay.example")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "relay.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.fixture
def server_tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    return context


@pytest.mark.parametrize("mode", ["required", "opportunistic"])
async def test_starttls_is_used_and_checked(
    mail: Mail, certificate: Path, server_tls: ssl.SSLContext, mode: str
) -> None:
    async with running(Relay(), tls_context=server_tls, require_starttls=True) as relay:
        trusted = await mail(relay.port, tls=mode, ca_file=str(certificate))
        stranger = await mail(relay.port, tls=mode)
    assert trusted.outcome is SendOutcome.ACCEPTED
    assert stranger.outcome is SendOutcome.RETRY
    assert "TLS with the relay failed" in stranger.reason
    assert len(relay.taken) == 1


async def test_tls_from_the_first_byte(mail: Mail, certificate: Path, server_tls: ssl.SSLContext) -> None:
    async with running(Relay(), implicit=server_tls) as relay:
        trusted = await mail(relay.port, tls="implicit", ca_file=str(certificate))
        stranger = await mail(relay.port, tls="implicit")
    assert trusted.outcome is SendOutcome.ACCEPTED
    assert stranger.outcome is SendOutcome.RETRY


async def test_required_starttls_that_is_missing_sends_nothing(mail: Mail, certificate: Path) -> None:
    async with running(Relay()) as relay:
        result = await mail(relay.port, tls="required", ca_file=str(certificate))
        assert relay.taken == []
        assert result.outcome is SendOutcome.RETRY
        assert "no STARTTLS" in result.reason
        assert (await mail(relay.port, tls="opportunistic")).outcome is SendOutcome.ACCEPTED


async def test_a_missing_ca_file_is_said(mail: Mail) -> None:
    result = await mail(1, tls="required", ca_file="/nonexistent/ca.pem")
    assert result.outcome is SendOutcome.RETRY
    assert "ca_file" in result.reason


def test_plain_text_is_for_this_machine_only() -> None:
    for host in ("127.0.0.1", "::1", "localhost", "127.4.4.4"):
        assert SmtpOptions(host=host, port=25, tls="none").is_loopback
    for host in ("mail.example", "10.0.0.1", "localhost.example"):
        with pytest.raises(Refused, match="only for a relay on this machine"):
            SmtpOptions(host=host, port=25, tls="none")


def test_the_password_is_in_no_repr() -> None:
    assert "hunter2" not in repr(SmtpOptions(host="m.example", port=587, username="u", password="hunter2"))


async def test_login_is_made_over_tls_and_a_wrong_password_is_tried_again(
    mail: Mail, certificate: Path, server_tls: ssl.SSLContext
) -> None:
    def check(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        right = isinstance(data, LoginPassword) and data.password == b"correct"
        return AuthResult(success=right, handled=False)

    async with running(
        Relay(), tls_context=server_tls, require_starttls=True, authenticator=check, auth_required=True
    ) as relay:
        options = {"tls": "required", "ca_file": str(certificate), "username": "desk"}
        good = await mail(relay.port, **options, password="correct")
        bad = await mail(relay.port, **options, password="wrong-pass")
        none = await mail(relay.port, tls="required", ca_file=str(certificate))
    assert good.outcome is SendOutcome.ACCEPTED
    assert (bad.outcome, bad.status) == (SendOutcome.RETRY, 535)
    assert "user name and password" in bad.reason
    assert "wrong-pass" not in bad.reason
    assert (none.outcome, none.status) == (SendOutcome.RETRY, 530)


async def test_a_relay_without_login_is_said(mail: Mail) -> None:
    async with running(Relay()) as relay:
        result = await mail(relay.port, username="desk", password="secret")
    assert result.outcome is SendOutcome.RETRY
    assert relay.taken == []


async def test_written_as_mails_are_it_arrives_as_it_was(mail: Mail) -> None:
    payload = b"From: a@news.example\r\n\r\n.\r\n..two\r\n.one\r\nend\r\n"
    async with running(Relay()) as relay:
        assert (await mail(relay.port, payload=payload)).outcome is SendOutcome.ACCEPTED
    assert relay.taken[0].original_content == payload


@given(st.lists(st.sampled_from([b".", b"a", b"\r", b"\n", b"\r\n", b"\r\n."])).map(b"".join))
def test_the_short_way_of_doubling_dots_is_the_long_one(message: bytes) -> None:
    lines = [b"." + line if line.startswith(b".") else line for line in message.splitlines()]
    assert _dot_stuffed(message) == b"".join(line + b"\r\n" for line in lines)


@pytest.mark.parametrize(
    "head",
    [
        b"FROM: <a@news.example>\r\nTo: b@mail.example",
        b"Subject: x\r\nfrom: Border desk\r\n <a@news.example>\r\nTo: b@mail.example",
        b"Subject: x\r\n From: nobody@other.example\r\nFrom: a@news.example",
    ],
)
async def test_the_sender_is_that_of_the_header(mail: Mail, head: bytes) -> None:
    async with running(Relay()) as relay:
        result = await mail(relay.port, payload=head + b"\r\n\r\nFrom: c@other.example\r\n")
    assert result.outcome is SendOutcome.ACCEPTED
    assert relay.taken[0].mail_from == "a@news.example"


async def test_a_from_in_the_text_alone_is_no_sender(mail: Mail) -> None:
    async with running(Relay()) as relay:
        result = await mail(relay.port, payload=b"Subject: x\r\n\r\nFrom: c@other.example\r\n")
    assert (result.outcome, relay.taken) == (SendOutcome.REFUSED, [])
