"""Deliver alerts: render them once, then try until a channel has taken them or it is clear that it will not.

`SENDERS` is the whole list of channel kinds. The stage keeps no queue; the outbox rows are the store's.
"""

from monitor.deliver.chat.apprise import AppriseSender
from monitor.deliver.console import ConsoleSender
from monitor.deliver.hook.signature import generate_secret
from monitor.deliver.hook.webhook import WebhookSender
from monitor.deliver.mail.dkim import DkimKey
from monitor.deliver.mail.email import EmailSender
from monitor.deliver.relay.pool import RelayPool
from monitor.deliver.retry import RetryPlan, plan
from monitor.deliver.sender import Sender, SenderIdentity, SendTools, SmtpOptions
from monitor.model import ChannelKind

SENDERS: dict[ChannelKind, Sender] = {
    ChannelKind.CONSOLE: ConsoleSender(),
    ChannelKind.EMAIL: EmailSender(),
    ChannelKind.WEBHOOK: WebhookSender(),
    ChannelKind.APPRISE: AppriseSender(),
}

__all__ = [
    "SENDERS",
    "DkimKey",
    "RelayPool",
    "RetryPlan",
    "SendTools",
    "Sender",
    "SenderIdentity",
    "SmtpOptions",
    "generate_secret",
    "plan",
]
