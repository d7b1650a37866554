"""What each part is given of the settings, and the parts that are nothing but settings put to use.

It opens no store and starts nothing: class App does, and wires what is made here.
"""

import os
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.utils import parseaddr
from functools import partial
from typing import TextIO

import httpx

from monitor import __version__
from monitor.config import Settings
from monitor.deliver import DkimKey, RelayPool, SenderIdentity, SendTools, SmtpOptions
from monitor.deliver.bounces.mailbox import MailboxOptions
from monitor.deliver.bounces.verp import bounce_key
from monitor.fetch.cadence import Limits, pace
from monitor.fetch.pool import ParserPool
from monitor.fetch.request import FetchOptions
from monitor.fetch.rhythm import Rhythm, rate
from monitor.fetch.robots import Robots
from monitor.match.surge import CALM, SENSITIVE
from monitor.model import Feed, Priority
from monitor.net.client import make_client
from monitor.net.guard import parse_networks
from monitor.pipeline import (
    ArticleOptions,
    BounceOptions,
    Context,
    Hosts,
    PollOptions,
    Pusher,
    PushOptions,
    SendOptions,
    SurgeOptions,
    make_robots,
)

LEASE_SPARE = timedelta(minutes=2)  # between the end of the longest send and that of its lease
WEIGHTS = {Priority.URGENT: 4.0, Priority.NORMAL: 1.0, Priority.LOW: 0.25}  # twice, once, half as often


def user_agent(contact: str) -> str:
    """Name the program to the servers it polls, with the operator's contact when there is one."""
    return f"news-monitor/{__version__}" + (f" (+{contact})" if contact else "")


def http_client(settings: Settings) -> httpx.AsyncClient:
    """Make the one client of polls, articles, webhooks and hubs, with room for as many of each as run at once."""
    return make_client(
        user_agent=user_agent(settings.service.contact),
        allow_networks=settings.fetch.allow_networks,
        max_connections=2 * settings.fetch.concurrency  # older pages are asked for beside them
        + ArticleOptions().concurrency
        + SendOptions(owner="").concurrency
        + PushOptions(base_url="").concurrency,
    )


def parser_pool(settings: Settings) -> ParserPool:
    """Make the pool of parser processes with the configured limits."""
    return ParserPool(
        settings.fetch.parser_workers,
        cpu_seconds=settings.fetch.parser_cpu_seconds,
        memory_bytes=settings.fetch.parser_memory_mib * 1024 * 1024,
    )


def hosts_in_use(settings: Settings) -> Hosts:
    """Make what polls and the reading of articles share, so that together they keep each host's bounds."""
    return Hosts(per_host=settings.fetch.per_host, pause=settings.fetch.host_spacing_seconds)


def article_robots(settings: Settings, context: Context, http: httpx.AsyncClient, in_use: Hosts) -> Robots:
    """Make the memory of what sites ask of crawlers, for links that no person chose."""
    return make_robots(http, options=fetch_options(settings), pause=in_use.pause, clock=context.clock)


@dataclass(slots=True)
class Pace:
    """The factor between a feed's rate and its interval in force, in hours."""

    value: float = 1.0


def pace_of(settings: Settings, polled: Sequence[Feed], *, now: datetime) -> float:
    """Work out the pace at which feeds together keep to the request budget, from what is known of each."""
    return pace(
        (
            (rate(Rhythm.from_text(feed.fetch.rhythm), now), WEIGHTS[feed.priority])
            for feed in polled
            if feed.fetch.retired_at is None
        ),
        budget=settings.fetch.requests_per_feed_hour,
        floor=settings.floor_seconds,
        ceiling=settings.fetch.max_interval_hours * 3600,
    )


def limits(settings: Settings, in_force: Pace, feed: Feed) -> Limits:
    """Return the bounds of a feed's interval."""
    floor = max(settings.floor_for(feed.url), feed.min_interval)
    return Limits(
        floor=floor,
        ceiling=max(floor, settings.fetch.max_interval_hours * 3600),
        pace=in_force.value,
        budget=settings.fetch.requests_per_feed_hour,
        weight=WEIGHTS[feed.priority],
    )


def poll_options(settings: Settings, in_force: Pace) -> PollOptions:
    """Cut the poll stage's options out of the settings; intervals follow the pace then `in_force`."""
    fetch = settings.fetch
    return PollOptions(
        concurrency=fetch.concurrency,
        per_host=fetch.per_host,
        host_pause=fetch.host_spacing_seconds,
        limits=partial(limits, settings, in_force),
        fetch=fetch_options(settings),
    )


def fetch_options(settings: Settings) -> FetchOptions:
    """Cut the limits of one request out of the settings."""
    fetch = settings.fetch
    return FetchOptions(
        max_raw=fetch.max_body_mib * 1024 * 1024,
        max_decoded=4 * fetch.max_body_mib * 1024 * 1024,
        total_timeout=fetch.total_timeout_seconds,
    )


def make_pusher(settings: Settings, context: Context, http: httpx.AsyncClient) -> Pusher | None:
    """Make the push stage; None where hubs are not wanted."""
    if not settings.fetch.websub:
        return None
    return Pusher(context, client=http, options=PushOptions(base_url=settings.service.base_url))


def smtp_options(settings: Settings, *, key: bytes = b"") -> SmtpOptions | None:
    """Cut the mail relay's options out of the settings; None when there is no [smtp].

    `key` is the installation's: the seals of return addresses are made with one derived from it.
    """
    smtp = settings.smtp
    if smtp is None:
        return None
    return SmtpOptions(
        host=smtp.host,
        port=smtp.port,
        tls=smtp.tls,
        username=smtp.username,
        password=smtp.password,
        ca_file=smtp.ca_file,
        timeout=smtp.timeout_seconds,
        connections=smtp.connections,
        per_minute=smtp.per_minute,
        per_domain_per_minute=smtp.per_domain_per_minute,
        bounces=smtp.bounces,
        bounce_key=bounce_key(key) if key else b"",
    )


def send_tools(
    settings: Settings, *, key: bytes, http: httpx.AsyncClient, console: TextIO, clock: Callable[[], datetime]
) -> SendTools:
    """Make what senders work with; whoever calls this closes the relay's connections at the end."""
    smtp = smtp_options(settings, key=key)
    relay = None if smtp is None else RelayPool(smtp)
    return SendTools(
        http=http,
        smtp=smtp,
        relay=relay,
        console=console,
        clock=clock,
        allow_networks=parse_networks(settings.fetch.allow_networks),
    )


def bounce_options(settings: Settings, *, key: bytes) -> BounceOptions | None:
    """Say where reports about mails are read; None when there is no [bounces]. `key` is the installation's."""
    box, smtp = settings.bounces, settings.smtp
    if box is None or smtp is None:
        return None
    mailbox = MailboxOptions(
        host=box.host,
        port=box.port,
        tls=box.tls,
        username=box.username,
        password=box.password,
        folder=box.folder,
        done_folder=box.done_folder,
        ca_file=box.ca_file,
    )
    return BounceOptions(
        mailbox=mailbox,
        address=smtp.bounces,
        key=bounce_key(key),
        every=timedelta(minutes=box.every_minutes),
    )


def send_options(smtp: SmtpOptions | None) -> SendOptions:
    """Name this process in leases, which outlast the longest conversation that the relay's limits allow."""
    options = SendOptions(owner=f"{os.getpid()}-{secrets.token_hex(4)}")
    longest = timedelta(seconds=smtp.longest_send if smtp else 0.0)
    return replace(options, lease=max(options.lease, longest + LEASE_SPARE))


def surge_options(settings: Settings) -> SurgeOptions:
    """Say whether surges are looked for, and how sure one has to be."""
    surges = settings.surges
    return SurgeOptions(enabled=surges.enabled, rules=SENSITIVE if surges.sensitive else CALM)


def sender_identity(settings: Settings, *, key: bytes) -> SenderIdentity:
    """Say who alerts come from; `key` signs the links in them."""
    sender = settings.smtp.mail_from if settings.smtp else ""
    return SenderIdentity(
        instance=settings.service.name,
        mail_from=sender,
        mail_domain=parseaddr(sender)[1].rpartition("@")[2] or "localhost",
        base_url=settings.service.base_url,
        contact=settings.service.contact,
        postal=settings.service.postal,
        link_key=key,
        dkim=dkim_key(settings),
        version=__version__,
    )


def dkim_key(settings: Settings) -> DkimKey | None:
    """Cut the key that signs mails out of the settings; None where the relay signs, or nobody does."""
    dkim = settings.smtp.dkim if settings.smtp else None
    if dkim is None or dkim.key is None:
        return None
    return DkimKey(selector=dkim.selector, domain=dkim.domain, pem=dkim.key.get_secret_value().encode())
