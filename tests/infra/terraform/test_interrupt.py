"""Terraform, or its client, ended in the middle of an apply."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from infra.base import paths
from infra.base.errors import TerraformError
from infra.targets.local.provisioner import node_started
from infra.terraform.binary import CHOICE_VARIABLE, Binary
from infra.terraform.client import LOCK_FILE, STATE_FILE, Terraform
from infra.terraform.process import Event, TerraformProcess
from tests.support.terraform.stub import StubCluster, marked
from tests.support.waiting import wait_for

pytestmark = pytest.mark.xdist_group("host")  # processes with a lease in their environment

_CLIENT = """
import sys
from pathlib import Path
from infra.terraform.client import Terraform
Terraform(Path(sys.argv[1]), lease_id=sys.argv[2]).apply()
"""


def test_an_interrupted_apply_stops_and_keeps_its_state(cluster: StubCluster, terraform: Terraform) -> None:
    cluster.misbehave("sleep", "w-0")

    def interrupt(event: Event) -> None:
        if node_started(event) == "w-1":
            raise KeyboardInterrupt

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        terraform.apply(on_event=interrupt)
    assert time.monotonic() - began < 250, "the start of ten minutes was waited for"
    assert marked(cluster.lease_id) == []
    assert terraform.has_state()
    cluster.asked()
    terraform.destroy()
    assert {"stop w-0", "stop w-1", "stop m", "stop store"} <= set(cluster.asked())


def at_rest(state: Path) -> bool:
    """Whether Terraform has written its state and writes no more for now: it does at the end of each resource."""
    if not state.exists():
        return False
    before = state.read_bytes()
    time.sleep(1)
    return before.endswith(b"}\n") and state.read_bytes() == before


def killed(
    cluster: StubCluster, terraform: Terraform, binary: Binary, victim: Callable[[subprocess.Popen[bytes]], int]
) -> None:
    """Apply in a client of its own, and kill ``victim`` while w-0 starts and all else has ended."""
    cluster.misbehave("sleep", "w-0")
    environment = {**os.environ, CHOICE_VARIABLE: binary.program}
    client = subprocess.Popen(
        [sys.executable, "-c", _CLIENT, str(cluster.root), cluster.lease_id],
        cwd=paths.PROJECT_DIR,
        env=environment,
        stderr=subprocess.DEVNULL,
    )
    try:
        log = cluster.directory / "log"
        wait_for(lambda: log.exists() and "start w-0" in log.read_text(encoding="utf-8"))
        wait_for(lambda: at_rest(terraform.root_dir / STATE_FILE))
        os.kill(pid := victim(client), signal.SIGKILL)
        if pid != client.pid:
            client.wait(120)  # it ends with its Terraform
    finally:
        client.kill()
        client.wait()


def terraform_pid(cluster: StubCluster) -> int:
    """The process that carries the mark and has it from nobody: Terraform, not what Terraform started."""
    parents: dict[int, int] = {}
    for process in marked(cluster.lease_id):
        with suppress(psutil.NoSuchProcess):  # a stub that has ended meanwhile
            parents[process.pid] = process.ppid()
    return next(pid for pid, parent in parents.items() if parent not in parents)


def test_terraform_ends_with_a_killed_client(cluster: StubCluster, terraform: Terraform, binary: Binary) -> None:
    killed(cluster, terraform, binary, lambda client: client.pid)
    wait_for(lambda: not marked(cluster.lease_id))
    terraform.unlock()
    assert terraform.has_state()
    cluster.asked()
    terraform.destroy()
    assert "stop w-0" in cluster.asked()


def test_the_lock_of_a_killed_terraform_is_freed(cluster: StubCluster, terraform: Terraform, binary: Binary) -> None:
    killed(cluster, terraform, binary, lambda client: terraform_pid(cluster))
    assert (terraform.root_dir / LOCK_FILE).exists()
    assert terraform.unlock()
    assert not terraform.unlock()
    for process in marked(cluster.lease_id):  # the stub that was starting w-0; clean does this for real nodes
        with suppress(psutil.NoSuchProcess):
            process.kill()
    terraform.destroy()
    assert not terraform.has_state()


def test_the_lock_of_a_living_terraform_is_kept(cluster: StubCluster, terraform: Terraform, binary: Binary) -> None:
    cluster.misbehave("sleep", "store")
    environment = {"BAKEOFF_LEASE": cluster.lease_id}
    process = TerraformProcess(
        binary.program, cluster.root, environment, "apply", "-json", "-auto-approve", "-input=false"
    )
    try:
        wait_for((cluster.directory / "log").exists)
        assert psutil.Process(terraform_pid(cluster)).ppid() == process.pid
        with pytest.raises(TerraformError, match="is locked"):
            terraform.unlock()
    finally:
        process.interrupt()
    assert marked(cluster.lease_id) == []


def test_a_state_cut_short_is_no_state(cluster: StubCluster, terraform: Terraform) -> None:
    (terraform.root_dir / STATE_FILE).write_text('{"resources": [', encoding="utf-8")
    assert not terraform.has_state()
