"""`monitor channels list | secret | rotate | enable`, and `monitor send-test`."""

import re
from typing import Annotated

import typer

from monitor.cli.options import ConfigOption, JsonOption, read_settings
from monitor.cli.output import print_json, print_table
from monitor.cli.session import call

app = typer.Typer(help="Channels: where alerts go.", no_args_is_help=True)


def register(root: typer.Typer) -> None:
    """Add the command that stands beside the nouns."""
    root.command(name="send-test")(send_test)


@app.command(name="list")
def list_channels(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List all channels; their addresses stay in the files.

    Example: monitor channels list
    """
    lines = call(read_settings(config), "GET", "/channels")
    if as_json:
        print_json(lines)
        return
    if not lines:
        typer.echo(
            "No channels yet: `monitor apply` takes over the configuration files (so does `monitor run`)."
        )
        return
    print_table(
        ["channel", "kind", "on", "owner", "reason"],
        [
            (line["slug"], line["kind"], "yes" if line["enabled"] else "no", line["owner"], line["reason"])
            for line in lines
        ],
    )


@app.command()
def secret(
    slug: Annotated[str, typer.Argument(help="A webhook channel.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print the key that signs a channel's webhooks, for the receiver to verify with.

    Example: monitor channels secret newsroom-hook
    """
    found = call(read_settings(config), "POST", f"/channels/{slug}/secret")
    print_json(found) if as_json else typer.echo(found["secret"])


@app.command()
def rotate(
    slug: Annotated[str, typer.Argument(help="A webhook channel whose key was made here.")],
    grace: Annotated[
        str, typer.Option(help="How long the key before it signs, too: 90m, 24h, 7d; 0h ends it at once.")
    ] = "24h",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a new signing key for a channel and print it, this once. Until the grace ends both keys sign.

    Example: monitor channels rotate newsroom-hook --grace 48h
    """
    found = call(
        read_settings(config), "POST", f"/channels/{slug}/rotate", params={"grace_hours": _hours(grace)}
    )
    if as_json:
        print_json(found)
        return
    typer.echo(found["secret"])
    until = found["old_until"]
    note = f"The old key signs, too, until {until}." if until else "The old key signs no more."
    typer.echo(f"{note} Give the new one to the receiver of {slug}.", err=True)


def _hours(text: str) -> float:
    """Read a duration such as 90m, 24h or 7d."""
    found = re.fullmatch(r"([0-9]{1,6})(m|h|d)", text.strip())
    if found is None:
        raise typer.BadParameter(f"{text!r} is no duration: write it as 90m, 24h or 7d")
    return int(found[1]) * {"m": 1 / 60, "h": 1.0, "d": 24.0}[found[2]]


@app.command()
def enable(
    slug: Annotated[str, typer.Argument(help="A channel that was switched off after its receiver refused.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Switch a channel on again. What was cancelled meanwhile stays cancelled.

    Example: monitor channels enable newsroom-hook
    """
    line = call(read_settings(config), "POST", f"/channels/{slug}/enable")
    print_json(line) if as_json else typer.echo(f"The channel {line['slug']} is on again.")


def send_test(
    slug: Annotated[str, typer.Argument(help="A channel that is switched on.")],
    wait: Annotated[
        float, typer.Option(min=0, max=110, help="Seconds to wait for the receiver's answer.")
    ] = 60.0,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send a test to a channel the way alerts go, and show what its receiver answered; code 1 unless it took it.

    Example: monitor send-test newsroom-hook
    """
    found = call(read_settings(config), "POST", f"/channels/{slug}/test", params={"wait": wait})
    if as_json:
        print_json(found)
    else:
        took = f" after {found['ms']} ms" if found["ms"] is not None else ""
        typer.echo(f"{found['outcome'] or 'no answer'}{took}: {found['reason']}")
        if found["reply"]:
            typer.echo(f"It said: {found['reply']}")
        typer.echo(f"Delivery {found['delivery']} to the {found['kind']} channel {found['channel']}.")
    if not found["accepted"]:
        raise typer.Exit(1)
