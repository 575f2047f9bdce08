"""Nodes of a small cluster, started and stopped as Terraform does it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from infra.base.paths import PROJECT_DIR
from infra.targets.local.spec import SPEC_VARIABLE, NodeSpec

MakeSpec = Callable[..., NodeSpec]


class Cluster:
    """Nodes of one lease, started and stopped as Terraform does it: one process each, in parallel."""

    def __init__(self, specs: list[NodeSpec]) -> None:
        self.specs = {spec.node: spec for spec in specs}
        self.lease_id = specs[0].lease_id

    def run(self, action: str, *nodes: str) -> dict[str, subprocess.CompletedProcess[str]]:
        """``node start|stop`` for these nodes (default: all); by node, how it ended."""
        names = nodes or tuple(self.specs)
        with ThreadPoolExecutor(len(names)) as pool:
            return dict(zip(names, pool.map(lambda name: self._run(action, name), names), strict=True))

    def _run(self, action: str, node: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "infra.targets.local.node", action],
            cwd=PROJECT_DIR, env={**os.environ, SPEC_VARIABLE: self.specs[node].model_dump_json()},
            capture_output=True, text=True, timeout=600,
        )  # fmt: skip

    def start(self) -> None:
        ended = self.run("start")
        assert {node: done.returncode for node, done in ended.items()} == dict.fromkeys(ended, 0), [
            done.stderr for done in ended.values()
        ]
