"""Read one HTTP/1.1 answer from bytes as they come: head, body pieces, end. It does no I/O.

httptools (llhttp) finds the borders; what it leaves open is bounded here: bytes and fields of the head, bytes
of framing that carry no body, the ways of framing, and what may count as the end of a body (RFC 9112, 6.3).
"""

from dataclasses import dataclass

import httptools
import httpx

HEAD_BYTES = 64 * 1024
HEAD_FIELDS = 200
_FRAMING = 16  # wire bytes that one byte of body may cost: a chunk of one byte costs six
_VERSIONS = frozenset({"1.0", "1.1"})
_START = b"HTTP/"
_BODILESS = frozenset({204, 304})

Fields = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Head:
    """The status line and the fields of a final answer, names and values as they were sent."""

    status: int
    version: bytes
    reason: bytes
    fields: Fields


class Answer:
    """Takes the bytes of a connection after one request; `feed` and `end` raise httpx.RemoteProtocolError.

    `head` is None until the head of the final answer (not an interim 1xx) is complete, `waiting` counts body
    bytes that nobody took yet, `complete` says that the body came to its proper end, and `reusable` that the
    connection may then carry another request. `no_body` is for answers to HEAD and CONNECT.
    """

    def __init__(self, *, no_body: bool = False) -> None:
        self.head: Head | None = None
        self.complete = False
        self.reusable = False
        self.begun = False
        self.waiting = 0
        self._no_body = no_body
        self._interim = False
        self._until_close = False
        self._two_lengths = False
        self._wire = 0
        self._size = 0
        self._head_size = 0
        self._count = 0
        self._reason = b""
        self._fields: Fields = []
        self._body: list[bytes] = []
        self._fault = ""
        parser = httptools.HttpResponseParser(self)
        # What browsers bear: folded fields, bare line feeds, blanks after a chunk size, a Content-Length beside
        # chunks (which win, and the connection is not used again). One answer a connection: nothing to smuggle.
        parser.set_dangerous_leniencies(
            lenient_headers=True,
            lenient_chunked_length=True,
            lenient_optional_cr_before_lf=True,
            lenient_spaces_after_chunk_size=True,
        )
        self._parser: httptools.HttpResponseParser | None = parser

    def feed(self, data: bytes) -> None:
        """Read further bytes. What follows a complete answer is dropped and spoils the connection."""
        parser = self._parser
        if parser is None:
            self.reusable = False
            return
        if not self.begun and data[: len(_START)] != _START[: len(data)]:
            raise httpx.RemoteProtocolError(f"the answer begins with {data[:20]!r}, not with HTTP/")
        self.begun = True
        self._wire += len(data)
        try:
            parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._parser = None
            if not self.complete:
                raise httpx.RemoteProtocolError(self._fault or str(error)) from error
            self.reusable = False
        if self.complete:
            self._parser = None  # it holds our methods: without it no cycle is left to be collected
        elif self.head is None and self._wire > HEAD_BYTES:
            raise httpx.RemoteProtocolError(f"the head of the answer is over {HEAD_BYTES:,} bytes")
        elif self._wire > 2 * HEAD_BYTES + _FRAMING * self._size:
            raise httpx.RemoteProtocolError("the answer has far more framing than body")

    def end(self) -> None:
        """Take note that the peer sends nothing more; raise if the answer is not whole."""
        self._parser = None
        if self.complete:
            self.reusable = False
        elif not self.begun:
            raise httpx.RemoteProtocolError("Server disconnected without sending a response.")
        elif self.head is None:
            raise httpx.RemoteProtocolError("the connection was closed within the head of the answer")
        elif not self._until_close:
            raise httpx.RemoteProtocolError("the connection was closed before the end of the body")
        else:
            self.complete = True

    def take(self) -> bytes:
        """Return the body bytes that have come since the last call."""
        data = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        self._body.clear()
        self.waiting = 0
        return data

    # -- called by the parser; an exception in here comes out of feed_data as HttpParserCallbackError

    def on_message_begin(self) -> None:
        """Refuse a second answer."""
        if self.complete:
            self._refuse("bytes after the answer")

    def on_status(self, reason: bytes) -> None:
        """Take a piece of the reason phrase."""
        self._reason += reason

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a field of the head or of a trailer, within the limits on both together."""
        self._count += 1
        self._head_size += len(name) + len(value) + 4
        if self._count > HEAD_FIELDS:
            self._refuse(f"the answer has more than {HEAD_FIELDS} header fields")
        if self._head_size > HEAD_BYTES:
            self._refuse(f"the head of the answer is over {HEAD_BYTES:,} bytes")
        if b"\0" in value:
            self._refuse(f"the field {name[:40]!r} holds a NUL")
        if self.head is None:
            self._fields.append((name, value.strip(b" \t")))

    def on_headers_complete(self) -> None:
        """Judge the head: its version and status, and how the body is framed."""
        assert self._parser is not None
        status, version = self._parser.get_status_code(), self._parser.get_http_version()
        if version not in _VERSIONS or not 100 <= status <= 999:
            self._refuse(f"the answer says HTTP/{version} {status}")
        if status == 101:
            self._refuse("the server switches protocols unasked")
        if status < 200:
            self._interim = True
            self._fields, self._reason = [], b""
            return
        length = [value for name, value in self._fields if name.lower() == b"content-length"]
        coding = [value.lower() for name, value in self._fields if name.lower() == b"transfer-encoding"]
        if coding and coding != [b"chunked"]:
            shown = b", ".join(coding)[:40].decode("latin-1")
            self._refuse(f"the Transfer-Encoding is {shown!r}, not chunked")
        self._two_lengths = bool(length and coding)
        self._until_close = not length and not coding and status not in _BODILESS
        self.head = Head(status, version.encode(), self._reason, self._fields)
        if self._no_body:
            self.complete = True

    def on_body(self, piece: bytes) -> None:
        """Take a piece of the body."""
        if not self._no_body:
            self._body.append(piece)
            self.waiting += len(piece)
            self._size += len(piece)

    def on_message_complete(self) -> None:
        """Note the end of an interim answer, or of the final one."""
        if self._interim:
            self._interim = False
            return
        assert self._parser is not None
        self.complete = True
        self.reusable = self._parser.should_keep_alive() and not self._two_lengths and not self._no_body

    def _refuse(self, words: str) -> None:
        self._fault = words
        raise httpx.RemoteProtocolError(words)
