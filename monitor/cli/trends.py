"""`monitor topics trend | surges`: numbers over time, and what stood out of them."""

import shutil
from typing import Annotated, Any

import typer

from monitor.cli.options import ConfigOption, JsonOption, read_settings
from monitor.cli.output import cut, print_json, print_table, when
from monitor.cli.session import call

BAR = 40  # characters at most
MARKS = {"up": "↑", "down": "↓"}

TopicArgument = Annotated[str, typer.Argument(help="A topic's slug.")]
PlaceOption = Annotated[str | None, typer.Option("--place", help="Only stories that tell of this place.")]
ByOption = Annotated[str, typer.Option("--by", help="day or week.")]
SinceOption = Annotated[
    str | None,
    typer.Option("--since", help="The first day, like 2026-01-31 (default: 26 weeks or 42 days ago)."),
]


def register(app: typer.Typer) -> None:
    """Add the commands of this module to those of topics."""
    app.command()(trend)
    app.command()(surges)


def trend(
    topic: TopicArgument,
    place: PlaceOption = None,
    by: ByOption = "week",
    since: SinceOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Count a topic's new stories and items by day or week, beside the forecasts made of it.

    Example: monitor topics trend cartel-violence --place tijuana --by week --since 2026-01-01
    """
    params = {"place": place, "by": by, "since": since}
    found = call(
        read_settings(config),
        "GET",
        f"/topics/{topic}/trend",
        params={name: value for name, value in params.items() if value is not None},
    )
    if as_json:
        print_json(found)
        return
    marks = {line["slug"]: MARKS[line["direction"]] for line in found["forecasts"]}
    most = max([step["stories"] for step in found["steps"]], default=0)
    room = max(min(BAR, shutil.get_terminal_size().columns - 42), 8)
    print_table(
        [by, "stories", "items", "forecast", ""],
        [
            (
                step["begins"] + ("" if step["whole"] else " *"),
                str(step["stories"]).rjust(7),
                str(step["items"]).rjust(5),
                "".join(marks[slug] for slug in step["forecasts"]),
                bar(step["stories"], most, room),
            )
            for step in found["steps"]
        ],
    )
    if any(not step["whole"] for step in found["steps"]):
        typer.echo("* not a whole " + by)
    _print_forecasts(found["forecasts"])


def bar(value: int, most: int, room: int) -> str:
    """Draw a number as a bar of at most `room` characters, in eighths of one."""
    eighths = round(8 * room * value / most) if most else 0
    full, rest = divmod(max(eighths, 1 if value else 0), 8)
    return "█" * full + (" ▏▎▍▌▋▊▉"[rest] if rest else "")


def _print_forecasts(forecasts: list[dict[str, Any]]) -> None:
    for line in forecasts:
        source = f" ({line['source']})" if line["source"] else ""
        typer.echo(f"{MARKS[line['direction']]} {line['begins']} to {line['ends']}: {line['text']}{source}")


def surges(
    topic: Annotated[str | None, typer.Argument(help="A topic's slug (default: all).")] = None,
    limit: Annotated[int, typer.Option(min=1, max=500)] = 20,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the newest surges: when a topic, or a place in it, had many more stories than usual; and what was muted.

    Example: monitor topics surges cartel-violence
    """
    params: dict[str, Any] = {"limit": limit} | ({"topic": topic} if topic else {})
    found = call(read_settings(config), "GET", "/topics/surges", params=params)
    if as_json:
        print_json(found)
        return
    if not found:
        typer.echo("No surges: no topic had many more new stories than usual.")
        return
    print_table(
        ["until", "topic", "place", "surge"],
        [
            (
                when(line["until"]),
                line["topic"],
                cut(line["place"] or "-", 20),
                line["reason"] + (f"; muted: {line['muted']}" if line["muted"] else ""),
            )
            for line in found
        ],
    )
