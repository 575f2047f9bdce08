"""Specs refuse what is wrong with names and values; limits are published figures times the share."""

from __future__ import annotations

import json
import re

import pytest

from infra.base.errors import UsageError
from infra.targets.local.sizing import GIB, MIB, limits, memory_available_mb, memory_needed_mb
from infra.targets.local.spark import EXECUTOR_FLOOR_MB, executor_memory_mb
from infra.targets.local.spec import NodeSpec
from tests.support.nodes import MakeSpec
from workloads.record import Scenario


def test_names_fit_the_kernel(make_spec: MakeSpec) -> None:
    spec = make_spec(node="w-10", address="10.76.1.30")
    assert spec.veth == "bo-ta0000-w-10"
    assert len(spec.veth) <= 15
    assert (spec.bridge, spec.bridge_address, spec.prefix_length) == ("bo-ta0000-br", "10.76.1.1", 24)
    assert spec.cgroup == "bakeoff-ta0000/w-10"


def test_null_of_terraform_is_absent(make_spec: MakeSpec) -> None:
    fields = json.loads(make_spec().model_dump_json()) | {
        "node": "store", "role": "store", "address": "10.76.1.1", "machine_type": None, "vcpus": None,
        "memory_gb": None, "disk_type": None, "disk_gb": None,
    }  # fmt: skip
    assert NodeSpec.parse(json.dumps(fields), "test").machine_type == ""


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"lease_id": "../etc"}, "lease_id"),
        ({"lease_id": "abc"}, "lease_id"),
        ({"node": "w-100"}, "node"),
        ({"address": "10.99.1.20"}, "10.99.1.20"),
        ({"vcpus": 0}, "vcpus"),
        ({"local_cores_per_vcpu": 0}, "local_cores_per_vcpu"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_wrong_spec_is_named(make_spec: MakeSpec, change: dict[str, object], words: str) -> None:
    fields = json.loads(make_spec().model_dump_json()) | change
    with pytest.raises(UsageError, match=re.escape(words)):
        NodeSpec.parse(json.dumps(fields), "BAKEOFF_NODE_SPEC")


def test_limits_are_published_figures_times_share(make_spec: MakeSpec) -> None:
    got = limits(make_spec(disk_type="pd-standard", disk_gb=200, local_cores_per_vcpu=0.15))
    assert got.cores == pytest.approx(0.3)
    assert got.memory_bytes == int(7.5 * 0.15 * GIB)
    assert got.disk_read_bytes_s == pytest.approx(200 * 0.12 * MIB * 0.15, abs=1)
    assert got.disk_read_iops == round(200 * 0.75 * 0.15)
    assert got.disk_write_iops == round(200 * 1.5 * 0.15)
    assert got.network_bit_s == pytest.approx(10e9 * 0.15)


def test_a_small_machine_keeps_the_memory_floor(make_spec: MakeSpec) -> None:
    assert limits(make_spec(machine_type="n1-standard-1", vcpus=1, memory_gb=3.75)).memory_bytes == GIB


def test_ssd_is_capped_by_the_machine_and_standard_by_its_size(make_spec: MakeSpec) -> None:
    ssd, standard = limits(make_spec(disk_type="pd-ssd")), limits(make_spec(disk_type="pd-standard"))
    assert ssd.disk_read_bytes_s == int(240 * MIB * 0.15)
    assert ssd.disk_read_iops > 50 * standard.disk_read_iops


def test_unknown_machine_type_suggests_the_nearest(make_spec: MakeSpec) -> None:
    with pytest.raises(UsageError, match="n1-standard-2"):
        limits(make_spec(machine_type="n1-standart-2"))


def test_memory_needed_counts_every_node_and_the_store() -> None:
    shape = {"name": "x", "machine_type": "n1-standard-2", "master_machine_type": "n1-standard-2"}
    four = Scenario(workers=4, disk_type="pd-ssd", disk_gb=200, **shape)
    assert memory_needed_mb(four, 0.15) == 5 * 1152 + 256
    assert memory_needed_mb(four.model_copy(update={"workers": 0}), 0.15) == 1152 + 256
    assert memory_available_mb() > 0


def test_executor_leaves_room_beside_its_heap(make_spec: MakeSpec) -> None:
    spec = make_spec()
    size = limits(spec)
    heap = executor_memory_mb(size, spec.vcpus)
    assert EXECUTOR_FLOOR_MB <= heap < size.memory_mb - 2 * 90 - 150
    assert executor_memory_mb(size, spec.vcpus, "single") <= heap


def test_the_smallest_executor_is_one_that_spark_accepts() -> None:
    """With the serial collector, the JVM here sees 435 MiB of -Xmx450m: Runtime.maxMemory leaves one survivor space out."""
    assert EXECUTOR_FLOOR_MB * 435 / 450 >= 450
