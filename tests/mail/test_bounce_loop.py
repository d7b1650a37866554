"""The whole way of a mail that nobody can take: our daemon, Postfix, a server that says no, and back over IMAP."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from monitor.demo.stage import DemoStage
from monitor.desk.channels import enable_channel, list_channels
from monitor.desk.deliveries import list_deliveries
from monitor.model import DeliveryState
from monitor.options import smtp_options
from monitor.store import Transaction
from tests.conftest import opened, pass_time, poll_all, recorded, recording, small_stage
from tests.mail.conftest import Server, arrived, mails_in

pytestmark = pytest.mark.servers

PAPER = recording(
    "gazette",
    recorded("old", "Council meets in Douglas"),
    recorded("new", "Agents seize fentanyl at Otay Mesa", at=5),
)


class Unwilling:
    """A server that knows no mailbox at all."""

    async def handle_RCPT(  # noqa: N802 - the library's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        return "550 5.1.1 no such mailbox here"


@asynccontextmanager
async def unwilling(port: int) -> AsyncIterator[None]:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(Unwilling(), hostname="mx.gone.example", loop=loop), "127.0.0.1", port
    )
    try:
        yield
    finally:
        server.close()
        await server.wait_closed()


def reconfigure(stage: DemoStage, postfix: Server, dovecot: Server) -> None:
    """Send through Postfix to an address that does not exist, and read reports from Dovecot."""
    text = stage.config_path.read_text()
    begin = text.index("[smtp]")
    end = text.index("\n[", begin)
    sections = f"""[smtp]
host = "127.0.0.1"
port = {postfix.port}
tls = "required"
ca_file = "{postfix.ca_file}"
from = "alerts@news.example"
bounces = "bounces@news.example"

[bounces]
host = "127.0.0.1"
port = {dovecot.port}
tls = "none"
username = "bounces"
password = {{file = "box.secret"}}
done_folder = "Done"
"""
    stage.config_path.write_text(text[:begin] + sections + text[end:])
    (stage.folder / "box.secret").write_text("sesame")
    recipients = stage.folder / "recipients.toml"
    lines = recipients.read_text().splitlines()
    recipients.write_text(
        "\n".join(
            'address = "reader@gone.example"' if line.startswith("address = ") and "@" in line else line
            for line in lines
        )
    )


async def test_a_mail_that_comes_back_suspends_its_address(
    tmp_path: Path, postfix: Server, dovecot: Server, mailboxes: Path, dead_end: int
) -> None:
    async with unwilling(dead_end), small_stage(tmp_path, PAPER) as stage:
        await asyncio.to_thread(reconfigure, stage, postfix, dovecot)
        async with opened(stage) as app:
            await poll_all(app)
            pass_time(stage)
            await poll_all(app)
            (mail,) = [line for line in await list_deliveries(app) if line.delivery.kind.value == "email"]
            assert mail.delivery.state is DeliveryState.DONE, "the relay took it; what came later is a report"
            (report,) = await arrived(mailboxes / "bounces", 1, postfix.log)
            assert b"Original-Envelope-Id: " + mail.delivery.uid.encode() in report
            assert app.bounces is not None
            assert await app.bounces.read() == 1
            (off,) = [line for line in await list_channels(app) if line.kind == "email"]
            assert not off.enabled
            assert off.reason.startswith("the address bounces: 5.1.1")
            assert "no such mailbox here" in off.reason
            assert mails_in(mailboxes / "bounces") == [], "what was read is moved away"
            assert len(mails_in(mailboxes / "bounces" / ".Done")) == 1
            assert await app.bounces.read() == 0
            on = await enable_channel(app, off.slug, actor="test")
            assert on.enabled

            # A stranger who invents a report about the same delivery changes nothing.
            smtp = smtp_options(app.settings)
            assert smtp is not None
            forged = report.replace(mail.delivery.uid.encode() + b"-", mail.delivery.uid.encode() + b"-0")
            box = mailboxes / "bounces" / "new" / "forged"
            await asyncio.to_thread(box.write_bytes, forged)
            assert await app.bounces.read() == 0
            assert all(line.enabled for line in await list_channels(app))
            assert await app.store.read(count) == 1


def count(tx: Transaction) -> int:
    row = tx.one("SELECT count(*) AS number FROM bounces")
    assert row is not None
    return int(row["number"])


async def test_a_mailbox_that_cannot_be_read_is_said_and_tried_again(
    tmp_path: Path, postfix: Server, dovecot: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    async with small_stage(tmp_path, PAPER) as stage:
        await asyncio.to_thread(reconfigure, stage, postfix, dovecot)
        (stage.folder / "box.secret").write_text("wrong-word")
        async with opened(stage) as app:
            assert app.bounces is not None
            assert await app.bounces.read_due() == 0
    said = capsys.readouterr()
    assert "bounce.unread" in said.out + said.err
    assert "wrong-word" not in said.out + said.err
