"""Gaussian processes over a finite list: Matérn kernel, and hyperparameters by slice sampling.

Formulas: Rasmussen and Williams, Gaussian Processes for Machine Learning (2006), equations 2.25, 2.26, 2.30 and 4.17;
slice sampling: Neal, Annals of Statistics 31 (2003), figures 3 and 5.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.linalg import cho_factor, cho_solve, cholesky, solve_triangular
from scipy.special import ndtr

JITTER = 1e-8


class Hyper(NamedTuple):
    """Length scale per column (d,), signal and noise standard deviation."""

    length: np.ndarray
    signal: float
    noise: float


def matern52(squared: np.ndarray) -> np.ndarray:
    """Matérn covariance with smoothness 5/2 of squared scaled distances (Rasmussen and Williams, 4.17)."""
    r = np.sqrt(5 * np.maximum(squared, 0))
    return np.asarray((1 + r + r * r / 3) * np.exp(-r))


def squared_distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(n, d), (m, d) -> (n, m)."""
    return np.asarray(np.maximum((a**2).sum(1)[:, None] + (b**2).sum(1)[None] - 2 * a @ b.T, 0))


def kernel(hyper: Hyper, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Covariance of the function between two sets of points."""
    return hyper.signal**2 * matern52(squared_distances(a / hyper.length, b / hyper.length))


def predict(hyper: Hyper, x: np.ndarray, y: np.ndarray, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of the function at ``at``, (m,) each; y is centred by its mean (2.25, 2.26)."""
    factor, mean, weights = _fitted(hyper, x, y)
    across = kernel(hyper, x, at)
    half = solve_triangular(factor, across, lower=True)
    variance = hyper.signal**2 - (half**2).sum(0)
    return mean + across.T @ weights, np.sqrt(np.maximum(variance, 1e-12))


def log_likelihood(hyper: Hyper, apart: np.ndarray, y: np.ndarray) -> float:
    """Log marginal likelihood (2.30), without its constant.

    Args:
        hyper: hyperparameters, one length scale per feature.
        apart: squared distances per feature, (d, k, k).
        y: k values; they are centred by their mean.
    """
    covariance = hyper.signal**2 * matern52(np.tensordot(hyper.length**-2.0, apart, axes=1))
    covariance.flat[:: len(y) + 1] += hyper.noise**2 + JITTER
    factor = cholesky(covariance, lower=True, check_finite=False)
    whitened = solve_triangular(factor, y - y.mean(), lower=True, check_finite=False)
    return float(-0.5 * whitened @ whitened - np.log(factor.flat[:: len(y) + 1]).sum())


def _fitted(hyper: Hyper, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, float, np.ndarray]:
    covariance = kernel(hyper, x, x) + (hyper.noise**2 + JITTER) * np.eye(len(x))
    factor = cho_factor(covariance, lower=True)
    mean = float(y.mean())
    return np.tril(factor[0]), mean, cho_solve(factor, y - mean)


def slice_sample(
    log_density: Callable[[np.ndarray], float],
    start: np.ndarray,
    draws: int,
    rng: np.random.Generator,
    width: float = 1.0,
) -> np.ndarray:
    """Samples of a density, one coordinate after the other, by stepping out and shrinking: (draws, d)."""
    point = start.copy()
    samples = []
    for _ in range(draws):
        for axis in range(len(point)):
            point[axis] = _slice_axis(log_density, point, axis, rng, width)
        samples.append(point.copy())
    return np.asarray(samples)


def _slice_axis(
    log_density: Callable[[np.ndarray], float], point: np.ndarray, axis: int, rng: np.random.Generator, width: float
) -> float:
    def along(value: float) -> float:
        moved = point.copy()
        moved[axis] = value
        return log_density(moved)

    here = float(point[axis])
    level = along(here) - rng.exponential()
    low = here - width * rng.random()
    high = low + width
    for _ in range(4):  # stepping out has its limit: it keeps the cost of a step in bounds
        if along(low) <= level:
            break
        low -= width
    for _ in range(4):
        if along(high) <= level:
            break
        high += width
    for _ in range(50):
        value = low + (high - low) * rng.random()
        if along(value) > level:
            return value
        low, high = (value, high) if value < here else (low, value)
    return here


def relative_improvement(mean: np.ndarray, deviation: np.ndarray, log_best: float) -> np.ndarray:
    """Expected improvement over the best, as a share of it, for a log-normal prediction.

    E[max(0, 1 - exp(f - b))] with f ~ N(mean, deviation): the integral of a log-normal below a bound, Phi(z) -
    exp(mean - b + deviation^2 / 2) Phi(z - deviation) with z = (b - mean) / deviation. (Jones, Schonlau and Welch, Journal of
    Global Optimization 13 (1998), equation 15, is the same for a normal prediction.)
    """
    z = (log_best - mean) / deviation
    grown = np.exp(np.minimum(mean - log_best + deviation**2 / 2, 50.0))
    return np.asarray(np.maximum(ndtr(z) - grown * ndtr(z - deviation), 0.0))
