"""Regression of throughput: the libraries' own answers, intervals that cover, and what must be said beside the numbers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats

from analysis.plain import plain
from analysis.records.runs import load
from analysis.report.tables import regression_table
from analysis.statistics.curves import CURVES, alternatives
from analysis.statistics.diagnostics import residuals
from analysis.statistics.linear import (
    OVER_LEASES,
    WITHIN_BLOCKS,
    blocks_of,
    coefficients,
    correlation,
    variance_inflation,
)
from analysis.study.regression import Regression, regress, regressions
from tests.support.analysis import factory, simulate


def regressed(frame: pd.DataFrame) -> Regression:
    found = regress(frame)
    assert found is not None
    return found


def test_one_run_gives_what_scipy_and_statsmodels_give() -> None:
    frame = simulate.grid(np.random.default_rng(1))
    found = regressed(frame)
    assert (found.observations, found.runs, found.leases, found.blocks) == (36, 1, 1, "run")
    for name in ("batch_size", "batch_count", "repetitions", "data_size"):
        one = found.parameter(name)
        assert one is not None and one.r is not None
        pearson = stats.pearsonr(frame[name], frame["images_per_s"])
        interval = pearson.confidence_interval(0.95)
        assert one.r.value == pytest.approx(pearson.statistic)
        assert (one.r.low, one.r.high) == pytest.approx((interval.low, interval.high))
        assert one.r.p_value == pytest.approx(pearson.pvalue)
        reference = sm.OLS(frame["images_per_s"], sm.add_constant(frame[name])).fit(cov_type="HC3", use_t=True)
        assert one.slope.value == pytest.approx(reference.params[name])
        assert (one.slope.low, one.slope.high) == pytest.approx(tuple(reference.conf_int().loc[name]))
        assert one.slope.p_value == pytest.approx(reference.pvalues[name])
        assert one.pooled_intercept == pytest.approx(reference.params["const"])
    assert found.joint is not None
    names = list(found.joint.slopes)
    together = sm.OLS(frame["images_per_s"], sm.add_constant(frame[names])).fit(cov_type="HC3", use_t=True)
    for name, estimate in found.joint.slopes.items():
        assert estimate.value == pytest.approx(together.params[name])
        assert (estimate.low, estimate.high) == pytest.approx(tuple(together.conf_int().loc[name]))
    assert found.joint.r_squared == pytest.approx(together.rsquared)


def test_variance_inflation_is_one_over_what_the_others_leave() -> None:
    frame = simulate.grid(np.random.default_rng(2))
    names = ["batch_size", "batch_count", "repetitions", "data_size"]
    found = variance_inflation(frame, names)
    for name in names:
        others = sm.add_constant(frame[[n for n in names if n != name]])
        assert found[name] == pytest.approx(1 / (1 - sm.OLS(frame[name], others).fit().rsquared))
    assert found["data_size"] > 2  # the product shares with its factors


def test_the_output_says_that_data_size_is_a_product() -> None:
    found = regressed(simulate.grid(np.random.default_rng(3)))
    assert "Data size is batch size x batch number x repetitions" in found.collinearity
    assert "variance inflation" in found.collinearity.lower()


def test_parameters_that_cannot_be_told_apart_are_named_and_those_that_do_not_vary() -> None:
    frame = simulate.grid(np.random.default_rng(4))
    frame = frame[(frame["batch_count"] == 4) & (frame["repetitions"] == 1)].reset_index(drop=True)
    frame = pd.concat([frame] * 3, ignore_index=True)
    frame["images_per_s"] += np.random.default_rng(5).normal(size=len(frame))
    found = regressed(frame)
    assert found.constant == ["batch_count", "repetitions"]
    assert [p.parameter for p in found.parameters] == ["batch_size", "data_size"]
    assert found.joint is None or found.joint.aliased == ["data_size"]


@pytest.mark.parametrize(("leases", "method"), [(3, WITHIN_BLOCKS), (5, OVER_LEASES)])
def test_leases_are_the_sample_from_five_on(leases: int, method: str) -> None:
    frame = simulate.grid(np.random.default_rng(6), leases=leases, lease_spread=50.0, slope_spread=0.2)
    one = regressed(frame).parameter("batch_size")
    assert one is not None and one.r is not None
    assert one.slope.method == one.r.method == method
    if leases == 5:
        slopes = [np.polyfit(rows["batch_size"], rows["images_per_s"], 1)[0] for _, rows in frame.groupby("lease")]
        interval = stats.ttest_1samp(slopes, 0).confidence_interval(0.95)
        assert one.slope.value == pytest.approx(np.mean(slopes))
        assert (one.slope.low, one.slope.high) == pytest.approx((interval.low, interval.high))


def rates(count: int, **changes: float) -> tuple[float, float]:
    """Share of 95 % intervals of the slope that hold the true one, and of R's tests that reject when there is no effect."""
    rng = np.random.default_rng(7)
    leases = int(changes.get("leases", 1))
    frame = simulate.grid(rng, leases=leases, noise=0.0)
    codes, x = pd.factorize(frame["lease"])[0], frame["batch_size"].to_numpy()
    held = rejected = 0
    for _ in range(count):
        level = changes.get("lease_spread", 0.0) * rng.normal(size=leases)[codes]
        slope = 0.5 + changes.get("slope_spread", 0.0) * rng.normal(size=leases)[codes]
        noise = (10 + changes.get("noise_of_x", 0.0) * x) * rng.normal(size=len(x))
        blocks = blocks_of(frame.assign(images_per_s=200 + level + slope * x + noise), ["batch_size"])
        estimate = coefficients(blocks, ["batch_size"])["batch_size"]
        assert estimate.low is not None and estimate.high is not None
        held += estimate.low <= 0.5 <= estimate.high
        null = correlation(blocks_of(frame.assign(images_per_s=200 + level + noise), ["batch_size"]), "batch_size")
        assert null is not None and null.p_value is not None
        rejected += null.p_value < 0.05
    return held / count, rejected / count


@pytest.mark.slow
@pytest.mark.parametrize(
    "changes",
    [
        {"leases": 1},
        {"leases": 3, "lease_spread": 60.0},
        {"leases": 5, "lease_spread": 60.0, "slope_spread": 0.4},  # leases differ in the effect itself
    ],
    ids=["one run", "three leases", "five leases that differ"],
)
def test_slopes_cover_and_tests_of_no_effect_reject_at_their_rates(changes: dict[str, float]) -> None:
    held, rejected = rates(400, **changes)
    assert 0.90 <= held <= 0.99  # 95 % +- three standard errors of 400 simulations, and some
    assert 0.02 <= rejected <= 0.09


def test_slopes_of_one_run_cover() -> None:
    held, rejected = rates(80)
    assert held >= 0.88
    assert rejected <= 0.12


def test_pooling_rows_of_leases_as_if_independent_would_not_cover() -> None:
    """The reason for the blocks: naive errors miss the leases' own slopes."""
    rng, held = np.random.default_rng(8), 0
    for _ in range(100):
        frame = simulate.grid(rng, leases=5, slope_spread=0.4)
        naive = sm.OLS(frame["images_per_s"], sm.add_constant(frame["batch_size"])).fit().conf_int().loc["batch_size"]
        held += naive[0] <= 0.5 <= naive[1]
    assert held < 75


@pytest.mark.parametrize(
    ("shape", "best"),
    [
        (lambda x: 100 + 2 * x, "straight line"),
        (lambda x: 100 + 10 * x - 0.12 * x**2, "polynomial of degree 2"),
        (lambda x: 100 + 200 / (1 + np.exp(-(x - 30) / 2)), None),  # a step: anything but straight
    ],
)
def test_the_curve_that_made_the_data_predicts_best(shape: object, best: str | None) -> None:
    assert callable(shape)
    rng = np.random.default_rng(9)
    x = np.repeat([4.0, 8, 16, 24, 32, 40, 48, 64], 12)
    y = shape(x) + rng.normal(size=len(x))
    frame = pd.DataFrame(
        {"batch_size": x, "images_per_s": y, "run": "r", "lease": "l", "started_at": np.arange(len(x))}
    )
    found = {a.name: a for a in alternatives(blocks_of(frame, ["batch_size"]), "batch_size")}
    assert set(found) == set(CURVES)
    winner = next(a.name for a in found.values() if a.best)
    if best == "straight line":
        assert found["straight line"].rmse < 1.2 * found[winner].rmse
    elif best:
        assert winner == best
    else:
        assert winner in ("monotone cubic interpolation (PCHIP)", "isotonic regression")


def test_monotone_curves_are_monotone_and_pass_through_the_means() -> None:
    x, y = np.array([1.0, 2, 4, 8, 8]), np.array([5.0, 6, 9, 9.5, 10.5])
    at = np.linspace(1, 8, 50)
    for name in ("monotone cubic interpolation (PCHIP)", "isotonic regression"):
        curve = CURVES[name](x, y)
        assert (np.diff(curve(at)) >= -1e-9).all()
        assert curve(np.array([8.0]))[0] == pytest.approx(10.0)


def test_residual_checks_see_what_is_there_and_nothing_else() -> None:
    rng = np.random.default_rng(10)
    frame = simulate.grid(rng, leases=2, runs_per_lease=2)
    false_alarms = 0
    for _ in range(60):
        even = frame.assign(images_per_s=200 + frame["batch_size"] + rng.normal(size=len(frame)))
        calm = residuals(blocks_of(even, ["batch_size"]), ["batch_size"])
        assert calm is not None
        false_alarms += len(calm.warnings)
    assert false_alarms <= 9  # four checks at 1 % each: 2.4 of 60 are expected
    bent = frame.assign(images_per_s=200 + 0.05 * (frame["batch_size"] - 35) ** 2 + rng.normal(size=len(frame)))
    found = regressed(bent).parameter("batch_size")
    assert found is not None and found.residuals is not None
    assert any("RESET" in text for text in found.residuals.warnings)
    fan = frame.assign(images_per_s=200 + frame["batch_size"] * rng.normal(size=len(frame)))
    found = regressed(fan).parameter("batch_size")
    assert found is not None and found.residuals is not None
    assert any("Breusch-Pagan" in text for text in found.residuals.warnings)


def test_a_single_wild_measurement_is_named() -> None:
    frame = simulate.grid(np.random.default_rng(11), leases=2, noise=1.0)
    frame.loc[frame["run"] == "demo/1-0", "images_per_s"] += np.where(
        frame.loc[frame["run"] == "demo/1-0"].index == frame[frame["run"] == "demo/1-0"].index[-1], 500.0, 0.0
    )
    one = regressed(frame).parameter("batch_size")
    assert one is not None and one.influence is not None
    assert one.influence.most_influential_run == "demo/1-0"
    assert one.influence.influential >= 1


def test_from_records_on_disk_per_format_and_as_json(tmp_path: Path) -> None:
    for repeat in range(2):
        record = factory.run_json("one-large-ssd", "read_speed", repeat)
        rows = [
            factory.measurement(rate + slope * size + repeat + 0.1 * index * (-1) ** count, format=kind,
                                batch_size=size, batch_count=count, repetition=index, started_at=factory.START + index)
            for kind, rate, slope in (("image", 90.0, -0.2), ("tfrecord", 4000.0, 3.0))
            for size in (8, 16, 32, 64) for count in (2, 4) for index in range(3)
        ]  # fmt: skip
        factory.write(tmp_path, record, measurements=rows)
    found = regressions(load(tmp_path, "demo"))
    assert [r.format for r in found] == ["image", "tfrecord"]
    for regression, slope in zip(found, (-0.2, 3.0), strict=True):
        one = regression.parameter("batch_size")
        assert one is not None
        assert one.slope.value == pytest.approx(slope, abs=0.01)
        json.dumps(plain(regression), allow_nan=False)
    tidy = regression_table(found)
    assert len(tidy) == 8
    assert tidy.set_index(["format", "parameter"]).loc[("tfrecord", "batch_size"), "slope"] == pytest.approx(
        3, abs=0.01
    )


def test_too_few_measurements_and_a_grid_of_one_point_give_nothing(tmp_path: Path) -> None:
    factory.write(tmp_path, factory.run_json(workload="read_speed"), measurements=[factory.measurement(90.0)] * 9)
    assert regressions(load(tmp_path, "demo")) == []
    assert regress(simulate.grid(np.random.default_rng(12)).head(3)) is None


def test_one_setting_per_lease_is_one_observation_per_lease() -> None:
    frame = simulate.grid(np.random.default_rng(13), leases=12)
    sizes = {f"lease-{i}": float(8 * (i + 1)) for i in range(12)}
    one_each = frame[frame["batch_size"] == 8].assign(batch_size=frame["lease"].map(sizes))
    blocks = blocks_of(one_each, ["batch_size"])
    assert (blocks.level, len(blocks.frame)) == ("all", 12)
