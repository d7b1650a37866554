"""`monitor mail doctor`."""

from typing import Annotated

import typer

from monitor.cli.options import ConfigOption, JsonOption, read_settings
from monitor.cli.output import COLORS, print_json
from monitor.cli.session import call

app = typer.Typer(help="Mail: the relay, and how receivers see its domain.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keep `doctor` a command of a group although it is the only one."""


@app.command()
def doctor(
    selector: Annotated[str, typer.Option(help="Under which name the DKIM key is published.")] = "",
    address: Annotated[str, typer.Option(help="The IP address that mails leave from.")] = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check relay, TLS, login, DSN, bounce mailbox, SPF, DKIM, DMARC and PTR; print what to add. Code 1 on a failure.

    Example: monitor mail doctor --selector s1
    """
    params = {"selector": selector, "address": address}
    findings = call(read_settings(config), "GET", "/mail/doctor", params=params)
    if as_json:
        print_json(findings)
    else:
        for finding in findings:
            grade = typer.style(finding["grade"].ljust(4), fg=COLORS.get(finding["grade"]))
            advice = f"\n      -> {finding['advice']}" if finding["advice"] else ""
            typer.echo(f"{grade}  {finding['subject']}: {finding['found']}{advice}")
    raise typer.Exit(1 if any(finding["grade"] == "fail" for finding in findings) else 0)
