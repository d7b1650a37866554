"""TLS with certificates made for the test."""

import asyncio
import ssl
from pathlib import Path

import httpx
import pytest

from monitor.net.client import make_client
from monitor.net.tls import BadCertificates, tls_context
from tests.net.conftest import certificate, peer, saying, serving_tls
from tests.net.test_dial import names

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
LOOPBACK = ["127.0.0.0/8", "::1"]


def made(tls: ssl.SSLContext | None = None) -> httpx.AsyncClient:
    return make_client(user_agent="test/1", allow_networks=LOOPBACK, max_connections=2, tls=tls)


async def test_tls_verifies_the_original_name_although_the_address_was_resolved_by_us(tmp_path: Path) -> None:
    """The certificate is for `localhost`: it holds for that name, not for the address, not without trust."""
    file = certificate(tmp_path, "localhost")
    async with peer(saying(OK), tls=serving_tls(file)) as server:
        async with made(ssl.create_default_context(cafile=str(file))) as client:
            assert (await client.get(f"https://localhost:{server.port}/")).text == "ok"
            with pytest.raises(httpx.ConnectError, match="certificate"):
                await client.get(f"https://127.0.0.1:{server.port}/")
        async with made() as client:
            with pytest.raises(httpx.ConnectError, match="certificate") as caught:
                await client.get(f"https://localhost:{server.port}/")
            assert isinstance(caught.value.__cause__, ssl.SSLCertVerificationError)


async def test_a_name_that_ends_in_a_dot_is_verified_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names(monkeypatch, "127.0.0.1")
    file = certificate(tmp_path, "feed.example")
    async with peer(saying(OK), tls=serving_tls(file)) as server, made(tls_context(str(file))) as client:
        assert (await client.get(f"https://feed.example.:{server.port}/")).text == "ok"


async def test_a_request_may_bring_its_own_authorities(tmp_path: Path) -> None:
    """They count for that request only, and a connection kept under them serves no other."""
    context = tls_context(str(certificate(tmp_path, "localhost")))
    async with (
        peer(saying(OK), tls=serving_tls(tmp_path / "localhost.pem")) as server,
        made() as client,
    ):
        url = f"https://localhost:{server.port}/"
        for _ in range(3):
            assert (await client.get(url, extensions={"tls": context})).text == "ok"
        assert server.connections == 1
        with pytest.raises(httpx.ConnectError, match="certificate"):
            await client.get(url)


async def test_a_plain_server_at_a_tls_address_is_a_connect_error() -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        await asyncio.sleep(0.05)

    async with peer(handler) as server, made() as client:
        with pytest.raises(httpx.ConnectError) as caught:
            await client.get(f"https://127.0.0.1:{server.port}/")
        assert isinstance(caught.value.__cause__, ssl.SSLError)


@pytest.mark.parametrize("seconds", [0.2, 5.0])
async def test_a_handshake_without_an_answer_ends(seconds: float) -> None:
    """By its time, or by the peer's hanging up."""

    async def handler(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read(10)
        await asyncio.sleep(0.4)

    wanted = httpx.ConnectTimeout if seconds < 1 else httpx.ConnectError
    async with peer(handler) as server, made() as client:
        with pytest.raises(wanted, match=rf"127\.0\.0\.1:{server.port}"):
            await client.get(f"https://127.0.0.1:{server.port}/", timeout=seconds)


async def test_a_large_body_comes_through_tls_with_the_end_as_its_length(tmp_path: Path) -> None:
    body = bytes(range(256)) * 8192
    file = certificate(tmp_path, "localhost")

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n" + body)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async with peer(handler, tls=serving_tls(file)) as server, made(tls_context(str(file))) as client:
        assert (await client.get(f"https://localhost:{server.port}/")).content == body


async def test_a_cancelled_handshake_leaves_no_socket() -> None:
    async def handler(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    async with peer(handler) as server, made() as client:
        task = asyncio.create_task(client.get(f"https://127.0.0.1:{server.port}/"))
        await asyncio.sleep(0.15)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with asyncio.timeout(5):
            while server.open:  # noqa: ASYNC110 - the peer sees the end a moment later
                await asyncio.sleep(0.01)


def test_a_context_is_made_once_and_anew_when_its_file_changes(tmp_path: Path) -> None:
    assert tls_context() is tls_context()
    file = certificate(tmp_path, "localhost")
    first = tls_context(str(file))
    assert tls_context(str(file)) is first
    certificate(tmp_path, "other.example").rename(file)
    assert tls_context(str(file)) is not first


@pytest.mark.parametrize("context", [None, "private"])
def test_every_context_verifies(context: str | None, tmp_path: Path) -> None:
    file = str(certificate(tmp_path, "localhost")) if context else None
    made_context = tls_context(file)
    assert made_context.check_hostname
    assert made_context.verify_mode is ssl.CERT_REQUIRED


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot be read: No such file"),
        (b"", "no certificate authorities"),
        (b"hello", "no certificate authorities"),
        (b"\xff\xfe\x00", "no certificate authorities"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "no certificate authorities"),
    ],
)
def test_a_file_that_holds_no_authorities_is_named(tmp_path: Path, content: bytes | None, words: str) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(BadCertificates, match=words) as caught:
        tls_context(str(file))
    assert str(caught.value).startswith(str(file))


def test_a_servers_own_certificate_is_no_authority(tmp_path: Path) -> None:
    file = certificate(tmp_path, "localhost", authority=False)
    with pytest.raises(BadCertificates, match="not the server's"):
        tls_context(str(file))
