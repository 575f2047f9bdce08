"""One lease through its changes: a dead daemon, a smaller shape, an interrupted attempt, the end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from infra.base import processes
from infra.base.options import Options
from infra.base.progress import Silent
from infra.clusters import lifecycle, teardown
from infra.leases import lease as leases
from infra.leases.lease import Lease
from infra.targets.local import host, launch, leftovers
from infra.targets.local.lease import state_of
from infra.targets.local.spec import node_specs
from infra.targets.local.state import NodeState
from infra.targets.local.target import TARGET
from tests.support.waiting import wait_for
from workloads.record import Scenario

SHAPE = Scenario(
    name="three-small",
    workers=3,
    machine_type="n1-standard-1",
    master_machine_type="n1-standard-1",
    disk_type="pd-ssd",
    disk_gb=100,
)


def pids(lease: Lease) -> dict[str, int]:
    """The first daemon of each node."""
    states = {spec.node: NodeState.read(spec.state_path) for spec in node_specs(lease.directory)}
    return {node: state.daemons[0].pid for node, state in states.items() if state}


def test_the_first_lease_of_a_process_finds_out_what_can_be_isolated(tmp_path: Path) -> None:
    host.capabilities.cache_clear()
    lease = lifecycle.create(SHAPE, Options(tmp_path, "auto", 0.15))
    assert state_of(lease).isolation == host.capabilities(tmp_path)


@pytest.mark.slow
@pytest.mark.xdist_group("host")
@pytest.mark.timeout(900)
def test_a_lease_is_mended_shrinks_and_goes(tmp_path: Path) -> None:
    lease = lifecycle.create(SHAPE, Options(tmp_path, "none", 0.15), kept=True)
    try:
        lifecycle.apply(lease, Silent())
        first = pids(lease)
        assert set(first) == {"store", "m", "w-0", "w-1", "w-2"}
        assert lifecycle.terraform_of(lease, TARGET.provisioner).plan() == []
        assert leases.standing(tmp_path, SHAPE.name) is not None

        os.kill(first["w-1"], signal.SIGKILL)
        wait_for(lambda: lifecycle.dead_parts(lease))
        assert lifecycle.dead_parts(lease) == ["w-1"]
        lifecycle.apply(lease, Silent())
        mended = pids(lease)
        assert mended["w-1"] != first["w-1"]
        assert {n: p for n, p in mended.items() if n != "w-1"} == {n: p for n, p in first.items() if n != "w-1"}

        lease.update(scenario=SHAPE.model_copy(update={"workers": 2}))
        lifecycle.write_root(lease)
        lifecycle.apply(lease, Silent())
        assert pids(lease) == {n: p for n, p in mended.items() if n != "w-2"}
        assert [n.node for n in TARGET.observer.describe(lease, 0.0).nodes] == ["m", "w-0", "w-1"]

        leftover = leave_an_attempt(lease)
        TARGET.jobs.reset(lease)
        assert leftover.wait(60) == -signal.SIGKILL
        assert list(lease.eventlog_dir.iterdir()) == []
        assert pids(lease) == {n: p for n, p in mended.items() if n != "w-2"}
        assert lifecycle.dead_parts(lease) == []
    finally:
        proof = teardown.tear_down(lease, tmp_path, Silent())
    assert proof.left == []
    assert not lease.directory.exists()
    assert [str(item) for item in leftovers.find(lease.id)] == []


def leave_an_attempt(lease: Lease) -> subprocess.Popen[bytes]:
    """A driver and an event log, as an attempt whose client was killed leaves them."""
    (lease.eventlog_dir / "app-1.inprogress").write_text("{}")
    spec = next(spec for spec in node_specs(lease.directory) if spec.node == "m")
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], env=launch.environment(spec))
    wait_for(
        lambda: process.pid in {found.pid for found in processes.find_marked(lease.id)}
    )  # a moment after it is there
    return process


def test_a_lease_made_by_an_older_version_is_still_a_lease(tmp_path: Path) -> None:
    lease = lifecycle.create(SHAPE, Options(tmp_path, "none", 0.15), kept=True)
    path = lease.directory / "lease.json"
    path.write_text(path.read_text().replace("{", '{"a_field_of_another_version": 1,', 1))
    assert [found.id for found in leases.all_leases(tmp_path)] == [lease.id]
    assert leases.headless(tmp_path) == []


@pytest.mark.parametrize("form", ["flat", "by target"])
def test_a_lease_of_an_earlier_version_is_read(tmp_path: Path, form: str) -> None:
    lease = lifecycle.create(SHAPE, Options(tmp_path, "none", 0.15), kept=True)
    path = lease.directory / "lease.json"
    state = json.loads(path.read_text())
    part = state.pop("target_state")
    if form == "flat":  # from before there were two targets
        del state["target"]
        path.write_text(json.dumps({**state, **part}))
    else:
        path.write_text(json.dumps({**state, "local": part, "gcp": None}))
    (found,) = leases.all_leases(tmp_path)
    assert found.state.target == "local" and state_of(found) == state_of(lease)
    found.update(attempts=3)
    (again,) = leases.all_leases(tmp_path, "local")
    assert again.state.attempts == 3 and state_of(again) == state_of(lease)
    assert leases.all_leases(tmp_path, "gcp") == []
