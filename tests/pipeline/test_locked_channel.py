"""An installation whose sealing key was lost."""

from pathlib import Path

from structlog.testing import capture_logs

from monitor.model import DeliveryState
from monitor.store import outbox
from tests.conftest import make_deliveries_due, opened, pass_time, poll_all, recorded, recording, small_stage

PAPER = recording("gazette", recorded("old", "Council meets"), recorded("new", "Agents seize fentanyl", at=5))


async def test_a_lost_key_stops_its_channels_alone_until_they_get_a_secret(tmp_path: Path) -> None:
    async with small_stage(tmp_path, PAPER) as stage:
        file = stage.folder / "recipients.toml"
        signed = file.read_text()
        secret_line = next(line for line in signed.splitlines() if line.startswith("secret"))
        file.write_text(signed.replace(secret_line + "\n", ""))
        async with opened(stage) as app:
            await poll_all(app)
        (stage.state_dir / "secret.key").unlink()
        pass_time(stage)
        with capture_logs() as logged:
            async with opened(stage) as app:
                await poll_all(app)
                views = await app.store.read(outbox.list_deliveries, limit=9)
        assert [line["channel"] for line in logged if line["event"] == "channel.locked"] == ["demo-hook"]
        states = {view.kind.value: (view.state, view.reason) for view in views}
        assert states["email"][0] is DeliveryState.DONE
        assert states["webhook"][0] is DeliveryState.PENDING
        assert "no signing key" in states["webhook"][1]
        file.write_text(signed)
        async with opened(stage) as app:
            await make_deliveries_due(app)
            await poll_all(app)
            views = await app.store.read(outbox.list_deliveries, limit=9)
        assert {view.state for view in views} == {DeliveryState.DONE}
