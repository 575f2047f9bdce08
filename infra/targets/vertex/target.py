"""The vertex target: training jobs on Vertex AI. A lease has a place in the bucket and an expiry, and no cluster: machines
come with each job and go with it, so Terraform has nothing to do.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from infra.base.errors import CloudError, UsageError
from infra.base.options import Options
from infra.inputs.cells import Cell
from infra.leases.lease import Lease
from infra.targets.base import Rate, Traits
from infra.targets.google.base import FLAGS, GooglePricing, GoogleTarget, need_clients
from infra.targets.google.lease import clients_of, settings_of, state_of
from infra.targets.google.settings import load_settings
from infra.targets.vertex import costs, lives, pools
from infra.targets.vertex.submit import VertexJobs, VertexObserver, service_account
from infra.targets.vertex.sweeper import VertexSweeper
from workloads.record import CostBreakdown, RunCost, Scenario

DISKS = ("pd-ssd", "pd-standard")  # cloud.google.com/vertex-ai/docs/reference/rest/v1/DiskSpec


class VertexPricing(GooglePricing):
    """Machines from the start to the end of each job."""

    def per_hour(self, scenario: Scenario, lease: Lease | None = None) -> Rate:
        """By list price the machines of the lease's latest job, or all workers of the shape; at most, all workers."""
        region, workers = settings_of(lease).region, max(1, scenario.workers)
        worst = _cost(scenario, workers, region, 3600).total_usd
        latest = _cost(scenario, state_of(lease).machines, region, 3600).total_usd if lease else worst
        return Rate(latest, worst, region)

    def estimate_usd(self, scenario: Scenario, seconds: float) -> float:
        return self.per_hour(scenario).worst_usd * seconds / 3600

    def cost(self, lease: Lease, cell: Cell, launched_at: float, ended_at: float) -> RunCost | None:
        """Estimated at the time limit; measured is None where the machines never started."""
        state = state_of(lease)

        def used_for(seconds: float) -> CostBreakdown:
            return _cost(lease.scenario, state.machines, state.settings.region, seconds)

        return RunCost(
            estimate=used_for(cell.timeout_s),
            measured=None if state.machines_s is None else used_for(state.machines_s),
            limit_usd=state.max_usd,
            limit_minutes=state.max_minutes,
        )

    def final(self, lease: Lease) -> Mapping[str, object]:
        """Estimate and measured cost of all jobs of the lease, and the limit that ended it, if one did."""
        state, missing = state_of(lease), [costs.ASSUMED]
        region, measured = state.settings.region, None
        try:
            spans = lives.job_spans(clients_of(lease), lease.id, time.time())
            each = [_cost(lease.scenario, span.machines, region, span.seconds).total_usd for span in spans]
            measured = round(sum(each), 4)
        except CloudError as error:
            missing.append(f"measured_usd: Vertex AI cannot be asked for the lease's jobs: {error}")
        return {
            "estimated_usd": round(state.estimated_usd, 4),
            "measured_usd": measured,
            "missing": missing,
            "breach": self.breach(lease),
        }


class VertexTarget(GoogleTarget):
    """Machines without Spark, of one kind, by the job."""

    name = "vertex"
    service = "vertex"
    traits = Traits(
        flags=FLAGS,
        spark=False,
        reads_gs_in_place=True,
        poll_s=5.0,
        queue_s=1200.0,  # Vertex AI looks for machines when a job is submitted
        sweep_s=600.0,
        sweep_pause_s=10.0,
    )
    jobs = VertexJobs()
    observer = VertexObserver()
    sweeper = VertexSweeper()
    pricing = VertexPricing()

    def conditions(self, options: Options) -> dict[str, object]:
        """Where it runs, and in which image."""
        settings = load_settings()
        return {"target": self.name, "region": settings.region, "image": settings.vertex_image}

    def check(
        self, scenarios: Sequence[Scenario], options: Options, standing: Lease | None = None, *, plan_only: bool = False
    ) -> None:
        """Refuse shapes that Vertex AI has not, then as :meth:`preflight`.

        Raises:
            SetupError: there is no gcp.toml, it names no identity for the machines, or Google's clients are not installed.
        """
        settings = settings_of(standing)
        need_clients()
        service_account(settings)
        for shape in scenarios:
            _check_shape(shape)
        used = [
            shape.model_copy(update={"master_machine_type": shape.machine_type}) for shape in scenarios
        ]  # no master
        self.preflight(used, settings, plan_only=plan_only)

    def refuses(self, cell: Cell) -> str | None:
        """Workloads that need Spark, and strategies that the shape has not the machines for."""
        return pools.refusal(cell)


def _check_shape(shape: Scenario) -> None:
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


def _cost(scenario: Scenario, machines: int, region: str, seconds: float) -> CostBreakdown:
    return costs.breakdown(pools.machines_for(scenario, machines, seconds), region)


TARGET = VertexTarget()
