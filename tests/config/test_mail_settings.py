"""Settings of mails: the postal line and the signing key."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from monitor.errors import ConfigError
from monitor.options import sender_identity

PEM = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def write(folder: Any, domain: str, *, pem: bytes = PEM, selector: str = "news") -> None:
    (folder.path / "dkim.pem").write_bytes(pem)
    folder.write(
        "monitor.toml",
        '[service]\npostal = "Border desk, El Paso"\n'
        '[smtp]\nhost = "mail.paper.mx"\nfrom = "Paper <a@alerts.paper.mx>"\n'
        f'dkim = {{selector = "{selector}", domain = "{domain}", key = {{file = "dkim.pem"}}}}\n',
    )


@pytest.mark.parametrize("domain", ["alerts.paper.mx", "paper.mx"])
def test_mails_are_signed_and_say_where_a_letter_reaches_us(folder: Any, domain: str) -> None:
    write(folder, domain)
    settings = folder.settings({})
    identity = sender_identity(settings, key=b"k" * 32)
    assert identity.postal == "Border desk, El Paso"
    assert identity.dkim is not None
    assert (identity.dkim.selector, identity.dkim.domain) == ("news", domain)
    assert identity.dkim.pem.strip() == PEM.strip()
    assert "PRIVATE" not in repr(settings) + repr(identity)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"domain": "other.mx"}, "signs for other.mx, but mail comes from alerts.paper.mx"),
        ({"domain": "aper.mx"}, "signs for aper.mx"),
        ({"domain": "paper.mx", "pem": b"no key\n"}, "no unencrypted private key"),
        ({"domain": "paper.mx", "selector": "two words"}, "'two words' is no DNS name"),
        ({"domain": "paper.mx", "pem": b""}, "is empty"),
    ],
)
def test_a_signature_that_receivers_would_not_count_is_refused(
    folder: Any, changes: dict[str, Any], message: str
) -> None:
    write(folder, **changes)
    with pytest.raises(ConfigError) as refused:
        folder.settings({})
    assert message in str(refused.value)


def test_without_a_key_nothing_is_signed(folder: Any) -> None:
    folder.write("monitor.toml", '[smtp]\nhost = "mail.paper.mx"\nfrom = "a@paper.mx"\n')
    identity = sender_identity(folder.settings({}), key=b"")
    assert identity.dkim is None
    assert identity.postal == ""
