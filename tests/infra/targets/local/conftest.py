"""Specs of small clusters, and a lease that is swept away whatever a test did to it."""

from __future__ import annotations

import random
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.catalogue import Catalogue
from infra.targets.local import leftovers
from infra.targets.local.spec import NodeSpec
from tests.support.nodes import Cluster, MakeSpec


@pytest.fixture
def make_spec(tmp_path: Path) -> MakeSpec:
    """A valid spec of a worker; keywords change fields."""

    def make(**changes: Any) -> NodeSpec:
        fields: dict[str, Any] = {
            "lease_id": "ta0000", "lease_dir": tmp_path / "ta0000", "node": "w-0", "role": "worker",
            "address": "10.76.1.20", "network_cidr": "10.76.1.0/24", "isolation": "namespaces",
            "machine_type": "n1-standard-2", "vcpus": 2, "memory_gb": 7.5, "disk_type": "pd-ssd", "disk_gb": 200,
            "local_cores_per_vcpu": 0.15, "master_url": "spark://10.76.1.10:7077", "master_port": 7077,
            "master_webui_port": 8080, "storage_endpoint": "http://10.76.1.1:4443", "storage_port": 4443, "workers": 1,
        }  # fmt: skip
        return NodeSpec.model_validate({**fields, **changes})

    return make


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


@pytest.fixture
def make_cluster(make_spec: MakeSpec, tmp_path: Path) -> Iterator[Callable[..., Cluster]]:
    """A store, a master and workers (0: a single node) under a lease id of their own; nothing of it outlives the test."""
    made: list[str] = []

    def make(isolation: str, workers: int = 1, disk_type: str = "pd-ssd") -> Cluster:
        lease_id = "t" + "".join(random.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=5))
        made.append(lease_id)
        third = random.randrange(1, 250)
        network = f"10.76.{third}" if isolation == "namespaces" else f"127.76.{third}"
        storage, master, webui = _free_ports(3)
        common = {
            "lease_id": lease_id, "lease_dir": tmp_path / lease_id, "network_cidr": f"{network}.0/24",
            "isolation": isolation, "workers": workers, "disk_type": disk_type,
            "master_url": f"spark://{network}.10:{master}", "master_port": master, "master_webui_port": webui,
            "storage_endpoint": f"http://{network}.1:{storage}", "storage_port": storage,
        }  # fmt: skip
        specs = [make_spec(**common, node="store", role="store", address=f"{network}.1")]
        role = "master" if workers else "single"
        specs.append(make_spec(**common, node="m", role=role, address=f"{network}.10"))
        specs += [
            make_spec(**common, node=f"w-{i}", role="worker", address=f"{network}.{20 + i}") for i in range(workers)
        ]
        assert Catalogue.default().machine_type(specs[1].machine_type).vcpus == specs[1].vcpus
        return Cluster(specs)

    yield make
    for lease_id in made:
        for _ in range(3):
            for item in leftovers.find(lease_id):
                leftovers.remove(item)
