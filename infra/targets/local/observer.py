"""What the nodes of a lease did and really got on this host, for its records."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from infra.leases.lease import Lease
from infra.targets.base import Description, Observer
from infra.targets.local import isolation, sizing
from infra.targets.local.lease import state_of
from infra.targets.local.sampling import sampled
from infra.targets.local.spec import NodeSpec, node_specs
from workloads.record import Isolation, NodeLimits


class LocalObserver(Observer):
    """Samples nodes itself; all that a job leaves lies in its place already."""

    def sampled(self, lease: Lease, folder: Path) -> AbstractContextManager[Callable[[], str | None]]:
        return sampled(lease, folder)

    def logs(self, lease: Lease, folder: Path) -> None:
        """The daemons' logs, which stay, and the executors', which go with their application."""
        for spec in node_specs(lease.directory):
            if spec.logs_dir.is_dir():
                shutil.copytree(spec.logs_dir, folder / spec.node, dirs_exist_ok=True)
            for path in spec.work_dir.glob("app-*/*/std*"):
                kept = folder / spec.node / "executors" / "-".join(path.relative_to(spec.work_dir).parts)
                kept.parent.mkdir(parents=True, exist_ok=True)
                shutil.move(path, kept)
            for path in spec.work_dir.glob("app-*"):
                shutil.rmtree(path, ignore_errors=True)

    def describe(self, lease: Lease, launched_at: float) -> Description:
        """What each node really had, what kept the nodes apart, and the share of the host that stood for a vCPU."""
        state = state_of(lease)
        specs = [spec for spec in node_specs(lease.directory) if spec.role != "store"]
        found = isolation.with_probes(state.isolation, lease.directory)
        limits = [_limits(spec, isolation.read_probe(spec), found) for spec in specs]
        return Description(limits, found, {"local_cores_per_vcpu": state.local_cores_per_vcpu})


def _limits(spec: NodeSpec, probe: dict[str, float] | None, found: Isolation) -> NodeLimits:
    size = sizing.limits(spec)
    share = spec.local_cores_per_vcpu
    throttled = found.disk is not None and probe is not None
    return NodeLimits(
        node=spec.node,
        role="single" if spec.role == "single" else "master" if spec.role == "master" else "worker",
        address=spec.address,
        machine_type=spec.machine_type,
        nominal_vcpus=spec.vcpus,
        nominal_memory_gb=spec.memory_gb,
        actual_cores=size.cores if found.cpu else None,
        actual_memory_mb=size.memory_mb if found.memory else None,
        nominal_disk_read_mb_s=size.disk_read_bytes_s / share / 1e6,
        nominal_disk_read_iops=size.disk_read_iops / share,
        actual_disk_read_mb_s=size.disk_read_bytes_s / 1e6 if throttled else None,
        actual_disk_write_mb_s=size.disk_write_bytes_s / 1e6 if throttled else None,
        actual_disk_read_iops=size.disk_read_iops if throttled else None,
        actual_disk_write_iops=size.disk_write_iops if throttled else None,
        actual_network_mbit_s=size.network_bit_s / 1e6 if found.network else None,
        probed_disk_read_mb_s=probe["measured_read_mb_s"] if probe else None,
        probed_disk_read_iops=probe["measured_read_iops"] if probe else None,
    )
