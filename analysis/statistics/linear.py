"""Straight lines through throughput: correlation, slope and joint fit, with errors that know of repeats.

Measurements of one run share its luck, and runs of one lease share that of the lease. So every estimate is made within
blocks (a run, or a lease where a run has one setting only), where the block's own level cancels out. With at least
:data:`analysis.statistics.intervals.MIN_REPEATS` leases the estimates of the leases are the sample, and interval and p-value are
Student's t over them (Ibragimov and Mueller 2010: valid for few clusters, where a sandwich estimator is not). With fewer,
the errors are those within the blocks (HC3 for slopes, Fisher's z for R), and say nothing on other leases.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.statistics.intervals import MIN_REPEATS
from analysis.statistics.means import LEVEL, Mean, one_sample

OVER_LEASES = "estimated per lease, Student's t over leases"
WITHIN_BLOCKS = "within blocks; says nothing on other leases"
MANY_BLOCKS = 100  # from here on block means are subtracted rather than given a column each


@dataclass(frozen=True)
class Estimate:
    """A number with its 95 % interval and the p-value against zero; None: cannot be had."""

    value: float
    low: float | None
    high: float | None
    p_value: float | None
    method: str


@dataclass(frozen=True)
class Blocks:
    """Observations in blocks within which all but the parameters is the same."""

    frame: pd.DataFrame  # with the columns "block" and "lease"
    level: str  # run, lease or all

    @property
    def leases(self) -> int:
        return int(self.frame["lease"].nunique())

    @property
    def count(self) -> int:
        return int(self.frame["block"].nunique())

    def by_lease(self) -> dict[str, pd.DataFrame]:
        return {str(lease): rows for lease, rows in self.frame.groupby("lease", sort=True)}


def blocks_of(frame: pd.DataFrame, parameters: Sequence[str]) -> Blocks:
    """The finest blocks within which every one of ``parameters`` varies: runs, then leases, then all observations.

    Where even a lease has one setting only, its measurements are no repeats of anything: they become one, their mean.
    """
    for level in ("run", "lease"):
        varying = frame.groupby(level)[list(parameters)].nunique().gt(1).all(axis=1)
        enough = frame.groupby(level).size() > max(3, len(parameters) + 1)
        kept = frame[frame[level].isin(varying.index[varying & enough])]
        if len(kept) >= 0.9 * len(frame):
            return Blocks(kept.assign(block=kept[level]), level)
    numbers = [*dict.fromkeys([*parameters, "images_per_s", "started_at"])]
    means = frame.groupby("lease", as_index=False)[numbers].mean()
    return Blocks(means.assign(block="all"), "all")


def correlation(blocks: Blocks, parameter: str) -> Estimate | None:
    """Pearson's R of throughput with one parameter; intervals on Fisher's z scale."""
    from scipy import stats
    from statsmodels.stats.meta_analysis import combine_effects

    found: list[tuple[str, Any, int]] = []
    for _, rows in blocks.frame.groupby("block", sort=True):
        if len(rows) > 3 and rows[parameter].nunique() > 1 and rows["images_per_s"].nunique() > 1:
            pearson = stats.pearsonr(rows[parameter], rows["images_per_s"])
            found.append((str(rows["lease"].iloc[0]), pearson, len(rows)))
    if not found:
        return None
    if len(found) == 1:
        pearson = found[0][1]
        interval = pearson.confidence_interval(LEVEL)
        return Estimate(
            float(pearson.statistic), float(interval.low), float(interval.high), float(pearson.pvalue), WITHIN_BLOCKS
        )
    z = np.arctanh(np.clip([pearson.statistic for _, pearson, _ in found], -1 + 1e-12, 1 - 1e-12))
    by_lease = pd.Series(z).groupby([lease for lease, _, _ in found]).mean()
    if blocks.level != "all" and len(by_lease) >= MIN_REPEATS:
        return _over_leases(one_sample(by_lease.to_numpy()).through(math.tanh))
    with np.errstate(divide="ignore", invalid="ignore"):  # of a ratio that is not used here
        combined = combine_effects(z, np.array([1 / (n - 3) for _, _, n in found]))
    fixed = combined.summary_frame().loc["fixed effect"]
    p = 2 * float(stats.norm.sf(abs(fixed["eff"]) / fixed["sd_eff"]))
    return Estimate(math.tanh(fixed["eff"]), math.tanh(fixed["ci_low"]), math.tanh(fixed["ci_upp"]), p, WITHIN_BLOCKS)


def coefficients(blocks: Blocks, parameters: Sequence[str]) -> dict[str, Estimate]:
    """Slopes of an ordinary least-squares fit of throughput on these parameters, a level of its own for each block."""
    names = list(parameters)
    by_lease = blocks.by_lease()
    if blocks.level != "all" and len(by_lease) >= MIN_REPEATS:
        fits = [dict(zip(names, np.asarray(fit(rows, names).params)[: len(names)], strict=True))
                for rows in by_lease.values()]  # fmt: skip
        return {name: _over_leases(one_sample(np.array([f[name] for f in fits]))) for name in names}
    pooled = fit(blocks.frame, names)
    if pooled.df_resid < 1:
        return {
            name: Estimate(float(pooled.params[i]), None, None, None, WITHIN_BLOCKS) for i, name in enumerate(names)
        }
    robust = pooled.get_robustcov_results("HC3", use_t=True)
    bounds = robust.conf_int(1 - LEVEL)
    return {
        name: Estimate(*_known(robust.params[i], *bounds[i], robust.pvalues[i]), WITHIN_BLOCKS)
        for i, name in enumerate(names)
    }


def fit(frame: pd.DataFrame, parameters: Sequence[str]) -> Any:
    """statsmodels' fit of images/s; its first parameters are the slopes, in order, and the rest levels of blocks."""
    from statsmodels.regression.linear_model import OLS

    x, y = frame[list(parameters)].to_numpy(float), frame["images_per_s"].to_numpy(float)
    codes, names = pd.factorize(frame["block"])
    if len(names) <= MANY_BLOCKS:
        return OLS(y, np.column_stack([x, np.eye(len(names))[codes]])).fit()
    groups = pd.DataFrame(np.column_stack([x, y])).groupby(codes)
    inner = np.column_stack([x, y]) - groups.transform("mean").to_numpy()
    model = OLS(inner[:, -1], inner[:, :-1])
    model.df_resid = len(y) - x.shape[1] - len(names)  # each mean that was subtracted costs a degree of freedom
    return model.fit()


def _over_leases(mean: Mean) -> Estimate:
    return Estimate(mean.value, mean.low, mean.high, mean.p_value, OVER_LEASES)


def _known(value: float, *rest: float) -> tuple[float, float | None, float | None, float | None]:
    low, high, p = (None if math.isnan(x) else float(x) for x in rest)
    return float(value), low, high, p


def split_aliased(frame: pd.DataFrame, parameters: Sequence[str]) -> tuple[list[str], list[str]]:
    """Parameters that the others do not determine, and those that they do, which no fit can tell apart from them."""
    kept: list[str] = []
    dropped: list[str] = []
    for name in parameters:
        columns = [*kept, name]
        values = frame[columns].to_numpy(float)
        scaled = (values - values.mean(axis=0)) / np.where(values.std(axis=0) > 0, values.std(axis=0), 1)
        whole = np.linalg.matrix_rank(scaled, tol=1e-8 * len(frame)) == len(columns)
        (kept if whole else dropped).append(name)
    return kept, dropped


def variance_inflation(frame: pd.DataFrame, parameters: Sequence[str]) -> dict[str, float]:
    """Variance inflation factor of each parameter: how much wider its interval is squared, for what the others share.

    1: nothing shared; above 10 the slope hardly belongs to this parameter alone (Belsley, Kuh and Welsch 1980).
    """
    from statsmodels.stats.outliers_influence import variance_inflation_factor
    from statsmodels.tools import add_constant

    design = add_constant(frame[list(parameters)].to_numpy(float), has_constant="add")
    return {name: float(variance_inflation_factor(design, i + 1)) for i, name in enumerate(parameters)}
