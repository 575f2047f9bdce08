"""Numbers and verdicts: what is stated follows from the records."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from analysis.plain import plain
from analysis.records.runs import load
from analysis.report.summary import Summary, summary_of
from tests.support.analysis import factory
from workloads.record import Isolation


def summarise(runs_dir: Path, experiment: str) -> Summary:
    return summary_of(load(runs_dir, experiment), experiment)


def on_leases(runs_dir: Path, first: list[float], second: list[float], **changes: Any) -> Summary:
    """One repeat per lease and shape, with these run times."""
    for scenario, times in (("four-small-ssd", first), ("one-large-ssd", second)):
        for repeat, run_s in enumerate(times):
            record = factory.run_json(
                scenario, repeat=repeat, run_s=run_s, lease=f"{scenario[0]}{repeat:05}", **changes
            )
            factory.write(runs_dir, record, measurements=[], nodes=[])
    return summarise(runs_dir, "demo")


def test_medians_ranges_and_costs_are_those_of_the_records(tmp_path: Path) -> None:
    factory.demo(tmp_path)
    summary = summarise(tmp_path, "demo")
    result = next(r for r in summary.results if (r.scenario, r.workload) == ("four-small-ssd", "write_tfrecords"))
    run_s = result.spread("run_s")
    assert run_s is not None
    assert (run_s.n, run_s.median, run_s.min, run_s.max) == (3, 42.0, 40.0, 44.0)
    cost = result.spread("cost_usd")
    assert cost is not None
    assert cost.median == pytest.approx(0.62 * 42 / 3600)
    per_1000 = result.spread("cost_per_1000_usd")
    assert per_1000 is not None
    assert per_1000.median == pytest.approx(0.62 * 42 / 3600 / 300 * 1000)
    rate = result.spread("images_per_s")
    assert rate is not None
    assert rate.median == pytest.approx(300 / 42)
    overhead = result.spread("overhead_ratio")
    assert overhead is not None
    assert overhead.median == pytest.approx(8.3 / 50.3)
    assert result.representative_run == "demo/four-small-ssd-write_tfrecords-1"
    row = next(
        t for t in summary.throughput if (t.scenario, t.format, t.source) == ("one-large-ssd", "tfrecord", "bucket")
        and t.operation == "read"
    )  # fmt: skip
    assert row.images_per_s.median == pytest.approx(4200 * 1.15)
    assert row.cost_per_1000_usd is not None
    assert row.cost_per_1000_usd.median == pytest.approx(0.49 / 3600 * 1000 / (4200 * 1.15))


def test_throughput_of_mixed_formats_is_not_pooled(tmp_path: Path) -> None:
    factory.demo(tmp_path, repeats=1)
    result = next(r for r in summarise(tmp_path, "demo").results if r.workload == "read_speed")
    assert result.spread("images_per_s") is None
    assert result.spread("run_s") is not None


def test_cpu_used_is_of_all_that_was_paid_for_and_only_during_the_run(tmp_path: Path) -> None:
    record = factory.run_json("one-large-ssd", run_s=10.0)
    rows = [
        {"ts": factory.START + t, "node": "m", "role": "single", "cpu_cores": 0.6 if 6 < t <= 16 else 9.0,
         "cpu_ratio": 0.5 if 6 < t <= 16 else 7.5, "net_rx_packets_s": 10.0, "net_tx_packets_s": 5.0}
        for t in range(1, 20)
    ]  # fmt: skip
    factory.write(tmp_path, record, nodes=rows)
    metrics = summarise(tmp_path, "demo").results[0].metrics
    used, packets, disk = metrics["cpu_used_ratio"], metrics["packets_peak_s"], metrics["disk_ops_peak_s"]
    assert used is not None
    assert used.median == pytest.approx(0.6 / 1.2)
    assert packets is not None
    assert packets.median == 15.0
    assert disk is None  # not measured is not zero


def test_writes_that_cannot_be_counted_leave_the_reads(tmp_path: Path) -> None:
    record = factory.run_json("one-large-ssd", run_s=10.0)
    rows = [
        {"ts": factory.START + t, "node": "m", "role": "single", "cpu_cores": 0.6, "cpu_ratio": 0.5,
         "disk_read_ops_s": 30.0 + t, "disk_read_bytes_s": 1000.0, "disk_write_bytes_s": 5.0}
        for t in range(1, 17)
    ]  # fmt: skip
    factory.write(tmp_path, record, nodes=rows)
    metrics = summarise(tmp_path, "demo").results[0].metrics
    assert metrics["disk_ops_peak_s"] is None
    reads, read_bytes = metrics["disk_reads_peak_s"], metrics["disk_read_bytes"]
    assert reads is not None
    assert reads.median == 46.0
    assert read_bytes is not None
    assert read_bytes.median == pytest.approx(10_000)


def test_idle_nodes_are_counted_only_where_all_were_sampled(tmp_path: Path) -> None:
    for repeat, nodes in enumerate((("m", "w-0", "w-1", "w-2", "w-3"), ("m", "w-0"))):
        record = factory.run_json(repeat=repeat, run_s=10.0)
        begin = factory.START + 200 * repeat
        rows = [
            {
                "ts": begin + t,
                "node": node,
                "role": "worker",
                "cpu_cores": 0.1,
                "cpu_ratio": 0.9 if node == "m" else 0.01,
            }
            for t in range(1, 17)
            for node in nodes
        ]
        factory.write(tmp_path, record, nodes=rows)
    idle = summarise(tmp_path, "demo").results[0].spread("nodes_idle")
    assert idle is not None
    assert idle.values == (4.0,)


def test_throughput_of_a_spark_job_is_that_of_its_run_time(tmp_path: Path) -> None:
    row = factory.measurement(300 / 60.0, operation="write", format="tfrecord")  # its own clock waited for executors
    factory.write(tmp_path, factory.run_json(run_s=40.0), measurements=[row])
    summary = summarise(tmp_path, "demo")
    rate = summary.results[0].spread("images_per_s")
    assert rate is not None
    assert rate.median == summary.throughput[0].images_per_s.median == pytest.approx(300 / 40)


def test_a_node_without_rows_is_unknown_not_idle(tmp_path: Path) -> None:
    record = factory.run_json()
    factory.write(tmp_path, record, nodes=[row for row in factory.samples(record) if row["node"] != "w-2"])
    summary = summarise(tmp_path, "demo")
    assert summary.results[0].spread("cpu_used_ratio") is None
    assert [(s.node, s.found) for s in summary.validity.undersampled] == [("w-2", 0)]


def test_a_gap_of_samples_is_reported(tmp_path: Path) -> None:
    record = factory.run_json()
    factory.write(tmp_path, record, nodes=factory.samples(record, drop=frozenset(range(10, 30))))
    summary = summarise(tmp_path, "demo")
    assert {(s.found, s.expected) for s in summary.validity.undersampled} == {(26, 46)}
    coverage = summary.results[0].spread("sampler_coverage")
    assert coverage is not None
    assert coverage.median == pytest.approx(26 / 46)


def test_records_that_are_not_ok_are_counted_and_in_no_median(tmp_path: Path) -> None:
    factory.demo(tmp_path, repeats=2)
    for index, status in enumerate(("failed", "invalid")):
        factory.write(tmp_path, factory.run_json(repeat=5 + index, run_s=9999.0, status=status))
    summary = summarise(tmp_path, "demo")
    result = next(r for r in summary.results if (r.scenario, r.workload) == ("four-small-ssd", "write_tfrecords"))
    run_s = result.spread("run_s")
    assert run_s is not None
    assert (run_s.n, run_s.max) == (2, 42.0)
    assert result.not_ok == {"failed": 1, "invalid": 1}
    assert summary.by_status == {"failed": 1, "invalid": 1, "ok": 8}
    assert len(summary.validity.not_ok) == 2


def test_three_repeats_on_one_lease_are_a_first_look(tmp_path: Path) -> None:
    factory.demo(tmp_path)
    verdict = next(v for v in summarise(tmp_path, "demo").verdicts if v.workload == "write_tfrecords")
    assert verdict.kind == "too_few"
    assert verdict.fastest is verdict.cheapest is None
    assert "3 repeats on 1 lease each: a first look, not a verdict" in verdict.text
    assert "That takes 5 leases of each shape." in verdict.text
    # 0.62 USD/h x 42 s and 0.49 USD/h x 32 s
    assert verdict.headline == (
        "A first look: four-small-ssd took 1.31 times as long as one-large-ssd and cost 1.66 times as much."
    )
    assert verdict.medians.startswith("one-large-ssd 32.0 s")


def test_many_repeats_on_one_lease_count_as_one(tmp_path: Path) -> None:
    factory.demo(tmp_path, repeats=8)
    assert {v.kind for v in summarise(tmp_path, "demo").verdicts} == {"too_few"}


@pytest.mark.parametrize("count", [4, 5])
def test_no_verdict_below_five_leases(tmp_path: Path, count: int) -> None:
    verdict = on_leases(tmp_path, [50.0 + i for i in range(count)], [30.0 + i for i in range(count)]).verdicts[0]
    assert verdict.kind == ("winner" if count == 5 else "too_few")
    assert verdict.fastest == ("one-large-ssd" if count == 5 else None)


def test_repeats_that_scatter_declare_no_winner(tmp_path: Path) -> None:
    verdict = on_leases(tmp_path, [40.0, 41, 42, 43, 44], [33.0, 34, 35, 70, 80]).verdicts[0]
    assert verdict.kind == "no_difference"
    assert "too much to tell" in verdict.headline
    assert "more to find one of 10%" in verdict.text
    assert verdict.fastest is verdict.cheapest is None


def test_faster_and_cheaper_may_be_different_shapes(tmp_path: Path) -> None:
    verdict = on_leases(tmp_path, [30.0, 30.1, 30.2, 30.3, 30.4], [34.0, 34.1, 34.2, 34.3, 34.4]).verdicts[0]
    assert (verdict.fastest, verdict.cheapest) == ("four-small-ssd", "one-large-ssd")


def test_without_complete_isolation_no_shape_wins(tmp_path: Path) -> None:
    partial = Isolation(
        **{**factory.FULL.model_dump(), "disk": None, "missing": ["The disk is not limited: no blkio."]}
    )
    verdict = on_leases(tmp_path, [50.0] * 6, [30.0] * 6, isolation=partial).verdicts[0]
    assert verdict.kind == "no_isolation"
    assert verdict.headline.startswith("No shape is declared the winner")
    assert "The disk is not limited: no blkio." in verdict.text


def test_different_shares_are_not_compared_without_saying_so(tmp_path: Path) -> None:
    for scenario, share in (("four-small-ssd", 0.15), ("one-large-ssd", 0.2)):
        for repeat in range(5):
            record = factory.run_json(scenario, repeat=repeat, share=share, lease=f"{scenario[0]}{repeat:05}")
            factory.write(tmp_path, record)
    summary = summarise(tmp_path, "demo")
    assert summary.verdicts[0].kind == "not_comparable"
    assert "0.15, 0.2 host cores per vCPU" in summary.verdicts[0].text
    assert summary.validity.differences


@pytest.mark.parametrize(("second", "kind"), [("0123456789abcdef", "too_few"), ("fedcba9876543210", "not_comparable")])
def test_revisions_must_agree_and_uncommitted_changes_need_not(tmp_path: Path, second: str, kind: str) -> None:
    factory.write(tmp_path, factory.run_json("four-small-ssd", git_dirty=True))
    factory.write(tmp_path, factory.run_json("one-large-ssd", git_dirty=False, git_revision=second))
    assert summarise(tmp_path, "demo").verdicts[0].kind == kind


def test_probe_that_misses_the_limit_is_named(tmp_path: Path) -> None:
    record = factory.run_json("one-large-ssd")
    record["nodes"][0]["probed_disk_read_mb_s"] = 7.2 * 1.2
    factory.write(tmp_path, record)
    factory.write(tmp_path, factory.run_json("four-small-ssd"))
    probes = summarise(tmp_path, "demo").validity.probes
    assert len(probes) == 6
    assert [p.scenario for p in probes if not p.within] == ["one-large-ssd"]


def test_summary_is_json(tmp_path: Path) -> None:
    factory.demo(tmp_path, repeats=1)
    (tmp_path / "demo" / "broken").mkdir()
    told = json.loads(json.dumps(plain(summarise(tmp_path, "demo")), allow_nan=False))
    assert told["damaged"] == [{"run": "demo/broken", "reason": "run.json is missing"}]
    assert told["results"][0]["metrics"]["run_s"]["n"] == 1


def test_a_long_list_of_nodes_is_cut_in_the_answer_and_whole_below(tmp_path: Path) -> None:
    nodes = [f"w-{i} reads 2 MB/s where 3 is configured" for i in range(5)]
    whole = f"Disk does not count as limited: {'; '.join(nodes)}. Cure: a faster disk."
    isolation = factory.FULL.model_copy(update={"disk": None, "missing": [whole, "CPU is not limited."]})
    factory.write(tmp_path, factory.run_json(isolation=isolation))
    summary = summarise(tmp_path, "demo")
    assert summary.verdicts[0].text.endswith(
        "Disk does not count as limited: w-0 reads 2 MB/s where 3 is configured; and 4 more like it. "
        "Cure: a faster disk. CPU is not limited."
    )
    assert whole in summary.results[0].missing


def test_conditions_count_for_the_workload_whose_records_differ(tmp_path: Path) -> None:
    factory.demo(tmp_path, repeats=1)
    record = factory.run_json("one-large-ssd", "read_speed", 1, git_revision="fedcba9876543210")
    factory.write(tmp_path, record)
    kinds = {verdict.workload: verdict.kind for verdict in summarise(tmp_path, "demo").verdicts}
    assert kinds == {"read_speed": "not_comparable", "write_tfrecords": "too_few"}
