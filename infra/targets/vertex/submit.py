"""One attempt on Vertex AI: what goes to the bucket, the training job, and what comes back from it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from infra.base.errors import SetupError
from infra.inputs.cells import Cell
from infra.leases.lease import Lease
from infra.targets.base import Description, Driver, Observer
from infra.targets.google import dependencies
from infra.targets.google.base import GoogleJobs
from infra.targets.google.lease import attempt_uri, clients_of, settings_of, state_of
from infra.targets.google.nodes import ISOLATION
from infra.targets.google.package import fetch_output, upload_cell
from infra.targets.google.settings import GcpSettings
from infra.targets.vertex import driver as drivers
from infra.targets.vertex import pools
from infra.targets.vertex.costs import ASSUMED
from infra.targets.vertex.job import VertexJob
from infra.targets.vertex.sweeper import cancel_jobs

LOG = "driveroutput"
NOT_SAMPLED = (
    "no samples of any node: the machines are Google's own, and the metrics of Compute Engine and of the Ops Agent do not "
    "cover them"
)


class VertexJobs(GoogleJobs):
    """A cell is a custom training job, whose machines come and go with it."""

    @contextlib.contextmanager
    def submit(self, lease: Lease, cell: Cell, folder: Path) -> Iterator[Driver]:
        """On leaving the lease knows how long the machines ran.

        The job's time limit is the cell's, or what is left of the lease: the hard limits hold on the server.
        """
        state, prefix, pool = state_of(lease), attempt_uri(lease, folder), pools.pools_of(cell)
        shape = cell.scenario.model_copy(update={"master_machine_type": cell.scenario.machine_type})
        put = upload_cell(lease, cell, folder, shape)
        expires_at = datetime.fromisoformat(lease.state.expires_at)
        job = VertexJob(
            lease=lease.id,
            scenario=lease.scenario.name,
            expires_at=expires_at,
            attempt=prefix,
            strategy=pool.strategy,
            machines=pool.machines,
            machine_type=shape.machine_type,
            disk_type=shape.disk_type,
            disk_gb=pools.disk_gb(shape),
            accelerator_type=shape.accelerator_type,
            accelerators=shape.accelerator_count,
            image_uri=state.settings.vertex_image,
            packages_uri=f"{state.dependencies_uri}/{dependencies.ARCHIVE}",
            main_uri=put.main,
            package_uri=put.workloads,
            arguments=put.arguments,
            time_limit_s=max(1.0, min(cell.timeout_s, expires_at.timestamp() - time.time())),
            output_uri=put.out,
            not_after=expires_at.timestamp(),
            log_uri=f"{prefix}/{LOG}",
            environment={"BAKEOFF_BUCKET": state.settings.bucket},
            service_account=service_account(state.settings),
            network=state.settings.vertex_network,
        )
        lease.update(target_state=state.model_copy(update={"machines": pool.machines, "machines_s": None}))
        with drivers.submit(clients_of(lease), job, folder / "logs") as driver:
            try:
                yield driver
            finally:
                driver.cancel()
                lease.update(target_state=state_of(lease).model_copy(update={"machines_s": driver.run_s}))

    def reset(self, lease: Lease) -> None:
        cancel_jobs(lease.id, lease)


class VertexObserver(Observer):
    """The chief's output is there already, as ``driver.log``; the other replicas' is in Cloud Logging."""

    def collect(self, lease: Lease, folder: Path, launched_at: float, ended_at: float) -> list[str]:
        """Fetch the job's output; says what is missing, and why."""
        (folder / "nodes.jsonl").touch()
        return [NOT_SAMPLED, ASSUMED, *fetch_output(lease, folder)]

    def describe(self, lease: Lease, launched_at: float) -> Description:
        """The replicas of the latest job; Vertex AI chooses the zone."""
        nodes = pools.nodes(lease.scenario, state_of(lease).machines)
        return Description(nodes, ISOLATION, {"region": settings_of(lease).region})


def service_account(where: GcpSettings) -> str:
    """The identity of the machines. Raises SetupError: none is named, and Vertex AI's own may do far more than is needed."""
    if where.vertex_service_account is None:
        raise SetupError(
            "--target vertex needs vertex_service_account in gcp.toml: an account that may read and write the bucket and no "
            "more. infra/foundation makes one: terraform -chdir=infra/foundation output -raw gcp_toml > gcp.toml"
        )
    return where.vertex_service_account
