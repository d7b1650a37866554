"""Real mail servers, each with a configuration of its own in a folder of its own, on free ports of this machine.

Installed once by apt where this runs as root on Debian or Ubuntu; where that cannot be, the tests are skipped and
say why.
"""

import asyncio
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from string import Template

import pytest
from filelock import FileLock

from monitor.deliver import SenderIdentity
from monitor.model import Alert
from tests.deliver import conftest as alerts
from tests.fetch.certificates import make_authority

PACKAGES = {
    "postfix": ("postfix", "/usr/sbin/postfix"),
    "dovecot": ("dovecot-imapd", "/usr/sbin/dovecot"),
    "spamassassin": ("spamassassin", "/usr/bin/spamassassin"),
}
BOXES = ("alerts", "bounces", "fifty", "reader")
HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def make_alert() -> Callable[..., Alert]:
    return alerts._alert


@pytest.fixture(scope="session")
def identity() -> SenderIdentity:
    return SenderIdentity(
        instance="Border desk",
        mail_from="Border desk <alerts@news.example>",
        mail_domain="news.example",
        base_url="https://news.example/",
        contact="desk@news.example",
        link_key=b"k" * 32,
        version="0.1.0",
    )


def install(name: str) -> None:
    """Have a server's program, or skip the test with the reason."""
    package, program = PACKAGES[name]
    if Path(program).exists():
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        pytest.skip(f"{name} is not installed (as root: apt-get install {package})")
    with FileLock(Path(tempfile.gettempdir()) / "news-monitor-apt.lock"):
        if Path(program).exists():
            return
        for words in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", package]):
            done = subprocess.run(
                ["apt-get", "-o", "DPkg::Lock::Timeout=60", *words],
                env={**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"},
                capture_output=True,
                text=True,
                timeout=300,
                check=False,
            )
    if not Path(program).exists():
        pytest.skip(f"{name} cannot be installed here: {(done.stderr.strip() or 'no reason given')[-200:]}")


def need_root(name: str) -> None:
    if os.geteuid() != 0:
        pytest.skip(f"{name} starts as root only")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def wait_for(port: int, log: Path) -> None:
    """Wait until a server greets on a port."""
    for _ in range(200):
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as made:
                made.settimeout(10)
                if made.recv(1):
                    return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"no server on port {port}: {log.read_text()[-2000:] if log.exists() else 'no log'}")


def mails_in(box: Path) -> list[bytes]:
    """Return the mails in a box."""
    return [file.read_bytes() for folder in ("new", "cur") for file in box.glob(f"{folder}/*")]


async def arrived(box: Path, count: int, log: Path) -> list[bytes]:
    """Wait until so many mails lie in a box; fail with what the server logged."""
    for _ in range(200):
        if len(found := await asyncio.to_thread(mails_in, box)) >= count:
            return found
        await asyncio.sleep(0.1)
    said = await asyncio.to_thread(log.read_text)
    pytest.fail(f"{len(found)} of {count} mails arrived in {box}: {said[-3000:]}")


def fill(template: str, **values: object) -> str:
    return Template((HERE / template).read_text()).substitute({k: str(v) for k, v in values.items()})


@pytest.fixture(scope="session")
def place() -> Iterator[Path]:
    """Make a folder that the servers' own users can walk into."""
    folder = Path(tempfile.mkdtemp(prefix="nm-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def user() -> pwd.struct_passwd:
    """Name the user that mailboxes belong to."""
    install("postfix")
    return pwd.getpwnam("postfix")


@pytest.fixture(scope="session")
def mailboxes(place: Path, user: pwd.struct_passwd) -> Path:
    folder = place / "mail"
    folder.mkdir()
    os.chown(folder, user.pw_uid, user.pw_gid)
    return folder


@pytest.fixture(scope="session")
def dead_end() -> int:
    """The port to which Postfix passes on what is for gone.example."""
    return free_port()


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where a running server listens, what it trusts, and its log."""

    port: int
    log: Path
    ca_file: Path = Path()


@pytest.fixture(scope="session")
def postfix(
    place: Path,
    mailboxes: Path,
    user: pwd.struct_passwd,
    dead_end: int,
) -> Iterator[Server]:
    need_root("postfix")
    folder = place / "postfix"
    for name in ("etc", "queue", "data"):
        (folder / name).mkdir(parents=True)
    os.chown(folder / "data", user.pw_uid, user.pw_gid)
    port, log = free_port(), folder / "mail.log"
    authority = make_authority(folder, name="relay")
    values = {
        "folder": folder,
        "mailboxes": mailboxes,
        "uid": user.pw_uid,
        "gid": user.pw_gid,
        "port": port,
        "dead_end": dead_end,
        "certificate": folder / "relay-server.pem",
    }
    (folder / "etc" / "main.cf").write_text(fill("main.cf", **values))
    (folder / "etc" / "master.cf").write_text(fill("master.cf", **values))
    boxes = [f"{box}@{domain} {box}/" for box in BOXES for domain in ("mail.example", "news.example")]
    (folder / "etc" / "boxes").write_text("\n".join(boxes) + "\n")
    (folder / "etc" / "routes").write_text(f"gone.example smtp:[127.0.0.1]:{dead_end}\n")
    command = ["/usr/sbin/postfix", "-c", str(folder / "etc")]
    started = subprocess.run([*command, "start"], capture_output=True, text=True, timeout=60, check=False)
    assert started.returncode == 0, started.stderr
    try:
        wait_for(port, log)
        yield Server(port=port, log=log, ca_file=authority.ca_file)
    finally:
        subprocess.run([*command, "abort"], capture_output=True, timeout=60, check=False)


@pytest.fixture(scope="session")
def dovecot(place: Path, mailboxes: Path, user: pwd.struct_passwd) -> Iterator[Server]:
    need_root("dovecot")
    install("dovecot")
    said = subprocess.run(["/usr/sbin/dovecot", "--version"], capture_output=True, text=True, check=False)
    if not said.stdout.startswith("2.3."):
        pytest.skip(f"the configuration is for Dovecot 2.3, and this is {said.stdout.strip()}")
    folder = place / "dovecot"
    folder.mkdir()
    port, log = free_port(), folder / "dovecot.log"
    config = folder / "dovecot.conf"
    config.write_text(
        fill(
            "dovecot.conf",
            folder=folder,
            mailboxes=mailboxes,
            uid=user.pw_uid,
            gid=user.pw_gid,
            port=port,
        )
    )
    process = subprocess.Popen(["/usr/sbin/dovecot", "-F", "-c", str(config)], stderr=subprocess.DEVNULL)
    try:
        wait_for(port, log)
        yield Server(port=port, log=log)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


SEPARATOR = b"From nm@separator.example Thu Jan  1 00:00:00 1970\n"


@pytest.fixture(scope="session")
def spamassassin() -> Callable[[list[bytes]], list[tuple[float, str]]]:
    """Return what scores mails, all in one run, since reading the rules takes longest: points, and why."""
    install("spamassassin")

    def score(messages: list[bytes]) -> list[tuple[float, str]]:
        # It reads them in the order of their dates: a header says which is which.
        box = b"".join(
            SEPARATOR + b"X-Number: %d\n" % number + each.replace(b"\r\n", b"\n") + b"\n"
            for number, each in enumerate(messages)
        )
        command = ["/usr/bin/spamassassin", "-L", "-t", "--mbox"]
        done = subprocess.run(command, input=box, capture_output=True, timeout=300, check=True)
        texts = [each.decode("utf-8", "replace") for each in done.stdout.split(SEPARATOR)[1:]]
        found = {int(text.split("X-Number: ", 1)[1].split(maxsplit=1)[0]): _points(text) for text in texts}
        return [found[number] for number in range(len(messages))]

    return score


def _points(text: str) -> tuple[float, str]:
    status = text[text.index("X-Spam-Status:") :].split("\n\n", maxsplit=1)[0]
    return float(status.split("score=")[1].split()[0]), " ".join(status.split())[:400]
