"""`monitor demo`, `monitor run`, `monitor poll`: the program at work.

The daemon and the demonstration are loaded by the command that needs them, so that the others start quickly.
"""

# ruff: noqa: PLC0415

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.options import ConfigOption, JsonOption, read_settings
from monitor.cli.output import counted, print_json, print_table
from monitor.cli.session import call, daemon_runs
from monitor.logs import configure_logs

if TYPE_CHECKING:
    from monitor.desk.feeds import FeedLine


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(demo)
    app.command()(run)
    app.command()(poll)


def demo(
    exit_when_done: Annotated[
        bool,
        typer.Option(
            "--exit", help="End by itself; code 0 only if every expected alert, and no other, arrived."
        ),
    ] = False,
    folder: Annotated[
        Path | None,
        typer.Option(help="Keep configuration, state and mails here (default: a new temporary folder)."),
    ] = None,
) -> None:
    """Show the whole product offline: feeds, matches, alerts by webhook and email, all on this machine.

    Example: monitor demo --exit
    """
    from monitor.demo.run import run_demo

    raise typer.Exit(asyncio.run(run_demo(folder, exit_when_done=exit_when_done, out=sys.stdout)))


def run(config: ConfigOption = None) -> None:
    """Run the daemon until SIGTERM or Ctrl-C. SIGHUP applies the configuration files again.

    Example: monitor run --config config/monitor.toml
    """
    from monitor.daemon import run_daemon

    settings = read_settings(config)
    configure_logs(style=settings.log.format, level=settings.log.level)

    async def main() -> int:
        return await run_daemon(settings, stop=asyncio.Event(), install_signals=True)

    raise typer.Exit(asyncio.run(main()))


def poll(
    feeds: Annotated[
        list[str] | None,
        typer.Argument(help="Feeds to poll now (default: those that are due, and those never polled)."),
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Poll, decide and send once, then end.")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Poll feeds now. With a daemon running, it does the work; otherwise give --once to do it here.

    Example: monitor poll --once el-paso-matters
    """
    settings = read_settings(config)
    if daemon_runs(settings):
        slugs = call(settings, "POST", "/feeds/poll", body={"feeds": feeds or []})
        print_json(slugs) if as_json else typer.echo(f"The daemon polls {counted(len(slugs), 'feed')} now.")
        return
    if not once:
        typer.echo("No daemon runs on this state folder: start one (monitor run), or add --once.", err=True)
        raise typer.Exit(1)
    from monitor.daemon import poll_once

    configure_logs(style=settings.log.format, level="warning")
    polled = asyncio.run(poll_once(settings, feeds or []))
    _show(polled, as_json=as_json)
    if polled and not any(line.state == "ok" for line in polled):
        raise typer.Exit(1)


def _show(polled: "list[FeedLine]", *, as_json: bool) -> None:
    if as_json:
        print_json(polled)
        return
    print_table(["feed", "state", "reason"], [(line.slug, line.state, line.reason) for line in polled])
    good = sum(line.state == "ok" for line in polled)
    typer.echo(f"polled {counted(len(polled), 'feed')}: {good} ok, {len(polled) - good} not")
