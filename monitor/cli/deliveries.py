"""`monitor deliveries list`."""

from typing import Annotated, Any

import typer

from monitor.cli.options import ConfigOption, JsonOption, read_settings
from monitor.cli.output import cut, print_json, print_table, when
from monitor.cli.session import call

app = typer.Typer(help="Deliveries: what was sent, where it stands, and why.", no_args_is_help=True)


@app.command(name="list")
def list_deliveries(
    state: Annotated[
        str | None, typer.Option(help="Only this state: pending, leased, done, dead, cancelled.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=500, help="How many.")] = 50,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the newest deliveries with their attempts.

    Example: monitor deliveries list --state dead
    """
    lines = call(read_settings(config), "GET", "/deliveries", params={"limit": limit, "state": state})
    if as_json:
        print_json(lines)
        return
    if not lines:
        typer.echo("No deliveries." if state is None else f"No deliveries are {state}.")
        return
    print_table(
        ["created", "state", "channel", "tries", "headline", "reason"],
        [_row(line["delivery"]) for line in lines],
    )


def _row(delivery: dict[str, Any]) -> tuple[str, ...]:
    return (
        when(delivery["created_at"]),
        delivery["state"],
        delivery["channel"],
        str(delivery["attempts"]),
        cut(delivery["title"], 60),
        cut(delivery["reason"], 60),
    )
