"""Look the installation over and say what is wrong and what to do, one finding a line."""

import shutil
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pyexpat import EXPAT_VERSION
from typing import Any

from monitor.app import App
from monitor.config import load_desired, make_plan
from monitor.deliver.relay.smtp import probe as probe_relay
from monitor.desk.channels import BY_FILE
from monitor.desk.status import Status, status
from monitor.errors import ConfigError
from monitor.fetch.identity import canonical_link
from monitor.model import Feed
from monitor.store import Transaction, feeds, recipients
from monitor.text.gate import without_credentials

FIXED_SQLITE = ((3, 51, 3), (3, 50, 7), (3, 44, 6))
SAFE_EXPAT = (2, 7, 2)
LOW_DISK = 512 * 1024 * 1024
MOST_NAMESAKES = 10  # findings; of each as many feeds are named


class Grade(StrEnum):
    """How bad a finding is."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing looked at: what was found and what to do about it."""

    grade: Grade
    subject: str
    found: str
    advice: str = ""


async def doctor(app: App) -> list[Finding]:
    """Check configuration, contact, state folder, disk, libraries, feeds, deliveries and the mail relay."""
    state = await status(app)
    library = await app.store.read(_library)
    channels = await app.store.read(recipients.list_channels, enabled_only=False)
    findings = [
        *await _configuration(app, state),
        _contact(app),
        *_state_folder(app),
        _sqlite(library),
        _expat(),
        *_feeds(state),
        *_namesakes(await app.store.read(feeds.list_feeds)),
        *_deliveries(state),
        *(
            Finding(
                grade=Grade.FAIL,
                subject=f"channel {channel.slug}",
                found=f"switched off: {channel.disabled_reason}",
                advice=f"repair the receiver, then: monitor channels enable {channel.slug}",
            )
            for channel in channels
            if not channel.enabled and not channel.disabled_reason.startswith(BY_FILE)
        ),
    ]
    if app.tools.smtp is not None:
        problem = await probe_relay(app.tools.smtp)
        findings.append(
            Finding(
                grade=Grade.FAIL if problem else Grade.OK,
                subject="mail relay",
                found=problem or f"{app.tools.smtp.host}:{app.tools.smtp.port} answers",
                advice="check [smtp] in monitor.toml and the relay itself" if problem else "",
            )
        )
    return findings


async def _configuration(app: App, state: Status) -> list[Finding]:
    """Read the files afresh: what is wrong with them, else what of them is not in force."""
    try:
        waiting = await app.store.read(make_plan, load_desired(app.settings))
    except ConfigError as error:
        return [_misconfigured(str(problem), "monitor check-config") for problem in error.problems]
    if waiting:
        found = f"{len(waiting.changes)} changes in the files are not in force"
        advice = "monitor apply (or start the daemon, which does it)"
        return [Finding(grade=Grade.WARN, subject="configuration", found=found, advice=advice)]
    if not state.ready:
        return [_misconfigured(reason, "monitor apply") for reason in state.reasons]
    found = f"{state.topics} topics in force, watchlist revision {state.watchlist_revision}"
    return [Finding(grade=Grade.OK, subject="configuration", found=found)]


def _misconfigured(found: str, advice: str) -> Finding:
    return Finding(grade=Grade.FAIL, subject="configuration", found=found, advice=advice)


def _contact(app: App) -> Finding:
    if app.settings.service.contact:
        return Finding(grade=Grade.OK, subject="contact", found=app.settings.service.contact)
    return Finding(
        grade=Grade.WARN,
        subject="contact",
        found="empty: feeds are polled at most once in 60 minutes",
        advice="set [service] contact to a page or mail address, so that a publisher can reach you",
    )


def _state_folder(app: App) -> Iterator[Finding]:
    folder = app.settings.state_dir
    mode = stat.S_IMODE(folder.stat().st_mode)
    if mode & 0o077:
        yield Finding(
            grade=Grade.WARN,
            subject="state folder",
            found=f"{folder} is open to other users (mode {mode:o})",
            advice=f"chmod 700 {folder}",
        )
    free = shutil.disk_usage(folder).free
    yield Finding(
        grade=Grade.WARN if free < LOW_DISK else Grade.OK,
        subject="disk",
        found=f"{free // (1024 * 1024)} MiB free under {folder}",
        advice="make room: with a full disk nothing is polled or sent" if free < LOW_DISK else "",
    )


def _library(tx: Transaction) -> str | None:
    if tx.dialect != "sqlite":
        return None
    row: Any = tx.one("SELECT sqlite_version() AS version")
    return str(row["version"])


def _sqlite(version: str | None) -> Finding:
    if version is None:
        return Finding(grade=Grade.OK, subject="database", found="PostgreSQL")
    number = tuple(int(part) for part in version.split("."))
    fixed = number >= FIXED_SQLITE[0] or any(
        number[:2] == good[:2] and number >= good for good in FIXED_SQLITE[1:]
    )
    return Finding(
        grade=Grade.OK if fixed else Grade.WARN,
        subject="SQLite",
        found=version if fixed else f"{version} has the WAL-reset bug (rare corruption; fixed in 3.51.3)",
        advice="" if fixed else "install a fixed library: pip install pysqlite3",
    )


def _expat() -> Finding:
    number = tuple(int(part) for part in EXPAT_VERSION.removeprefix("expat_").split("."))
    return Finding(
        grade=Grade.OK if number >= SAFE_EXPAT else Grade.WARN,
        subject="expat",
        found=".".join(map(str, number)),
        advice=""
        if number >= SAFE_EXPAT
        else "older than 2.7.2: feeds are parsed in limited processes, but update Python when you can",
    )


def _feeds(state: Status) -> Iterator[Finding]:
    failing = state.feeds.get("failing", 0)
    total = sum(state.feeds.values()) - state.feeds.get("off", 0)
    parts = ", ".join(f"{count} {name}" for name, count in sorted(state.feeds.items()))
    bad = total == 0 or failing > 0
    yield Finding(
        grade=Grade.WARN if bad else Grade.OK,
        subject="feeds",
        found=parts or "none",
        advice="monitor feeds list"
        if failing
        else ""
        if total
        else "monitor apply, or monitor feeds add URL",
    )


def _namesakes(known: Sequence[Feed]) -> list[Finding]:
    """Point out feeds that share a name: one calls itself as another does, or as another's address is.

    Nothing is done about it: a publisher may have copied the line from one feed into the next.
    """
    named: dict[str, list[str]] = {}
    for feed in known:
        if feed.enabled:
            names = (canonical_link(name) for name in (feed.url, feed.fetch.hints.self_url) if name)
            for name in dict.fromkeys(names):
                named.setdefault(name, []).append(feed.slug)
    groups = {tuple(slugs): name for name, slugs in named.items() if len(slugs) > 1}
    return [_namesake(slugs, name) for slugs, name in list(groups.items())[:MOST_NAMESAKES]]


def _namesake(slugs: tuple[str, ...], name: str) -> Finding:
    more = len(slugs) - MOST_NAMESAKES
    return Finding(
        grade=Grade.WARN,
        subject="feeds " + ", ".join(slugs[:MOST_NAMESAKES]) + (f" and {more} more" if more > 0 else ""),
        found=f"all are, or call themselves, {without_credentials(name)}: they may be one feed",
        advice="compare their items (monitor feeds why SLUG); of those that are the same, keep one and give the others "
        "enabled = false in their file, or switch them off on their page",
    )


def _deliveries(state: Status) -> Iterator[Finding]:
    dead = state.deliveries.get("dead", 0)
    parts = ", ".join(f"{count} {name}" for name, count in sorted(state.deliveries.items()) if count)
    yield Finding(
        grade=Grade.WARN if dead else Grade.OK,
        subject="deliveries",
        found=parts or "none yet",
        advice="monitor deliveries list --state dead" if dead else "",
    )
