"""Terraform as it is driven: with the program on the PATH and with the library of the wheel, one root module each."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.base.errors import TerraformError
from infra.targets.local.provisioner import node_started, resource_address
from infra.targets.local.spec import NodeSpec
from infra.terraform.binary import Binary
from infra.terraform.client import Change, Terraform
from tests.support.terraform.stub import NODES, StubCluster, marked

pytestmark = pytest.mark.xdist_group("host")  # processes with a lease in their environment


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
    terraform = Terraform(cluster.root, lease_id=cluster.lease_id)
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


def test_errors_of_validate_and_fmt(tmp_path: Path, binary: Binary) -> None:
    (tmp_path / "main.tf").write_text('output "a" {\nvalue = var.missing\n}\n', encoding="utf-8")
    terraform = Terraform(tmp_path, binary=binary)
    terraform.init()
    with pytest.raises(TerraformError, match=r"undeclared input variable.*\(main\.tf\)"):
        terraform.validate()
    with pytest.raises(TerraformError, match=r"Not formatted: main\.tf"):
        terraform.fmt_check()
    (tmp_path / "main.tf").write_text("", encoding="utf-8")
    with pytest.raises(TerraformError, match="ran nothing"):
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


def test_two_roots_side_by_side(tmp_path: Path, binary: Binary) -> None:
    for lease_id in ("aaaaaa", "bbbbbb"):
        (tmp_path / lease_id).mkdir()
        cluster = StubCluster(tmp_path / lease_id, lease_id)
        terraform = Terraform(cluster.root, lease_id=lease_id, binary=binary)
        terraform.init()
        terraform.apply()
        assert terraform.output()["cluster"]["bucket"] == f"bakeoff-{lease_id}"  # type: ignore[index]
