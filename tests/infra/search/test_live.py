"""The live search, with a runner that stands in for clusters; one real search is in test_search_live.py."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest
from typer.testing import CliRunner

from analysis.search.core.problem import Limit, Objective
from analysis.search.model.winner import Winner
from infra.base.errors import Interrupted, RecordError, UsageError
from infra.base.progress import Silent
from infra.catalogue.pricing import usd_per_hour
from infra.cli.app import app
from infra.inputs.space import load_space
from infra.search import live as search
from tests.support.search import SHAPES, Counting, Noting, grid, ran, spec, took
from workloads.record import Scenario
from workloads.record.search import FILE, RunOutcome


def test_the_space_has_many_shapes_that_fit_names_and_rules() -> None:
    assert len(SHAPES) >= 12
    assert len({shape.name for shape in SHAPES}) == len(SHAPES)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name = 'x'", "grid"),
        ("name = 'x'\ngrid = 3", "grid"),
        ("name = ", "not valid TOML"),
        (grid("[1]"), "received 1"),
        (grid("[2]", "n9-huge"), "n9-huge"),
        (grid("[2, 2]"), "more than once"),
        (grid("[]"), "at least 1"),
        (b"\xff\xfen\0a\0", "not valid TOML: 'utf-8' codec"),
    ],
)  # fmt: skip
def test_a_wrong_space_is_refused_with_its_rule(tmp_path: Path, text: str | bytes, message: str) -> None:
    path = tmp_path / "s.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(UsageError, match=message):
        load_space(str(path)).shapes()
    with pytest.raises(UsageError, match="Unknown space 'sed'"):
        load_space("sed")


def test_a_search_explains_stops_and_recommends(tmp_path: Path) -> None:
    runner, noting = Counting(), Noting()
    found = search.search(spec(), tmp_path / "s", runner, (), noting)
    best = min(usd_per_hour(s) * took(s) for s in SHAPES) / 3600
    assert found.winner and found.shape
    assert isinstance(found.winner, Winner)
    assert found.winner.measured <= 1.1 * best
    assert found.winner.low <= found.winner.predicted <= found.winner.high
    assert len(runner.shapes) == len(found.runs) < len(SHAPES)
    assert found.runs_saved == len(SHAPES) - len(found.runs)
    assert found.paid_usd == pytest.approx(sum(run["values"]["cost_usd"] for run in found.runs))
    explained = [line for line in noting.lines if line.startswith("run ")]
    assert len(explained) == len(found.runs)
    assert all("expected gain" in line and "uncertainty" in line for line in explained[1:])


def test_more_uses_search_longer(tmp_path: Path) -> None:
    few, many = (search.search(spec(uses=n), tmp_path / f"{n:g}", Counting(), (), Silent()) for n in (1.0, 1e5))
    assert len(few.runs) < len(many.runs)


@pytest.mark.parametrize("killed_after", [0, 2])
def test_a_killed_search_goes_on_where_it_was(tmp_path: Path, killed_after: int) -> None:
    whole = Counting()
    search.search(spec(), tmp_path / "whole", whole, (), Silent())
    first, second = Counting(cut_off_at=killed_after), Counting()
    with pytest.raises(Interrupted):
        search.search(spec(), tmp_path / "s", first, (), Silent())
    search.search(spec(), tmp_path / "s", second, (), Silent())
    assert [*first.shapes, *second.shapes] == whole.shapes
    third = Counting()
    search.search(spec(), tmp_path / "s", third, (), Silent())
    assert third.shapes == []


def test_a_journal_cut_off_in_its_last_line_is_read_and_one_damaged_elsewhere_refused(tmp_path: Path) -> None:
    folder = tmp_path / "s"
    search.search(spec(max_runs=3), folder, Counting(), (), Silent())
    text = (folder / FILE).read_text()
    (folder / FILE).write_text(text[:-20])
    again = Counting()
    search.search(spec(max_runs=3), folder, again, (), Silent())
    assert len(again.shapes) == 1
    assert (folder / FILE).read_text().count("\n") == text.count("\n")
    (folder / FILE).write_text(text.replace('{"event": "proposal"', "{", 1))
    with pytest.raises(RecordError, match="line 2 is damaged"):
        search.search(spec(max_runs=3), folder, Counting(), (), Silent())


def test_another_search_may_not_go_on_in_the_same_folder(tmp_path: Path) -> None:
    search.search(spec(max_runs=1), tmp_path / "s", Counting(), (), Silent())
    with pytest.raises(UsageError, match="differs in objective: 'cost' there, 'time' asked for"):
        search.search(spec(objective=Objective("time")), tmp_path / "s", Counting(), (), Silent())


def test_limits_on_runs_and_money_hold(tmp_path: Path) -> None:
    found = search.search(spec(max_runs=2), tmp_path / "a", Counting(), (), Silent())
    assert (len(found.runs), found.reason) == (2, "--max-runs 2 is reached")
    limit = 0.02
    found = search.search(spec(max_usd=limit, strategy="exhaustive"), tmp_path / "b", Counting(), (), Silent())
    assert 0 < found.paid_usd <= limit
    assert "--max-usd 0.02 would be exceeded" in found.reason


def test_failures_are_told_and_do_not_end_the_search(tmp_path: Path) -> None:
    def small_fails(shape: Scenario) -> RunOutcome:
        failed: dict[str, object] = {
            "status": "failed",
            "values": {},
            "paid_usd": None,
            "reason": "apply failed: quota",
        }
        return ran(shape, **failed) if shape.machine_type in ("n1-standard-2", "n1-standard-1") else ran(shape)

    found = search.search(spec(), tmp_path / "s", Counting(result=small_fails), (), Silent())
    assert found.shape
    assert found.shape.machine_type not in ("n1-standard-2", "n1-standard-1")
    nothing = search.search(
        spec(shapes=SHAPES[:3]),
        tmp_path / "n",
        Counting(result=lambda s: ran(s, status="failed", values={})),
        (),
        Silent(),
    )
    assert nothing.winner is None
    assert "none ended well" in nothing.reason


def test_a_limit_on_run_time_is_kept(tmp_path: Path) -> None:
    objective = Objective("cost", (Limit("runtime_s", "at most", 46.0),))
    found = search.search(spec(objective=objective), tmp_path / "s", Counting(), (), Silent())
    assert found.shape
    assert took(found.shape) <= 46.0


def test_several_run_side_by_side_and_never_the_same(tmp_path: Path) -> None:
    lock, running, most, slots = threading.Lock(), set[str](), [0], set[int]()
    three, begun = threading.Barrier(3, timeout=60), list[str]()

    def runner(shape: Scenario, workload: str, slot: int, left_usd: float | None) -> RunOutcome:
        with lock:
            assert shape.name not in running
            running.add(shape.name)
            slots.add(slot)
            most[0] = max(most[0], len(running))
            begun.append(shape.name)
            first = len(begun) <= 3
        if first:
            three.wait()
        with lock:
            running.remove(shape.name)
        return ran(shape)

    found = search.search(spec(parallel=3, max_runs=7, strategy="exhaustive"), tmp_path / "s", runner, (), Silent())
    assert len({run["shape"] for run in found.runs}) == len(found.runs) == 7
    assert most[0] == 3
    assert slots == {0, 1, 2}


def test_several_side_by_side_stop_when_the_strategy_does(tmp_path: Path) -> None:
    found = search.search(spec(parallel=2), tmp_path / "s", Counting(), (), Silent())
    assert found.winner is not None
    assert len(found.runs) < len(SHAPES)
    assert "every candidate" not in found.reason


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--workload", "nosuch"], "Unknown workload 'nosuch'"),
        (["--workload", "write_tfrecords", "--parallel", "2"], "one cell measures at a time"),
        (["--workload", "write_tfrecords", "--strategy", "nosuch"], "Unknown strategy 'nosuch'"),
        (["--workload", "write_tfrecords", "--strategy", "fixed", "--no-history"], "past runs of other workloads"),
        (["--workload", "write_tfrecords", "--max-runtime", "-3"], "above 0; received -3"),
        ([], "Give either a workload"),
    ],
)
def test_wrong_use_is_named(tmp_path: Path, arguments: list[str], message: str) -> None:
    result = CliRunner().invoke(app, ["search", "--space", "seed", "--runs", str(tmp_path), *arguments])
    assert isinstance(result.exception, UsageError), result.output
    assert message in str(result.exception)


def test_json_of_a_search_can_be_read(tmp_path: Path) -> None:
    found = search.search(spec(max_runs=3), tmp_path / "s", Counting(), (), Silent())
    printed = json.loads(json.dumps(found.as_json()))
    assert printed["winner"]["confidence"] == 0.9
    assert printed["shape"]["name"] == found.shape.name if found.shape else False
