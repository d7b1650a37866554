"""Mails in a real browser: nothing that a feed wrote runs, and nothing is fetched."""

import shutil
import socketserver
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor.deliver import SenderIdentity
from monitor.deliver.mail.email import EmailSender
from monitor.model import (
    Alert,
    AlertKind,
    Channel,
    ChannelKind,
    FeedHealth,
    Notice,
    NoticeKind,
    Priority,
    Subscriber,
    Subscription,
)
from tests.deliver.news_mails import NOW, body, digest_of, entry, story, topic

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium here (Debian: apt-get install chromium)"
)

OWN = "document.documentElement.dataset.owned=1"
HOSTILE = [
    f"<script>{OWN}</script>",
    f"</title></style><script>{OWN}</script>",
    f"<img src=http://evil.example/p.gif onerror={OWN}>",
    f"<svg onload={OWN}><link rel=stylesheet href=http://evil.example/s.css>",
    f'"><iframe srcdoc="<script>parent.{OWN}</script>"></iframe>',
    f"' onmouseover={OWN} style=background:url(http://evil.example/b.png) x='",
    "<style>@import 'http://evil.example/i.css';</style>",
    f"<meta http-equiv=refresh content=0;url=http://evil.example/><base href=http://evil.example/>{OWN}",
    "{{ 7 * 7 }}{% include 'http://evil.example/' %}",
    f"<!--><script>{OWN}</script-->",
    f"<math><mtext></p><style><img title='</style><img src=x onerror={OWN}>'>",
]
LINKS = [f"javascript:{OWN}", "data:text/html,x", 'http://evil.example/"><script>', "HTTPS://evil.example/ok"]


class Proxy(socketserver.ThreadingTCPServer):
    """Stands where the network would be: notes who is asked for, and answers nothing."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        self.asked: list[str] = []
        super().__init__(("127.0.0.1", 0), _Note)


class _Note(socketserver.StreamRequestHandler):
    server: Proxy

    def handle(self) -> None:
        self.server.asked.append(self.rfile.readline(2000).decode("latin-1").strip())


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    with Proxy() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def dom(tmp_path: Path, proxy: Proxy) -> Callable[[str], tuple[str, list[str]]]:
    """Return the document that a browser makes of a page, and what it asked the network for."""

    def load(html: str) -> tuple[str, list[str]]:
        page = tmp_path / "mail.html"
        page.write_text(html, encoding="utf-8")
        assert CHROMIUM
        proxy.asked.clear()
        done = subprocess.run(
            [
                CHROMIUM,
                *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
                *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
                f"--user-data-dir={tmp_path / 'profile'}",
                f"--proxy-server=http://127.0.0.1:{proxy.server_address[1]}",
                *("--virtual-time-budget=2000", "--dump-dom", page.as_uri()),
            ],
            capture_output=True,
            timeout=90,
            check=True,
        )
        return done.stdout.decode(), [each for each in proxy.asked if "evil.example" in each]

    return load


@pytest.fixture
def alert() -> Alert:
    """Return an alert in which every text that comes from outside is hostile."""
    all_of_it = " ".join(HOSTILE)
    about = [replace(topic(f"t{n}", priority=Priority.URGENT), name=text) for n, text in enumerate(HOSTILE)]
    hits = tuple(
        replace(
            entry(
                about[n % len(about)],
                story(n, title=HOSTILE[n % len(HOSTILE)], outlets=3),
                number=10 * n + copy,
                title=HOSTILE[(n + copy) % len(HOSTILE)],
                word="<" if n % 2 else "script",
                summary=all_of_it,
                source=f"{copy} {HOSTILE[n % len(HOSTILE)]}",
                note=all_of_it[:150],
                link=LINKS[(n + copy) % len(LINKS)],
            )
        )
        for n in range(1, 12)
        for copy in range(2)
    )
    subscriber = Subscriber(slug="ana", name=HOSTILE[0], language="es", zone="America/Tijuana", owner="ui")
    channel = Channel(slug="main", kind=ChannelKind.EMAIL, address="a@b.example", owner="ui")
    first = hits[0].story
    assert first
    base = Alert(
        uid="u-1",
        subscription=Subscription(slug="desk", subscriber=subscriber, channel=channel, owner="ui"),
        story=first,
        hits=hits,
        reason=all_of_it,
        created_at=datetime(2025, 3, 4, 14, 5, tzinfo=UTC),
    )
    return digest_of(
        base,
        *hits,
        notes=tuple(HOSTILE),
        news=tuple(HOSTILE),
        subject=all_of_it,
        health=FeedHealth(feeds=2, healthy=1, silent=tuple(HOSTILE)),
    )


@pytest.fixture
def identity() -> SenderIdentity:
    return SenderIdentity(
        instance=HOSTILE[1],
        mail_from="Desk <a@news.example>",
        mail_domain="news.example",
        base_url="https://news.example",
        contact=HOSTILE[2],
        postal=HOSTILE[3],
        link_key=b"k" * 32,
        version="1",
    )


def test_the_browser_would_show_a_page_that_was_taken_over(
    dom: Callable[[str], tuple[str, list[str]]],
) -> None:
    document, asked = dom(f"<!doctype html><title>x</title><p>{HOSTILE[2]}{HOSTILE[0]}")
    assert 'data-owned="1"' in document
    assert asked


@pytest.mark.parametrize("kind", ["digest", "story", "notice"])
def test_nothing_of_a_feed_runs_or_is_fetched(
    dom: Callable[[str], tuple[str, list[str]]], alert: Alert, identity: SenderIdentity, kind: str
) -> None:
    if kind == "notice":
        notice = Notice(
            uid="n",
            kind=NoticeKind.TEST,
            channel=alert.subscription.channel,
            title=HOSTILE[1],
            lines=tuple(HOSTILE),
            link="https://news.example/u/x",
            created_at=NOW,
        )
        payload = EmailSender().render_notice(notice, identity)
    else:
        one = replace(
            alert, kind=AlertKind.FOLLOW_UP, hits=tuple(h for h in alert.hits if h.story == alert.story)
        )
        payload = EmailSender().render(one if kind == "story" else alert, identity)
    html = body(payload, "html")
    assert "evil.example" in html  # it is there, as text
    document, asked = dom(html)
    assert "data-owned" not in document.partition("<head>")[0]
    assert asked == []
    hrefs = [part.partition('"')[0].lower() for part in document.split('href="')[1:]]
    assert hrefs
    assert all(href.startswith(("https://", "http://")) for href in hrefs)
