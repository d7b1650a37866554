"""Reads secrets by reference: `{env = "NAME"}`, `{file = "PATH"}` or `{credential = "NAME"}`.

A configuration file holds the reference, never the secret. `credential` is a file in `$CREDENTIALS_DIRECTORY`,
as systemd's LoadCredential= provides it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from monitor.config.values import Fault

FORMS = '{env = "NAME"}, {file = "PATH"} or {credential = "NAME"}'
_KINDS = ("env", "file", "credential")
_MAX_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretSource:
    """Where references are looked up: an environment, and the folder that relative files start from."""

    environ: Mapping[str, str] = field(repr=False)
    folder: Path

    def read(self, reference: Any) -> str | Fault:
        """Fetch the secret that a reference names, without a file's line end; a Fault says what to do."""
        if not is_reference(reference):
            return Fault("a secret is written as a reference, never as itself", f"use one of {FORMS}")
        kind, name = next(iter(reference.items()))
        secret = self._from_environment(name) if kind == "env" else self._from_file(kind, name)
        if secret == "":
            return Fault(f"the secret in {kind} {name!r} is empty", "put the secret there")
        return secret

    def _from_environment(self, name: str) -> str | Fault:
        if name not in self.environ:
            return Fault(
                f"the environment variable {name} is not set", "set it for the account that runs this program"
            )
        return self.environ[name]

    def _from_file(self, kind: str, name: str) -> str | Fault:
        path = self.folder / name
        if kind == "credential":
            folder = self.environ.get("CREDENTIALS_DIRECTORY")
            if not folder:
                return Fault(
                    f"credential {name!r} is wanted, but CREDENTIALS_DIRECTORY is not set",
                    f"add LoadCredential={name}:/path/to/file to the unit, or use {{file = …}}",
                )
            if "/" in name or name in {"", ".", ".."}:
                return Fault(f"{name!r} is no name of a credential", "a credential's name holds no slash")
            path = Path(folder) / name
        try:
            with path.open("rb") as file:
                raw = file.read(_MAX_BYTES + 1)
            secret = raw.decode("utf-8").rstrip("\r\n")
        except OSError as error:
            return Fault(
                f"the secret file {path} cannot be read: {error.strerror}", "check path and permissions"
            )
        except UnicodeDecodeError:
            return Fault(f"the secret file {path} is not UTF-8 text", "store the secret as text")
        return (
            secret if len(raw) <= _MAX_BYTES else Fault(f"the secret file {path} is too large", "wrong file?")
        )


def is_reference(value: Any) -> bool:
    """Say whether a value has the form of a reference."""
    if not isinstance(value, Mapping) or len(value) != 1:
        return False
    kind, name = next(iter(value.items()))
    return kind in _KINDS and isinstance(name, str)
