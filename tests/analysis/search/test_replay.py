"""Recordings are read as they are, and a replay neither peeks nor flatters."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Collection
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from analysis.errors import SearchError
from analysis.search.core.problem import Limit, Objective, Outcome, Problem
from analysis.search.core.recordings import Recording, load_recordings
from analysis.search.replay import scores, tournament
from analysis.search.replay.follow import Trace, follow, judgeable, problem_for
from analysis.search.replay.split import select_split
from analysis.search.strategies.random_order import Random
from analysis.search.strategies.registry import STRATEGIES
from analysis.search.strategies.strategy import Proposal
from infra.base.errors import UsageError
from infra.cli.app import app
from tests.support.analysis.recorded import recordings, table

DATA = Path(__file__).resolve().parents[4] / "shared/data/configsearch"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("recorded")


def load(path: Path, frame: pd.DataFrame, objective: Objective = Objective(), **options: list[str]) -> list[Recording]:  # noqa: B008
    frame.to_csv(path / "t.csv", index=False)
    return load_recordings(path / "t.csv", objective, **options)[0]


def test_a_table_is_read_with_failures_prices_and_applications(folder: Path) -> None:
    found = recordings(folder)
    assert [r.workload for r in found][:3] == ["sort_small", "sort_big", "join_small"]
    assert {r.app for r in found} == {"sort", "join", "rank", "scan"}
    one = found[5]
    assert len(one.candidates) == 24
    assert one.candidates.names[0] == "2 x a.large"
    assert one.candidates.usd_per_hour is not None
    assert one.candidates.usd_per_hour[0] == pytest.approx(0.2)
    assert {o.status for o in one.outcomes} == {"ok", "timed_out"}
    assert set(one.outcomes[-1].metrics) == {"m_cpu_usr_pct", "m_disk_util_pct", "m_mem_pct"}


def test_repeats_count_as_their_median_and_fail_by_majority(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "workload": ["w"] * 6, "nodes": [2, 2, 2, 4, 4, 4], "runtime_s": [10, 30, 20, 5, 6, 7],
            "completed": [True, True, True, False, False, True],
        }
    )  # fmt: skip
    (one,) = load(tmp_path, frame, Objective("time"))
    assert [o.status for o in one.outcomes] == ["ok", "failed"]
    assert one.outcomes[0].values["runtime_s"] == 20


def test_a_workload_without_app_column_shares_its_first_word(tmp_path: Path) -> None:
    frame = table().drop(columns="app")
    assert {r.app for r in load(tmp_path, frame)} == {"sort", "join", "rank", "scan"}


def test_the_own_application_is_never_history(folder: Path) -> None:
    found = recordings(folder)
    for recording in found:
        problem = problem_for(recording, found, Objective())
        assert recording.app not in {past.app for past in problem.history}
        assert len({past.app for past in problem.history}) == 3
    assert problem_for(found[0], found, Objective(), history=False).history == ()


class Spy(Random):
    """Checks what it is told."""

    last = -1

    def tell(self, index: int, outcome: Outcome) -> None:
        assert index == self.last
        super().tell(index, outcome)

    def ask(self, pending: Collection[int] = ()) -> Proposal:
        proposal = super().ask(pending)
        self.last = proposal.index
        return proposal


def test_a_strategy_is_told_only_what_it_proposed(folder: Path) -> None:
    found = recordings(folder)
    trace = follow(Spy, found[0], problem_for(found[0], found, Objective()), 0)
    assert trace.stopped_after == 6
    assert len(trace.order) >= 12


def test_a_search_past_its_stop_is_followed_no_longer_than_asked(tmp_path: Path) -> None:
    frame = pd.DataFrame({"workload": "w", "nodes": range(1, 31), "runtime_s": [200.0] * 29 + [10.0]})
    (one,) = load(tmp_path, frame, Objective("time"))
    asked = Problem(one.candidates, Objective("time"))
    wholes = {seed: follow(Random, one, asked, seed).order for seed in range(5)}
    seed = next(seed for seed, order in wholes.items() if len(order) > 14)
    assert follow(Random, one, asked, seed, followed=14).order == wholes[seed][:14]


@pytest.mark.parametrize("budget", [1, 3, 5])
def test_the_expectation_of_random_is_that_over_all_orders(tmp_path: Path, budget: int) -> None:
    frame = pd.DataFrame({"workload": "w", "nodes": range(1, 6), "runtime_s": [50.0, 10.0, 30.0, 10.5, 7200.0]})
    frame["completed"] = [True, True, True, True, False]
    objective = Objective("time")
    (one,) = load(tmp_path, frame, objective)
    values = one.feasible_values(objective)
    paid = frame["runtime_s"].to_numpy()
    judged = [
        scores.score(Trace(order, values[list(order)], paid[list(order)], budget, "", 0.0), one, objective)
        for order in itertools.permutations(range(5))
    ]
    mean, exact = scores.mean(judged), scores.random_expectation(one, objective, budget)
    for name in ("runs_to_within_10pct", "runs_to_within_10pct_at_stop", "regret", "found_optimum", "search_cost"):
        assert getattr(exact, name) == pytest.approx(getattr(mean, name)), name
    assert exact.censored_at_stop == pytest.approx(mean.censored_at_stop / mean.searches)
    assert exact.found_nothing == pytest.approx(mean.found_nothing / mean.searches)
    assert exact.best_after == pytest.approx(mean.best_after)


def test_judging_counts_failures_as_paid_and_early_stops_as_censored(tmp_path: Path) -> None:
    frame = pd.DataFrame({"workload": "w", "nodes": range(1, 5), "runtime_s": [90.0, 40.0, 20.0, 20.0]})
    frame["completed"] = [False, True, True, True]
    objective = Objective("time")
    (one,) = load(tmp_path, frame, objective)
    values = one.feasible_values(objective)
    found = scores.score(Trace((0, 1, 2), values[:3], np.array([90.0, 40.0, 20.0]), 2, "", 0.0), one, objective)
    assert (found.search_cost, found.regret, found.runs_to_within_10pct) == (6.5, 2.0, 3)
    assert (found.censored, found.censored_at_stop, found.runs_to_within_10pct_at_stop) == (0, 1, 4)
    assert found.total_cost == {"10": 26.5, "50": 106.5}


def test_workloads_that_cannot_be_judged_are_named(folder: Path) -> None:
    found = recordings(folder)
    strict = Objective("cost", (Limit("runtime_s", "at most", 160.0),))
    kept, notes = judgeable(found, strict)
    assert 0 < len(kept) < len(found)
    assert any("within the limits" in note for note in notes)
    with pytest.raises(SearchError, match="Loosen the limit"):
        judgeable(found, Objective("cost", (Limit("runtime_s", "at most", 0.1),)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.drop(columns="runtime_s"), "no column 'runtime_s'"),
        (lambda t: t.drop(columns="workload").rename(columns={"app": "what"}), "no column 'workload'"),
        (
            lambda t: t.assign(runtime_s=t["runtime_s"].where(t.index != 3, -4.0), completed=True),
            r"received -4.* line 5",
        ),
        (lambda t: t.assign(runtime_s=t["runtime_s"].where(t.index != 3, 0.0), completed=True), "above 0; received 0"),
        (lambda t: t.assign(runtime_s=t["runtime_s"].where(t.index != 3), completed=True), "above 0; received nan"),
        (lambda t: t[["workload", "runtime_s"]], "Name them: --features"),
        (lambda t: t.head(0), "no rows"),
        (lambda t: t.drop(columns=["cost_usd", "price_node_h"]), "needs the column cost_usd"),
        (lambda t: t.assign(completed=False), "No workload has a feasible configuration"),
    ],
)
def test_a_bad_table_is_refused_with_its_cure(
    tmp_path: Path, change: Callable[[pd.DataFrame], pd.DataFrame], message: str
) -> None:
    change(table()).to_csv(tmp_path / "t.csv", index=False)
    result = CliRunner().invoke(app, ["replay", "--data", str(tmp_path / "t.csv"), "--strategies", "random"])
    assert isinstance(result.exception, UsageError), result.output
    assert re.search(message, str(result.exception)), str(result.exception)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--strategies", "nosuch"], "Unknown strategy 'nosuch'. Known: bakeoff"),
        (["--features", "nodes,wings"], "no column 'wings'"),
        (["--max-runtime", "-1"], "above 0; received -1"),
        (["--objective", "weighted", "--weight", "2"], "from 0 to 1"),
        (["--weight", "0.3"], "--weight is for --objective weighted; received 0.3 for cost"),
        (["--objective", "requests"], "needs the column requests_per_usd"),
        (["--least-accuracy", "0.9"], "needs the column accuracy"),
    ],
)
def test_wrong_use_is_named(folder: Path, arguments: list[str], message: str) -> None:
    recordings(folder)
    result = CliRunner().invoke(app, ["replay", "--data", str(folder / "recorded.csv.gz"), *arguments])
    assert isinstance(result.exception, UsageError), result.output
    assert message in str(result.exception)


def test_a_recording_of_one_application_leaves_out_those_that_need_history(tmp_path: Path) -> None:
    frame = table()
    found = load(tmp_path, frame[frame["app"] == "sort"])
    result = tournament.play(["fixed", "random"], found, found, Objective(), seeds=1)
    assert {row.strategy for row in result.rows} == {"random"}
    assert "past runs of other workloads" in result.notes[0]
    with pytest.raises(SearchError, match="past runs of other workloads"):
        tournament.play(["fixed"], found, found, Objective(), seeds=1)


def test_replay_prints_rows_and_summary_and_draws(folder: Path, tmp_path: Path) -> None:
    recordings(folder)
    asked = ["--strategies", "bakeoff,fixed,exhaustive,random", "--seeds", "1"]
    arguments = [*asked, "--json", "--plot", str(tmp_path / "fig.png")]
    result = CliRunner().invoke(app, ["replay", "--data", str(folder / "recorded.csv.gz"), *arguments])
    assert result.exit_code == 0, result.output
    printed = json.loads(result.stdout)
    assert len(printed["rows"]) == 4 * 8
    by_name = {row["strategy"]: row for row in printed["summary"]}
    for key in ("runs_to_stop", "runs_to_within_10pct", "regret", "found_optimum", "search_cost", "censored"):
        assert all(key in row for row in (*printed["rows"], *printed["summary"]))
    assert by_name["exhaustive"]["regret"] == 1
    assert by_name["exhaustive"]["runs_to_stop"] == 24
    assert by_name["fixed"]["runs_to_stop"] < 3
    assert by_name["bakeoff"]["regret"] < 1.15
    assert by_name["bakeoff"]["runs_to_within_10pct"] < 0.7 * by_name["random"]["runs_to_within_10pct"]
    assert (tmp_path / "fig.svg").stat().st_size > 5_000
    assert (tmp_path / "fig.png").is_file()


@pytest.mark.slow
@pytest.mark.parametrize(("name", "objective"), [("scout_multinode", "time"), ("cherrypick", "cost")])
def test_on_public_recordings_bakeoff_beats_cherrypick_and_random(name: str, objective: str) -> None:
    path = DATA / f"{name}.csv.gz"
    if not path.exists():
        pytest.skip(f"no shared/data/configsearch/{name}.csv.gz beside the checkout")
    asked = Objective(objective)  # type: ignore[arg-type]
    found, _ = load_recordings(path, asked)
    judged, _ = judgeable(found, asked)
    result = tournament.play(["bakeoff", "cherrypick", "random"], judged, found, asked, seeds=1, history=False)
    runs = {row["strategy"]: row["runs_to_within_10pct"] for row in result.summary()}
    assert runs["bakeoff"] < min(runs["cherrypick"], 0.6 * runs["random"])


def test_bakeoff_needs_no_price_and_no_history() -> None:
    from tests.support.analysis.recorded import candidates, ran

    made = candidates(nodes=[2, 4, 8, 16], vcpus=[2, 2, 2, 2])
    strategy = STRATEGIES["bakeoff"](Problem(type(made)(made.names, made.features, None), Objective("time")))
    for _ in range(3):
        index = strategy.ask().index
        strategy.tell(index, ran(100.0 / (index + 1)))
    assert strategy.best() is not None


def test_the_split_judges_only_what_bakeoff_was_not_tuned_on(folder: Path) -> None:
    found = recordings(folder)
    held_out, tuned_on = select_split(found, "held-out"), select_split(found, "tuning")
    assert {r.app for r in tuned_on} == {"join"}
    assert {r.app for r in held_out} == {"sort", "rank", "scan"}
    assert select_split(found, "all") == found
    with pytest.raises(SearchError, match="No workload is in the split 'held-out'"):
        select_split(tuned_on, "held-out")
    with pytest.raises(SearchError, match="received 'test'"):
        select_split(found, "test")


def test_a_search_cut_off_before_it_came_near_counts_as_never(folder: Path) -> None:
    recording = recordings(folder)[4]
    objective = Objective()
    order = np.argsort(-recording.feasible_values(objective), kind="stable")  # worst first
    known = recording.feasible_values(objective)[order]
    paid = np.asarray([objective.value(recording.outcomes[i]) for i in order])
    trace = Trace(tuple(order.tolist()), known, paid, len(order), "", 0.0)
    near = scores.score(trace, recording, objective).runs_to_within_10pct
    assert 12 < near < len(order)
    assert scores.score(trace, recording, objective, followed=int(near)).runs_to_within_10pct == near
    cut = scores.score(trace, recording, objective, followed=int(near) - 1)
    assert cut.runs_to_within_10pct == len(order)
    assert cut.censored == 1
