"""The guarded client against real loopback servers."""

import asyncio
import socket
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import httpcore
import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from monitor.errors import GuardError
from monitor.net.client import GuardedBackend, make_client

if TYPE_CHECKING:
    from tests.net.conftest import RawServer


def strict() -> httpx.AsyncClient:
    return make_client(user_agent="test/1", allow_networks=[], max_connections=4)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "0.0.0.0",
        "0",
        "2130706433",
        "0x7f.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "169.254.169.254",
        "[fe80::1]",
    ],
)
async def test_a_forbidden_address_is_stopped_before_a_connection_exists(
    server: "RawServer", host: str
) -> None:
    port = httpx.URL(server.url).port
    async with strict() as client:
        with pytest.raises(GuardError, match="forbidden"):
            await client.get(f"http://{host}:{port}/")
    assert server.heads == []


async def test_an_allowed_network_is_reached(server: "RawServer", client: httpx.AsyncClient) -> None:
    assert (await client.get(server.url)).text == "ok"


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/x", "file:///etc/passwd", "ws://127.0.0.1/", "gopher://a/"])
async def test_other_schemes_are_refused(client: httpx.AsyncClient, url: str) -> None:
    with pytest.raises((GuardError, httpx.UnsupportedProtocol)):
        await client.get(url)


async def test_a_cookie_is_neither_kept_nor_sent(server: "RawServer", client: httpx.AsyncClient) -> None:
    server.answer = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b; Path=/\r\nContent-Length: 2\r\n\r\nok"
    await client.get(server.url)
    await client.get(server.url)
    assert len(client.cookies) == 0
    assert all("cookie" not in head.lower() for head in server.heads)


async def test_proxies_of_the_environment_are_ignored(
    server: "RawServer", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    async with make_client(user_agent="test/1", allow_networks=["127.0.0.1"], max_connections=1) as client:
        assert (await client.get(server.url)).status_code == 200


async def test_redirects_are_not_followed(server: "RawServer", client: httpx.AsyncClient) -> None:
    server.answer = b"HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n"
    assert (await client.get(server.url)).status_code == 302
    assert len(server.heads) == 1


async def test_the_user_agent_is_ours_and_no_referer_is_sent(
    server: "RawServer", client: httpx.AsyncClient
) -> None:
    await client.get(server.url)
    head = server.heads[0].lower()
    assert "user-agent: test/1\r\n" in head
    assert "accept-encoding: gzip, br\r\n" in head
    assert "referer" not in head


async def test_a_refused_connection_says_so(client: httpx.AsyncClient) -> None:
    probe = await asyncio.start_server(lambda _r, w: w.close(), "127.0.0.1", 0)
    port = probe.sockets[0].getsockname()[1]
    probe.close()
    await probe.wait_closed()
    with pytest.raises(httpx.ConnectError, match=rf"127\.0\.0\.1:{port}: connection refused"):
        await client.get(f"http://127.0.0.1:{port}/")


async def test_an_unknown_name_is_a_dns_failure(client: httpx.AsyncClient) -> None:
    with pytest.raises(httpx.ConnectError, match=r"DNS: no-such-host\.invalid cannot be resolved"):
        await client.get("http://no-such-host.invalid/")


async def test_an_answer_that_is_not_http_is_a_protocol_error(
    server: "RawServer", client: httpx.AsyncClient
) -> None:
    server.answer = b"220 mail.example ESMTP\r\n"
    with pytest.raises(httpx.RemoteProtocolError):
        await client.get(server.url)


async def test_the_next_address_is_tried_when_one_refuses(server: "RawServer") -> None:
    backend = GuardedBackend([])
    port = httpx.URL(server.url).port or 0
    stream = await backend._race("two.example", ["127.0.0.2", "127.0.0.1"], port, None, [])
    await stream.aclose()
    with pytest.raises(httpcore.ConnectError, match=rf"two\.example:{port}: connection refused"):
        await backend._race("two.example", ["127.0.0.2", "127.0.0.3"], port, None, [])


async def test_a_silent_address_is_overtaken_by_the_next(server: "RawServer") -> None:
    """The first address has a full backlog and never answers; the second is started beside it."""
    port = httpx.URL(server.url).port or 0
    silent = socket.socket()
    fillers = [socket.socket() for _ in range(4)]
    try:
        silent.bind(("127.0.0.2", port))
        silent.listen(0)
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.2", port))
        async with asyncio.timeout(5):
            addresses = ["127.0.0.2", "127.0.0.1"]
            stream = await GuardedBackend([])._race("two.example", addresses, port, None, [])
        assert stream.get_extra_info("server_addr")[0] == "127.0.0.1"
        await stream.aclose()
    finally:
        for each in (silent, *fillers):
            each.close()


def certificate(folder: Path, name: str) -> Path:
    """Write a self-signed certificate with its key for one DNS name."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "server.pem"
    file.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return file


async def test_tls_verifies_the_original_name_although_the_address_was_resolved_by_us(tmp_path: Path) -> None:
    """The certificate is for `localhost`: it holds for that name, not for the address, not without trust."""
    file = certificate(tmp_path, "localhost")
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(file)
    trusting = ssl.create_default_context(cafile=str(file))

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        await writer.drain()
        writer.close()

    listener = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=serving)
    port = listener.sockets[0].getsockname()[1]
    networks = ["127.0.0.0/8", "::1"]
    async with listener:
        async with make_client(
            user_agent="test/1", allow_networks=networks, max_connections=2, tls=trusting
        ) as client:
            assert (await client.get(f"https://localhost:{port}/")).text == "ok"
            with pytest.raises(httpx.ConnectError, match="certificate"):
                await client.get(f"https://127.0.0.1:{port}/")
        async with make_client(user_agent="test/1", allow_networks=networks, max_connections=2) as client:
            with pytest.raises(httpx.ConnectError, match="certificate"):
                await client.get(f"https://localhost:{port}/")
