"""Real nodes through ``node start|stop``: store, master and worker come up, work, keep their limits, and leave nothing."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.base import processes
from infra.base.paths import PROJECT_DIR
from infra.targets.local import freezer, isolation, launch, leftovers, network, node, spark, store
from infra.targets.local.cgroup import open_cgroup
from infra.targets.local.sizing import limits
from infra.targets.local.spec import NodeSpec, node_specs
from infra.targets.local.state import NodeState
from tests.support.nodes import Cluster, MakeSpec
from tests.support.waiting import wait_for
from workloads.record import NODE_COLUMNS

pytestmark = pytest.mark.timeout(900)
MakeCluster = Callable[..., Cluster]

SPIN = "import time\nend = time.time() + 3\nwhile time.time() < end: pass"


def _on(spec: NodeSpec, code: str) -> str:
    done = subprocess.run(
        launch.node_command(spec, [sys.executable, "-c", code]),
        env=launch.environment(spec), capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    return done.stdout


def _sample(lease_dir: Path, nodes: list[str], times: int) -> list[dict[str, object]]:
    """The rows of a sampler that is stopped once every node was sampled so many times."""
    out = lease_dir / "nodes.jsonl"
    argv = [
        sys.executable,
        "-m",
        "infra.targets.local.sampler",
        "--lease-dir",
        str(lease_dir),
        "--out",
        str(out),
        "--nodes",
        *nodes,
    ]
    process = subprocess.Popen(argv, cwd=PROJECT_DIR)
    try:
        wait_for(
            lambda: process.poll() is not None or (out.exists() and out.read_text().count("\n") >= times * len(nodes))
        )
        assert process.poll() is None
    finally:
        process.terminate()
        process.wait()
    return [json.loads(line) for line in out.read_text().splitlines()]


def _daemons(lease_id: str) -> list[processes.Marked]:
    return [found for found in processes.find_marked(lease_id) if found.command.startswith("java")]


def _all_healthy(cluster: Cluster) -> None:
    """Each answers; on a busy machine perhaps not at once."""
    wait_for(lambda: not any(node.health(spec) for spec in cluster.specs.values()))


def _nothing_left(lease_id: str) -> None:
    assert [str(item) for item in leftovers.find(lease_id)] == []


@pytest.mark.isolation
def test_a_cluster_with_isolation_keeps_its_limits_and_leaves_nothing(make_cluster: MakeCluster) -> None:
    cluster = make_cluster("namespaces", workers=1, disk_type="pd-standard")
    cluster.start()
    worker = cluster.specs["w-0"]
    assert [spec.node for spec in node_specs(worker.lease_dir)] == ["m", "store", "w-0"]
    _all_healthy(cluster)
    assert store.answers(cluster.specs["store"])
    assert len(spark.registered_workers(worker) or ()) == 1

    size = limits(worker)
    group = open_cgroup(worker.cgroup)
    assert group is not None
    probe = isolation.read_probe(worker)
    assert probe is not None and probe["configured_read_iops"] == size.disk_read_iops
    assert probe["within_ratio"] <= 0.15
    if group.version == "cgroup-v1":
        written = Path("/sys/fs/cgroup/memory", worker.cgroup, "memory.limit_in_bytes").read_text()
        assert int(written) == size.memory_bytes

    before, began = group.counters().cpu_s, time.monotonic()
    _on(worker, SPIN)
    used, lasted = (group.counters().cpu_s or 0) - (before or 0), time.monotonic() - began
    assert used < 1.5 * size.cores * lasted  # where an unlimited process would use a core all the time

    # what one node sends to the store passes its own cable
    rows = _sample(worker.lease_dir, ["m", "w-0"], 2)
    assert {row["node"] for row in rows} == {"m", "w-0"}
    assert set(rows[0]) == {column.name for column in NODE_COLUMNS}
    assert all(row["mem_bytes"] and row["cpu_ratio"] is not None and row["net_rx_bytes_s"] is not None for row in rows)

    pid = next(d.pid for d in (NodeState.read(worker.state_path) or pytest.fail("no state")).daemons)
    first = {name: done.returncode for name, done in cluster.run("start").items()}
    assert set(first.values()) == {0}
    assert processes.start_ticks(pid) is not None  # a healthy node is left alone

    freezer.freeze(cluster.lease_id)
    frozen = group.counters().cpu_s
    time.sleep(0.5)
    assert group.counters().cpu_s == frozen
    freezer.thaw(cluster.lease_id)
    _all_healthy(cluster)

    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: any("dead" in problem for problem in node.health(worker)))  # a large process takes a while to go
    assert cluster.run("start", "w-0")["w-0"].returncode == 0
    _all_healthy(cluster)

    assert {done.returncode for done in cluster.run("stop").values()} == {0}
    _nothing_left(cluster.lease_id)
    assert {done.returncode for done in cluster.run("stop").values()} == {0}


def test_a_cluster_of_plain_processes(make_cluster: MakeCluster) -> None:
    cluster = make_cluster("none", workers=1)
    cluster.start()
    worker = cluster.specs["w-0"]
    _all_healthy(cluster)
    rows = _sample(worker.lease_dir, ["m", "w-0"], 1)
    assert rows and all(row["mem_bytes"] and row["net_rx_bytes_s"] is None and row["cpu_ratio"] is None for row in rows)
    freezer.freeze(cluster.lease_id)
    pid = next(m.pid for m in processes.find_marked(cluster.lease_id, "w-0"))
    wait_for(lambda: ") T " in Path(f"/proc/{pid}/stat").read_text())  # each of its threads stops when its turn comes
    assert {done.returncode for done in cluster.run("stop").values()} == {0}  # frozen or not
    _nothing_left(cluster.lease_id)


@pytest.mark.isolation
def test_a_start_that_fails_leaves_nothing_and_says_why(
    make_cluster: MakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = make_cluster("namespaces", workers=0)
    single = cluster.specs["m"]
    monkeypatch.setattr(spark, "MASTER_CLASS", "org.apache.spark.deploy.NoSuchClass")
    with pytest.raises(Exception, match=r"(?s)its process ended.*NoSuchClass"):
        node.start(single)
    _nothing_left(cluster.lease_id)


@pytest.mark.isolation
def test_a_killed_start_and_lost_notes_are_swept(make_cluster: MakeCluster) -> None:
    cluster = make_cluster("namespaces", workers=0)
    single = cluster.specs["m"]
    environment = {**os.environ, "BAKEOFF_NODE_SPEC": single.model_dump_json()}
    process = subprocess.Popen(
        [sys.executable, "-m", "infra.targets.local.node", "start"], cwd=PROJECT_DIR, env=environment
    )
    deadline = time.monotonic() + 120
    try:
        # As soon as a daemon runs: the probe of the disk before it ends by itself.
        while not _daemons(cluster.lease_id):
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.01)
    finally:
        process.kill()
        process.wait()
    kinds = {str(item).split()[0] for item in leftovers.find(cluster.lease_id)}
    assert {"process", "link", "namespace", "cgroup"} <= kinds
    assert not single.state_path.exists()
    freezer.freeze(cluster.lease_id)
    assert cluster.run("stop", "m")["m"].returncode == 0
    _nothing_left(cluster.lease_id)


def test_no_other_node_takes_the_stores_bridge_for_unused(make_spec: MakeSpec, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = make_spec(node="store", role="store", address="10.76.1.1")
    spec.logs_dir.mkdir(parents=True)
    held = []

    def is_held(*_: object) -> None:
        with (spec.lease_dir / ".lock").open("w") as file, pytest.raises(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        held.append(True)

    monkeypatch.setattr(network, "ensure_bridge", is_held)
    monkeypatch.setattr(node, "_launch", is_held)
    monkeypatch.setattr(node, "_wait", lambda *_: None)
    monkeypatch.setattr(store, "ensure_bucket", lambda _: None)
    node._start_store(spec)
    assert held == [True, True]


def test_a_neighbour_is_not_touched(make_cluster: MakeCluster) -> None:
    """A process with another lease's mark, or with none, outlives the removal of everything of a lease."""
    cluster = make_cluster("none")
    sleeper = ["sleep", "600"]
    neighbours = [
        subprocess.Popen(sleeper, env={**os.environ, processes.LEASE: "tzzzzz", processes.NODE: "m"}),
        subprocess.Popen(sleeper, env={**os.environ, "OTHER_BAKEOFF_LEASE": cluster.lease_id}),
    ]
    ours = subprocess.Popen(sleeper, env={**os.environ, processes.LEASE: cluster.lease_id, processes.NODE: "m"})
    try:
        wait_for(lambda: leftovers.find(cluster.lease_id))  # its environment is there a moment after it is
        found = leftovers.find(cluster.lease_id)
        assert [item.pid for item in found if isinstance(item, processes.Marked)] == [ours.pid] and len(found) == 1
        leftovers.remove(found[0])
        assert ours.wait(60) == -signal.SIGKILL
        assert all(neighbour.poll() is None for neighbour in neighbours)
    finally:
        for process in (*neighbours, ours):
            process.kill()
            process.wait()


@pytest.mark.isolation
def test_detection_finds_what_this_host_has_and_leaves_nothing(tmp_path: Path) -> None:
    before = {str(item) for item in leftovers.find() if item.lease_id.startswith("z")}
    found = isolation.detect(tmp_path)
    assert found.mode == "namespaces"
    assert found.cpu in ("cgroup-v1", "cgroup-v2")
    assert {str(item) for item in leftovers.find() if item.lease_id.startswith("z")} <= before


def test_without_root_nothing_is_promised(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    found = isolation.detect(tmp_path)
    assert (found.mode, found.complete) == ("none", False)
    assert "Cure: " in found.missing[0]
