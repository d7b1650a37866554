"""`monitor feeds list | add | why | discover | import | export`."""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from monitor.cli.options import ConfigOption, JsonOption, read_settings
from monitor.cli.output import counted, cut, print_json, print_table, when
from monitor.cli.session import call
from monitor.config import read_opml
from monitor.errors import MonitorError
from monitor.fetch.language import UNKNOWN, is_tag, primary
from monitor.text.duration import words

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
        ["feed", "state", "since", "lang", "next poll", "reason"],
        [
            (
                line["slug"],
                line["state"],
                when(line["since"]),
                line["language"],
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
    """Add every feed of an OPML file that is not known yet, with its group as region. Those commented out are not.

    Example: monitor feeds import subscriptions.opml
    """
    outlines = [line for line in read_opml(path) if line.enabled]
    lines = [
        {
            "url": line.url,
            "title": line.title,
            "language": _known_language(line.language),
            "region": line.group,
            **({"kind": line.kind} if line.kind else {}),
        }
        for line in outlines
    ]
    _added(call(read_settings(config), "POST", "/feeds/import", body=lines), as_json=as_json)


@app.command(name="export")
def export_feeds(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file to write (default: standard output).")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Also those that are switched off, commented out.")
    ] = False,
    config: ConfigOption = None,
) -> None:
    """Write the feeds as an OPML subscription list, grouped by region. Passwords in addresses are left out.

    Example: monitor feeds export --output subscriptions.opml
    """
    text = call(read_settings(config), "GET", "/feeds/opml", params={"all": True} if everything else None)
    if output is None:
        sys.stdout.write(text)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise MonitorError(f"{output} cannot be written: {error.strerror}; name another --output") from error
    typer.echo(f"wrote {counted(text.count(' xmlUrl='), 'feed')} to {output}")


@app.command()
def discover(
    url: Annotated[str, typer.Argument(help="A host (elpasomatters.org), a page, or a feed.")],
    add: Annotated[
        bool, typer.Option("--add", help="Add every feed found that is new and not one of readers' comments.")
    ] = False,
    google_news: Annotated[
        bool, typer.Option("--google-news", help="Also ask Google News for the site (en-US and es-419).")
    ] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find the feeds of a site, best first. Code 1 when there is none. To add only one: monitor feeds add.

    Asks politely: at most 15 requests, a second apart, and nothing that the site's robots.txt forbids but the
    address you give.

    Example: monitor feeds discover elpasomatters.org
    """
    settings = read_settings(config)
    found = call(settings, "GET", "/feeds/discover", params={"url": url, "google_news": google_news})
    new = [line for line in found["feeds"] if not line["known"] and not line["comments"]] if add else []
    done = None
    if new:
        done = call(settings, "POST", "/feeds/import", body=[_to_add(line) for line in new])
    if as_json:
        print_json(
            {**found, "added": done["added"] if done else [], "left_out": done["left_out"] if done else []}
        )
    else:
        _show(found)
        if done:
            _added(done, as_json=False)
        elif add and found["feeds"]:
            typer.echo("nothing added: all of them are known, or of readers' comments")
    if not found["feeds"]:
        raise typer.Exit(1)


def _to_add(line: dict[str, Any]) -> dict[str, Any]:
    return {
        "url": line["url"],
        "title": line["title"][:200],
        "language": _known_language(line["language"]),
        "kind": "aggregator" if line["how"] == "google-news" else "news",
    }


def _known_language(tag: str) -> str:
    """Keep what is a language tag; lists also hold `English` or `no idea`, whose start would be a language."""
    return primary(tag) if is_tag(tag) and tag != UNKNOWN else ""


def _show(found: dict[str, Any]) -> None:
    if found["feeds"]:
        print_table(
            ["feed", "known as", "items", "a day", "newest", "lang", "format", "found by", "title"],
            [
                (
                    line["url"],
                    line["known"] or "-",
                    str(line["items"]),
                    "?" if line["per_day"] is None else f"{line['per_day']:.1f}",
                    _age(line["newest_at"]),
                    line["language"],
                    line["format"],
                    line["how"] + (", comments" if line["comments"] else ""),
                    cut(line["title"], 50),
                )
                for line in found["feeds"]
            ],
        )
    else:
        for tried in found["tried"]:
            typer.echo(f"tried {tried['url']} ({tried['how']}): {tried['result']}")
        typer.echo(f"No feed found: {found['advice']}")
    for line in found["suggestions"]:
        typer.echo(f"not asked: {line['url']} - {line['what']}")
    typer.echo(f"{counted(len(found['feeds']), 'feed')} by {counted(found['requests'], 'request')}")


def _age(newest: str | None) -> str:
    if newest is None:
        return "?"
    return f"{words((datetime.now(UTC) - datetime.fromisoformat(newest)).total_seconds())} ago"


@app.command()
def why(
    feed: Annotated[str, typer.Argument(help="The feed's name, as `monitor feeds list` shows it.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say when a feed is polled next and why, how it is, and what its last polls came to.

    Example: monitor feeds why el-paso-matters
    """
    told = call(read_settings(config), "GET", f"/feeds/{quote(feed, safe='')}/why")
    if as_json:
        print_json(told)
        return
    for name, text in _facts(told):
        typer.echo(f"{name:<10} {text}")
    if told["history"]:
        typer.echo("")
        print_table(
            ["polled", "outcome", "HTTP", "items", "new", "reason"],
            [
                (
                    when(poll["ended_at"]),
                    poll["outcome"],
                    poll["status"] or "-",
                    poll["items"] or "-",
                    poll["new_items"],
                    cut(poll["reason"], 90),
                )
                for poll in told["history"]
            ],
        )


def _facts(told: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what is known of a feed, a line each; what is not known has no line."""
    line = told["feed"]
    yield "feed", f"{line['slug']} ({line['title']})"
    yield "address", line["url"]
    if told["follows"]:
        yield "moved", f"asked at {told['follows']}, where its publisher has sent us for a week"
    since = f" since {when(line['since'])}" if line["since"] else ""
    yield "state", f"{line['state']}{since}: {line['reason']}"
    yield "next poll", f"{when(line['next_poll_at'])}: {told['plan']}"
    if told["wait"]:
        yield "host", told["wait"]
    yield "then", line["then"]
    if told["rate"] is not None:
        busiest = f", most of all {told['busiest']} (UTC)" if told["busiest"] else ""
        yield "rhythm", f"about {told['rate']:g} items a day{busiest}"
    for gap in told["gaps"]:
        filled = "filled" if gap["closed"] else "open"
        yield "gap", f"{filled}, {when(gap['since'])} to {when(gap['found_at'])}: {gap['reason']}"


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
