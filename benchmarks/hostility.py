"""Answers of servers that are broken or mean, one kind a name. Says what is sent; `feed_farm` sends it.

`drip` and `hang` are about time, `huge` about flow, so they have no bytes here beyond their beginning.
"""

import functools
import struct
import zlib
from collections.abc import Callable, Mapping

KINDS: Mapping[str, str] = {
    "drip": "one byte a second, for ever",
    "hang": "takes the connection and says nothing",
    "huge": "a body of 512 MiB whose length is not told",
    "bomb": "1 MB of gzip that grows to 1 GiB",
    "loop": "redirects to itself",
    "error": "500",
    "limit": "429 with Retry-After",
    "truncated": "XML that ends in the middle of an item",
    "cut": "the connection ends before the body does",
    "entities": "nested entities (billion laughs)",
    "html": "a web page instead of a feed",
    "badgzip": "says gzip and is not",
}
HUGE = 512 * 1024 * 1024
GROWN = 1024 * 1024 * 1024
BLOCK = 64 * 1024
XML = "application/rss+xml; charset=utf-8"


def response(status: str, body: bytes, *, headers: Mapping[str, str], length: int | None = None) -> bytes:
    """Build a whole HTTP/1.1 response; `length` lies about the body's."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    size = len(body) if length is None else length
    return f"HTTP/1.1 {status}\r\n{lines}Content-Length: {size}\r\n\r\n".encode() + body


def beginning(kind: str, path: str, feed: bytes) -> bytes:
    """Give what a hostile server sends at first; `feed` is a good document to spoil, `path` what was asked for.

    Raises KeyError for a kind that is not in KINDS.
    """
    xml, packed = {"Content-Type": XML}, {"Content-Type": XML, "Content-Encoding": "gzip"}
    page = b"<!DOCTYPE html><html><head><title>Welcome</title></head><body><p>Nothing here.</p></body></html>"
    makers: dict[str, Callable[[], bytes]] = {
        "drip": lambda: response("200 OK", b"", headers=xml, length=10**6),
        "hang": lambda: b"",
        "huge": lambda: b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nConnection: close\r\n\r\n<rss>",
        "bomb": lambda: response("200 OK", bomb(), headers=packed),
        "loop": lambda: response("302 Found", b"", headers={"Location": path}),
        "error": lambda: response(
            "500 Internal Server Error", b"oops\n", headers={"Content-Type": "text/plain"}
        ),
        "limit": lambda: response("429 Too Many Requests", b"", headers={"Retry-After": "120"}),
        "truncated": lambda: response("200 OK", feed[: len(feed) * 3 // 5], headers=xml),
        "cut": lambda: response("200 OK", feed[: len(feed) // 2], headers=xml, length=len(feed)),
        "entities": lambda: response("200 OK", laughs(), headers=xml),
        "html": lambda: response("200 OK", page, headers={"Content-Type": "text/html"}),
        "badgzip": lambda: response("200 OK", b"\x1f\x8b\x08\x00 no deflate stream" * 40, headers=packed),
    }
    return makers[kind]()


@functools.cache
def bomb(grown: int = GROWN) -> bytes:
    """Make 1 GiB of spaces (or `grown` bytes), behind the start of a feed, out of about 1 MB of gzip.

    Behind a full flush deflate remembers nothing (RFC 1951), so one packed block can be repeated.
    """
    start, block = b'<?xml version="1.0"?><rss version="2.0"><channel><title>', b" " * (1024 * 1024)
    times = grown // len(block)
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    head = packer.compress(start) + packer.flush(zlib.Z_FULL_FLUSH)
    one = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
    check = zlib.crc32(start)
    for _ in range(times):
        check = zlib.crc32(block, check)
    trailer = struct.pack("<II", check, (len(start) + grown) % 2**32)
    return b"".join([b"\x1f\x8b\x08" + bytes(6) + b"\xff", head, one * times, packer.flush(), trailer])


def laughs() -> bytes:
    """Nest ten entities tenfold, and use the last one in a title."""
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    return (
        f'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY e0 "ha">{entities}]>'
        '<rss version="2.0"><channel><title>x</title><item><title>&e9;</title></item></channel></rss>'
    ).encode()
