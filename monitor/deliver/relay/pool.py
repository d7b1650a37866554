"""The relay as senders use it: a few connections that are kept open, and a bound on the mails a minute.

Built once by the app and closed by it. A mail waits here less than a second for its turn; if that is not enough, it
is given back with the time after which it may come again. It renders nothing and remembers no mail.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Self

from monitor.deliver.relay.answers import Handed, Slower
from monitor.deliver.relay.rate import Bucket
from monitor.deliver.relay.smtp import FAILURES, Connection, Stopped, failed_before_content
from monitor.deliver.sender import Mail, SmtpOptions
from monitor.model import SendOutcome, SendResult

MOST_WAIT = 1.0  # seconds that a mail waits for its rate while it holds a sender's place
CHECK_AFTER = 1.0  # a connection that was idle for so long is asked before it is used
MOST_DOMAINS = 1000  # domains whose buckets are remembered


class RelayPool:
    """At most `options.connections` connections to one relay. `clock` is any steady clock, in seconds."""

    def __init__(self, options: SmtpOptions, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.options = options
        self._clock = clock
        self._places = asyncio.Semaphore(options.connections)
        self._idle: list[Connection] = []
        self._sweeper: asyncio.Task[None] | None = None
        self._closed = False
        self._whole = Bucket(options.per_minute)
        self._domains: dict[str, Bucket] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """End the idle connections politely, all at once; one that is in use ends with its mail."""
        self._closed = True
        if self._sweeper is not None:
            self._sweeper.cancel()
            await asyncio.wait({self._sweeper})
        idle, self._idle = self._idle, []
        await asyncio.gather(*(connection.close() for connection in idle))

    async def hand_over(self, mail: Mail) -> SendResult:
        """Give one mail to the relay and say what came of it.

        Never raises for what a relay or the network can do; a cancelled call drops its connection.
        """
        domain = mail.recipient.rpartition("@")[2].lower()
        held = await self._paced(domain)
        if held is not None:
            return held
        try:
            async with asyncio.timeout(self.options.timeout):
                await self._places.acquire()
        except TimeoutError:
            return _held_back(f"all {self.options.connections} connections to the relay are busy", wait=5.0)
        try:
            handed = await self._send(mail)
        finally:
            self._places.release()
        if handed.slower is not Slower.NOBODY:
            slowed = self._whole if handed.slower is Slower.RELAY else self._bucket(domain)
            slowed.slow(self._clock())
        return handed.result

    async def _paced(self, domain: str) -> SendResult | None:
        """Wait until the mail may go; return its result instead if that would take too long."""
        now = self._clock()
        of_domain = self._bucket(domain)
        whole, part = self._whole.wait(now), of_domain.wait(now)
        if max(whole, part) > MOST_WAIT:
            slow, to = (self._whole, "the relay") if whole >= part else (of_domain, domain)
            return _held_back(f"{slow.rate(now):g} mails a minute go to {to}", wait=slow.turn(now))
        self._whole.take(now)
        of_domain.take(now)
        if max(whole, part):
            await asyncio.sleep(max(whole, part))
        return None

    def _bucket(self, domain: str) -> Bucket:
        if domain not in self._domains:
            while len(self._domains) >= MOST_DOMAINS:
                del self._domains[next(iter(self._domains))]  # the one met first
            self._domains[domain] = Bucket(self.options.per_domain_per_minute)
        return self._domains[domain]

    async def _send(self, mail: Mail) -> Handed:
        opening = [True]
        try:
            async with asyncio.timeout(self.options.timeout):
                connection = await self._invited(mail, opening)
        except Stopped as stop:
            return stop.handed
        except FAILURES as error:
            return failed_before_content(error, opening=opening[0])
        try:
            return await connection.content(mail.message)
        finally:
            await self._give_back(connection)

    async def _invited(self, mail: Mail, opening: list[bool]) -> Connection:
        """Return a connection on which the relay waits for the text; `opening` says how far a failure came."""
        while self._idle:
            connection = self._idle.pop()
            if not await self._usable(connection):
                continue
            try:
                return await self._asked(connection, mail)
            except ConnectionError:
                continue  # closed while it was idle, before any text: nothing is lost, and another is tried
        connection = Connection(self.options, name=mail.sender.rpartition("@")[2])
        try:
            await connection.open()
        except BaseException:
            await connection.close()
            raise
        opening[0] = False
        return await self._asked(connection, mail)

    async def _usable(self, connection: Connection) -> bool:
        """Say whether an idle connection still stands; close it if not."""
        usable = False
        try:
            fresh = self._clock() - connection.idle_since < CHECK_AFTER
            usable = connection.alive and (fresh or await connection.answers())
        finally:
            if not usable:
                await connection.close()
        return usable

    async def _asked(self, connection: Connection, mail: Mail) -> Connection:
        try:
            await connection.envelope(mail)
        except BaseException:
            await self._give_back(connection)
            raise
        return connection

    async def _give_back(self, connection: Connection) -> None:
        full = connection.mails >= self.options.mails_per_connection
        if self._closed or full or not connection.alive:
            await connection.close()
            return
        connection.idle_since = self._clock()
        self._idle.append(connection)
        if self._sweeper is None or self._sweeper.done():
            self._sweeper = asyncio.create_task(self._sweep(), name="smtp-idle")

    async def _sweep(self) -> None:
        """Close what has been idle for too long; end when nothing is idle."""
        while self._idle:
            oldest = min(connection.idle_since for connection in self._idle)
            await asyncio.sleep(max(0.0, oldest + self.options.idle - self._clock()))
            late = self._clock() - self.options.idle
            over = [connection for connection in self._idle if connection.idle_since <= late]
            self._idle = [connection for connection in self._idle if connection.idle_since > late]
            await asyncio.gather(*(connection.close() for connection in over))


async def hand_over(options: SmtpOptions, mail: Mail) -> SendResult:
    """Give one mail to the relay through a connection of its own."""
    async with RelayPool(options) as pool:
        return await pool.hand_over(mail)


def _held_back(why: str, *, wait: float) -> SendResult:
    reason = f"held back: {why}; nothing was sent yet"
    return SendResult(outcome=SendOutcome.RETRY, reason=reason, retry_after=wait, held_back=True)
