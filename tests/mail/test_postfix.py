"""Our connections with a real Postfix that insists on TLS."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import replace
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from monitor.deliver import SENDERS, RelayPool, SenderIdentity, SmtpOptions
from monitor.deliver.sender import Mail
from monitor.model import Alert, ChannelKind, SendOutcome
from tests.mail.conftest import Server, arrived

pytestmark = pytest.mark.servers

MAILS = 50


def options(server: Server, **changes: object) -> SmtpOptions:
    made = SmtpOptions(
        host="127.0.0.1", port=server.port, ca_file=str(server.ca_file), timeout=30, data_timeout=60
    )
    return replace(made, **changes)  # type: ignore[arg-type]


async def test_fifty_mails_go_through_few_encrypted_connections(
    postfix: Server, mailboxes: Path, make_alert: Callable[..., Alert], identity: SenderIdentity
) -> None:
    payloads = [
        SENDERS[ChannelKind.EMAIL].render(
            replace(make_alert(title=f"Aranceles {number}: señaló el «plan»"), uid=f"msg_{number:032x}"),
            identity,
        )
        for number in range(MAILS)
    ]
    # The server takes two connections from one address at once: the pool asks for no more.
    async with RelayPool(options(postfix, connections=2)) as pool:
        results = await asyncio.gather(
            *(
                pool.hand_over(
                    Mail(
                        sender="alerts@news.example",
                        recipient="fifty@mail.example",
                        message=payload,
                        id=f"msg_{number}",
                    )
                )
                for number, payload in enumerate(payloads)
            )
        )
    assert [result.outcome for result in results] == [SendOutcome.ACCEPTED] * MAILS
    messages = [
        message_from_bytes(raw, policy=default)
        for raw in await arrived(mailboxes / "fifty", MAILS, postfix.log)
    ]
    assert {message["Message-ID"] for message in messages} == {
        message_from_bytes(payload, policy=default)["Message-ID"] for payload in payloads
    }
    assert {str(message["Subject"]) for message in messages} == {
        str(message_from_bytes(payload, policy=default)["Subject"]) for payload in payloads
    }
    assert all("using TLSv1" in str(message["Received"]) for message in messages)
    log = postfix.log.read_text()
    assert len(re.findall(r"smtpd\[\d+\]: disconnect from .*data=", log)) <= 4


async def test_without_tls_it_takes_nothing_and_we_send_nothing(postfix: Server) -> None:
    async with RelayPool(options(postfix, tls="none")) as pool:
        result = await pool.hand_over(
            Mail(
                sender="alerts@news.example", recipient="reader@mail.example", message=b"Subject: x\r\n\r\nx"
            )
        )
    assert result.outcome is SendOutcome.RETRY
    assert result.relay_fault, "530 is no reader's fault"


async def test_a_stranger_s_domain_is_our_fault_and_an_unknown_reader_is_the_end_of_an_address(
    postfix: Server,
) -> None:
    async with RelayPool(options(postfix)) as pool:
        unknown = await pool.hand_over(
            Mail(
                sender="alerts@news.example",
                recipient="no.such.box@mail.example",
                message=b"Subject: x\r\n\r\nx",
            )
        )
    assert unknown.outcome is SendOutcome.DISABLE
    assert unknown.reason.startswith("the address bounces: 550 5.1.1")
