"""Run the whole crash matrix and write its table into docs/guarantees.md (`make guarantees`)."""

import asyncio
import sys
import tempfile
from pathlib import Path

from tests.crash.matrix import BEGIN, CASES, DOCUMENT, END, KINDS, Found, run_case, table_of


async def measure(folder: Path) -> dict[tuple[str, str], Found]:
    """Run every case, one after another, and return what was found by step and kind of channel."""
    found: dict[tuple[str, str], Found] = {}
    for number, (step, kind) in enumerate(CASES):
        place = folder / str(number)
        place.mkdir()
        arrived = await run_case(place, step, kind)
        for each in (kind,) if kind else KINDS:
            found[step.name, each] = arrived[each]
        sys.stdout.write(f"{step.name} {kind} {arrived}\n")
    return found


def main() -> None:
    """Measure, and put the table in its place."""
    with tempfile.TemporaryDirectory() as folder:
        table = table_of(asyncio.run(measure(Path(folder))))
    text = DOCUMENT.read_text()
    before, _, rest = text.partition(BEGIN)
    DOCUMENT.write_text(before + table + rest.partition(END)[2])


if __name__ == "__main__":
    main()
