"""Which IP addresses may be connected to: one explicit list and a pure verdict.

It resolves nothing and connects to nothing; `monitor.net.dial` asks it for every address of every
connection. `ipaddress.is_global` is not used: what it says differs between Python versions, and some call
multicast, NAT64 or site-local addresses global.
"""

import functools
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# IANA special-purpose registries (RFC 6890 and successors), and addresses inside the public range at which
# clouds serve their machines. The first that contains the address gives the reason.
_FORBIDDEN_V4: tuple[tuple[IPv4Network, str], ...] = tuple(
    (IPv4Network(network), reason)
    for network, reason in (
        ("0.0.0.0/8", "this host"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "carrier-grade NAT"),
        ("127.0.0.0/8", "loopback"),
        ("168.63.129.16/32", "cloud metadata"),
        ("169.254.169.254/32", "cloud metadata"),
        ("169.254.0.0/16", "link-local"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "protocol assignments"),
        ("192.0.2.0/24", "documentation"),
        ("192.31.196.0/24", "AS112"),
        ("192.52.193.0/24", "AMT relay"),
        ("192.88.99.0/24", "6to4 relay"),
        ("192.168.0.0/16", "private"),
        ("192.175.48.0/24", "AS112"),
        ("198.18.0.0/15", "benchmarking"),
        ("198.51.100.0/24", "documentation"),
        ("203.0.113.0/24", "documentation"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
    )
)
_FORBIDDEN_V6: tuple[tuple[IPv6Network, str], ...] = tuple(
    (IPv6Network(network), reason)
    for network, reason in (
        ("::/128", "this host"),
        ("::1/128", "loopback"),
        ("::/96", "IPv4-compatible"),
        ("64:ff9b::/96", "NAT64"),
        ("64:ff9b:1::/48", "NAT64"),
        ("100::/64", "discard only"),
        ("2001::/32", "Teredo"),
        ("2001::/23", "protocol assignments"),
        ("2001:db8::/32", "documentation"),
        ("2002::/16", "6to4"),
        ("2620:4f:8000::/48", "AS112"),
        ("3fff::/20", "documentation"),
        ("fd00:ec2::254/128", "cloud metadata"),
        ("fc00::/7", "private"),
        ("fe80::/10", "link-local"),
        ("fec0::/10", "site-local"),
        ("ff00::/8", "multicast"),
    )
)
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_ISATAP = {0x00005EFE, 0x02005EFE}


def parse_networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Read networks in CIDR form; a bare address is a network of one. ValueError names the unreadable one."""
    return tuple(ip_network(text.strip(), strict=False) for text in texts)


def verdict(ip: Address | str, *, allowed: Sequence[Network] = ()) -> str | None:
    """Return why `ip` must not be connected to, or None if it may.

    `allowed` networks win over the list. An IPv4-mapped address is judged as the IPv4 address it reaches, and
    an ISATAP one also by the IPv4 address inside it.
    """
    return _verdict(str(ip), tuple(allowed))


@functools.lru_cache(maxsize=4096)
def _verdict(ip: str, allowed: tuple[Network, ...]) -> str | None:
    """Judge an address; the same ones are asked about at every poll."""
    address = ip_address(ip)
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if any(address.version == network.version and address in network for network in allowed):
        return None
    if isinstance(address, IPv4Address):
        return next((reason for network, reason in _FORBIDDEN_V4 if address in network), None)
    return _verdict_v6(address)


def _verdict_v6(address: IPv6Address) -> str | None:
    for network, reason in _FORBIDDEN_V6:
        if address in network:
            return reason
    if address not in _GLOBAL_UNICAST:
        return "not a global address"
    number = int(address)
    if (number >> 32) & 0xFFFFFFFF in _ISATAP:
        inner = verdict(IPv4Address(number & 0xFFFFFFFF))
        return f"ISATAP to {inner}" if inner else None
    return None
