"""How large a node is on this host: what Google publishes, times one constant share. The only place that says so."""

from __future__ import annotations

import os
from dataclasses import dataclass

import psutil

from infra.catalogue import Catalogue
from infra.targets.local.spec import NodeSpec
from workloads.record import Scenario

MIB = 1024 * 1024
GIB = 1024 * MIB
MEMORY_FLOOR_GIB = 1.0  # a JVM, its worker daemon and two Python workers do not start in less
STORE_MEMORY_MB = 256  # fake-gcs-server with files on disk: 34 MB at rest, more while large objects pass
HOST_RESERVE_CORES = 0.5  # for object store and sampler
REFERENCE_VCPUS = 10  # four-small-*: four workers and a master of two vCPUs each


@dataclass(frozen=True)
class Limits:
    """What a node may use of this host."""

    cores: float  # host cores
    memory_bytes: int
    disk_read_bytes_s: int
    disk_write_bytes_s: int
    disk_read_iops: int
    disk_write_iops: int
    network_bit_s: int  # what leaves the node; Google does not limit what arrives

    @property
    def memory_mb(self) -> int:
        """MiB."""
        return self.memory_bytes // MIB


def default_cores_per_vcpu() -> float:
    """(host cores - 0.5) / 10: 0.15 on two cores, so that ten vCPUs, store and sampler fill the host."""
    return round(max(0.05, ((os.cpu_count() or 1) - HOST_RESERVE_CORES) / REFERENCE_VCPUS), 4)


def memory_bytes(memory_gb: float, share: float) -> int:
    """Memory of a node with ``memory_gb`` GiB nominal: never below the floor."""
    return int(max(memory_gb * share, MEMORY_FLOOR_GIB) * GIB)


def limits(spec: NodeSpec) -> Limits:
    """Nominal sizes x ``local_cores_per_vcpu``. Raises UsageError for an unknown machine or disk type."""
    share = spec.local_cores_per_vcpu
    catalogue = Catalogue.default()
    machine = catalogue.machine_type(spec.machine_type)
    disk = catalogue.disk_limits(spec.disk_type, spec.disk_gb, machine)
    return Limits(
        cores=round(spec.vcpus * share, 4),
        memory_bytes=memory_bytes(spec.memory_gb, share),
        disk_read_bytes_s=max(int(disk.read_mib_s * MIB * share), 1),
        disk_write_bytes_s=max(int(disk.write_mib_s * MIB * share), 1),
        disk_read_iops=max(round(disk.read_iops * share), 1),
        disk_write_iops=max(round(disk.write_iops * share), 1),
        network_bit_s=int(machine.network_egress_gbit_s * 1e9 * share),
    )


def memory_needed_mb(scenario: Scenario, share: float) -> int:
    """Memory (MiB) that all nodes of a scenario and the object store may use together on this host."""
    types = Catalogue.default().machine_type
    master = memory_bytes(types(scenario.master_machine_type or scenario.machine_type).memory_gb, share)
    worker = memory_bytes(types(scenario.machine_type).memory_gb, share)
    nodes = master + scenario.workers * worker if scenario.workers else worker
    return nodes // MIB + STORE_MEMORY_MB


def memory_available_mb() -> int:
    """Memory (MiB) that the host can give without swapping."""
    return psutil.virtual_memory().available // MIB


def memory_total_mb() -> int:
    """Memory (MiB) of the host."""
    return psutil.virtual_memory().total // MIB
