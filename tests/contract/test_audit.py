from monitor.store import Store, audit
from tests.contract.conftest import Clock


async def test_the_trail_reads_back_newest_first(store: Store, t: Clock) -> None:
    for number in range(3):
        await store.write(
            audit.record,
            actor="ana",
            action="topic.put",
            object=f"topic:{number}",
            detail={"número": number, "list": [1, None]},
            now=t(number),
        )
    newest, before = await store.read(audit.recent_audit, limit=2)
    assert (newest.object, newest.actor, newest.action, newest.at) == ("topic:2", "ana", "topic.put", t(2))
    assert newest.detail == {"número": 2, "list": [1, None]}
    assert before.object == "topic:1"
