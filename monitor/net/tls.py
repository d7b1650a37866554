"""TLS contexts: the usual public authorities, or a file of one's own.

A context costs some 30 ms to make, so each is made once. Verification is always on.
"""

import functools
import ssl
from pathlib import Path

import httpx

from monitor.errors import MonitorError


class BadCertificates(MonitorError):  # noqa: N818 - read as a state
    """A file of certificate authorities cannot be used."""


def tls_context(ca_file: str | None = None) -> ssl.SSLContext:
    """Return the context that trusts the public authorities or, instead of them, those in a PEM file.

    Raises BadCertificates naming the file and what to do. A file that changed is read anew.
    """
    if ca_file is None:
        return _public()
    try:
        stamp = Path(ca_file).stat().st_mtime_ns
    except OSError as error:
        raise BadCertificates(
            f"{ca_file}: the file of certificate authorities cannot be read: {error.strerror}"
        ) from error
    return _private(ca_file, stamp)


@functools.cache
def _public() -> ssl.SSLContext:
    return _speaking_http(httpx.create_ssl_context(trust_env=False))


@functools.lru_cache(maxsize=64)
def _private(ca_file: str, _stamp: int) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except OSError as error:  # ssl.SSLError is one
        words = error.reason if isinstance(error, ssl.SSLError) else error.strerror
        raise BadCertificates(
            f"{ca_file}: no certificate authorities in PEM form (BEGIN CERTIFICATE) can be read: {words}"
        ) from error
    if not context.get_ca_certs():
        raise BadCertificates(
            f"{ca_file}: holds no certificate of an authority (CA:TRUE); give the authority's own certificate, "
            "not the server's"
        )
    return _speaking_http(context)


def _speaking_http(context: ssl.SSLContext) -> ssl.SSLContext:
    context.set_alpn_protocols(["http/1.1"])
    return context
