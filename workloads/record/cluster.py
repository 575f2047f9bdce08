"""The cluster of a run: its shape, what each node really got, and what kept the nodes apart."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from workloads.record.model import Model


class Scenario(Model):
    """The cluster shape, in Google Cloud's words. Version 1 knew those without a default."""

    name: str
    workers: int
    machine_type: str
    master_machine_type: str
    disk_type: str
    disk_gb: int
    spot_workers: int = 0  # secondary workers on Spot VMs, beside `workers`
    accelerator_type: str | None = None  # on each worker, or on the single node
    accelerator_count: int = 0  # per machine


class NodeLimits(Model):
    """What a node is nominally, and what it really got on this host."""

    node: str
    role: Literal["master", "worker", "single"]
    address: str
    machine_type: str
    nominal_vcpus: int
    nominal_memory_gb: float
    actual_cores: float | None  # None: not limited
    actual_memory_mb: int | None
    nominal_disk_read_mb_s: float
    nominal_disk_read_iops: float
    actual_disk_read_mb_s: float | None
    actual_disk_write_mb_s: float | None
    actual_disk_read_iops: float | None
    actual_disk_write_iops: float | None
    actual_network_mbit_s: float | None
    probed_disk_read_mb_s: float | None  # cold-cache probe at apply; None: not probed
    probed_disk_read_iops: float | None


class Isolation(Model):
    """What kept the nodes apart. Without all of it, no verdict between shapes is given."""

    mode: Literal["namespaces", "none", "cloud"]
    cpu: str | None  # how it was limited ("cgroup-v1", "cgroup-v2"), None: not at all
    memory: str | None
    network: str | None
    disk: str | None
    missing: list[str] = Field(default_factory=list)  # one sentence each: what is missing, and why

    @property
    def complete(self) -> bool:
        return all((self.cpu, self.memory, self.network, self.disk))
