"""The study's parts 4 and 5 as experiment files: valid on a laptop and at full size."""

from __future__ import annotations

import pytest

from infra.catalogue import Catalogue
from infra.inputs.experiment_file import at_full_size, find_experiment, load_experiment
from infra.inputs.scenario import load_scenario


@pytest.mark.parametrize("name", ["seed-4b", "seed-4c", "seed-5a", "seed-5b"])
def test_both_sizes_are_valid(name: str) -> None:
    laptop = load_experiment(find_experiment(name))
    full = at_full_size(laptop)
    assert full.data.count == 3670 > laptop.data.count
    assert full.repeats > laptop.repeats


def test_table_2_has_the_three_strategies_and_at_full_size_the_batches_of_the_study() -> None:
    laptop = load_experiment(find_experiment("seed-4c"))
    full = at_full_size(laptop)
    assert {
        Catalogue.default().machine_type(load_scenario(name).machine_type).memory_gb for name in full.scenarios
    } == {30}  # batch 512: 25 GB
    (workload,) = full.workloads
    assert workload.grid["strategy"] == ["one_device", "mirrored", "multi_worker_mirrored"]
    assert workload.grid["batch_size"] == [64, 256, 512]
    assert workload.config["image_size"] == 192
    assert max(int(str(size)) for size in laptop.workloads[0].grid["batch_size"]) < 64
