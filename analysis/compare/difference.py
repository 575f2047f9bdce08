"""Whether two sets of independent values differ, by how much, and how many more it would take to tell.

All on logarithms, so that a difference is a ratio. Values of the same randomised block (one repeat of an experiment) are
compared with each other, which takes out what the host did to the whole block: Student's t of the log ratios. Where
there are too few common blocks, Welch's t, which needs no equal spreads. Interval and p-value are of the same test.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.measures.units import Units
from analysis.statistics.intervals import MIN_REPEATS
from analysis.statistics.means import one_sample, welch

POWER = 0.8
MIN_EFFECT = 0.10  # smallest relative difference that a comparison should not miss
MOST_REPEATS = 1000
SURE = 10.0  # effect in standard errors beyond which NaN, which scipy's noncentral t may give there, stands for 1


@dataclass(frozen=True)
class Difference:
    """B against A: ``ratio`` of geometric means with its 95 % interval, test and effect sizes; None: cannot be had."""

    ratio: float
    low: float | None
    high: float | None
    p_value: float | None
    test: str
    pairs: int  # common blocks; 0 where the test is not paired
    hedges_g: float | None  # difference of mean logarithms in pooled standard deviations, corrected for few values
    probability_greater: float  # that a value of B is greater than one of A (Mann-Whitney U / mn), ties as half
    spread: float  # standard deviation, on logarithms, that the test goes by


def difference(a: Units, b: Units) -> Difference:
    """Compare positive values of A and B, at least one of each."""
    from scipy import stats

    x, y = np.log(a.values.to_numpy(float)), np.log(b.values.to_numpy(float))
    u = float(stats.mannwhitneyu(y, x, method="asymptotic").statistic)
    common = _paired(a, b)
    if common is not None:
        logs = np.log(common["b"].to_numpy()) - np.log(common["a"].to_numpy())
        test, pairs, spread = "paired t of log ratios within blocks", len(logs), float(logs.std(ddof=1))
        mean = one_sample(logs)
    else:
        test, pairs = "Welch's t on logarithms", 0
        spread = _pooled(x, y)
        mean = welch(x, y)
    ratio = mean.through(math.exp)
    return Difference(
        ratio=ratio.value,
        low=ratio.low,
        high=ratio.high,
        p_value=ratio.p_value,
        test=test,
        pairs=pairs,
        hedges_g=_hedges_g(x, y),
        probability_greater=u / (len(x) * len(y)),
        spread=spread,
    )


def repeats_needed(found: Difference, alpha: float, min_effect: float = MIN_EFFECT) -> int | None:
    """Independent repeats of each side with which a ratio of 1 + ``min_effect`` is found with a power of 80 %.

    From the spread seen so far, by statsmodels' power of the t test; None where there is no spread to go by or more than
    :data:`MOST_REPEATS` would be needed.
    """
    from statsmodels.stats.power import TTestIndPower, TTestPower

    if not math.isfinite(found.spread):
        return None
    if found.spread == 0:
        return MIN_REPEATS
    effect = math.log1p(min_effect) / found.spread
    power = TTestPower() if found.pairs else TTestIndPower()

    def reached(count: int) -> bool:
        got = float(power.power(effect, count, alpha))
        return got >= POWER or (math.isnan(got) and effect * math.sqrt(count) > SURE)

    if not reached(MOST_REPEATS):
        return None
    low, high = MIN_REPEATS, MOST_REPEATS
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle) else (middle + 1, high)
    return low


def adjust(p_values: list[float | None]) -> list[float | None]:
    """p-values corrected for their number by Holm's method; None stays None and does not count."""
    from statsmodels.stats.multitest import multipletests

    known = [p for p in p_values if p is not None]
    corrected = iter(multipletests(known, method="holm")[1] if known else [])
    return [None if p is None else float(next(corrected)) for p in p_values]


def _paired(a: Units, b: Units) -> pd.DataFrame | None:
    """Values of A and B in the blocks that both have; None unless they are enough and are most of the values."""
    by_block = {
        name: pd.Series({units.blocks[str(lease)]: value for lease, value in units.values.items()
                         if str(lease) in units.blocks}, dtype="float64")
        for name, units in (("a", a), ("b", b))
    }  # fmt: skip
    common = pd.DataFrame(by_block).dropna()
    return common if len(common) >= max(MIN_REPEATS, 0.8 * max(a.count, b.count)) else None


def _pooled(x: np.ndarray, y: np.ndarray) -> float:
    freedom = len(x) + len(y) - 2
    return (
        math.sqrt(float(((x - x.mean()) ** 2).sum() + ((y - y.mean()) ** 2).sum()) / freedom) if freedom else math.nan
    )


def _hedges_g(x: np.ndarray, y: np.ndarray) -> float | None:
    from statsmodels.stats.meta_analysis import effectsize_smd

    if len(x) < 2 or len(y) < 2 or _pooled(x, y) < 1e-12:
        return None
    g, _ = effectsize_smd(y.mean(), y.std(ddof=1), len(y), x.mean(), x.std(ddof=1), len(x))
    return float(g)
