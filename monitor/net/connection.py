"""One HTTP/1.1 connection: a request out, its answer in, with time limits and back-pressure.

It neither resolves nor connects (`monitor.net.dial`), nor does it know of URLs, proxies or reuse
(`monitor.net.transport`). Every limit is in seconds without progress; a limit on the whole is the caller's.
"""

import asyncio
import ssl

import httpx

from monitor.net.answer import Answer, Head

_ENOUGH = 256 * 1024  # body bytes that wait for the reader before the peer is made to wait


class Connection(asyncio.Protocol):
    """The client's end. Errors are httpx's, without their request."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.closed: asyncio.Future[None] = self._loop.create_future()
        self._transport: asyncio.Transport | None = None
        self._answer: Answer | None = None
        self._error: httpx.TransportError | None = None
        self._news: asyncio.Future[bool] | None = None
        self._held = False  # we have stopped reading
        self._full = False  # the peer does not read what we write

    @property
    def alive(self) -> bool:
        """Whether another request could be sent."""
        return self._transport is not None and not self._transport.is_closing()

    @property
    def answered(self) -> bool:
        """Whether the peer sent at least one byte after the last request."""
        return self._answer is not None and self._answer.begun

    async def ask(
        self, request: bytes, *, write: float | None, read: float | None, no_body: bool = False
    ) -> Head:
        """Send a whole request and return the head of its answer; the body follows by `read`."""
        assert self._transport is not None
        self._answer = answer = Answer(no_body=no_body)
        self._transport.write(request)
        while answer.head is None:
            if self._error is not None:
                raise self._error
            if not await self._progress(write if self._full else read):
                if self._full:
                    raise httpx.WriteTimeout(f"the server took no more of the request for {write:g} s")
                raise httpx.ReadTimeout(f"the server sent nothing for {read:g} s")
        return answer.head

    async def read(self, seconds: float | None) -> bytes:
        """Return the next bytes of the body, b"" at its end."""
        answer = self._answer
        assert answer is not None
        while not answer.waiting:
            if answer.complete:
                return b""
            if self._error is not None:
                raise self._error
            if not await self._progress(seconds):
                raise httpx.ReadTimeout(f"the server sent nothing for {seconds:g} s")
        data = answer.take()
        if self._held and self._transport is not None:
            self._held = False
            self._transport.resume_reading()
        return data

    def finish(self) -> bool:
        """End the exchange; True if the connection may carry another, otherwise it is closed."""
        answer, self._answer = self._answer, None
        again = answer is not None and answer.reusable and not self._full and self.alive
        if not again:
            self.abort()
        return again

    async def start_tls(self, context: ssl.SSLContext, name: str) -> None:
        """Go on in TLS, inside what a proxy has opened; raises OSError when that fails."""
        assert self._transport is not None
        self._answer = None
        secured = await self._loop.start_tls(self._transport, self, context, server_hostname=name)
        assert secured is not None
        self._transport = secured

    def abort(self) -> None:
        """Close at once; what is not written yet is dropped."""
        if self._transport is not None:
            self._transport.abort()

    async def _progress(self, seconds: float | None) -> bool:
        """Wait until something happens; False after so many seconds of nothing."""
        self._news = news = self._loop.create_future()
        timer = None if seconds is None else self._loop.call_later(seconds, self._wake, False)
        try:
            happened: bool = await news
        finally:
            self._news = None
            if timer is not None:
                timer.cancel()
        return happened

    def _wake(self, happened: bool = True) -> None:  # noqa: FBT001, FBT002 - a callback of the loop
        if self._news is not None and not self._news.done():
            self._news.set_result(happened)

    def _fail(self, error: httpx.TransportError) -> None:
        self._error = self._error or error
        self.abort()
        self._wake()

    # -- called by the loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way to write."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Read on; bytes that nobody asked for end the connection."""
        answer = self._answer
        if answer is None:
            self.abort()
            return
        try:
            answer.feed(data)
        except httpx.RemoteProtocolError as error:
            self._fail(error)
            return
        if answer.waiting > _ENOUGH and not self._held and self._transport is not None:
            self._held = True
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        """Take the peer's end as ours: nobody half-closes HTTP."""
        self._ended(None)
        self.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Say so to whoever waits."""
        self._ended(exc)
        if not self.closed.done():
            self.closed.set_result(None)

    def _ended(self, cause: Exception | None) -> None:
        answer = self._answer
        if answer is not None and self._error is None and not answer.complete:
            try:
                if cause is None:
                    answer.end()
                else:
                    self._error = httpx.ReadError(str(cause) or type(cause).__name__)
                    self._error.__cause__ = cause
            except httpx.RemoteProtocolError as error:
                self._error = error
        self._wake()

    def pause_writing(self) -> None:
        """Note that the peer is slow to read."""
        self._full = True

    def resume_writing(self) -> None:
        """Note that it has caught up."""
        self._full = False
        self._wake()
