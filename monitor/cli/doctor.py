"""`monitor doctor`: look the installation over."""

import typer

from monitor.cli.options import ConfigOption, JsonOption, read_settings
from monitor.cli.output import COLORS, print_json
from monitor.cli.session import call, daemon_runs


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(doctor)


def doctor(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Check configuration, store, libraries, feeds, deliveries and mail; say what to do. Code 1 on a failure.

    Example: monitor doctor
    """
    settings = read_settings(config)
    running = daemon_runs(settings)
    findings = call(settings, "GET", "/config/doctor")
    if as_json:
        print_json({"daemon": running, "state_dir": str(settings.state_dir), "findings": findings})
    else:
        typer.echo(f"state folder {settings.state_dir}, daemon {'running' if running else 'not running'}")
        for finding in findings:
            grade = typer.style(finding["grade"].ljust(4), fg=COLORS.get(finding["grade"]))
            advice = f" -> {finding['advice']}" if finding["advice"] else ""
            typer.echo(f"{grade}  {finding['subject']}: {finding['found']}{advice}")
    raise typer.Exit(1 if any(finding["grade"] == "fail" for finding in findings) else 0)
