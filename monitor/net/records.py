"""What the DNS says about a mail domain: TXT, addresses and names of addresses. Needs the extra `dns` (dnspython).

It judges nothing, and is used by nothing that polls or delivers.
"""

from collections.abc import Sequence

from monitor.errors import MonitorError

SECONDS = 5.0  # for one question, its repetitions included


class Records:
    """Asks the system's resolvers, or the one at `server` (address and port). Raises MonitorError without dnspython."""

    def __init__(self, *, server: tuple[str, int] | None = None) -> None:
        try:
            # Imported here so that only this command needs it.
            from dns import asyncresolver, exception  # noqa: PLC0415
        except ModuleNotFoundError as error:
            raise MonitorError(
                "looking up a mail domain needs the extra `dns`: pip install 'news-monitor[dns]'"
            ) from error
        try:
            self._resolver = asyncresolver.Resolver(configure=server is None)
        except exception.DNSException as error:
            raise MonitorError(f"this machine has no resolver: {error}; see /etc/resolv.conf") from error
        if server is not None:
            self._resolver.nameservers = [server[0]]
            self._resolver.port = server[1]
        self._resolver.lifetime = SECONDS

    async def txt(self, name: str) -> list[str]:
        """Return the TXT records of a name, each as one text; none when there are none. Raises MonitorError."""
        return [text.strip('"').replace('" "', "") for text in await self._ask(name, "TXT")]

    async def addresses(self, host: str) -> list[str]:
        """Return the IPv4 and IPv6 addresses of a host. Raises MonitorError."""
        return [*await self._ask(host, "A"), *await self._ask(host, "AAAA")]

    async def names(self, address: str) -> list[str]:
        """Return the names that an address has by its PTR records. Raises MonitorError."""
        from dns import reversename  # noqa: PLC0415

        return [
            name.rstrip(".") for name in await self._ask(reversename.from_address(address).to_text(), "PTR")
        ]

    async def _ask(self, name: str, kind: str) -> Sequence[str]:
        from dns import exception, resolver  # noqa: PLC0415

        try:
            answer = await self._resolver.resolve(name, kind)
        except (resolver.NXDOMAIN, resolver.NoAnswer):
            return ()
        except (exception.DNSException, OSError, UnicodeError) as error:
            raise MonitorError(f"DNS: {name} ({kind}) cannot be looked up: {error}") from None
        return [record.to_text() for record in answer]
