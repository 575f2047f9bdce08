"""Where clusters run: the one interface of the targets, ``infra/{local,gcp,vertex}/target.py``.

A target is a module with these functions (a module is as good an implementation of a protocol as an object is, and a
target has no state: what it must remember of a lease is in the lease). Nothing else of infra imports a target directly.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from infra.base.options import Options, TargetName
from infra.base.progress import Progress
from infra.terraform.process import Event
from workloads.record import Isolation, NodeLimits, RunCost, Scenario

if TYPE_CHECKING:
    from infra.inputs.dataset import Dataset
    from infra.inputs.experiment import Cell
    from infra.leases.lease import Lease

TARGETS: tuple[TargetName, ...] = ("local", "gcp", "vertex")
FOLDERS: tuple[tuple[TargetName, str], ...] = (
    ("local", "local"),
    ("gcp", "dataproc"),
    ("gcp", "gcp"),  # of bakeoff 0.1
    ("vertex", "vertex"),
)
"""The folders below ``terraform/targets/`` of a lease that tell whose lease it is."""


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


class Target(Protocol):
    """What a target does. A lease is always one of this target's own."""

    ROOT: str | None
    """Folder of the Terraform root, below ``infra/``; None where nothing stands between two jobs."""
    POLL_S: float
    """Seconds between two looks at a running job."""
    QUEUE_S: float
    """Seconds that a job may wait for its start on top of its time limit, which the other side keeps itself."""
    LEAST_SAMPLED_RATIO: float
    """Share of an attempt's seconds with a sample below which it is invalid; 0 where a gap is no failure of ours."""
    SAMPLE_S: float
    """Seconds between two samples of a node."""
    WHY_NO_METRIC: str | None
    """Why a metric has no value; None where :meth:`collect` says it."""
    READS_GS_IN_PLACE: bool
    """Jobs can read images from the gs:// prefix where they are; else a copy is loaded into each lease."""

    SWEEP_S: float
    """How long a sweep goes on looking and removing."""
    SWEEP_PAUSE_S: float
    """Between two looks of a sweep."""

    # Before there is a lease
    def prepare(self, options: Options, progress: Progress) -> None:
        """What is made once, for all leases."""

    def conditions(self, options: Options) -> dict[str, object]:
        """What of the target determines a result, for the identity of a cell."""

    def check(self, scenarios: list[Scenario], options: Options, standing: Lease | None = None) -> None:
        """Refuse what cannot be brought up together, or (``standing``) in place of what stands. Raises UsageError."""

    def refuses(self, cell: Cell) -> str | None:
        """Why this target cannot run a cell, in a sentence; None where it can."""

    def worst_usd_per_hour(self, scenario: Scenario) -> float:
        """What a cluster may cost per hour at most; 0 where nothing is paid for."""

    def list_price(self, scenario: Scenario) -> tuple[float, str]:
        """USD per hour of a new cluster of the shape on Google Cloud, and the region whose list prices count."""

    def differs(self, lease: Lease, options: Options) -> list[str]:
        """In what a standing lease is not what the options ask for: one phrase each."""

    def new_lease(
        self, lease_id: str, scenario: Scenario, options: Options, others: list[Lease]
    ) -> Mapping[str, object]:
        """The target's own part of a new lease's state, by field; nothing is started."""

    # Terraform
    def variables(self, lease: Lease, lease_dir: Path) -> Mapping[str, object]:
        """Values of the root's variables."""

    def backend(self, lease: Lease) -> Mapping[str, str]:
        """Settings of the root's backend; empty where the state is a file beside the root."""

    def parts(self, lease: Lease) -> list[str]:
        """Names of what an apply brings up, for the progress."""

    def started(self, event: Event) -> str | None:
        """The part that is up according to this event of an apply."""

    def replacements(self, lease: Lease) -> list[str]:
        """Addresses of what died and Terraform cannot see dead."""

    # A standing lease
    def dead_nodes(self, lease: Lease) -> list[str]:
        """Nodes that were started and are not usable any more."""

    def own_turn(self, progress: Progress) -> AbstractContextManager[None]:
        """Within, nothing else measures where this would disturb it."""

    def alone(self, lease: Lease, others: list[Lease]) -> AbstractContextManager[None]:
        """Within its turn, no other lease of this target disturbs this one."""

    def reset(self, lease: Lease) -> None:
        """End what a killed client left running on it."""

    def thaw(self, lease: Lease) -> None:
        """Wake it, if it sleeps."""

    def load(self, dataset: Dataset, lease: Lease, progress: Progress) -> None:
        """Make the images readable for the lease's jobs, unless they are. Raises JobError."""

    def copy_logs(self, lease: Lease, logs: Path) -> None:
        """The nodes' logs as they are now, one folder per node."""

    def describe(self, lease: Lease, launched_at: float) -> tuple[list[NodeLimits], Isolation]:
        """What each node of the attempt launched then really had, and what kept the nodes apart."""

    def record_fields(self, lease: Lease) -> Mapping[str, object]:
        """Fields of ``RunRecord`` that only this target knows."""

    def usd_per_hour(self, lease: Lease) -> float:
        """List price of the shape, where the lease is."""

    def cost(self, lease: Lease, cell: Cell, launched_at: float, ended_at: float) -> RunCost | None:
        """What an attempt costs from submit to end (Unix times); None where costs are notional."""

    # An attempt
    def submit(self, lease: Lease, cell: Cell, folder: Path) -> AbstractContextManager[Driver]:
        """Start a cell's job; on leaving it is over. What it writes goes to ``folder/job``, what it says to ``folder/logs``."""

    def sampled(self, lease: Lease, folder: Path) -> AbstractContextManager[Callable[[], str | None]]:
        """Within, the nodes are sampled into ``folder/nodes.jsonl``; the call says why sampling failed, if it did."""

    def collect(self, lease: Lease, folder: Path, launched_at: float, ended_at: float) -> list[str]:
        """Fetch what an attempt left elsewhere: job output, samples, Spark's event log. Returns what is missing, and why."""

    def breach(self, lease: Lease) -> str | None:
        """The hard limit that a lease has reached, in a sentence; None while there is time."""

    # The end
    def before_destroy(self, lease_id: str, lease: Lease | None = None) -> None:
        """What must stop, so that Terraform can destroy and the sweep is not undone."""

    def said_at_end(self, lease: Lease) -> dict[str, object]:
        """What the proof of teardown says of cost and limits, by field of ``Teardown``."""

    def find(self, lease_id: str | None, lease: Lease | None = None) -> Sequence[Leftover]:
        """Everything of one lease (``lease`` where it is known), or of any, in the order in which it can be removed."""

    def protected(self, lease_id: str | None, lease: Lease | None = None) -> list[str]:
        """What bears a lease's mark and a protection: named, not in :meth:`find`, never touched."""

    def expired(self, found: Sequence[Leftover]) -> set[str]:
        """Leases among these that no client looks after any more, whichever machine made them."""

    def remove(self, item: Leftover) -> None:
        """Remove one thing. Failure is no error here: whoever asks looks again with :meth:`find`."""


def open_target(name: TargetName) -> Target:
    """The target of that name. Google's clients are imported only when something is asked of them."""
    if name == "gcp":
        from infra.targets.dataproc import target as gcp

        return gcp
    if name == "vertex":
        from infra.targets.vertex import target as vertex

        return vertex
    from infra.targets.local import target as local

    return local
