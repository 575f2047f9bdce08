"""What bakeoff has to know of a workload: ``WORKLOAD`` in ``workloads/<name>/workload.py``.

The modules that state it are imported wherever a command is typed, so they import neither Spark nor TensorFlow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from workloads.record.columns import Column

IMAGE_COUNT = "data.count"

Settings = Mapping[str, object]
Rows = Sequence[Mapping[str, Any]]


class ClusterShape(NamedTuple):
    """What settings may follow from, of the cluster that a workload runs on."""

    workers: int  # 0: a single node
    master_vcpus: int


class RunFacts(NamedTuple):
    """What an outcome may depend on, besides the rows that were measured."""

    usd_per_hour: float  # list price of the cluster
    max_latency_ms: float | None = None  # the limit that a search was given


@dataclass(frozen=True)
class Outcome:
    """A result that a search can ask for, besides run time and cost."""

    name: str
    unit: str
    read: Callable[[Rows, RunFacts], float | None]
    """The value, from the measurements of a run; None: not measured."""


def _no_settings(shape: ClusterShape) -> Settings:
    return {}


@dataclass(frozen=True)
class Workload:
    """What bakeoff has to know of a workload."""

    engine: Literal["spark", "python"]
    """``spark``: its driver is a Spark driver; ``python``: it is one Python process on the master node."""
    runs_without_spark: bool = False
    """True: it also runs on machines without Spark, as those of Vertex AI."""
    size: str = IMAGE_COUNT
    """What says how much work there is: the number of images, or the name of a setting."""
    packages: tuple[str, ...] = ()
    """Distributions that it needs on every node, besides those that all workloads need."""
    columns: tuple[Column, ...] = ()
    """Columns of its measurements, besides :data:`workloads.record.MEASUREMENT_COLUMNS`."""
    outcomes: tuple[Outcome, ...] = ()
    settings_for: Callable[[ClusterShape], Settings] = _no_settings
    """Settings that follow from the cluster, unless the experiment sets them."""
