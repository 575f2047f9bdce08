"""Regressions of throughput on batch size, number of batches, repetitions and data size: the study's table 1.

One :class:`Regression` per scenario, workload, variant and kind of measurement. Beside each R and slope stand its
interval, the checks of its residuals, the curves that may fit better, and what the parameters share with each other.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from analysis.measures.grid import PARAMETERS, SERIES, observations
from analysis.records.runs import Runs
from analysis.statistics.curves import Alternative, alternatives
from analysis.statistics.diagnostics import Influence, Residuals, influence, residuals
from analysis.statistics.linear import (
    Blocks,
    Estimate,
    blocks_of,
    coefficients,
    correlation,
    fit,
    split_aliased,
    variance_inflation,
)

HIGH_INFLATION = 10.0
LEAST_OBSERVATIONS = 5
COLLINEAR = (
    "Data size is batch size x batch number x repetitions: the four are one another's product, so the R and the slope of one "
    "alone also carry what the others do."
)


@dataclass(frozen=True)
class ParameterFit:
    """Throughput on one parameter alone. ``slope`` is in images/s per unit of the parameter."""

    parameter: str
    unit: str
    levels: int  # distinct values
    r: Estimate | None
    slope: Estimate
    residuals: Residuals | None
    influence: Influence | None
    alternatives: list[Alternative]
    pooled_intercept: float  # images/s; of the line that a figure draws, through the mean of all observations


@dataclass(frozen=True)
class JointFit:
    """Throughput on all parameters that vary and can be told apart, together."""

    slopes: dict[str, Estimate]
    r_squared: float  # of the pooled fit, levels of blocks included
    variance_inflation: dict[str, float]
    aliased: list[str]  # parameters that the others determine: no data of this grid can tell them apart
    residuals: Residuals | None
    influence: Influence | None


@dataclass(frozen=True)
class Regression:
    """All of it for one series of measurements."""

    scenario: str
    workload: str
    variant: str
    operation: str
    format: str
    source: str
    cache: str
    observations: int
    runs: int
    leases: int
    blocks: str  # within which of "run", "lease", "all" estimates are made
    parameters: list[ParameterFit]
    constant: list[str]  # parameters that did not vary: nothing can be said of them
    joint: JointFit | None
    collinearity: str
    notes: list[str]

    def parameter(self, name: str) -> ParameterFit | None:
        return next((p for p in self.parameters if p.parameter == name), None)


def regressions(runs: Runs) -> list[Regression]:
    """One regression per series that has at least :data:`LEAST_OBSERVATIONS` observations and a parameter that varies."""
    frame = observations(runs)
    found = [regress(rows) for _, rows in frame.groupby(SERIES, sort=True)]
    return [r for r in found if r is not None]


def regress(frame: pd.DataFrame) -> Regression | None:
    """Regress one series of :func:`analysis.measures.grid.observations`; None where there is nothing to regress on."""
    if len(frame) < LEAST_OBSERVATIONS:
        return None
    varied = [p for p in PARAMETERS if frame[p.name].nunique() > 1]
    fits = {p.name: _fit_parameter(frame, p.name, p.unit) for p in varied}
    known = [f for f in fits.values() if f is not None]
    if not known:
        return None
    names = [f.parameter for f in known]
    blocks = blocks_of(frame, names)
    joint = _joint(blocks, names) if len(names) > 1 else None
    return Regression(
        **{name: str(frame[name].iloc[0]) for name in SERIES},
        observations=len(frame),
        runs=int(frame["run"].nunique()),
        leases=int(frame["lease"].nunique()),
        blocks=blocks.level,
        parameters=known,
        constant=[p.name for p in PARAMETERS if p.name not in names],
        joint=joint,
        collinearity=_collinearity(names, joint),
        notes=_notes(known, joint),
    )


def _fit_parameter(frame: pd.DataFrame, name: str, unit: str) -> ParameterFit | None:
    blocks = blocks_of(frame, [name])
    if len(blocks.frame) < 3 or blocks.frame[name].nunique() < 2:
        return None
    slope = coefficients(blocks, [name])[name]
    means = blocks.frame[[name, "images_per_s"]].mean()
    return ParameterFit(
        parameter=name,
        unit=unit,
        levels=int(frame[name].nunique()),
        r=correlation(blocks, name),
        slope=slope,
        residuals=residuals(blocks, [name]),
        influence=influence(blocks, [name]),
        alternatives=alternatives(blocks, name),
        pooled_intercept=float(means["images_per_s"] - slope.value * means[name]),
    )


def _joint(blocks: Blocks, names: list[str]) -> JointFit | None:
    kept, dropped = split_aliased(blocks.frame, names)
    if len(blocks.frame) < len(kept) + blocks.count + 2 or len(kept) < 2:
        return None
    return JointFit(
        slopes=coefficients(blocks, kept),
        r_squared=float(fit(blocks.frame, kept).rsquared),
        variance_inflation=variance_inflation(blocks.frame, kept),
        aliased=dropped,
        residuals=residuals(blocks, kept),
        influence=influence(blocks, kept),
    )


def _collinearity(names: list[str], joint: JointFit | None) -> str:
    if "data_size" not in names or len(names) == 1:
        return ""
    said = [COLLINEAR]
    if joint is not None:
        if joint.aliased:
            said.append(f"On this grid {', '.join(joint.aliased)} cannot be told apart from the others at all.")
        high = [f"{name} {value:.1f}" for name, value in joint.variance_inflation.items() if value > HIGH_INFLATION]
        worst = max(joint.variance_inflation.items(), key=lambda item: item[1])
        said.append(
            f"Variance inflation above {HIGH_INFLATION:g}: {', '.join(high)}."
            if high
            else f"The largest variance inflation is {worst[1]:.1f} ({worst[0]})."
        )
    return " ".join(said)


def _notes(fits: list[ParameterFit], joint: JointFit | None) -> list[str]:
    """One sentence for each thing that weakens a line, and for each parameter that a curve fits better."""
    said = []
    for one in fits:
        said += [f"{one.parameter}: {text}" for text in (one.residuals.warnings if one.residuals else [])]
        best = next((a for a in one.alternatives if a.best), None)
        line = next((a for a in one.alternatives if a.name == "straight line"), None)
        if best and line and best.rmse < 0.9 * line.rmse:
            said.append(
                f"{one.parameter}: {best.name} predicts unseen values better than the straight line "
                f"(error {best.relative:.1%} against {line.relative:.1%})."
            )
    if joint is not None and joint.residuals:
        said += [f"jointly: {text}" for text in joint.residuals.warnings]
    return said
