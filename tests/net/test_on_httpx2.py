"""Whoever asks over httpx today can ask over its successor tomorrow."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
NOT_NEEDED = ("test_on_httpx2", "test_answer", "test_guard", "test_idle")  # the last three ask no client


def test_the_client_and_the_fetcher_pass_their_tests_on_httpx2() -> None:
    """The same tests in a process of their own, where `import httpx` gives httpx2."""
    command = [
        *(sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-p", "tests.on_httpx2"),
        *("tests/net", "tests/fetch/test_request.py"),
        *(f"--ignore=tests/net/{name}.py" for name in NOT_NEEDED),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]


def test_the_plugin_replaces_httpx_in_our_own_modules() -> None:
    """Otherwise the test above would prove nothing."""
    code = (
        "import tests.on_httpx2, sys, httpx, monitor.net.client as client; "
        "print(httpx.__name__, issubclass(client.GuardedClient, sys.modules['httpx2'].AsyncClient))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout.split() == ["httpx2", "True"], done.stderr
