"""Answers of servers that are broken or mean, one kind a name. Says what is sent; `feed_farm` sends it.

`drip` and `hang` are about time, `huge` about flow, so they have no bytes here beyond their beginning.
"""

import functools
import zlib
from collections.abc import Mapping

KINDS: Mapping[str, str] = {
    "drip": "one byte a second, for ever",
    "hang": "takes the connection and says nothing",
    "huge": "a body of 512 MiB",
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
    """Give what a hostile server sends at first; `feed` is a good document to spoil, `path` what was asked for."""
    if kind in {"drip", "hang", "huge"}:
        size = HUGE if kind == "huge" else 10**6
        return b"" if kind == "hang" else response("200 OK", b"", headers={"Content-Type": XML}, length=size)
    if kind == "bomb":
        headers = {"Content-Type": XML, "Content-Encoding": "gzip"}
        return response("200 OK", bomb(), headers=headers)
    if kind == "loop":
        return response("302 Found", b"", headers={"Location": path})
    if kind == "error":
        return response("500 Internal Server Error", b"oops\n", headers={"Content-Type": "text/plain"})
    if kind == "limit":
        return response("429 Too Many Requests", b"", headers={"Retry-After": "120"})
    return _spoiled(kind, feed)


def _spoiled(kind: str, feed: bytes) -> bytes:
    if kind == "truncated":
        return response("200 OK", feed[: len(feed) * 3 // 5], headers={"Content-Type": XML})
    if kind == "cut":
        return response("200 OK", feed[: len(feed) // 2], headers={"Content-Type": XML}, length=len(feed))
    if kind == "entities":
        return response("200 OK", laughs(), headers={"Content-Type": XML})
    if kind == "html":
        page = b"<!DOCTYPE html><html><head><title>Welcome</title></head><body><p>Nothing here.</p></body></html>"
        return response("200 OK", page, headers={"Content-Type": "text/html"})
    if kind == "badgzip":
        headers = {"Content-Type": XML, "Content-Encoding": "gzip"}
        return response("200 OK", b"\x1f\x8b\x08\x00 this is no deflate stream" * 40, headers=headers)
    raise ValueError(f"no hostile kind is named {kind}; there are: {', '.join(KINDS)}")


@functools.cache
def bomb() -> bytes:
    """Compress 1 GiB of spaces, behind the start of a feed, to about 1 MB of gzip."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    packed = [packer.compress(b'<?xml version="1.0"?><rss version="2.0"><channel><title>')]
    block = b" " * (1024 * 1024)
    packed += [packer.compress(block) for _ in range(GROWN // len(block))]
    return b"".join([*packed, packer.flush()])


def laughs() -> bytes:
    """Nest ten entities tenfold, and use the last one in a title."""
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    return (
        f'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY e0 "ha">{entities}]>'
        '<rss version="2.0"><channel><title>x</title><item><title>&e9;</title></item></channel></rss>'
    ).encode()
