"""`monitor subscribers …` beside a daemon and without one."""

from pathlib import Path

import pytest

from tests.cli.conftest import Cli, Site


@pytest.mark.parametrize("with_daemon", [True, False])
def test_subscribers_are_listed_suppressed_and_freed(tmp_path: Path, cli: Cli, *, with_daemon: bool) -> None:
    with Site(tmp_path / "site", with_daemon=with_daemon) as site:
        config = ("--config", site.config)
        if not with_daemon:
            assert cli("apply", *config).code == 0
        listed = cli("subscribers", "list", *config)
        assert listed.code == 0
        assert "re•••@demo.example" in listed.out
        assert {each["slug"] for each in cli("subscribers", "list", "--json", *config).json} == {
            "newsroom",
            "redaccion",
        }
        address = "redaccion@demo.example"
        assert cli("subscribers", "suppress", address, *config).out.startswith("Suppressed (admin) since ")
        shown = cli("subscribers", "show", "redaccion", *config)
        assert "On the suppression list: redaccion@demo.example" in shown.out
        assert (
            cli("subscribers", "unsuppress", address, *config).out
            == "Off the list; mail may go there again.\n"
        )
        again = cli("subscribers", "unsuppress", address, *config)
        assert (again.code, "not on the suppression list" in again.err) == (1, True)


def test_a_person_is_invited_exported_and_erased(tmp_path: Path, cli: Cli) -> None:
    with Site(tmp_path / "site", with_daemon=True) as site:
        config = ("--config", site.config)
        invited = cli("subscribers", "invite", "ana@correo.example", "--topics", "fentanyl", *config)
        assert invited.out == "A mail asks for a yes; nothing else is sent before.\n"
        wrong = cli("subscribers", "invite", "ana", *config)
        assert (wrong.code, "This is no mail address" in wrong.err) == (1, True)
        exported = cli("subscribers", "export", "redaccion", *config).json
        assert exported["channels"][0]["address"] == "redaccion@demo.example"
        refused = cli("subscribers", "erase", "redaccion", *config)
        assert (refused.code, "recipients.toml" in refused.err) == (1, True)
        forced = cli("subscribers", "erase", "redaccion", "--force", *config)
        assert forced.code == 0
        assert (
            "Kept: subscriber redaccion (recipients.toml), until its file no longer names it." in forced.out
        )
        nothing = cli("subscribers", "opt-in", "redaccion", *config)
        assert (nothing.code, "did not unsubscribe from anything" in nothing.err) == (1, True)
