"""`monitor stats`: how much there was and how long it took."""

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from monitor.cli.backtest import moment
from monitor.cli.options import ConfigOption, JsonOption, read_settings
from monitor.cli.output import counted, print_json, print_table, when
from monitor.cli.session import call
from monitor.text.duration import words

HEADS = ("published→seen", "seen→matched", "matched→queued", "queued→accepted", "seen→accepted")
STRETCHES = ("published_seen", "seen_matched", "matched_queued", "queued_accepted", "seen_accepted")
TITLES = {
    "kind": "By kind of alert",
    "feed": "By feed (alerts that go at once)",
    "channel": "By channel (alerts that go at once)",
}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(stats)


def stats(
    since: Annotated[str, typer.Option("--since", help="From then on: a date, or 30d or 12h ago.")] = "7d",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Count items, hits, alerts and deliveries, and show how long alerts took: half of them, and 95 % of them, at most.

    Example: monitor stats --since 24h
    """
    begins = moment(since, now=datetime.now(UTC))
    found = call(read_settings(config), "GET", "/stats", params={"since": begins})
    if as_json:
        print_json(found)
        return
    typer.secho(f"Since {when(found['since'])}: {counted(found['items'], 'item')}", bold=True)
    for what in ("hits", "verdicts", "alerts", "deliveries"):
        typer.echo(f"  {what:<11}{_sums(found[what])}")
    for by, title in TITLES.items():
        groups = [each for each in found["groups"] if each["by"] == by]
        if groups:
            typer.echo()
            typer.secho(f"{title}: p50 / p95", bold=True)
            print_table([by, "sent", "accepted", *HEADS], [_row(each) for each in groups])
    if not found["groups"]:
        typer.echo("No alert was made in that time.")
    if found["cut"]:
        typer.echo(f"note: the latencies are those of the newest {counted(found['measured'], 'delivery')}")


def _sums(numbers: dict[str, int]) -> str:
    """Say a total and what it is made of."""
    parts = ", ".join(f"{number} {name.replace('_', ' ')}" for name, number in numbers.items() if number)
    return f"{sum(numbers.values())}" + (f" ({parts})" if parts else "")


def _row(group: dict[str, Any]) -> tuple[str, ...]:
    known = {each["stretch"]: each for each in group["stretches"]}
    return (
        group["name"],
        str(group["deliveries"]),
        str(group["accepted"]),
        *(
            f"{seconds(known[each]['p50'])} / {seconds(known[each]['p95'])}" if each in known else "-"
            for each in STRETCHES
        ),
    )


def seconds(value: float) -> str:
    """Say a duration, below ten seconds to the tenth."""
    return f"{value:.1f} s" if value < 10 else words(value)
