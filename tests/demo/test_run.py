"""The demonstration itself, with the real daemon, from start to its own end."""

import asyncio
import os
import re
import sys
from email import policy
from email.parser import BytesParser
from pathlib import Path

import pytest


@pytest.mark.process
async def test_it_ends_by_itself_with_every_expected_alert_and_no_other(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "monitor",
        "demo",
        "--exit",
        "--folder",
        folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={
            **os.environ,
            "MONITOR__FETCH__MIN_INTERVAL_MINUTES": "nonsense of the user's that must not matter",
        },
    )
    output, _ = await asyncio.wait_for(process.communicate(), 120)
    text = output.decode()
    assert process.returncode == 0, text
    for verb in ("polled", "matched", "alerted", "delivered", "retry"):
        assert re.search(rf"^\+ *[0-9.]+s  {verb} ", text, re.MULTILINE), verb
    assert "every expected alert, and no other" in text
    assert "whsec_" not in text
    mails = sorted((folder / "mails").glob("*.eml"))
    assert len(mails) == 7
    for path in mails:
        parsed = BytesParser(policy=policy.default).parsebytes(path.read_bytes())
        assert not parsed.defects
        assert parsed["Message-ID"]
