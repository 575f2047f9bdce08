"""Shapes of a search are known as scenarios while they are lent, to each of those that borrow them."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from infra.base.errors import UsageError
from infra.base.options import Options
from infra.base.progress import Silent
from infra.inputs.experiment import DataSpec, Experiment, WorkloadSpec
from infra.inputs.scenario import lent, load_scenario
from infra.inputs.space import load_space
from infra.measure.bench import Row
from infra.search import run as search_run
from workloads.record import Status

SHAPE = load_space("seed").shapes()[0]


def test_a_shape_lent_twice_is_known_until_both_have_given_it_back() -> None:
    with lent([SHAPE]):
        with lent([SHAPE]):
            pass
        assert load_scenario(SHAPE.name) == SHAPE
    with pytest.raises(UsageError, match="Unknown scenario"):
        load_scenario(SHAPE.name)


def test_slots_on_the_same_shape_do_not_take_it_from_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    both, short_ended = threading.Barrier(2, timeout=60), threading.Event()

    def bench(experiment: Experiment, *_: object) -> list[Row]:
        both.wait()
        if experiment.workloads[0].name == "read_speed":  # the long one
            assert short_ended.wait(60)
        shape, workload = load_scenario(SHAPE.name), experiment.workloads[0].name
        return [
            Row(
                scenario=shape.name, workload=workload, configuration={}, repeat=1, status=Status.FAILED, reason=None,
                record=None, run_s=None,
            )
        ]  # fmt: skip

    monkeypatch.setattr(search_run, "bench", bench)
    specs = [WorkloadSpec(name="read_speed"), WorkloadSpec(name="write_tfrecords")]
    run = search_run.bench_runner("search-seed", specs, DataSpec(), 60, Options(tmp_path), Silent())
    with ThreadPoolExecutor(2) as pool:
        long, short = (pool.submit(run, SHAPE, spec.name, slot, None) for slot, spec in enumerate(specs))
        assert short.result(60).shape == SHAPE.name
        short_ended.set()
        assert long.result(60).shape == SHAPE.name
