"""Ernest for scaling: small runs in, predictions for larger inputs and more machines out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.errors import SearchError
from analysis.search.model import ernest_model
from analysis.search.model.ernest_model import ScalingModel

FAR = 2  # times the largest number of machines, or scale, that was trained on


@dataclass(frozen=True)
class Prediction:
    """One point: predicted run time and cost, with the 90 % interval of a new run."""

    machines: float
    scale: float
    runtime_s: float
    low_s: float
    high_s: float
    cost_usd: float | None
    cost_low_usd: float | None
    cost_high_usd: float | None


@dataclass(frozen=True)
class Scaling:
    """A fitted job: its training points, the model, predictions, and whether the model may be believed."""

    training: pd.DataFrame
    model: ScalingModel
    predictions: list[Prediction]
    verdict: str


def scale_up(
    training: pd.DataFrame, machines: list[float], scales: list[float], usd_per_machine_hour: float | None = None
) -> Scaling:
    """Fit Ernest's model and predict every combination of machines and scales.

    Args:
        training: machines, scale, runtime_s of small runs (:func:`analysis.search.scaling.small_runs.load_points`).
        machines: to predict for; each at least 1.
        scales: to predict for, in the unit of the training runs.
        usd_per_machine_hour: price; None: no cost.

    Raises:
        SearchError: too few runs, runs of one scale or number of machines where another is asked for, machines below 1, or
            a scale or price that is not above 0.
    """
    asked = _grid(machines, scales)
    if usd_per_machine_hour is not None and not 0 < usd_per_machine_hour < np.inf:
        raise SearchError(f"The price per machine and hour must be a number above 0; received {usd_per_machine_hour}.")
    _check_varied(training, machines, scales)
    model = ernest_model.fit(
        training["scale"].to_numpy(), training["machines"].to_numpy(), training["runtime_s"].to_numpy()
    )
    middle = model.predict(asked[:, 1], asked[:, 0])
    low, high = model.interval(asked[:, 1], asked[:, 0])
    predictions = []
    for (count, scale), t, t_low, t_high in zip(asked, middle, low, high, strict=True):
        rate = None if usd_per_machine_hour is None else usd_per_machine_hour * count / 3600
        cost = (None, None, None) if rate is None else (t * rate, t_low * rate, t_high * rate)
        predictions.append(Prediction(float(count), float(scale), float(t), float(t_low), float(t_high), *cost))
    return Scaling(training, model, predictions, _verdict(training, model, asked))


def design_runs(machines: list[float], scales: list[float], budget: float) -> list[tuple[float, float, float]]:
    """Training points to run, as (machines, scale, share), by A-optimal design; those with a share above 0.3."""
    points = _grid(machines, scales)
    shares = ernest_model.design(points[:, 1], points[:, 0], budget)
    chosen = [(float(m), float(s), float(share)) for (m, s), share in zip(points, shares, strict=True)]
    kept = [point for point in chosen if point[2] > ernest_model.KEEP_ABOVE]
    if not kept:
        raise SearchError(
            f"The budget of the training runs must leave one a share above {ernest_model.KEEP_ABOVE}; received {budget:g}. "
            "Raise --budget, or give more machines or smaller scales."
        )
    return kept


def _grid(machines: list[float], scales: list[float]) -> np.ndarray:
    """Every combination, (k, 2)."""
    few = [count for count in machines if not 1 <= count < np.inf]
    small = [scale for scale in scales if not 0 < scale < np.inf]
    for rule, values, wrong in (
        ("Machines must be numbers of at least 1", machines, few),
        ("Scales must be numbers above 0", scales, small),
    ):
        if wrong or not values:
            raise SearchError(f"{rule}; received {wrong[0] if wrong else 'none'}.")
    return np.asarray([(m, s) for s in scales for m in machines], float)


def _check_varied(training: pd.DataFrame, machines: list[float], scales: list[float]) -> None:
    """Refuse to predict the effect of a size that is the same in all runs: it was not measured."""
    for column, what, asked in (("machines", "number of machines", machines), ("scale", "scale", scales)):
        known = training[column].unique()
        if len(known) == 1 and (others := [value for value in asked if value != known[0]]):
            counted = " (so has a run without one)" if column == "scale" else ""
            raise SearchError(
                f"Every run has the {what} {known[0]:g}{counted}, so the effect of {others[0]:g} was not measured. "
                f"Add runs with another, or ask for {known[0]:g} alone."
            )


def _verdict(training: pd.DataFrame, model: ScalingModel, asked: np.ndarray) -> str:
    if np.isnan(model.error):
        return f"was not checked: {len(training)} runs are too few to leave one out; run at least 4"
    if not model.fits:
        return (
            f"does not fit: left-out training runs are mispredicted by {model.error:.0%} on average (limit "
            f"{ernest_model.FITS_BELOW:.0%}); the job does not follow Ernest's terms, and the intervals are not to be believed"
        )
    said = f"fits: left-out training runs are mispredicted by {model.error:.0%} on average"
    for place, (column, what) in enumerate((("machines", "number of machines"), ("scale", "scale"))):
        beyond = asked[:, place].max() / training[column].max()
        if beyond > FAR:
            said += f"; {beyond:.1f} times the largest {what} trained on is far: check one such run"
    return said
