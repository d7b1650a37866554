"""Bodies within limits, however they are encoded, cut or inflated."""

import gzip
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import brotli
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.net.bounded import BodyBroken, BodyTooLarge, read_bounded

if TYPE_CHECKING:
    from tests.net.conftest import RawServer

TEXT = b"Nuevo Laredo: " * 500
MIB = 1024 * 1024


def packed(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)  # parameters must be the same in every test process


def bare_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


async def read(
    server: "RawServer", client: httpx.AsyncClient, body: bytes, *fields: str, length: int | None = None
) -> bytes:
    lines = [f"Content-Length: {len(body) if length is None else length}", *fields]
    server.answer = ("HTTP/1.1 200 OK\r\n" + "\r\n".join(lines) + "\r\n\r\n").encode() + body
    async with client.stream("GET", server.url) as response:
        return await read_bounded(response, max_raw=MIB, max_decoded=4 * MIB)


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        (None, TEXT),
        ("identity", TEXT),
        ("gzip", packed(TEXT)),
        ("x-gzip", packed(TEXT)),
        ("GZip", packed(TEXT)),
        ("deflate", zlib.compress(TEXT)),
        ("deflate", bare_deflate(TEXT)),
        ("br", brotli.compress(TEXT)),
        ("BR, identity", brotli.compress(TEXT)),
        ("gzip, identity", packed(TEXT)),
        ("gzip", packed(TEXT[:3000]) + packed(TEXT[3000:])),
        ("gzip", packed(TEXT) + b"\0" * 512),
    ],
)
async def test_each_encoding_gives_the_same_text(
    server: "RawServer", client: httpx.AsyncClient, encoding: str | None, body: bytes
) -> None:
    fields = [f"Content-Encoding: {encoding}"] if encoding else []
    assert await read(server, client, body, *fields) == TEXT


async def test_an_empty_body_is_empty_whatever_its_encoding(
    server: "RawServer", client: httpx.AsyncClient
) -> None:
    assert await read(server, client, b"", "Content-Encoding: gzip") == b""


@pytest.mark.parametrize(
    ("fields", "body", "words"),
    [
        (["Content-Encoding: gzip, gzip"], packed(packed(TEXT)), "more than once"),
        (["Content-Encoding: gzip", "Content-Encoding: br"], TEXT, "more than once"),
        (["Content-Encoding: br"], TEXT, "not the br that it says"),
        (["Content-Encoding: br"], brotli.compress(TEXT)[:-3], "br body was cut short"),
        (["Content-Encoding: br"], brotli.compress(TEXT) + b"more", "br"),
        (["Content-Encoding: br, br"], brotli.compress(brotli.compress(TEXT)), "more than once"),
        (["Content-Encoding: zstd"], TEXT, "'zstd', which was not asked for"),
        (["Content-Encoding: gzip"], TEXT, "not the gzip that it says"),
        (["Content-Encoding: deflate"], b"\xff" * 400, "not the deflate that it says"),
        (["Content-Encoding: gzip"], packed(TEXT)[:-9], "cut short"),
        (["Content-Encoding: gzip"], packed(b"") * 1001, "more than 1000 members"),
    ],
)
async def test_what_cannot_be_decoded_is_broken(
    server: "RawServer", client: httpx.AsyncClient, fields: list[str], body: bytes, words: str
) -> None:
    with pytest.raises(BodyBroken, match=words):
        await read(server, client, body, *fields)


async def test_fewer_bytes_than_announced_are_a_cut_body(
    server: "RawServer", client: httpx.AsyncClient
) -> None:
    with pytest.raises(BodyBroken, match="cut short"):
        await read(server, client, TEXT, length=len(TEXT) + 10)


async def test_a_chunked_body_without_its_last_chunk_is_cut(
    server: "RawServer", client: httpx.AsyncClient
) -> None:
    server.answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
    async with client.stream("GET", server.url) as response:
        with pytest.raises(BodyBroken, match="cut short after 5 bytes"):
            await read_bounded(response, max_raw=MIB, max_decoded=MIB)


async def test_an_announced_excess_is_refused_unread(server: "RawServer", client: httpx.AsyncClient) -> None:
    with pytest.raises(BodyTooLarge, match="52,428,800 bytes"):
        await read(server, client, b"", length=50 * MIB)


async def test_an_unannounced_excess_stops_the_reading(
    server: "RawServer", client: httpx.AsyncClient
) -> None:
    server.answer = b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (3 * MIB)
    async with client.stream("GET", server.url) as response:
        with pytest.raises(BodyTooLarge):
            await read_bounded(response, max_raw=MIB, max_decoded=MIB)
        assert response.num_bytes_downloaded < 2 * MIB


def br_bomb(size: int) -> bytes:
    """Compress zeros in pieces, for the whole would take as much memory as the bomb."""
    packer = brotli.Compressor(quality=1)
    pieces = [packer.process(b"\0" * MIB) for _ in range(size // MIB)]
    return b"".join([*pieces, packer.finish()])


def zip_bomb(size: int, wbits: int) -> bytes:
    packer = zlib.compressobj(wbits=wbits)
    pieces = [packer.compress(b"\0" * MIB) for _ in range(size // MIB)]
    return b"".join([*pieces, packer.flush()])


def peak(*, anew: bool = False) -> int:
    """Return the most memory this process has held, in bytes, or count from now on (proc(5): VmHWM)."""
    if anew:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells, and resets, the peak of a process")
@pytest.mark.parametrize(
    ("encoding", "pack", "error"),
    [
        ("gzip", lambda: zip_bomb(128 * MIB, 31), BodyTooLarge),
        ("gzip, gzip", lambda: packed(zip_bomb(128 * MIB, 31)), BodyBroken),
        ("deflate", lambda: zip_bomb(128 * MIB, 15), BodyTooLarge),
        ("deflate", lambda: zip_bomb(128 * MIB, -15), BodyTooLarge),
        ("br", lambda: br_bomb(128 * MIB), BodyTooLarge),
        ("zstd", lambda: bytes.fromhex("28b52ffd") + b"\0" * 500_000, BodyBroken),
    ],
    ids=["gzip", "nested", "zlib", "bare", "br", "zstd"],
)
async def test_a_bomb_is_stopped_at_the_limit_with_flat_memory(
    server: "RawServer",
    client: httpx.AsyncClient,
    encoding: str,
    pack: Callable[[], bytes],
    error: type[Exception],
) -> None:
    bomb = pack()
    assert len(bomb) < MIB
    before = peak(anew=True)
    with pytest.raises(error):
        await read(server, client, bomb, f"Content-Encoding: {encoding}")
    assert peak() - before < 50 * MIB


@given(data=st.binary(max_size=300_000), cuts=st.lists(st.integers(1, 5000), max_size=40))
def test_chunk_borders_do_not_matter(data: bytes, cuts: list[int]) -> None:
    from monitor.net.bounded import _Brotli, _Decoder

    for encoding, body in (
        ("gzip", packed(data)),
        ("deflate", bare_deflate(data)),
        ("br", brotli.compress(data, quality=1)),
        ("", data),
    ):
        decoder = _Brotli(len(data)) if encoding == "br" else _Decoder(encoding, len(data))
        place = 0
        for cut in cuts:
            decoder.feed(body[place : place + cut])
            place += cut
        decoder.feed(body[place:])
        assert decoder.finish() == data
