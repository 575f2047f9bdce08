"""The gcp target: a Dataproc cluster per lease, Google's own limits, prices that are paid."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import datetime

from infra.base.options import Options
from infra.catalogue import pricing
from infra.catalogue.pricing import breakdown, cluster_cost, cost
from infra.inputs.cells import Cell
from infra.leases.lease import Lease
from infra.targets.base import Rate, Traits
from infra.targets.dataproc.observer import DataprocObserver
from infra.targets.dataproc.provisioner import DataprocProvisioner
from infra.targets.dataproc.submit import DataprocJobs
from infra.targets.dataproc.sweeper import DataprocSweeper
from infra.targets.google import lives
from infra.targets.google.base import FLAGS, GooglePricing, GoogleTarget, need_clients
from infra.targets.google.lease import settings_of, state_of
from infra.targets.google.settings import load_settings
from workloads.record import RunCost, Scenario

# Dataproc accepts no life of less than 600 s (cloud.google.com/dataproc/docs/concepts/configuring-clusters/scheduled-deletion),
# counted from its own now: a minute for Terraform and the clocks.
LEAST_LIFE_S = 660.0


class DataprocPricing(GooglePricing):
    """Each machine for as long as it was seen to stand."""

    def per_hour(self, scenario: Scenario, lease: Lease | None = None) -> Rate:
        """At most: spot machines, whose price may change every day, at the price of regular ones."""
        region = settings_of(lease).region
        regular = scenario.model_copy(update={"workers": scenario.workers + scenario.spot_workers, "spot_workers": 0})
        return Rate(pricing.usd_per_hour(scenario, region), pricing.usd_per_hour(regular, region), region)

    def estimate_usd(self, scenario: Scenario, seconds: float) -> float:
        return cluster_cost(scenario, load_settings().region, seconds).total_usd

    def cost(self, lease: Lease, cell: Cell, launched_at: float, ended_at: float) -> RunCost | None:
        """Estimated at the time limit; measured from submit to end."""
        state = state_of(lease)
        region = state.settings.region
        seen = lives.seen_in_attempt(lease, launched_at, ended_at)
        measured = cost(lives.machines(seen, lease.scenario, ended_at, launched_at), region)
        if not seen:
            measured = cluster_cost(lease.scenario, region, ended_at - launched_at)
        return RunCost(
            estimate=breakdown(cluster_cost(lease.scenario, region, cell.timeout_s)),
            measured=breakdown(measured),
            limit_usd=state.max_usd,
            limit_minutes=state.max_minutes,
        )

    def final(self, lease: Lease) -> Mapping[str, object]:
        """Estimate and measured cost of the whole lease, and the limit that ended it, if one did."""
        state, now, missing = state_of(lease), time.time(), []
        machines, why = lives.look(lease, now)
        if machines:
            measured = cost(lives.machines(machines, lease.scenario, now), state.settings.region)
        else:
            lived_s = now - datetime.fromisoformat(lease.state.created_at).timestamp()
            measured = cluster_cost(lease.scenario, state.settings.region, lived_s)
        if why and lease.state.apply_s:
            missing.append(f"measured_usd counts {'machines seen earlier' if machines else lives.WHOLE_LIFE}: {why}")
        return {
            "estimated_usd": round(state.estimated_usd, 4),
            "measured_usd": round(measured.total_usd, 4) if machines or lease.state.apply_s else None,
            "machines": machines,
            "missing": missing,
            "breach": self.breach(lease),
        }


class DataprocTarget(GoogleTarget):
    """Clusters by Terraform; Spark on YARN."""

    name = "gcp"
    service = "dataproc"
    traits = Traits(
        flags=FLAGS,
        reads_gs_in_place=True,
        poll_s=2.0,
        least_life_s=LEAST_LIFE_S,
        queue_s=180.0,
        sample_s=60.0,  # Cloud Monitoring has a point a minute, and a minute without one is Google's gap
        sweep_s=900.0,  # a cluster takes minutes to go
        sweep_pause_s=10.0,
    )
    provisioner = DataprocProvisioner()
    jobs = DataprocJobs()
    observer = DataprocObserver()
    sweeper = DataprocSweeper()
    pricing = DataprocPricing()

    def conditions(self, options: Options) -> dict[str, object]:
        """Where it runs."""
        settings = load_settings()
        return {"target": self.name, "region": settings.region, "zone": settings.zone}

    def check(
        self, scenarios: Sequence[Scenario], options: Options, standing: Lease | None = None, *, plan_only: bool = False
    ) -> None:
        """Raises as :meth:`preflight`, and SetupError: there is no gcp.toml, or Google's clients are not installed."""
        settings = settings_of(standing)
        need_clients()
        self.preflight(scenarios, settings, plan_only=plan_only)


TARGET = DataprocTarget()
