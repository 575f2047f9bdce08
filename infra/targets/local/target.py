"""The local target: nodes are daemons of this host, in namespaces and cgroups where it has them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from infra.base.checks import Check
from infra.base.errors import UsageError
from infra.base.options import Grant, Options
from infra.catalogue import pricing
from infra.leases.lease import Lease
from infra.targets.base import NewState, Pricing, Rate, Target, Traits
from infra.targets.local import doctor, host, sizing
from infra.targets.local.jobs import LocalJobs
from infra.targets.local.lease import LocalState, state_of
from infra.targets.local.leftovers import LocalSweeper
from infra.targets.local.observer import LocalObserver
from infra.targets.local.provisioner import LocalProvisioner
from workloads.record import Scenario


class LocalPricing(Pricing):
    """Notional: what the shape costs on Google Cloud."""

    def per_hour(self, scenario: Scenario, lease: Lease | None = None) -> Rate:
        return Rate(pricing.usd_per_hour(scenario), 0.0, pricing.DEFAULT_REGION)


class LocalTarget(Target):
    """A small real cluster on one Linux host."""

    name = "local"
    traits = Traits(
        flags=frozenset({"isolation", "local_cores_per_vcpu"}),
        notional_prices=True,
        side_by_side=False,
        poll_s=0.25,
        sample_s=1.0,
        least_sampled_ratio=0.8,  # below it the sampler was starved or died
        why_no_metric="this host has no such counter, see isolation",
        sweep_s=60.0,  # on a busy host a process takes its time to die
        sweep_pause_s=0.1,
    )
    provisioner = LocalProvisioner()
    jobs = LocalJobs()
    observer = LocalObserver()
    sweeper = LocalSweeper()
    pricing = LocalPricing()

    def conditions(self, options: Options) -> dict[str, object]:
        """How nodes are kept apart, and how much of the host a vCPU is."""
        return {
            "isolation": host.isolation_for(options.isolation, options.runs_dir).model_dump(exclude={"missing"}),
            "local_cores_per_vcpu": _share(options),
        }

    def check(
        self, scenarios: Sequence[Scenario], options: Options, standing: Lease | None = None, *, plan_only: bool = False
    ) -> None:
        """Refuse shapes that this host cannot stand for, or whose memory it cannot hold together.

        Raises:
            UsageError: with the numbers, and the cure.
            SetupError: isolation was asked for, and is not to be had.
        """
        for scenario in scenarios:
            if scenario.spot_workers or scenario.accelerator_count:
                raise UsageError(
                    f"The scenario {scenario.name} has spot workers or accelerators, and the local target stands for neither; "
                    f"received spot_workers {scenario.spot_workers}, accelerator_count {scenario.accelerator_count}. "
                    "Use --target gcp."
                )
        if scenarios and standing is None:
            host.isolation_for(options.isolation, options.runs_dir)  # found out here: new_state is called under a lock
        share = state_of(standing).local_cores_per_vcpu if standing else _share(options)
        host.check_fits(scenarios, share, standing)

    def differs(self, lease: Lease, options: Options) -> list[str]:
        """Other isolation or another share than was asked for."""
        has, found = state_of(lease), []
        if options.isolation not in ("auto", has.isolation.mode):
            found.append(f"--isolation {options.isolation}, and it has '{has.isolation.mode}'")
        if options.local_cores_per_vcpu not in (None, has.local_cores_per_vcpu):
            found.append(
                f"--local-cores-per-vcpu {options.local_cores_per_vcpu:g}, and it has {has.local_cores_per_vcpu:g}"
            )
        return found

    def new_state(self, scenario: Scenario, options: Options, grant: Grant, others: Sequence[Lease]) -> NewState:
        """A network and ports that nobody uses. Raises SetupError: isolation was asked for, and is not to be had."""
        found = host.isolation_for(options.isolation, options.runs_dir)
        taken = {state_of(other).network_cidr for other in others}
        storage_port, master_port, webui_port = host.free_ports(3)
        return NewState(
            LocalState(
                isolation=found,
                network_cidr=host.free_network(found.mode, taken),
                storage_port=storage_port,
                master_port=master_port,
                master_webui_port=webui_port,
                local_cores_per_vcpu=_share(options),
            )
        )

    def doctor(self, runs_dir: Path) -> list[Check]:
        return doctor.examine(runs_dir)


def _share(options: Options) -> float:
    return options.local_cores_per_vcpu or sizing.default_cores_per_vcpu()


TARGET = LocalTarget()
