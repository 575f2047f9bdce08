"""Gaussian processes for what a curve does not explain; many of them, as length scales and noise are unknown.

Matérn 5/2 plus linear (Rasmussen and Williams 2006, equation 4.17 and section 4.2.2), one length scale per feature (section
5.1). Length scales, standard deviation and noise are drawn from wide distributions by a scrambled Sobol sequence; which
of them hold is for the runs to say. The constants are ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import ndtri
from scipy.stats import qmc

from analysis.search.core.encoding import Encoding
from analysis.search.model.gaussian_process import matern52

# mean and standard deviation of logarithms: of a length scale, in standard deviations of a feature, and then of the
# deviation of the rest and of one run's noise, both logarithmic
LENGTH = (1.1, 0.8)
OF_SIZE = ((-1.6, 0.8), (-2.8, 0.5))
OF_OTHERS = ((-2.5, 1.5), (-4.0, 1.0))  # the same for outcomes that do not follow the size of a cluster
LINEAR = 0.5  # variance of the linear part / that of the Matérn part
FREEDOM = 4.0  # degrees of freedom of the scale
LEVEL_VARIANCE = 100.0  # of the overall level, which is not known


class Explained(NamedTuple):
    """The fit of k runs by each of G rests with each of H curves.

    Attributes:
        across: covariance of each run with every candidate, (G, k, n).
        inverse: of the Cholesky factor of the runs' own covariance, (G, k, k).
        misfit: squared distance of what a curve leaves, in units of a rest's own deviations, (G, H).
        degrees: of freedom that the runs add.
        evidence: log marginal likelihood, (G, H), up to a constant.
    """

    across: np.ndarray
    inverse: np.ndarray
    misfit: np.ndarray
    degrees: int
    evidence: np.ndarray


class Rests:
    """G Gaussian processes over n candidates.

    Args:
        encoding: of the candidates.
        count: G.
        seed: of the draws.
        scales: mean and standard deviation of the logarithm, of the rest's deviation and of the noise.
    """

    def __init__(
        self, encoding: Encoding, count: int, seed: int, scales: tuple[tuple[float, float], tuple[float, float]]
    ) -> None:
        features = int(encoding.groups.max()) + 1 if len(encoding.groups) else 0
        z = ndtri(np.clip(qmc.Sobol(features + 2, seed=seed).random(count), 1e-4, 1 - 1e-4))
        length = np.exp(LENGTH[0] + LENGTH[1] * z[:, 2:])[:, encoding.groups]
        (rest, rest_spread), (noise, noise_spread) = scales
        self.deviation = np.exp(rest + rest_spread * z[:, 0])  # (G,)
        self.noise = np.exp(noise + noise_spread * z[:, 1])  # (G,)
        self.x = encoding.matrix / length[:, None, :]  # (G, n, d)
        self.square = (self.x**2).sum(axis=2)  # (G, n)
        self.variance = self.deviation[:, None] ** 2 * (1 + LINEAR * self.square)  # (G, n)
        self._columns: dict[int, np.ndarray] = {}

    def column(self, i: int) -> np.ndarray:
        """Covariance of every candidate with candidate i, (G, n)."""
        if i not in self._columns:
            dot = (self.x @ self.x[:, i, :, None])[:, :, 0]
            apart = self.square + self.square[:, [i]] - 2 * dot
            self._columns[i] = self.deviation[:, None] ** 2 * (matern52(apart) + LINEAR * dot)
        return self._columns[i]

    def explain(
        self,
        ran: Sequence[int],
        off: np.ndarray,
        extra: np.ndarray | None = None,
        level_variance: float = LEVEL_VARIANCE,
    ) -> Explained:
        """Fit what H curves leave of k runs by Student-t processes (Shah, Wilson and Ghahramani, AISTATS 2014, eq. 4).

        Args:
            ran: indices of the runs.
            off: log values less each curve's, (H, k).
            extra: further noise variance of single runs, (k,); None: none.
            level_variance: 0: values are about the mean of the list.
        """
        at, k = list(ran), len(ran)
        across = np.stack([self.column(i) for i in at], axis=1) + level_variance
        own = self.noise[:, None] ** 2 + (0.0 if extra is None else extra)  # (G, 1) or (G, k)
        factor = np.linalg.cholesky(across[:, :, at] + own[:, :, None] * np.eye(k))
        inverse = np.linalg.inv(factor)
        misfit = ((inverse @ off.T) ** 2).sum(axis=1)
        degrees = k - 1 if level_variance else k  # the level takes one
        evidence = -(FREEDOM + degrees) / 2 * np.log1p(misfit / FREEDOM)
        evidence -= np.log(np.diagonal(factor, axis1=1, axis2=2)).sum(axis=1)[:, None]
        return Explained(across, inverse, misfit, degrees, evidence)
