"""The workloads, and what running one takes: a line each. A workload not named here cannot be run.

The settings of each are in ``workloads/<name>/config.py``; nothing of a workload is imported here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from infra.base.errors import unknown_name
from infra.catalogue import Catalogue
from workloads.record import Scenario

JOB = "job"  # the workload name of a user's own PySpark script

Settings = dict[str, object]


def _nothing(scenario: Scenario) -> Settings:
    return {}


@dataclass(frozen=True)
class Workload:
    """What infra has to know of a workload."""

    spark: bool
    """Its driver is a Spark driver; else it is one Python process on node m."""
    shape_defaults: Callable[[Scenario], Settings] = _nothing
    """Settings that follow from the shape, unless the experiment sets them."""
    tensorflow: bool = False
    """It needs TensorFlow (the extra ``train``) where it runs."""
    vertex: bool = False
    """It runs without Spark too, on machines of Vertex AI's."""
    outcomes: tuple[str, ...] = ()
    """What a search can ask of it besides run time and cost (read from its record in ``infra/search/run.py``)."""


def _vcpus_of_m(scenario: Scenario) -> int:
    return Catalogue.default().machine_type(scenario.master_machine_type).vcpus


WORKLOADS: dict[str, Workload] = {
    "write_tfrecords": Workload(spark=True),
    "read_speed": Workload(
        spark=False, vertex=True, shape_defaults=lambda scenario: {"processes": _vcpus_of_m(scenario)}
    ),
    "spark_read_speed": Workload(spark=True),
    "train": Workload(spark=True, tensorflow=True, vertex=True, outcomes=("accuracy",)),
    "stream": Workload(spark=True, outcomes=("requests_per_usd", "latency_ms")),
    "serve": Workload(spark=False, tensorflow=True, vertex=True, outcomes=("requests_per_usd", "latency_ms")),
}
_SCRIPT = Workload(spark=True)


def find(name: str) -> Workload:
    """The workload of that name; a user's own script is one, too. Raises UsageError for an unknown name."""
    if name == JOB:
        return _SCRIPT
    if name not in WORKLOADS:
        raise unknown_name("workload", name, (*WORKLOADS, JOB))
    return WORKLOADS[name]


def settings(workload: str, scenario: Scenario, images_uri: str, output_uri: str, chosen: Settings) -> Settings:
    """The whole configuration of a workload: where its data lies, what follows from the shape, what was chosen."""
    defaults = find(workload).shape_defaults(scenario)
    return {"images_uri": images_uri, "output_uri": output_uri, **defaults, **chosen}
