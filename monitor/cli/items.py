"""`monitor parse | explain`: what we read, and what became of it."""

import asyncio
from typing import Annotated, Any

import typer

from monitor.cli.options import ConfigOption, JsonOption, read_settings
from monitor.cli.output import marked, print_json, print_line, when
from monitor.cli.session import call
from monitor.desk.parse import parse_all
from monitor.fetch.report import PARSED


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(parse)
    app.command()(explain)


def parse(
    targets: Annotated[list[str], typer.Argument(help="Feed files or addresses.")],
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON for each file.")] = False,
    config: ConfigOption = None,
) -> None:
    """Show a feed as this program reads it. Code 1 when one of several could not be read as a feed.

    Example: monitor parse --json feed.xml https://elpasomatters.org/feed/
    """
    settings = read_settings(config)
    bad = 0

    def show(document: dict[str, Any]) -> None:
        nonlocal bad
        bad += document["outcome"] != PARSED
        print_line(document) if as_json else _print_document(document)

    asyncio.run(parse_all(settings, targets, show))
    raise typer.Exit(1 if bad else 0)


def _print_document(document: dict[str, Any]) -> None:
    feed = document["feed"]
    typer.secho(f"{document['file']}: {document['outcome']}", bold=True)
    if document.get("reason"):
        typer.echo(f"  {document['reason']}")
    if feed["format"]:
        typer.echo(
            f"  {feed['title']} ({feed['format']}, {feed['language']}), {len(document['items'])} items"
        )
    for item in document["items"]:
        typer.echo(f"  - {when(item['published'] or item['updated'])}  {item['title']}")
        if item["link"]:
            typer.echo(f"    {item['link']}")


def explain(
    target: Annotated[str, typer.Argument(help="The address of an article, or an item's id.")],
    topic: Annotated[str | None, typer.Argument(help="One topic (default: all).")] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say why an item did, or did not, become an alert.

    Example: monitor explain https://example.org/story fentanyl
    """
    found = call(read_settings(config), "GET", "/items/explain", params={"target": target, "topic": topic})
    if as_json:
        print_json(found)
        return
    for item in found:
        print_item(item)
        for verdict in sorted(item["verdicts"], key=lambda verdict: not verdict["hit"]):
            print_verdict(verdict)


def print_item(item: dict[str, Any]) -> None:
    """Show what is known of an item as a whole."""
    typer.secho(item["title"], bold=True)
    typer.echo(
        f"  item {item['item']} of {item['feed']}, version {item['version']}, first seen {when(item['first_seen'])}"
    )
    if item["link"]:
        typer.echo(f"  {item['link']}")
    if item["story"]:
        typer.echo(f"  story: {item['story']}")
        for said in filter(None, (item["coverage"], item["why_story"])):
            typer.echo(f"         {said}")
        for other in item["related"]:
            typer.echo(f"  related coverage: {other}")
    if item["article"]:
        typer.echo(f"  full text: {item['article']}")


def print_verdict(verdict: dict[str, Any]) -> None:
    """Show what became of an item under one topic."""
    mark = "HIT " if verdict["hit"] else "no  "
    words = f" [{', '.join(verdict['words'])}]" if verdict["words"] else ""
    typer.echo(f"  {mark} {verdict['topic']}: {verdict['sentence']}{words}")
    for excerpt in verdict["excerpts"]:
        typer.echo(f"         {marked(excerpt)}")
    for decision in verdict["decisions"]:
        typer.echo(f"         {decision}")
