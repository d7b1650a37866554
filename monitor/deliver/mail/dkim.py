"""DKIM signatures (RFC 6376, RFC 8463): relaxed/relaxed, over the whole body and the headers that readers rely on.

Usually the relay signs, and this stands idle. Where it does not, a mail is signed when it is written, dated as the mail
is, so that the stored bytes are final and every attempt sends the same. It knows nothing of DNS: the public key is
published by whoever runs the domain.
"""

import base64
import functools
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from monitor.errors import Refused

LEAST_BITS = 2048  # shorter RSA keys are not trusted by the large providers
# From stands twice, so that a second one cannot be added; a header that a mail has not is signed as absent.
SIGNED = (
    "From", "From", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "List-Id", "List-Unsubscribe",
    "List-Unsubscribe-Post", "Feedback-ID", "Auto-Submitted", "Content-Language", "MIME-Version", "Content-Type",
)  # fmt: skip

_SPACE = re.compile(rb"[ \t]+")
_END = re.compile(rb"[ \t]+(?=\r\n)")


@dataclass(frozen=True, slots=True, kw_only=True)
class DkimKey:
    """A signing key: `pem` is an unencrypted private key, RSA of at least 2048 bits or Ed25519.

    Its public part is published at SELECTOR._domainkey.DOMAIN.
    """

    selector: str
    domain: str
    pem: bytes = field(repr=False)


def signed(message: bytes, key: DkimKey, *, at: datetime) -> bytes:
    """Return the message with a DKIM-Signature before its other headers; the same input gives the same bytes.

    The message has CRLF line ends and each of its headers once. Raises Refused for a key that cannot be used.
    """
    head, _, body = message.partition(b"\r\n\r\n")
    private = private_key(key.pem)
    algorithm = "ed25519-sha256" if isinstance(private, Ed25519PrivateKey) else "rsa-sha256"
    body_hash = base64.b64encode(hashlib.sha256(_relaxed_body(body)).digest()).decode("ascii")
    unsigned = (
        f"v=1; a={algorithm}; c=relaxed/relaxed; d={key.domain}; s={key.selector}; t={int(at.timestamp())};\r\n"
        f" h={_listed(SIGNED)};\r\n bh={body_hash};\r\n b="
    )
    own = _relaxed_header(b"DKIM-Signature", unsigned.encode("ascii"))
    to_sign = b"".join([*_chosen(_headers(head)), own.removesuffix(b"\r\n")])
    signature = base64.b64encode(_signature(private, to_sign)).decode("ascii")
    lines = "\r\n ".join(signature[start : start + 72] for start in range(0, len(signature), 72))
    return f"DKIM-Signature: {unsigned}{lines}\r\n".encode("ascii") + message


def dns_record(pem: bytes) -> str:
    """Return the TXT record that publishes a key's public part. Raises Refused for a key that cannot be used."""
    private = private_key(pem)
    if isinstance(private, Ed25519PrivateKey):
        raw, kind = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw), "ed25519"
    else:
        raw = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        kind = "rsa"
    return f"v=DKIM1; k={kind}; p={base64.b64encode(raw).decode('ascii')}"


@functools.lru_cache(maxsize=8)
def private_key(pem: bytes) -> RSAPrivateKey | Ed25519PrivateKey:
    """Read a private key in PEM form. Raises Refused, with what to do, for one that cannot sign mail."""
    try:
        found = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise Refused("the DKIM key is no unencrypted private key in PEM form") from None
    if isinstance(found, Ed25519PrivateKey):
        return found
    if isinstance(found, RSAPrivateKey) and found.key_size >= LEAST_BITS:
        return found
    raise Refused("the DKIM key is neither RSA of 2048 bits or more nor Ed25519")


def _signature(private: RSAPrivateKey | Ed25519PrivateKey, text: bytes) -> bytes:
    if isinstance(private, Ed25519PrivateKey):
        return private.sign(hashlib.sha256(text).digest())  # RFC 8463, 3: it signs the hash
    return private.sign(text, PKCS1v15(), hashes.SHA256())


def _headers(head: bytes) -> dict[bytes, bytes]:
    """Return each header's value, folding included, by its name in small letters."""
    found = {}
    for line in re.split(rb"\r\n(?![ \t])", head):
        name, _, value = line.partition(b":")
        found[name.lower()] = value
    return found


def _chosen(headers: dict[bytes, bytes]) -> list[bytes]:
    """Return the signed headers that are there, each once, in the order in which they are listed."""
    names = dict.fromkeys(name.lower().encode("ascii") for name in SIGNED)
    return [_relaxed_header(name, headers[name]) for name in names if name in headers]


def _listed(names: Sequence[str]) -> str:
    lines = [""]
    for name in names:
        if len(lines[-1]) + len(name) > 70:
            lines.append("")
        lines[-1] += f"{name.lower()}:"
    return "\r\n  ".join(lines).removesuffix(":")


def _relaxed_header(name: bytes, value: bytes) -> bytes:
    """Unfold a header and reduce its white space (RFC 6376, 3.4.2)."""
    return name.lower() + b":" + _SPACE.sub(b" ", value.replace(b"\r\n", b"")).strip(b" ") + b"\r\n"


def _relaxed_body(body: bytes) -> bytes:
    """Reduce white space inside lines, and drop it and empty lines at the ends (RFC 6376, 3.4.4)."""
    lines = _SPACE.sub(b" ", _END.sub(b"", body)).rstrip(b"\r\n")
    return lines.rstrip(b" ") + b"\r\n" if lines.strip(b" ") else b""
