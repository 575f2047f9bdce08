"""What a search may still run and spend, with the runs under way counted."""

from __future__ import annotations

from collections.abc import Collection
from statistics import median

from infra.catalogue.pricing import usd_per_hour
from workloads.record import Scenario
from workloads.record.search import RunOutcome


class Allowance:
    """Limits of a search.

    Args:
        pairs: workload and shape of every run that may be made, by its index.
        max_usd, max_runs: limits; None: none.
        parallel: runs side by side; may be changed.
    """

    def __init__(
        self, pairs: list[tuple[str, Scenario]], max_usd: float | None, max_runs: int | None, parallel: int
    ) -> None:
        self.pairs, self.max_usd, self.max_runs, self.parallel = pairs, max_usd, max_runs, parallel
        self.paid_usd = 0.0
        self.ended = 0  # runs
        self._granted: dict[int, float] = {}  # USD that a run under way may cost
        self._hours: list[tuple[str, float]] = []  # workload, and how long the cluster of a run of it was paid for

    def grant(self, index: int, running: int) -> float | None:
        """USD that a run that starts now may cost: what is left, shared by all runs that may start. None: no limit."""
        if self.max_usd is None:
            return None
        starts = min(self.parallel, len(self.pairs) - self.ended)
        if self.max_runs is not None:
            starts = min(starts, self.max_runs - self.ended)
        left = self.max_usd - self.paid_usd - sum(self._granted.values())
        self._granted[index] = left / max(starts - running, 1)
        return self._granted[index]

    def settle(self, index: int, outcome: RunOutcome | None) -> None:
        """A run is over; without an outcome it was refused, and nothing is paid."""
        self._granted.pop(index, None)
        if outcome is None:
            return
        self.ended += 1
        self.paid_usd += outcome.paid_usd or 0.0
        workload, shape = self.pairs[index]
        if hours := (outcome.paid_usd or 0.0) / usd_per_hour(shape) or outcome.values.get("runtime_s", 0.0) / 3600:
            self._hours.append((workload, hours))

    def used_up(self, running: int) -> str | None:
        """Name the limit that allows no further run, given how many are in progress; None if there is none."""
        if self.max_runs is not None and self.ended + running >= self.max_runs:
            return f"--max-runs {self.max_runs} is reached"
        if self.max_usd is not None and self.paid_usd >= self.max_usd:
            return f"--max-usd {self.max_usd:g} is reached: {self.paid_usd:.5f} USD are paid"
        return None

    def exceeded_by(self, index: int, running: Collection[int]) -> str | None:
        """Explain why the next run would exceed --max-usd, given those in progress; None if it fits."""
        expected = self.expected_usd(index)
        under_way = sum(self.expected_usd(i) for i in running)
        if self.max_usd is None or self.paid_usd + under_way + expected <= self.max_usd:
            return None
        others = f"the runs under way are expected to cost {under_way:.5f}, " if running else ""
        return (
            f"--max-usd {self.max_usd:g} would be exceeded: {self.paid_usd:.5f} USD are paid, {others}"
            f"the next run is expected to cost {expected:.5f}"
        )

    def expected_usd(self, index: int) -> float:
        """Price of the shape for as long as the workload's runs so far had to be paid, in the middle (those of any, if it has
        none); 0 before any."""
        workload, shape = self.pairs[index]
        hours = [h for of, h in self._hours if of == workload] or [h for _, h in self._hours]
        return usd_per_hour(shape) * median(hours) if hours else 0.0
