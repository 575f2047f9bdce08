"""Cost, frontier and utilisation: what follows from the records, and nothing where they are silent."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from analysis.compare.comparison import compare_sets
from analysis.measures import utilisation as use
from analysis.measures.cost import costs, dominance, frontiers
from analysis.plain import plain
from analysis.records.runs import load
from analysis.report.summary import summary_of
from tests.support.analysis import factory

A, B, C = "four-small-ssd", "one-large-ssd", "eight-tiny-standard"


def write(runs_dir: Path, times: dict[str, list[float]]) -> None:
    for scenario, of in times.items():
        for repeat, run_s in enumerate(of):
            record = factory.run_json(scenario, repeat=repeat, run_s=run_s, lease=f"{scenario[0]}{repeat:05}")
            factory.write(
                runs_dir, record, measurements=[factory.measurement(300 / run_s, operation="write")], nodes=[]
            )


def test_costs_are_price_times_time_and_the_lease_costs_more(tmp_path: Path) -> None:
    factory.demo(tmp_path)
    found = {(c.scenario, c.workload): c for c in costs(load(tmp_path, "demo"))}
    cost = found[A, "write_tfrecords"]
    assert (cost.runs, cost.leases) == (3, 1)
    assert cost.per_run_usd is not None
    one = (40.0 * 42 * 44) ** (1 / 3)  # a lease counts as one value: the geometric mean of its runs
    assert cost.run_s.median == pytest.approx(one)
    assert cost.per_run_usd.median == pytest.approx(0.62 * one / 3600)
    assert cost.per_run_usd.low is None  # one lease has no interval
    assert list(cost.per_1000_images_usd) == ["write tfrecord bucket unknown"]
    assert cost.per_1000_images_usd["write tfrecord bucket unknown"].median == pytest.approx(0.62 * one / 3600 / 0.3)
    assert cost.per_training_run_usd is None
    # The lease also ran read_speed: 3 runs of each, 8.3 s around each, and 18.6 s once for each workload.
    all_s, ran_s = 40 + 42 + 44 + 50 + 51 + 52 + 6 * 8.3 + 2 * 18.6, 40 + 42 + 44 + 50 + 51 + 52
    assert cost.paid_usd is not None and cost.run_share is not None
    assert cost.paid_usd.median == pytest.approx(0.62 * all_s / 3600)
    assert cost.run_share.median == pytest.approx(ran_s / all_s)
    json.dumps(plain(cost), allow_nan=False)


def test_a_training_run_has_a_cost_of_its_own(tmp_path: Path) -> None:
    row = factory.measurement(50.0, operation="train", format="tfrecord")
    factory.write(tmp_path, factory.run_json(B, "write_tfrecords", run_s=100.0), measurements=[row])
    (cost,) = costs(load(tmp_path, "demo"))
    assert cost.per_training_run_usd is not None
    assert cost.per_training_run_usd.median == pytest.approx(0.49 * 100 / 3600)


def test_dominated_is_no_better_in_either_and_worse_in_one() -> None:
    points = np.array([[1.0, 5.0], [2.0, 4.0], [2.0, 6.0], [1.0, 5.0]])
    assert dominance(points).any(axis=1).tolist() == [False, False, True, False]


def test_the_frontier_holds_fastest_and_cheapest_and_says_how_sure(tmp_path: Path) -> None:
    # USD per hour: A 0.62, B 0.49, C 0.55. A is fastest; B is cheapest; C is worse than A in both.
    write(tmp_path, {A: [30.0, 30.2, 30.1, 29.9, 30.3], B: [36.0, 36.2, 36.1, 35.9, 36.3],
                     C: [60.0, 61, 62, 60, 61]})  # fmt: skip
    (frontier,) = frontiers(load(tmp_path, "demo"))
    assert [p.scenario for p in frontier.points] == [A, B, C]
    assert [p.on_frontier for p in frontier.points] == [True, True, False]
    assert frontier.points[2].dominated_by == (A, B)
    assert [p.frontier_share for p in frontier.points] == [1.0, 1.0, 0.0]
    assert frontier.text.startswith(f"On the frontier of time and cost: {A}, {B}.")
    assert json.loads(json.dumps(plain(frontier)))["points"][0]["on_frontier"] is True


def test_a_frontier_that_noise_could_turn_over_says_so(tmp_path: Path) -> None:
    write(tmp_path, {A: [40.0, 60, 45, 55, 50], B: [52.0, 48, 60, 41, 58]})
    (frontier,) = frontiers(load(tmp_path, "demo"))
    shares = {p.scenario: p.frontier_share for p in frontier.points}
    share = shares[A]
    assert share is not None
    assert 0.3 < share < 0.95
    assert "Of resamples:" in frontier.text


def test_a_frontier_of_few_leases_is_a_first_look(tmp_path: Path) -> None:
    write(tmp_path, {A: [40.0, 41], B: [50.0, 51]})
    (frontier,) = frontiers(load(tmp_path, "demo"))
    assert {p.frontier_share for p in frontier.points} == {None}
    assert "A first look: 2 leases" in frontier.text


def rows(scenario: str, busy: dict[str, float], **more: float) -> list[dict[str, object]]:
    """Ten seconds of run; each node has this CPU ratio, and before the run all are at full."""
    return [
        {"ts": factory.START + t, "node": node, "role": "single" if scenario == B else "master" if node == "m" else "worker",
         "cpu_cores": ratio * 0.3 if t > 6 else 9.0, "cpu_ratio": ratio if t > 6 else 1.0,
         "net_rx_packets_s": 100 * ratio, "net_tx_packets_s": 50 * ratio, "disk_read_ops_s": 20 * ratio, **more}
        for t in range(1, 17)
        for node, ratio in busy.items()
    ]  # fmt: skip


def test_imbalance_is_of_the_workers_during_the_run(tmp_path: Path) -> None:
    busy = {"m": 0.9, "w-0": 0.5, "w-1": 0.5, "w-2": 0.4, "w-3": 0.2}
    factory.write(tmp_path, factory.run_json(A, run_s=10.0), nodes=rows(A, busy))
    runs = load(tmp_path, "demo")
    nodes = use.by_node(runs).set_index("node")
    assert list(nodes["samples"]) == [10] * 5
    assert nodes.loc["w-3", "cpu_mean_ratio"] == pytest.approx(0.2)
    assert nodes.loc["w-0", "cpu_core_s"] == pytest.approx(1.5)
    assert nodes.loc["w-0", "packets_peak_s"] == pytest.approx(75)
    row = use.by_run(runs).iloc[0]
    assert row["workers"] == 4
    assert row["cpu_max_over_mean"] == pytest.approx(0.5 / 0.4)
    assert row["cpu_variation"] == pytest.approx(np.std([0.5, 0.5, 0.4, 0.2]) / 0.4)
    assert row["disk_reads_max_over_mean"] == pytest.approx(0.5 / 0.4)
    assert np.isnan(row["disk_ops_variation"])  # writes were not counted: unknown, not even
    assert row["cpu_used_ratio"] == pytest.approx(sum(busy.values()) * 0.3 / 1.5)
    assert row["unused_usd"] == pytest.approx(0.62 * 10 / 3600 * (1 - sum(busy.values()) * 0.3 / 1.5))
    of_node, of_run = use.by_node(runs), use.by_run(runs)
    assert list(of_node.columns) == ["run", "node", *use.PER_NODE]
    assert set(of_run.columns) == {"run", "workers", *use.RATIOS}
    assert {str(of_node["samples"].dtype), str(of_run["workers"].dtype)} == {"Int64"}
    assert {str(kind) for kind in of_run[list(use.RATIOS)].dtypes} == {"float64"}
    (summary,) = use.utilisation(runs)
    variation = summary.of["cpu_variation"]
    assert variation is not None and variation.n == 1
    json.dumps(plain(summary), allow_nan=False)


@pytest.mark.parametrize(
    ("scenario", "busy"),
    [(A, {"m": 0.5, "w-0": 0.5, "w-1": 0.5}), (B, {"m": 0.5})],
    ids=["node missing", "single node"],
)
def test_no_imbalance_without_all_workers_or_with_one_node(
    tmp_path: Path, scenario: str, busy: dict[str, float]
) -> None:
    factory.write(tmp_path, factory.run_json(scenario, run_s=10.0), nodes=rows(scenario, busy))
    row = use.by_run(load(tmp_path, "demo")).iloc[0]
    assert np.isnan(row["cpu_max_over_mean"])


def test_runs_without_any_sample_have_no_use(tmp_path: Path) -> None:
    factory.write(tmp_path, factory.run_json(A, run_s=10.0))
    runs = load(tmp_path, "demo")
    assert len(use.by_node(runs)) == 0
    (summary,) = use.utilisation(runs)
    assert summary.of["cpu_used_ratio"] is None
    assert summary.of["run_share"] is not None


def measured(seconds: float, usd: float) -> dict[str, object]:
    part = {"seconds": seconds, "machines_usd": usd, "disks_usd": 0.0, "prices_dated": "2026-01-01"}
    return {"estimate": {**part, "machines_usd": 9.0}, "measured": part}


def test_a_bill_goes_before_a_measurement_and_that_before_the_list_price(tmp_path: Path) -> None:
    proof = {"destroyed_at": "2026-01-01T00:00:00Z", "destroy_s": 2.5, "found": [], "removed": [], "left": []}
    directories = []
    for repeat in range(2):
        lease = f"b{repeat:05}"
        record = factory.run_json(A, repeat=repeat, run_s=40.0, lease=lease, target="gcp", cost=measured(50.0, 0.02))
        directory = factory.write(tmp_path, record, measurements=[factory.measurement(7.5, operation="write")])
        known = {**proof, "lease": lease, "lived_s": 500.0, "measured_usd": 0.2}
        (directory / "teardown.json").write_text(json.dumps(known))
        directories.append(directory)

    def bill(repeat: int, **changes: object) -> None:
        told = {"lease": f"b{repeat:05}", "table": "p.d.t", "queried_at": "2026-01-02", "complete": True,
                "currency": "USD", "total": 0.3}  # fmt: skip
        (directories[repeat] / "billed.json").write_text(json.dumps({**told, **changes}))

    def found() -> tuple[str, float, float, float]:
        runs = load(tmp_path, "demo")
        (cost,) = costs(runs)
        assert cost.per_run_usd is not None and cost.paid_usd is not None
        (thousand,) = cost.per_1000_images_usd.values()
        assert set(runs.runs["cost_source"]) == {runs.paid.source}
        return runs.paid.source, cost.per_run_usd.median, cost.paid_usd.median, thousand.median * 0.3

    assert found() == ("measured", *(pytest.approx(v) for v in (0.02, 0.2, 0.02)))
    bill(0)
    assert found()[0] == "measured"  # one bill alone is used of none
    for unusable in ({"complete": False}, {"currency": "EUR"}):
        bill(1, **unusable)
        assert found()[0] == "measured"
    bill(1)
    assert found() == ("billed", *(pytest.approx(v) for v in (0.3 * 50 / 500, 0.3, 0.3 * 50 / 500)))
    assert "is billed: " in summary_of(load(tmp_path, "demo"), "demo").cost_said
    (directories[1] / "billed.json").write_text("{")
    runs = load(tmp_path, "demo")
    assert runs.paid.source == "measured"
    assert [d.run for d in runs.damaged] == [f"demo/{directories[1].name}/billed.json"]


def test_without_bill_or_measurement_the_price_is_notional(tmp_path: Path) -> None:
    factory.demo(tmp_path, repeats=1)
    runs = load(tmp_path, "demo")
    assert (runs.paid.source, runs.paid.leases) == ("list price", {})
    assert summary_of(runs, "demo").cost_said.endswith("notional on the local target.")


def test_costs_of_different_kinds_are_not_compared(tmp_path: Path) -> None:
    for repeat in range(5):
        record = factory.run_json(A, repeat=repeat, lease=f"b{repeat:05}", run_s=40.0 + repeat)
        factory.write(tmp_path, record)
        factory.write(tmp_path, {**record, "experiment": "after", "cost": measured(50.0, 0.02)})
    (found,) = compare_sets(load(tmp_path, "demo"), load(tmp_path, "after"), ("demo", "after"), "cost_usd")
    assert found.verdict == "not_comparable"
    assert "demo list price, after measured" in found.text
    (found,) = compare_sets(load(tmp_path, "demo"), load(tmp_path, "after"), ("demo", "after"), "run_s")
    assert found.verdict != "not_comparable"
