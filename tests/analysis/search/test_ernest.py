"""Ernest's model finds what it was made for, says when it does not fit, and its design spends its budget."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from analysis.errors import SearchError
from analysis.search.model import ernest_model
from analysis.search.scaling import fit as scaling
from analysis.search.scaling.small_runs import load_points
from infra.base.errors import UsageError
from infra.cli.app import app

DATA = Path(__file__).resolve().parents[4] / "shared/data/configsearch"
POINTS = np.asarray([(m, s) for s in (1.0, 2.0) for m in (1.0, 2.0, 4.0, 8.0)])


def true_s(machines: np.ndarray, scale: np.ndarray) -> np.ndarray:
    return np.asarray(10 + 100 * scale / machines + 3 * np.log(machines) + 0.5 * machines)


def training(noise: float = 0.0, seed: int = 0) -> pd.DataFrame:
    times = true_s(POINTS[:, 0], POINTS[:, 1]) * np.exp(
        noise * np.random.default_rng(seed).standard_normal(len(POINTS))
    )
    return pd.DataFrame({"machines": POINTS[:, 0], "scale": POINTS[:, 1], "runtime_s": times})


def test_it_recovers_its_own_terms_and_extrapolates() -> None:
    found = scaling.scale_up(training(), [16.0, 32.0], [8.0], usd_per_machine_hour=0.36)
    assert found.model.weights == pytest.approx([10, 100, 3, 0.5], rel=1e-3)
    for point in found.predictions:
        wanted = float(true_s(np.asarray(point.machines), np.asarray(point.scale)))
        assert point.runtime_s == pytest.approx(wanted, rel=1e-3)
        assert point.cost_usd == pytest.approx(wanted * point.machines * 1e-4, rel=1e-3)
    assert found.verdict.startswith("fits")
    assert "4.0 times the largest" in found.verdict


def test_the_interval_covers_new_runs_as_often_as_it_says() -> None:
    at_m, at_s = np.asarray([8.0]), np.asarray([4.0])
    covered = 0
    for seed in range(60):
        runs = training(0.05, seed)
        model = ernest_model.fit(
            runs["scale"].to_numpy(), runs["machines"].to_numpy(), runs["runtime_s"].to_numpy(), bootstraps=100
        )
        low, high = model.interval(at_s, at_m)
        new = true_s(at_m, at_s) * np.exp(0.05 * np.random.default_rng(1000 + seed).standard_normal())
        covered += int(low[0] <= new[0] <= high[0])
    assert covered / 60 > 0.75


def test_a_job_that_does_not_follow_the_terms_is_told() -> None:
    runs = training()
    runs["runtime_s"] = np.where(runs["machines"] > 3, 400.0, 40.0) * np.where(runs["machines"] > 6, 0.1, 1.0)
    found = scaling.scale_up(runs, [16.0], [1.0])
    assert not found.model.fits
    assert "not to be believed" in found.verdict


def test_the_design_keeps_to_its_budget_and_beats_as_many_random_points() -> None:
    points = np.asarray([(m, s) for s in (1.0, 2.0, 4.0) for m in (1.0, 2.0, 4.0, 8.0, 16.0)])
    shares = ernest_model.design(points[:, 1], points[:, 0], 3.0)
    assert (points[:, 1] / points[:, 0]) @ shares <= 3.0 + 1e-6
    assert ((shares >= 0) & (shares <= 1)).all()
    x = ernest_model.terms(points[:, 1], points[:, 0])
    x = x / np.linalg.norm(x, axis=0)

    def spread(weights: np.ndarray) -> float:
        return float(np.trace(np.linalg.inv((x * weights[:, None]).T @ x + 1e-6 * np.eye(4))))

    rng = np.random.default_rng(0)
    for _ in range(50):
        drawn = rng.random(len(points))
        drawn = np.minimum(1, drawn * 3.0 / ((points[:, 1] / points[:, 0]) @ drawn))
        assert spread(shares) <= spread(drawn)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--machines", "two"], "numbers separated by commas"),
        (["--machines", "0,2"], "of at least 1"),
        (["--machines", "2,4", "--budget", "0"], "budget"),
        (["--machines", "2", "--data", "nosuch.csv"], "No file"),
    ],
)
def test_wrong_use_is_named(arguments: list[str], message: str) -> None:
    result = CliRunner().invoke(app, ["scale", *arguments])
    assert isinstance(result.exception, UsageError), result.output
    assert message in str(result.exception)


def test_too_few_or_impossible_runs_are_refused() -> None:
    with pytest.raises(SearchError, match="three different points"):
        scaling.scale_up(training().head(2), [4.0], [1.0])
    with pytest.raises(SearchError, match="runtime_s must be above 0"):
        scaling.scale_up(training().assign(runtime_s=-1.0), [4.0], [1.0])
    with pytest.raises(SearchError, match="price"):
        scaling.scale_up(training(), [4.0], [1.0], usd_per_machine_hour=0.0)


def test_the_verb_predicts_designs_and_draws(tmp_path: Path) -> None:
    training(0.02).to_csv(tmp_path / "runs.csv", index=False)
    arguments = ["--data", str(tmp_path / "runs.csv"), "--machines", "8,16", "--scales", "4", "--json"]
    result = CliRunner().invoke(app, ["scale", *arguments, "--plot", str(tmp_path / "fig")])
    printed = json.loads(result.stdout)
    assert printed["fits"] is True
    assert [p["low_s"] < p["runtime_s"] < p["high_s"] for p in printed["predictions"]] == [True, True]
    assert (tmp_path / "fig.svg").stat().st_size > 5_000
    design = json.loads(CliRunner().invoke(app, ["scale", "--machines", "1,2,4", "--scales", "1,2", "--json"]).stdout)
    assert all(point["share"] > 0.3 for point in design["design"])


def test_on_a_public_recording_near_extrapolation_holds_and_far_does_not() -> None:
    path = DATA / "bell.csv.gz"
    if not path.exists():
        pytest.skip("no shared/data/configsearch/bell.csv.gz beside the checkout")
    errors = {}
    for job in ("grep", "pagerank", "sgd"):
        rows, _ = load_points(path, job)
        known = rows[rows["machines"] <= 24]
        found = scaling.scale_up(known, [60.0], [1.0])
        errors[job] = abs(found.predictions[0].runtime_s / rows[rows["machines"] == 60]["runtime_s"].median() - 1)
        assert "check one such run" in found.verdict or not found.model.fits
    assert max(errors.values()) > 0.2
