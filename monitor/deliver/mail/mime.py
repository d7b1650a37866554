"""A finished mail in bytes: headers as they are given, and text and HTML as the two forms of one content.

Written by hand and not by EmailMessage, which would fold the headers anew and encodes quoted-printable in Python.
"""

import binascii
import hashlib

from monitor.deliver.mail.headers import Headers


def mail_bytes(headers: Headers, *, text: str, html: str, uid: str) -> bytes:
    """Return a multipart/alternative message: 7-bit, CRLF line ends, no line over 998 characters.

    The boundary follows from `uid`, and cannot occur in quoted-printable text.
    """
    boundary = "=_" + hashlib.sha256(uid.encode("utf-8", "replace")).hexdigest()[:40]
    head = [
        *headers,
        ("MIME-Version", "1.0"),
        ("Content-Type", f'multipart/alternative;\r\n boundary="{boundary}"'),
    ]
    lines = "".join(f"{name}: {value}\r\n" for name, value in head).encode("ascii")
    mark = f"--{boundary}".encode("ascii")
    return b"".join(
        [lines, b"\r\n", mark, _part("plain", text), mark, _part("html", html), mark, b"--\r\n"],
    )


def _part(subtype: str, body: str) -> bytes:
    head = f"\r\nContent-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    raw = "\r\n".join(body.rstrip("\n").split("\n")).encode("utf-8", "replace") + b"\r\n"
    # The last line end before a boundary is the boundary's own (RFC 2046, 5.1.1).
    return head.encode("ascii") + binascii.b2a_qp(raw, istext=True) + b"\r\n"
