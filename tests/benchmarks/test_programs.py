"""Each benchmark runs to its end in small, and its last line holds the figures. How fast anything is, nobody asks."""

from pathlib import Path

import pytest

from monitor.demo.stage import shipped_watchlist
from tests.benchmarks.conftest import Run

pytestmark = pytest.mark.process
PHASES = {"cold", "tenth", "same", "bare"}


def test_polling_is_measured_beside_all_others(run: Run) -> None:
    figures = run("poll", "--feeds", "5", "--rounds", "1", "--only", "scenarios")
    assert set(figures["cpu"]) == {"floor", "loop", "reader", "ours"}
    for name in ("floor", "loop", "reader"):
        assert set(figures["cpu"][name]) == PHASES
        assert all(seconds > 0 for seconds in figures["cpu"][name].values())
    assert set(figures["cpu"]["ours"]) == {*PHASES, "dispatch"}
    assert {f"{phase}_to_reader" for phase in PHASES} < set(figures["ratios"])
    assert figures["ratios"]["cold_to_reader"] == pytest.approx(
        figures["cpu"]["ours"]["cold"] / figures["cpu"]["reader"]["cold"], abs=0.01
    )
    assert figures["peak_mib"]["ours"] > 10
    unmeasured = [goal["name"] for goal in figures["goals"] if goal["met"] is None]
    assert "slope of same" in unmeasured
    assert "cold: ours / reader" not in unmeasured


def test_the_way_from_a_new_item_to_its_webhook_is_measured(run: Run) -> None:
    figures = run("poll", "--only", "latency", "--publishing", "3", "--waves", "1", "--single-waves", "1")
    one, many = figures["latency"]["one"], figures["latency"]["many"]
    assert (one["items"], one["lost"]) == (1, 0)
    assert (many["items"], many["lost"]) == (3, 0)
    assert 0 < many["p50"] <= many["p95"] <= many["slowest"]


def test_a_hostile_mix_ends_with_every_good_feed_done_and_a_reason_for_the_others(run: Run) -> None:
    figures = run("hostile", "--feeds", "4", "--rounds", "1", "--timeout", "1")
    assert figures["healthy"]["good"] == figures["mixed"]["good"] == 4
    assert len(figures["outcomes"]) == 12
    assert all(outcome.partition(": ")[2] for outcome in figures["outcomes"].values())
    assert figures["outcomes"]["error"].startswith("failing: HTTP 500")
    assert figures["memory_ratio"] > 0


def test_a_soak_samples_the_daemon_and_counts_the_polls(run: Run) -> None:
    figures = run(
        "soak", "--minutes", "0.05", "--feeds", "10", "--hostile", "0.4", "--interval", "1", "--timeout", "1"
    )
    assert figures["exit_code"] == 0
    assert figures["errors"] == {}
    assert figures["polls"]["total"] >= 1
    assert sum(figures["hostile_requests"].values()) >= 4
    trend = figures["trend"]
    assert set(trend) == {"main_mib", "tree_mib", "files", "threads", "children", "tasks", "overdue"}
    for what in ("main_mib", "tree_mib", "files", "threads", "tasks"):
        assert trend[what]["most"] > 0, what


@pytest.mark.corpus
def test_a_back_test_is_measured_with_the_index_and_without(run: Run) -> None:
    figures = run("backtest", "--items", "600", "--scans", "2")
    assert figures["items"] == 600
    assert figures["index_bytes_per_item"] > 0
    small = figures["topics"][0]
    assert small["topic"] == "small"
    assert small["scan_seconds"] > 0
    assert sum(row["scan_seconds"] is not None for row in figures["topics"]) == 2
    assert [goal["name"] for goal in figures["goals"]] == ["slowest back-test, child included"]


def test_the_shipped_watchlist_is_what_benchmarks_take_by_themselves() -> None:
    assert (
        shipped_watchlist() == Path(__file__).parents[2] / "config" / "watchlists" / "us-mexico-border.toml"
    )


def test_surges_are_measured_beside_two_other_rules(run: Run) -> None:
    figures = run("surge", "--runs", "1")
    assert {"ours", "ratio 150 % of 7-day mean", "mean + 2 sd of 7 days"} < figures["rules"].keys()
    for levels in figures["rules"].values():
        assert len(levels) == 5
        assert all(0 <= level["recall"] <= 1 for level in levels.values())
    assert figures["rules"]["ours"]["500/day"]["recall"] > 0


def test_matching_is_measured_beside_the_naive_ways(run: Run) -> None:
    figures = run("match", "--quick", "--items", "60", "--corpora", "none")
    assert figures["sizes"].keys() == {"10", "100"}
    for size in figures["sizes"].values():
        assert size["us_per_item"] > 0
        assert {
            "evaluator_us",
            "sets_us",
            "regex_us",
            "add_ms",
            "remove_ms",
            "fold_s",
            "compile_s",
        } <= size.keys()
        assert size["rss_mib"] > 10
    assert figures["shipped"]["topics"] > 10


@pytest.mark.corpus
def test_the_oracles_are_compared_in_small(run: Run) -> None:
    figures = run("oracle", "--queries", "20", "--items", "60")
    assert [each["oracle"] for each in figures["oracles"]] == ["evaluator", "FTS5"]
    for each in figures["oracles"]:
        assert (each["queries"], each["items"], each["decisions"]) == (20, 60, 1_200)
        assert each["differences"] == 0
        assert each["hits"] > 0
    assert all(goal["met"] for goal in figures["goals"])


def test_deliveries_are_measured_beside_bare_clients_and_a_dead_endpoint(run: Run) -> None:
    figures = run("deliver", "--deliveries", "30", "--dead", "40", "--waiting", "200", "--seconds", "1")
    for kind in ("webhook", "email"):
        assert figures[kind]["cpu"] > 0
        assert figures[kind]["bare_cpu"] > 0
    assert 0 < figures["p95_beside_dead"] < 10
    assert len(figures["goals"]) == 4
