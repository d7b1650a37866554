"""Reads secrets by reference: `{env = "NAME"}`, `{file = "PATH"}` or `{credential = "NAME"}`.

A configuration file holds the reference, never the secret. `credential` is a file in `$CREDENTIALS_DIRECTORY`,
as systemd's LoadCredential= provides it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from monitor.config.values import Fault
from monitor.model import SecretKind, SecretRef

FORMS = '{env = "NAME"}, {file = "PATH"} or {credential = "NAME"}'
_MAX_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretSource:
    """Where references are looked up: an environment, and the folder that relative files start from."""

    environ: Mapping[str, str] = field(repr=False)
    folder: Path

    def read(self, reference: Any) -> str | Fault:
        """Fetch the secret that a reference names, without a file's line end; a Fault says what to do.

        The reference may be read already (a SecretRef) or stand as files write it.
        """
        ref = reference if isinstance(reference, SecretRef) else secret_ref(reference)
        if isinstance(ref, Fault):
            return ref
        name = ref.name
        secret = (
            self._from_environment(name) if ref.kind is SecretKind.ENV else self._from_file(ref.kind, name)
        )
        if secret == "":
            return Fault(f"the secret in {ref.kind} {name!r} is empty", "put the secret there")
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


def secret_ref(value: Any) -> SecretRef | Fault:
    """Take a value for a reference, without looking it up."""
    if isinstance(value, Mapping) and len(value) == 1:
        kind, name = next(iter(value.items()))
        if kind in set(SecretKind) and isinstance(name, str) and "\0" not in name:
            return SecretRef(kind=SecretKind(kind), name=name)
    return Fault("a secret is written as a reference, never as itself", f"use one of {FORMS}")
