import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from monitor.config import Settings, load_settings
from monitor.errors import ConfigError, Problem

KEY = base64.b64encode(bytes(range(32))).decode()


def problems(folder: Any, environ: Mapping[str, str] | None = None) -> list[Problem]:
    with pytest.raises(ConfigError) as caught:
        folder.settings(environ)
    return list(caught.value.problems)


def test_an_empty_file_is_a_whole_configuration(folder: Any) -> None:
    settings = folder.settings()
    assert (settings.web.host, settings.web.port) == ("127.0.0.1", 8631)
    assert settings.smtp is None
    assert settings.folder == folder.path


def test_settings_are_frozen(folder: Any) -> None:
    settings = folder.settings()
    with pytest.raises(ValidationError):
        settings.web.port = 1
    with pytest.raises(ValidationError):
        settings.web = None


def test_variables_of_other_programs_are_not_read(folder: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG", "yes")
    monkeypatch.setenv("STORE", "shop")
    monkeypatch.setenv("MONITOR__WEB__PORT", "1")  # not in the environment that is handed over
    assert folder.settings({}).web.port == 8631


def test_every_problem_is_told_at_once_with_its_place(folder: Any) -> None:
    folder.write(
        "monitor.toml",
        """\
        [service]
        contact = "you@example.com"
        language = "fr"

        [fetch]
        min_intervall_minutes = 20
        per_host = 99

        [wep]
        port = 80

        [smtp]
        host = "mail.paper.mx"
        password = "hunter2"
        """,
    )
    found = {(each.path, each.line, each.column): each for each in problems(folder)}
    assert set(found) == {
        ("service.contact", 2, 1),
        ("service.language", 3, 1),
        ("fetch.min_intervall_minutes", 6, 1),
        ("fetch.per_host", 7, 1),
        ("wep", 9, 1),
        ("smtp.from", 12, 1),
        ("smtp.password", 14, 1),
    }
    assert {each.file for each in found.values()} == {folder.name("monitor.toml")}
    assert found["fetch.min_intervall_minutes", 6, 1].hint == "did you mean 'min_interval_minutes'?"
    assert found["wep", 9, 1].hint == "did you mean 'web'?"
    assert "placeholder" in found["service.contact", 2, 1].message
    assert "hunter2" not in str(found)


def test_a_syntax_error_names_line_and_column(folder: Any) -> None:
    folder.write("monitor.toml", '[web]\nport = 80\nhost = "x\n')
    (problem,) = problems(folder)
    assert (problem.file, problem.line, problem.column) == (folder.name("monitor.toml"), 3, 10)
    assert "not valid TOML" in problem.message


def test_an_end_too_early_is_placed_at_the_end(folder: Any) -> None:
    folder.write("monitor.toml", "[web]\nhosts = [")
    (problem,) = problems(folder)
    assert problem.line == 2


def test_a_file_that_is_not_utf_8_is_a_problem_with_its_line(folder: Any) -> None:
    (folder.path / "monitor.toml").write_bytes(b'[service]\nname = "Jos\xe9"\n')
    (problem,) = problems(folder)
    assert (problem.line, problem.column) == (2, 12)
    assert problem.hint == "save it as UTF-8"


def test_a_byte_order_mark_and_windows_line_ends_are_fine(folder: Any) -> None:
    (folder.path / "monitor.toml").write_bytes(b"\xef\xbb\xbf[web]\r\nport = 81\r\n")
    assert folder.settings().web.port == 81


def test_a_missing_file_is_a_problem_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.toml: there is no such file"):
        load_settings(tmp_path / "nowhere.toml", {})


def test_without_any_file_the_problem_says_where_was_looked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=r"config/monitor\.toml.*MONITOR_CONFIG"):
        load_settings(None, {})


def test_the_file_is_found_by_variable_and_by_place(folder: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    by_variable = folder.write("elsewhere.toml", "[web]\nport = 82\n")
    folder.write("config/monitor.toml", "[web]\nport = 83\n")
    monkeypatch.chdir(folder.path)
    assert load_settings(None, {"MONITOR_CONFIG": str(by_variable)}).web.port == 82
    assert load_settings(None, {}).web.port == 83


@pytest.mark.parametrize(
    "contact",
    [
        "you@example.com",
        "ops@example.org",
        "https://example.net/bot",
        "changeme",
        "change-me@paper.mx",
        "https://your-site.mx",
        "<address>",
        "you@paper.mx",
        "TODO",
        "bot@host.invalid",
    ],
)
def test_a_placeholder_contact_is_refused_with_what_to_do(folder: Any, contact: str) -> None:
    folder.write("monitor.toml", f'[service]\ncontact = "{contact}"\n')
    (problem,) = problems(folder)
    assert "is a placeholder" in problem.message
    assert "once an hour" in problem.hint


@pytest.mark.parametrize("contact", ["desk@paper.mx", "https://paper.mx/feeds-bot", "demo@localhost"])
def test_a_real_contact_is_taken(folder: Any, contact: str) -> None:
    folder.write("monitor.toml", f'[service]\ncontact = "{contact}"\n')
    assert folder.settings().service.contact == contact


def test_the_floor_is_an_hour_until_somebody_can_be_reached(folder: Any) -> None:
    assert folder.settings().floor_seconds == 3600
    folder.write("monitor.toml", '[service]\ncontact = "desk@paper.mx"\n')
    assert folder.settings().floor_seconds == 1800
    folder.write("monitor.toml", "[fetch]\nmin_interval_minutes = 120\n")
    assert folder.settings().floor_seconds == 7200


@given(
    host=st.sampled_from(
        ["127.0.0.1", "127.9.9.9", "localhost", "[::1]", "paper.mx", "10.0.0.1", "127.0.0.1.paper.mx"]
    ),
    seconds=st.integers(1, 3600),
)
def test_seconds_as_a_floor_never_reach_another_machine(
    tmp_path_factory: pytest.TempPathFactory, host: str, seconds: int
) -> None:
    file = tmp_path_factory.mktemp("floor") / "monitor.toml"
    file.write_text(f"[fetch]\nmin_interval_seconds = {seconds}\n", encoding="utf-8")
    settings = load_settings(file, {})
    own = host in {"127.0.0.1", "127.9.9.9", "localhost", "[::1]"}
    assert settings.floor_for(f"http://{host}:8080/feed") == (seconds if own else 3600)


def test_variables_override_the_file(folder: Any) -> None:
    folder.write("monitor.toml", '[web]\nport = 80\nhost = "::1"\n')
    settings = folder.settings(
        {
            "MONITOR__WEB__PORT": "9000",
            "MONITOR__WEB__ENABLED": "false",
            "MONITOR__FETCH__ALLOW_NETWORKS": "10.0.0.0/8, fd00::/8",
            "MONITOR__SMTP__HOST": "mail.paper.mx",
            "MONITOR__SMTP__FROM": "Paper <alerts@paper.mx>",
            "OTHER": "x",
        }
    )
    assert (settings.web.port, settings.web.host, settings.web.enabled) == (9000, "::1", False)
    assert settings.fetch.allow_networks == ("10.0.0.0/8", "fd00::/8")
    assert settings.smtp is not None
    assert settings.smtp.mail_from == "Paper <alerts@paper.mx>"


def test_a_wrong_variable_is_blamed_by_its_name(folder: Any) -> None:
    folder.write("monitor.toml", "[web]\nport = 80\n")
    environ = {"MONITOR__WEB__PORT": "http", "MONITOR__WEB__HOSTT": "x", "MONITOR__FEHTC__PER_HOST": "1"}
    found = {each.path: each for each in problems(folder, environ)}
    assert set(found) == set(environ)
    assert {each.file for each in found.values()} == {"environment"}
    assert found["MONITOR__WEB__HOSTT"].hint == "did you mean 'host'?"


def smtp(folder: Any, password: str, more: str = "") -> None:
    folder.write(
        "monitor.toml",
        f'[smtp]\nhost = "mail.paper.mx"\nfrom = "a@paper.mx"\nusername = "u"\npassword = {password}\n{more}',
    )


def test_secrets_are_fetched_by_reference(folder: Any, tmp_path: Path) -> None:
    (folder.path / "pw").write_text("from file\n", encoding="utf-8")
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "smtp").write_text("from credential\n", encoding="utf-8")
    environ = {"PW": "from env", "CREDENTIALS_DIRECTORY": str(credentials)}
    for reference, secret in (
        ('{env = "PW"}', "from env"),
        ('{file = "pw"}', "from file"),
        (f'{{file = "{folder.path / "pw"}"}}', "from file"),
        ('{credential = "smtp"}', "from credential"),
    ):
        smtp(folder, reference)
        settings = folder.settings(environ)
        assert settings.smtp.password == secret
        assert secret not in repr(settings)
        assert secret not in str(settings)


def test_variables_give_secrets_themselves_or_as_a_file(folder: Any) -> None:
    (folder.path / "pw").write_text("from file\n", encoding="utf-8")
    smtp(folder, '{env = "NOT_SET"}')
    assert folder.settings({"MONITOR__SMTP__PASSWORD": "direct"}).smtp.password == "direct"
    assert folder.settings({"MONITOR__SMTP__PASSWORD_FILE": "pw"}).smtp.password == "from file"
    assert folder.settings({"MONITOR__SMTP__PASSWORD__FILE": "pw"}).smtp.password == "from file"


@pytest.mark.parametrize(
    ("reference", "message", "hint"),
    [
        ('"hunter2"', "a secret is written as a reference", "{env ="),
        ('{env = "NOPE"}', "variable NOPE is not set", "set it"),
        ('{file = "nope"}', "nope cannot be read: No such file", "check path"),
        ('{file = "empty"}', "is empty", "put the secret there"),
        ('{credential = "smtp"}', "CREDENTIALS_DIRECTORY is not set", "LoadCredential=smtp:"),
        ('{vault = "x"}', "a secret is written as a reference", "{credential ="),
        ('{env = "A", file = "b"}', "a secret is written as a reference", "{file ="),
    ],
)
def test_an_unusable_secret_says_where_and_what_to_do(
    folder: Any, reference: str, message: str, hint: str
) -> None:
    (folder.path / "empty").write_text("\n", encoding="utf-8")
    smtp(folder, reference)
    (problem,) = problems(folder)
    assert (problem.path, problem.line) == ("smtp.password", 5)
    assert message in problem.message
    assert hint in problem.hint
    assert "hunter2" not in str(problem)


def test_a_credential_cannot_leave_its_directory(folder: Any, tmp_path: Path) -> None:
    smtp(folder, '{credential = "../monitor.toml"}')
    (problem,) = problems(folder, {"CREDENTIALS_DIRECTORY": str(tmp_path / "c")})
    assert "is no name of a credential" in problem.message


def test_passwords_are_not_sent_in_clear(folder: Any) -> None:
    smtp(folder, '{env = "PW"}', 'tls = "opportunistic"\n')
    (problem,) = problems(folder, {"PW": "x"})
    assert problem.line == 1
    assert "in clear" in problem.message
    folder.write("monitor.toml", '[smtp]\nhost = "mail.paper.mx"\nfrom = "a@paper.mx"\ntls = "none"\n')
    (problem,) = problems(folder)
    assert "only for a mail server on this machine" in problem.message
    folder.write("monitor.toml", '[smtp]\nhost = "127.0.0.1"\nfrom = "a@paper.mx"\ntls = "none"\n')
    assert folder.settings().smtp.tls == "none"


def test_the_state_folder_is_configured_given_by_systemd_or_the_users_own(folder: Any) -> None:
    assert folder.settings({"STATE_DIRECTORY": "/var/lib/a:/var/lib/b"}).state_dir == Path("/var/lib/a")
    assert folder.settings().state_dir.name == "news-monitor"
    folder.write("monitor.toml", '[store]\nstate_dir = "state"\n')
    settings = folder.settings({"STATE_DIRECTORY": "/var/lib/a"})
    assert settings.state_dir == folder.path / "state"
    assert settings.store_url == f"sqlite:{folder.path / 'state' / 'monitor.db'}"
    assert not settings.state_dir.exists(), "loading creates nothing"


def test_the_store_may_be_elsewhere_and_its_password_is_a_secret(folder: Any) -> None:
    folder.write("monitor.toml", '[store]\nurl = "sqlite:/data/m.db"\n')
    assert folder.settings().store_url == "sqlite:/data/m.db"
    folder.write("monitor.toml", '[store]\nurl = {env = "DB"}\n')
    settings = folder.settings({"DB": "postgresql://u:hunter2@db/m"})
    assert settings.store_url == "postgresql://u:hunter2@db/m"
    assert "hunter2" not in repr(settings)
    folder.write("monitor.toml", '[store]\nurl = "postgresql://u:hunter2@db/m"\n')
    (problem,) = problems(folder)
    assert problem.path == "store.url"
    assert "hunter2" not in str(problem)


def test_the_stores_key_is_32_bytes(folder: Any) -> None:
    assert folder.settings().store_key is None
    folder.write("monitor.toml", '[store]\nkey = {env = "KEY"}\n')
    assert folder.settings({"KEY": KEY}).store_key == bytes(range(32))
    (problem,) = problems(folder, {"KEY": "c2hvcnQ="})
    assert (problem.path, problem.line) == ("store.key", 2)
    assert "openssl rand" in problem.hint
    assert isinstance(folder.settings({"KEY": KEY}), Settings)
    assert KEY not in repr(folder.settings({"KEY": KEY}))


def websub(folder: Any, service: str, web: str = "") -> None:
    folder.write("monitor.toml", f"[service]\n{service}\n[fetch]\nwebsub = true\n{web}")


@pytest.mark.parametrize(
    "base", ["https://news.paper.mx/monitor", "http://127.0.0.1:8631", "http://localhost:1"]
)
def test_hubs_may_reach_us_over_https_or_on_this_machine(folder: Any, base: str) -> None:
    websub(folder, f'base_url = "{base}"')
    assert folder.settings().fetch.websub


@pytest.mark.parametrize("service", ["", 'base_url = "http://news.paper.mx"'])
def test_hubs_that_cannot_reach_us_are_a_problem_with_its_place(folder: Any, service: str) -> None:
    websub(folder, service)
    (problem,) = problems(folder)
    assert (problem.path, problem.line) == ("fetch.websub", 4)
    assert "reach over https" in problem.message
    assert "[service] base_url" in problem.hint


def test_hubs_cannot_reach_a_site_that_is_off(folder: Any) -> None:
    websub(folder, 'base_url = "https://news.paper.mx"', "[web]\nenabled = false\n")
    (problem,) = problems(folder)
    assert "[web] enabled is false" in problem.message


def test_hubs_are_not_used_unless_asked_for(folder: Any) -> None:
    folder.write("monitor.toml", "")
    assert not folder.settings().fetch.websub


SMTP = '[smtp]\nhost = "localhost"\nfrom = "monitor@paper.mx"\n'
BASE = '[service]\nbase_url = "https://news.paper.mx/monitor"\n'


@pytest.mark.parametrize(
    ("missing", "rest"),
    [
        ("no mail server", BASE),
        ("base_url is empty", SMTP),
        ("[web] enabled is false", f"{BASE}{SMTP}[web]\nenabled = false\n"),
    ],
)
def test_a_form_that_could_ask_nobody_is_a_problem_with_its_place(
    folder: Any, missing: str, rest: str
) -> None:
    folder.write("monitor.toml", f"[subscribers]\nsignup = true\n{rest}")
    (problem,) = problems(folder)
    assert (problem.path, problem.line) == ("subscribers.signup", 2)
    assert missing in problem.message


def test_nobody_signs_up_unless_asked_for(folder: Any) -> None:
    folder.write("monitor.toml", f"[subscribers]\nsignup = true\n{BASE}{SMTP}")
    assert folder.settings().subscribers.signup
    folder.write("monitor.toml", "")
    assert not folder.settings().subscribers.signup
