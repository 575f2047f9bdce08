"""What the nodes of a lease really got on this host, for its records."""

from __future__ import annotations

from pathlib import Path

from infra.targets.local import isolation, sizing
from infra.targets.local.spec import NodeSpec, specs_of
from workloads.record import Isolation, NodeLimits


def describe(lease_dir: Path, promised: Isolation) -> tuple[list[NodeLimits], Isolation]:
    """What each node really had, and what kept the nodes apart."""
    specs = [spec for spec in specs_of(lease_dir) if spec.role != "store"]
    found = isolation.with_probes(promised, lease_dir)
    return [_limits(spec, isolation.read_probe(spec), found) for spec in specs], found


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
