"""Signatures are verified by dkimpy, which shares no code with ours."""

from collections.abc import Callable
from dataclasses import replace

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.deliver.mail.dkim import DkimKey, dns_record, private_key, signed
from monitor.deliver.mail.email import EmailSender
from monitor.deliver.sender import SenderIdentity
from monitor.errors import Refused
from monitor.model import Alert, Notice, NoticeKind
from tests.deliver.news_mails import NOW, digest_of, entry, parsed, story, topic

MakeAlert = Callable[..., Alert]


def pem(key: rsa.RSAPrivateKey | Ed25519PrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


KEYS = {
    "rsa": pem(rsa.generate_private_key(public_exponent=65537, key_size=2048)),
    "ed25519": pem(Ed25519PrivateKey.generate()),
}


def verifies(message: bytes, key: DkimKey) -> bool:
    def txt(name: bytes, timeout: int = 5) -> bytes | None:
        wanted = f"{key.selector}._domainkey.{key.domain}.".encode()
        return dns_record(key.pem).encode() if name == wanted else None

    return bool(dkim.verify(message, dnsfunc=txt))


@pytest.fixture(params=KEYS)
def key(request: pytest.FixtureRequest) -> DkimKey:
    return DkimKey(selector="news", domain="news.example", pem=KEYS[request.param])


def test_every_mail_is_signed_when_it_is_written(
    make_alert: MakeAlert, identity: SenderIdentity, key: DkimKey
) -> None:
    signing = replace(identity, dkim=key, link_key=b"k" * 32)
    digest = digest_of(make_alert(), *(entry(topic("tariffs"), story(n)) for n in range(1, 30)))
    notice = Notice(
        uid="n",
        kind=NoticeKind.TEST,
        channel=make_alert().subscription.channel,
        title="Prueba de año",
        lines=("uno",),
        created_at=NOW,
    )
    sender = EmailSender()
    for payload in (
        sender.render(make_alert(), signing),
        sender.render(digest, signing),
        sender.render_notice(notice, signing),
    ):
        assert verifies(payload, key)
        assert max(map(len, payload.split(b"\r\n"))) <= 300
    assert sender.render(digest, signing) == sender.render(digest, signing)
    assert b"DKIM-Signature" not in sender.render(digest, replace(signing, dkim=None))


@pytest.mark.parametrize(
    ("found", "put"),
    [
        (b"One-Click", b"Two-Click"),
        (b"<https://news.example/u/", b"<https://evil.example/u/"),
        (b"Feedback-ID: tariffs", b"Feedback-ID: other"),
        (b"From: ", b"From: evil@news.example\r\nFrom: "),
        (b"Date: Tue", b"Date: Wed"),
        (b"arance", b"arencl"),
        (b"\r\nReferences:", b"\r\nX-References:"),
    ],
)
def test_what_a_reader_relies_on_cannot_be_changed(
    make_alert: MakeAlert, identity: SenderIdentity, key: DkimKey, found: bytes, put: bytes
) -> None:
    payload = EmailSender().render(make_alert(), replace(identity, dkim=key, link_key=b"k" * 32))
    assert found in payload
    assert not verifies(payload.replace(found, put, 1), key)


def test_a_header_that_the_mail_has_not_cannot_be_added(
    make_alert: MakeAlert, identity: SenderIdentity, key: DkimKey
) -> None:
    plain = replace(identity, dkim=key, base_url="", contact="")
    payload = EmailSender().render(make_alert(), plain)
    assert parsed(payload)["List-Unsubscribe"] is None
    assert verifies(payload, key)
    added = payload.replace(b"\r\nDate:", b"\r\nList-Unsubscribe: <https://evil.example/>\r\nDate:", 1)
    assert not verifies(added, key)


def test_relays_may_change_white_space_and_add_headers(
    make_alert: MakeAlert, identity: SenderIdentity, key: DkimKey
) -> None:
    payload = EmailSender().render(make_alert(), replace(identity, dkim=key))
    handled = b"Received: from a by b\r\n" + payload.replace(b"Precedence: list", b"Precedence:   list \t")
    assert verifies(handled.replace(b"References: ", b"References:\r\n  ") + b"\r\n\r\n", key)


@given(
    subject=st.text(st.sampled_from("ab \t"), max_size=20),
    body=st.lists(st.text(st.sampled_from("a. \t="), max_size=12), max_size=8),
)
@settings(deadline=None, max_examples=60)
def test_odd_white_space_is_reduced_as_the_standard_says(subject: str, body: list[str]) -> None:
    key = DkimKey(selector="news", domain="news.example", pem=KEYS["rsa"])
    message = f"From: a@news.example\r\nSubject: x {subject}\r\n\r\n" + "".join(
        f"{line}\r\n" for line in body
    )
    assert verifies(signed(message.encode(), key, at=NOW), key)


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        b"no key",
        pem(rsa.generate_private_key(public_exponent=65537, key_size=1024)),
        pem(ec.generate_private_key(ec.SECP256R1())),
    ],
)
def test_a_key_that_receivers_would_not_trust_is_refused(bad: bytes) -> None:
    with pytest.raises(Refused, match="the DKIM key is n"):
        private_key(bad)


def test_the_key_does_not_show_in_a_log(key: DkimKey) -> None:
    assert "PRIVATE" not in repr(key)
