"""What deliveries are sent to, and the bare clients beside which ours are measured, each in a process of its own."""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable

import aiosmtplib
import httpx

HOST = "127.0.0.1"
WEBHOOK = json.dumps({"type": "alert.created", "data": {"text": "x" * 1400}}).encode()
MAIL = (
    b"From: Monitor <monitor@bench.example>\r\nTo: <reader@bench.example>\r\nSubject: news\r\n"
    b"Message-ID: <m@bench.example>\r\n\r\n" + (b"A line of news, as long as lines of mails are.\r\n" * 120)
)
ANSWER = b"HTTP/1.1 204 No Content\r\n\r\n"


class Sink:
    """Takes webhooks and mails, and notes when each webhook came."""

    def __init__(self) -> None:
        self.heard: dict[str, float] = {}
        self.mails = 0

    async def http(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer every request on a connection with 204."""
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                fields = dict(
                    line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line
                )
                await reader.readexactly(int(fields.get(b"content-length", b"0")))
                self.heard.setdefault(fields.get(b"webhook-id", b"").decode(), time.time())
                writer.write(ANSWER)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def smtp(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Accept every mail."""
        try:
            writer.write(b"220 sink\r\n")
            while line := await reader.readline():
                verb = line[:4].upper()
                if verb == b"DATA":
                    writer.write(b"354 go\r\n")
                    await reader.readuntil(b"\r\n.\r\n")
                    self.mails += 1
                if verb == b"QUIT":
                    writer.write(b"221 bye\r\n")
                    break
                writer.write(b"250-sink\r\n250 8BITMIME\r\n" if verb == b"EHLO" else b"250 ok\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        writer.close()


async def serve() -> None:
    """Run the sink: print its ports, answer each line of input with what came since, end with the input."""
    sink = Sink()
    ports = []
    for converse in (sink.http, sink.smtp):
        server = await asyncio.start_server(converse, HOST, 0, limit=2**20)
        ports.append(server.sockets[0].getsockname()[1])
    sys.stdout.write(json.dumps(ports) + "\n")
    sys.stdout.flush()
    while await asyncio.to_thread(sys.stdin.readline):
        sys.stdout.write(json.dumps({"heard": sink.heard, "mails": sink.mails}) + "\n")
        sys.stdout.flush()
        sink.heard, sink.mails = {}, 0


async def bare_webhooks(port: int, count: int, *, at_once: int) -> float:
    """POST `count` webhooks with httpx alone; return the CPU seconds of this process."""
    async with httpx.AsyncClient() as client:

        async def one(number: int) -> None:
            answer = await client.post(
                f"http://{HOST}:{port}/hook",
                content=WEBHOOK,
                headers={"content-type": "application/json", "webhook-id": f"bare-{number}"},
            )
            answer.raise_for_status()

        return await _timed(one, count, at_once=at_once)


async def bare_mails(port: int, count: int, *, at_once: int) -> float:
    """Send `count` mails with aiosmtplib alone, over as many connections as run at once; return CPU seconds."""
    clients = [aiosmtplib.SMTP(hostname=HOST, port=port, start_tls=False) for _ in range(at_once)]
    for client in clients:
        await client.connect()

    async def one(number: int) -> None:
        client = clients.pop()
        await client.sendmail("monitor@bench.example", ["reader@bench.example"], MAIL)
        clients.append(client)

    spent = await _timed(one, count, at_once=at_once)
    for client in clients:
        await client.quit()
    return spent


async def _timed(one: Callable[[int], Awaitable[None]], count: int, *, at_once: int) -> float:
    numbers = iter(range(count))

    async def work() -> None:
        for number in numbers:
            await one(number)

    began = time.process_time()
    await asyncio.gather(*(work() for _ in range(at_once)))
    return time.process_time() - began


if __name__ == "__main__":
    asyncio.run(serve())
