"""A bound on the mails a minute delays them, and costs them nothing else."""

from datetime import timedelta
from pathlib import Path

from monitor.model import RELAY, channel_key
from monitor.store import Transaction, breakers, outbox, recipients
from tests.conftest import opened, small_stage

MAILS = 8


async def test_mails_that_are_held_back_lose_no_try_and_open_no_breaker(tmp_path: Path) -> None:
    async with small_stage(tmp_path) as stage:
        text = stage.config_path.read_text()
        stage.config_path.write_text(text.replace("[smtp]\n", "[smtp]\nper_domain_per_minute = 6\n"))
        async with opened(stage) as app:
            channels = await app.store.read(recipients.list_channels)
            (mail,) = [each for each in channels if each.kind.value == "email"]
            now = app.context.clock()

            def fill(tx: Transaction) -> None:
                for number in range(MAILS):
                    outbox.add_delivery(
                        tx, uid=f"m{number}", event="alert.first", title="", channel_id=mail.id,
                        payload=b"From: <monitor@demo.example>\r\nSubject: news\r\n\r\nNews.\r\n",
                        due_at=now, expires_at=now + timedelta(days=1), now=now,
                    )  # fmt: skip

            await app.store.write(fill)
            await app.shipper.fill()
            await app.shipper.crew.drain()
            rows = await app.store.read(lambda tx: tx.rows("SELECT * FROM deliveries ORDER BY id"))
            known = await app.store.read(breakers.breakers_of, [RELAY, channel_key(mail.id)])
        assert len(stage.mailbox.mails) == 1
        waiting = [row for row in rows if row["state"] == "pending"]
        tried = [row for row in waiting if row["attempts"]]
        assert len(waiting) == MAILS - 1
        assert tried
        assert all(row["tries"] == 0 for row in waiting)
        assert all(
            row["reason"].startswith("held back: 6 mails a minute go to demo.example") for row in tried
        )
        assert len({row["due_at"] for row in tried}) == len(tried), "they come back one by one"
        assert not any(breaker.is_open or breaker.failures for breaker in known.values())
