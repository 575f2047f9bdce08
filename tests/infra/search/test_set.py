"""A live search for one shape for a set of workloads, with a runner that stands in for clusters."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from analysis.search.core.problem import Limit, Objective
from analysis.search.workload_sets.set_loss import SetWinner
from infra.base.errors import Interrupted, RecordError, UsageError
from infra.base.progress import Silent
from infra.catalogue.pricing import usd_per_hour
from infra.cli.app import app
from infra.cli.search_output import print_found
from infra.inputs.experiment import DataSpec, WorkloadSpec
from infra.inputs.one_off import workload_specs
from infra.inputs.space import load_space
from infra.search import live as search
from infra.search import run as search_run
from infra.targets.local.target import TARGET as LOCAL
from tests.support.search import Noting
from workloads.record import Scenario
from workloads.record.search import FILE, RunOutcome

SHAPES = load_space("seed").shapes()
SET = ("write_tfrecords", "read_speed", "stream")
BUDGET = len(SHAPES) + 2  # one round, then a run for every two workloads


def took(shape: Scenario, workload: str) -> float:
    """Workloads differ in length and in what they gain from cores; all gain from fast disks."""
    cores = {"n1-standard-1": 1, "n1-standard-2": 2, "n1-highmem-2": 2, "n1-standard-4": 4, "n1-highmem-4": 4}
    total = max(1, shape.workers) * cores.get(shape.machine_type, 8)
    fixed, shared = {"write_tfrecords": (20, 200), "read_speed": (5, 100), "stream": (300, 1000)}[workload]
    return (fixed + shared / total) * (0.8 if shape.disk_type == "pd-ssd" else 1.0)


def ran(shape: Scenario, workload: str, **change: object) -> RunOutcome:
    seconds = took(shape, workload)
    usd = usd_per_hour(shape) * seconds / 3600
    fields = {
        "shape": shape.name, "workload": workload, "status": "ok", "values": {"runtime_s": seconds, "cost_usd": usd},
        "metrics": {}, "paid_usd": usd, "reason": None, "record": None,
    }  # fmt: skip
    return RunOutcome.model_validate({**fields, **change})


class Counting:
    """A runner that notes what it ran; is cut off where told to, and fails on shapes of these machine types."""

    def __init__(self, cut_off_at: int | None = None, fails: dict[str, tuple[str, ...]] | None = None) -> None:
        self.ran: list[tuple[str, str]] = []
        self.cut_off_at, self.fails = cut_off_at, fails or {}

    def __call__(self, shape: Scenario, workload: str, slot: int, left_usd: float | None) -> RunOutcome:
        if len(self.ran) == self.cut_off_at:
            raise Interrupted
        self.ran.append((workload, shape.name))
        if shape.machine_type in self.fails.get(workload, ()):
            return ran(shape, workload, status="timed_out", reason="stopped after 1800 s")
        return ran(shape, workload)


def spec(**change: object) -> search.Spec:
    return search.Spec(**{"shapes": SHAPES, "workloads": SET, "objective": Objective("cost"), **change})  # type: ignore[arg-type]


def test_a_search_for_a_set_explains_stops_and_recommends_with_the_loss_of_each(tmp_path: Path) -> None:
    runner, noting = Counting(), Noting()
    found = search.search(spec(), tmp_path / "s", runner, (), noting)
    assert {shape for _, shape in runner.ran[: len(SHAPES)]} == {shape.name for shape in SHAPES}
    assert len(set(runner.ran)) == len(runner.ran) == BUDGET
    assert "budget of 24 runs is spent" in found.reason
    assert found.runs_saved == 3 * len(SHAPES) - BUDGET
    assert len([line for line in noting.lines if line.startswith("run ") and " on n" in line]) == BUDGET
    assert isinstance(found.winner, SetWinner) and found.shape
    cost = {w: {s.name: usd_per_hour(s) * took(s, w) for s in SHAPES} for w in SET}
    for loss in found.winner.losses:
        mine = {shape: cost[loss.workload][shape] for workload, shape in runner.ran if workload == loss.workload}
        assert loss.best_shape == min(mine, key=lambda s: mine[s])
        assert loss.shapes_run == len(mine) < loss.shapes == len(SHAPES)
        assert not loss.optimum_measured
        assert (loss.measured is None) == (found.shape.name not in mine)
        assert 1 <= loss.low <= loss.loss <= loss.high
        assert cost[loss.workload][found.shape.name] <= 1.3 * min(cost[loss.workload].values())
    assert json.loads(json.dumps(found.as_json()))["winner"]["losses"][0]["workload"] == "write_tfrecords"


@pytest.mark.parametrize("killed_after", [0, 5, 23])
def test_a_killed_search_goes_on_with_the_very_pairs(tmp_path: Path, killed_after: int) -> None:
    whole, first, second, third = Counting(), Counting(cut_off_at=killed_after), Counting(), Counting()
    at_once = search.search(spec(), tmp_path / "whole", whole, (), Silent())
    with pytest.raises(Interrupted):
        search.search(spec(), tmp_path / "s", first, (), Silent())
    assert (tmp_path / "s" / FILE).read_text().count('"proposal"') == killed_after + 1
    resumed = search.search(spec(), tmp_path / "s", second, (), Silent())
    assert [*first.ran, *second.ran] == whole.ran
    assert resumed.winner == at_once.winner
    assert (tmp_path / "s" / FILE).read_text().count('"proposal"') == BUDGET
    search.search(spec(), tmp_path / "s", third, (), Silent())
    assert third.ran == []


def test_a_shape_on_which_a_workload_fails_is_not_recommended(tmp_path: Path) -> None:
    free = search.search(spec(), tmp_path / "free", Counting(), (), Silent())
    assert free.shape
    fails = {"write_tfrecords": (free.shape.machine_type,), "read_speed": (free.shape.machine_type,), "stream": ()}
    found = search.search(spec(), tmp_path / "s", Counting(fails=fails), (), Silent())
    failed = {run["shape"] for run in found.runs if run["status"] == "timed_out"}
    assert failed
    assert found.shape and found.shape.name not in failed
    assert len(found.runs) == BUDGET


def test_a_set_that_fails_everywhere_ends_without_a_recommendation(tmp_path: Path) -> None:
    everything = tuple({shape.machine_type for shape in SHAPES})
    found = search.search(spec(), tmp_path / "s", Counting(fails=dict.fromkeys(SET, everything)), (), Silent())
    assert found.winner is None and found.shape is None
    assert str(found.why_none).startswith(
        "every run failed or broke a limit; the last said: stopped after 1800 s. Mend"
    )


def test_a_run_beyond_a_limit_counts_as_failed(tmp_path: Path) -> None:
    free = search.search(spec(), tmp_path / "free", Counting(), (), Silent())
    assert free.shape
    limit = 0.99 * max(run["values"]["runtime_s"] for run in free.runs if run["shape"] == free.shape.name)
    objective = Objective("cost", (Limit("runtime_s", "at most", limit),))
    found = search.search(spec(objective=objective), tmp_path / "s", Counting(), (), Silent())
    assert found.shape and found.shape != free.shape
    assert all(run["values"]["runtime_s"] <= limit for run in found.runs if run["shape"] == found.shape.name)


def test_less_than_a_round_is_said_and_recommends_among_what_was_run(tmp_path: Path) -> None:
    noting, runner = Noting(), Counting()
    found = search.search(spec(max_runs=16), tmp_path / "s", runner, (), noting)
    assert noting.lines[0].startswith("--max-runs 16 is less than one round over 22 shapes: 6 of them are not tried")
    assert found.reason == "--max-runs 16 is reached"
    assert found.shape and found.shape.name in {shape for _, shape in runner.ran}


@pytest.mark.parametrize("runs", [1, 3])
def test_runs_that_compare_no_two_shapes_recommend_none(tmp_path: Path, runs: int) -> None:
    found = search.search(spec(max_runs=runs), tmp_path / "s", Counting(), (), Silent())
    assert found.winner is None
    assert found.why_none and "give it more runs" in found.why_none


def test_money_ends_it_by_what_the_workload_took(tmp_path: Path) -> None:
    found = search.search(spec(max_usd=0.3), tmp_path / "s", Counting(), (), Silent())
    assert 0.1 < found.paid_usd <= 0.3
    assert "--max-usd 0.3 would be exceeded" in found.reason


def test_pairs_run_side_by_side_within_the_budget(tmp_path: Path) -> None:
    lock, begun, four = threading.Lock(), list[tuple[str, str]](), threading.Barrier(4, timeout=60)

    def runner(shape: Scenario, workload: str, slot: int, left_usd: float | None) -> RunOutcome:
        with lock:
            begun.append((workload, shape.name))
            first = len(begun) <= 4
        if first:
            four.wait()
        return ran(shape, workload)

    found = search.search(spec(parallel=4), tmp_path / "s", runner, (), Silent())
    assert len(set(begun)) == len(begun) == len(found.runs) == BUDGET
    assert {shape for _, shape in begun[: len(SHAPES)]} == {shape.name for shape in SHAPES}


def test_a_journal_with_a_pair_that_is_not_searched_is_damaged(tmp_path: Path) -> None:
    search.search(spec(max_runs=1), tmp_path / "s", Counting(), (), Silent())
    journal = tmp_path / "s" / FILE
    other = SHAPES[0].model_copy(update={"name": "nosuch"})
    journal.write_text(journal.read_text() + ran(other, "stream").model_dump_json() + "\n")
    with pytest.raises(RecordError, match=r"line 4 is damaged: the search has no shape 'nosuch'\. Move this file away"):
        search.search(spec(max_runs=1), tmp_path / "s", Counting(), (), Silent())


def test_another_set_may_not_go_on_in_the_same_folder(tmp_path: Path) -> None:
    search.search(spec(max_runs=1), tmp_path / "s", Counting(), (), Silent())
    with pytest.raises(UsageError, match="differs in workload"):
        search.search(spec(workloads=SET[:2]), tmp_path / "s", Counting(), (), Silent())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--workload", "read_speed"], "must be named once; received read_speed twice"),
        (["--workload", "nosuch"], "Unknown workload 'nosuch'"),
        (["--workload", "write_tfrecords", "--strategy", "cherrypick"], "--strategy micky alone; received 'cherrypick'"),
        (["--workload", "write_tfrecords", "--uses", "9"], "--uses is for a search of one workload; received 9"),
        (["--workload", "write_tfrecords", "--set", "concurrency=2"], "WORKLOAD.key=value"),
        (["--workload", "write_tfrecords", "--set", "train.epochs=2"], "received 'train.epochs=2'"),
        (["--workload", "write_tfrecords", "--set", "read_speed.nosuch=2"], "setting of read_speed 'nosuch'"),
        (["--workload", "write_tfrecords", "--job", "my_job.py"], "Add --workload job"),
        (["--workload", "job"], "needs a script; received read_speed, job without --job. Add --job SCRIPT.py"),
    ],
)  # fmt: skip
def test_wrong_use_of_a_set_is_named(tmp_path: Path, arguments: list[str], message: str) -> None:
    words = ["search", "--space", "seed", "--runs", str(tmp_path), "--workload", "read_speed", *arguments]
    result = CliRunner().invoke(app, words)
    assert isinstance(result.exception, UsageError), result.output
    assert message in str(result.exception)


def test_settings_and_a_script_go_to_the_workload_that_they_name(tmp_path: Path) -> None:
    script = tmp_path / "my_job.py"
    script.write_text("")
    specs = workload_specs(
        ["read_speed", "job"], script, "--n 3", ["read_speed.concurrency=2"], DataSpec(), "search-seed", 60
    )
    assert [(s.name, s.config, s.script, s.args) for s in specs] == [
        ("read_speed", {"concurrency": 2}, None, []),
        ("job", {}, str(script), ["--n", "3"]),
    ]


def test_the_verb_prints_the_shape_each_loss_and_what_was_not_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[list[str]] = []
    left_out = SHAPES[0].name

    def fake(name: str, workloads: list[WorkloadSpec], *_: object) -> search_run.Runner:
        made.append([one.name for one in workloads])
        return Counting()

    monkeypatch.setattr(search_run, "bench_runner", fake)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(
        LOCAL,
        "refuses",
        lambda cell: "no Spark there." if (cell.scenario.name, cell.workload) == (left_out, "stream") else None,
    )
    words = ["search", "--space", "seed", "--runs", str(tmp_path), "--workload", "read_speed", "--workload", "stream"]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    assert made == [["read_speed", "stream"]]
    assert "Recommendation for all of read_speed, stream: n" in result.output
    assert "The own optimum of read_speed, stream was not measured" in result.output
    assert "geometric mean" in result.output
    assert f"left out: {left_out}: no Spark there." in result.output
    assert "runs saved against running every workload on every candidate" in result.output
    printed = json.loads(CliRunner().invoke(app, [*words, "--json"]).stdout)
    assert [loss["workload"] for loss in printed["winner"]["losses"]] == ["read_speed", "stream"]
    round_cut_short = CliRunner().invoke(app, [*words, "--max-runs", "16", "--name", "short"]).output
    assert "--max-runs 16 is less than one round over 21 shapes" in round_cut_short
    assert "Not run on the shape itself, where it may yet fail: " in round_cut_short
    few = CliRunner().invoke(app, [*words, "--max-runs", "1", "--name", "few"])
    assert few.exit_code == 1
    assert "No recommendation: no workload ended well on two shapes" in few.output
    assert (
        "│ workload" in few.output or "┃ workload" in few.output
    )  # the set's column, though one workload alone was run


def test_the_interval_is_named_by_its_confidence(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    found = search.search(spec(), tmp_path / "s", Counting(), (), Silent())
    assert isinstance(found.winner, SetWinner)
    print_found(replace(found, winner=replace(found.winner, confidence=0.8)), SET, "cost", local=True)
    assert "80%" in capsys.readouterr().out
