"""What a node is on Google Cloud: it gets what its machine type says."""

from __future__ import annotations

from typing import Literal

from infra.catalogue import Catalogue, MachineType
from workloads.record import Isolation, NodeLimits, Scenario

Role = Literal["master", "worker", "single"]

ISOLATION = Isolation(mode="cloud", cpu="machine", memory="machine", network="machine", disk="persistent disk")
MB_PER_MIB = 2**20 / 1e6


def limits(name: str, role: Role, address: str, machine: MachineType, shape: Scenario) -> NodeLimits:
    """What a machine of this type gets, with the scenario's disk."""
    disk = Catalogue.default().disk_limits(shape.disk_type, shape.disk_gb, machine)
    return NodeLimits(
        node=name,
        role=role,
        address=address,
        machine_type=machine.name,
        nominal_vcpus=machine.vcpus,
        nominal_memory_gb=machine.memory_gb,
        actual_cores=machine.vcpus,
        actual_memory_mb=int(machine.memory_gb * 1024),
        nominal_disk_read_mb_s=disk.read_mib_s * MB_PER_MIB,
        nominal_disk_read_iops=disk.read_iops,
        actual_disk_read_mb_s=disk.read_mib_s * MB_PER_MIB,
        actual_disk_write_mb_s=disk.write_mib_s * MB_PER_MIB,
        actual_disk_read_iops=disk.read_iops,
        actual_disk_write_iops=disk.write_iops,
        actual_network_mbit_s=machine.network_egress_gbit_s * 1000,
        probed_disk_read_mb_s=None,
        probed_disk_read_iops=None,
    )
