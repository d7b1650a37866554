"""The network that a request came from, cut short: enough to bound abuse and to account for a consent."""

import ipaddress

from fastapi import Request


def network_of(request: Request) -> str:
    """Return the /24 of an IPv4 address, the /48 of an IPv6 one; "" where there is none."""
    try:
        address = ipaddress.ip_address(request.client.host if request.client else "")
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return str(ipaddress.ip_network((address, 24 if address.version == 4 else 48), strict=False))
