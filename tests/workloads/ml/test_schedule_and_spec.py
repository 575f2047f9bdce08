"""What is decided before anything is trained: phases, peers, settings."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from infra.base.errors import UsageError
from infra.inputs.experiment import check_settings
from workloads.errors import ConfigError, InvalidRun
from workloads.train.cluster_spec import ClusterSpec, check_nodes
from workloads.train.config import TrainConfig
from workloads.train.job import _own_out
from workloads.train.schedule import check_divisible, plan
from workloads.train.trainer import best_epoch, stopped


def config(**settings: Any) -> TrainConfig:
    return TrainConfig(images_uri="in", output_uri="out", **settings)


def test_decay_divides_the_rate_at_each_milestone() -> None:
    phases = plan(config(schedule="decay", epochs=5, milestones=[2, 4], factor=5, learning_rate=0.5), 1000)
    assert [phase.batch_size for phase in phases] == [64] * 5
    assert [phase.learning_rate for phase in phases] == pytest.approx([0.5, 0.5, 0.1, 0.1, 0.02])


def test_growth_multiplies_the_batch_up_to_a_tenth_of_the_data_then_decays() -> None:
    settings: dict[str, Any] = {
        "epochs": 7,
        "milestones": [1, 3, 5],
        "factor": 4,
        "batch_size": 8,
        "learning_rate": 0.4,
    }
    phases = plan(config(schedule="grow_batch", **settings), 1300)  # N / 10 = 130: 8, 32, 128, and then no more
    assert [phase.batch_size for phase in phases] == [8, 32, 32, 128, 128, 128, 128]
    assert [phase.learning_rate for phase in phases] == pytest.approx([0.4, 0.4, 0.4, 0.4, 0.4, 0.1, 0.1])
    decayed = plan(config(schedule="decay", **settings), 1300)
    updates = [sum(1300 // phase.batch_size for phase in p) for p in (phases, decayed)]
    assert updates == [162 + 2 * 40 + 4 * 10, 7 * 162]


def test_a_batch_larger_than_the_data_names_both() -> None:
    with pytest.raises(ConfigError, match=r"training images \(51: 80% of the set\); received 64; use a smaller batch"):
        plan(config(), 51)


def test_a_batch_that_replicas_cannot_share_names_the_next_that_they_can() -> None:
    with pytest.raises(ConfigError, match="multiple of the 3 replicas; received 64; the next one is 66"):
        check_divisible(plan(config(), 100), 3)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"strategy": "parameter_server"}, "'one_device', 'mirrored' or 'multi_worker_mirrored'.*'parameter_server'"),
        ({"batch_size": 0}, "batch_size: .*greater than or equal to 1.*got 0"),
        ({"image_size": 4096}, "image_size: .*less than or equal to 512"),
        ({"alpha": 0.4}, "alpha is one of"),
        ({"milestones": [3, 2], "schedule": "decay"}, "ascending"),
        ({"milestones": [3]}, "milestones go with schedule"),
        ({"schedule": "grow_batch"}, "milestones go with schedule"),
        ({"validation_ratio": 1}, "less than 1"),
        ({"devices": 1}, "devices: .*greater than or equal to 2"),
    ],
)
def test_settings_out_of_range_are_refused_before_anything_is_brought_up(settings: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError):
        config(**settings)
    with pytest.raises(UsageError, match=told):
        check_settings("train", settings)


def test_early_stopping_counts_from_the_best_epoch() -> None:
    history = [{"epoch": e, "validation": {"loss": loss}} for e, loss in enumerate([3.0, 2.0, 2.5, 2.0], start=1)]
    assert best_epoch(history) == 2
    assert not stopped(history, None)
    assert not stopped(history, 3)
    assert stopped(history, 2)
    assert not stopped([], 1)


def test_tf_config_with_and_without_a_chief() -> None:
    cluster = {"chief": ["a:1"], "worker": ["b:2", "c:3"]}
    chief = ClusterSpec.parse(json.dumps({"cluster": cluster, "task": {"type": "chief", "index": 0}}))
    last = ClusterSpec.parse(json.dumps({"cluster": cluster, "task": {"type": "worker", "index": 1}}))
    assert (chief.index, last.index) == (0, 2)
    assert last.hosts == ["a", "b", "c"]
    own = ClusterSpec.of_workers(["b:2", "c:3"], 1)
    assert ClusterSpec.parse(own.tf_config) == own


@pytest.mark.parametrize(
    "told",
    [
        "{",
        "[]",
        '{"cluster": {"worker": ["a:1"]}}',
        '{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 1}}',
        '{"cluster": {"worker": ["a:1"]}, "task": {"type": "ps", "index": 0}}',
    ],
)
def test_a_wrong_tf_config_says_how_it_should_be(told: str) -> None:
    with pytest.raises(ConfigError, match=r'TF_CONFIG must be \{"cluster"'):
        ClusterSpec.parse(told)


def test_several_workers_on_one_node_are_an_invalid_run() -> None:
    check_nodes(["10.0.0.1", "10.0.0.2"])
    with pytest.raises(InvalidRun, match="at least 2 nodes with different addresses"):
        check_nodes(["10.0.0.1", "10.0.0.1"])


def test_only_the_chief_writes_to_out(monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = ["--config", "c.json", "--out", "gs://b/out/"]
    assert _own_out(list(arguments)) == arguments
    for index, expected in ((0, "gs://b/out/"), (1, "gs://b/out/worker-1")):
        monkeypatch.setenv("TF_CONFIG", ClusterSpec.of_workers(["a:1", "b:1"], index).tf_config)
        assert _own_out(list(arguments))[-1] == expected
