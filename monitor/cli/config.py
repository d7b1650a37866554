"""`monitor check-config | plan | apply`: the configuration files."""

from pathlib import Path

import typer

from monitor.cli.options import ConfigOption, JsonOption, read_settings
from monitor.cli.output import counted, print_json, print_table
from monitor.cli.session import call
from monitor.config import Settings, load_desired


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command(name="check-config")(check_config)
    app.command()(plan)
    app.command()(apply)


def check_config(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Check all configuration files and report every problem at once; changes nothing.

    Example: monitor check-config --config config/monitor.toml
    """
    settings = read_settings(config)
    desired = load_desired(settings)
    counts = {
        "feeds": len(desired.feeds),
        "feeds_enabled": sum(feed.enabled for feed in desired.feeds),
        "topics": len(desired.topics),
        "subscribers": len(desired.subscribers),
        "channels": len(desired.channels),
        "subscriptions": len(desired.subscriptions),
    }
    if as_json:
        print_json({"ok": True, **counts})
        return
    enabled = counts.pop("feeds_enabled")
    parts = [counted(count, name.removesuffix("s")) for name, count in counts.items()]
    parts[0] += f" ({enabled} enabled)"
    typer.echo("Configuration is good: " + ", ".join(parts))
    if not settings.service.contact:
        typer.echo(
            "note: [service] contact is empty, so feeds are polled at most once in 60 minutes; "
            "set it to a page or mail address where a publisher can reach you"
        )


def plan(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show what applying the configuration files would change; changes nothing.

    Example: monitor plan
    """
    settings = _checked(config)
    _changes(call(settings, "GET", "/config/plan"), as_json=as_json, none="Nothing to change.")


def apply(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Apply the configuration files in one transaction; a problem in any of them changes nothing.

    Example: monitor apply
    """
    settings = _checked(config)
    _changes(call(settings, "POST", "/config/apply"), as_json=as_json, none="Nothing changed.")


def _checked(config: Path | None) -> Settings:
    """Report problems from here, with their exit code, before a daemon is asked."""
    settings = read_settings(config)
    load_desired(settings)
    return settings


def _changes(changes: list[dict[str, str]], *, as_json: bool, none: str) -> None:
    if as_json:
        print_json(changes)
        return
    if not changes:
        typer.echo(none)
        return
    print_table(
        ["action", "kind", "name", "detail"],
        [(line["action"], line["kind"], line["slug"], line["detail"]) for line in changes],
    )
