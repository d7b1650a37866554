"""What a real spam filter thinks of our mails; a bad one shows that it thinks at all."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from monitor.deliver import SENDERS, SenderIdentity
from monitor.model import Alert, AlertKind, ChannelKind

pytestmark = pytest.mark.servers

Score = Callable[[bytes], tuple[float, str]]

BAD = b"""From: "CASH NOW" <x9z8@free-money.biz>
To: undisclosed-recipients:;
Subject: VIAGRA !!! MAKE $$$ FAST, 100% FREE, ACT NOW
Date: Mon, 1 Jan 2001 00:00:00 -0000
X-Mailer: The Bat! Bulk
MIME-Version: 1.0
Content-Type: text/html

<html><body><font size=7 color=red>CLICK HERE TO BUY VIAGRA CIALIS CHEAP!!! Dear friend, you have won
$1,000,000.00 USD from the Nigerian lottery. This is not spam. Send your bank account.</font>
<a href="http://192.168.5.5/x.exe">http://www.bank.com/</a><img src="http://1.2.3.4/x.gif"></body></html>
"""


@pytest.mark.parametrize("reader", ["en", "es"])
@pytest.mark.parametrize("kind", [AlertKind.FIRST, AlertKind.FOLLOW_UP])
def test_our_mail_is_not_taken_for_spam(
    spamassassin: Score,
    make_alert: Callable[..., Alert],
    identity: SenderIdentity,
    reader: str,
    kind: AlertKind,
) -> None:
    alert = replace(make_alert(reader=reader), kind=kind)
    points, why = spamassassin(SENDERS[ChannelKind.EMAIL].render(alert, identity))
    print(f"{kind.value} in {reader}: {points}: {why}")
    assert points <= 0, why


def test_a_bad_mail_is(spamassassin: Score) -> None:
    points, why = spamassassin(BAD)
    assert points > 5, why
