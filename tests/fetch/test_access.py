"""References become what a request needs, at each poll anew."""

import base64
import ssl
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from monitor.config.secret_refs import SecretSource
from monitor.fetch.access import NOTHING, AccessError, Reach, origin, resolve, trusting
from monitor.model import Access, BasicAuth, BearerAuth, SecretKind, SecretRef
from tests.fetch.certificates import make_authority

URL = "https://paper.mx/feed"
PASSWORD = BasicAuth(username="ana", password=SecretRef(kind=SecretKind.ENV, name="PW"))


def env(name: str) -> SecretRef:
    return SecretRef(kind=SecretKind.ENV, name=name)


def in_file(name: str) -> SecretRef:
    return SecretRef(kind=SecretKind.FILE, name=name)


def reach(access: Access, folder: Path = Path(), *, url: str = URL, **environ: str) -> Reach:
    return resolve(access, SecretSource(environ=environ, folder=folder), url=url)


def failure(access: Access, folder: Path = Path(), **environ: str) -> AccessError:
    with pytest.raises(AccessError) as caught:
        reach(access, folder, **environ)
    return caught.value


def test_a_feed_without_special_needs_needs_nothing() -> None:
    assert reach(Access()) is NOTHING


def test_user_and_password_are_basic_in_utf8() -> None:
    found = reach(Access(auth=PASSWORD), PW="contraseña: sí")
    assert found.fields == (
        ("Authorization", "Basic " + base64.b64encode("ana:contraseña: sí".encode()).decode()),
    )
    assert found.origin == "https://paper.mx:443"
    assert found.credentials == "the user 'ana' with the password from {env = \"PW\"}"


def test_a_token_is_a_bearer(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("abc.def\n", encoding="utf-8")
    found = reach(Access(auth=BearerAuth(token=in_file("token"))), tmp_path)
    assert found.fields == (("Authorization", "Bearer abc.def"),)


def test_headers_and_the_cookie_go_as_they_are_and_secrets_are_named_by_reference(tmp_path: Path) -> None:
    (tmp_path / "cookie").write_text("session=1; lang=es\n", encoding="utf-8")
    access = Access(headers=(("Accept-Language", "es"), ("X-Api-Key", env("KEY"))), cookie=in_file("cookie"))
    found = reach(access, tmp_path, KEY="k3y")
    assert found.fields == (
        ("Accept-Language", "es"),
        ("X-Api-Key", "k3y"),
        ("Cookie", "session=1; lang=es"),
    )
    assert found.credentials == 'the field X-Api-Key from {env = "KEY"} and the cookie from {file = "cookie"}'


def test_no_secret_stands_in_what_can_be_printed(tmp_path: Path) -> None:
    access = Access(auth=PASSWORD, headers=(("X-Key", env("KEY")),), proxy=env("PROXY"))
    found = reach(access, PW="s3cret", KEY="s3cret", PROXY="http://u:s3cret@proxy:3128")
    assert found.proxy == "http://u:s3cret@proxy:3128"
    assert "s3cret" not in repr(found)
    assert base64.b64encode(b"ana:s3cret").decode() not in repr(found)
    assert "s3cret" not in repr(failure(access, PW="s3cret", KEY="s3cret\nX: 1", PROXY="s3cret"))


def test_a_rotated_secret_works_at_the_next_poll(tmp_path: Path) -> None:
    access = Access(auth=BearerAuth(token=in_file("token")))
    (tmp_path / "token").write_text("old", encoding="utf-8")
    first = reach(access, tmp_path)
    (tmp_path / "token").write_text("new", encoding="utf-8")
    assert (first.fields[0][1], reach(access, tmp_path).fields[0][1]) == ("Bearer old", "Bearer new")


@pytest.mark.parametrize(
    ("access", "environ", "words"),
    [
        (
            Access(auth=PASSWORD),
            {},
            'the secret {env = "PW"} cannot be read: the environment variable PW is not set',
        ),
        (Access(auth=PASSWORD), {"PW": ""}, 'the secret {env = "PW"} cannot be read'),
        (Access(auth=BearerAuth(token=env("T"))), {"T": "Bearer x"}, "without the word Bearer"),
        (Access(headers=(("X-K", env("K")),)), {"K": "a\nb"}, 'the secret {env = "K"} cannot be used'),
        (Access(cookie=env("C")), {"C": "sesión=1"}, "printable ASCII"),
        (Access(proxy=env("P")), {"P": "proxy:3128"}, "http://host:port"),
        (Access(cookie=in_file("gone")), {}, "gone cannot be read: No such file"),
        (Access(ca_file="gone.pem"), {}, "gone.pem cannot be read: No such file"),
        (Access(ca_file="a\0b"), {}, "not a usable path"),
        (Access(auth=BasicAuth(username="a:b", password=env("PW"))), {"PW": "x"}, "colon"),
    ],
)
def test_what_cannot_be_read_or_used_is_named_with_what_to_do(
    access: Access, environ: Mapping[str, str], words: str
) -> None:
    with pytest.raises(AccessError) as caught:
        resolve(access, SecretSource(environ=environ, folder=Path()), url=URL)
    error = caught.value
    assert words in str(error)
    assert error.hint


def test_an_address_that_is_none_has_no_origin_to_send_anything_to() -> None:
    assert reach(Access(auth=PASSWORD), url="http://[::1", PW="x").origin == ""


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://Paper.MX/a", "https://paper.mx:443"),
        ("https://paper.mx:443/b", "https://paper.mx:443"),
        ("http://paper.mx", "http://paper.mx:80"),
        ("https://paper.mx:8443", "https://paper.mx:8443"),
        ("https://periódico.mx/", "https://xn--peridico-y3a.mx:443"),
        ("http://[::1]:80/", "http://::1:80"),
    ],
)
def test_an_origin_is_scheme_host_and_port(url: str, expected: str) -> None:
    assert origin(httpx.URL(url)) == expected


def test_own_authorities_are_trusted_beside_the_public_ones(tmp_path: Path) -> None:
    own = make_authority(tmp_path)
    found = reach(Access(ca_file=own.ca_file.name), tmp_path).tls
    assert found is not None
    subjects = [str(each["subject"]) for each in found.get_ca_certs()]
    assert sum("Redacción CA" in subject for subject in subjects) == 1
    assert len(subjects) > 50
    assert found.verify_mode is ssl.CERT_REQUIRED
    assert found.check_hostname


def test_one_file_is_one_context_until_it_changes(tmp_path: Path) -> None:
    """Connections are pooled by their context, and a replaced authority counts at the next poll."""
    path = make_authority(tmp_path).ca_file
    first = trusting(path)
    assert trusting(path) is first
    make_authority(tmp_path, name="Other CA").ca_file.replace(path)
    assert trusting(path) is not first


@pytest.mark.parametrize(
    "text", ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_a_file_without_a_certificate_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "ca.pem").write_text(text, encoding="utf-8")
    assert "holds no certificate" in str(failure(Access(ca_file="ca.pem"), tmp_path))


def test_a_folder_is_no_file_of_authorities(tmp_path: Path) -> None:
    (tmp_path / "ca").mkdir()
    assert "cannot be read" in str(failure(Access(ca_file="ca"), tmp_path))
