"""Loads the settings: finds the file, lays the environment over it, fetches secrets, tells all problems."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from platformdirs import user_state_dir
from pydantic import ValidationError

from monitor.config import places
from monitor.config.document import Document, faults_of, read_document
from monitor.config.environment import SHOWN_AS, Overrides, at, merged, put, read_overrides
from monitor.config.secret_refs import SecretSource
from monitor.config.settings import Settings
from monitor.config.values import Fault
from monitor.errors import ConfigError, Problem

APP_NAME = "news-monitor"
FILE_VARIABLE = "MONITOR_CONFIG"
SEARCHED = (Path("config/monitor.toml"), Path("monitor.toml"), Path("/etc/news-monitor/monitor.toml"))
STORE_URL = ("store", "url")  # no secret as long as no password stands in it
SECRETS: dict[
    tuple[str, ...], str | None
] = {  # with what stands in for an unreadable one until all is checked
    ("smtp", "password"): "unreadable",
    ("bounces", "password"): "unreadable",
    ("smtp", "dkim", "key"): None,
    ("store", "key"): None,
    STORE_URL: "",
}


def load_settings(path: Path | None, environ: Mapping[str, str]) -> Settings:
    """Read settings from a file and `MONITOR__…` variables; the variables win.

    Without a path: `$MONITOR_CONFIG`, else the first of `SEARCHED` that exists. Creates nothing.
    Raises ConfigError with every problem found.
    """
    file = _find(path, environ).absolute()
    document = read_document(file, label=file.name)
    secrets = SecretSource(environ=environ, folder=file.parent)
    overrides = read_overrides(environ, secrets=SECRETS)
    data, faults = _revealed(document, overrides, secrets)
    settings = None
    try:
        settings = Settings(**data)
    except ValidationError as error:
        faults += faults_of(Settings, error)
    if settings is not None and (fault := settings.websub_fault):
        faults.append((("fetch", "websub"), fault))
    if settings is not None and (fault := settings.signup_fault):
        faults.append((("subscribers", "signup"), fault))
    if faults or settings is None:
        problems = [_problem(document, overrides, path, fault) for path, fault in faults]
        raise ConfigError(sorted(problems, key=lambda each: (each.file, each.line or 0)))
    settings._file = file  # noqa: SLF001 - the loader fills in what no file may set
    settings._secrets = secrets  # noqa: SLF001
    settings._state_dir = _state_dir(settings, environ)  # noqa: SLF001
    return settings


def _find(path: Path | None, environ: Mapping[str, str]) -> Path:
    if path is not None:
        return path
    if named := environ.get(FILE_VARIABLE):
        return Path(named)
    for candidate in SEARCHED:
        if candidate.is_file():
            return candidate
    looked = ", ".join(str(candidate) for candidate in SEARCHED)
    hint = f"looked for {looked}; name one with --config or the variable {FILE_VARIABLE}"
    raise ConfigError([Problem(file="monitor.toml", message="no settings file was found", hint=hint)])


def _revealed(
    document: Document, overrides: Overrides, secrets: SecretSource
) -> tuple[dict[str, Any], list[tuple[places.Path, Fault]]]:
    """Merge file and environment with every secret reference replaced by the secret it names."""
    found: dict[str, Any] = {}
    faults: list[tuple[places.Path, Fault]] = []
    for path, stand_in in SECRETS.items():
        value = at(overrides.data, path)
        if isinstance(value, str):
            continue  # the environment itself is a place for secrets
        value = at(document.data, path) if value is None else value
        if value is None or (path == STORE_URL and isinstance(value, str) and not _has_password(value)):
            continue
        secret = secrets.read(value)
        if isinstance(secret, Fault):
            faults.append((path, secret))
        put(found, path, stand_in if isinstance(secret, Fault) else secret)
    return merged(merged(document.data, overrides.data), found), faults


def _has_password(url: str) -> bool:
    try:
        return bool(urlsplit(url).password)
    except ValueError:
        return False


def _problem(document: Document, overrides: Overrides, path: places.Path, fault: Fault) -> Problem:
    """Blame the variable that set the value, else the place in the file."""
    variable = overrides.setter_of(path) or ("" if path in document.places else overrides.below(path))
    if variable:
        return Problem(file=SHOWN_AS, path=variable, message=fault.message, hint=fault.hint)
    return document.problem(path, fault)


def _state_dir(settings: Settings, environ: Mapping[str, str]) -> Path:
    """Choose the state folder; `$STATE_DIRECTORY` may list several, separated by colons (systemd.exec)."""
    configured = settings.store.state_dir or environ.get("STATE_DIRECTORY", "").partition(":")[0]
    return settings.folder / (configured or user_state_dir(APP_NAME))
