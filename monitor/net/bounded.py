"""Read a response body within limits on its raw and its decoded size.

httpx's own decoders undo a whole chunk at once and every stacked encoding, so that a few hundred bytes can
become gigabytes before a caller sees the first of them. Here the raw bytes are counted, at most one encoding
is undone, in steps, and reading stops at the first byte too many.
"""

import re
import zlib

import brotli
import httpx

from monitor.errors import MonitorError

ACCEPT_ENCODING = "gzip, br"  # what we ask for: all that is decoded here but deflate, which servers get wrong

_STEP = 64 * 1024
_MAX_MEMBERS = 1000  # gzip allows empty members without end
_GZIP = frozenset({"gzip", "x-gzip"})
_DECODED = _GZIP | {"br", "deflate"}


class BodyTooLarge(MonitorError):  # noqa: N818 - read as a state
    """A body is larger than allowed, on the wire or decoded."""


class BodyBroken(MonitorError):  # noqa: N818
    """A body was cut short, or cannot be decoded by its Content-Encoding."""


async def read_bounded(response: httpx.Response, *, max_raw: int, max_decoded: int) -> bytes:
    """Return the decoded body of a streamed response (gzip, br, deflate or none).

    Raises BodyTooLarge beyond either size in bytes; BodyBroken for a cut-short body (RFC 9112, 8) and for an
    unknown, broken or second Content-Encoding; httpx.TimeoutException as the client raises it.
    """
    encoding = _encoding(response)
    decoder = _Brotli(max_decoded) if encoding == "br" else _Decoder(encoding, max_decoded)
    length = response.headers.get("content-length", "")
    if re.fullmatch(r"[0-9]{1,19}", length) and int(length) > max_raw:
        raise BodyTooLarge(f"the body is {int(length):,} bytes, over the limit of {max_raw:,}")
    try:
        async for chunk in response.aiter_raw():
            if response.num_bytes_downloaded > max_raw:
                raise BodyTooLarge(f"the body is over the limit of {max_raw:,} bytes")
            decoder.feed(chunk)
    except (httpx.RemoteProtocolError, httpx.ReadError) as error:
        got = response.num_bytes_downloaded
        raise BodyBroken(f"the body was cut short after {got:,} bytes") from error
    return decoder.finish()


def _encoding(response: httpx.Response) -> str:
    value = ",".join(response.headers.get_list("content-encoding"))
    names = [name for part in value.split(",") if (name := part.strip().lower()) not in {"", "identity"}]
    if len(names) > 1:
        raise BodyBroken(f"the body is encoded more than once ({', '.join(names)[:100]}), which is refused")
    name = names[0] if names else ""
    if name and name not in _DECODED:
        raise BodyBroken(f"the body is encoded as {name[:40]!r}, which was not asked for")
    return name


class _Kept:
    """Decoded bytes, refused beyond `limit`."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._out = bytearray()

    def _keep(self, piece: bytes) -> None:
        if len(self._out) + len(piece) > self._limit:
            raise BodyTooLarge(f"the decoded body is over the limit of {self._limit:,} bytes")
        self._out += piece


class _Brotli(_Kept):
    """Undoes Brotli (RFC 7932) in steps: the decoder holds back what would be more than a step."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self._brotli = brotli.Decompressor()
        self._begun = False

    def feed(self, chunk: bytes) -> None:
        """Decode a piece; nothing may follow the end of the stream."""
        if chunk and self._brotli.is_finished():
            raise BodyBroken("the br body goes on after its end")
        self._begun = True
        try:
            self._keep(self._brotli.process(chunk, output_buffer_limit=_STEP))
            while not self._brotli.can_accept_more_data():
                self._keep(self._brotli.process(b"", output_buffer_limit=_STEP))
        except brotli.error as error:
            raise BodyBroken(f"the body is not the br that it says it is ({error})") from error

    def finish(self) -> bytes:
        """Return what was decoded; BodyBroken if the stream did not come to its end."""
        if self._begun and not self._brotli.is_finished():
            raise BodyBroken(f"the br body was cut short after {len(self._out):,} decoded bytes")
        return bytes(self._out)


class _Decoder(_Kept):
    """Undoes gzip, deflate or nothing step by step."""

    def __init__(self, encoding: str, limit: int) -> None:
        super().__init__(limit)
        self._encoding = encoding
        self._pending = b""
        self._inflate: zlib._Decompress | None = None
        self._members = 0

    def feed(self, chunk: bytes) -> None:
        if not self._encoding:
            self._keep(chunk)
            return
        data = self._pending + chunk
        self._pending = b""
        while data:
            if self._inflate is None:
                if len(data) < 2:
                    self._pending = data
                    return
                if not self._begin(data):
                    return
            data = self._step(data)

    def finish(self) -> bytes:
        """Return what was decoded; BodyBroken if the stream did not come to its end."""
        unfinished = self._inflate is not None or (self._pending and not self._members)
        if unfinished:
            size = len(self._out)
            raise BodyBroken(f"the {self._encoding} body was cut short after {size:,} decoded bytes")
        return bytes(self._out)

    def _begin(self, data: bytes) -> bool:
        """Start a member; False when what follows the last one is padding, which is dropped."""
        if self._encoding == "deflate":
            if self._members:
                return False
            # RFC 9110, 8.4.1.2: deflate is the zlib format, but some servers send it bare.
            wrapped = data[0] & 0x0F == 8 and int.from_bytes(data[:2], "big") % 31 == 0
            self._inflate = zlib.decompressobj(zlib.MAX_WBITS if wrapped else -zlib.MAX_WBITS)
        else:
            if self._members and data[:2] != b"\x1f\x8b":
                return False
            self._inflate = zlib.decompressobj(zlib.MAX_WBITS | 16)
        self._members += 1
        if self._members > _MAX_MEMBERS:
            raise BodyBroken(f"the gzip body has more than {_MAX_MEMBERS} members")
        return True

    def _step(self, data: bytes) -> bytes:
        assert self._inflate is not None
        try:
            piece = self._inflate.decompress(data, _STEP)
            self._keep(piece)
            while len(piece) == _STEP and not self._inflate.unconsumed_tail and not self._inflate.eof:
                piece = self._inflate.decompress(b"", _STEP)  # what zlib still holds of this input
                self._keep(piece)
        except zlib.error as error:
            raise BodyBroken(f"the body is not the {self._encoding} that it says it is ({error})") from error
        if self._inflate.eof:
            rest = self._inflate.unused_data
            self._inflate = None
            return rest
        return self._inflate.unconsumed_tail
