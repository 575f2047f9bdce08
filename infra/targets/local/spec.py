"""What Terraform says about one node, where its files lie, and what its parts are called on this host.

Everything of a lease is recognised by its name (``bo-<lease>-...``, ``bakeoff-<lease>``) or by the environment of its
processes (``BAKEOFF_LEASE``, ``BAKEOFF_NODE``); nothing else is ever touched.
"""

from __future__ import annotations

import ipaddress
import os
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from infra.base.errors import UsageError

SPEC_VARIABLE = "BAKEOFF_NODE_SPEC"
LEASE_ID_PATTERN = r"^[a-z][a-z0-9]{5}$"

Role = Literal["master", "worker", "single", "store"]


class NodeSpec(BaseModel):
    """One node as Terraform's provisioner gets it. The object store is the pseudo-node ``store``, without limits."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    lease_id: str = Field(pattern=LEASE_ID_PATTERN)
    lease_dir: Path
    node: str = Field(pattern=r"^(m|w-[0-9]{1,2}|store)$")
    role: Role
    address: str
    network_cidr: str
    isolation: Literal["namespaces", "none"]
    machine_type: str = ""
    vcpus: int = Field(default=0, ge=0)
    memory_gb: float = Field(default=0, ge=0)
    disk_type: str = ""
    disk_gb: int = Field(default=0, ge=0)
    local_cores_per_vcpu: float = Field(gt=0, le=4)
    master_url: str
    master_port: int = Field(ge=1, le=65535)
    master_webui_port: int = Field(ge=1, le=65535)
    storage_endpoint: str
    storage_port: int = Field(ge=1, le=65535)
    workers: int = Field(ge=0)

    @model_validator(mode="before")
    @classmethod
    def _null_is_absent(cls, data: object) -> object:
        """Terraform writes null for what a node does not have."""
        return {k: v for k, v in data.items() if v is not None} if isinstance(data, dict) else data

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if ipaddress.ip_address(self.address) not in ipaddress.ip_network(self.network_cidr):
            raise ValueError(f"address must lie in network_cidr; got {self.address} and {self.network_cidr}")
        if self.role != "store" and not (self.machine_type and self.vcpus and self.memory_gb and self.disk_type):
            raise ValueError(
                "a node needs machine_type, vcpus, memory_gb and disk_type; "
                f"got {self.machine_type!r}, {self.vcpus}, {self.memory_gb}, {self.disk_type!r}"
            )
        return self

    @property
    def node_dir(self) -> Path:
        return self.lease_dir / "nodes" / self.node

    @property
    def logs_dir(self) -> Path:
        return self.node_dir / "logs"

    @property
    def work_dir(self) -> Path:
        """Where Spark's worker keeps the files and logs of each application."""
        return self.node_dir / "work"

    @property
    def disk_dir(self) -> Path:
        """The node's own disk: shuffle, spill, staged data."""
        return self.node_dir / "disk"

    @property
    def tmp_dir(self) -> Path:
        return self.node_dir / "tmp"

    @property
    def state_path(self) -> Path:
        return self.node_dir / "state.json"

    @property
    def probe_path(self) -> Path:
        return self.node_dir / "probe.json"

    @property
    def store_dir(self) -> Path:
        """Files of the object store."""
        return self.lease_dir / "store"

    @property
    def bucket(self) -> str:
        return f"bakeoff-{self.lease_id}"

    @property
    def namespace(self) -> str:
        return f"bo-{self.lease_id}-{self.node}"

    @property
    def veth(self) -> str:
        """Host side of the node's cable; the other end is eth0 in the namespace."""
        return f"bo-{self.lease_id}-{self.node}"

    @property
    def bridge(self) -> str:
        return f"bo-{self.lease_id}-br"

    @property
    def bridge_address(self) -> str:
        """The host's own address in the lease's network: the first one."""
        return str(next(ipaddress.ip_network(self.network_cidr).hosts()))

    @property
    def prefix_length(self) -> int:
        return ipaddress.ip_network(self.network_cidr).prefixlen

    @property
    def cgroup(self) -> str:
        return f"bakeoff-{self.lease_id}/{self.node}"

    @property
    def master_webui(self) -> str:
        """The master's web page; ``/json`` below it lists the workers."""
        host = self.master_url.removeprefix("spark://").rsplit(":", 1)[0]
        return f"http://{host}:{self.master_webui_port}"

    @property
    def isolated(self) -> bool:
        return self.isolation == "namespaces"

    @classmethod
    def from_environment(cls) -> NodeSpec:
        """The spec that Terraform's provisioner passes in ``BAKEOFF_NODE_SPEC``.

        Raises:
            UsageError: the variable is missing or does not hold a valid spec.
        """
        text = os.environ.get(SPEC_VARIABLE)
        if not text:
            raise UsageError(f"{SPEC_VARIABLE} must hold the node's spec as JSON; it is not set. Terraform sets it.")
        return cls.parse(text, SPEC_VARIABLE)

    @classmethod
    def load(cls, node_dir: Path) -> NodeSpec:
        """The spec that ``node start`` left in ``nodes/<node>/spec.json``."""
        path = node_dir / "spec.json"
        try:
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            raise UsageError(f"No node was ever started in {node_dir}: {error}.") from error
        return cls.parse(text, str(path))

    @classmethod
    def parse(cls, text: str, source: str) -> NodeSpec:
        """Validate JSON. Raises UsageError that names the source and each wrong field."""
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            wrong = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'spec'}: {e['msg']}" for e in error.errors())
            raise UsageError(f"{source} does not hold a valid node spec: {wrong}.") from error


def node_specs(lease_dir: Path) -> list[NodeSpec]:
    """Specs of the nodes ever started in a lease, the store included, sorted by name."""
    return [NodeSpec.load(path.parent) for path in sorted(lease_dir.glob("nodes/*/spec.json"))]
