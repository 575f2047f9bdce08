"""The interface of a target, by concern: what it is, and who provisions, runs jobs, observes, sweeps and prices there.

A target is a folder with a ``target.py`` that holds ``TARGET``, an instance of :class:`Target`; see
:mod:`infra.targets.registry`. What a target does not need it leaves to the defaults here. A target has no state: what it
must remember of a lease is in the lease (``Lease.target_state``). Nothing else of infra imports a target directly.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

from pydantic import BaseModel

from infra.base.checks import Check
from infra.base.errors import UsageError
from infra.base.options import TARGET_FLAGS, Grant, Options
from infra.base.progress import Progress
from infra.inputs.cells import Cell
from infra.inputs.dataset import Dataset
from infra.leases.lease import Lease
from infra.terraform.process import Event
from workloads.record import Isolation, NodeLimits, RunCost, Scenario

LONGEST_LIFE_S = 12 * 3600.0  # of a lease, where no limit is set


@dataclass(frozen=True)
class Traits:
    """What is constant of a target."""

    flags: frozenset[str] = frozenset()
    """Which of :data:`infra.base.options.TARGET_FLAGS` it takes."""
    notional_prices: bool = False
    """Nothing is paid for: prices are those of the shape on Google Cloud."""
    side_by_side: bool = True
    """Cells on several leases can be measured at the same time."""
    spark: bool = True
    """It runs Spark."""
    reads_gs_in_place: bool = False
    """Jobs read images from the gs:// prefix where they are; else a copy is loaded into each lease."""
    poll_s: float = 2.0
    """Seconds between two looks at a running job."""
    least_life_s: float = 0.0
    """Shortest time from an apply to the expiry of a lease that the other side accepts."""
    queue_s: float = 0.0
    """Seconds that a job may wait for its start on top of its time limit, which the other side keeps itself."""
    sample_s: float = 60.0
    """Seconds between two samples of a node."""
    least_sampled_ratio: float = 0.0
    """Share of an attempt's seconds with a sample below which it is invalid; 0 where a gap is no failure of ours."""
    why_no_metric: str | None = None
    """Why a metric has no value; None where :meth:`Observer.collect` says it."""
    sweep_s: float = 60.0
    """How long a sweep goes on looking and removing."""
    sweep_pause_s: float = 1.0
    """Between two looks of a sweep."""


class Driver(Protocol):
    """A job that runs."""

    @property
    def exit_code(self) -> int | None:
        """None while it runs, and where the service stopped it."""

    @property
    def job_id(self) -> str | None:
        """The service's name for it; None where there is no service."""

    @property
    def flaw(self) -> str | None:
        """Why its figures cannot be trusted although it ended well."""

    def poll(self) -> int | None:
        """The exit code, or None while it runs. Call it again and again."""

    def progress(self) -> tuple[int, int, str]:
        """Done, total (0: not known) and unit."""

    def cancel(self) -> None:
        """Stop it, and all it started. Harmless when it has ended."""


class Leftover(Protocol):
    """One thing that bears a lease's mark; as a string it says what it is, and of which lease."""

    @property
    def lease_id(self) -> str: ...

    @property
    def protected(self) -> bool:
        """It bears a protection: nothing of its lease is touched."""

    @property
    def expired(self) -> bool:
        """No client looks after its lease any more, whichever machine made it."""


class NewState(NamedTuple):
    """A target's own part of a new lease, and how long the lease may live."""

    state: BaseModel
    life_s: float = LONGEST_LIFE_S


class Description(NamedTuple):
    """What the nodes of an attempt really had, what kept them apart, and fields of ``RunRecord`` that only the target knows."""

    nodes: list[NodeLimits]
    isolation: Isolation
    fields: Mapping[str, object]


class Rate(NamedTuple):
    """USD per hour of a shape: by list price, at most (0: nothing is paid for), and the region whose prices count."""

    list_usd: float
    worst_usd: float
    region: str


class Provisioner(ABC):
    """Brings a cluster up through Terraform."""

    root: Path
    """The target's Terraform root; its modules lie in ``../../../modules``, wherever the folder is."""
    grace_s = 60.0
    """For an interrupted Terraform to write its state."""

    @abstractmethod
    def variables(self, lease: Lease, lease_dir: Path) -> Mapping[str, object]:
        """Values of the root's variables."""

    @abstractmethod
    def parts(self, lease: Lease) -> Sequence[str]:
        """Names of what an apply brings up, for the progress."""

    @abstractmethod
    def part_of(self, event: Event) -> str | None:
        """The part that is up according to this event of an apply."""

    def backend(self, lease: Lease) -> Mapping[str, str]:
        """Settings of the root's backend; empty where the state is a file beside the root."""
        return {}

    def dead_parts(self, lease: Lease) -> Mapping[str, str | None]:
        """What was started and is not usable any more, and its address where Terraform cannot see that itself."""
        return {}


class Jobs(ABC):
    """Runs cells on a lease."""

    def prepare(self, grant: Grant, progress: Progress) -> None:
        """Make what is made once, for all leases."""
        return

    @abstractmethod
    def load(self, dataset: Dataset, lease: Lease, progress: Progress) -> None:
        """Make the images readable for the lease's jobs, unless they are. Raises JobError."""

    def exclusive(self, lease: Lease, others: Sequence[Lease], progress: Progress) -> AbstractContextManager[None]:
        """Within, nothing else is measured where that would disturb this lease, nor do the ``others`` of its target."""
        return nullcontext()

    @abstractmethod
    def submit(self, lease: Lease, cell: Cell, folder: Path) -> AbstractContextManager[Driver]:
        """Start a cell's job; on leaving it is over. What it writes goes to ``folder/job``, what it says to ``folder/logs``."""

    def reset(self, lease: Lease) -> None:
        """End what a killed client left running on a lease."""
        return


class Observer(ABC):
    """Says what happens on a lease's nodes, and what they are."""

    def sampled(self, lease: Lease, folder: Path) -> AbstractContextManager[Callable[[], str | None]]:
        """Within, the nodes are sampled into ``folder/nodes.jsonl``; the call says why sampling failed, if it did."""
        return nullcontext(lambda: None)

    def collect(self, lease: Lease, folder: Path, launched_at: float, ended_at: float) -> list[str]:
        """Fetch what an attempt left elsewhere: job output, samples, Spark's event log. Returns what is missing, and why."""
        return []

    def logs(self, lease: Lease, folder: Path) -> None:
        """Copy the nodes' logs as they are now, one folder per node."""
        return

    @abstractmethod
    def describe(self, lease: Lease, launched_at: float) -> Description:
        """The nodes of the attempt launched then."""


class Sweeper(ABC):
    """Finds and removes what bears a lease's mark. ``lease`` is given where more than its id is known."""

    def stop(self, lease_id: str, lease: Lease | None = None) -> None:
        """End what would undo a sweep, or keep Terraform from destroying."""
        return

    @abstractmethod
    def find(self, lease_id: str | None, lease: Lease | None = None) -> Sequence[Leftover]:
        """Everything of one lease, or of any, in the order in which it can be removed. Changes nothing."""

    @abstractmethod
    def remove(self, item: Leftover) -> None:
        """Remove one thing. Failure is no error here: whoever asks looks again with :meth:`find`."""


class Pricing(ABC):
    """What a lease costs, and when it must end for that."""

    @abstractmethod
    def per_hour(self, scenario: Scenario, lease: Lease | None = None) -> Rate:
        """Price of a shape where the lease is, else where a new one would be."""

    def cost(self, lease: Lease, cell: Cell, launched_at: float, ended_at: float) -> RunCost | None:
        """What an attempt costs from submit to end (Unix times); None where costs are notional."""
        return None

    def breach(self, lease: Lease) -> str | None:
        """The hard limit that a lease has reached, in a sentence; None while there is time."""
        return None

    def final(self, lease: Lease) -> Mapping[str, object]:
        """What the proof of teardown says of cost and limits, by field of ``Teardown``."""
        return {}


class Target(ABC):
    """Where clusters run."""

    name: str
    """As ``--target`` and records have it."""
    traits: Traits
    provisioner: Provisioner | None = None
    """None where nothing stands between two jobs."""
    jobs: Jobs
    observer: Observer
    sweeper: Sweeper
    pricing: Pricing

    @abstractmethod
    def conditions(self, options: Options) -> dict[str, object]:
        """Target settings that affect results; part of the cell's hash."""

    @abstractmethod
    def new_state(self, scenario: Scenario, options: Options, grant: Grant, others: Sequence[Lease]) -> NewState:
        """The target's own part of a new lease beside the ``others`` of this target; nothing is started."""

    @abstractmethod
    def doctor(self, runs_dir: Path) -> list[Check]:
        """Every check of what the target needs, in the order in which a run needs it."""

    def check(
        self, scenarios: Sequence[Scenario], options: Options, standing: Lease | None = None, *, plan_only: bool = False
    ) -> None:
        """Refuse what cannot be brought up together, or (``standing``) in place of what stands.

        Args:
            plan_only: nothing is applied, so that the right to read is enough.

        Raises:
            UsageError: with everything that stands in the way, and its cure.
        """
        return

    def refuses(self, cell: Cell) -> str | None:
        """Why this target cannot run a cell, in a sentence; None where it can."""
        return None

    def differs(self, lease: Lease, options: Options) -> list[str]:
        """In what a standing lease is not what the options ask for: one phrase each."""
        return []


def refuse_flags(target: Target, options: Options) -> None:
    """Raise UsageError for flags that were given and are not the target's."""
    if foreign := sorted(TARGET_FLAGS[name] for name in options.given() - target.traits.flags):
        taken = ", ".join(sorted(TARGET_FLAGS[name] for name in target.traits.flags)) or "none of this kind"
        paid = "; nothing is paid for there" if target.traits.notional_prices and "--max-usd" in foreign else ""
        raise UsageError(
            f"--target {target.name} does not take {', '.join(foreign)}{paid}. It takes: {taken}. Leave it out."
        )
