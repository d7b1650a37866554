"""What a relay's answer means for one mail: accepted, refused, worth another try, or the end of an address.

Pure. Reply codes are RFC 5321's, enhanced status codes RFC 3463's and the IANA registry's; where both are given, the
enhanced code decides, since 550 alone says neither whose fault it is nor whether the address is dead.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from monitor.deliver.wording import one_line
from monitor.model import SendOutcome, SendResult

GREYLIST_SECONDS = 300.0  # who greylists wants to see us again after minutes, not seconds
BUSY_SECONDS = 60.0
BOUNCES = "the address bounces: "  # how the reason begins that an address is suspended for

_ENHANCED = re.compile(r"\s*([245]\.\d{1,3}\.\d{1,3})(?!\d)")
_NOT_THE_READER = {"5.1.0", "5.1.7", "5.1.8", "5.1.9"}  # unspecified, or about the sender's address
_LOGIN_CODES = {530, 534, 535, 538}  # RFC 4954: what they ask for is in our settings


class Step(StrEnum):
    """Where in the conversation an answer came."""

    OPENING = "opening"  # greeting, EHLO, STARTTLS
    LOGIN = "login"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"  # the command, and the text with its final dot


class Slower(StrEnum):
    """Who asks for fewer mails a minute."""

    NOBODY = "nobody"
    RELAY = "relay"
    DOMAIN = "domain"  # the recipient's, through the relay


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """What came of handing a mail over, and whom to send less to from now on."""

    result: SendResult
    slower: Slower = Slower.NOBODY


_LEADS = {
    Step.OPENING: "the relay is not ready",
    Step.LOGIN: "the relay does not take our user name and password",
    Step.MAIL: "the relay does not take our sender address",
    Step.RCPT: "the recipient was refused",
    Step.DATA: "the message was refused",
}


def enhanced_status(text: str) -> str:
    """Return the enhanced status code that a reply's text begins with (RFC 2034), or an empty string."""
    found = _ENHANCED.match(text)
    return found[1] if found else ""


def is_hard(status: str) -> bool:
    """Say whether an enhanced status means that an address does not exist, or is closed for good."""
    return status == "5.2.1" or (status.startswith("5.1.") and status not in _NOT_THE_READER)


def judged(step: Step, code: int, text: str) -> Handed:
    """Judge a reply that ends the conversation about a mail. Only after DATA can it mean acceptance."""
    said = f"{code} {one_line(text, 200)}"
    status = enhanced_status(text)
    if step is Step.DATA and 200 <= code < 300:
        return Handed(result=SendResult(outcome=SendOutcome.ACCEPTED, reason=said, status=code))
    reason = f"{_LEADS[step]}: {said}"
    # What is wrong before a recipient was named, or with our rights, is wrong for every mail.
    ours = code >= 500 and (
        step in {Step.MAIL, Step.LOGIN} or code in _LOGIN_CODES or status.startswith("5.7.")
    )
    if ours or step is Step.OPENING:
        result = SendResult(
            outcome=SendOutcome.RETRY, reason=reason, status=code if code > 0 else None, relay_fault=True
        )
    elif code < 500:
        result = SendResult(
            outcome=SendOutcome.RETRY,
            reason=reason,
            status=code if code > 0 else None,
            retry_after=BUSY_SECONDS if code == 421 else GREYLIST_SECONDS,
        )
    elif is_hard(status):
        result = SendResult(outcome=SendOutcome.DISABLE, reason=f"{BOUNCES}{said}", status=code)
    else:
        result = SendResult(outcome=SendOutcome.REFUSED, reason=reason, status=code)
    return Handed(result=result, slower=_slower(step, code, status))


def _slower(step: Step, code: int, status: str) -> Slower:
    if code == 421 or (status.startswith("4.7.") and step in {Step.OPENING, Step.MAIL}):
        return Slower.RELAY
    if status.startswith("4.7.") and step in {Step.RCPT, Step.DATA}:
        return Slower.DOMAIN
    return Slower.NOBODY
