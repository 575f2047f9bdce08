"""Bring a cluster up and leave it standing; on a standing one, mend and change only what must be."""

from __future__ import annotations

from infra.base.options import Grant, Options
from infra.base.progress import Progress
from infra.base.signals import ignored
from infra.clusters import lifecycle, teardown
from infra.clusters.pool import bring_up, keep_logs
from infra.inputs.workloads import installed_packages
from infra.leases import lease as leases
from infra.leases.lease import Lease
from infra.targets.registry import target_of
from workloads.record import Scenario


def apply(scenario: Scenario, options: Options, progress: Progress) -> Lease:
    """Apply a scenario. A failed apply destroys what it made.

    Raises:
        TerraformError: with Terraform's own words, after everything of the lease has been removed.
    """
    lease = leases.standing(options.runs_dir, scenario.name, options.target)
    if lease is None:
        # It may be used for anything that this environment can run.
        grant = Grant(packages=installed_packages())
        return bring_up(scenario, None, options, progress, experiment=None, kept=True, grant=grant)
    lifecycle.check([scenario], options, standing=lease)
    try:
        progress.stage(f"apply {scenario.name} ({lease.id}, standing)")
        with target_of(lease).jobs.exclusive(lease, (), progress):
            lease.update(scenario=scenario)
            lifecycle.write_root(lease)
            lifecycle.apply(lease, progress)
    except BaseException as error:
        with ignored():
            if isinstance(error, Exception):
                keep_logs(lease, options.runs_dir, progress)
            teardown.tear_down(lease, options.runs_dir, progress)
        raise
    return lease
