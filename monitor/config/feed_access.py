"""How a feed of a file is reached: its header fields, credentials, proxy and authorities, each checked at its line.

Every reference is looked up, so that a missing secret is found before it is needed; what goes on is the reference.
"""

from collections.abc import Callable, Iterator
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

from monitor.config.collector import Collector, Entry
from monitor.config.forms import FeedForm
from monitor.config.places import Path as KeyPath
from monitor.config.values import Fault, is_loopback
from monitor.fetch.access import AccessError, trusting
from monitor.fetch.fields import (
    MAX_FIELDS,
    Refusal,
    has_userinfo,
    name_refusal,
    plain_value_refusal,
    proxy_refusal,
    token_refusal,
    username_refusal,
    value_refusal,
)
from monitor.model import Access, BasicAuth, BearerAuth, SecretRef


def read_access(collector: Collector, entry: Entry[FeedForm]) -> Access:
    """Take the access of a feed's table, and collect every problem that it has."""
    form = entry.form
    auth: BasicAuth | BearerAuth | None = None
    if form.auth is not None and form.auth.basic is not None:
        auth = BasicAuth(username=form.auth.basic.username, password=form.auth.basic.password)
    elif form.auth is not None and form.auth.bearer is not None:
        auth = BearerAuth(token=form.auth.bearer)
    access = Access(
        headers=tuple(form.headers.items()),
        auth=auth,
        cookie=form.cookie,
        proxy=form.proxy,
        ca_file=form.ca_file,
    )
    check = _Check(collector, entry)
    for path, fault in check.faults(access):
        named = Fault(f"feed '{form.slug}': {fault.message}", fault.hint)
        collector.problems.append(entry.document.problem((*entry.path, *path), named))
    return access


def access_change(before: Access, after: Access) -> str:
    """Say in words how access changes, part by part: references and names, no value that a header has."""
    parts = [
        f"{name} {old or 'none'} → {new or 'none'}"
        for (name, old), (_, new) in zip(_parts(before), _parts(after), strict=True)
        if old != new
    ]
    old_plain, new_plain = _plain(before), _plain(after)
    changed = sorted(
        name for name in old_plain.keys() & new_plain.keys() if old_plain[name] != new_plain[name]
    )
    return ", ".join([*parts, *(f"value of header {name}" for name in changed)]) or "order of headers"


def _parts(access: Access) -> Iterator[tuple[str, str]]:
    """List what may be shown of each part."""
    headers = (f"{name} {value}" if isinstance(value, SecretRef) else name for name, value in access.headers)
    yield "headers", ", ".join(sorted(headers))
    match access.auth:
        case BasicAuth(username=username, password=password):
            yield "auth", f"basic {username} {password}"
        case BearerAuth(token=token):
            yield "auth", f"bearer {token}"
        case None:
            yield "auth", ""
    yield "cookie", str(access.cookie or "")
    yield "proxy", str(access.proxy or "")
    yield "ca_file", access.ca_file


def _plain(access: Access) -> dict[str, str]:
    return {name: value for name, value in access.headers if isinstance(value, str)}


class _Check:
    """Finds the faults of one feed's access, each with its key path inside the table."""

    def __init__(self, collector: Collector, entry: Entry[FeedForm]) -> None:
        self._settings = collector.settings
        self._form = entry.form

    def faults(self, access: Access) -> Iterator[tuple[KeyPath, Fault]]:
        yield from self._headers(access)
        yield from self._auth(access.auth)
        if access.cookie is not None:
            yield from self._secret(("cookie",), access.cookie, value_refusal)
        yield from self._proxy(access.proxy)
        if access.ca_file:
            try:
                trusting(self._settings.folder / access.ca_file)
            except AccessError as error:
                yield ("ca_file",), Fault(error.message, error.hint)
        if access.has_credentials and not self._is_safe(self._form.url):
            yield (
                ("url",),
                Fault(
                    "credentials would travel in clear over plain http",
                    "use an https:// address; http:// with credentials is only for this machine and for addresses "
                    "in [fetch] allow_networks",
                ),
            )

    def _headers(self, access: Access) -> Iterator[tuple[KeyPath, Fault]]:
        if len(access.headers) > MAX_FIELDS:
            yield ("headers",), Fault(f"more than {MAX_FIELDS} header fields", "leave out what is not needed")
        first: dict[str, str] = {}
        for name, value in access.headers:
            at = ("headers", name)
            if refusal := name_refusal(name):
                yield at, Fault(*refusal)
                continue
            if (other := first.setdefault(name.lower(), name)) != name:
                yield at, Fault(f"the field {name} is given already, as {other}", "keep one of the two")
            if name.lower() == "authorization" and access.auth is not None:
                yield at, Fault("'auth' writes the field Authorization, too", "keep one of the two")
            if isinstance(value, SecretRef):
                yield from self._secret(at, value, value_refusal)
            elif refusal := plain_value_refusal(name, value):
                yield at, Fault(*refusal)

    def _auth(self, auth: BasicAuth | BearerAuth | None) -> Iterator[tuple[KeyPath, Fault]]:
        match auth:
            case BasicAuth():
                if refusal := username_refusal(auth.username):
                    yield ("auth", "basic", "username"), Fault(*refusal)
                yield from self._secret(("auth", "basic", "password"), auth.password, lambda _: None)
            case BearerAuth():
                yield from self._secret(("auth", "bearer"), auth.token, token_refusal)

    def _proxy(self, proxy: str | SecretRef | None) -> Iterator[tuple[KeyPath, Fault]]:
        if isinstance(proxy, SecretRef):
            yield from self._secret(("proxy",), proxy, proxy_refusal)
        elif proxy is not None and has_userinfo(proxy):
            fault = Fault(
                "a proxy's password is never written into a file of settings",
                'put the whole address into a secret, and write proxy = {file = "PATH"}',
            )
            yield ("proxy",), fault
        elif proxy is not None and (refusal := proxy_refusal(proxy)):
            yield ("proxy",), Fault(*refusal)

    def _secret(
        self, at: KeyPath, reference: SecretRef, refusal_of: Callable[[str], Refusal | None]
    ) -> Iterator[tuple[KeyPath, Fault]]:
        found = self._settings.secrets.read(reference)
        if isinstance(found, Fault):
            yield at, found
        elif refusal := refusal_of(found):
            yield at, Fault(f"the secret {reference}: {refusal.message}", refusal.hint)

    def _is_safe(self, url: str) -> bool:
        """Say whether a secret may go to an address: https, this machine, or a literal in an allowed network."""
        parts = urlsplit(url)
        if parts.scheme == "https" or is_loopback(url):
            return True
        try:
            address = ip_address(parts.hostname or "")
        except ValueError:
            return False
        networks = (ip_network(text) for text in self._settings.fetch.allow_networks)
        return any(address in network for network in networks)
