"""The leases of a bench: standing ones (``repeat_level = "attempt"``), or a fresh one per scenario and repeat."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from infra.base.errors import BakeoffError, LimitError, UsageError
from infra.base.options import Grant, Options
from infra.base.progress import Progress
from infra.base.signals import ignored
from infra.clusters import lifecycle, teardown
from infra.inputs.cells import Cell
from infra.inputs.dataset import Dataset
from infra.inputs.experiment import Experiment
from infra.inputs.limits import Budget
from infra.inputs.workloads import packages_of
from infra.leases import lease as leases
from infra.leases.lease import Lease
from infra.targets.base import LONGEST_LIFE_S, refuse_flags
from infra.targets.registry import open_target, target_of
from workloads.record import Scenario


@dataclass
class Held:
    """A lease in use.

    Attributes:
        repeat: for which repeat; None: for all of them.
        adopted: the cluster stays up when the bench ends.
    """

    lease: Lease
    repeat: int | None
    adopted: bool


class Pool:
    """Brings leases up when a cell needs them, and down at the end, whatever happens."""

    def __init__(
        self,
        experiment: Experiment,
        scenarios: Mapping[str, Scenario],
        options: Options,
        dataset: Dataset | None,
        progress: Progress,
    ) -> None:
        self.experiment = experiment
        self.scenarios = scenarios  # by name
        self.options = options
        self.target = open_target(options.target)
        self.budget = Budget(options)
        self.expected_s: dict[str, float] = {}  # by scenario: how long its cluster is expected to be needed
        self.dataset = dataset
        self.progress = progress
        self._held: dict[str, Held] = {}

    @contextmanager
    def open(self, expected_s: dict[str, float]) -> Iterator[None]:
        """Within, :meth:`get` works. Standing leases come up at once, all of them must fit the target together.

        Args:
            expected_s: seconds that each scenario is expected to be needed, over all its cells.

        Raises:
            UsageError: they do not fit, or are expected to exceed a hard limit.
        """
        refuse_flags(self.target, self.options)
        self.expected_s = expected_s
        scenarios = sorted(expected_s)
        side_by_side = self.experiment.repeat_level == "attempt"
        try:
            if self.budget.limited:
                rates = {name: self._rate(name) for name in scenarios}
                usd = self.budget.refuse_beyond(expected_s, rates, side_by_side=side_by_side)
                self.progress.note(f"estimated: up to {usd:.2f} USD; limit: {self.budget.describe()}")
            if side_by_side:
                self._check_fit(scenarios)
                for name in scenarios:
                    self._bring_up(name, None)
            yield
        finally:
            with ignored():
                self._release_all()

    def get(self, cell: Cell) -> Lease:
        """The lease on which a cell runs."""
        fresh = self.experiment.repeat_level == "lease"
        repeat = cell.repeat if fresh else None
        held = self._held.get(cell.scenario.name)
        if held and (said := self.target.pricing.breach(held.lease)):
            self._release(cell.scenario.name)
            raise LimitError(f"A hard limit was reached, and the cluster torn down: {said}.")
        if held and held.repeat == repeat:
            return held.lease
        if fresh:
            for name in list(self._held):  # one cluster at a time
                self._release(name)
        return self._bring_up(cell.scenario.name, repeat)

    def _check_fit(self, scenarios: list[str]) -> None:
        new = [name for name in scenarios if self._standing(name) is None]
        lifecycle.check([self.scenarios[name] for name in new], self.options)

    def _standing(self, name: str) -> Lease | None:
        """The cluster that `bakeoff run` uses instead of a new one."""
        return leases.standing(self.options.runs_dir, name, self.options.target) if self.options.one_off else None

    def _check_standing(self, lease: Lease) -> None:
        """A standing cluster is what it is: refuse to run on it under other conditions than were asked for."""
        differs = self.target.differs(lease, self.options)
        if lease.scenario != self.scenarios[lease.scenario.name]:
            differs.append("its scenario file, which has changed since it was applied")
        if differs:
            raise UsageError(
                f"The standing cluster of {lease.scenario.name} ({lease.id}) differs from what was asked: {'; '.join(differs)}. "
                f"Run 'bakeoff apply {lease.scenario.name}' for a changed scenario, else 'bakeoff destroy {lease.scenario.name}'."
            )

    def _bring_up(self, name: str, repeat: int | None) -> Lease:
        standing = self._standing(name)
        if standing is not None:
            self._check_standing(standing)
            if self.dataset is not None:
                _load(self.dataset, standing, self.progress)
            self._held[name] = Held(standing, repeat, adopted=True)
            return standing
        lease = bring_up(
            self.scenarios[name],
            self.dataset,
            self.options,
            self.progress,
            experiment=self.experiment.name,
            kept=self.options.keep,
            grant=self._grant(name),
        )
        self._held[name] = Held(lease, repeat, adopted=self.options.keep and repeat is None)
        return lease

    def _rate(self, name: str) -> float:
        return self.target.pricing.per_hour(self.scenarios[name]).worst_usd

    def _grant(self, name: str) -> Grant:
        """What the limits leave for this cluster, which may share them with others side by side."""
        allowed = None
        if self.budget.limited:
            together = self.expected_s if self.experiment.repeat_level == "attempt" else [name]
            allowed = self.budget.allowed_s([self._rate(other) for other in together], LONGEST_LIFE_S)
        packages = packages_of(workload.name for workload in self.experiment.workloads)
        return Grant(allowed, self.expected_s.get(name), packages)

    def _release(self, name: str) -> None:
        held = self._held.pop(name)
        if held.adopted and not self.target.pricing.breach(held.lease):
            return
        spent: float | None = None
        try:
            with ignored():
                spent = teardown.tear_down(held.lease, self.options.runs_dir, self.progress).measured_usd
        finally:
            self.budget.spent_usd += self._at_worst(held.lease) if spent is None else spent

    def _at_worst(self, lease: Lease) -> float:
        """What a lease has cost at most, in USD, where it was not measured: no budget is given out twice."""
        lived_s = time.time() - datetime.fromisoformat(lease.state.created_at).timestamp()
        return self.target.pricing.per_hour(lease.scenario).worst_usd * lived_s / 3600

    def _release_all(self) -> None:
        failures: list[Exception] = []
        for name in list(self._held):
            try:
                self._release(name)
            except (BakeoffError, OSError) as error:  # the other clusters must go, too
                failures.append(error)
        if failures:
            raise failures[0]


def keep_logs(lease: Lease, runs_dir: Path, progress: Progress) -> None:
    """A cluster that did not come up goes, and leaves its logs in ``runs/failed/<lease>/``."""
    folder = runs_dir / "failed" / lease.id
    target_of(lease).observer.logs(lease, folder)
    if folder.exists():
        progress.note(f"The logs of lease {lease.id} are in {folder}")


def _load(dataset: Dataset, lease: Lease, progress: Progress) -> None:
    jobs = target_of(lease).jobs
    with jobs.exclusive(lease, (), progress):  # loading would disturb who measures
        jobs.load(dataset, lease, progress)


def bring_up(
    scenario: Scenario,
    dataset: Dataset | None,
    options: Options,
    progress: Progress,
    *,
    experiment: str | None,
    kept: bool,
    grant: Grant = Grant(),  # noqa: B008 - frozen
) -> Lease:
    """Apply a scenario as a new lease and load the data; a failure on the way destroys what was made.

    Raises:
        TerraformError: apply failed; everything of the lease has been removed.
    """
    open_target(options.target).jobs.prepare(grant, progress)
    lease: Lease | None = None
    try:
        with ignored():
            lease = lifecycle.create(scenario, options, grant, kept=kept, experiment=experiment)
        progress.stage(f"apply {scenario.name} ({lease.id})")
        lifecycle.apply(lease, progress)
        progress.note(f"up: {scenario.name} ({lease.id}) in {lease.state.apply_s:.1f} s")
        if dataset is not None:
            _load(dataset, lease, progress)
    except BaseException as error:
        if lease is not None:
            with ignored():
                if isinstance(error, Exception):
                    keep_logs(lease, options.runs_dir, progress)
                teardown.tear_down(lease, options.runs_dir, progress)
        raise
    return lease
