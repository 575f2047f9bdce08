"""What a search does at its limits, when a run is refused, and when it is resumed under other conditions."""

from __future__ import annotations

import json
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from analysis.search.core.problem import Limit, Objective
from infra.base.errors import CloudError, Interrupted, LeftoverError, LimitError, UsageError
from infra.base.options import Options
from infra.base.progress import Silent
from infra.cli.app import app
from infra.inputs.experiment import DataSpec, Experiment, WorkloadSpec
from infra.inputs.scenario import scenario_names
from infra.measure import bench as benches
from infra.measure.rows import Row
from infra.search import live as search
from infra.search import run as search_run
from tests.support.analysis.factory import run_json
from tests.support.search import SHAPES, Counting, Noting, grid, ran, spec
from workloads.record import Scenario, Status
from workloads.record.search import FILE, RunOutcome
from workloads.record.teardown import Teardown

REFUSALS = [
    UsageError("--max-usd 0.1 is less than the estimate of 0.55 USD."),
    LimitError("--max-usd 0.1 leaves 1 minute."),
]


class Refusing(Counting):
    """A runner that refuses the runs after so many."""

    def __init__(self, after: int, error: Exception) -> None:
        super().__init__()
        self.after, self.error, self.lock = after, error, threading.Lock()

    def __call__(self, shape: Scenario, workload: str, slot: int, left_usd: float | None) -> RunOutcome:
        with self.lock:
            if len(self.shapes) >= self.after:
                raise self.error
            return super().__call__(shape, workload, slot, left_usd)


@pytest.mark.parametrize("parallel", [1, 2])
@pytest.mark.parametrize("error", REFUSALS, ids=["usage", "limit"])
def test_a_run_that_a_limit_refuses_ends_the_search_with_what_was_found(
    tmp_path: Path, error: Exception, parallel: int
) -> None:
    asked = spec(max_usd=9.0, strategy="exhaustive", parallel=parallel)
    found = search.search(asked, tmp_path / "s", Refusing(2, error), (), Silent())
    assert found.winner is not None
    assert [run["status"] for run in found.runs] == ["ok", "ok"]
    assert "was not run (of --max-usd 9," in found.reason and str(error).rstrip(".") in found.reason
    again = Counting()
    whole = search.search(replace(asked, max_usd=None), tmp_path / "s", again, (), Silent())
    assert sorted(run["shape"] for run in whole.runs) == sorted(shape.name for shape in SHAPES)


@pytest.mark.parametrize("error", REFUSALS, ids=["usage", "limit"])
def test_a_first_run_that_is_refused_is_an_error(tmp_path: Path, error: Exception) -> None:
    with pytest.raises(type(error), match=r"--max-usd 0\.1"):
        search.search(spec(), tmp_path / "s", Refusing(0, error), (), Silent())


def test_it_names_the_limit_that_was_given_once_it_was_refused_by_itself(tmp_path: Path) -> None:
    asked = spec(max_usd=0.2, parallel=2, strategy="exhaustive")
    noting = Noting()
    said = r"was not run \(of --max-usd 0\.2, 0\.00000 USD are paid\): --max-usd 0\.1 is"
    with pytest.raises(UsageError, match=said):
        search.search(asked, tmp_path / "s", Refusing(0, REFUSALS[0]), (), noting)
    assert [line for line in noting.lines if " is put off, and no others run side by side: --max-usd 0.1" in line]


def test_where_each_share_is_too_small_they_are_run_one_by_one(tmp_path: Path) -> None:
    def runner(shape: Scenario, workload: str, slot: int, left_usd: float | None) -> RunOutcome:
        assert left_usd is not None
        if left_usd < 0.6:
            raise LimitError(f"--max-usd {left_usd:g} leaves too little.")
        return ran(shape, paid_usd=0.1)

    asked = spec(shapes=SHAPES[:3], max_usd=1.0, parallel=2, strategy="exhaustive")
    found = search.search(asked, tmp_path / "s", runner, (), Silent())
    assert (len(found.runs), found.reason) == (3, "every candidate has been run")


def runs_of(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, target: str, *rows: Row
) -> tuple[search_run.Runner, list[Options]]:
    given = list[Options]()

    def bench(_: object, options: Options, *__: object) -> list[Row]:
        given.append(options)
        return [rows[len(given) - 1]]

    monkeypatch.setattr(search_run, "bench", bench)
    options = Options(tmp_path, target=target)
    return search_run.bench_runner("s", [WorkloadSpec(name="read_speed")], DataSpec(), 60, options, Silent()), given


def row(status: str, record: Path | None = None) -> Row:
    return Row.model_validate(
        {
            "scenario": SHAPES[0].name, "workload": "read_speed", "configuration": {}, "repeat": 0, "status": status,
            "reason": "too little is left", "record": record and str(record), "run_s": None,
        }
    )  # fmt: skip


def test_a_run_that_was_not_made_is_no_failure_of_its_shape(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run, _ = runs_of(monkeypatch, tmp_path, "gcp", row("not_run"))
    with pytest.raises(LimitError, match="too little is left"):
        run(SHAPES[0], "read_speed", 0, 1.0)


@pytest.mark.parametrize(("measured_usd", "paid_usd"), [(0.5, 0.5), (None, 0.2)])
def test_paid_is_the_whole_life_of_the_cluster_where_it_was_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, measured_usd: float | None, paid_usd: float
) -> None:
    record = run_json(workload="read_speed", cost_usd=0.2)
    (tmp_path / "run.json").write_text(json.dumps(record))
    proof = Teardown(
        lease="l", destroyed_at="", destroy_s=1.0, found=[], removed=[], left=[], measured_usd=measured_usd
    )  # fmt: skip
    (tmp_path / "teardown.json").write_text(proof.model_dump_json())
    run, _ = runs_of(monkeypatch, tmp_path, "gcp", row(Status.OK, tmp_path))
    outcome = run(SHAPES[0], "read_speed", 0, None)
    assert (outcome.values["cost_usd"], outcome.paid_usd) == (0.2, paid_usd)


@pytest.mark.parametrize("second", ["ok", "not_run"])
def test_a_run_that_was_invalid_is_paid_for_also_where_it_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, second: str
) -> None:
    rows = []
    for name, cost_usd, status in (("1", 0.2, "invalid"), ("2", 0.3, second)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "run.json").write_text(
            json.dumps(run_json(workload="read_speed", cost_usd=cost_usd, status=status.replace("not_run", "ok")))
        )
        rows.append(row(status, tmp_path / name))
    run, given = runs_of(monkeypatch, tmp_path, "gcp", *rows)
    outcome = run(SHAPES[0], "read_speed", 0, 1.0)
    assert [options.max_usd for options in given] == [1.0, 0.8]
    assert outcome.status == ("ok" if second == "ok" else "failed")
    assert outcome.paid_usd == pytest.approx(0.5 if second == "ok" else 0.2)


@pytest.mark.parametrize(("target", "passed_on"), [("local", None), ("gcp", 1.0), ("vertex", 1.0)])
def test_a_limit_of_money_is_no_limit_on_local_clusters_which_refuse_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str, passed_on: float | None
) -> None:
    run, given = runs_of(monkeypatch, tmp_path, target, row(Status.FAILED))
    run(SHAPES[0], "read_speed", 0, 1.0)
    assert [options.max_usd for options in given] == [passed_on]


def test_a_shape_of_a_search_needs_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Reached(Exception):
        pass

    def measured(experiment: Experiment, scenarios: object, *_: object) -> list[Row]:
        assert (experiment.scenarios, scenarios) == ([SHAPES[0].name], {SHAPES[0].name: SHAPES[0]})
        raise Reached

    assert SHAPES[0].name not in scenario_names()
    monkeypatch.setattr(benches, "_bench", measured)
    run = search_run.bench_runner("s", [WorkloadSpec(name="read_speed")], DataSpec(), 60, Options(tmp_path), Silent())
    with pytest.raises(Reached):
        run(SHAPES[0], "read_speed", 0, None)


def test_side_by_side_what_is_left_is_shared(tmp_path: Path) -> None:
    both, given = threading.Barrier(2, timeout=60), list[float]()

    def runner(shape: Scenario, workload: str, slot: int, left_usd: float | None) -> RunOutcome:
        assert left_usd is not None
        given.append(left_usd)
        both.wait()
        return ran(shape, paid_usd=left_usd)

    asked = spec(max_usd=1.0, parallel=2, max_runs=2, strategy="exhaustive")
    found = search.search(asked, tmp_path / "s", runner, (), Silent())
    assert given == [0.5, 0.5]
    assert found.paid_usd == 1.0


def test_runs_under_way_count_as_what_they_are_expected_to_cost(tmp_path: Path) -> None:
    shapes = [SHAPES[0].model_copy(update={"name": f"n{i}"}) for i in range(6)]
    each = ran(shapes[0]).paid_usd
    assert each is not None
    asked = spec(shapes=shapes, max_usd=3.5 * each, parallel=2, strategy="exhaustive")
    found = search.search(asked, tmp_path / "s", Counting(), (), Silent())
    assert len(found.runs) == 3
    assert found.paid_usd == pytest.approx(3 * each)


def test_a_run_is_put_off_while_those_under_way_may_cost_less_than_expected(tmp_path: Path) -> None:
    shapes = [SHAPES[0].model_copy(update={"name": f"n{i}"}) for i in range(5)]
    each = ran(shapes[0]).paid_usd
    assert each is not None
    cheaper = Counting(result=lambda s: ran(s, paid_usd=each if s.name in ("n0", "n1") else each / 10))
    asked = spec(shapes=shapes, max_usd=3.5 * each, parallel=2, strategy="exhaustive")
    found = search.search(asked, tmp_path / "s", cheaper, (), Silent())
    assert (len(found.runs), found.reason) == (5, "every candidate has been run")


def test_a_limit_that_is_spent_is_called_reached_and_no_further_run_is_spoken_of(tmp_path: Path) -> None:
    search.search(spec(max_runs=2), tmp_path / "s", Counting(), (), Silent())
    found = search.search(spec(max_usd=1e-5), tmp_path / "s", Counting(), (), Silent())
    assert found.reason.startswith("--max-usd 1e-05 is reached: 0.0")
    assert "next run" not in found.reason


def test_a_search_of_every_candidate_stops_for_that_and_not_for_a_limit(tmp_path: Path) -> None:
    found = search.search(spec(shapes=SHAPES[:2], max_runs=2, max_usd=1.0), tmp_path / "s", Counting(), (), Silent())
    assert found.reason == "every candidate has been run"


def test_a_limit_of_nothing_is_refused_and_leaves_no_folder(tmp_path: Path) -> None:
    words = ["search", "--space", "seed", "--runs", str(tmp_path), "--workload", "read_speed", "--max-usd", "0"]
    result = CliRunner().invoke(app, words)
    assert isinstance(result.exception, UsageError), result.output
    assert "--max-usd must be greater than 0; received 0." in str(result.exception)
    assert list(tmp_path.iterdir()) == []


def test_uses_are_refused_where_nothing_listens_to_them(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--uses is for the strategy bakeoff; received 3 for random"):
        search.search(spec(strategy="random", uses=3.0), tmp_path / "s", Counting(), (), Silent())


def test_a_folder_in_which_nothing_was_run_may_be_searched_in_otherwise(tmp_path: Path) -> None:
    with pytest.raises(Interrupted):
        search.search(spec(strategy="random"), tmp_path / "s", Counting(cut_off_at=0), (), Silent())
    found = search.search(spec(max_runs=1), tmp_path / "s", Counting(), (), Silent())
    assert len(found.runs) == 1
    assert json.loads((tmp_path / "s" / FILE).read_text().splitlines()[0])["strategy"] == "bakeoff"


def test_other_conditions_are_another_search_and_an_older_journal_may_lack_them(tmp_path: Path) -> None:
    search.search(spec(max_runs=1), tmp_path / "s", Counting(), (), Silent())
    shutil.copytree(tmp_path / "s", tmp_path / "old")
    half = spec(facts={"local_cores_per_vcpu": 0.5})
    assert search.search(replace(half, max_runs=1), tmp_path / "old", Counting(), (), Silent()).runs
    search.search(replace(half, max_runs=1), tmp_path / "new", Counting(), (), Silent())
    for folder in ("new", "old"):  # what it lacked counts from then on
        with pytest.raises(UsageError, match=r"differs in local_cores_per_vcpu: '0\.5' there, '0\.3' asked for"):
            search.search(spec(facts={"local_cores_per_vcpu": 0.3}), tmp_path / folder, Counting(), (), Silent())
    assert len(search.search(replace(half, max_runs=2), tmp_path / "old", Counting(), (), Silent()).runs) == 2


def test_a_script_that_was_changed_is_another_search(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        search_run, "bench_runner", lambda *_: lambda shape, *__: ran(shape, workload="job", status="failed", values={})
    )
    script, space = tmp_path / "job.py", tmp_path / "x.toml"
    space.write_text(grid("[0]", "n1-standard-4"))
    words = ["search", "--space", str(space), "--runs", str(tmp_path / "runs"), "--job", str(script), "--json"]
    script.write_text("raise ValueError")
    assert CliRunner().invoke(app, words).exit_code == 1
    script.write_text("print('mended')")
    result = CliRunner().invoke(app, words)
    assert isinstance(result.exception, UsageError), result.output
    assert "differs in script_sha256" in str(result.exception)


def test_a_run_that_was_cut_off_is_named_when_it_is_made_again(tmp_path: Path) -> None:
    with pytest.raises(Interrupted):
        search.search(spec(), tmp_path / "s", Counting(cut_off_at=1), (), Silent())
    noting, runner = Noting(), Counting()
    search.search(spec(max_runs=2), tmp_path / "s", runner, (), noting)
    assert [line for line in noting.lines if line.startswith(f"run 2, proposed before: {runner.shapes[0]}: ")]


def test_two_searches_in_one_folder_wait_for_each_other(tmp_path: Path) -> None:
    begun = threading.Event()

    class Slow(Counting):
        def __call__(self, shape: Scenario, workload: str, slot: int, left_usd: float | None) -> RunOutcome:
            begun.set()
            threading.Event().wait(0.2)
            return super().__call__(shape, workload, slot, left_usd)

    one, other = Slow(), Counting()
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(search.search, spec(max_runs=2), tmp_path / "s", one, (), Silent())
        assert begun.wait(60)
        second = pool.submit(search.search, spec(max_runs=2), tmp_path / "s", other, (), Silent())
        assert first.result(60).runs == second.result(60).runs
    assert (len(one.shapes), len(other.shapes)) == (2, 0)


def test_where_every_run_failed_it_says_where_to_look_and_what_to_do(tmp_path: Path) -> None:
    fails = Counting(result=lambda shape: ran(shape, status="failed", values={}, record=f"/runs/{shape.name}"))
    found = search.search(spec(shapes=SHAPES[:2]), tmp_path / "s", fails, (), Silent())
    assert found.why_none is not None
    assert f"no run ended well within the limits; see the logs in /runs/{fails.shapes[-1]}. Mend" in found.why_none


def test_where_no_run_keeps_the_limit_it_says_how_near_they_came(tmp_path: Path) -> None:
    asked = spec(shapes=SHAPES[:2], objective=Objective("cost", (Limit("runtime_s", "at most", 1.0),)))
    found = search.search(asked, tmp_path / "s", Counting(), (), Silent())
    nearest = min(run["values"]["runtime_s"] for run in found.runs)
    assert (
        found.why_none
        == f"no run ended well within the limits; asked for was runtime_s at most 1, and the nearest of 2 is {nearest:.4g}"
    )


def test_where_a_run_without_a_record_failed_its_reason_is_told_in_a_sentence(tmp_path: Path) -> None:
    fails = Counting(result=lambda shape: ran(shape, status="failed", values={}, reason="No memory is left."))
    found = search.search(spec(shapes=SHAPES[:2]), tmp_path / "s", fails, (), Silent())
    assert found.why_none is not None
    assert "the last said: No memory is left. Mend the cause" in found.why_none


def test_a_run_beside_one_that_fails_the_search_is_kept(tmp_path: Path) -> None:
    """An error that says nothing of a shape ends the search; what is under way is paid for, and not made again."""
    broken = threading.Event()

    def runner(shape: Scenario, workload: str, slot: int, left_usd: float | None) -> RunOutcome:
        if slot == 0:
            broken.set()
            raise CloudError("Google Cloud refused.")
        assert broken.wait(60)
        threading.Event().wait(0.2)
        return ran(shape)

    asked = spec(parallel=2, max_runs=2, strategy="exhaustive")
    with pytest.raises(CloudError, match="refused"):
        search.search(asked, tmp_path / "s", runner, (), Silent())
    again = Counting()
    found = search.search(asked, tmp_path / "s", again, (), Silent())
    assert (len(found.runs), len(again.shapes)) == (2, 1)


def test_a_run_that_is_refused_beside_others_is_made_after_them(tmp_path: Path) -> None:
    """A quota that another cluster uses up, or the share of a limit, says nothing of the shape."""
    beside = threading.Barrier(2, timeout=60)
    given: dict[str, list[float | None]] = {}

    def runner(shape: Scenario, workload: str, slot: int, left_usd: float | None) -> RunOutcome:
        given.setdefault(shape.name, []).append(left_usd)
        if len(given) <= 2 and len(given[shape.name]) == 1:
            beside.wait()
            if slot == 1:
                raise LimitError("The quota does not suffice.")
            threading.Event().wait(0.2)
        return ran(shape, paid_usd=1.0)

    shapes = [SHAPES[0].model_copy(update={"name": f"n{i}"}) for i in range(3)]
    noting = Noting()
    asked = spec(shapes=shapes, parallel=2, max_usd=9.0, strategy="exhaustive")
    found = search.search(asked, tmp_path / "s", runner, (), noting)
    assert (found.reason, len(found.runs)) == ("every candidate has been run", 3)
    (put_off,) = [name for name, left in given.items() if len(left) == 2]
    assert given[put_off] == [4.5, 8.0]  # then by itself
    assert [
        line for line in noting.lines if line.startswith(f"{put_off} is put off, and no others run side by side: The")
    ]


def test_what_survives_a_teardown_is_not_lost_behind_an_interrupt(tmp_path: Path) -> None:
    interrupted = threading.Event()

    def runner(shape: Scenario, workload: str, slot: int, left_usd: float | None) -> RunOutcome:
        if slot == 0:
            raise Interrupted("Stopped by SIGINT.")
        assert interrupted.wait(60)
        raise LeftoverError("Left of lease abc123 after teardown.")

    asked = spec(parallel=2, strategy="exhaustive")
    with pytest.raises(LeftoverError, match="abc123"):
        search.search(asked, tmp_path / "s", runner, (), Silent(), lambda error: interrupted.set())
