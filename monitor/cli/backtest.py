"""`monitor topics backtest | near-misses | explain`: topics over what is stored."""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from monitor.cli.items import explain
from monitor.cli.options import ConfigOption, JsonOption, read_settings
from monitor.cli.output import counted, cut, marked, print_json, print_table, when
from monitor.cli.session import call, follow
from monitor.config import read_watchlist
from monitor.desk.topics import pick
from monitor.errors import Refused

TopicArgument = Annotated[str, typer.Argument(help="The topic.")]
SinceOption = Annotated[
    str | None, typer.Option("--since", help="Only what was seen from then on: a date, or 30d or 12h ago.")
]
UntilOption = Annotated[str | None, typer.Option("--until", help="Only what was seen before then.")]
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(backtest)
    app.command(name="near-misses")(near_misses)
    words = (explain.__doc__ or "").replace("monitor explain", "monitor topics explain")
    app.command(name="explain", help=words)(explain)


def moment(text: str | None, *, now: datetime) -> str | None:
    """Read a date, a time, or how long ago (`30d`, `12h`, `2w`) as ISO 8601 in UTC. Raises Refused."""
    if text is None:
        return None
    number, unit = text[:-1], text[-1:]
    try:
        if unit in _UNITS and number.isdecimal():
            return (now - int(number) * _UNITS[unit]).isoformat()
        at = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise Refused(f"{text!r} is no time: write 2026-01-31, 2026-01-31T12:00, 30d, 12h or 2w") from None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).isoformat()


def backtest(
    topic: TopicArgument,
    query: Annotated[
        str | None, typer.Option("--query", help="Compare the query in force with this one.")
    ] = None,
    watchlist: Annotated[
        Path | None,
        typer.Option(
            "--watchlist", help="Compare with the topic as this file has it.", exists=True, dir_okay=False
        ),
    ] = None,
    as_recorded: Annotated[
        bool, typer.Option("--as-recorded", help="Judge each item again by the revision then in force.")
    ] = False,
    since: SinceOption = None,
    until: UntilOption = None,
    samples: Annotated[int, typer.Option(help="Items shown of each side.", min=0, max=1000)] = 10,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show which hits another query would have gained and lost over the stored items, per day and feed.

    Without another query: what the query in force makes of them, against the recorded hits. Also how many alerts a day
    each subscriber of the topic would get before and after.
    Code 1 with --as-recorded when the two differ.

    Example: monitor topics backtest fentanyl --query 'fentanyl NEAR/10 (border OR frontera)' --since 30d
    """
    if sum((query is not None, watchlist is not None, as_recorded)) > 1:
        raise Refused("of --query, --watchlist and --as-recorded give one")
    now = datetime.now(UTC)
    body: dict[str, Any] = {
        "query": query,
        "as_recorded": as_recorded,
        "since": moment(since, now=now),
        "until": moment(until, now=now),
        "samples": samples,
    }
    if watchlist is not None:
        (other,) = pick(list(read_watchlist(watchlist)), [topic])
        body |= {"query": other.query, "groups": dict(other.groups)}
    shown = Bar()
    found = follow(
        read_settings(config),
        f"/topics/{topic}/backtest",
        params={"progress": True},
        body=body,
        tell=shown.tell,
    )
    shown.end()
    print_json(found) if as_json else _print_backtest(found)
    raise typer.Exit(1 if as_recorded and found["gained"] + found["lost"] + found["moved"] else 0)


class Bar:
    """A progress bar on a terminal, on the error stream; nothing elsewhere."""

    def __init__(self) -> None:
        self._on = sys.stderr.isatty()

    def tell(self, done: int, of: int) -> None:
        """Draw how far it is."""
        if self._on and of:
            width = 30 * done // of
            sys.stderr.write(f"\r[{'#' * width}{'.' * (30 - width)}] {done:,} of {of:,} items")
            sys.stderr.flush()

    def end(self) -> None:
        """Take the bar away."""
        if self._on:
            sys.stderr.write("\r\033[K")
            sys.stderr.flush()


def _print_backtest(found: dict[str, Any]) -> None:
    typer.secho(f"{found['topic']}: {found['before']} against {found['after']}", bold=True)
    typer.echo(
        f"{counted(found['items'], 'item')} in {counted(found['versions'], 'version')} stored, "
        f"{found['examined']} of them judged: {counted(found['kept'], 'hit')} on both sides, "
        f"{found['gained']} gained, {found['lost']} lost"
        + (f", {found['moved']} by another version or revision" if found["moved"] else "")
    )
    for what, samples in (("gained", found["gained_samples"]), ("lost", found["lost_samples"])):
        for sample in samples:
            words = f" [{', '.join(sample['words'])}]" if sample["words"] else ""
            typer.echo(
                f"{'+' if what == 'gained' else '-'} {when(sample['seen_at'])}  {sample['feed']}  ", nl=False
            )
            typer.echo(f"{cut(sample['title'], 100)}{words}")
            if sample["link"]:
                typer.echo(f"    {sample['link']}")
    changed = [day for day in found["days"] if day["gained"] or day["lost"]]
    if changed:
        print_table(
            ["day", "feed", "kept", "gained", "lost"],
            [(d["day"], d["feed"], str(d["kept"]), str(d["gained"]), str(d["lost"])) for d in changed],
        )
    if found["alerts"]:
        _print_alerts(found)
    for note in found["notes"]:
        typer.echo(f"note: {note}")


def _print_alerts(found: dict[str, Any]) -> None:
    typer.secho(f"Alerts a day, over {found['days_rehearsed']:g} days, of all their topics", bold=True)
    print_table(
        ["subscriber", "alerts a day", "busiest day", "digests a day", "hits in digests"],
        [
            (
                each["subscriber"],
                f"{each['before']:g} -> {each['after']:g}",
                f"{each['busiest_before']} -> {each['busiest_after']}",
                f"{each['digests_before']:g} -> {each['digests_after']:g}",
                f"{each['in_digests_before']} -> {each['in_digests_after']}",
            )
            for each in found["alerts"]
        ],
    )


def near_misses(
    topic: TopicArgument,
    since: SinceOption = "7d",
    until: UntilOption = None,
    limit: Annotated[int, typer.Option(help="How many at most.", min=1, max=1000)] = 20,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the items that lack one clause of a topic, the nearest first: which clause, and what was there.

    Example: monitor topics near-misses fentanyl --since 30d
    """
    now = datetime.now(UTC)
    found = call(
        read_settings(config),
        "GET",
        f"/topics/{topic}/near-misses",
        params={"since": moment(since, now=now), "until": moment(until, now=now), "limit": limit},
    )
    if as_json:
        print_json(found)
        return
    typer.echo(f"{topic}: {counted(found['total'], 'item')} of {found['examined']} judged lack one clause")
    for miss in found["misses"]:
        typer.echo(f"{when(miss['seen_at'])}  {miss['feed']}  ", nl=False)
        typer.secho(cut(miss["title"], 100), bold=True)
        typer.echo(f"    {miss['sentence']}")
        for excerpt in miss["excerpts"]:
            typer.echo(f"    {marked(excerpt)}")
        if miss["link"]:
            typer.echo(f"    {miss['link']}")
