"""What the nodes of a Dataproc cluster are: on Google Cloud a node gets what its machine type says."""

from __future__ import annotations

import time
from typing import Literal

from infra.catalogue import Catalogue, MachineType
from infra.leases.lease import Lease
from infra.targets.dataproc import lives
from infra.targets.google.lease_state import own
from workloads.record import Isolation, NodeLimits, Scenario

Role = Literal["master", "worker", "single"]

ISOLATION = Isolation(mode="cloud", cpu="machine", memory="machine", network="machine", disk="persistent disk")
MB_PER_MIB = 2**20 / 1e6


def describe(lease: Lease, launched_at: float) -> tuple[list[NodeLimits], Isolation]:
    """Published sizes and limits of each node; of the spot workers, whose names are Dataproc's, those seen since then."""
    own(lease)
    seen = lives.of_attempt(lease, launched_at, time.time())
    spot = sorted({life.node for life in seen if lives.is_spot(life)})
    return [_of_node(lease, name) for name in [*lease.node_names, *spot]], ISOLATION


def _of_node(lease: Lease, name: str) -> NodeLimits:
    shape = lease.scenario
    machine = Catalogue.default().machine_type(shape.master_machine_type if name == "m" else shape.machine_type)
    role: Role = "worker" if name != "m" else "master" if shape.workers else "single"
    return limits(name, role, f"bakeoff-{lease.id}-{name}", machine, shape)


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
