"""The leases of a bench: standing ones (``repeat_level = "attempt"``), or a fresh one per scenario and repeat."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from infra import data, teardown
from infra import lease as leases
from infra.errors import BakeoffError, UsageError
from infra.experiment import Cell, Experiment
from infra.lease import Lease
from infra.local import target
from infra.locks import host_lock
from infra.progress import Progress
from infra.scenario import load_scenario
from infra.signals import ignored

IsolationChoice = Literal["auto", "namespaces", "none"]


@dataclass(frozen=True)
class Options:
    """How a bench runs, beyond what its experiment says."""

    runs_dir: Path
    isolation: IsolationChoice = "auto"
    local_cores_per_vcpu: float | None = None
    keep: bool = False  # leave the clusters up afterwards
    one_off: bool = False  # `bakeoff run`: on the standing cluster of a scenario, where there is one, and always anew


@dataclass
class Held:
    """A lease in use, for which repeat (None: all of them), and whether its end is ours to bring about."""

    lease: Lease
    repeat: int | None
    adopted: bool


class Pool:
    """Brings leases up when a cell needs them, and down at the end, whatever happens."""

    def __init__(
        self, experiment: Experiment, options: Options, dataset: data.Dataset | None, progress: Progress
    ) -> None:
        self.experiment = experiment
        self.options = options
        self.dataset = dataset
        self.progress = progress
        self._held: dict[str, Held] = {}

    @contextmanager
    def open(self, scenarios: list[str]) -> Iterator[None]:
        """Within, :meth:`get` works. Standing leases come up at once, all of them must fit the host together."""
        try:
            if self.experiment.repeat_level == "attempt":
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
        if held and held.repeat == repeat:
            return held.lease
        if fresh:
            for name in list(self._held):  # one cluster at a time
                self._release(name)
        return self._bring_up(cell.scenario.name, repeat)

    def _check_fit(self, scenarios: list[str]) -> None:
        share = self.options.local_cores_per_vcpu or target.default_cores_per_vcpu()
        new = [n for n in scenarios if not (self.options.one_off and leases.standing(self.options.runs_dir, n))]
        target.check_fits([load_scenario(name) for name in new], share)

    def _check_standing(self, lease: Lease) -> None:
        """A standing cluster is what it is: refuse to run on it under other conditions than were asked for."""
        asked, has = self.options, lease.state
        differs = []
        if asked.isolation not in ("auto", has.isolation.mode):
            differs.append(f"--isolation {asked.isolation}, and it has '{has.isolation.mode}'")
        if asked.local_cores_per_vcpu not in (None, has.local_cores_per_vcpu):
            differs.append(
                f"--local-cores-per-vcpu {asked.local_cores_per_vcpu:g}, and it has {has.local_cores_per_vcpu:g}"
            )
        if lease.scenario != load_scenario(lease.scenario.name):
            differs.append("its scenario file, which has changed since it was applied")
        if differs:
            raise UsageError(
                f"The standing cluster of {lease.scenario.name} ({lease.id}) differs from what was asked: {'; '.join(differs)}. "
                f"Run 'bakeoff apply {lease.scenario.name}' for a changed scenario, else 'bakeoff destroy {lease.scenario.name}'."
            )

    def _bring_up(self, name: str, repeat: int | None) -> Lease:
        standing = leases.standing(self.options.runs_dir, name) if self.options.one_off else None
        if standing is not None:
            self._check_standing(standing)
            with host_lock("measure", progress=self.progress):  # thawed and loaded, it would disturb who measures
                target.thaw(standing)
                if self.dataset is not None:
                    data.load(self.dataset, standing, self.progress)
            self._held[name] = Held(standing, repeat, adopted=True)
            return standing
        lease = bring_up(
            name, self.dataset, self.options, self.progress, experiment=self.experiment.name, kept=self.options.keep
        )
        self._held[name] = Held(lease, repeat, adopted=self.options.keep and repeat is None)
        return lease

    def _release(self, name: str) -> None:
        held = self._held.pop(name)
        if held.adopted:
            target.thaw(held.lease)
        else:
            with ignored():
                teardown.tear_down(held.lease, self.options.runs_dir, self.progress)

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
    target.copy_logs(lease, folder)
    if folder.exists():
        progress.note(f"The logs of lease {lease.id} are in {folder}")


def bring_up(
    name: str, dataset: data.Dataset | None, options: Options, progress: Progress, *, experiment: str | None, kept: bool
) -> Lease:
    """Apply a scenario as a new lease and load the data; a failure on the way destroys what was made.

    Raises:
        TerraformError: apply failed; everything of the lease has been removed.
    """
    scenario = load_scenario(name)
    target.prepare(progress)
    lease: Lease | None = None
    try:
        with ignored():
            lease = leases.create(
                scenario,
                runs_dir=options.runs_dir,
                isolation=options.isolation,
                local_cores_per_vcpu=options.local_cores_per_vcpu,
                kept=kept,
                experiment=experiment,
            )
        progress.stage(f"apply {name} ({lease.id})")
        lease.apply(progress)
        progress.note(f"up: {name} ({lease.id}) in {lease.state.apply_s:.1f} s")
        if dataset is not None:
            with host_lock("measure", progress=progress):  # a lease that is up is frozen while another one measures
                data.load(dataset, lease, progress)
    except BaseException as error:
        if lease is not None:
            with ignored():
                if isinstance(error, Exception):
                    keep_logs(lease, options.runs_dir, progress)
                teardown.tear_down(lease, options.runs_dir, progress)
        raise
    return lease
