import sys
from typing import Any

import pytest

from monitor.config import read_watchlist
from monitor.errors import ConfigError
from monitor.model import ChannelKind, PayloadFormat, Priority

WATCHLIST = """\
name = "line"
title = "The line"

[[topic]]
slug = "tunnels"
name = "Tunnels"
description = "Tunnels under the line."
priority = "urgent"
query = '''
tunnel AND (border OR frontera)
'''

[[topic.must_match]]
title = "Tunnel found under the border"
language = "en"

[[topic.must_not_match]]
title = "Wind tunnel opens"
summary = "At the university."
"""

FEEDS = """\
[[feed]]
slug = "paper"
url = "https://paper.mx/feed"
title = "The Paper"
language = "es"
region = "Sonora"
publisher = "Paper"
min_interval_minutes = 90

[[feed]]
slug = "silent"
url = "https://silent.mx/feed"
enabled = false
"""


def fill(folder: Any) -> None:
    folder.write("watchlists/line.toml", WATCHLIST)
    folder.write("feeds/local.toml", FEEDS)


def test_topics_feeds_and_examples_are_read(folder: Any) -> None:
    fill(folder)
    desired = folder.desired()
    (topic,) = desired.topics
    assert (topic.slug, topic.watchlist, topic.owner) == ("tunnels", "line", "file:watchlists/line.toml")
    assert (topic.priority, topic.query) == (Priority.URGENT, "tunnel AND (border OR frontera)")
    assert [(each.title, each.match) for each in topic.examples] == [
        ("Tunnel found under the border", True),
        ("Wind tunnel opens", False),
    ]
    paper, silent = desired.feeds
    assert (paper.min_interval, paper.owner, paper.enabled) == (5400, "file:feeds/local.toml", True)
    assert (silent.enabled, silent.disabled_reason) == (False, "disabled in feeds/local.toml")
    assert silent.title == "silent"
    assert desired.files == ("watchlists/line.toml", "feeds/local.toml")


def test_the_revision_changes_with_the_content_only(folder: Any) -> None:
    fill(folder)
    first = folder.desired().revision
    folder.write("feeds/local.toml", f"# a comment\n{FEEDS}")
    assert folder.desired().revision == first
    folder.write("feeds/local.toml", FEEDS.replace("Sonora", "Sinaloa"))
    assert folder.desired().revision != first


def test_without_a_subscription_alerts_go_to_the_console(folder: Any) -> None:
    desired = folder.desired()
    (subscription,) = desired.subscriptions
    assert subscription.channel.kind is ChannelKind.CONSOLE
    assert (subscription.subscriber.slug, subscription.topics, subscription.owner) == (
        "operator",
        (),
        "builtin",
    )
    assert desired.channels == (subscription.channel,)
    assert desired.subscribers == (subscription.subscriber,)


RECIPIENTS = """\
[[subscriber]]
slug = "desk"
name = "Desk"
language = "es"

[[channel]]
slug = "hook"
kind = "webhook"
url = "https://hooks.paper.mx/in"

[[subscription]]
slug = "desk-hook"
subscriber = "desk"
channel = "hook"
topics = ["tunnels"]
languages = ["es"]
"""


def test_the_first_subscription_takes_the_consoles_place(folder: Any) -> None:
    fill(folder)
    folder.write("recipients.toml", RECIPIENTS)
    desired = folder.desired()
    (subscription,) = desired.subscriptions
    assert (subscription.slug, subscription.topics, subscription.languages) == (
        "desk-hook",
        ("tunnels",),
        ("es",),
    )
    assert (subscription.channel.address, subscription.channel.secret) == ("https://hooks.paper.mx/in", "")
    assert [each.slug for each in desired.channels] == ["hook"]


def test_the_console_can_be_kept_beside_it_by_name(folder: Any) -> None:
    fill(folder)
    console = '[[subscription]]\nslug = "mine"\nsubscriber = "operator"\nchannel = "console"\n'
    folder.write("recipients.toml", RECIPIENTS + console)
    desired = folder.desired()
    assert {each.slug: each.channel.kind for each in desired.subscriptions} == {
        "desk-hook": ChannelKind.WEBHOOK,
        "mine": ChannelKind.CONSOLE,
    }


def test_webhook_addresses_and_keys_may_be_references(folder: Any) -> None:
    fill(folder)
    key = "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    (folder.path / "hook.secret").write_text(key + "\n", encoding="utf-8")
    text = RECIPIENTS.replace(
        '"https://hooks.paper.mx/in"', '{env = "HOOK"}\nsecret = {file = "hook.secret"}'
    )
    folder.write("recipients.toml", text)
    (channel,) = folder.desired({"HOOK": "https://hooks.paper.mx/token"}).channels
    assert (channel.address, channel.secret) == ("https://hooks.paper.mx/token", key)
    assert key not in repr(channel)
    problem = folder.problem()
    assert (problem.path, problem.line) == ("channel[0].url", 9)
    assert "HOOK is not set" in problem.message


def test_an_email_channel_needs_a_mail_server(folder: Any) -> None:
    folder.write("recipients.toml", '[[channel]]\nslug = "mail"\nkind = "email"\naddress = "a@paper.mx"\n')
    problem = folder.problem()
    assert (problem.file, problem.line, problem.path) == (
        folder.name("recipients.toml"),
        3,
        "channel[0].kind",
    )
    assert "[smtp]" in problem.hint
    folder.write("monitor.toml", '[smtp]\nhost = "localhost"\nfrom = "b@paper.mx"\n')
    assert folder.desired().channels[0].address == "a@paper.mx"


def test_a_query_error_names_its_line_and_column_in_the_file(folder: Any) -> None:
    text = """\
        name = "line"

        [[topic]]
        slug = "wall"
        name = "Wall"
        query = '''
          wall AND border
          AND (fence OR
        '''
        [[topic]]
        slug = "tunnels"
        name = "Tunnels"
        query = "  tunnel OR border AND frontera"
        [[topic]]
        slug = "nothing"
        name = "Nothing"
        query = "\\"never\\" closed\\""
        """
    folder.write("watchlists/line.toml", text)
    wall, tunnels, nothing = folder.problems()
    assert {each.file for each in (wall, tunnels, nothing)} == {folder.name("watchlists/line.toml")}
    assert (wall.path, wall.line) == ("topic[0].query", 8)
    assert "topic 'wall'" in wall.message
    assert (tunnels.line, tunnels.path) == (13, "topic[1].query")
    assert "topic 'tunnels'" in tunnels.message
    assert tunnels.hint, "an unparenthesised mix says what would be right"
    # the column counts the escapes that the file has and the query has not
    assert (nothing.line, nothing.column) == (17, 10 + len('\\"never\\" closed'))


def test_all_problems_of_all_files_are_told_at_once(folder: Any) -> None:
    folder.write(
        "watchlists/line.toml",
        """\
        name = "line"
        titel = "The line"
        [[topic]]
        slug = "tunnels"
        name = "Tunnels"
        query = "tunnel"
        prioritty = "urgent"
        [[topic]]
        slug = "Wall!"
        name = "Wall"
        priority = "high"
        query = "tunnel AND"
        [[topic]]
        slug = "tunnels"
        name = "Again"
        query = "tunnel"
        [[topic.must_match]]
        titel = "x"
        """,
    )
    folder.write("watchlists/broken.toml", "name = \n")
    folder.write(
        "feeds/a.toml",
        """\
        [[feed]]
        slug = "one"
        url = "https://paper.mx/feed"
        [[feed]]
        slug = "two"
        url = "ftp://paper.mx/feed"
        [[feed]]
        url = "https://u:p@paper.mx/other"
        """,
    )
    folder.write("feeds/b.toml", '[[feed]]\nslug = "three"\nurl = "https://PAPER.mx:443/feed#top"\n')
    folder.write(
        "recipients.toml",
        """\
        [[subscriber]]
        slug = "desk"
        name = "Desk"
        [[channel]]
        slug = "mail"
        kind = "email"
        address = "Desk <desk@paper.mx>"
        [[channel]]
        slug = "hook"
        kind = "webhook"
        address = "a@paper.mx"
        [[subscription]]
        slug = "s"
        subscriber = "dsk"
        channel = "mail"
        topics = ["tunnels", "tunels"]
        """,
    )
    found = [(each.file.removeprefix(f"{folder.path}/"), each.path, each.line) for each in folder.problems()]
    assert found == [
        ("feeds/a.toml", "feed[1].url", 6),
        ("feeds/a.toml", "feed[2].slug", 7),
        ("feeds/a.toml", "feed[2].url", 8),
        ("feeds/b.toml", "feed[0].url", 3),
        ("recipients.toml", "channel[0].address", 7),
        ("recipients.toml", "channel[1]", 8),
        ("recipients.toml", "subscription[0].subscriber", 14),
        ("recipients.toml", "subscription[0].topics[1]", 16),
        ("watchlists/broken.toml", "", 1),
        ("watchlists/line.toml", "titel", 2),
        ("watchlists/line.toml", "topic[0].prioritty", 7),
        ("watchlists/line.toml", "topic[1].slug", 9),
        ("watchlists/line.toml", "topic[1].priority", 11),
        ("watchlists/line.toml", "topic[1].query", 12),
        ("watchlists/line.toml", "topic[2].slug", 14),
        ("watchlists/line.toml", "topic[2].must_match[0].title", 17),
        ("watchlists/line.toml", "topic[2].must_match[0].titel", 18),
    ]
    hints = {each.path: each.hint for each in folder.problems()}
    assert hints["topic[0].prioritty"] == "did you mean 'priority'?"
    assert hints["topic[2].must_match[0].titel"] == "did you mean 'title'?"
    assert hints["subscription[0].topics[1]"] == "did you mean 'tunnels'?"
    assert hints["subscription[0].subscriber"] == "did you mean 'desk'?"


def test_a_duplicate_names_the_first_one(folder: Any) -> None:
    folder.write("feeds/a.toml", '[[feed]]\nslug = "one"\nurl = "https://paper.mx/1"\n')
    folder.write("feeds/b.toml", '\n[[feed]]\nslug = "one"\nurl = "https://paper.mx/2"\n')
    problem = folder.problem()
    assert (problem.file, problem.line) == (folder.name("feeds/b.toml"), 3)
    assert f"already described in {folder.name('feeds/a.toml')}:1" in problem.message


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("lost.toml", "there is no file"),
        ("lost/*.toml", "there is no folder"),
        ("lost/a.toml", "there is no file"),
    ],
)
def test_a_lost_file_is_a_problem_and_not_an_empty_wish(folder: Any, pattern: str, message: str) -> None:
    folder.write("monitor.toml", f'[web]\nport = 1\n[files]\nfeeds = ["{pattern}"]\n')
    problem = folder.problem()
    assert (problem.file, problem.line, problem.path) == (folder.name("monitor.toml"), 4, "files.feeds")
    assert message in problem.message


def test_fast_polling_is_refused_for_feeds_of_others(folder: Any) -> None:
    folder.write("monitor.toml", "[fetch]\nmin_interval_seconds = 2\n")
    folder.write("feeds/a.toml", '[[feed]]\nslug = "own"\nurl = "http://127.0.0.1:8080/feed"\n')
    assert folder.desired().feeds[0].slug == "own"
    assert folder.settings().floor_seconds == 2
    folder.write("feeds/b.toml", '[[feed]]\nslug = "other"\nurl = "https://paper.mx/feed"\n')
    problem = folder.problem()
    assert (problem.file, problem.line) == (folder.name("monitor.toml"), 2)
    assert "'other' is not" in problem.message


def test_the_consoles_name_is_not_for_others(folder: Any) -> None:
    folder.write(
        "recipients.toml", '[[channel]]\nslug = "console"\nkind = "webhook"\nurl = "https://paper.mx/h"\n'
    )
    assert "kept for the console" in folder.problem().message


def test_a_key_that_is_no_webhook_key_is_refused_without_being_shown(folder: Any) -> None:
    text = '[[channel]]\nslug = "h"\nkind = "webhook"\nurl = "https://paper.mx/h"\nsecret = {env = "K"}\n'
    folder.write("recipients.toml", text)
    problem = folder.problem({"K": "hunter2"})
    assert (problem.path, problem.line) == ("channel[0].secret", 5)
    assert "hunter2" not in str(problem)


def test_a_table_where_a_list_of_tables_belongs_is_a_problem(folder: Any) -> None:
    folder.write("feeds/a.toml", '[feed]\nslug = "one"\nurl = "https://paper.mx/1"\n')
    problem = folder.problem()
    assert (problem.path, problem.line) == ("feed", 1)
    assert "[[feed]]" in problem.hint


def test_one_watchlist_can_be_read_by_itself(folder: Any) -> None:
    file = folder.write("line.toml", WATCHLIST)
    assert [each.slug for each in read_watchlist(file)] == ["tunnels"]
    folder.write("line.toml", WATCHLIST.replace("tunnel AND", "AND"))
    with pytest.raises(ConfigError, match=rf"{file}:10:1: topic\[0\].query: topic 'tunnels': "):
        read_watchlist(file)


def test_two_watchlists_cannot_share_a_name(folder: Any) -> None:
    folder.write("watchlists/a.toml", 'name = "line"\n')
    folder.write("watchlists/b.toml", '\nname = "line"\n')
    problem = folder.problem()
    assert (problem.file, problem.path, problem.line) == (folder.name("watchlists/b.toml"), "name", 2)


def test_a_chats_url_is_a_reference_and_is_kept_as_a_secret(folder: Any) -> None:
    pytest.importorskip("apprise", reason="the extra [apprise] is not installed")
    url = "gotifys://chat.paper.mx/AbCdEfGhIjKlMn1"
    folder.write("recipients.toml", '[[channel]]\nslug = "c"\nkind = "apprise"\nurl = {env = "CHAT"}\n')
    channel = {each.slug: each for each in folder.desired({"CHAT": url}).channels}["c"]
    assert (channel.kind, channel.address, channel.secret) == (ChannelKind.APPRISE, "", url)
    assert "AbCd" not in repr(channel)
    assert "CHAT is not set" in folder.problem().message
    problem = folder.problem({"CHAT": "json://chat.paper.mx/AbCdEfGhIjKlMn1"})
    assert problem.message == "channel 'c': json:// is no service that an apprise channel may use"
    assert (problem.path, problem.line) == ("channel[0].url", 4)


def test_without_the_extra_a_chat_channel_is_a_problem_with_its_remedy(
    folder: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)  # as Python sees a package that is not there
    folder.write("recipients.toml", '[[channel]]\nslug = "c"\nkind = "apprise"\nurl = {env = "CHAT"}\n')
    problem = folder.problem({"CHAT": "ntfy://news"})
    assert "needs the extra [apprise]" in problem.message
    assert problem.hint == "pip install 'news-monitor[apprise]'"


def test_a_webhooks_format_is_read(folder: Any) -> None:
    def formats() -> dict[str, PayloadFormat]:
        return {each.slug: each.format for each in folder.desired().channels if each.slug == "h"}

    text = '[[channel]]\nslug = "h"\nkind = "webhook"\nurl = "https://paper.mx/h"\n'
    folder.write("recipients.toml", text)
    assert formats() == {"h": PayloadFormat.STANDARD}
    folder.write("recipients.toml", text + 'format = "cloudevents"\n')
    assert formats() == {"h": PayloadFormat.CLOUDEVENTS}


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ('kind = "webhook"', "'url' is missing"),
        ('kind = "email"', "'address' is missing"),
        ('kind = "console"\naddress = "a@paper.mx"', "a console channel has no 'address'"),
        ('kind = "email"\naddress = "a@paper.mx"\nsecret = {env = "X"}', "an email channel has no 'secret'"),
        ('kind = "pager"', "must be 'console', 'email', 'webhook' or 'apprise'"),
        (
            'kind = "webhook"\nurl = "https://paper.mx/h"\nformat = "xml"',
            "must be 'standard' or 'cloudevents'",
        ),
        ('kind = "console"\nformat = "standard"', "a console channel has no 'format'"),
        ('kind = "apprise"', "'url' is missing"),
        ('kind = "apprise"\nurl = "ntfy://news"', "holds its password"),
        ('kind = "apprise"\nurl = {env = "X"}\nsecret = {env = "X"}', "an apprise channel has no 'secret'"),
        ('kind = "webhook"\nurl = "hooks.paper.mx"', "no web address"),
    ],
)
def test_a_channel_has_what_its_kind_needs(folder: Any, lines: str, message: str) -> None:
    folder.write("recipients.toml", f'[[channel]]\nslug = "c"\n{lines}\n')
    assert message in folder.problem().message


def test_a_reason_for_being_off_needs_the_switch(folder: Any) -> None:
    folder.write("feeds/a.toml", '[[feed]]\nslug = "a"\nurl = "https://a.mx/"\ndisabled_reason = "gone"\n')
    assert "enabled = false" in folder.problem().hint
