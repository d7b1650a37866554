"""`monitor demo`, `monitor run`, `monitor poll`: the program at work."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer

from monitor.app import App
from monitor.cli.options import ConfigOption, JsonOption, read_settings
from monitor.cli.output import print_json, print_table
from monitor.cli.session import call, daemon_runs
from monitor.config import Settings
from monitor.daemon import bring_up, run_daemon
from monitor.demo.run import run_demo
from monitor.desk.feeds import FeedLine, list_feeds, poll_now
from monitor.logs import configure_logs


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
    raise typer.Exit(asyncio.run(run_demo(folder, exit_when_done=exit_when_done, out=sys.stdout)))


def run(config: ConfigOption = None) -> None:
    """Run the daemon until SIGTERM or Ctrl-C. SIGHUP applies the configuration files again.

    Example: monitor run --config config/monitor.toml
    """
    settings = read_settings(config)
    configure_logs(style=settings.log.format, level=settings.log.level)

    async def main() -> int:
        return await run_daemon(settings, stop=asyncio.Event(), install_signals=True)

    raise typer.Exit(asyncio.run(main()))


def poll(
    feeds: Annotated[
        list[str] | None, typer.Argument(help="Feeds to poll now (default: due and never polled).")
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
        print_json(slugs) if as_json else typer.echo(f"The daemon polls {len(slugs)} feeds now.")
        return
    if not once:
        typer.echo("No daemon runs on this state folder: start one (monitor run), or add --once.", err=True)
        raise typer.Exit(1)
    configure_logs(style=settings.log.format, level="warning")
    polled = asyncio.run(_poll_once(settings, feeds or []))
    _show(polled, as_json=as_json)
    if polled and not any(line.state == "ok" for line in polled):
        raise typer.Exit(1)


async def _poll_once(settings: Settings, slugs: list[str]) -> list[FeedLine]:
    """Do one round of all three stages in this process and return the feeds that were polled."""
    async with await App.open(settings) as app:
        await bring_up(app)
        started = app.context.clock()
        await poll_now(app, slugs)
        while await app.poller.fill():
            await app.poller.crew.drain()
        await app.dispatch()
        while await app.shipper.fill():
            await app.shipper.crew.drain()
        return [
            line
            for line in await list_feeds(app)
            if line.last_polled_at is not None and line.last_polled_at >= started
        ]


def _show(polled: list[FeedLine], *, as_json: bool) -> None:
    if as_json:
        print_json(polled)
        return
    print_table(["feed", "state", "reason"], [(line.slug, line.state, line.reason) for line in polled])
    good = sum(line.state == "ok" for line in polled)
    typer.echo(f"{len(polled)} feeds polled, {good} ok, {len(polled) - good} not")
