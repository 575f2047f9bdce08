"""TF_CONFIG: who trains together, as TensorFlow and Vertex AI tell it."""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass

from workloads.errors import ConfigError, InvalidRun


@dataclass(frozen=True)
class ClusterSpec:
    """The processes that train together, and which of them this one is. Process 0 is the chief."""

    addresses: list[str]  # host:port of each process, chief first
    index: int
    tf_config: str  # as it is set in the environment of the process

    @classmethod
    def parse(cls, tf_config: str) -> ClusterSpec:
        """Read TF_CONFIG.

        Raises:
            ConfigError: it is not as https://www.tensorflow.org/guide/distributed_training#tf_config describes.
        """
        try:
            told = json.loads(tf_config)
            cluster, task = told["cluster"], told["task"]
            chiefs, workers = list(cluster.get("chief", [])), list(cluster.get("worker", []))
            index = int(task["index"]) + (len(chiefs) if task["type"] == "worker" else 0)
            addresses = [*chiefs, *workers]
            if task["type"] not in ("chief", "worker") or not 0 <= index < len(addresses):
                raise ValueError(f"task {task}")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ConfigError(
                'TF_CONFIG must be {"cluster": {"worker": ["host:port", ...]}, "task": {"type": "worker", "index": 0}}, '
                f"with or without a chief; received {tf_config!r} ({error!r})"
            ) from error
        return cls(addresses, index, tf_config)

    @classmethod
    def of_workers(cls, addresses: list[str], index: int) -> ClusterSpec:
        """The cluster of equal workers at these addresses."""
        told = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
        return cls(addresses, index, json.dumps(told))

    @property
    def hosts(self) -> list[str]:
        """Host of each process, without its port."""
        return [address.rpartition(":")[0] for address in self.addresses]


def check_nodes(hosts: list[str]) -> None:
    """A run of several workers is about several machines.

    Raises:
        InvalidRun: fewer than two different addresses.
    """
    if len(set(hosts)) < 2:
        raise InvalidRun(
            f"multi_worker_mirrored needs workers on at least 2 nodes with different addresses; they are at {hosts}; "
            "use a scenario with 2 or more workers"
        )


def free_port(host: str) -> int:
    """A port of this node that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port
