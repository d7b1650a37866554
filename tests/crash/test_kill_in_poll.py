"""The real daemon, killed with SIGKILL between an answer and the commit of what was in it, loses no item."""

import signal
import subprocess
from pathlib import Path

import pytest

from tests.conftest import small_stage, until
from tests.crash.test_kill import process
from tests.flow.checklist import checklist
from tests.flow.publisher import TITLES, Asked, answer, document, ok, publishing

NEWS = "Agents seize fentanyl at the bridge"


@checklist(13)
@pytest.mark.process
async def test_a_kill_between_answer_and_commit_loses_no_item(tmp_path: Path) -> None:
    """Had the new validators been kept before the items, the publisher would say "not modified" from then on."""
    daemons: list[subprocess.Popen[str]] = []
    killed: list[Asked] = []

    def second(asked: Asked) -> bytes:
        if asked.fields.get("if-none-match") == '"2"':
            return answer("304 Not Modified")
        return ok('ETag: "2"', body=document(NEWS, *TITLES))

    def kill() -> None:
        if len(publisher.asked) == 2 and not killed:
            killed.append(publisher.asked[-1])
            daemons[-1].send_signal(signal.SIGKILL)

    async with publishing() as publisher, small_stage(tmp_path) as stage:
        publisher.after_answer = kill
        url = publisher.on("/feed", ok('ETag: "1"'), second)
        (stage.folder / "feeds.toml").write_text(f'[[feed]]\nslug = "paper"\nurl = "{url}"\n')
        run = ("monitor", "run", "--config", str(stage.config_path))
        with process(*run, folder=tmp_path, name="daemon") as daemon:
            daemons.append(daemon)
            await until(lambda: daemon.poll() is not None)
            assert daemon.returncode == -signal.SIGKILL
        with process(*run, folder=tmp_path, name="daemon"):
            await until(lambda: stage.receiver.requests)
        tags = [each.fields.get("if-none-match") for each in publisher.asked]
        assert tags[:3] == [None, '"1"', '"1"']
        assert len(stage.receiver.messages) == 1
