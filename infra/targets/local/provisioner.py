"""A local cluster by Terraform: what its root is told, and which daemons must be replaced."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from infra.base import paths
from infra.leases.lease import Lease
from infra.targets.base import Provisioner
from infra.targets.local import launch, node
from infra.targets.local.lease import state_of
from infra.targets.local.spec import node_specs
from infra.terraform.process import Event

ROOT = Path(__file__).resolve().parent / "terraform"


class LocalProvisioner(Provisioner):
    """Nodes are daemons of this host, which Terraform's provisioners start and stop; the state is a file."""

    root = ROOT
    grace_s = 10.0

    def variables(self, lease: Lease, lease_dir: Path) -> Mapping[str, object]:
        state = state_of(lease)
        return {
            **lease.scenario.model_dump(exclude_defaults=True),
            **state.model_dump(exclude={"isolation"}),
            "lease_id": lease.id,
            "lease_dir": str(lease_dir),
            "project_dir": str(paths.PROJECT_DIR),
            "python": launch.python(),
            "isolation": state.isolation.mode,
        }

    def parts(self, lease: Lease) -> list[str]:
        """The object store and the nodes."""
        return ["store", *lease.node_names]

    def part_of(self, event: Event) -> str | None:
        return node_started(event)

    def dead_parts(self, lease: Lease) -> dict[str, str | None]:
        """Nodes (store, m, w-0, ...) that do not answer any more; Terraform cannot see a dead daemon."""
        return {spec.node: resource_address(spec.node) for spec in node_specs(lease.directory) if node.health(spec)}


def resource_address(name: str) -> str:
    """Address of what to replace so that a node starts anew: m, w-0, ..., or store."""
    module = {"store": "module.object_store", "m": "module.master"}.get(name, f'module.worker["{name}"]')
    return f"{module}.terraform_data.slot"


def node_started(event: Event) -> str | None:
    """The node (m, w-0, ..., store) that is up according to this event of an apply; None for every other event."""
    if event.get("type") != "apply_complete" or event.get("hook", {}).get("action") != "create":
        return None
    resource = event["hook"]["resource"]
    if resource.get("resource_name") != "process":
        return None
    module = str(resource.get("module", ""))
    return {"module.object_store": "store", "module.master": "m"}.get(module, module[len('module.worker["') : -2])
