"""What polling costs: CPU of the whole process tree against a floor, a plain loop and `reader`, in one run.

    make bench-poll                                     1,000 feeds, 3 rounds, latency and slow servers
    make bench-poll ARGS="--slope --growth"             and the costs at 10,000, and cold at 250, 1000 and 4000
    make bench-poll ARGS="--feeds 200 --rounds 1 --only scenarios"

Each contestant polls the same feeds (25 items each, on 100 addresses) in a process of its own: `cold` first, then
`tenth` (one new item on every tenth feed, 304 elsewhere), `same` (304 everywhere), `bare` (the server has lost its
validators: 200 with the same bytes). Contestants take turns, round by round; figures are medians. Ours keeps a
durable store, matches the shipped watchlist and logs as the daemon does; hits are decided (`dispatch`) after
`tenth`, which is printed apart, since no other contestant has anything like it.
"""

import argparse
import math
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from contestants import NAMES, Contestant, Cost
from feed_farm import Farm
from latency import measure_latency
from table import Goal, finish, print_rows

PHASES = ("cold", "tenth", "same", "bare")
PARTS = ("scenarios", "slow", "latency")
SLOW_SECONDS = 0.2
GROWTH = (250, 1000, 4000)
ANSWER_SECONDS = 60.0

Costs = dict[str, Cost]


def run_phases(farm: Farm, contestant: Contestant, phases: Sequence[str] = PHASES) -> Costs:
    """Take a contestant through the phases, in order; exits when it leaves a feed out."""
    costs: Costs = {}
    for phase in phases:
        if phase == "tenth":
            farm.call("publish", share=0.1)
        farm.call("set", validators=phase != "bare")
        costs[phase] = _round(farm, contestant, phase)
        if phase == "tenth" and contestant.name == "ours":
            costs["dispatch"] = contestant.measure("dispatch")
    return costs


def _round(farm: Farm, contestant: Contestant, phase: str) -> Cost:
    farm.call("clear")
    contestant.ask("due")
    cost = contestant.measure("poll")
    deadline = time.monotonic() + ANSWER_SECONDS
    while not all(requests := farm.call("report")["requests"]) and time.monotonic() < deadline:
        time.sleep(0.2)
        more = contestant.measure("poll")  # feeds that were held back for a moment
        cost = Cost(cpu=cost.cpu + more.cpu, wall=cost.wall + more.wall + 0.2)
    left, twice = sum(not each for each in requests), sum(each > 1 for each in requests)
    if left or twice:
        sys.exit(
            f"{contestant.name}, {phase}: {left} of {farm.count} feeds were not polled, {twice} more than once"
        )
    return cost


def scenarios(folder: Path, farm: Farm, *, names: Sequence[str], rounds: int) -> dict[str, Any]:
    """Run all phases for each contestant in turn; return medians of CPU and wall seconds, and memory."""
    runs: dict[str, list[Costs]] = defaultdict(list)
    peaks: dict[str, float] = defaultdict(float)
    hosts: dict[str, int] = {}
    facts: dict[str, Any] = {}
    for number in range(rounds):
        for place in range(len(names)):
            name = names[(place + number) % len(names)]
            farm.call("reset")
            with Contestant(name, folder / f"{name}-{farm.count}-{number}", farm.urls) as contestant:
                runs[name].append(run_phases(farm, contestant))
                peaks[name] = max(peaks[name], contestant.peak_mib)
                facts = contestant.facts or facts
            hosts[name] = max(hosts.get(name, 0), farm.call("report")["peak_in_flight"])
            print(f"  {farm.count} feeds, round {number + 1}: {name} done", file=sys.stderr)
    return {
        "cpu": {name: _medians(costs, "cpu") for name, costs in runs.items()},
        "wall": {name: _medians(costs, "wall") for name, costs in runs.items()},
        "peak_mib": dict(peaks),
        "at_one_host": hosts,
        "ours": facts,
    }


def _medians(runs: Sequence[Costs], what: str) -> dict[str, float]:
    return {
        phase: round(statistics.median(getattr(run[phase], what) for run in runs), 4) for phase in runs[0]
    }


def slow_servers(folder: Path, *, feeds: int) -> dict[str, Any]:
    """Measure wall time when each response takes 200 ms, as a multiple of what the connections allow."""
    with Farm(feeds) as farm, Contestant("ours", folder / "slow", farm.urls) as ours:
        connections: int = ours.facts["concurrency"]
        least = math.ceil(feeds / connections) * SLOW_SECONDS
        farm.call("set", delay=SLOW_SECONDS)
        costs = run_phases(farm, ours, ("cold", "same"))
    return {
        "connections": connections,
        "least_seconds": least,
        **{
            phase: {"seconds": round(cost.wall, 3), "ratio": round(cost.wall / least, 3)}
            for phase, cost in costs.items()
        },
    }


def slope(
    folder: Path, small: Mapping[str, Any], *, names: Sequence[str], feeds: tuple[int, int]
) -> dict[str, Any]:
    """Measure the cost of one more feed between two sizes when nothing changed, in milliseconds of CPU."""
    with Farm(feeds[1]) as farm:
        large = scenarios(folder, farm, names=names, rounds=1)
    return {
        "feeds": feeds,
        "cpu": large["cpu"],
        "peak_mib": large["peak_mib"],
        "ms_per_feed": {
            name: 1000 * (large["cpu"][name]["same"] - small["cpu"][name]["same"]) / (feeds[1] - feeds[0])
            for name in names
        },
    }


def growth(folder: Path, *, sizes: Sequence[int]) -> dict[str, Any]:
    """Fit how our cold CPU grows with the number of feeds: 1 is linear."""
    seconds: dict[int, float] = {}
    for size in sizes:
        with Farm(size) as farm, Contestant("ours", folder / f"growth-{size}", farm.urls) as ours:
            seconds[size] = run_phases(farm, ours, ("cold",))["cold"].cpu
    xs, ys = [math.log(size) for size in seconds], [math.log(value) for value in seconds.values()]
    return {"cold_cpu": seconds, "exponent": statistics.linear_regression(xs, ys).slope}


def show(measured: Mapping[str, Any], *, feeds: int) -> None:
    """Print the CPU and wall table of the scenarios, per 1,000 feeds."""
    cpu, wall, ours = measured["cpu"], measured["wall"], measured["ours"]
    print(
        f"\nCPU seconds (user + system, whole tree) per 1,000 feeds, measured with {feeds}; wall seconds in brackets."
    )
    print(
        f"Ours: host spacing {ours.get('host_spacing')}, {ours.get('concurrency')} polls at a time, "
        f"{ours.get('per_host')} to one host.\n"
    )
    scale = 1000 / feeds
    rows: list[tuple[object, ...]] = []
    for phase in (*PHASES, "dispatch"):
        cells = (
            f"{cpu[name][phase] * scale:.2f} ({wall[name][phase] * scale:.1f})" if phase in cpu[name] else "-"
            for name in cpu
        )
        rows.append((phase, *cells))
    rows.append(("peak MiB, main process", *(f"{measured['peak_mib'][name]:.0f}" for name in cpu)))
    rows.append(("requests to one host at once", *(measured["at_one_host"][name] for name in cpu)))
    print_rows(("", *cpu), rows)


def ratios(cpu: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """Relate ours to the others."""
    found: dict[str, float] = {}
    ours = cpu.get("ours")
    if ours is None:
        return found
    for name in cpu:
        if name != "ours":
            found |= {f"{phase}_to_{name}": round(ours[phase] / cpu[name][phase], 4) for phase in PHASES}
    return found | {"bare_to_own_cold": round(ours["bare"] / ours["cold"], 4)}


def goals(figures: Mapping[str, Any]) -> list[Goal]:
    """Hold the figures against what we set out for."""

    def at(*path: str) -> float | None:
        value: Any = figures
        for key in path:
            value = value.get(key) if isinstance(value, Mapping) else None
        return value

    return [
        Goal(name="cold: ours / reader", value=at("ratios", "cold_to_reader"), limit=0.7),
        Goal(name="tenth: ours / reader", value=at("ratios", "tenth_to_reader"), limit=0.3),
        Goal(name="same: ours / loop", value=at("ratios", "same_to_loop"), limit=0.5),
        Goal(name="bare: ours / our cold", value=at("ratios", "bare_to_own_cold"), limit=0.15),
        Goal(name="slope of same", value=at("slope", "ms_per_feed", "ours"), limit=0.5, unit="ms/feed"),
        Goal(name="growth exponent of cold", value=at("growth", "exponent"), limit=1.05),
        Goal(
            name="peak memory at the large size", value=at("slope", "peak_mib", "ours"), limit=250, unit="MiB"
        ),
        Goal(name="wall at 200 ms, cold", value=at("slow", "cold", "ratio"), limit=1.2, unit="x least"),
        Goal(name="wall at 200 ms, same", value=at("slow", "same", "ratio"), limit=1.2, unit="x least"),
        Goal(name="item to webhook p95, 1 feed", value=at("latency", "one", "p95"), limit=0.2, unit="s"),
        Goal(name="item to webhook p95, at once", value=at("latency", "many", "p95"), limit=1.0, unit="s"),
        Goal(name="items without webhook", value=at("latency", "many", "lost"), limit=0),
    ]


def measure(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    figures: dict[str, Any] = {"benchmark": "poll", "feeds": options.feeds, "rounds": options.rounds}
    parts = options.only or PARTS
    if "scenarios" in parts or options.slope:
        with Farm(options.feeds) as farm:
            small = scenarios(folder, farm, names=options.contestants, rounds=options.rounds)
        figures |= {**small, "ratios": ratios(small["cpu"])}
        show(small, feeds=options.feeds)
    if options.slope:
        names = [name for name in options.contestants if name in options.slope_contestants]
        figures["slope"] = slope(folder, figures, names=names, feeds=(options.feeds, options.large))
    if options.growth:
        figures["growth"] = growth(folder, sizes=options.sizes)
    if "slow" in parts:
        figures["slow"] = slow_servers(folder, feeds=options.feeds)
    if "latency" in parts:
        one = measure_latency(folder / "one", feeds=1, waves=options.single_waves)
        many = measure_latency(folder / "many", feeds=options.publishing, waves=options.waves)
        figures["latency"] = {"one": asdict(one), "many": asdict(many), "publishing": options.publishing}
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--feeds", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--contestants", nargs="+", choices=NAMES, default=list(NAMES))
    parser.add_argument("--only", nargs="+", choices=PARTS, help="leave the other parts out")
    parser.add_argument("--slope", action="store_true", help="also poll --large feeds, for slope and memory")
    parser.add_argument("--large", type=int, default=10_000)
    parser.add_argument("--slope-contestants", nargs="+", choices=NAMES, default=list(NAMES))
    parser.add_argument("--growth", action="store_true", help="also cold at --sizes feeds")
    parser.add_argument("--sizes", type=int, nargs="+", default=list(GROWTH))
    parser.add_argument(
        "--publishing", type=int, default=100, help="feeds that publish at once, for the latency"
    )
    parser.add_argument("--waves", type=int, default=5, help="how often they do")
    parser.add_argument("--single-waves", type=int, default=20, help="how often one feed alone publishes")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-poll-") as folder:
        figures = measure(options, Path(folder))
    finish(figures, goals(figures))


if __name__ == "__main__":
    main()
