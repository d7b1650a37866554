"""`monitor silences list | add | end | preview`."""

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from monitor.cli.options import ConfigOption, JsonOption, read_settings
from monitor.cli.output import counted, cut, print_json, print_table, when
from monitor.cli.session import call
from monitor.cli.times import date, span
from monitor.errors import Refused

app = typer.Typer(help="Silences: what nobody is to be told for a while, and why.", no_args_is_help=True)

Topics = Annotated[
    list[str] | None, typer.Option("--topic", help="Hits of this topic (any number of times).")
]
Tags = Annotated[list[str] | None, typer.Option("--tag", help="Of topics with this tag.")]
Priorities = Annotated[list[str] | None, typer.Option("--priority", help="Of topics of this priority.")]
Subscribers = Annotated[list[str] | None, typer.Option("--subscriber", help="For this subscriber.")]
Subscriptions = Annotated[list[str] | None, typer.Option("--subscription", help="For this subscription.")]
Languages = Annotated[list[str] | None, typer.Option("--language", help="Items in this language.")]
Publishers = Annotated[list[str] | None, typer.Option("--publisher", help="Items of this publisher.")]
Regions = Annotated[list[str] | None, typer.Option("--region", help="Items of feeds of this region.")]
Feeds = Annotated[list[str] | None, typer.Option("--feed", help="Items of this feed.")]
Stories = Annotated[list[str] | None, typer.Option("--story", help="Items of the story with this id.")]
Words = Annotated[
    list[str] | None, typer.Option("--word", help="Items with these words in title or summary.")
]


@app.command(name="list")
def list_silences(
    everything: Annotated[bool, typer.Option("--all", help="Those that ended, too.")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the silences in force and to come, with how many hits each kept back.

    Example: monitor silences list --all
    """
    lines = call(read_settings(config), "GET", "/silences", params={"all": everything})
    if as_json:
        print_json(lines)
        return
    if not lines:
        typer.echo("No silences." if everything else "No silences are in force or to come; see also --all.")
        return
    print_table(
        ["silence", "state", "until", "hits", "owner", "keeps back", "reason"],
        [
            (
                line["uid"],
                line["state"].replace("_", " "),
                when(line["ends_at"]) if line["ends_at"] else "ended by hand",
                str(line["hits"]),
                line["owner"],
                said(line["covers"]),
                line["reason"],
            )
            for line in lines
        ],
    )


@app.command()
def add(
    reason: Annotated[str, typer.Option("--reason", help="Why; those it keeps something from see it.")],
    until: Annotated[str | None, typer.Option("--until", help="Until when: a date or time.")] = None,
    lasting: Annotated[str | None, typer.Option("--for", help="For how long: 90m, 24h, 7d, 2w.")] = None,
    begins: Annotated[str | None, typer.Option("--from", help="From when on (default: now).")] = None,
    topic: Topics = None,
    tag: Tags = None,
    priority: Priorities = None,
    subscriber: Subscribers = None,
    subscription: Subscriptions = None,
    language: Languages = None,
    publisher: Publishers = None,
    region: Regions = None,
    feed: Feeds = None,
    story: Stories = None,
    word: Words = None,
    everything: Annotated[
        bool, typer.Option("--everything", help="Without any filter: nobody is told of anything.")
    ] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Keep hits back for a while: those that pass every filter given. They stay visible, and count as suppressed.

    Example: monitor silences add --topic border-wall --language es --for 24h --reason "parade, not patrol"
    """
    filters = _filters(
        topics=topic, tags=tag, priorities=priority, subscribers=subscriber, subscriptions=subscription,
        languages=language, publishers=publisher, regions=region, feeds=feed, stories=story, words=word,
    )  # fmt: skip
    now = datetime.now(UTC)
    start = date(begins) if begins is not None else None
    body: dict[str, Any] = {
        **filters,
        "reason": reason,
        "begins_at": start.isoformat() if start else None,
        "ends_at": _end(until, lasting, start or now).isoformat(),
        "everything": everything,
    }
    line = call(read_settings(config), "POST", "/silences", body=body)
    if as_json:
        print_json(line)
        return
    typer.echo(f"{line['uid']}: {said(line['covers'])}, until {when(line['ends_at'])}")


@app.command()
def end(
    silence: Annotated[str, typer.Argument(help="The silence's id; see monitor silences list.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """End a silence now; the next alert of each subscription that it kept something from says so.

    Example: monitor silences end sil_0123456789abcdef0123456789abcdef
    """
    line = call(read_settings(config), "POST", f"/silences/{silence}/end")
    if as_json:
        print_json(line)
        return
    typer.echo(f"{line['uid']} ended; it kept back {counted(line['hits'], 'hit')}")


@app.command()
def preview(
    topic: Topics = None,
    tag: Tags = None,
    priority: Priorities = None,
    subscriber: Subscribers = None,
    subscription: Subscriptions = None,
    language: Languages = None,
    publisher: Publishers = None,
    region: Regions = None,
    feed: Feeds = None,
    story: Stories = None,
    word: Words = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a silence would have kept back in the last 30 days. Nothing is stored.

    Example: monitor silences preview --topic border-wall --language es
    """
    body = _filters(
        topics=topic, tags=tag, priorities=priority, subscribers=subscriber, subscriptions=subscription,
        languages=language, publishers=publisher, regions=region, feeds=feed, stories=story, words=word,
    )  # fmt: skip
    found = call(read_settings(config), "POST", "/silences/preview", body=body)
    if as_json:
        print_json(found)
        return
    typer.secho(f"{said(found['covers'])}, since {when(found['since'])}", bold=True)
    typer.echo(
        f"{counted(found['hits'], 'hit')} kept back, {counted(sum(found['alerts'].values()), 'alert')} not made, "
        f"{found['shortened']} shortened"
    )
    if found["lines"]:
        print_table(
            ["subscription", "topic", "hits", "alerts not made to it"],
            [
                (
                    line["subscription"],
                    line["topic"],
                    str(line["hits"]),
                    str(found["alerts"].get(line["subscription"], 0)),
                )
                for line in found["lines"]
            ],
        )
    for item in found["headlines"]:
        typer.echo(f"{when(item['found_at'])}  {item['feed']}  {cut(item['title'], 100)}")
    if found["cut"]:
        typer.echo(f"note: only the newest {found['examined']:,} decisions were looked at")


def said(covers: dict[str, list[str]]) -> str:
    """Say what a silence keeps back: `topics border-wall; languages en, es`."""
    return "; ".join(f"{name} {', '.join(values)}" for name, values in covers.items()) or "everything"


def _filters(**given: list[str] | None) -> dict[str, list[str]]:
    return {name: values for name, values in given.items() if values}


def _end(until: str | None, lasting: str | None, start: datetime) -> datetime:
    if (until is None) == (lasting is None):
        raise Refused("say when the silence ends: with --until or with --for, one of them")
    return date(until) if until is not None else start + span(lasting or "")
