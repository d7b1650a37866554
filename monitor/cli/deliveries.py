"""`monitor deliveries list | replay`."""

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from monitor.cli.backtest import moment
from monitor.cli.options import ConfigOption, JsonOption, read_settings
from monitor.cli.output import cut, print_json, print_table, when
from monitor.cli.session import call

app = typer.Typer(help="Deliveries: what was sent, where it stands, and why.", no_args_is_help=True)


@app.command(name="list")
def list_deliveries(
    state: Annotated[
        str | None, typer.Option(help="Only this state: pending, leased, done, dead, cancelled.")
    ] = None,
    channel: Annotated[str | None, typer.Option(help="Only this channel.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=500, help="How many.")] = 50,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the newest deliveries with their attempts.

    Example: monitor deliveries list --state dead --channel newsroom-hook
    """
    wanted = {"limit": limit, "state": state, "channel": channel}
    lines = call(read_settings(config), "GET", "/deliveries", params=wanted)
    if as_json:
        print_json(lines)
        return
    if not lines:
        at = f" of {channel}" if channel else ""
        typer.echo(f"No deliveries{at}." if state is None else f"No deliveries{at} are {state}.")
        return
    print_table(
        ["id", "created", "state", "channel", "tries", "headline", "reason"],
        [_row(line["delivery"]) for line in lines],
    )


@app.command()
def replay(
    delivery: Annotated[str, typer.Argument(help="One delivery, by its id or number.")] = "",
    channel: Annotated[str, typer.Option(help="All that ended on this channel since --since.")] = "",
    since: Annotated[
        str | None, typer.Option(help="Only those made from then on: a date, a time, or 30d or 12h ago.")
    ] = None,
    dead: Annotated[
        bool, typer.Option("--dead", help="Only dead ones; of all channels unless one is named.")
    ] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send what has ended once more, under the same id; its tries and its time to live begin anew.

    Example: monitor deliveries replay --channel newsroom-hook --since 12h
    """
    body = {
        "delivery": delivery,
        "channel": channel,
        "since": moment(since, now=datetime.now(UTC)),
        "dead": dead,
    }
    done = call(read_settings(config), "POST", "/deliveries/replay", body=body)
    if as_json:
        print_json(done)
        return
    typer.echo("Nothing is sent again." if not done["asked"] else f"Sent again: {done['asked']}.")
    for reason, count in done["left_out"].items():
        typer.echo(f"Not sent again: {count}: {reason}")


def _row(delivery: dict[str, Any]) -> tuple[str, ...]:
    return (
        str(delivery["id"]),
        when(delivery["created_at"]),
        delivery["state"],
        delivery["channel"],
        str(delivery["attempts"]),
        cut(delivery["title"], 60),
        cut(delivery["reason"], 60),
    )
