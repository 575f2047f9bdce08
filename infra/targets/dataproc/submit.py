"""Jobs on a Dataproc cluster: what goes to the bucket, and the submitted job."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from infra.catalogue import Catalogue
from infra.inputs.cells import Cell
from infra.leases.lease import Lease
from infra.targets.base import Driver
from infra.targets.dataproc import jobs
from infra.targets.dataproc.provisioner import cluster_name
from infra.targets.google import inventory, package
from infra.targets.google.base import GoogleJobs
from infra.targets.google.lease import attempt_uri, clients_of, settings_of
from infra.targets.google.removal import cancel_job


class DataprocJobs(GoogleJobs):
    """A cell is a PySpark job of the cluster."""

    @contextlib.contextmanager
    def submit(self, lease: Lease, cell: Cell, folder: Path) -> Iterator[Driver]:
        put = package.upload_cell(lease, cell, folder, cell.scenario)
        clients, cluster = clients_of(lease), cluster_name(lease)
        machine = Catalogue.default().machine_type(lease.scenario.machine_type)
        executors = max(1, lease.scenario.workers + lease.scenario.spot_workers)
        job = jobs.DataprocJob(
            cluster=cluster,
            lease=lease.id,
            scenario=lease.scenario.name,
            expires_at=datetime.fromisoformat(lease.state.expires_at),
            attempt=attempt_uri(lease, folder),
            main_uri=put.main,
            package_uri=put.workloads,
            arguments=put.arguments,
            time_limit_s=cell.timeout_s,
            environment={"BAKEOFF_BUCKET": settings_of(lease).bucket, "BAKEOFF_OUT": put.out},
            properties=package.spark_properties(
                machine, executors, put.eventlog, jobs.yarn_memory_mb(clients, cluster)
            ),
        )
        with jobs.submit(clients, job, folder / "logs") as driver:
            yield driver

    def reset(self, lease: Lease) -> None:
        """Cancel running jobs, and forget fetched event logs."""
        cancel_jobs(lease)
        for path in lease.eventlog_dir.glob("*"):
            path.unlink(missing_ok=True)


def cancel_jobs(lease: Lease) -> None:
    """Cancel the jobs of a lease that still run: a killed client left them."""
    clients = clients_of(lease)
    for name in inventory.running_jobs(clients, lease.id):
        cancel_job(clients, name)
