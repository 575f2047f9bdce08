"""One attempt on Google Cloud: what goes to the bucket, the job, and what comes back from it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from infra.base.errors import CloudError
from infra.catalogue import Catalogue
from infra.inputs.experiment import Cell
from infra.inputs.workloads import settings
from infra.leases.lease import Lease
from infra.targets.base import Driver
from infra.targets.dataproc import jobs as dataproc
from infra.targets.dataproc import lives, monitoring
from infra.targets.dataproc.jobs import DataprocJob
from infra.targets.google import package
from infra.targets.google.lease_state import clients_of, own
from infra.targets.google.package import Package
from workloads.errors import WorkloadError
from workloads.record import Scenario


def attempt_uri(lease: Lease, folder: Path) -> str:
    """The attempt's own place in the bucket; ``folder`` is its working folder, whose name no other attempt has."""
    return f"{lease_uri(lease)}/attempts/{folder.name.lstrip('.')}"


def lease_uri(lease: Lease) -> str:
    """Everything of a lease in the bucket lies below it."""
    return f"gs://{own(lease).settings.bucket}/leases/{lease.id}"


@contextlib.contextmanager
def submit(lease: Lease, cell: Cell, folder: Path) -> Iterator[Driver]:
    """Submit a cell's job to the cluster; on leaving, whatever the reason, it has ended."""
    state, prefix = own(lease), attempt_uri(lease, folder)
    put = upload(lease, cell, folder, cell.scenario)
    machine = Catalogue.default().machine_type(lease.scenario.machine_type)
    executors = max(1, lease.scenario.workers + lease.scenario.spot_workers)
    job = DataprocJob(
        cluster=str(lease.cluster()["cluster_name"]),
        lease=lease.id,
        scenario=lease.scenario.name,
        expires_at=datetime.fromisoformat(lease.state.expires_at),
        attempt=prefix,
        main_uri=put.main,
        package_uri=put.workloads,
        arguments=put.arguments,
        time_limit_s=cell.timeout_s,
        environment={"BAKEOFF_BUCKET": state.settings.bucket},
        properties=package.spark_properties(machine, executors, put.eventlog),
    )
    clients = clients_of(lease)
    with dataproc.submit(clients, job, folder / "logs") as driver:
        yield _Named(driver, job.job_id)


def upload(lease: Lease, cell: Cell, folder: Path, shape: Scenario) -> Package:
    """Put what a cell's job needs into the bucket; its configuration, which may follow from the shape, stays here, too."""
    (folder / "job").mkdir(exist_ok=True)
    images = own(lease).images_uri or f"{lease_uri(lease)}/images"
    chosen = settings(cell.workload, shape, images, f"{lease_uri(lease)}/{cell.workload}", cell.configuration)
    ours = cell.script is None
    put = package.upload(
        attempt_uri(lease, folder),
        workload=cell.workload if ours else None,
        configuration=chosen if ours else None,
        script=Path(cell.script) if cell.script else None,
        args=cell.args,
    )
    if ours:
        (folder / "job" / "config.json").write_text(json.dumps(chosen, indent=1) + "\n", encoding="utf-8")
    return put


def fetch(lease: Lease, folder: Path) -> list[str]:
    """Fetch the job's output and, where there is one, Spark's event log; says what is missing, and why."""
    prefix = attempt_uri(lease, folder)
    try:
        package.fetch(f"{prefix}/out", folder / "job")
        package.fetch(f"{prefix}/eventlog", lease.eventlog_dir)
    except (WorkloadError, OSError) as error:
        return [f"not all of the job's output could be read from {prefix}: {error}"]
    return []


class _Named:
    """A driver that says what the service calls its job."""

    def __init__(self, driver: dataproc.DataprocDriver, job_id: str) -> None:
        self._driver = driver
        self.job_id: str | None = job_id

    @property
    def exit_code(self) -> int | None:
        return self._driver.exit_code

    @property
    def flaw(self) -> str | None:
        """Why the figures cannot be trusted although the job ended well."""
        return "; ".join(self._driver.attempt_failures) or None

    def poll(self) -> int | None:
        return self._driver.poll()

    def progress(self) -> tuple[int, int, str]:
        return self._driver.progress()

    def cancel(self) -> None:
        self._driver.cancel()


def collect(lease: Lease, folder: Path, launched_at: float, ended_at: float) -> list[str]:
    """Fetch the job's output, Spark's event log and the node metrics; says what is missing, and why."""
    lives.look(lease, ended_at)  # a machine preempted meanwhile is paid for until now, not until the end of the lease
    seen = lives.of_attempt(lease, launched_at, ended_at)
    spot = {
        life.node: Catalogue.default().machine_type(life.machine_type).vcpus for life in seen if lives.is_spot(life)
    }
    gone = {life.node for life in seen if life.gone_by} - {life.node for life in seen if not life.gone_by}
    missing = [f"{node} was preempted or replaced: it has no samples to the end" for node in sorted(gone)]
    missing += fetch(lease, folder)
    try:
        found = monitoring.collect(
            clients_of(lease),
            cluster_name(lease),
            vcpus(lease) | spot,
            launched_at,
            ended_at,
            gone=gone,
            wait_s=monitoring.VISIBLE_AFTER_S,
        )
    except CloudError as error:
        return [*missing, f"no samples of any node: {error}"]
    lines = "".join(json.dumps(row) + "\n" for row in found.rows)
    (folder / "nodes.jsonl").write_text(lines, encoding="utf-8")
    return [*missing, *found.missing]


def cluster_name(lease: Lease) -> str:
    """As ``infra/targets/dataproc/terraform`` names it."""
    return f"bakeoff-{lease.id}"


def vcpus(lease: Lease) -> dict[str, int]:
    """vCPUs of each node that has a name beforehand; spot workers have none."""
    shape = lease.scenario
    return {
        name: Catalogue.default().machine_type(shape.master_machine_type if name == "m" else shape.machine_type).vcpus
        for name in lease.node_names
    }
