"""A stand-in for the node program, so that Terraform's part can be tested alone: it writes down what it was asked."""

from __future__ import annotations

import json
import secrets
from pathlib import Path

import psutil

from infra.targets.local.provisioner import ROOT
from infra.terraform.client import LEASE_VARIABLE, prepare_root

NODES = {"store", "m", "w-0", "w-1", "w-2", "w-3"}

SHAPE = {
    "name": "four-small-ssd",
    "workers": 4,
    "machine_type": "n1-standard-2",
    "master_machine_type": "n1-standard-2",
    "disk_type": "pd-ssd",
    "disk_gb": 200,
}

# Called as Python would be: stub -m infra.targets.local.node start|stop
_STUB = """#!/bin/sh
node=$(printf %s "$BAKEOFF_NODE_SPEC" | sed 's/.*"node":"\\([^"]*\\)".*/\\1/')
printf %s "$BAKEOFF_NODE_SPEC" > "{directory}/$3-$node.json"
echo "$3 $node" >> "{directory}/log"
if [ "$3" = start ] && [ -e "{directory}/fail-$node" ]; then echo "no room for $node" >&2; exit 7; fi
if [ "$3" = start ] && [ -e "{directory}/sleep-$node" ]; then exec sleep 600; fi
exit 0
"""


class StubCluster:
    """A prepared root module whose nodes are started by the stub."""

    def __init__(self, directory: Path, lease_id: str | None = None) -> None:
        self.directory = directory
        self.lease_id = lease_id or f"t{secrets.token_hex(3)[1:]}"  # no other test run on this host has the same
        self.root = prepare_root(directory / "terraform", ROOT, "local")
        stub = directory / "stub"
        stub.write_text(_STUB.format(directory=directory), encoding="utf-8")
        stub.chmod(0o755)
        self.write()

    def write(self, **changes: object) -> None:
        """Write the variables, with changes of the shape."""
        variables = {
            **SHAPE,
            "lease_id": self.lease_id,
            "lease_dir": str(self.directory),
            "project_dir": str(self.directory),
            "python": str(self.directory / "stub"),
            "isolation": "none",
            "network_cidr": "127.7.8.0/24",
            "local_cores_per_vcpu": 0.15,
            "storage_port": 4443,
            "master_port": 7077,
            "master_webui_port": 8080,
            **changes,
        }
        (self.root / "lease.auto.tfvars.json").write_text(json.dumps(variables), encoding="utf-8")

    def asked(self) -> list[str]:
        """What the node program was asked since the last call, such as "start w-0"."""
        log = self.directory / "log"
        lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        return lines

    def misbehave(self, how: str, node: str) -> None:
        """From now on the start of this node fails ("fail") or takes ten minutes ("sleep")."""
        (self.directory / f"{how}-{node}").touch()

    def behave(self) -> None:
        for path in [*self.directory.glob("fail-*"), *self.directory.glob("sleep-*")]:
            path.unlink()


def marked(lease_id: str) -> list[psutil.Process]:
    """Living processes that carry the lease's mark."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(LEASE_VARIABLE) == lease_id and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found
