"""Requests by way of an HTTP proxy that the settings name.

The proxy itself may stand in a private network: whoever runs this service chose it. It resolves names itself,
so that the guard never sees the target's address; only targets that show by their name or as a literal that
they are forbidden are refused. Give proxies to feeds that are trusted, or let the proxy guard its network.
"""

import base64
import functools
import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass, field

import httpx

from monitor.errors import GuardError
from monitor.net.guard import Network, verdict

_INSIDE = (".localhost", ".local", ".internal")  # RFC 6761, RFC 6762, ICANN 2024: never public names


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """Where a proxy listens, and the value of Proxy-Authorization, if it wants one."""

    host: str
    port: int
    authorization: bytes | None = field(default=None, repr=False)

    def __str__(self) -> str:
        """Return it without its password, fit for logs."""
        return f"{self.host}:{self.port}"


@functools.lru_cache(maxsize=64)
def read_proxy(text: str) -> Proxy:
    """Read `http://[user:password@]host[:port]` (port 80 by default); ValueError says what is wrong."""
    try:
        url = httpx.URL(text)
    except (httpx.InvalidURL, ValueError):
        url = httpx.URL("")
    if url.scheme != "http" or not url.host or url.path not in {"", "/"} or url.query:
        raise ValueError("a proxy is given as http://host:port or http://user:password@host:port")
    port = 80 if url.port is None else url.port
    if not 0 < port < 65536:
        raise ValueError(f"a proxy cannot listen on port {port}")
    authorization = None
    if url.userinfo:
        pair = f"{url.username}:{url.password}".encode()
        authorization = b"Basic " + base64.b64encode(pair)
    return Proxy(host=url.raw_host.decode("ascii"), port=port, authorization=authorization)


def check_target(host: str, *, allowed: Sequence[Network]) -> None:
    """Raise GuardError for a target that the guard would forbid, as far as its name shows it."""
    address = _literal(host)
    reason = verdict(address, allowed=allowed) if address is not None else None
    if address is None and _is_inside(host):
        reason = "a name of the inside"
    if reason is not None:
        raise GuardError(f"{host} is forbidden: {reason} (not asked by way of a proxy either)")


def connect_request(host: str, port: int, proxy: Proxy) -> bytes:
    """Return the CONNECT request for a tunnel (RFC 9110, 9.3.6)."""
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    lines = [f"CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n".encode("ascii")]
    if proxy.authorization is not None:
        lines.append(b"Proxy-Authorization: " + proxy.authorization + b"\r\n")
    return b"".join([*lines, b"\r\n"])


def _is_inside(host: str) -> bool:
    name = host.rstrip(".").lower()
    return name == "localhost" or name.endswith(_INSIDE)


def _literal(host: str) -> str | None:
    """Return the address that a host text is, also in the old ways of writing it (`0x7f.1`, `2130706433`)."""
    name = host.rstrip(".").lower()
    if name == "localhost":
        return "127.0.0.1"
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        pass
    try:
        return socket.inet_ntoa(socket.inet_aton(name))
    except OSError:
        return None
