"""The real seconds of each machine, observed while it stands."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from infra.base.errors import CloudError
from infra.catalogue.pricing import cost
from infra.targets.google import lives
from tests.support.google.cloud import Cloud
from tests.support.google.jobs import FOUR
from tests.support.google.server import Refusal
from workloads.record import MachineLife

CLUSTER = "bakeoff-abc123"
NOON = datetime.fromisoformat("2026-11-24T12:00:00+00:00").timestamp()
SPOT = FOUR.model_copy(
    update={"workers": 2, "spot_workers": 1, "accelerator_type": "nvidia-tesla-t4", "accelerator_count": 1}
)


def fill(cloud: Cloud) -> None:
    for node, machine_type, created in (
        ("m", "n1-standard-1", "2026-11-24T04:00:00.000-08:00"),
        ("w-0", "n1-standard-2", "2026-11-24T04:00:05.500-08:00"),
        ("w-1", "n1-standard-2", "2026-11-24T04:00:05.500-08:00"),
        ("sw-x1", "n1-standard-2", "2026-11-24T04:10:00.000-08:00"),
    ):
        cloud.compute.add_instance(f"{CLUSTER}-{node}", CLUSTER, machine_type, created)
    cloud.compute.add_instance("other-m", "other", "n1-standard-2", "2026-11-24T04:00:00.000-08:00")


def observed(cloud: Cloud) -> list[MachineLife]:
    return lives.observe(cloud.clients, CLUSTER, cloud.compute.zone)


def test_each_machine_from_its_own_creation(cloud: Cloud) -> None:
    fill(cloud)
    found = observed(cloud)
    assert cloud.failures.calls["instances"] == 2  # four machines, two a page
    assert {life.node: life.created_at - NOON for life in found} == {"m": 0, "w-0": 5.5, "w-1": 5.5, "sw-x1": 600}
    used = {m.node: m for m in lives.machines(found, SPOT, NOON + 3600)}
    assert {node: m.seconds for node, m in used.items()} == {"m": 3600, "w-0": 3594.5, "w-1": 3594.5, "sw-x1": 3000}
    assert [node for node, m in used.items() if m.spot] == ["sw-x1"]
    assert used["m"].accelerator_count == 0 and used["w-0"].accelerator_count == 1


def test_a_preempted_machine_is_paid_until_it_was_missed(cloud: Cloud, tmp_path: Path) -> None:
    fill(cloud)
    path = tmp_path / "machines.json"
    assert lives.load(path) == []
    lives.keep(path, observed(cloud), NOON + 900)
    del cloud.compute.instances[f"{CLUSTER}-sw-x1"]
    cloud.compute.add_instance(f"{CLUSTER}-sw-y2", CLUSTER, "n1-standard-2", "2026-11-24T04:20:00.000-08:00")
    lives.keep(path, observed(cloud), NOON + 1800)
    lives.keep(path, observed(cloud), NOON + 2400)
    kept = lives.load(path)
    plain = FOUR.model_copy(update={"spot_workers": 1})
    used = {m.node: m.seconds for m in lives.machines(kept, plain, NOON + 3600)}
    assert used == {"m": 3600, "w-0": 3594.5, "w-1": 3594.5, "sw-x1": 1200, "sw-y2": 2400}
    found = cost(lives.machines(kept, plain, NOON + 3600), "us-central1")
    assert found.item_usd("machines") == pytest.approx(0.0475 + 2 * 0.095 * 3595 / 3600)


def test_a_single_node_has_the_accelerator(cloud: Cloud) -> None:
    cloud.compute.add_instance(f"{CLUSTER}-m", CLUSTER, "n1-standard-2", "2026-11-24T12:00:00Z")
    (machine,) = lives.machines(observed(cloud), SPOT.model_copy(update={"workers": 0}), NOON + 10)
    assert machine.accelerator_count == 1 and machine.seconds == 10


def test_instances_are_asked_for_again_and_errors_are_ours(cloud: Cloud) -> None:
    fill(cloud)
    cloud.failures.add("instances", Refusal("UNAVAILABLE", "later"))
    assert len(observed(cloud)) == 4
    cloud.failures.add("instances", Refusal("PERMISSION_DENIED", "no compute.instances.list"), passing=1)
    with pytest.raises(CloudError, match=r"no compute\.instances\.list"):
        observed(cloud)
