"""How one feed is reached: header fields, credentials, proxy and certificate authority.

Secrets are held by reference only: what is read from a reference never becomes part of the model or the store.
"""

from dataclasses import dataclass, field
from enum import StrEnum


class SecretKind(StrEnum):
    """Where a secret is kept: a variable, a file, or a systemd credential."""

    ENV = "env"
    FILE = "file"
    CREDENTIAL = "credential"


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretRef:
    """The place of a secret, never the secret."""

    kind: SecretKind
    name: str

    def __str__(self) -> str:
        """Write the reference as configuration files do."""
        return f'{{{self.kind} = "{self.name}"}}'


@dataclass(frozen=True, slots=True, kw_only=True)
class BasicAuth:
    """User name and password (RFC 7617)."""

    username: str
    password: SecretRef


@dataclass(frozen=True, slots=True, kw_only=True)
class BearerAuth:
    """A bearer token (RFC 6750)."""

    token: SecretRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What a request for a feed needs beyond its address; empty for most feeds.

    `headers` are extra fields in the order written. `cookie` is sent verbatim as the Cookie field. `proxy` is the
    address of an HTTP proxy, by reference when it holds a password. `ca_file` names a PEM file of authorities that
    are trusted beside the public ones, relative to the settings file's folder.
    """

    headers: tuple[tuple[str, str | SecretRef], ...] = field(default=(), repr=False)
    auth: BasicAuth | BearerAuth | None = None
    cookie: SecretRef | None = None
    proxy: str | SecretRef | None = None
    ca_file: str = ""

    @property
    def has_credentials(self) -> bool:
        """Whether the feed's own server is told a secret."""
        secret_field = any(isinstance(value, SecretRef) for _, value in self.headers)
        return secret_field or self.auth is not None or self.cookie is not None


DIRECT = Access()  # as most feeds are reached
