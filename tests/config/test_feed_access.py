"""How a feed is reached, as files say it: every fault at its line, no secret in any text."""

from datetime import UTC, datetime
from typing import Any

import pytest

from monitor.config.feed_access import access_change
from monitor.model import Access, BasicAuth, BearerAuth, Priority, SecretKind, SecretRef
from tests.fetch.certificates import make_authority

HEAD = '[[feed]]\nslug = "paper"\nurl = "https://paper.mx/feed"\n'
SECRETS = {"PW": "s3cret", "TOKEN": "s3cret", "KEY": "s3cret", "PROXY": "http://ana:s3cret@proxy:3128"}


def env(name: str) -> SecretRef:
    return SecretRef(kind=SecretKind.ENV, name=name)


def feed(folder: Any, lines: str, *, head: str = HEAD, **environ: str) -> Any:
    folder.write("feeds/local.toml", head + lines)
    (only,) = folder.desired(SECRETS | environ).feeds
    return only


def problem(folder: Any, lines: str, *, head: str = HEAD, **environ: str) -> Any:
    folder.write("feeds/local.toml", head + lines)
    found = folder.problem(SECRETS | environ)
    assert "s3cret" not in str(found)
    assert found.hint
    return found


def test_all_that_a_feed_may_need_is_read(folder: Any) -> None:
    make_authority(folder.path, name="ca")
    (folder.path / "cookie").write_text("session=s3cret\n", encoding="utf-8")
    found = feed(
        folder,
        """\
        priority = "urgent"
        full_text = true
        alert_newest = 3
        alert_since = 2026-01-31
        auth = {basic = {username = "ana", password = {env = "PW"}}}
        cookie = {file = "cookie"}
        proxy = "http://proxy.paper.mx:3128"
        ca_file = "ca.pem"
        [feed.headers]
        Accept-Language = "es-MX"
        X-Api-Key = {env = "KEY"}
        """,
    )
    assert (found.priority, found.full_text, found.alert_newest) == (Priority.URGENT, True, 3)
    assert found.alert_since == datetime(2026, 1, 31, tzinfo=UTC)
    assert found.access == Access(
        headers=(("Accept-Language", "es-MX"), ("X-Api-Key", env("KEY"))),
        auth=BasicAuth(username="ana", password=env("PW")),
        cookie=SecretRef(kind=SecretKind.FILE, name="cookie"),
        proxy="http://proxy.paper.mx:3128",
        ca_file="ca.pem",
    )
    assert "s3cret" not in repr(found)


def test_a_feed_needs_none_of_it(folder: Any) -> None:
    found = feed(folder, "")
    assert (found.priority, found.full_text, found.alert_newest, found.alert_since) == (
        Priority.NORMAL, False, 0, None,
    )  # fmt: skip
    assert found.access == Access()


def test_a_time_with_its_offset_is_a_start_too(folder: Any) -> None:
    found = feed(folder, "alert_since = 2026-01-31T18:00:00-06:00\n")
    assert found.alert_since == datetime(2026, 2, 1, tzinfo=UTC)


def test_headers_belong_to_the_feed_above_them(folder: Any) -> None:
    second = '[[feed]]\nslug = "two"\nurl = "https://two.mx/feed"\n'
    folder.write("feeds/local.toml", HEAD + '[feed.headers]\nX-A = "1"\n' + second)
    one, two = folder.desired().feeds
    assert (one.access.headers, two.access.headers) == ((("X-A", "1"),), ())


@pytest.mark.parametrize(
    ("lines", "path", "line", "words"),
    [
        ('auth = {bearer = {env = "GONE"}}', "auth.bearer", 4, "GONE is not set"),
        ('auth = {bearer = "s3cret"}', "auth.bearer", 4, "as a reference, never as itself"),
        ('auth = {basic = {username = "a", password = "s3cret"}}', "auth.basic.password", 4, "as a reference"),
        ('auth = {basic = {username = "a:b", password = {env = "PW"}}}', "auth.basic.username", 4, "colon"),
        ('auth = {basic = {username = "a", user = "b", password = {env = "PW"}}}', "auth.basic.user", 4, "unknown key"),
        ("auth = {}", "auth", 4, "exactly one of basic and bearer"),
        (
            'auth = {bearer = {env = "TOKEN"}, basic = {username = "a", password = {env = "PW"}}}',
            "auth", 4, "exactly one",
        ),
        ('cookie = "s3cret"', "cookie", 4, "as a reference"),
        ('cookie = {file = "gone"}', "cookie", 4, "cannot be read: No such file"),
        ('cookie = {file = "a\\u0000b"}', "cookie", 4, "as a reference"),
        ('cookie = {vault = "x"}', "cookie", 4, "as a reference"),
        ('proxy = "http://ana:s3cret@proxy:3128"', "proxy", 4, "a proxy's password is never written"),
        ('proxy = "socks5://proxy:1080"', "proxy", 4, "socks5: are not supported"),
        ('proxy = {env = "KEY"}', "proxy", 4, "no address of a proxy"),
        ('ca_file = "gone.pem"', "ca_file", 4, "gone.pem cannot be read"),
        ('ca_file = "monitor.toml"', "ca_file", 4, "holds no certificate"),
        ("alert_newest = 21", "alert_newest", 4, "less than or equal to 20"),
        ('alert_since = "2026-01-31"', "alert_since", 4, "no date"),
        ("alert_since = 2026-01-31T10:00:00", "alert_since", 4, "no date"),
        ("alert_since = 0001-01-01", "alert_since", 4, "the year 1 cannot"),
        ("alert_since = 9999-12-31T23:59:59-12:00", "alert_since", 4, "the year 9999 cannot"),
        ('priority = "high"', "priority", 4, "'urgent', 'normal' or 'low'"),
        ('[feed.headers]\nX-A = "1"\nHost = "b"', "headers.Host", 6, "the field Host cannot be set"),
        ('[feed.headers]\nUser-Agent = "Mozilla"', "headers.User-Agent", 5, "we always say who we are"),
        ('[feed.headers]\nX-A = "1"\nx-a = "2"', "headers.x-a", 6, "given already, as X-A"),
        ('[feed.headers]\nX-A = "a\\r\\nX-B: 1"', "headers.X-A", 5, "more than one line"),
        ("[feed.headers]\nX-A = 1", "headers.X-A", 5, "as a reference"),
        ('[feed.headers]\nX-Api-Key = "s3cret"', "headers.X-Api-Key", 5, "holds a secret"),
        ('[feed.headers]\nX-Api-Key = {env = "GONE"}', "headers.X-Api-Key", 5, "GONE is not set"),
        (
            'auth = {bearer = {env = "TOKEN"}}\n[feed.headers]\nAuthorization = {env = "KEY"}',
            "headers.Authorization", 6, "'auth' writes the field Authorization",
        ),
        ("[feed.headers]\n" + "".join(f'X-{n} = "1"\n' for n in range(21)), "headers", 4, "more than 20"),
    ],
)  # fmt: skip
def test_each_fault_has_its_line_and_what_to_do(
    folder: Any, lines: str, path: str, line: int, words: str
) -> None:
    folder.write("feeds/local.toml", HEAD + lines)
    found = folder.problem(SECRETS)
    assert (found.file, found.path, found.line) == (
        folder.name("feeds/local.toml"),
        f"feed[0].{path}",
        line,
    )
    assert words in found.message
    assert "s3cret" not in str(found)


def test_every_fault_of_a_feed_is_told_at_once(folder: Any) -> None:
    lines = 'cookie = {env = "A"}\nproxy = {env = "B"}\nca_file = "c"\n[feed.headers]\nHost = "d"\nTE = "e"\n'
    folder.write("feeds/local.toml", HEAD + lines)
    assert [each.line for each in folder.problems()] == [4, 5, 6, 8, 9]


@pytest.mark.parametrize(
    ("reference", "value", "words"),
    [
        ('auth = {bearer = {env = "X"}}', "Bearer s3cret", "without the word Bearer"),
        ('cookie = {env = "X"}', "s3cret\nX-Evil: 1", "one line"),
        ('[feed.headers]\nX-Api-Key = {env = "X"}', "clé s3cret", "percent-encoded"),
        ('proxy = {env = "X"}', "http://ana:s3cret@proxy", "http://host:port"),
    ],
)
def test_a_secret_that_cannot_be_sent_is_named_and_not_shown(
    folder: Any, reference: str, value: str, words: str
) -> None:
    found = problem(folder, reference, X=value)
    assert words in found.hint
    assert '{env = "X"}' in found.message


PLAIN = HEAD.replace("https://paper.mx", "http://{host}")
TOKEN = 'auth = {bearer = {env = "TOKEN"}}\n'


@pytest.mark.parametrize(
    "lines",
    [TOKEN, 'cookie = {env = "KEY"}\n', '[feed.headers]\nX-Api-Key = {env = "KEY"}\n'],
)
def test_credentials_do_not_travel_in_clear(folder: Any, lines: str) -> None:
    found = problem(folder, lines, head=PLAIN.format(host="paper.mx"))
    assert (found.path, found.line) == ("feed[0].url", 3)
    assert "in clear over plain http" in found.message
    assert "https://" in found.hint


def test_plain_http_is_enough_without_credentials(folder: Any) -> None:
    lines = 'proxy = {env = "PROXY"}\n[feed.headers]\nAccept-Language = "es"\n'
    assert feed(folder, lines, head=PLAIN.format(host="paper.mx")).access.headers


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost", "[::1]", "10.1.2.3"])
def test_plain_http_with_credentials_is_for_this_machine_and_allowed_networks(folder: Any, host: str) -> None:
    folder.write("monitor.toml", '[fetch]\nallow_networks = ["10.1.2.0/24"]\n')
    assert feed(folder, TOKEN, head=PLAIN.format(host=host)).access.has_credentials


@pytest.mark.parametrize("host", ["10.9.9.9", "intranet.paper.mx"])
def test_an_address_outside_the_allowed_networks_is_not_safe(folder: Any, host: str) -> None:
    folder.write("monitor.toml", '[fetch]\nallow_networks = ["10.1.2.0/24"]\n')
    assert problem(folder, TOKEN, head=PLAIN.format(host=host)).path == "feed[0].url"


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (Access(), Access(auth=BearerAuth(token=env("T"))), 'auth none → bearer {env = "T"}'),
        (
            Access(auth=BasicAuth(username="ana", password=env("P"))),
            Access(),
            'auth basic ana {env = "P"} → none',
        ),
        (Access(headers=(("X-A", "s3cret"),)), Access(headers=(("X-A", "s3cret2"),)), "value of header X-A"),
        (Access(), Access(headers=(("X-A", "s3cret"), ("B", env("K")))), 'headers none → B {env = "K"}, X-A'),
        (
            Access(headers=(("A", "1"), ("B", "2"))),
            Access(headers=(("B", "2"), ("A", "1"))),
            "order of headers",
        ),
        (Access(cookie=env("C")), Access(cookie=env("D")), 'cookie {env = "C"} → {env = "D"}'),
        (
            Access(proxy="http://proxy:3128"),
            Access(proxy=env("P"), ca_file="ca.pem"),
            'proxy http://proxy:3128 → {env = "P"}, ca_file none → ca.pem',
        ),
    ],
)
def test_a_change_is_told_by_references_and_names(before: Access, after: Access, words: str) -> None:
    assert access_change(before, after) == words
