"""Reports as servers write them, and what is none."""

from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.deliver.bounces.report import BounceKind, read_report
from monitor.deliver.bounces.verp import bounce_key, return_address

KEY = bounce_key(b"k" * 32)
UID = "msg_" + "ab" * 16
BOUNCES = "bounces@news.example"
OURS = return_address(BOUNCES, UID, key=KEY)


def dsn(
    *,
    to: str = OURS,
    action: str = "failed",
    status: str = "5.1.1",
    diagnostic: str = "smtp; 550 5.1.1 unknown",
    recipient: str = "rfc822; Reader@mail.example",
) -> bytes:
    lines = [
        "From: MAILER-DAEMON@mail.example",
        f"To: {to}",
        "Subject: Undelivered Mail Returned to Sender",
        "Auto-Submitted: auto-replied",
        "MIME-Version: 1.0",
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"',
        "",
        "--b",
        "Content-Type: text/plain",
        "",
        "I am sorry.",
        "--b",
        "Content-Type: message/delivery-status",
        "",
        "Reporting-MTA: dns; mail.example",
        f"Original-Envelope-Id: {UID}",
        "",
        f"Original-Recipient: {recipient}",
        "Final-Recipient: rfc822; reader@mail.example",
        f"Action: {action}",
        f"Status: {status}",
        f"Diagnostic-Code: {diagnostic}",
        "",
        "--b",
        "Content-Type: text/rfc822-headers",
        "",
        "Subject: ours",
        "--b--",
        "",
    ]
    return "\r\n".join(lines).encode()


@pytest.mark.parametrize(
    ("changes", "kind", "status"),
    [
        ({}, BounceKind.HARD, "5.1.1"),
        ({"status": "5.2.1", "diagnostic": "smtp; 550 closed"}, BounceKind.HARD, "5.2.1"),
        ({"status": "5.0.0", "diagnostic": "smtp; 550 5.1.10 no such"}, BounceKind.HARD, "5.1.10"),
        ({"status": "5.2.2"}, BounceKind.SOFT, "5.2.2"),
        ({"status": "4.4.7 (expired)"}, BounceKind.SOFT, "4.4.7"),
        ({"status": "5.7.1"}, BounceKind.POLICY, "5.7.1"),
        ({"action": "Delayed", "status": "4.4.1"}, BounceKind.DELAYED, "4.4.1"),
        ({"status": "", "diagnostic": ""}, BounceKind.SOFT, ""),
    ],
)
def test_a_status_report_is_read(changes: dict[str, str], kind: BounceKind, status: str) -> None:
    report = read_report(dsn(**changes), bounces=BOUNCES, key=KEY)
    assert report is not None
    assert (report.kind, report.status, report.uid) == (kind, status, UID)
    assert report.original_recipient == "Reader@mail.example"


def test_a_report_that_all_went_well_is_none() -> None:
    for action in ("relayed", "delivered", "expanded"):
        assert read_report(dsn(action=action, status="2.0.0"), bounces=BOUNCES, key=KEY) is None


def test_a_forged_address_proves_nothing() -> None:
    other = return_address(BOUNCES, UID, key=bounce_key(b"x" * 32))
    report = read_report(dsn(to=other), bounces=BOUNCES, key=KEY)
    assert report is not None
    assert report.uid == ""
    assert len(report.forged) == 1
    bare = read_report(dsn(to=BOUNCES), bounces=BOUNCES, key=KEY)
    assert bare is not None
    assert (bare.uid, bare.forged) == ("", ()), "the envelope id alone is no proof: anybody can write it"


@pytest.mark.parametrize(
    ("feedback", "counts"), [("abuse", True), ("not-spam", False), ("auth-failure", False)]
)
def test_a_complaint_is_read_by_the_envelope_that_it_quotes(feedback: str, *, counts: bool) -> None:
    raw = (
        "From: fbl@mail.example\r\nTo: abuse@news.example\r\nSubject: complaint\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=feedback-report; boundary="b"\r\n\r\n--b\r\n'
        "Content-Type: text/plain\r\n\r\nThis is a report.\r\n--b\r\nContent-Type: message/feedback-report\r\n\r\n"
        f"Feedback-Type: {feedback}\r\nUser-Agent: x/1\r\nVersion: 1\r\nOriginal-Mail-From: <{OURS}>\r\n"
        "\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: ours\r\n\r\nhi\r\n--b--\r\n"
    ).encode()
    report = read_report(raw, bounces=BOUNCES, key=KEY)
    if not counts:
        assert report is None
        return
    assert report is not None
    assert (report.kind, report.uid) == (BounceKind.COMPLAINT, UID)


@pytest.mark.parametrize(
    ("sender", "subject", "text", "kind"),
    [
        ("MAILER-DAEMON@old.example", "failure notice", "Sorry, no mailbox here (#5.1.1)", BounceKind.HARD),
        ("postmaster@old.example", "Correo no entregado", "552 5.2.2 buzón lleno", BounceKind.SOFT),
        ("x@old.example", "Undeliverable: alert", "550 mailbox gone", BounceKind.SOFT),
        ("ana@mail.example", "Out of office", "Back on the 5.1.2026; call 550", None),
        ("ana@mail.example", "Re: alert", "Thanks, 5.1.1", None),
        ("mailer-daemon@old.example", "Delivery status", "queued at 5.1.1.1", None),
    ],
)
def test_what_older_servers_write_is_read_with_care(
    sender: str, subject: str, text: str, kind: BounceKind | None
) -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, OURS, subject
    message.set_content(text)
    report = read_report(message.as_bytes(), bounces=BOUNCES, key=KEY)
    assert (report and report.kind) == kind
    if report is not None:
        assert report.uid == UID


@given(raw=st.binary(max_size=2000), at=st.integers(0, 900))
def test_no_bytes_break_the_reader(raw: bytes, at: int) -> None:
    read_report(raw, bounces=BOUNCES, key=KEY)
    whole = dsn()
    read_report(whole[:at] + raw[:50] + whole[at:], bounces=BOUNCES, key=KEY)
