"""The pool against a real server: connections are used again, bounded, checked, and closed in order."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from monitor.deliver.relay.pool import RelayPool
from monitor.deliver.sender import Mail, SmtpOptions
from monitor.model import SendOutcome

TEXT = b"From: a@news.example\r\n\r\nhello\r\n"


@dataclass(slots=True)
class Wire:
    """A relay that takes everything and keeps each connection's commands; `answers` are given once each, by verb."""

    port: int = 0
    talks: list[list[str]] = field(default_factory=list)
    answers: dict[str, list[bytes]] = field(default_factory=dict)
    delay: float = 0.0
    open: int = 0
    most_open: int = 0
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    @property
    def verbs(self) -> list[list[str]]:
        return [[line.partition(" ")[0] for line in talk] for talk in self.talks]

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        said: list[str] = []
        self.talks.append(said)
        self.writers.append(writer)
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        try:
            await self._converse(reader, writer, said)
        except ConnectionError:
            pass
        finally:
            self.open -= 1
            writer.close()

    async def _converse(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, said: list[str]
    ) -> None:
        writer.write(b"220 wire.example\r\n")
        usual = {"EHLO": b"250-wire.example\r\n250 DSN\r\n", "DATA": b"354 go\r\n", "QUIT": b"221 bye\r\n"}
        while line := await reader.readline():
            verb = line.split()[0].decode().upper()
            said.append(line.decode().strip())
            waiting = self.answers.get(verb)
            answer = waiting.pop(0) if waiting else usual.get(verb, b"250 OK\r\n")
            if not answer:
                return
            writer.write(answer)
            if verb == "DATA" and answer.startswith(b"354"):
                await reader.readuntil(b"\r\n.\r\n")
                await asyncio.sleep(self.delay)
                waiting = self.answers.get(".")
                writer.write(waiting.pop(0) if waiting else b"250 2.0.0 taken\r\n")
            if verb == "QUIT" or answer.startswith(b"421"):
                return


@asynccontextmanager
async def wire(**options: Any) -> AsyncIterator[Wire]:
    made = Wire(**options)
    server = await asyncio.start_server(made.talk, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        for writer in made.writers:
            writer.close()
        await server.wait_closed()


def pool_for(relay: Wire, **options: Any) -> RelayPool:
    return RelayPool(
        SmtpOptions(
            **{
                "host": "127.0.0.1",
                "port": relay.port,
                "tls": "none",
                "timeout": 5.0,
                "data_timeout": 5.0,
                **options,
            }
        )
    )


def mail(to: str = "reader@mail.example") -> Mail:
    return Mail(sender="b@news.example", recipient=to, message=TEXT, id="msg_1")


async def test_one_connection_carries_many_mails_and_ends_politely() -> None:
    async with wire() as relay:
        async with pool_for(relay) as pool:
            outcomes = [(await pool.hand_over(mail())).outcome for _ in range(20)]
        assert outcomes == [SendOutcome.ACCEPTED] * 20
        assert relay.verbs == [["EHLO", *["MAIL", "RCPT", "DATA"] * 20, "QUIT"]]


async def test_at_most_so_many_connections_are_open_at_once() -> None:
    async with wire(delay=0.02) as relay:
        async with pool_for(relay, connections=2) as pool:
            results = await asyncio.gather(*(pool.hand_over(mail()) for _ in range(12)))
        assert all(result.outcome is SendOutcome.ACCEPTED for result in results)
        assert relay.most_open == 2
        assert len(relay.talks) == 2


async def test_a_connection_ends_after_its_share_of_mails() -> None:
    async with wire() as relay:
        async with pool_for(relay, mails_per_connection=3) as pool:
            for _ in range(7):
                await pool.hand_over(mail())
        assert [verbs.count("DATA") for verbs in relay.verbs] == [3, 3, 1]
        assert all(verbs[-1] == "QUIT" for verbs in relay.verbs)


async def test_a_refused_recipient_does_not_cost_the_connection_and_is_reset() -> None:
    async with wire(answers={"RCPT": [b"550 5.1.1 unknown\r\n"]}) as relay:
        async with pool_for(relay) as pool:
            assert (await pool.hand_over(mail())).outcome is SendOutcome.DISABLE
            assert (await pool.hand_over(mail())).outcome is SendOutcome.ACCEPTED
        assert relay.verbs == [["EHLO", "MAIL", "RCPT", "RSET", "MAIL", "RCPT", "DATA", "QUIT"]]


async def test_an_idle_connection_is_closed_and_an_older_one_is_asked_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with wire() as relay:
        async with pool_for(relay, idle=0.1) as pool:
            await pool.hand_over(mail())
            async with asyncio.timeout(5):
                while relay.open:  # noqa: ASYNC110 - the relay is another party
                    await asyncio.sleep(0.01)
        assert relay.verbs == [["EHLO", "MAIL", "RCPT", "DATA", "QUIT"]]
    monkeypatch.setattr("monitor.deliver.relay.pool.CHECK_AFTER", 0.0)
    async with wire() as relay:
        async with pool_for(relay) as pool:
            await pool.hand_over(mail())
            await pool.hand_over(mail())
        assert relay.verbs == [["EHLO", "MAIL", "RCPT", "DATA", "NOOP", "MAIL", "RCPT", "DATA", "QUIT"]]


async def test_a_connection_that_the_relay_dropped_meanwhile_costs_nothing() -> None:
    async with wire(answers={"MAIL": [b"250 OK\r\n", b""]}) as relay:
        async with pool_for(relay) as pool:
            assert (await pool.hand_over(mail())).outcome is SendOutcome.ACCEPTED
            # The relay hangs up on the second MAIL, before it could have had any text.
            assert (await pool.hand_over(mail())).outcome is SendOutcome.ACCEPTED
        assert len(relay.talks) == 2


async def test_reports_are_asked_for_where_the_relay_can() -> None:
    async with wire() as relay:
        async with pool_for(relay) as pool:
            await pool.hand_over(mail("a+b=c@mail.example"))
        assert relay.talks[0][1:3] == [
            "MAIL FROM:<b@news.example> RET=HDRS ENVID=msg_1",
            "RCPT TO:<a+b=c@mail.example> NOTIFY=FAILURE,DELAY ORCPT=rfc822;a+2Bb+3Dc@mail.example",
        ]
    async with wire(answers={"EHLO": [b"250 wire.example\r\n"]}) as relay:
        async with pool_for(relay) as pool:
            await pool.hand_over(mail())
        assert relay.talks[0][1:3] == ["MAIL FROM:<b@news.example>", "RCPT TO:<reader@mail.example>"]


async def test_a_rate_bounds_one_domain_and_not_the_others() -> None:
    async with wire() as relay:
        async with pool_for(relay, per_domain_per_minute=6) as pool:
            first = await pool.hand_over(mail("a@slow.example"))
            second = await pool.hand_over(mail("b@Slow.example"))
            other = await pool.hand_over(mail("a@other.example"))
        assert (first.outcome, other.outcome) == (SendOutcome.ACCEPTED, SendOutcome.ACCEPTED)
        assert second.outcome is SendOutcome.RETRY
        assert second.held_back
        assert second.retry_after == pytest.approx(10.0, abs=0.5)
        assert [talk for talk in relay.talks if any("b@Slow" in line for line in talk)] == []


async def test_a_short_wait_is_waited_out() -> None:
    async with wire() as relay:
        async with pool_for(relay, per_minute=300) as pool:
            began = asyncio.get_running_loop().time()
            results = [await pool.hand_over(mail()) for _ in range(53)]  # 50 at once, then one each 0.2 s
            took = asyncio.get_running_loop().time() - began
        assert all(result.outcome is SendOutcome.ACCEPTED for result in results)
        assert took >= 0.3
        assert relay.verbs[0].count("DATA") == 53


@pytest.mark.parametrize(
    ("answer", "whole"), [(b"421 4.7.0 too fast\r\n", True), (b"451 4.7.1 too much for us\r\n", False)]
)
async def test_who_asks_for_less_gets_less(answer: bytes, *, whole: bool) -> None:
    async with wire(answers={"RCPT": [answer]}) as relay:
        async with pool_for(relay) as pool:
            assert (await pool.hand_over(mail("a@slow.example"))).outcome is SendOutcome.RETRY
            again = await pool.hand_over(mail("a@slow.example"))
            other = await pool.hand_over(mail("a@other.example"))
        assert again.held_back
        assert other.held_back == whole


async def test_a_full_house_gives_mails_back_and_a_closed_pool_keeps_nothing_open() -> None:
    async with wire(delay=0.5) as relay:
        pool = pool_for(relay, connections=1, timeout=0.2)
        first = asyncio.create_task(pool.hand_over(mail()))
        await asyncio.sleep(0.1)
        second = await pool.hand_over(mail())
        assert second.outcome is SendOutcome.RETRY
        assert second.held_back
        await pool.close()
        assert (await first).outcome is SendOutcome.ACCEPTED
        async with asyncio.timeout(5):
            while relay.open:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert relay.verbs[0][-1] == "QUIT"


async def test_a_cancelled_mail_drops_its_connection() -> None:
    async with wire(delay=5) as relay, pool_for(relay) as pool:
        sending = asyncio.create_task(pool.hand_over(mail()))
        await asyncio.sleep(0.1)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        relay.delay = 0
        assert (await pool.hand_over(mail())).outcome is SendOutcome.ACCEPTED
        assert len(relay.talks) == 2
