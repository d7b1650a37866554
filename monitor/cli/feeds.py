"""`monitor feeds list | add | import`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from monitor.cli.options import ConfigOption, JsonOption, read_settings
from monitor.cli.output import cut, print_json, print_table, when
from monitor.cli.session import call
from monitor.config import read_opml

app = typer.Typer(help="Feeds: what is polled.", no_args_is_help=True)


@app.command(name="list")
def list_feeds(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List all feeds, failing ones first.

    Example: monitor feeds list --json
    """
    lines = call(read_settings(config), "GET", "/feeds")
    if as_json:
        print_json(lines)
        return
    if not lines:
        typer.echo(
            "No feeds yet: `monitor apply` takes over the configuration files (so does `monitor run`)."
        )
        return
    print_table(
        ["feed", "state", "lang", "last ok", "next poll", "reason"],
        [
            (
                line["slug"],
                line["state"],
                line["language"],
                when(line["last_ok_at"]),
                when(line["next_poll_at"]),
                cut(line["reason"], 70),
            )
            for line in lines
        ],
    )


@app.command()
def add(
    url: Annotated[str, typer.Argument(help="Address of the feed.")],
    slug: Annotated[str, typer.Option(help="Its name here (default: made from its title).")] = "",
    title: Annotated[str, typer.Option(help="Title (default: the feed's own).")] = "",
    language: Annotated[
        str, typer.Option(help="Language tag such as en or es (default: the feed's own).")
    ] = "",
    region: Annotated[str, typer.Option(help="Region it covers.")] = "",
    publisher: Annotated[str, typer.Option(help="The outlet behind it (default: the title).")] = "",
    unchecked: Annotated[bool, typer.Option("--unchecked", help="Add without fetching it first.")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Fetch a feed once to see that it is one, and add it. Its first scheduled poll alerts nobody.

    Example: monitor feeds add https://elpasomatters.org/feed/
    """
    body = {
        "url": url,
        "slug": slug,
        "title": title,
        "language": language,
        "region": region,
        "publisher": publisher,
        "unchecked": unchecked,
    }
    done = call(read_settings(config), "POST", "/feeds", body=body)
    _added(done, as_json=as_json)


@app.command(name="import")
def import_feeds(
    path: Annotated[Path, typer.Argument(help="An OPML file.", exists=True, dir_okay=False)],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add every feed of an OPML file that is not known yet.

    Example: monitor feeds import subscriptions.opml
    """
    lines = [{"url": line.url, "title": line.title} for line in read_opml(path)]
    _added(call(read_settings(config), "POST", "/feeds/import", body=lines), as_json=as_json)


def _added(done: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(done)
        return
    for line in done["added"]:
        typer.echo(f"added {line['slug']}: {line['title']} <{line['url']}> {done['found']}".rstrip())
    for reason in done["left_out"]:
        typer.echo(f"left out: {reason}")
    if not done["added"]:
        typer.echo("nothing added")
