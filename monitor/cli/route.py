"""`monitor route test`: who would be told."""

from typing import Annotated, Any

import typer

from monitor.cli.options import ConfigOption, JsonOption, read_settings
from monitor.cli.output import print_json, when
from monitor.cli.session import call
from monitor.cli.times import date

app = typer.Typer(help="Routing: who is told of what, when and how.", no_args_is_help=True)


@app.callback()
def noun() -> None:
    """Routing: who is told of what, when and how."""


@app.command(name="test")
def try_route(
    item: Annotated[
        str | None, typer.Option("--item", help="A stored item, as if it came now: its address or number.")
    ] = None,
    title: Annotated[str | None, typer.Option("--title", help="Of an item that is made up.")] = None,
    summary: Annotated[str, typer.Option("--summary", help="Of an item that is made up.")] = "",
    language: Annotated[str, typer.Option("--language", help="Its language (default: its feed's).")] = "und",
    feed: Annotated[str, typer.Option("--feed", help="The feed that it is to come from.")] = "",
    published: Annotated[
        str | None, typer.Option("--published", help="When it is said to be published (default: unknown).")
    ] = None,
    topic: Annotated[
        list[str] | None, typer.Option("--topic", help="Take this topic as hit, whatever its query says.")
    ] = None,
    story: Annotated[
        str, typer.Option("--story", help="As a further report of this story: its id, or `own` with --item.")
    ] = "",
    at: Annotated[str | None, typer.Option("--at", help="Decide as at that time (default: now).")] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say for each subscription whether it would be told of an item, when, how and why. Nothing is stored or sent.

    Example: monitor route test --title "Aseguran fentanilo en Tijuana" --language es --at 2026-03-08T23:30-08:00
    """
    body = {
        "item": item or "",
        "title": title or "",
        "summary": summary,
        "language": language,
        "feed": feed,
        "published": date(published).isoformat() if published else None,
        "topics": topic or [],
        "story": story,
        "at": date(at).isoformat() if at else None,
    }
    found = call(read_settings(config), "POST", "/route/test", body=body)
    if as_json:
        print_json(found)
        return
    typer.secho(found["title"], bold=True)
    of = f" of {found['feed']}" if found["feed"] else ""
    typer.echo(f"  topics: {', '.join(found['topics']) or 'none'}{of}, decided as at {when(found['at'])}")
    for routed in found["routed"]:
        _print_routed(routed)
    for note in found["notes"]:
        typer.echo(f"note: {note}")


def _print_routed(routed: dict[str, Any]) -> None:
    if routed["told"]:
        typer.echo(f"  {routed['subscription']}: {routed['local']} {routed['zone']}, {routed['how']}")
    else:
        typer.echo(f"  {routed['subscription']}: not told")
    typer.echo(f"         {routed['why']}")
    for hit in routed["hits"][1:] if len(routed["hits"]) > 1 else ():
        typer.echo(f"         {hit['topic']}: {hit['verdict'].replace('_', ' ')}, {hit['reason']}")
