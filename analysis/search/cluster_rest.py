"""What curves leave over, as Gaussian processes: many of them, as neither length scales nor noise are known.

Matérn 5/2 plus linear (Rasmussen and Williams 2006, equation 4.17 and section 4.2.2), one length scale per feature (section
5.1). Length scales, standard deviation and noise are drawn from wide distributions by a scrambled Sobol sequence; which
of them hold is for the runs to say. The constants are ours.
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri
from scipy.stats import qmc

from analysis.search.encoding import Encoding
from analysis.search.gaussian_process import matern52

LENGTH = (
    1.1,
    0.8,
)  # mean and standard deviation of the logarithm of a length scale, in standard deviations of a feature
OF_SIZE = (
    (-1.6, 0.8),
    (-2.8, 0.5),
)  # of the logarithm of the standard deviation of the rest and of one run's noise (log)
OF_OTHERS = ((-2.5, 1.5), (-4.0, 1.0))  # the same for outcomes that do not follow the size of a cluster
LINEAR = 0.5  # variance of the linear part / that of the Matérn part


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
