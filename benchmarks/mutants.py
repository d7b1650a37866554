"""Mutation testing of the pure modules: change one thing in the code, and see whether a test notices.

    make mutants                                        all modules; exit status 1 below 85 % killed
    make mutants ARGS="--module fetch/cadence"          one module (repeatable; `match` means all of match/)
    make mutants ARGS="--sample 40 --seed 7"            at most 40 mutants of each module

How: the mapped tests run once, with coverage that knows which test reached which line. Then each mutant runs in a
forked child, where the changed function (or constant) replaces the real one in place, against the tests that reach
the line, quickest first, until one fails. Nothing is written to the checkout. Hypothesis runs with few, fixed
examples, so that two runs of this tool agree; tests that need the corpora are left out.

`mutation` says what is changed. A mutant that never ends counts as killed; one that changes nothing anybody can see
stays among the survivors, which are listed.
"""

import argparse
import ast
import contextlib
import functools
import gc
import json
import os
import random
import resource
import signal
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import coverage
import pytest
from hypothesis import HealthCheck, Phase, settings
from mutation import ROOT, Mutant, mutants_of

WANTED = 85.0
MATCH = "tests/match"
TESTS: dict[str, tuple[str, ...]] = {
    "route/decide": ("tests/route",),
    "fetch/identity": ("tests/fetch/test_identity*.py",),
    "fetch/cadence": ("tests/fetch/test_cadence*.py",),
    "fetch/health": ("tests/fetch/test_health*.py",),
    "fetch/rhythm": ("tests/fetch/test_rhythm*.py",),
    "deliver/retry": ("tests/deliver/test_retry*.py",),
    "pipeline/intake": ("tests/pipeline/test_intake*.py",),
    "pipeline/push_rules": ("tests/pipeline/test_push_rules.py",),
    **{
        path.relative_to(ROOT / "monitor").with_suffix("").as_posix(): (MATCH,)
        for path in sorted((ROOT / "monitor/match").rglob("*.py"))
        if path.stem != "__init__"
    },
}
OPTIONS = [
    "-x",
    "-q",
    "--no-header",
    "-p",
    "no:randomly",
    "-p",
    "no:xdist",
    "-p",
    "no:cov",
    "-p",
    "no:cacheprovider",
]
OPTIONS += [
    "-W",
    "ignore::pytest.PytestAssertRewriteWarning",
]  # hypothesis is imported before pytest looks for it
LEFT_OUT = {"corpus", "process"}
TOOL_BROKE = 99


def _clear_caches() -> None:
    for each in gc.get_objects():
        if isinstance(each, functools._lru_cache_wrapper) and (each.__module__ or "").startswith("monitor"):  # noqa: SLF001
            each.cache_clear()


@dataclass(kw_only=True, eq=False)
class Reach:
    """A pytest plugin that learns which test takes how long and runs which lines."""

    measure: coverage.Coverage
    seconds: dict[str, float] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [item for item in items if not any(map(item.get_closest_marker, LEFT_OUT))]
        self.files = {item.nodeid: str(item.path) for item in items}

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        _clear_caches()  # a remembered answer would hide that the test needs the code
        self.measure.switch_context(nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.seconds[report.nodeid] = self.seconds.get(report.nodeid, 0.0) + report.duration


@dataclass(kw_only=True, eq=False)
class Only:
    """A pytest plugin that keeps the chosen tests, in the order they were chosen in."""

    chosen: Sequence[str]

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        known = {item.nodeid: item for item in items}
        items[:] = [known[name] for name in self.chosen if name in known]


def explore(modules: Sequence[str]) -> tuple[Reach, dict[str, dict[int, list[str]]]]:
    """Run all mapped tests once; return what was learned, and the tests that reach each line of each module."""
    paths = sorted(
        {str(path) for module in modules for pattern in TESTS[module] for path in ROOT.glob(pattern)}
    )
    files = {module: str(ROOT / "monitor" / f"{module}.py") for module in modules}
    measure = coverage.Coverage(data_file=None, config_file=False, include=list(files.values()))
    reach = Reach(measure=measure)
    measure.start()
    status = pytest.main([*OPTIONS, *paths], plugins=[reach])
    measure.stop()
    if status != 0:
        sys.exit("the unchanged code does not pass its tests: nothing to compare with")
    data = measure.get_data()
    return reach, {module: data.contexts_by_lineno(path) for module, path in files.items()}


def choose(mutant: Mutant, reach: Reach, lines: dict[int, list[str]]) -> list[str]:
    """Return the tests that can notice a mutant, quickest first."""
    names: set[str] = set()
    whole = not isinstance(mutant.unit.statement, ast.FunctionDef)
    for line, contexts in lines.items():
        if whole or line in mutant.lines:
            names.update(contexts)
    return sorted(names & reach.seconds.keys(), key=lambda name: (reach.seconds[name], name))


def _child(mutant: Mutant, chosen: Sequence[str], files: Sequence[str], seconds: int) -> int:
    """Run the chosen tests on a mutant; 0 when all pass, 1 when one fails."""
    silence = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(silence, stream)
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
    try:
        mutant.apply()
    except Exception:  # noqa: BLE001 - whatever a changed constant does when it is made, the tests would meet it
        return 1
    for name, module in list(sys.modules.items()):
        path = getattr(module, "__file__", None) or ""
        if path.startswith(str(ROOT / "tests")) and not path.endswith("conftest.py"):
            del sys.modules[name]
    _clear_caches()
    status = pytest.main([*OPTIONS, *files], plugins=[Only(chosen=chosen)])
    return {0: 0, 1: 1, 2: 1}.get(int(status), TOOL_BROKE)


@dataclass(kw_only=True)
class Running:
    mutant: Mutant
    pid: int
    until: float


def run_all(
    work: Sequence[tuple[Mutant, list[str]]], reach: Reach, *, jobs: int
) -> Iterator[tuple[Mutant, str]]:
    """Run mutants in forked children, `jobs` at a time; yield each with `killed`, `survived` or `timeout`."""
    gc.collect()
    gc.freeze()
    running: list[Running] = []
    waiting = iter(work)
    left = True
    while left or running:
        while left and len(running) < jobs:
            task = next(waiting, None)
            if task is None:
                left = False
            elif not task[1]:
                yield task[0], "survived"
            else:
                running.append(_start(*task, reach))
        for each in list(running):
            pid, status = os.waitpid(each.pid, os.WNOHANG)
            if pid:
                running.remove(each)
                yield each.mutant, _verdict(each.mutant, status)
            elif time.monotonic() > each.until:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(each.pid, signal.SIGKILL)
        time.sleep(0.01)


def _start(mutant: Mutant, chosen: list[str], reach: Reach) -> Running:
    files = sorted({reach.files[name] for name in chosen})
    seconds = 15 + round(4 * sum(reach.seconds[name] for name in chosen))
    pid = os.fork()
    if pid == 0:
        status = TOOL_BROKE
        try:
            status = _child(mutant, chosen, files, seconds)
        finally:
            os._exit(status)
    return Running(mutant=mutant, pid=pid, until=time.monotonic() + 8 * seconds)


def _verdict(mutant: Mutant, status: int) -> str:
    if os.WIFSIGNALED(status):
        return "timeout"
    code = os.WEXITSTATUS(status)
    if code == TOOL_BROKE:
        sys.exit(f"the tests could not be run on {mutant}")
    return "survived" if code == 0 else "killed"


def report(results: list[tuple[Mutant, str]], unreached: set[int], seconds: float) -> float:
    """Print the table, the survivors and one line of JSON; return the percentage that was killed."""
    tables: dict[str, Counter[str]] = defaultdict(Counter)
    for mutant, verdict in results:
        tables[mutant.module][verdict] += 1
    total: Counter[str] = Counter()
    print(f"\n{'module':<18}{'mutants':>9}{'killed':>9}{'survived':>10}{'timeouts':>10}{'percent':>9}")
    figures = {}
    for module in [name for name in TESTS if name in tables]:
        figures[module] = _row(module, tables[module])
        total += tables[module]
    summary = _row("all", total)
    survivors = [mutant for mutant, verdict in results if verdict == "survived"]
    print(f"\n{len(survivors)} survivors" + (":" if survivors else ""))
    for mutant in sorted(survivors, key=lambda each: (each.module, each.lines.start)):
        print(f"  {mutant}{'  [no test runs this]' if id(mutant) in unreached else ''}")
    print(json.dumps({**summary, "wanted": WANTED, "seconds": round(seconds), "modules": figures}))
    return float(summary["percent"])


def _row(name: str, counts: Counter[str]) -> dict[str, float]:
    mutants = counts.total()
    percent = round(100 * (mutants - counts["survived"]) / mutants, 1) if mutants else 100.0
    print(
        f"{name:<18}{mutants:>9}{counts['killed']:>9}{counts['survived']:>10}{counts['timeout']:>10}{percent:>8} %"
    )
    return {
        "mutants": mutants,
        "killed": counts["killed"],
        "survived": counts["survived"],
        "timeouts": counts["timeout"],
        "percent": percent,
    }


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--module", action="append", default=[], metavar="NAME", help=f"of {', '.join(TESTS)}"
    )
    parser.add_argument("--sample", type=int, metavar="N", help="at most N mutants of each module")
    parser.add_argument("--seed", type=int, default=1, help="which sample (default 1)")
    parser.add_argument("--jobs", type=int, default=2, help="children at a time (default 2)")
    options = parser.parse_args()
    asked = [
        name
        for name in TESTS
        if not options.module or any(name == each or name.startswith(f"{each}/") for each in options.module)
    ]
    if not asked:
        parser.error(f"no such module; there are {', '.join(TESTS)}")
    options.module = asked
    return options


def _use_few_examples() -> None:
    settings.register_profile(
        "mutants",
        max_examples=30,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    settings.load_profile("mutants")


def main() -> int:
    options = _options()
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    os.nice(10)
    _use_few_examples()
    began = time.monotonic()
    reach, lines = explore(options.module)
    work: list[tuple[Mutant, list[str]]] = []
    for module in options.module:
        found = mutants_of(module)
        if options.sample is not None and options.sample < len(found):
            found = random.Random(options.seed).sample(found, options.sample)
        work += [(mutant, choose(mutant, reach, lines[module])) for mutant in found]
    print(
        f"{len(work)} mutants, {len(reach.seconds)} tests ({sum(reach.seconds.values()):.0f} s)", flush=True
    )
    results = []
    tell = _progress(len(work))
    for mutant, verdict in run_all(work, reach, jobs=options.jobs):
        results.append((mutant, verdict))
        tell(verdict)
    unreached = {id(mutant) for mutant, chosen in work if not chosen}
    return 0 if report(results, unreached, time.monotonic() - began) >= WANTED else 1


def _progress(total: int) -> Callable[[str], None]:
    signs = {"killed": ".", "survived": "S", "timeout": "t"}
    count = 0

    def tell(verdict: str) -> None:
        nonlocal count
        count += 1
        print(signs[verdict], end="" if count % 100 else f" {count}/{total}\n", flush=True)

    return tell


if __name__ == "__main__":
    sys.exit(main())
