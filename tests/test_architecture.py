"""The house keeps its own rules: drivers live in one room, pure modules stay pure, tests mirror the package."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "monitor"
MODULES = sorted(PACKAGE.rglob("*.py"))

DRIVERS = {
    "sqlite_utils": {"store/sqlite.py"},
    "psycopg": {"store/postgres.py"},
    "psycopg_pool": {"store/postgres.py"},
    "apscheduler": {"runner/local.py"},
    "feedparser": {"fetch/dates.py", "fetch/machine.py", "fetch/parse.py", "fetch/strict.py"},
    "protego": {"fetch/robots.py"},
    "trafilatura": {"fetch/article.py"},
    "lark": {
        "match/language/build.py",
        "match/language/grammar.py",
        "match/language/layout.py",
        "match/language/query.py",
    },
    "aiosmtplib": {"deliver/mail/email.py", "deliver/relay/smtp.py"},
    "apprise": {"deliver/chat/apprise.py"},
    "urllib3": {"deliver/chat/connections.py"},
    "dns": {"net/records.py"},
    "imaplib": {"deliver/bounces/mailbox.py"},
    "httptools": {"net/answer.py"},
    "brotli": {"net/bounded.py"},
    "httpcore": set[str](),  # our own transport stands in its place
}
FOLDERS = {"fastapi": {"web"}, "typer": {"cli"}, "uvicorn": {"web"}, "lxml": {"text", "config"}}

PURE_FOLDERS = ("model", "text", "match", "route")
PURE_FILES = (
    "deliver/bounces/report.py", "deliver/breaker.py", "deliver/notice_wording.py", "deliver/retry.py",
    "deliver/relay/answers.py", "deliver/relay/rate.py", "deliver/bounces/verp.py",
    "fetch/blocked.py", "fetch/cadence.py", "fetch/cut.py", "fetch/discover.py",
    "fetch/fields.py", "fetch/health.py", "fetch/hints.py", "fetch/identity.py", "fetch/rhythm.py",
    "fetch/window.py", "pipeline/ending.py", "pipeline/intake.py", "pipeline/progress.py",
    "pipeline/push_rules.py", "pipeline/surge_rules.py",
)  # fmt: skip
IMPURE = {
    "asyncio", "httpx", "os", "pathlib", "random", "secrets", "socket", "sqlite3", "structlog", "subprocess",
    "sys", "threading", "time", "uuid",
}  # fmt: skip
CLOCKS = {"now", "utcnow", "today"}


def name(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def is_pure(path: Path) -> bool:
    return name(path).split("/")[0] in PURE_FOLDERS or name(path) in PURE_FILES


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_a_driver_is_imported_in_its_own_room_only(path: Path) -> None:
    for module in imports(path):
        top = module.split(".")[0]
        if top in DRIVERS:
            assert name(path) in DRIVERS[top], f"{top} belongs in {DRIVERS[top]}"
        if top in FOLDERS:
            assert name(path).split("/")[0] in FOLDERS[top], f"{top} belongs in {FOLDERS[top]}"


@pytest.mark.parametrize("path", [path for path in MODULES if is_pure(path)], ids=name)
def test_a_pure_module_reads_no_clock_no_chance_and_no_world(path: Path) -> None:
    assert {module.split(".")[0] for module in imports(path)} & IMPURE == set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = node.func.value
            assert not (
                node.func.attr in CLOCKS and isinstance(owner, ast.Name) and owner.id in {"datetime", "date"}
            ), f"line {node.lineno} reads the clock"


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_every_module_says_what_it_does(path: Path) -> None:
    doc = ast.get_docstring(ast.parse(path.read_text()))
    assert doc
    assert "TODO" not in doc


def test_broad_excepts_stand_only_at_the_stated_boundaries() -> None:
    """The stage loop, the sender's two halves (write, send), and the web's error page."""
    allowed = {"runner/local.py": 1, "pipeline/outgoing.py": 1, "pipeline/send.py": 1, "web/site.py": 1}
    found: dict[str, int] = {}
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ExceptHandler) and (
                node.type is None or (isinstance(node.type, ast.Name) and node.type.id == "Exception")
            ):
                found[name(path)] = found.get(name(path), 0) + 1
    assert found == allowed


def test_no_module_is_named_after_nothing() -> None:
    vague = {"utils", "helpers", "common", "manager", "base", "misc"}
    assert [name(path) for path in MODULES if path.stem in vague] == []
