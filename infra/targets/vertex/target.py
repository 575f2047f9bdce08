"""The vertex target: training jobs on Vertex AI. A lease has a place in the bucket and an expiry, and no cluster: machines
come with each job and go with it, so Terraform has nothing to do. See infra/targets/base.py.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from infra.base.errors import CloudError, UsageError
from infra.base.options import Options
from infra.inputs.experiment import Cell
from infra.leases.lease import Lease
from infra.targets.base import Leftover
from infra.targets.dataproc import target as gcp
from infra.targets.dataproc.describe import ISOLATION
from infra.targets.dataproc.target import alone as alone  # noqa: PLC0414 - part of the interface
from infra.targets.dataproc.target import breach as breach  # noqa: PLC0414 - part of the interface
from infra.targets.dataproc.target import differs as differs  # noqa: PLC0414 - part of the interface
from infra.targets.dataproc.target import expired as expired  # noqa: PLC0414 - part of the interface
from infra.targets.dataproc.target import own_turn as own_turn  # noqa: PLC0414 - part of the interface
from infra.targets.dataproc.target import prepare as prepare  # noqa: PLC0414 - part of the interface
from infra.targets.dataproc.target import remove as remove  # noqa: PLC0414 - part of the interface
from infra.targets.dataproc.target import sampled as sampled  # noqa: PLC0414 - part of the interface
from infra.targets.dataproc.target import thaw as thaw  # noqa: PLC0414 - part of the interface
from infra.targets.google import inventory, leftovers
from infra.targets.google.clients import Clients
from infra.targets.google.lease_state import clients_of, own
from infra.targets.google.limits import lease_fields
from infra.targets.google.load import load as load  # noqa: PLC0414 - part of the interface
from infra.targets.google.preflight import problems
from infra.targets.google.settings import load_settings
from infra.targets.vertex import costs, lives, pools
from infra.targets.vertex.submit import collect as collect  # noqa: PLC0414 - part of the interface
from infra.targets.vertex.submit import service_account
from infra.targets.vertex.submit import submit as submit  # noqa: PLC0414 - part of the interface
from infra.terraform.process import Event
from workloads.record import CostBreakdown, Isolation, NodeLimits, RunCost, Scenario

ROOT: str | None = None
POLL_S = 5.0
QUEUE_S = 1200.0  # Vertex AI looks for machines when a job is submitted
SAMPLE_S = 60.0
LEAST_SAMPLED_RATIO = 0.0
WHY_NO_METRIC: str | None = None  # said by infra/targets/vertex/submit.py, once for all
READS_GS_IN_PLACE = True
SWEEP_S = 600.0
SWEEP_PAUSE_S = 10.0
DISKS = ("pd-ssd", "pd-standard")  # cloud.google.com/vertex-ai/docs/reference/rest/v1/DiskSpec


def conditions(options: Options) -> dict[str, object]:
    """Where it runs, and in which image."""
    settings = load_settings()
    return {"target": "vertex", "region": settings.region, "image": settings.vertex_image}


def check(scenarios: list[Scenario], options: Options, standing: Lease | None = None) -> None:
    """Preflight: everything that stands in the way, in one list, each with its cure.

    Raises:
        UsageError: that list.
        SetupError: there is no gcp.toml, it names no identity for the machines, or Google's clients are not installed.
    """
    settings = own(standing).settings if standing else load_settings()
    gcp.need_clients()
    service_account(settings)
    gcp.refuse_local_options(options)
    for shape in scenarios:
        if shape.spot_workers:
            raise UsageError(
                f"{shape.name} has spot workers, and a training job's machines are all of one kind; received spot_workers "
                f"{shape.spot_workers}. Use --target gcp."
            )
        if not pools.TRAINING_TYPES.fullmatch(shape.machine_type):
            raise UsageError(
                f"Vertex AI trains on no {shape.machine_type}; received it as machine_type of {shape.name}. Use a scenario with "
                "n1-standard-4 or larger, such as four-medium-ssd or one-large-ssd."
            )
        if shape.disk_type not in DISKS:
            raise UsageError(
                f"Vertex AI's boot disks are {' or '.join(DISKS)}; received {shape.disk_type} in {shape.name}."
            )
    clients = Clients(settings.project_id, settings.region)
    used = [shape.model_copy(update={"master_machine_type": shape.machine_type}) for shape in scenarios]  # no master
    found = problems(clients, used, zone=settings.zone, dataproc=False, vertex=True, writes=not options.plan_only)
    gcp.refuse(found, scenarios)


def refuses(cell: Cell) -> str | None:
    """Workloads that need Spark, and strategies that the shape has not the machines for."""
    return pools.refusal(cell)


def worst_usd_per_hour(scenario: Scenario) -> float:
    """All workers of the shape at once."""
    return _cost(scenario, max(1, scenario.workers), load_settings().region, 3600).total_usd


def list_price(scenario: Scenario) -> tuple[float, str]:
    """Worst USD per hour of the shape, and the region of gcp.toml. Raises SetupError without the file."""
    return worst_usd_per_hour(scenario), load_settings().region


def new_lease(lease_id: str, scenario: Scenario, options: Options, others: list[Lease]) -> Mapping[str, object]:
    """Settings, limits, and the expiry that follows from them. Raises LimitError: the limits leave too little."""
    rate = worst_usd_per_hour(scenario)
    return lease_fields(options, rate, lambda seconds: rate * seconds / 3600)


def variables(lease: Lease, lease_dir: Path) -> Mapping[str, object]:
    """There is no root that takes any."""
    return {}


def backend(lease: Lease) -> Mapping[str, str]:
    """Nor a state."""
    return {}


def parts(lease: Lease) -> list[str]:
    """Nothing is brought up."""
    return []


def started(event: Event) -> str | None:
    """Nothing is brought up."""
    return None


def dead_nodes(lease: Lease) -> list[str]:
    """Machines that die take their job with them."""
    return []


def replacements(lease: Lease) -> list[str]:
    """Nothing stands between two jobs."""
    return []


def reset(lease: Lease) -> None:
    """Cancel jobs that a killed client left running."""
    _cancel(lease.id, lease)


def copy_logs(lease: Lease, logs: Path) -> None:
    """The chief's output is there already, as ``driver.log``; the rest is in Cloud Logging."""


def describe(lease: Lease, launched_at: float) -> tuple[list[NodeLimits], Isolation]:
    """The replicas of the latest job."""
    return pools.nodes(lease.scenario, own(lease).machines), ISOLATION


def record_fields(lease: Lease) -> Mapping[str, object]:
    """Where it ran: Vertex AI chooses the zone."""
    return {"region": own(lease).settings.region}


def usd_per_hour(lease: Lease) -> float:
    """List price of the latest job's machines."""
    state = own(lease)
    return _cost(lease.scenario, state.machines, state.settings.region, 3600).total_usd


def cost(lease: Lease, cell: Cell, launched_at: float, ended_at: float) -> RunCost | None:
    """Estimated at the time limit, measured from the start to the end of the machines; None: they never started."""
    state = own(lease)
    region = state.settings.region

    def of(seconds: float) -> CostBreakdown:
        return _cost(lease.scenario, state.machines, region, seconds)

    return RunCost(
        estimate=of(cell.timeout_s),
        measured=None if state.machines_s is None else of(state.machines_s),
        limit_usd=state.max_usd,
        limit_minutes=state.max_minutes,
    )


def before_destroy(lease_id: str, lease: Lease | None = None) -> None:
    """Cancel running jobs."""
    with contextlib.suppress(CloudError):  # the sweep looks again
        _cancel(lease_id, lease)


def said_at_end(lease: Lease) -> dict[str, object]:
    """Estimate and measured cost of all jobs of the lease, and the limit that ended it, if one did."""
    state, missing = own(lease), [costs.ASSUMED]
    measured: float | None = None
    try:
        spans = lives.of_jobs(clients_of(lease), lease.id, time.time())
        measured = sum(
            _cost(lease.scenario, span.machines, state.settings.region, span.seconds).total_usd for span in spans
        )
    except CloudError as error:
        missing.append(f"measured_usd: Vertex AI cannot be asked for the lease's jobs: {error}")
    return {
        "estimated_usd": round(state.estimated_usd, 4),
        "measured_usd": None if measured is None else round(measured, 4),
        "missing": missing,
        "breach": breach(lease),
    }


def find(lease_id: str | None, lease: Lease | None = None) -> Sequence[Leftover]:
    """Jobs that run, and objects in the bucket."""
    return leftovers.unprotected(_found(lease_id, lease))


def protected(lease_id: str | None, lease: Lease | None = None) -> list[str]:
    """Jobs that bear the protection label; the objects of their leases stay with them."""
    return leftovers.protections(_found(lease_id, lease))


def _found(lease_id: str | None, lease: Lease | None) -> list[inventory.Resource]:
    return inventory.of_vertex(*leftovers.where(lease), lease_id, known=lease is not None)


def _cancel(lease_id: str, lease: Lease | None) -> None:
    for item in _found(lease_id, lease):
        if item.kind == "training job" and not item.protected:
            remove(item)


def _cost(scenario: Scenario, machines: int, region: str, seconds: float) -> CostBreakdown:
    return costs.breakdown(pools.machines_for(scenario, machines, seconds), region)
