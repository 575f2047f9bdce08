"""The study's tables, claims and figures from synthetic records with known answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from analysis.records.runs import Runs, load
from analysis.report import page
from analysis.report.evidence import Evidence, evidence_of
from analysis.report.figures import frontier, speedup, training
from analysis.report.summary import summary_of
from analysis.report.tables import study_table_1, study_table_2
from analysis.report.write import build
from analysis.study import claims, seed
from tests.support.analysis import factory, study
from tests.support.analysis.drawing import leave_png_empty

THE_STUDYS: dict[str, Any] = {"target": "gcp", "dataset": {"source": "flowers-public", "images": seed.IMAGES}}


def of(root: Path) -> tuple[Runs, Evidence]:
    runs = load(root, "demo")
    return runs, evidence_of(runs)


def finding(evidence: Evidence, name: str) -> claims.Finding:
    return next(f for f in evidence.findings if f.claim == name)


@pytest.fixture(scope="module")
def speed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Runs, Evidence]:
    root = tmp_path_factory.mktemp("speed")
    study.speed_tests(root)
    return of(root)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Runs, Evidence]:
    root = tmp_path_factory.mktemp("trained")
    study.trainings(root, **THE_STUDYS)
    return of(root)


def test_every_claim_has_a_measure_and_a_finding(speed: tuple[Runs, Evidence]) -> None:
    assert list(claims.MEASURES) == [claim.name for claim in seed.CLAIMS]
    assert [f.claim for f in speed[1].findings] == list(claims.MEASURES)


def test_on_one_host_no_claim_is_judged_and_the_proxy_is_stated(speed: tuple[Runs, Evidence]) -> None:
    assert {f.outcome for f in speed[1].findings} == {"not comparable here"}
    caching = finding(speed[1], "caching_25_to_10_min")
    assert caching.agrees is True
    assert "0.40 times" in caching.measured
    assert any("Google Cloud" in text for text in caching.missing)
    assert any("3,670 images (here 300)" in text for text in caching.missing)
    ratio = finding(speed[1], "tfrecord_70x")
    assert ratio.agrees is False  # about 30 times, and the interval leaves out 47 to 105
    assert "points the other way" in ratio.why
    assert finding(speed[1], "image_slows_at_largest_batch").agrees is True
    nothing = finding(speed[1], "larger_batches_lower_mirrored")
    assert (nothing.measured, nothing.agrees) == ("", None)
    assert "no training with MirroredStrategy at two batch sizes" in nothing.why


def test_under_the_studys_conditions_claims_are_judged(trained: tuple[Runs, Evidence]) -> None:
    for name in ("larger_batches_lower_mirrored", "mirrored_faster"):
        found = finding(trained[1], name)
        assert (found.outcome, found.missing) == ("reproduced", ()), found


def test_same_time_is_an_equivalence_not_a_missing_difference(tmp_path: Path) -> None:
    for ratio, scatter, outcome in (
        (1.02, 0, "reproduced"), (1.5, 0, "not reproduced"), (1.05, 0.06, "cannot tell"),
    ):  # fmt: skip
        root = tmp_path / str(ratio)
        for lease in range(5):
            for scenario, run_s in (("four-small-ssd", 240.0), ("one-large-ssd", 240.0 * ratio)):
                run_s *= 1 + 0.005 * (lease % 3) + (scatter * (lease % 3 - 1) if "one" in scenario else 0)
                record = factory.run_json(
                    scenario, repeat=lease, lease=f"{lease:02x}{scenario[:4]}", run_s=run_s, **THE_STUDYS
                )
                factory.write(root, record)
        found = claims.findings(load(root, "demo"), [])
        same = next(f for f in found if f.claim == "same_time_4x2_1x8")
        assert same.outcome == outcome
        assert (same.agrees is None) == (outcome == "cannot tell")


def test_few_leases_leave_a_claim_open(tmp_path: Path) -> None:
    study.trainings(tmp_path, leases=2, strategies=("mirrored",), **THE_STUDYS)
    found = claims.findings(load(tmp_path, "demo"), [])
    fall = next(f for f in found if f.claim == "larger_batches_lower_mirrored")
    assert fall.outcome == "not comparable here"
    assert fall.missing == ("at least 5 leases (here 2)",)


def test_a_multi_worker_training_that_completes_refutes_the_claim(tmp_path: Path) -> None:
    study.trainings(tmp_path, strategies=("multi_worker_mirrored",), batches=(64,), **THE_STUDYS)
    found = claims.findings(load(tmp_path, "demo"), [])
    assert next(f for f in found if f.claim == "multiworker_fails").outcome == "not reproduced"


def test_table_1_has_ours_beside_the_published(speed: tuple[Runs, Evidence]) -> None:
    (table,) = speed[1].table_1
    assert (table.workload, table.phases, len(table.rows)) == ("spark_read_speed", ("before", "after"), 8)
    frame = study_table_1([table]).set_index(["format", "parameter", "phase"]).to_dict("index")
    row = frame["tfrecord", "batch_size", "after"]
    assert row["published_r"] == 0.389
    assert 0.9 < row["r_low"] < row["r"] < row["r_high"] <= 1
    assert frame["image", "batch_size", "before"]["r"] < -0.5


def test_table_2_joins_ours_and_the_published_rows(trained: tuple[Runs, Evidence]) -> None:
    rows = trained[1].table_2
    published = [seed.PART_4B, *seed.TABLE_2]
    assert [(r.strategy, r.batch_size) for r in rows] == [(r.strategy, r.batch_size) for r in published]
    frame = study_table_2(rows).set_index(["strategy", "batch_size"]).to_dict("index")
    row = frame["MirroredStrategy", 512]
    assert row["validation_accuracy_published"] == 0.664
    assert row["validation_accuracy"] == pytest.approx(0.9 - 0.4 / 3 - 0.15, abs=0.01)
    assert row["validation_accuracy_low"] < row["validation_accuracy"] < row["validation_accuracy_high"]
    assert (row["runs"], row["leases"]) == (5, 5)
    assert (rows[0].published, rows[0].ours, rows[0].runs) == (seed.PART_4B, {}, 0)


def test_other_batch_sizes_stand_beside_the_published_ones_not_in_their_place(tmp_path: Path) -> None:
    study.trainings(tmp_path, leases=1, batches=(32,))
    _, evidence = of(tmp_path)
    ours = [(r.strategy, r.batch_size) for r in evidence.table_2 if r.runs]
    assert ours == [("OneDeviceStrategy", 32), ("MirroredStrategy", 32)]
    assert all(r.published is None for r in evidence.table_2 if r.runs)
    assert [r.batch_size for r in evidence.table_2 if r.published] == [None, 64, 256, 512, 64, 256, 512]


def test_the_training_of_part_4b_stands_in_table_2_of_the_page(tmp_path: Path) -> None:
    study.trainings(tmp_path, leases=1, strategies=("one_device",), batches=(16,))
    html = build(tmp_path, "demo", tmp_path / "out").page.read_text()
    row = html.partition("batch size not stated<small>the study's part 4b</small>")[2].partition("</tr>")[0]
    for text in ("0.615", "89 %", "2.19", "74 %"):
        assert f">{text}</td>" in row


def test_figures_of_training_frontier_and_scaling(
    trained: tuple[Runs, Evidence], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave_png_empty(monkeypatch)
    drawn = training.draw(trained[0], tmp_path)
    assert [f.title.split()[0] for f in drawn] == ["MirroredStrategy", "OneDeviceStrategy"]
    assert "epoch" in drawn[0].svg
    assert "95 % intervals over leases" in drawn[0].caption
    runs_dir = tmp_path / "runs"
    factory.demo(runs_dir, repeats=1)
    runs, evidence = of(runs_dir)
    named = [shape.name for shape in summary_of(runs, "demo").shapes]
    assert len(frontier.draw(evidence.frontiers, named, tmp_path)) == 2
    scaling = speedup.draw(summary_of(runs, "demo"), evidence.costs, tmp_path)
    assert len(scaling) == 2
    assert all((tmp_path / f"{f.name}.{kind}").is_file() for f in scaling for kind in ("svg", "png"))


def test_thin_records_are_said_to_be_thin(tmp_path: Path) -> None:
    """One node, one repeat, no isolation, no samples, a failed cell: the page and the Markdown say each, and stand."""
    record = factory.run_json("one-large-ssd", isolation=factory.NONE, share=None, missing=["no disk counters"])
    factory.write(tmp_path, record)
    factory.write(tmp_path, factory.run_json("one-large-ssd", repeat=1, status="failed", run_s=None))
    report = build(tmp_path, "demo", tmp_path / "out", markdown=tmp_path / "pull" / "request.md")
    html, text = report.page.read_text(), report.markdown.read_text()
    assert report.markdown == tmp_path / "pull" / "request.md"
    assert 'href="../pull/request.md"' in html
    for said in ("CPU is not limited: this needs root.", "the job ended with exit code 1", "No disk counters."):
        assert said in html, said
        assert said in text, said
    assert "One shape was measured, and its nodes were not fully kept apart" in text
    assert "There are no two shapes or variants with the same workload to compare." in html
    assert "Time-cost frontier: it takes two shapes with the same workload." in html
    assert "no node was sampled" in html
    assert "nan" not in text


def test_tables_are_the_same_as_csv_and_parquet(tmp_path: Path) -> None:
    from analysis.report.tables import write_tables

    factory.demo(tmp_path, repeats=1)
    runs, evidence = of(tmp_path)
    names = write_tables(summary_of(runs, "demo"), evidence, runs, None, tmp_path / "tables")
    for name in names:
        parquet = pd.read_parquet(tmp_path / "tables" / f"{name}.parquet")
        text = (tmp_path / "tables" / f"{name}.csv").read_text()
        assert text.splitlines()[0].split(",") == list(parquet.columns) or parquet.empty, name
        assert len(parquet) == max(0, len(pd.read_csv(tmp_path / "tables" / f"{name}.csv")) if text.strip() else 0)


def test_what_no_claim_has_is_said_once(speed: tuple[Runs, Evidence]) -> None:
    common, besides = page.lacking(speed[1].findings)
    assert any("Google Cloud" in text for text in common)
    for finding in speed[1].findings:
        if finding.measured:
            assert sorted([*common, *besides[finding.claim]]) == sorted(finding.missing)
        else:
            assert besides[finding.claim] == []
    assert page.lacking(speed[1].findings[:1])[0] == []


def test_a_claim_that_another_part_measured_is_shown_from_there(tmp_path: Path) -> None:
    factory.write(tmp_path, factory.run_json("four-small-ssd", repeat=0, experiment="seed-3cii"))
    factory.write(tmp_path, factory.run_json("one-large-ssd", repeat=0, experiment="seed-3cii"))
    factory.demo(tmp_path, scenarios=("one-large-ssd",), repeats=1)
    found = {f.claim: f for f in claims.fill_from_other_parts(of(tmp_path)[1].findings, tmp_path, "demo")}
    assert found["tfrecord_70x"].measured and not found["tfrecord_70x"].measured.startswith("In ")
    assert found["same_time_4x2_1x8"].measured.startswith("In seed-3cii: 1x8 takes 1.00 times")
    assert found["mirrored_faster"].measured == ""
    assert "Experiment seed-4c measures it" in found["mirrored_faster"].why
    there = {f.claim: f for f in claims.fill_from_other_parts(of(tmp_path)[1].findings, tmp_path, "seed-3cii")}
    assert there["same_time_4x2_1x8"].measured == ""  # an experiment does not borrow from itself
    assert "measures it" not in there["same_time_4x2_1x8"].why
