"""Words for refused requests: which credential was used, what to do."""

import httpx
import pytest

from monitor.fetch.access import NOTHING, Reach
from monitor.fetch.refusal import proxy_failure, refusal
from monitor.model import Outcome

HERE = httpx.URL("https://paper.mx/feed")
ANA = Reach(origin="https://paper.mx:443", credentials="the user 'ana' with the password from {env = \"PW\"}")


def words(status: int, reach: Reach = NOTHING, address: httpx.URL = HERE) -> tuple[Outcome, str]:
    return refusal(status, {}, address=address, reach=reach, page=b"")


def test_a_401_says_that_no_credentials_are_configured() -> None:
    outcome, reason = words(401)
    assert outcome is Outcome.UNAUTHORIZED
    assert reason.startswith("HTTP 401 from paper.mx: the feed asks for credentials, and none are configured")


def test_a_401_says_which_credential_was_not_accepted() -> None:
    outcome, reason = words(401, ANA)
    assert outcome is Outcome.UNAUTHORIZED
    assert reason.endswith("the feed does not accept the credentials: check the user 'ana' with the password from "
                           '{env = "PW"}')  # fmt: skip


def test_a_401_from_elsewhere_says_that_the_credentials_stayed_at_home() -> None:
    reason = words(401, ANA, httpx.URL("https://cdn.mx/feed"))[1]
    assert "no credentials were sent here, where redirects led" in reason
    assert "stays with https://paper.mx:443" in reason


def test_a_401_for_credentials_in_the_address_says_so() -> None:
    address = httpx.URL("https://ana:s3cret@paper.mx/feed")
    reason = words(401, NOTHING, address)[1]
    assert "the credentials in its address" in reason
    assert "s3cret" not in reason


def test_a_403_names_the_credential_only_where_it_was_sent() -> None:
    assert "the user 'ana'" in words(403, ANA)[1]
    assert "the user 'ana'" not in words(403, ANA, httpx.URL("https://cdn.mx/feed"))[1]


@pytest.mark.parametrize(
    ("reach", "expected"),
    [
        (NOTHING, "no proxy is configured for this feed"),
        (Reach(proxy="http://proxy:3128"), "the proxy http://proxy:3128 asks for credentials, and none"),
        (
            Reach(
                proxy="http://u:s3cret@proxy:3128", proxy_credentials='the proxy\'s address from {file = "p"}'
            ),
            'does not accept the credentials: check the proxy\'s address from {file = "p"}',
        ),
    ],
)
def test_a_407_is_about_the_proxy(reach: Reach, expected: str) -> None:
    for outcome, reason in (words(407, reach), proxy_failure("407 Proxy Authentication Required", reach)):
        assert outcome is Outcome.UNAUTHORIZED
        assert expected in reason
        assert "s3cret" not in reason


def test_another_failure_of_the_proxy_is_no_matter_of_credentials() -> None:
    outcome, reason = proxy_failure("502 Bad Gateway", Reach(proxy="http://proxy:3128"))
    assert (outcome, reason) == (Outcome.UNREACHABLE, "the proxy cannot connect us: 502 Bad Gateway")


def test_a_delta_is_no_window() -> None:
    assert words(226) == (
        Outcome.HTTP_ERROR,
        "HTTP 226 from paper.mx: a part of the feed, which was not asked for",
    )
