"""An experiment: which scenarios x which workloads x which parameter grid x how many repeats, and the rules it keeps."""

from __future__ import annotations

import itertools
from collections import Counter
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from infra.base.errors import UsageError, unknown_name
from infra.inputs.workloads import JOB, find_workload, settings_model

LEAST_ADAPTIVE = 5  # repeats; the same as the least for a verdict, analysis.statistics.intervals.MIN_REPEATS


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DataSpec(_Strict):
    """What the workload reads: a folder or gs:// prefix laid out ``<class>/<name>.jpg``, else a generated set."""

    images: str | None = None
    count: int = Field(default=300, ge=1, le=1_000_000)  # of the generated set
    seed: int = 1


class WorkloadSpec(_Strict):
    """One workload, its fixed configuration, and a grid: each key's values are crossed."""

    name: str
    config: dict[str, object] = {}
    grid: dict[str, list[object]] = {}
    script: str | None = None  # for name = "job": the PySpark script
    args: list[str] = []

    def points(self) -> list[dict[str, object]]:
        """Every combination of the grid's values."""
        names = sorted(self.grid)
        return [dict(zip(names, values, strict=True)) for values in itertools.product(*(self.grid[n] for n in names))]


class Adaptive(_Strict):
    """Repeat until the metric is known well enough, at most as often as this says; see :mod:`analysis.compare.stopping`."""

    metric: str = "run_s"
    width: float = Field(default=0.05, gt=0, le=1)  # half the interval's width: 0.05 is within 5 % either way
    max_repeats: int = Field(default=20, ge=1, le=1000)
    max_minutes: float | None = Field(default=None, gt=0)  # of measuring, all sessions of the experiment together
    max_usd: float | None = Field(default=None, gt=0)  # list price of all recorded stages; notional on the local target


class FullSize(_Strict):
    """What ``--full`` changes: the study's own sizes instead of a laptop's. ``config`` goes into every workload's, and
    the values in ``grid`` into every grid that has that name."""

    scenarios: list[str] | None = Field(default=None, min_length=1)
    repeats: int | None = Field(default=None, ge=1, le=1000)
    repeat_level: Literal["lease", "attempt"] | None = None
    timeout_s: float | None = Field(default=None, gt=0)
    data: DataSpec | None = None
    config: dict[str, object] = {}
    grid: dict[str, list[object]] = {}


class Experiment(_Strict):
    """A validated experiment file. ``leases`` and ``failed`` are no names: those folders are taken.

    With ``[adaptive]``, ``repeats`` is the number of repeats that are made in any case.
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,40}$")
    scenarios: list[str] = Field(min_length=1)
    repeats: int = Field(ge=1, le=1000)
    repeat_level: Literal["lease", "attempt"] = "attempt"
    order_seed: int = 0
    timeout_s: float = Field(default=1800, gt=0)
    data: DataSpec = DataSpec()
    workloads: list[WorkloadSpec] = Field(min_length=1)
    adaptive: Adaptive | None = None
    full: FullSize | None = None

    @property
    def most_repeats(self) -> int:
        """How many repeats there are at most."""
        return self.adaptive.max_repeats if self.adaptive else self.repeats

    @property
    def needs_images(self) -> bool:
        """A script of the user's reads what it wants; images are loaded for it only when they were asked for."""
        return self.data.images is not None or any(workload.script is None for workload in self.workloads)


def check(experiment: Experiment) -> None:
    """What the types alone do not say: known workloads, valid settings, nothing twice.

    Raises:
        UsageError: with the field, the rule and the value.
    """
    if experiment.name in ("leases", "failed"):
        raise UsageError(
            f"name must not be 'leases' or 'failed', whose folders are taken; received '{experiment.name}'."
        )
    twice = [name for name, count in Counter(experiment.scenarios).items() if count > 1]
    if twice:
        raise UsageError(f"scenarios must name each shape once; received {', '.join(twice)} more than once.")
    if (adaptive := experiment.adaptive) is not None:
        if experiment.repeats < LEAST_ADAPTIVE:
            raise UsageError(
                f"repeats must be at least {LEAST_ADAPTIVE} with [adaptive], as no interval of fewer is trusted; "
                f"received {experiment.repeats}."
            )
        if adaptive.max_repeats < experiment.repeats:
            raise UsageError(
                f"adaptive.max_repeats must be at least repeats ({experiment.repeats}); received {adaptive.max_repeats}."
            )
    for workload in experiment.workloads:
        check_workload(workload.name, workload.script)
        for point in workload.points():
            check_settings(workload.name, {**workload.config, **point})


def check_settings(workload: str, settings: dict[str, object]) -> None:
    """Validate a workload's settings before anything is brought up for them. A script of the user's has none."""
    if workload == JOB:
        if settings:
            raise UsageError(f"A job takes args and no settings; received {', '.join(settings)}.")
        return
    model = settings_model(workload)
    unknown = [name for name in settings if name not in model.model_fields]
    if unknown:
        raise unknown_name(f"setting of {workload}", unknown[0], model.model_fields)
    try:
        model.model_validate({"images_uri": "gs://b/images", "output_uri": "gs://b/out", **settings})
    except ValidationError as error:
        raise UsageError(f"{workload}: {explain(error)}") from error


def check_workload(name: str, script: str | None) -> None:
    """Refuse an unknown workload, or a ``job`` whose script is not there."""
    if name == JOB and (script is None or not Path(script).is_file()):
        raise UsageError(f"The workload 'job' needs an existing PySpark script; 'script' is {script!r}.")
    find_workload(name)


def explain(error: ValidationError) -> str:
    """A pydantic error in one line: field, rule, value."""
    return "; ".join(
        f"{'.'.join(str(p) for p in e['loc']) or 'file'}: {e['msg']} (got {e['input']!r})" for e in error.errors()
    )
