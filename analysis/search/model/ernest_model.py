"""Ernest's model of run time against input scale and machines (Venkataraman et al., NSDI 2016).

From the paper: t = th0 + th1 * (s / m) + th2 * log(m) + th3 * m, with non-negative least squares (section 3.2), s the
input scale and m the machines; training points by A-optimal experiment design: minimise tr((sum l_i x_i x_i')^-1)
with 0 <= l_i <= 1 within a cost budget, a point costing (s_i / s_min) / m_i, and keep those with l_i > 0.3 (section
3.4 and the released code). Ours: weighting by 1 / t, since noise grows with run time; the prediction interval, by a
parametric bootstrap; the check of the fit, by leaving one point out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize, nnls

from analysis.errors import SearchError

KEEP_ABOVE = 0.3  # paper
RIDGE = 1e-6
BOOTSTRAPS = 400
LEAST_NOISE = 0.02  # relative; two runs of one job differ by as much
FITS_BELOW = 0.20  # paper: prediction error below 20 %


def terms(scale: np.ndarray, machines: np.ndarray) -> np.ndarray:
    """The model's terms (fixed, scale / machines, log machines, machines), (k, 4)."""
    return np.column_stack([np.ones_like(machines), scale / machines, np.log(machines), machines])


@dataclass(frozen=True)
class ScalingModel:
    """A fit.

    Attributes:
        weights: the four coefficients, none below 0.
        noise: relative standard deviation of one run.
        error: mean relative error when each training point is predicted from the others; NaN with fewer than 4 points.
        bootstrapped: coefficients of resampled fits, (b, 4).
    """

    weights: np.ndarray
    noise: float
    error: float
    bootstrapped: np.ndarray

    @property
    def fits(self) -> bool:
        """Whether its own training points let it be trusted: the left-out error is known and below 20 %."""
        return bool(self.error < FITS_BELOW)

    def predict(self, scale: np.ndarray, machines: np.ndarray) -> np.ndarray:
        """Run time in s, (k,)."""
        return np.asarray(terms(scale, machines) @ self.weights)

    def interval(
        self, scale: np.ndarray, machines: np.ndarray, confidence: float = 0.9
    ) -> tuple[np.ndarray, np.ndarray]:
        """Bounds of a new run's time in s, noise included, (k,) each. Right only where the model fits."""
        rng = np.random.default_rng(0)
        paths = terms(scale, machines) @ self.bootstrapped.T
        paths = paths * np.exp(self.noise * rng.standard_normal(paths.shape))
        tail = (1 - confidence) / 2
        low, high = np.quantile(paths, [tail, 1 - tail], axis=1)
        return low, high


def fit(
    scale: np.ndarray, machines: np.ndarray, runtime_s: np.ndarray, seed: int = 0, bootstraps: int = BOOTSTRAPS
) -> ScalingModel:
    """Fit the model.

    Args:
        scale: input scale of k runs, in any unit.
        machines: machines of each, at least 1.
        runtime_s: s.
        seed: of the bootstrap.
        bootstraps: resampled fits; none are needed where no interval is asked for.

    Raises:
        SearchError: fewer than three runs or sizes, or a value that is not above 0.
    """
    scale, machines, runtime_s = (np.asarray(v, float) for v in (scale, machines, runtime_s))
    for name, values in (("scale", scale), ("machines", machines), ("runtime_s", runtime_s)):
        if not (np.isfinite(values).all() and (values > 0).all()):
            raise SearchError(f"{name} must be above 0 for every run; received {values[~(values > 0)][:1]}.")
    if len(np.unique(np.column_stack([scale, machines]), axis=0)) < 3:
        raise SearchError(
            f"The scaling model needs runs at three different points of scale and machines at least; received {len(runtime_s)} "
            "runs. Run more sizes."
        )
    x = terms(scale, machines)
    weights = _solve(x, runtime_s)
    predicted = np.maximum(x @ weights, 1e-9)
    freedom = max(1, len(runtime_s) - int((weights > 0).sum()))
    noise = max(LEAST_NOISE, float(np.sqrt((np.log(runtime_s / predicted) ** 2).sum() / freedom)))
    rng = np.random.default_rng(seed)
    redrawn = predicted * np.exp(noise * rng.standard_normal((bootstraps, len(runtime_s))))
    return ScalingModel(
        weights,
        noise,
        _left_out_error(x, runtime_s),
        np.asarray([_solve(x, y) for y in redrawn]).reshape(bootstraps, 4),
    )


def _solve(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.asarray(nnls(x / y[:, None], np.ones(len(y)))[0])


def _left_out_error(x: np.ndarray, y: np.ndarray) -> float:
    if len(y) < 4:
        return float("nan")
    errors = []
    for i in range(len(y)):
        others = np.arange(len(y)) != i
        errors.append(abs(float(x[i] @ _solve(x[others], y[others])) / y[i] - 1))
    return float(np.mean(errors))


def design(scale: np.ndarray, machines: np.ndarray, budget: float) -> np.ndarray:
    """Share of each possible training point in the A-optimal design, (k,), from 0 to 1; run those above 0.3.

    Args:
        scale: input scale of k possible points.
        machines: machines of each.
        budget: of the sum of shares times cost, where a point costs (s / s_min) / m.

    Raises:
        SearchError: the budget is not above 0.
    """
    if not budget > 0:
        raise SearchError(f"The budget of the training runs must be above 0; received {budget}.")
    x = terms(np.asarray(scale, float), np.asarray(machines, float))
    x = x / np.maximum(np.linalg.norm(x, axis=0), 1e-12)  # the terms' units must not decide
    cost = np.asarray(scale, float) / np.min(scale) / np.asarray(machines, float)

    def spread(shares: np.ndarray) -> tuple[float, np.ndarray]:
        inverse = np.linalg.inv((x * shares[:, None]).T @ x + RIDGE * np.eye(x.shape[1]))
        return float(np.trace(inverse)), -((x @ inverse) ** 2).sum(axis=1)

    begin = np.full(len(x), min(1.0, budget / cost.sum()))
    within = {"type": "ineq", "fun": lambda shares: budget - cost @ shares, "jac": lambda shares: -cost}
    found = minimize(spread, begin, jac=True, bounds=[(0, 1)] * len(x), constraints=[within], method="SLSQP")
    return np.asarray(np.clip(found.x, 0, 1))
