"""`monitor subscribers list | show | invite | export | erase | suppress | unsuppress | opt-in`."""

from typing import Annotated, Any

import typer

from monitor.cli.options import ConfigOption, JsonOption, read_settings
from monitor.cli.output import print_json, print_table, when
from monitor.cli.session import call

app = typer.Typer(
    help="Subscribers: who gets alerts, and their rights over what is kept.", no_args_is_help=True
)

SlugArgument = Annotated[str, typer.Argument(help="A subscriber.")]
AddressArgument = Annotated[str, typer.Argument(help="A mail address.")]


@app.command(name="list")
def list_subscribers(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List all subscribers; their addresses are not shown whole.

    Example: monitor subscribers list
    """
    lines = call(read_settings(config), "GET", "/subscribers")
    if as_json:
        print_json(lines)
        return
    print_table(
        ["subscriber", "language", "zone", "subscriptions", "to", "owner", "state"],
        [
            (
                line["slug"],
                line["language"],
                line["zone"],
                str(line["subscriptions"]),
                ", ".join(line["destinations"]),
                line["owner"],
                "unsubscribed" if line["stopped"] else "",
            )
            for line in lines
        ],
    )


@app.command()
def show(slug: SlugArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show one subscriber: subscriptions, what they unsubscribed from, what they muted.

    Example: monitor subscribers show redaccion
    """
    sheet = call(read_settings(config), "GET", f"/subscribers/{slug}")
    if as_json:
        print_json(sheet)
        return
    person = sheet["subscriber"]
    typer.echo(
        f"{person['slug']} ({person['name']}), {person['language']}, {person['zone']}, {person['owner']}"
    )
    if sheet["opted_out_at"]:
        typer.echo(f"Unsubscribed from everything since {when(sheet['opted_out_at'])}.")
    for address in sheet["suppressed"]:
        typer.echo(f"On the suppression list: {address}")
    print_table(
        ["subscription", "to", "topics", "cadence", "on", "owner", "unsubscribed from"],
        [_subscription_row(each) for each in sheet["subscriptions"]],
    )
    for mute in sheet["mutes"]:
        typer.echo(f"In force: {mute}")


def _subscription_row(each: dict[str, Any]) -> tuple[str, ...]:
    return (
        each["slug"],
        each["destination"],
        ", ".join(each["topics"]) or "all",
        each["cadence"],
        "yes" if each["enabled"] else "no",
        each["owner"],
        ", ".join(topic or "all of it" for topic in each["stopped"]),
    )


@app.command()
def invite(
    address: AddressArgument,
    topics: Annotated[str, typer.Option(help="Topics, separated by commas; all when left out.")] = "",
    language: Annotated[str, typer.Option(help="en or es.")] = "en",
    zone: Annotated[str, typer.Option(help="An IANA time zone, such as America/Tijuana.")] = "UTC",
    cadence: Annotated[str, typer.Option(help="instant, hourly, daily or weekly.")] = "daily",
    name: Annotated[str, typer.Option(help="A name, if you know it.")] = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask the owner of an address by mail whether they want alerts; nothing else is sent before they say yes.

    Example: monitor subscribers invite ana@example.net --topics tariffs,border-wall --language es
    """
    body = {
        "address": address, "topics": [each.strip() for each in topics.split(",") if each.strip()],
        "language": language, "zone": zone, "cadence": cadence, "name": name,
    }  # fmt: skip
    done = call(read_settings(config), "POST", "/subscribers/invite", body=body)
    print_json(done) if as_json else typer.echo(done["text"])


@app.command()
def export(slug: SlugArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Print everything that is kept of a person, as JSON: profile, choices, consents, and what was sent.

    Example: monitor subscribers export reader-1a2b3c4d > ana.json
    """
    print_json(call(read_settings(config), "POST", f"/subscribers/{slug}/export"))


@app.command()
def erase(
    slug: SlugArgument,
    force: Annotated[
        bool, typer.Option("--force", help="For somebody a file names: forget what was sent to them.")
    ] = False,
    suppress: Annotated[
        bool, typer.Option("--suppress", help="Put their addresses on the suppression list, too.")
    ] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Forget a person: name, addresses, choices and messages. Counts stay, and so does the suppression list.

    Example: monitor subscribers erase reader-1a2b3c4d --suppress
    """
    body = {"force": force, "suppress": suppress}
    done = call(read_settings(config), "POST", f"/subscribers/{slug}/erase", body=body)
    if as_json:
        print_json(done)
        return
    gone = ", ".join(f"{number} {kind.replace('_', ' ')}" for kind, number in done["gone"].items() if number)
    typer.echo(f"Forgotten of {slug}: {gone or 'nothing was kept'}.")
    for each in done["kept"]:
        typer.echo(f"Kept: {each}.")
    typer.echo("Backups made before still hold it, until they are deleted.")


@app.command(name="suppress")
def suppress_address(
    address: AddressArgument, config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """Put an address on the suppression list: nothing is sent to it any more, whoever asks for it.

    Example: monitor subscribers suppress someone@example.net
    """
    found = call(read_settings(config), "POST", "/subscribers/suppress", body={"address": address})
    print_json(found) if as_json else typer.echo(
        f"Suppressed ({found['reason']}) since {when(found['made_at'])}."
    )


@app.command()
def unsuppress(address: AddressArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Take an address off the suppression list.

    Example: monitor subscribers unsuppress someone@example.net
    """
    freed = call(read_settings(config), "POST", "/subscribers/unsuppress", body={"address": address})
    print_json(freed) if as_json else typer.echo("Off the list; mail may go there again.")


@app.command(name="opt-in")
def opt_in(
    slug: SlugArgument,
    topic: Annotated[str, typer.Argument(help="One topic; everything when left out.")] = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take back what a subscriber unsubscribed from; do it only when they ask for it.

    Example: monitor subscribers opt-in redaccion tariffs
    """
    path = f"/subscribers/{slug}/opt-in"
    done = call(read_settings(config), "POST", path, params={"topic": topic} if topic else None)
    if as_json:
        print_json(done)
        return
    for each in done:
        typer.echo(f"Back: {each}")
