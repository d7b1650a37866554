"""Sets the stage: feed server, receiver and mailbox on loopback, and a whole configuration folder that uses them.

The daemon is not part of it: it is started beside, in the same process (`run`) or in another one. As a program
(`python -m monitor.demo.stage --folder DIR`) the stage outlives daemons that are killed; it prints one line of
JSON with its addresses, answers GET on `status`, and writes report.json to the folder when it ends.
"""

import argparse
import asyncio
import base64
import contextlib
import json
import secrets
import signal
import socket
import sys
from collections.abc import Collection, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import monitor
from monitor.demo.expectations import Arrival, Report, judge, mail_arrival, webhook_arrival
from monitor.demo.feed_server import FeedServer
from monitor.demo.loopback import HOST, HttpServer, Request, Response
from monitor.demo.mailbox import Mailbox
from monitor.demo.receiver import WebhookReceiver
from monitor.demo.recordings import Recording, expected_stories, load_recordings, stories_by_link
from monitor.errors import NotFound, Refused

WATCHLIST = "us-mexico-border.toml"
REFUSED_WEBHOOKS = frozenset({2})  # not the first, so that a delivery is seen at once and a retry soon after


def shipped_watchlist() -> Path:
    """Find the shipped watchlist: in the checkout beside the package, else among the package's own files.

    Raises NotFound when neither is there.
    """
    package = Path(monitor.__file__).parent
    places = (
        package.parent / "config" / "watchlists" / WATCHLIST,
        package / "_shipped" / "watchlists" / WATCHLIST,
    )
    for place in places:
        if place.is_file():
            return place
    looked = " or ".join(str(place) for place in places)
    raise NotFound(f"the shipped watchlist is missing: looked for {looked}; install the package again")


class DemoStage:
    """A context manager: while it is open the servers run, and `config_path` is ready for a daemon.

    `refuse_webhooks` and `refuse_mails` hold the numbers of requests and messages (from 1) that are turned away
    for the moment. `began_at` begins the run at that time rather than when every feed was polled twice.
    Raises Refused on entering a folder that holds an earlier run: its store knows all items already.
    """

    def __init__(
        self,
        folder: Path,
        *,
        recordings: tuple[Recording, ...] | None = None,
        watchlist: Path | None = None,
        refuse_webhooks: Collection[int] = REFUSED_WEBHOOKS,
        refuse_mails: Collection[int] = (),
        began_at: datetime | None = None,
    ) -> None:
        self.folder = folder.absolute()
        self.config_path = self.folder / "monitor.toml"
        self.state_dir = self.folder / "state"
        self.mails_dir = self.folder / "mails"
        self.recordings = load_recordings() if recordings is None else recordings
        self.expected = expected_stories(self.recordings)
        self.watchlist = watchlist or shipped_watchlist()
        self.web_port = 0
        self._secret = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
        self.feeds = FeedServer(self.recordings, began_at=began_at)
        self.receiver = WebhookReceiver(self._secret, refuse=refuse_webhooks)
        self.mailbox = Mailbox(self.mails_dir, refuse=refuse_mails)
        self._status = HttpServer(self._answer_status)
        self._open = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Self:
        if self.config_path.exists():
            raise Refused(f"{self.folder} holds an earlier run; name a folder that is empty or not there yet")
        async with contextlib.AsyncExitStack() as opening:
            for server in (self.feeds, self.receiver, self.mailbox, self._status):
                await opening.enter_async_context(server)
            self.web_port = _free_port()
            self._write_config()
            self._open = opening.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._open.aclose()

    @property
    def web_url(self) -> str:
        """Where the daemon's own pages are, once it runs."""
        return f"http://{HOST}:{self.web_port}"

    @property
    def status_url(self) -> str:
        """Where the stage answers with `status()` as JSON."""
        return f"{self._status.url}/status"

    def report(self) -> Report:
        """Judge what has arrived until now."""
        return judge(self._arrivals(), expected=self.expected, stories=stories_by_link(self.recordings))

    def finished(self) -> bool:
        """Say whether the feeds have shown all they have, were fetched since, and all that is due has arrived."""
        return self.feeds.exhausted() and not self.report().missing

    def status(self) -> dict[str, Any]:
        """Describe the stage as plain data: where the run stands, what has arrived, and the judgement."""
        report = self.report()
        return {
            "elapsed": self.feeds.moment().elapsed,
            "waiting_for": list(self.feeds.waiting_for()),
            "finished": self.finished(),
            "ok": report.ok,
            "lines": list(report.lines),
            "missing": report.missing,
            "expected": report.expected,
            "arrived": dict(report.arrived),
            "feed_requests": [{"feed": each.slug, "status": each.status} for each in self.feeds.requests],
            "webhook_requests": [{"id": each.id, "status": each.status} for each in self.receiver.requests],
            "webhook_messages": list(self.receiver.messages),
            "mails": [
                {"message_id": mail.message_id, "subject": mail.subject, "path": str(mail.path)}
                for mail in self.mailbox.mails
            ],
            "mails_refused": self.mailbox.refused,
        }

    def addresses(self) -> dict[str, str]:
        """List what another process needs in order to use the stage."""
        return {
            "config": str(self.config_path),
            "state_dir": str(self.state_dir),
            "mails": str(self.mails_dir),
            "status": self.status_url,
            "web": self.web_url,
            "webhook": self.receiver.url,
            **{f"feed:{recording.slug}": self.feeds.url(recording.slug) for recording in self.recordings},
        }

    def _arrivals(self) -> list[Arrival]:
        slugs = {topic for story in self.expected for topic in story.topics}
        hooks = [webhook_arrival(each, body, slugs=slugs) for each, body in self.receiver.messages.items()]
        mails = [
            mail_arrival(mail.message_id, subject=mail.subject, text=mail.text) for mail in self.mailbox.mails
        ]
        return hooks + mails

    def _answer_status(self, request: Request) -> Response:
        if request.path != "/status":
            return Response(status=404)
        return Response(
            status=200, body=_as_json(self.status()).encode(), headers={"Content-Type": "application/json"}
        )

    def _write_config(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        secret = self.folder / "webhook.secret"
        secret.touch(mode=0o600)
        secret.write_text(self._secret + "\n", encoding="utf-8")
        files = {
            "monitor.toml": self._settings(),
            "feeds.toml": "\n".join(
                _table("[[feed]]", self._feed(recording)) for recording in self.recordings
            ),
            "recipients.toml": self._recipients(),
        }
        for name, text in files.items():
            (self.folder / name).write_text(text, encoding="utf-8")

    def _settings(self) -> str:
        sections: Mapping[str, Mapping[str, Any]] = {
            "service": {"name": "news-monitor demo", "contact": "demo@localhost", "base_url": self.web_url},
            "store": {"state_dir": str(self.state_dir)},
            "fetch": {
                "min_interval_seconds": 1,
                "requests_per_feed_hour": 3600,
                "per_host": 6,
                "host_spacing_seconds": 0,
                "allow_networks": [f"{HOST}/32"],
            },
            "surges": {"enabled": False},  # a run over a full hour would tell more than is expected of it
            "web": {"host": HOST, "port": self.web_port},
            "smtp": {"host": HOST, "port": self.mailbox.port, "tls": "none", "from": "monitor@demo.example"},
            "files": {
                "watchlists": [str(self.watchlist)],
                "feeds": ["feeds.toml"],
                "recipients": ["recipients.toml"],
            },
        }
        return "\n".join(_table(f"[{name}]", values) for name, values in sections.items())

    def _feed(self, recording: Recording) -> Mapping[str, str]:
        return {
            "slug": recording.slug,
            "url": self.feeds.url(recording.slug),
            "title": recording.title,
            "publisher": recording.title,
            "language": recording.language,
            "region": recording.region,
        }

    def _recipients(self) -> str:
        tables: list[tuple[str, Mapping[str, Any]]] = [
            ("subscriber", {"slug": "newsroom", "name": "Newsroom", "language": "en"}),
            ("subscriber", {"slug": "redaccion", "name": "Redacción", "language": "es"}),
            ("channel", {"slug": "demo-hook", "kind": "webhook", "url": self.receiver.url}),
            ("channel", {"slug": "demo-mail", "kind": "email", "address": "redaccion@demo.example"}),
            ("subscription", {"slug": "newsroom-hook", "subscriber": "newsroom", "channel": "demo-hook"}),
            ("subscription", {"slug": "redaccion-mail", "subscriber": "redaccion", "channel": "demo-mail"}),
        ]
        text = "\n".join(_table(f"[[{name}]]", values) for name, values in tables)
        return text.replace('kind = "webhook"\n', 'kind = "webhook"\nsecret = { file = "webhook.secret" }\n')


def _table(head: str, values: Mapping[str, Any]) -> str:
    # JSON's strings, numbers and arrays of strings are TOML's, too.
    return "".join([f"{head}\n", *(f"{key} = {json.dumps(value)}\n" for key, value in values.items())])


def _as_json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


async def keep_open(folder: Path, *, seconds: float | None) -> None:
    """Run a stage by itself until SIGTERM, SIGINT or for some seconds; then leave report.json in its folder."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    async with DemoStage(folder) as stage:
        sys.stdout.write(_as_json(stage.addresses()) + "\n")
        sys.stdout.flush()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), seconds)
        (stage.folder / "report.json").write_text(_as_json(stage.status()) + "\n", encoding="utf-8")


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(
        prog="python -m monitor.demo.stage", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument(
        "--folder", type=Path, required=True, help="where the configuration goes; empty or not there"
    )
    parser.add_argument("--seconds", type=float, default=None, help="end by itself after so many seconds")
    arguments = parser.parse_args()
    asyncio.run(keep_open(arguments.folder, seconds=arguments.seconds))


if __name__ == "__main__":
    main()
