"""What a real spam filter thinks of our mails; a bad one shows that it thinks at all."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from monitor.deliver import SENDERS, SenderIdentity
from monitor.model import Alert, AlertKind, ChannelKind
from tests.deliver.conftest import _surge

pytestmark = pytest.mark.servers

Score = Callable[[list[bytes]], list[tuple[float, str]]]

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


def test_our_mails_are_not_taken_for_spam_and_a_bad_one_is(
    spamassassin: Score, make_alert: Callable[..., Alert], identity: SenderIdentity
) -> None:
    mails = {
        f"{kind.value} in {reader}": SENDERS[ChannelKind.EMAIL].render(
            replace(
                make_alert(reader=reader, items=1 if kind in {AlertKind.FIRST, AlertKind.FOLLOW_UP} else 4),
                kind=kind,
                surges=(_surge(),) if kind is AlertKind.SURGE else (),
            ),
            identity,
        )
        for kind in AlertKind
        for reader in ("en", "es")
    }
    *scores, (points, why) = spamassassin([*mails.values(), BAD])
    for name, (given, reasons) in zip(mails, scores, strict=True):
        print(f"{name}: {given}: {reasons}")
    assert {name: given for name, given in zip(mails, scores, strict=True) if given[0] > 0} == {}
    assert points > 5, why
