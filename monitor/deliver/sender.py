"""The seam between "an alert shall go out" and the code that speaks one kind of channel.

Holds the protocol and the small frozen records that senders are handed. It reads no configuration, keeps no
connection, and decides neither what is sent nor when to try again.
"""

import ipaddress
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol, TextIO

import httpx

from monitor.deliver.mail.dkim import DkimKey
from monitor.errors import Refused
from monitor.model import Alert, Attempt, Delivery, Notice, SendResult
from monitor.net.guard import Network

TlsMode = Literal["required", "implicit", "opportunistic", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SenderIdentity:
    """As whom an installation speaks.

    `mail_from` is an address, bare or with a display name; `mail_domain` ends Message-IDs and List-Ids;
    `contact` (a mail address or a URL) is where a reader can ask for changes, `postal` where a letter reaches the
    people behind it; `base_url` is our own site, and `link_key` signs the links into it.
    Mails are signed with `dkim`; None: the relay signs, or nobody.
    """

    instance: str
    mail_from: str
    mail_domain: str
    base_url: str = ""
    contact: str = ""
    postal: str = ""
    link_key: bytes = field(default=b"", repr=False)
    dkim: DkimKey | None = None
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpOptions:
    """The relay that takes our mail.

    `timeout` bounds everything up to the message text, `data_timeout` the text and the answer to it (ten
    minutes: RFC 5321, 4.5.3.2.6), both in seconds. TLS: `required` is STARTTLS or nothing, `implicit` speaks
    TLS from the first byte, `opportunistic` takes STARTTLS where it is offered, `none` is for loopback only.
    A certificate is always checked: against `ca_file` alone when given, else against the system's list.
    At most `connections` are open at once, each for up to `mails_per_connection` mails and `idle` seconds without one;
    `per_minute` and `per_domain_per_minute` bound the mails to the relay and to a recipient's domain, 0: no bound.
    Reports about mails go to `bounces` (an address; empty: to the From address), sealed with `bounce_key`.
    Raises Refused for a combination that would send mail or a password in the clear over a network.
    """

    host: str
    port: int
    tls: TlsMode = "required"
    username: str = ""
    password: str = field(default="", repr=False)
    ca_file: str = ""
    timeout: float = 60.0
    data_timeout: float = 600.0
    connections: int = 3
    mails_per_connection: int = 100
    idle: float = 60.0
    per_minute: float = 0.0
    per_domain_per_minute: float = 0.0
    bounces: str = ""
    bounce_key: bytes = field(default=b"", repr=False)

    def __post_init__(self) -> None:
        if self.tls == "none" and not self.is_loopback:
            raise Refused(
                f"smtp: tls = none is allowed only for a relay on this machine, not for {self.host!r}; "
                "use required (STARTTLS) or implicit"
            )

    @property
    def is_loopback(self) -> bool:
        """Whether the relay runs on this machine, by its literal address or the name `localhost`."""
        try:
            return ipaddress.ip_address(self.host.strip("[]")).is_loopback
        except ValueError:
            return self.host.lower() == "localhost"

    @property
    def longest_send(self) -> float:
        """The longest that one attempt can take, in seconds: a lease must outlast it."""
        return (
            2 * self.timeout + self.data_timeout + QUIT_SECONDS + 1
        )  # waiting for a turn and for a connection, too


QUIT_SECONDS = 5.0  # a relay that has answered may keep us this long for its goodbye


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A message for one recipient. `sender` and `recipient` are ASCII addresses without control characters.

    `id` comes back in reports about the mail (the envelope id of RFC 3461).
    """

    sender: str
    recipient: str
    message: bytes = field(repr=False)
    id: str = ""


class MailRelay(Protocol):
    """What takes mails, one recipient each."""

    async def hand_over(self, mail: Mail) -> SendResult:
        """Give one mail to the relay and say what came of it. Never raises for what a relay or network can do."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SendTools:
    """What senders work with, built once by the app. `clock` returns the present as an aware UTC datetime.

    `allow_networks` may be connected to although they are private, by senders that do not use `http`.
    `relay` keeps the connections to the relay that `smtp` describes; without it each mail has one of its own.
    """

    http: httpx.AsyncClient
    smtp: SmtpOptions | None
    relay: MailRelay | None = None
    console: TextIO
    clock: Callable[[], datetime]
    allow_networks: Sequence[Network] = ()


class Sender(Protocol):
    """Code that speaks one channel kind. Stateless; one instance serves all channels of its kind."""

    def render(self, alert: Alert, identity: SenderIdentity) -> bytes:
        """Return the exact bytes that every attempt will send.

        Pure: the same alert gives the same bytes, dated `alert.created_at`.
        """
        ...

    def render_notice(self, notice: Notice, identity: SenderIdentity) -> bytes:
        """Return the exact bytes of a notice, as `render` does of an alert."""
        ...

    async def send(self, delivery: Delivery, attempt: Attempt, tools: SendTools) -> SendResult:
        """Hand the delivery's payload over once and say what came of it.

        Never raises for anything that a receiver, a relay or the network between can do.
        """
        ...
