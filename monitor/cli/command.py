"""Assemble the command line from its nouns."""

from typing import Annotated

import typer

from monitor import __version__
from monitor.cli import (
    backtest,
    channels,
    config,
    deliveries,
    doctor,
    feeds,
    items,
    mail,
    quality,
    route,
    run,
    silences,
    stats,
    subscribers,
    topics,
    why,
)

app = typer.Typer(
    help="Poll news feeds, match new items against watch topics, and tell subscribers once per story.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)
for noun in (run, config, items, channels, doctor, stats):
    noun.register(app)
app.add_typer(feeds.app, name="feeds")
quality.register(topics.app)
backtest.register(topics.app)
app.add_typer(topics.app, name="topics")
app.add_typer(channels.app, name="channels")
why.register(deliveries.app)
app.add_typer(deliveries.app, name="deliveries")
app.add_typer(mail.app, name="mail")
app.add_typer(subscribers.app, name="subscribers")
app.add_typer(silences.app, name="silences")
app.add_typer(route.app, name="route")


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"news-monitor {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Watch news feeds and tell people, once per story, with the reason."""
