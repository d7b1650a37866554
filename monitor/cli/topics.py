"""`monitor topics list | lint | test | match | fmt`."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from monitor.cli import trends
from monitor.cli.options import ConfigOption, JsonOption, read_settings
from monitor.cli.output import counted, print_json, print_line, print_table
from monitor.cli.session import call, store_exists
from monitor.config import load_desired, read_watchlist, tidy_watchlist, watchlist_paths, write_tidied
from monitor.desk import topics as desk
from monitor.errors import MonitorError
from monitor.match import compile_watchlist
from monitor.model import ItemText, Topic

app = typer.Typer(help="Topics: what is watched for.", no_args_is_help=True)
trends.register(app)

WatchlistOption = Annotated[
    Path | None,
    typer.Option("--watchlist", help="A watchlist file (default: those of the configuration).", exists=True),
]
SlugArguments = Annotated[list[str] | None, typer.Argument(help="Topics (default: all).")]


def read_topics(watchlist: Path | None, config: Path | None) -> list[Topic]:
    """Read the topics of one watchlist file, or of the configuration."""
    if watchlist is not None:
        return list(read_watchlist(watchlist))
    return list(load_desired(read_settings(config)).topics)


@app.command(name="list")
def list_topics(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the topics that are in the store.

    Example: monitor topics list
    """
    lines = call(read_settings(config), "GET", "/topics")
    if as_json:
        print_json(lines)
        return
    if not lines:
        typer.echo(
            "No topics yet: `monitor apply` takes over the configuration files (so does `monitor run`)."
        )
        return
    print_table(
        ["topic", "name", "priority", "rev", "on", "owner"],
        [
            (
                line["slug"],
                line["name"],
                line["priority"],
                str(line["revision"]),
                "yes" if line["enabled"] else "no",
                line["owner"],
            )
            for line in lines
        ],
    )


@app.command()
def lint(
    slugs: SlugArguments = None,
    watchlist: WatchlistOption = None,
    items: Annotated[
        Path | None,
        typer.Option(
            "--items",
            help="JSON lines {id, title, summary, lang?} to judge terms by.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Point out what looks like a mistake in queries. Code 1 when there is something to look at.

    With items (of a file, or the newest of the store when the configuration's own topics are looked at), also which
    terms are everywhere and which NOTs take much away.

    Example: monitor topics lint fentanyl --items items.jsonl
    """
    topics = desk.pick(read_topics(watchlist, config), slugs or [])
    found = desk.run_lint(topics, _recent(items, watchlist, config))
    if as_json:
        print_json(found)
    else:
        for slug, findings in found.items():
            for finding in findings:
                typer.echo(f"{slug}: {finding} [{finding.code}]")
        typer.echo(f"{sum(map(len, found.values()))} findings")
    raise typer.Exit(1 if found else 0)


def _recent(items: Path | None, watchlist: Path | None, config: Path | None) -> list[ItemText]:
    """Return the items to judge terms by: a file's, or those of a store that is there already."""
    if items is not None:
        with items.open(encoding="utf-8") as lines:
            return list(desk.read_records(lines))
    settings = None if watchlist is not None else read_settings(config)
    if settings is None or not store_exists(settings):
        return []
    records = call(settings, "GET", "/items/texts")
    return [desk.record_text(record, line=number)[1] for number, record in enumerate(records, start=1)]


@app.command(name="test")
def run_tests(
    slugs: SlugArguments = None,
    watchlist: WatchlistOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run the pinned examples of each topic; name each that breaks. Code 1 when one does.

    Example: monitor topics test --watchlist config/watchlists/us-mexico-border.toml
    """
    results = desk.run_tests(desk.pick(read_topics(watchlist, config), slugs or []))
    broken = sum(len(result.broken) for result in results)
    if as_json:
        print_json(results)
    else:
        print_table(
            ["topic", "must match", "must not", "broken"],
            [(r.slug, str(r.must_match), str(r.must_not_match), str(len(r.broken))) for r in results],
        )
        for result in results:
            for line in result.broken:
                typer.echo(f"{result.slug}: {line}")
        total = sum(result.must_match + result.must_not_match for result in results)
        typer.echo(f"{total - broken} of {total} examples hold in {len(results)} topics")
    raise typer.Exit(1 if broken else 0)


@app.command(name="match")
def match_items(watchlist: WatchlistOption = None, config: ConfigOption = None) -> None:
    """Match items given as JSON lines on standard input; one JSON line each comes out, in the same order.

    In: {id, title, summary, lang?, body?, source?, url?, author?, tags?}.
    Out: {id, topics: [{topic, spans: [{field, start, end, text}]}]}.

    Example: monitor topics match < items.jsonl
    """
    compiled = compile_watchlist(read_topics(watchlist, config), revision=0)
    for number, line in enumerate(sys.stdin, start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except ValueError as error:
            raise MonitorError(f"line {number}: not JSON: {error}") from error
        print_line(desk.match_record(compiled, record, line=number))


@app.command(name="fmt")
def tidy(
    watchlist: WatchlistOption = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; code 1 when something would change.")
    ] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Lay out the queries and groups of watchlist files in the canonical way; everything else stays as it is.

    Example: monitor topics fmt --watchlist config/watchlists/us-mexico-border.toml
    """
    paths = [watchlist] if watchlist is not None else list(watchlist_paths(read_settings(config)))
    every = [tidy_watchlist(path) for path in paths]
    changed = [tidied for tidied in every if tidied.changed]
    if not check:
        for tidied in changed:
            write_tidied(tidied)
    if as_json:
        print_json([{"file": str(tidied.path), "changed": tidied.changed} for tidied in every])
    else:
        for tidied in changed:
            done = "would be laid out anew" if check else "laid out anew"
            typer.echo(f"{tidied.path}: {done}: {', '.join(tidied.changed)}")
        typer.echo(f"{len(changed)} of {counted(len(every), 'file')} {'to change' if check else 'changed'}")
    raise typer.Exit(1 if check and changed else 0)
