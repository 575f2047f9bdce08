"""What one run through an experiment costs before and after, from past records, and what is said where there are none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from infra.catalogue.pricing import usd_per_hour
from infra.inputs.scenario import load_scenario
from infra.review.comment import comment
from infra.review.costs import CellCost, ExperimentCost
from infra.review.review import Review
from tests.support.analysis import factory
from tests.support.repository import EXPERIMENT, Repository


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    return tmp_path / "runs"


def record(repository: Repository, runs: Path, name: str, run_s: float, repeat: int, **changes: Any) -> None:
    """A record of the shape as it lies in the work tree now."""
    shape = load_scenario(name, repository.root / "infra" / "scenarios")
    made = factory.run_json(repeat=repeat, run_s=run_s, configuration={"image_size": 192}, **changes)
    made |= {"scenario": shape.model_dump(), "cell": f"{name}-{shape.workers}-{repeat}-{made['target']}"}
    factory.write(runs, made)


def demo(found: Review) -> ExperimentCost:
    (experiment,) = found.experiments
    assert experiment.name == "demo"
    return experiment


def cell(found: Review, scenario: str) -> CellCost:
    (only,) = [cell for cell in demo(found).cells if cell.scenario == scenario]
    return only


def price(repository: Repository, name: str) -> float:
    return usd_per_hour(load_scenario(name, repository.root / "infra" / "scenarios"))


def test_without_records_nothing_is_made_up(repository: Repository, runs: Path) -> None:
    repository.shape("four", 5)
    found = repository.review(runs=runs)
    assert demo(found).conditions is None
    assert demo(found).cost_usd == (None, None)
    assert "| <code>demo</code> | **in all**<br>no past records |  |  |  | - | - | - |" in comment(found)


def test_an_experiment_on_unchanged_scenarios_is_left_out(repository: Repository, runs: Path) -> None:
    repository.shape("eight", 8)
    found = repository.review(runs=runs)
    assert found.experiments == []
    assert "No experiment runs on what changed." in comment(found)


def test_medians_of_the_same_shape_times_its_price(repository: Repository, runs: Path) -> None:
    for repeat, run_s in enumerate((40.0, 44.0, 90.0)):
        record(repository, runs, "four", run_s, repeat)
        record(repository, runs, "six", run_s - 20, repeat)
    record(repository, runs, "four", 1.0, 3, status="failed")
    before = price(repository, "four")
    repository.shape("four", 5)
    after = price(repository, "four")
    record(repository, runs, "four", 30.0, 0)
    found = repository.review(runs=runs)
    four = cell(found, "four")
    assert four.before is not None
    assert four.after is not None
    assert (four.before.records, four.before.median_run_s) == (3, 44.0)
    assert (four.after.records, four.after.median_run_s) == (1, 30.0)
    assert four.before.cost_usd == pytest.approx(before * 44 / 3600)
    assert four.after.cost_usd == pytest.approx(after * 30 / 3600)
    six = price(repository, "six") * 24 / 3600
    assert list(demo(found).cost_usd) == pytest.approx([3 * (before * 44 / 3600 + six), 3 * (after * 30 / 3600 + six)])
    text = comment(found)
    assert "| 3 | 3 → 1 | 44.0 → 30.0 |" in text
    assert "notional" in text


def test_a_shape_never_measured_costs_an_unknown_amount(repository: Repository, runs: Path) -> None:
    for repeat in range(2):
        record(repository, runs, "four", 40.0, repeat)
        record(repository, runs, "six", 30.0, repeat)
    before = price(repository, "four")
    repository.shape("four", 8)
    after = price(repository, "four")
    found = repository.review(runs=runs)
    four = cell(found, "four")
    assert four.after is None
    assert four.break_even_s == pytest.approx(40 * before / after)
    whole = demo(found).cost_usd
    assert whole[0] is not None
    assert whole[1] is None
    assert f"as before if it takes {40 * before / after:.1f} s" in comment(found)


def test_records_made_under_other_conditions_are_not_mixed(repository: Repository, runs: Path) -> None:
    record(repository, runs, "four", 400.0, 0, share=0.3, ended_at="2020-01-01T00:00:00+00:00")
    record(repository, runs, "four", 40.0, 1)
    repository.shape("six", 8)
    found = repository.review(runs=runs)
    four = cell(found, "four")
    assert four.before is not None
    assert (four.before.records, four.before.median_run_s) == (1, 40.0)
    assert "0.15 host cores per vCPU" in str(demo(found).conditions)


def test_a_damaged_record_is_no_record(repository: Repository, runs: Path) -> None:
    record(repository, runs, "four", 40.0, 0)
    (runs / "demo" / "broken").mkdir()
    (runs / "demo" / "broken" / "run.json").write_text("{")
    repository.shape("four", 5)
    before = cell(repository.review(runs=runs), "four").before
    assert before is not None
    assert before.records == 1


def test_an_experiment_that_names_a_removed_scenario_cannot_run(repository: Repository, runs: Path) -> None:
    repository.remove("infra/scenarios/six.tfvars")
    found = repository.review(runs=runs)
    assert demo(found).problems == {"after": "it names scenarios that are not there: six"}
    assert "**cannot run after**: <code>it names scenarios that are not there&#58; six</code>" in comment(found)


@pytest.mark.parametrize(("text", "said"), [("name = ", "not valid TOML"), ('name = "demo"\n', "scenarios")])
def test_a_broken_experiment_is_named(repository: Repository, runs: Path, text: str, said: str) -> None:
    repository.write("infra/experiments/demo.toml", text)
    assert said in demo(repository.review(runs=runs)).problems["after"]


def test_an_adaptive_experiment_costs_its_most_repeats_and_says_so(repository: Repository, runs: Path) -> None:
    record(repository, runs, "four", 36.0, 0)
    record(repository, runs, "six", 36.0, 0)
    limits = "\n[adaptive]\nmax_repeats = 12\nmax_usd = 2\n"
    repository.write("infra/experiments/demo.toml", EXPERIMENT.replace("repeats = 3", "repeats = 5") + limits)
    found = repository.review(runs=runs)
    assert [cell.runs for cell in demo(found).cells] == [(3, 12), (3, 12)]
    once = (price(repository, "four") + price(repository, "six")) / 100
    assert list(demo(found).cost_usd) == pytest.approx([3 * once, 12 * once])
    assert demo(found).adaptive == {"after": "5 to 12, ending at 2 USD"}
    assert "<br>after: at most, repeats <code>5 to 12, ending at 2 USD</code>" in comment(found)


def test_more_repeats_cost_more(repository: Repository, runs: Path) -> None:
    record(repository, runs, "four", 36.0, 0)
    record(repository, runs, "six", 36.0, 0)
    repository.write("infra/experiments/demo.toml", EXPERIMENT.replace("repeats = 3", "repeats = 6"))
    found = repository.review(runs=runs)
    before, after = demo(found).cost_usd
    assert before == pytest.approx(3 * (price(repository, "four") + price(repository, "six")) / 100)
    assert before is not None
    assert after == pytest.approx(2 * before)
    assert "3 → 6" in comment(found)
