"""Whether a straight line may be believed: its residuals, and single points that pull it."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.statistics.linear import Blocks, fit

ALPHA = 0.01  # of a check before it warns: each series has a dozen of them


@dataclass(frozen=True)
class Residuals:
    """p-values of the checks (small: the assumption fails), and the Durbin-Watson statistic; None: cannot be computed."""

    breusch_pagan_p: float | None
    jarque_bera_p: float | None
    reset_p: float | None
    durbin_watson: float | None

    @property
    def warnings(self) -> list[str]:
        """One sentence for each assumption that fails."""
        said = []
        if self.breusch_pagan_p is not None and self.breusch_pagan_p < ALPHA:
            said.append("The spread is not the same everywhere (Breusch-Pagan).")
        if self.jarque_bera_p is not None and self.jarque_bera_p < ALPHA:
            said.append("The residuals are not normal (Jarque-Bera).")
        if self.reset_p is not None and self.reset_p < ALPHA:
            said.append("The relation is not straight (Ramsey RESET).")
        if self.durbin_watson is not None and not 1.5 <= self.durbin_watson <= 2.5:
            said.append("Neighbours in time are alike: the host drifted (Durbin-Watson).")
        return said


@dataclass(frozen=True)
class Influence:
    """Points that pull the line: leverage is the diagonal of the hat matrix, from 0 to 1."""

    max_leverage: float
    high_leverage: int  # points above twice the mean leverage
    max_cooks_distance: float
    influential: int  # points whose Cook's distance is above 4 / n
    most_influential_run: str | None


def residuals(blocks: Blocks, parameters: list[str]) -> Residuals | None:
    """Checks of the fit of throughput on ``parameters``; None with too few points for any."""
    from statsmodels.stats.diagnostic import het_breuschpagan, linear_reset
    from statsmodels.stats.stattools import durbin_watson, jarque_bera
    from statsmodels.tools import add_constant

    frame = blocks.frame.sort_values("started_at", kind="stable")
    found = fit(frame, parameters)
    if found.df_resid < 3 or float(np.ptp(found.resid)) <= 1e-12 * float(np.abs(found.model.endog).max() or 1):
        return None  # a perfect fit has no residuals to check
    return Residuals(
        breusch_pagan_p=_number(het_breuschpagan(found.resid, add_constant(frame[parameters].to_numpy(float)))[1]),
        jarque_bera_p=_number(jarque_bera(found.resid)[1]),
        reset_p=_reset(linear_reset, found),
        durbin_watson=_number(durbin_watson(found.resid)),
    )


def influence(blocks: Blocks, parameters: list[str]) -> Influence | None:
    """Leverage and Cook's distance of every point; None with too few of them."""
    from statsmodels.stats.outliers_influence import OLSInfluence

    found = fit(blocks.frame, parameters)
    if found.df_resid < 1:
        return None
    of = OLSInfluence(found)
    leverage, cooks = np.asarray(of.hat_matrix_diag), np.nan_to_num(np.asarray(of.cooks_distance[0]))
    runs = blocks.frame["run"].tolist() if "run" in blocks.frame else None
    return Influence(
        max_leverage=float(leverage.max()),
        high_leverage=int((leverage > 2 * leverage.mean()).sum()),
        max_cooks_distance=float(cooks.max()),
        influential=int((cooks > 4 / len(cooks)).sum()),
        most_influential_run=str(runs[int(cooks.argmax())]) if runs else None,
    )


def _reset(test: Any, found: Any) -> float | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # two values of a parameter leave no room for a bend, and NaN says so
            return _number(test(found, power=2, use_f=True).pvalue)
    except (ValueError, np.linalg.LinAlgError):
        return None


def _number(value: Any) -> float | None:
    number = float(value)
    return number if np.isfinite(number) else None
