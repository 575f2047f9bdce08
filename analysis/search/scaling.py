"""Ernest for scaling: small runs in, predictions for larger inputs and more machines out.

The table has the columns ``machines``, ``scale`` (input size, any unit) and ``runtime_s``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.errors import SearchError
from analysis.search import ernest_model
from analysis.search.ernest_model import ScalingModel
from analysis.search.features import NODES, first_of


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


def load_points(path: Path) -> pd.DataFrame:
    """Runs with the columns machines, scale and runtime_s.

    Raises:
        SearchError: no such file, or a column is missing.
    """
    if not path.is_file():
        raise SearchError(f"No file '{path}'. Give a .csv with the columns machines, scale and runtime_s.")
    table = pd.read_csv(path)
    machines = first_of(table.columns, NODES)
    if machines is None or "runtime_s" not in table.columns:
        raise SearchError(
            f"{path.name} needs the columns machines, scale and runtime_s; it has {', '.join(table.columns)}."
        )
    scale = table["scale"] if "scale" in table.columns else 1.0
    return pd.DataFrame({"machines": table[machines], "scale": scale, "runtime_s": table["runtime_s"]}).astype(float)


def scale_up(
    training: pd.DataFrame, machines: list[float], scales: list[float], usd_per_machine_hour: float | None = None
) -> Scaling:
    """Fit Ernest's model and predict every combination of machines and scales.

    Args:
        training: machines, scale, runtime_s of small runs.
        machines: to predict for; each at least 1.
        scales: to predict for, in the unit of the training runs.
        usd_per_machine_hour: price; None: no cost.

    Raises:
        SearchError: too few runs, or a value that is not above 0.
    """
    asked = np.asarray([(m, s) for s in scales for m in machines], float)
    if not (asked > 0).all():
        raise SearchError(
            f"Machines and scales to predict for must be above 0; received {sorted({*machines, *scales})[0]}."
        )
    if usd_per_machine_hour is not None and not usd_per_machine_hour > 0:
        raise SearchError(f"The price per machine and hour must be above 0; received {usd_per_machine_hour}.")
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


def designed(machines: list[float], scales: list[float], budget: float) -> list[tuple[float, float, float]]:
    """Training points to run, as (machines, scale, share), by A-optimal design; those with a share above 0.3."""
    points = np.asarray([(m, s) for s in scales for m in machines], float)
    if not len(points) or not (points > 0).all():
        raise SearchError("Give machines and scales above 0 to choose training points from.")
    shares = ernest_model.design(points[:, 1], points[:, 0], budget)
    chosen = [(float(m), float(s), float(share)) for (m, s), share in zip(points, shares, strict=True)]
    return [point for point in chosen if point[2] > ernest_model.KEEP_ABOVE]


def _verdict(training: pd.DataFrame, model: ScalingModel, asked: np.ndarray) -> str:
    if np.isnan(model.error):
        return f"not checked: {len(training)} runs are too few to leave one out; run at least 4"
    if not model.fits:
        return (
            f"does not fit: left-out training runs are mispredicted by {model.error:.0%} on average (limit "
            f"{ernest_model.FITS_BELOW:.0%}); the job does not follow Ernest's terms, and the intervals are not to be believed"
        )
    beyond = asked[:, 0].max() / training["machines"].max()
    far = (
        f"; {beyond:.1f} times the largest number of machines trained on is far: check one such run"
        if beyond > 2
        else ""
    )
    return f"fits: left-out training runs are mispredicted by {model.error:.0%} on average{far}"
