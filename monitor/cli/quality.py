"""`monitor topics measure`: precision, recall and false alarms on labelled items."""

from pathlib import Path
from typing import Annotated

import typer

from monitor.cli.options import ConfigOption, JsonOption
from monitor.cli.output import print_json, print_table
from monitor.cli.topics import SlugArguments, WatchlistOption, read_topics
from monitor.desk import quality as desk
from monitor.desk import topics as topics_desk

Files = list[Path] | None


def _files(flag: str, text: str) -> typer.models.OptionInfo:
    option: typer.models.OptionInfo = typer.Option(flag, help=text, exists=True, dir_okay=False)
    return option


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(measure)


def measure(
    slugs: SlugArguments = None,
    labels: Annotated[Files, _files("--labels", "JSON lines {id, topics, marginal?}.")] = None,
    items: Annotated[
        Files, _files("--items", "JSON lines {id, lang, title, summary}: every topic labelled.")
    ] = None,
    general: Annotated[
        Files, _files("--general", "The same of general news: only its hits labelled.")
    ] = None,
    watchlist: WatchlistOption = None,
    config: ConfigOption = None,
    min_precision: Annotated[float, typer.Option(help="Fail below this macro precision.")] = 0.0,
    min_recall: Annotated[float, typer.Option(help="Fail below this macro recall.")] = 0.0,
    max_false: Annotated[float | None, typer.Option(help="Fail above this, all topics, per 1,000.")] = None,
    max_false_topic: Annotated[float | None, typer.Option(help="The same of one topic.")] = None,
    show: Annotated[bool, typer.Option("--show", help="List the misses and false alarms by id.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Measure topics on labelled items: right hits, misses, false alarms, per topic and language.

    Code 1 when a floor is missed.

    Example: monitor topics measure --labels labels.jsonl --items items.jsonl --min-recall 0.7
    """
    topics = read_topics(watchlist, config)
    chosen = [topic.slug for topic in topics_desk.pick(topics, slugs or [])]
    measured = desk.measure(
        topics, chosen=chosen, items=items or [], labels=labels or [], general=general or []
    )
    floors = desk.Floors(
        precision=min_precision,
        recall=min_recall,
        false_alarms=max_false,
        false_alarms_of_topic=max_false_topic,
    )
    short = desk.shortfalls(measured, floors)
    if as_json:
        print_json({"measured": measured, "shortfalls": short})
    else:
        _print_quality(measured, show=show)
        _print_general(measured, show=show)
        for line in short:
            typer.echo(line)
    raise typer.Exit(1 if short else 0)


def _print_quality(measured: desk.Measured, *, show: bool) -> None:
    if measured.quality is None:
        return
    print_table(
        ["topic", "lang", "right", "false", "missed", "precision", "recall"],
        [
            (
                one.topic,
                one.language,
                str(one.right),
                str(len(one.false)),
                str(len(one.missed)),
                _share(one.precision),
                _share(one.recall),
            )
            for one in measured.quality.scores
        ],
    )
    for one in measured.quality.scores if show else ():
        for what, ids in (("false", one.false), ("missed", one.missed)):
            for name in ids:
                typer.echo(f"{what}  {one.topic}  {one.language}  {name}")
    for macro in measured.quality.macros:
        typer.echo(
            f"{macro.language}: {macro.items} items, macro precision {_share(macro.precision)}, "
            f"macro recall {_share(macro.recall)}; {macro.strays} false hits of topics without a relevant item"
        )


def _print_general(measured: desk.Measured, *, show: bool) -> None:
    for each in measured.general:
        typer.echo(
            f"{each.language}: {each.items} general items, {each.hits} hits, "
            f"{each.rate:.2f} false alarms per 1,000 ({len(each.unjudged)} of them not judged yet)"
        )
        for topic, ids in each.false.items():
            named = f"  {' '.join(ids)}" if show else ""
            typer.echo(f"  {topic}: {each.rates[topic]:.2f}{named}")


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
