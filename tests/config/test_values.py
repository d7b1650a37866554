import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.config.values import (
    is_loopback,
    language_fault,
    mail_address_fault,
    mail_from_fault,
    network_fault,
    slug_fault,
    web_address_fault,
)


@pytest.mark.parametrize("slug", ["a", "el-paso-matters", "24-horas", "x" * 64])
def test_good_slugs(slug: str) -> None:
    assert slug_fault(slug) is None


@pytest.mark.parametrize("slug", ["", "A", "a_b", "-a", "a-", "a--b", "ñ", "a b", "x" * 65, "a\n"])
def test_bad_slugs(slug: str) -> None:
    assert slug_fault(slug) is not None


@pytest.mark.parametrize("address", ["a@paper.mx", "a.b+c@sub.paper.mx", "demo@localhost", "o'x@xn--d1a.mx"])
def test_good_mail_addresses(address: str) -> None:
    assert mail_address_fault(address) is None
    assert mail_from_fault(f"News Monitor <{address}>") is None


@pytest.mark.parametrize(
    "address",
    [
        "",
        "a",
        "@paper.mx",
        "a@",
        "a@b",
        "a b@paper.mx",
        "A <a@paper.mx>",
        "a@paper.mx,b@paper.mx",
        "a..b@paper.mx",
        "a@-paper.mx",
        "a@paper..mx",
        "a@paper.mx\r\nBcc: x@y.z",
        "ñ@paper.mx",
        "a@peñasco.mx",
    ],
)
def test_bad_mail_addresses(address: str) -> None:
    fault = mail_address_fault(address)
    assert fault is not None
    assert ("xn--" in fault.hint) == (not address.isascii())


@pytest.mark.parametrize(
    "sender", ["A <a@paper.mx>\r\nBcc: <x@y.zz>", "A <a>", "A a@paper.mx", "a@paper.mx (A)"]
)
def test_bad_senders(sender: str) -> None:
    assert mail_from_fault(sender) is not None


@pytest.mark.parametrize("url", ["https://paper.mx/feed?a=1", "http://[::1]:80/x", "HTTPS://Paper.MX"])
def test_good_web_addresses(url: str) -> None:
    assert web_address_fault(url) is None


@pytest.mark.parametrize(
    "url",
    [
        "",
        "paper.mx",
        "//paper.mx",
        "https://",
        "https:/paper.mx",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "https://u@paper.mx",
        "https://u:hunter2@paper.mx",
        "https://paper.mx:x/",
        "https://a b/",
        "https://[::1",
    ],
)
def test_bad_web_addresses_are_not_repeated(url: str) -> None:
    fault = web_address_fault(url)
    assert fault is not None
    assert "hunter2" not in f"{fault}"


@given(st.ip_addresses(v=4))
def test_loopback_is_what_the_address_plan_says(address: ipaddress.IPv4Address) -> None:
    assert is_loopback(f"http://{address}/") == (address in ipaddress.ip_network("127.0.0.0/8"))


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1.paper.mx/", "http://localhost.paper.mx/", "http://u@paper.mx/127.0.0.1", ""]
)
def test_names_that_only_look_like_loopback_are_not(url: str) -> None:
    assert not is_loopback(url)


def test_networks_and_languages() -> None:
    assert network_fault("10.0.0.0/8") is None
    assert network_fault("fd00::/8") is None
    assert network_fault("10.0.0.1/8") is not None
    assert network_fault("home") is not None
    assert language_fault("es") is None
    assert language_fault("es-MX") is not None
