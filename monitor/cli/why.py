"""`monitor deliveries why`: why somebody was, or was not, told."""

from typing import Annotated, Any

import typer

from monitor.cli.items import print_item, print_verdict
from monitor.cli.options import ConfigOption, JsonOption, read_settings
from monitor.cli.output import counted, cut, print_json, when
from monitor.cli.session import call
from monitor.cli.stats import HEADS, STRETCHES, seconds

MANY = 20  # hits of a digest shown


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="why")(why)


def why(
    target: Annotated[
        str, typer.Argument(help="The address of an article, an item's number, or the id of a delivery.")
    ],
    subscription: Annotated[
        str | None, typer.Option("--subscription", help="Only what this subscription was answered.")
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say why somebody was told, or not told, of an article: fetched, matched, decided, sent, accepted.

    What a topic did not match is explained by the revision that was in force when the item was judged. Topics that do
    not match are left out where others do: see monitor topics explain.

    Example: monitor deliveries why https://example.org/story --subscription newsroom-mail
    """
    found = call(
        read_settings(config), "GET", "/items/why", params={"target": target, "subscription": subscription}
    )
    if as_json:
        print_json(found)
        return
    if found["unseen"] is not None:
        _print_unseen(found["unseen"])
    if found["notice"] is not None:
        _print_sending(found["notice"])
    if found["alert"] is not None:
        _print_alert(found["alert"], whole=True)
    for item in found["items"]:
        _print_why(item)


def _print_unseen(unseen: dict[str, Any]) -> None:
    typer.secho(unseen["address"], bold=True)
    typer.echo(f"  {unseen['sentence']}")
    typer.echo(f"  {unseen['then']}")
    for near in unseen["feeds"]:
        feed = near["feed"]
        typer.echo(f"  {feed['slug']} ({feed['state']}): {near['near']}")
        if feed["reason"]:
            typer.echo(f"         {feed['reason']}")
        for since, found_at in near["gaps"]:
            typer.echo(f"         gap from {when(since)} to {when(found_at)}")
        for poll in near["polls"]:
            said = f": {poll['reason']}" if poll["reason"] else ""
            typer.echo(f"         polled {when(poll['started_at'])} {poll['outcome']}{said}")
    for item in unseen["alike"]:
        typer.echo(
            f"  stored at an address alike: item {item['item']} of {item['feed']}, {cut(item['title'], 60)}"
        )
        typer.echo(f"         {item['link']}")


def _print_why(why: dict[str, Any]) -> None:
    item = why["item"]
    print_item(item)
    hits = [verdict for verdict in item["verdicts"] if verdict["hit"]]
    for verdict in hits or item["verdicts"]:
        print_verdict({**verdict, "decisions": ()})
        for answer in why["answers"]:
            if answer["topic"] == verdict["topic"]:
                _print_answer(answer)
    if hits and len(hits) < len(item["verdicts"]):
        typer.echo(f"  no match: {counted(len(item['verdicts']) - len(hits), 'further topic')}")
    for alert in why["alerts"]:
        _print_alert(alert, whole=False)


def _print_answer(answer: dict[str, Any]) -> None:
    verdict = answer["verdict"].replace("_", " ")
    typer.echo(f"         {answer['subscription']}: {verdict}: {answer['reason']}")
    if answer["alert"]:
        at = answer["settled_at"] or answer["decided_at"]
        typer.echo(f"           in the alert {answer['alert']} of {when(at)}")
    elif answer["held_until"]:
        typer.echo(f"           waits until {when(answer['held_until'])}")
    elif answer["settled_at"]:
        typer.echo(f"           settled {when(answer['settled_at'])}, in no alert")


def _print_alert(way: dict[str, Any], *, whole: bool) -> None:
    alert = way["alert"]
    kind = alert["kind"].replace("_", " ")
    typer.secho(
        f"  alert {alert['uid']} ({kind}) to {alert['subscription']}, {when(alert['created_at'])}", bold=True
    )
    typer.echo(f"    {alert['reason']}")
    for hit in way["hits"][:MANY] if whole else ():
        typer.echo(f"    - {cut(hit['title'], 80)}")
        words = f" [{', '.join(hit['words'])}]" if hit["words"] else ""
        typer.echo(
            f"      item {hit['item']} of {hit['feed']}, {hit['topic']} revision {hit['revision']}{words}"
        )
        typer.echo(f"      {hit['reason']}")
    if whole and len(way["hits"]) > MANY:
        typer.echo(f"    and {len(way['hits']) - MANY} more")
    for sending in way["deliveries"]:
        _print_sending(sending)
        taken = way["seconds"].get(sending["uid"], {})
        known = [
            f"{head} {seconds(taken[name])}"
            for head, name in zip(HEADS, STRETCHES, strict=True)
            if name in taken
        ]
        typer.echo(f"      {', '.join(known)}")


def _print_sending(sending: dict[str, Any]) -> None:
    ended = f" {when(sending['done_at'])}" if sending["done_at"] else f", due {when(sending['due_at'])}"
    said = f": {sending['reason']}" if sending["reason"] else ""
    typer.echo(
        f"    {sending['event']} {sending['uid']} to {sending['channel']}: {sending['state']}{ended}{said}"
    )
    for attempt in sending["attempts"]:
        cause = ", by hand" if attempt["cause"] == "manual" else ""
        outcome = attempt["outcome"] or "not over yet"
        said = f": {attempt['reason']}" if attempt["reason"] else ""
        typer.echo(f"      attempt {attempt['number']} {when(attempt['started_at'])}{cause}: {outcome}{said}")
