"""Process settings: one TOML file, overridden by `MONITOR__SECTION__KEY` variables, as frozen objects.

Says what each setting may be; `load` reads them. Feeds, topics and recipients are not settings: `desired` reads
them from the files named under [files].
"""

import base64
import binascii
from email.utils import parseaddr
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    SecretStr,
    model_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from monitor.config.secret_refs import SecretSource
from monitor.config.values import (
    BounceAddress,
    Contact,
    DkimDomain,
    DkimSelector,
    Fault,
    Line,
    MailFrom,
    Network,
    OptionalWebAddress,
    StoreUrl,
    is_loopback,
    is_loopback_host,
    refuse,
)
from monitor.errors import Refused

POLITE_FLOOR_MINUTES = 60  # the floor as long as no contact is configured
STORE_KEY_BYTES = 32
_SAFE_TLS = "use 'required' (STARTTLS, usually port 587) or 'implicit' (usually port 465)"


def _as_list(value: Any) -> Any:
    """Take `a, b` (as environment variables write lists) for a list."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _dkim_key(value: SecretStr) -> SecretStr:
    from monitor.deliver.mail.dkim import private_key  # noqa: PLC0415 - few installations sign, and all read settings

    try:
        private_key(value.get_secret_value().encode())
    except Refused as error:
        raise refuse(Fault(str(error), "make one with: openssl genrsa 2048")) from None
    return value


def _store_key(value: SecretStr) -> SecretStr:
    try:
        raw = base64.b64decode(value.get_secret_value(), validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != STORE_KEY_BYTES:
        raise refuse(Fault("the key is not 32 bytes in base64", "make one with: openssl rand -base64 32"))
    return value


Names = Annotated[tuple[str, ...], BeforeValidator(_as_list)]
Networks = Annotated[tuple[Network, ...], BeforeValidator(_as_list)]
Minutes = Annotated[int, Field(ge=5, le=7 * 24 * 60)]
Days = Annotated[int, Field(ge=1, le=36500)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class ServiceSettings(_Section):
    """Who we are: `contact` goes into the User-Agent, `postal` into mails, `base_url` is where our pages are."""

    name: Annotated[Line, Field(min_length=1, max_length=100)] = "news-monitor"
    contact: Contact = ""
    base_url: OptionalWebAddress = ""
    postal: Annotated[Line, Field(max_length=200)] = ""
    language: Literal["en", "es"] = "en"


class StoreSettings(_Section):
    """Where rows are kept. Read `Settings.store_url` and `Settings.state_dir`, which fill in the defaults."""

    url: StoreUrl = Field(default="", repr=False)
    state_dir: str = ""
    key: Annotated[SecretStr, AfterValidator(_store_key)] | None = None


class FetchSettings(_Section):
    """How politely and within which limits feeds are polled; for the floor read `Settings.floor_seconds`."""

    min_interval_minutes: Minutes = 30
    min_interval_seconds: Annotated[int, Field(ge=1, le=3600)] | None = None
    concurrency: Annotated[int, Field(ge=1, le=500)] = 16
    per_host: Annotated[int, Field(ge=1, le=10)] = 1
    host_spacing_seconds: Annotated[float, Field(ge=0, le=60)] = 1.0
    requests_per_feed_hour: Annotated[float, Field(gt=0, le=3600)] = 1.0
    max_interval_hours: Annotated[int, Field(ge=1, le=7 * 24)] = 24
    max_body_mib: Annotated[int, Field(ge=1, le=100)] = 5
    total_timeout_seconds: Annotated[float, Field(ge=1, le=300)] = 30.0
    parser_workers: Annotated[int, Field(ge=1, le=64)] = 2
    parser_cpu_seconds: Annotated[int, Field(ge=1, le=120)] = 5
    parser_memory_mib: Annotated[int, Field(ge=256, le=16384)] = 1024
    allow_networks: Networks = ()
    websub: bool = False


class WebSettings(_Section):
    """Where the admin pages and the API listen; port 0 takes any free one."""

    enabled: bool = True
    host: Annotated[str, Field(min_length=1)] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8631


class DkimSettings(_Section):
    """The key that mails are signed with when the mail server does not: its public part is in the domain's DNS."""

    selector: DkimSelector
    domain: DkimDomain
    key: Annotated[SecretStr, AfterValidator(_dkim_key)] | None  # None only while it cannot be read


class SmtpSettings(_Section):
    """The mail server that email channels send through; `mail_from` is written `from` in the file.

    `per_minute` and `per_domain_per_minute` bound what goes to it and to one recipient's domain; 0: no bound.
    """

    host: Annotated[str, Field(min_length=1)]
    port: Annotated[int, Field(ge=1, le=65535)] = 587
    tls: Literal["required", "implicit", "opportunistic", "none"] = "required"
    username: str = ""
    password: str = Field(default="", repr=False)
    mail_from: MailFrom = Field(alias="from")
    ca_file: str = ""
    timeout_seconds: Annotated[float, Field(ge=1, le=600)] = 60.0
    connections: Annotated[int, Field(ge=1, le=20)] = 3
    per_minute: Annotated[float, Field(ge=0, le=100_000)] = 0.0
    per_domain_per_minute: Annotated[float, Field(ge=0, le=100_000)] = 0.0
    bounces: BounceAddress = ""
    dkim: DkimSettings | None = None

    @model_validator(mode="after")
    def _credentials_are_whole_and_safe(self) -> "SmtpSettings":
        if bool(self.username) != bool(self.password):
            raise refuse(Fault("[smtp] has only one of username and password", "set both, or neither"))
        if self.tls == "none" and not is_loopback_host(self.host):
            raise refuse(Fault("tls = 'none' is allowed only for a mail server on this machine", _SAFE_TLS))
        if self.tls == "opportunistic" and self.password and not is_loopback_host(self.host):
            raise refuse(Fault("tls = 'opportunistic' could send the password in clear", _SAFE_TLS))
        return self

    @model_validator(mode="after")
    def _signature_fits_the_sender(self) -> "SmtpSettings":
        domain = parseaddr(self.mail_from)[1].rpartition("@")[2].lower()
        if self.dkim is not None and not f".{domain}".endswith(f".{self.dkim.domain.lower()}"):
            raise refuse(
                Fault(
                    f"[smtp] dkim signs for {self.dkim.domain}, but mail comes from {domain}",
                    "sign for the domain of `from`, or one above it: else receivers do not count the signature",
                )
            )
        return self


class BouncesSettings(_Section):
    """The mailbox, over IMAP, that reports about mails come to; `[smtp] bounces` is its address."""

    host: Annotated[str, Field(min_length=1)]
    port: Annotated[int, Field(ge=1, le=65535)] = 993
    tls: Literal["implicit", "required", "none"] = "implicit"
    username: Annotated[str, Field(min_length=1)]
    password: Annotated[str, Field(min_length=1, repr=False)]
    folder: Annotated[str, Field(min_length=1)] = "INBOX"
    done_folder: str = ""
    ca_file: str = ""
    every_minutes: Annotated[int, Field(ge=1, le=24 * 60)] = 5

    @model_validator(mode="after")
    def _password_is_safe(self) -> "BouncesSettings":
        if self.tls == "none" and not is_loopback_host(self.host):
            raise refuse(
                Fault(
                    "tls = 'none' is allowed only for a mailbox on this machine",
                    "use 'implicit' (usually port 993) or 'required' (STARTTLS, usually port 143)",
                )
            )
        return self


class FilesSettings(_Section):
    """Globs of the desired-state files, relative to the folder of the settings file."""

    watchlists: Names = ("watchlists/*.toml",)
    feeds: Names = ("feeds/*.toml", "feeds/*.opml")
    recipients: Names = ("recipients*.toml",)


class SubscribersSettings(_Section):
    """Whether anybody may ask for alerts by mail on our own page; each address is asked before it gets any."""

    signup: bool = False


class RetentionSettings(_Section):
    """How long rows are kept, in days; items with a hit are kept as long as their hits."""

    items_days: Days = 90
    polls_days: Days = 30


class SurgeSettings(_Section):
    """Whether surges are looked for; when `sensitive`, smaller ones are told, and a false one now and then."""

    enabled: bool = True
    sensitive: bool = False


class LogSettings(_Section):
    """How the log looks; `auto` takes console on a terminal, logfmt under journald, else JSON."""

    format: Literal["auto", "console", "logfmt", "json"] = "auto"
    level: Literal["debug", "info", "warning", "error"] = "info"


class Settings(BaseSettings):
    """All process settings, frozen. Made by `load.load_settings`, which also knows where they came from."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    service: ServiceSettings = ServiceSettings()
    store: StoreSettings = StoreSettings()
    fetch: FetchSettings = FetchSettings()
    web: WebSettings = WebSettings()
    smtp: SmtpSettings | None = None
    bounces: BouncesSettings | None = None
    files: FilesSettings = FilesSettings()
    subscribers: SubscribersSettings = SubscribersSettings()
    retention: RetentionSettings = RetentionSettings()
    surges: SurgeSettings = SurgeSettings()
    log: LogSettings = LogSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the signature is pydantic-settings'
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take only what the loader hands over: it has merged file and environment, and knows each origin."""
        return (init_settings,)

    @model_validator(mode="after")
    def _reports_have_an_address(self) -> "Settings":
        if self.bounces is not None and not (self.smtp and self.smtp.bounces):
            raise refuse(
                Fault(
                    "[bounces] names a mailbox, and [smtp] bounces no address",
                    "set bounces in [smtp] to its address",
                )
            )
        return self

    @property
    def websub_fault(self) -> Fault | None:
        """Say why hubs could not reach us although `fetch.websub` is on; None when they can, or it is off."""
        base = self.service.base_url
        if not self.fetch.websub or (self.web.enabled and (base.startswith("https:") or is_loopback(base))):
            return None
        if not self.web.enabled:
            return Fault("hubs cannot reach us: [web] enabled is false", "set [web] enabled = true")
        return Fault(
            "hubs need an address of ours that they can reach over https, and [service] base_url is "
            + (f"{base!r}" if base else "empty"),
            "set [service] base_url to the https:// address at which a proxy passes /websub/ on to us",
        )

    @property
    def signup_fault(self) -> Fault | None:
        """Say why nobody could sign up although `subscribers.signup` is on; None when they can, or it is off."""
        if not self.subscribers.signup:
            return None
        if self.smtp is None:
            return Fault(
                "whoever signs up is asked by mail, and there is no mail server", "add a section [smtp]"
            )
        if not self.web.enabled:
            return Fault("the form would be on our pages: [web] enabled is false", "set [web] enabled = true")
        if not self.service.base_url:
            return Fault(
                "the mail that asks needs a link to our pages, and [service] base_url is empty",
                "set [service] base_url to the address at which a proxy passes /subscribe and /u/ on to us",
            )
        return None

    _file: Path = PrivateAttr(default=Path("monitor.toml"))
    _state_dir: Path = PrivateAttr(default=Path())
    _secrets: SecretSource = PrivateAttr(default=SecretSource(environ={}, folder=Path()))

    @property
    def file(self) -> Path:
        """The settings file."""
        return self._file

    @property
    def folder(self) -> Path:
        """The folder of the settings file; relative paths inside the configuration start here."""
        return self._file.parent

    @property
    def secrets(self) -> SecretSource:
        """Where the secret references of other files are looked up."""
        return self._secrets

    @property
    def state_dir(self) -> Path:
        """The folder for database, backups and locks: configured, `$STATE_DIRECTORY`, or the user's own."""
        return self._state_dir

    @property
    def socket_path(self) -> Path:
        """Where commands reach the running daemon."""
        return self.state_dir / "monitor.sock"

    @property
    def store_url(self) -> str:
        """The store's address with the default filled in: SQLite in the state folder."""
        url = self.store.url
        if url.startswith("postgresql:"):
            return url
        return f"sqlite:{self.state_dir / (url.removeprefix('sqlite:') or 'monitor.db')}"

    @property
    def store_key(self) -> bytes | None:
        """The configured key that seals stored secrets, 32 bytes; None: the installation makes its own."""
        key = self.store.key
        return None if key is None else base64.b64decode(key.get_secret_value())

    @property
    def floor_seconds(self) -> int:
        """The shortest time between two polls of any feed, in seconds; at least an hour without a contact.

        `fetch.min_interval_seconds` replaces it. `load_desired` accepts that only when every enabled feed of the
        files is on this machine; for feeds that may come from elsewhere too, use `floor_for`.
        """
        return self.fetch.min_interval_seconds or self._polite_floor

    def floor_for(self, url: str) -> int:
        """The floor for one feed, in seconds: `fetch.min_interval_seconds` only ever holds on loopback."""
        return self.floor_seconds if is_loopback(url) else self._polite_floor

    @property
    def _polite_floor(self) -> int:
        minutes = self.fetch.min_interval_minutes
        return 60 * (minutes if self.service.contact else max(minutes, POLITE_FLOOR_MINUTES))
