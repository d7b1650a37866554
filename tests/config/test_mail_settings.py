"""The sections [smtp] and [bounces]: what they may be, and what each mistake is told."""

from typing import Any

import pytest

from monitor.deliver.bounces.verp import bounce_key
from monitor.errors import ConfigError
from monitor.options import bounce_options, smtp_options

SMTP = '[smtp]\nhost = "mail.paper.mx"\nfrom = "a@paper.mx"\n'
BOX = '[bounces]\nhost = "mail.paper.mx"\nusername = "bounces"\npassword = {env = "PW"}\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (SMTP + BOX, "[smtp] bounces no address"),
        (
            SMTP + 'bounces = "bounces@paper.mx"\n' + BOX + 'tls = "none"\n',
            "only for a mailbox on this machine",
        ),
        (SMTP + 'bounces = "returned-mails@paper.mx"\n', "no room"),
        (SMTP + 'bounces = "b+x@paper.mx"\n', "no room"),
        (SMTP + 'bounces = "nobody"\n', "nobody"),
    ],
)
def test_each_mistake_is_named(folder: Any, text: str, said: str) -> None:
    folder.write("monitor.toml", text)
    with pytest.raises(ConfigError, match=r"monitor\.toml") as caught:
        folder.settings({"PW": "sesame-9"})
    assert said in str(caught.value.problems[0])
    assert "sesame-9" not in str(caught.value)


def test_a_whole_section_becomes_options_and_shows_no_password(folder: Any) -> None:
    folder.write("monitor.toml", SMTP + 'bounces = "bounces@paper.mx"\nper_minute = 30\n' + BOX)
    settings = folder.settings({"PW": "sesame-9"})
    key = b"k" * 32
    made = bounce_options(settings, key=key)
    assert made is not None
    assert (made.address, made.mailbox.password, made.key) == (
        "bounces@paper.mx",
        "sesame-9",
        bounce_key(key),
    )
    smtp = smtp_options(settings, key=key)
    assert smtp is not None
    assert (smtp.bounces, smtp.bounce_key, smtp.per_minute) == ("bounces@paper.mx", bounce_key(key), 30)
    for shown in (repr(settings), repr(made), repr(smtp)):
        assert "sesame-9" not in shown
        assert str(bounce_key(key)) not in shown
