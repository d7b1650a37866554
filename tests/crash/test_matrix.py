"""Killed at any named step, the daemon loses nothing, and repeats only what was answered and not yet committed."""

from pathlib import Path

import pytest

from tests.crash.matrix import (
    ALERTS,
    CASES,
    DOCUMENT,
    IN_FLIGHT,
    KINDS,
    STEPS,
    Step,
    cells,
    rows_of,
    run_case,
)


@pytest.mark.process
@pytest.mark.parametrize(
    ("step", "kind"), CASES, ids=[f"{step.name}-{kind or 'both'}" for step, kind in CASES]
)
async def test_a_kill_at_a_step_loses_nothing_and_repeats_only_under_the_same_id(
    tmp_path: Path, step: Step, kind: str
) -> None:
    arrived = await run_case(tmp_path, step, kind)
    for each in KINDS:
        assert arrived[each].lost == 0
        assert arrived[each].ids == ALERTS, "no alert came under two ids"
    document = rows_of(DOCUMENT.read_text())[step.words]
    for each in (kind,) if kind else KINDS:
        found = arrived[each]
        assert (found.repeated > 0) is step.repeats
        assert found.repeated <= IN_FLIGHT[each]
        place = 2 * KINDS.index(each)
        assert document[place : place + 2] == cells(step, each, found), (
            "make guarantees writes the document anew"
        )


def test_the_document_has_a_row_for_every_step_and_no_other() -> None:
    assert list(rows_of(DOCUMENT.read_text())) == [step.words for step in STEPS]
