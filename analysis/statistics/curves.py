"""Alternatives to the straight line, compared by cross-validation.

What is asked is how well each predicts the throughput at a value of the parameter that it has not seen: one inner value at
a time is left out whole, with all its repeats (the outermost would have to be extrapolated, which PCHIP and isotonic
regression do not do). The error is the root mean square over the values left out, against the mean of the measurements
there, so that noise of single measurements, which no curve can predict, counts little.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.statistics.linear import Blocks

LEAST_LEVELS = 4  # distinct values of the parameter below which leaving one out leaves no curve

Curve = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Alternative:
    """One kind of curve and how well it predicts: ``rmse`` in images/s, ``relative`` to the mean throughput."""

    name: str
    rmse: float
    relative: float
    best: bool


def constant(x: np.ndarray, y: np.ndarray) -> Curve:
    """No dependence at all: what a curve must beat."""
    return lambda at: np.full(len(at), y.mean())


def polynomial(degree: int) -> Callable[[np.ndarray, np.ndarray], Curve]:
    """Least squares; degree 1 is the straight line."""

    def fitted(x: np.ndarray, y: np.ndarray) -> Curve:
        return np.polynomial.Polynomial.fit(x, y, degree)

    return fitted


def pchip(x: np.ndarray, y: np.ndarray) -> Curve:
    """Monotone cubic interpolation through the mean at each value (Fritsch and Carlson 1980)."""
    from scipy.interpolate import PchipInterpolator

    means = pd.Series(y).groupby(x).mean()
    interpolated: Curve = PchipInterpolator(means.index.to_numpy(), means.to_numpy(), extrapolate=True)
    return interpolated


def isotonic(x: np.ndarray, y: np.ndarray) -> Curve:
    """Monotone regression, rising or falling as the data do, straight between the values."""
    from scipy.stats import spearmanr
    from sklearn.isotonic import IsotonicRegression

    rising = not spearmanr(x, y).statistic < 0
    model = IsotonicRegression(increasing=rising, out_of_bounds="clip").fit(x, y)
    return lambda at: np.asarray(model.predict(at))


CURVES: dict[str, Callable[[np.ndarray, np.ndarray], Curve]] = {
    "constant": constant,
    "straight line": polynomial(1),
    "polynomial of degree 2": polynomial(2),
    "polynomial of degree 3": polynomial(3),
    "monotone cubic interpolation (PCHIP)": pchip,
    "isotonic regression": isotonic,
}


def alternatives(blocks: Blocks, parameter: str) -> list[Alternative]:
    """Every curve with its error, in the order of :data:`CURVES`; none below :data:`LEAST_LEVELS` distinct values.

    Levels of the blocks are taken out first (their means aligned), so that a slow lease does not bend a curve.
    """
    from sklearn.model_selection import LeaveOneGroupOut

    frame = blocks.frame
    x, raw = frame[parameter].to_numpy(float), frame["images_per_s"]
    y = (raw - raw.groupby(frame["block"]).transform("mean") + raw.mean()).to_numpy(float)
    levels = np.unique(x)
    if len(levels) < LEAST_LEVELS:
        return []
    errors: dict[str, list[float]] = {name: [] for name in CURVES}
    for train, test in LeaveOneGroupOut().split(x, y, groups=x):
        at = x[test][0]
        if at in (levels[0], levels[-1]):
            continue
        for name, curve in CURVES.items():
            degree = int(name[-1]) if name.startswith("polynomial") else 1
            if len(levels) - 1 > degree:
                errors[name].append(float(curve(x[train], y[train])(np.array([at]))[0] - y[test].mean()))
    rmse = {name: float(np.sqrt(np.mean(np.square(e)))) for name, e in errors.items() if e}
    best = min(rmse, key=lambda name: rmse[name])
    return [Alternative(name, value, value / float(raw.mean()), name == best) for name, value in rmse.items()]
