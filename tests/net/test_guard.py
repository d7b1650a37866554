"""Which addresses the guard lets through."""

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.net.guard import parse_networks, verdict

FORBIDDEN = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.0.192",
    "192.0.2.1",
    "192.31.196.1",
    "192.52.193.1",
    "192.88.99.1",
    "192.168.1.1",
    "192.175.48.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.7",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.1.2.3",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "64:ff9b::808:808",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:20::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:0808:0808::1",
    "2620:4f:8000::1",
    "3fff::1",
    "4000::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%1",
    "fec0::1",
    "ff02::1",
    "2a00:1450::5efe:10.0.0.1",
    "2a00:1450::200:5efe:127.0.0.1",
]
PERMITTED = [
    "1.1.1.1",
    "8.8.8.8",
    "93.184.215.14",
    "100.63.255.255",
    "100.128.0.1",
    "172.15.255.255",
    "172.32.0.1",
    "192.0.1.1",
    "198.17.255.255",
    "198.20.0.1",
    "223.255.255.255",
    "::ffff:8.8.8.8",
    "2001:200::1",
    "2001:4860:4860::8888",
    "2606:4700::1111",
    "2a00:1450::5efe:8.8.8.8",
    "3ffe::1",
]


@pytest.mark.parametrize("address", FORBIDDEN)
def test_forbidden_addresses_are_refused_with_a_reason(address: str) -> None:
    assert verdict(address)


@pytest.mark.parametrize("address", PERMITTED)
def test_public_addresses_pass(address: str) -> None:
    assert verdict(address) is None


def test_the_reason_names_the_kind_of_address() -> None:
    assert verdict("169.254.169.254") == "cloud metadata"
    assert verdict("169.254.1.1") == "link-local"
    assert verdict("64:ff9b::7f00:1") == "NAT64"


@given(st.ip_addresses(v=4))
def test_a_mapped_address_is_judged_as_the_address_it_reaches(address: IPv4Address) -> None:
    assert verdict(IPv6Address(f"::ffff:{address}")) == verdict(address)


@given(st.ip_addresses(v=6))
def test_no_ipv6_address_outside_global_unicast_passes(address: IPv6Address) -> None:
    if verdict(address) is None:
        assert address.ipv4_mapped is not None or int(address) >> 125 == 0b001


@given(st.ip_addresses())
def test_nothing_that_the_standard_library_calls_private_passes(address: IPv4Address | IPv6Address) -> None:
    if address.is_private or address.is_loopback or address.is_link_local or address.is_multicast:
        mapped = getattr(address, "ipv4_mapped", None)
        assert verdict(address) is not None or (mapped is not None and verdict(mapped) is None)


def test_an_allowed_network_wins_but_only_for_its_own_addresses() -> None:
    allowed = parse_networks(["127.0.0.0/8", "10.1.2.3", "fd00::/16"])
    for address in ("127.0.0.1", "::ffff:127.0.0.1", "10.1.2.3", "fd00::1"):
        assert verdict(ip_address(address), allowed=allowed) is None
    for address in ("10.1.2.4", "::1", "169.254.169.254", "fd01::1"):
        assert verdict(address, allowed=allowed)


def test_an_unreadable_network_is_named() -> None:
    with pytest.raises(ValueError, match="intranet"):
        parse_networks(["intranet"])
