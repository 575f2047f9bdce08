"""The contract of a target, as tests: subclass :class:`TargetContract` in a test module and give its fixtures.

For those who write targets, ours included; nothing of the product imports it.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.base.errors import BakeoffError, UsageError
from infra.base.options import TARGET_FLAGS, Grant, Options
from infra.base.progress import Silent
from infra.clusters import lifecycle, teardown
from infra.inputs.cells import Cell
from infra.inputs.dataset import Dataset
from infra.leases.lease import Lease, all_leases
from infra.targets.base import Driver, Target, refuse_flags
from infra.targets.registry import names, open_target, target_of_directory
from workloads.record import Scenario, Summary

VALUES = {"isolation": "none", "local_cores_per_vcpu": 0.5, "max_usd": 1.0, "max_minutes": 60.0}


class TargetContract:
    """What holds for every target.

    Fixtures to give:
        target: the ``TARGET`` of a registered target.
        options: for it, with a ``runs_dir`` that is a temporary folder; only with flags that it takes.
        cell: one that ends well within a minute or two, on a scenario that the target can bring up.
        dataset: the images that the cell reads, or None.
    """

    @pytest.fixture
    def scenario(self, cell: Cell) -> Scenario:
        return cell.scenario

    @pytest.fixture
    def lease(self, target: Target, options: Options, scenario: Scenario) -> Iterator[Lease]:
        """A lease that is up; torn down at the end, unless the test did."""
        target.jobs.prepare(Grant(), Silent())
        made = lifecycle.create(scenario, options)
        try:
            lifecycle.apply(made, Silent())
            yield made
        finally:
            teardown.remove_bare(made.id, options.runs_dir, target, made)

    def test_it_is_registered_under_its_name(self, target: Target) -> None:
        assert target.name in names()
        assert open_target(target.name) is target

    def test_its_traits_are_times_and_known_flags(self, target: Target) -> None:
        traits = target.traits
        assert traits.flags <= TARGET_FLAGS.keys()
        assert traits.sample_s > 0 and traits.poll_s > 0 and traits.queue_s >= 0
        assert 0 <= traits.least_sampled_ratio <= 1
        assert traits.sweep_s > traits.sweep_pause_s >= 0

    @pytest.mark.parametrize("name", TARGET_FLAGS)
    def test_a_flag_is_taken_or_refused_by_its_name(self, target: Target, tmp_path: Path, name: str) -> None:
        options = Options(tmp_path, target=target.name, **{name: VALUES[name]})  # type: ignore[arg-type]
        if name in target.traits.flags:
            refuse_flags(target, options)
        else:
            with pytest.raises(UsageError, match=TARGET_FLAGS[name]):
                refuse_flags(target, options)

    def test_its_conditions_are_plain_values_and_the_same_each_time(self, target: Target, options: Options) -> None:
        assert json.loads(json.dumps(target.conditions(options))) == target.conditions(options)

    def test_a_price_is_known_and_notional_where_nothing_is_paid_for(self, target: Target, scenario: Scenario) -> None:
        rate = target.pricing.per_hour(scenario)
        assert rate.list_usd > 0 and rate.region
        assert rate.worst_usd == 0 if target.traits.notional_prices else rate.worst_usd >= rate.list_usd

    def test_a_new_lease_survives_being_written_and_read(
        self, target: Target, options: Options, scenario: Scenario
    ) -> None:
        lease = lifecycle.create(scenario, options)
        (read,) = all_leases(options.runs_dir, target.name)
        assert read.state == lease.state
        assert target.differs(read, options) == []
        assert target_of_directory(read.directory) is target  # without lease.json, too
        assert target.pricing.breach(read) is None
        assert teardown.remove_bare(lease.id, options.runs_dir, target, read) == []

    def test_doctor_names_a_cure_for_what_is_broken(self, target: Target, tmp_path: Path) -> None:
        found = target.doctor(tmp_path)
        assert found
        assert all(check.name and check.detail for check in found)
        assert all(check.cure for check in found if check.state == "broken")

    def test_a_lease_from_apply_to_destroy(
        self, target: Target, options: Options, lease: Lease, cell: Cell, dataset: Dataset | None, tmp_path: Path
    ) -> None:
        assert lifecycle.dead_parts(lease) == []
        assert target.refuses(cell) is None
        for round_ in ("first", "second"):  # what one attempt leaves is no part of the next
            folder = tmp_path / round_
            (folder / "logs").mkdir(parents=True)
            with target.jobs.exclusive(lease, all_leases(options.runs_dir, target.name), Silent()):
                if dataset is not None:
                    target.jobs.load(dataset, lease, Silent())
                target.jobs.reset(lease)
                with target.observer.sampled(lease, folder) as failure:
                    launched_at = time.time()
                    with target.jobs.submit(lease, cell, folder) as driver:
                        assert _finish(driver, target, cell) == 0, (folder / "logs" / "driver.log").read_text()
                        assert failure() is None and driver.flaw is None
                        driver.cancel()  # harmless
            _check_attempt(target, lease, cell, folder, launched_at)
        items = target.sweeper.find(lease.id, lease)
        assert {item.lease_id for item in items} <= {lease.id}
        assert not any(item.protected or item.expired for item in items)
        proof = teardown.tear_down(lease, options.runs_dir, Silent())
        assert proof.left == [] and proof.breach is None
        assert (proof.measured_usd is None) == target.traits.notional_prices
        assert list(target.sweeper.find(lease.id, lease)) == [] and not lease.directory.exists()

    def test_a_job_ends_with_its_block_and_its_lease_goes_without_notes(
        self, target: Target, options: Options, lease: Lease, cell: Cell, dataset: Dataset | None, tmp_path: Path
    ) -> None:
        (tmp_path / "attempt" / "logs").mkdir(parents=True)
        if dataset is not None:
            target.jobs.load(dataset, lease, Silent())
        with contextlib.suppress(BakeoffError), target.jobs.submit(lease, cell, tmp_path / "attempt") as job:
            job.poll()
            raise BakeoffError("cut off")
        assert job.poll() is not None
        (lease.directory / "lease.json").write_text("{")
        assert teardown.tear_down_all(options.runs_dir, Silent()) == []  # no lease that could be read
        assert list(target.sweeper.find(lease.id)) == [] and not lease.directory.exists()


def _finish(driver: Driver, target: Target, cell: Cell) -> int | None:
    deadline = time.monotonic() + cell.timeout_s
    while driver.poll() is None and time.monotonic() < deadline:
        done, total, unit = driver.progress()
        assert 0 <= done <= (total or done) and isinstance(unit, str)
        time.sleep(target.traits.poll_s)
    return driver.exit_code


def _check_attempt(target: Target, lease: Lease, cell: Cell, folder: Path, launched_at: float) -> None:
    ended_at = time.time()
    assert all(isinstance(said, str) for said in target.observer.collect(lease, folder, launched_at, ended_at))
    target.observer.logs(lease, folder / "logs")
    summary = Summary.model_validate_json((folder / "job" / "summary.json").read_text(encoding="utf-8"))
    assert summary.status == "ok"
    nodes, isolation, fields = target.observer.describe(lease, launched_at)
    assert nodes and len({node.node for node in nodes}) == len(nodes)
    assert isolation.mode and "target" not in fields
    cost = target.pricing.cost(lease, cell, launched_at, ended_at)
    assert (cost is None) == target.traits.notional_prices
    assert target.pricing.per_hour(lease.scenario, lease).list_usd > 0
