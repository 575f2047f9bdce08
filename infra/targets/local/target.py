"""The local target: nodes are daemons of this host, in namespaces and cgroups where it has them. See infra/targets/base.py."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from infra.base import marks, paths
from infra.base.errors import UsageError
from infra.base.locks import host_lock
from infra.base.options import Options
from infra.base.progress import Progress
from infra.catalogue import pricing
from infra.inputs.experiment import Cell
from infra.leases.lease import Lease
from infra.targets.base import Leftover
from infra.targets.local import class_archive, freezer, host, launch, leftovers, node, sizing
from infra.targets.local import describe as nodes
from infra.targets.local.lease_state import LocalState, own
from infra.targets.local.leftovers import Item
from infra.targets.local.load import load as load  # noqa: PLC0414 - part of the interface
from infra.targets.local.sampling import sampled as sampled  # noqa: PLC0414 - part of the interface
from infra.targets.local.spec import specs_of
from infra.targets.local.state import NodeState
from infra.targets.local.submit import submit as submit  # noqa: PLC0414 - part of the interface
from infra.terraform.client import node_started, resource_address
from infra.terraform.process import Event
from workloads.record import Isolation, NodeLimits, RunCost, Scenario

ROOT: str | None = "targets/local/terraform"
POLL_S = 0.25
LEAST_SAMPLED_RATIO = 0.8  # below it the sampler was starved or died
QUEUE_S = 0.0
SAMPLE_S = 1.0
WHY_NO_METRIC: str | None = "this host has no such counter, see isolation"
READS_GS_IN_PLACE = False  # gs:// is the lease's own object store here
TERRAFORM_GRACE_S = 10.0
SWEEP_S = 60.0  # on a busy host a process takes its time to die
SWEEP_PAUSE_S = 0.1


def prepare(options: Options, progress: Progress) -> None:
    """What is made once per checkout and speeds up every start of Spark."""
    if not class_archive.archive_path(paths.CACHE_DIR).exists():
        progress.stage("preparing Spark's classes (once per checkout, about half a minute)")
        class_archive.ensure_class_archive(paths.CACHE_DIR)


def conditions(options: Options) -> dict[str, object]:
    """How nodes are kept apart, and how much of the host a vCPU is."""
    return {
        "isolation": host.isolation_for(options.isolation, options.runs_dir).model_dump(exclude={"missing"}),
        "local_cores_per_vcpu": _share(options),
    }


def check(scenarios: list[Scenario], options: Options, standing: Lease | None = None) -> None:
    """Refuse shapes that this host cannot stand for, or whose memory it cannot hold together.

    Raises:
        UsageError: with the numbers, and the cure.
        SetupError: isolation was asked for, and is not to be had.
    """
    if options.max_usd is not None or options.max_minutes is not None:
        raise UsageError(
            "--max-usd and --max-minutes go with --target gcp and vertex: on the local target nothing is paid for."
        )
    for scenario in scenarios:
        if scenario.spot_workers or scenario.accelerator_count:
            raise UsageError(
                f"The scenario {scenario.name} has spot workers or accelerators, and the local target stands for neither; "
                "received "
                f"spot_workers {scenario.spot_workers}, accelerator_count {scenario.accelerator_count}. Use --target gcp."
            )
    if scenarios and standing is None:
        host.isolation_for(options.isolation, options.runs_dir)  # found out here: new_lease is called under a lock
    host.check_fits(scenarios, own(standing).local_cores_per_vcpu if standing else _share(options), standing)


def refuses(cell: Cell) -> str | None:
    """This host runs everything."""
    return None


def differs(lease: Lease, options: Options) -> list[str]:
    """A standing cluster is what it is: other isolation or another share than was asked for."""
    has, found = own(lease), []
    if options.isolation not in ("auto", has.isolation.mode):
        found.append(f"--isolation {options.isolation}, and it has '{has.isolation.mode}'")
    if options.local_cores_per_vcpu not in (None, has.local_cores_per_vcpu):
        found.append(
            f"--local-cores-per-vcpu {options.local_cores_per_vcpu:g}, and it has {has.local_cores_per_vcpu:g}"
        )
    return found


def new_lease(lease_id: str, scenario: Scenario, options: Options, others: list[Lease]) -> Mapping[str, object]:
    """A network and ports that nobody uses. Raises SetupError: isolation was asked for, and is not to be had."""
    found = host.isolation_for(options.isolation, options.runs_dir)
    taken = {other.state.local.network_cidr for other in others if other.state.local}
    storage_port, master_port, webui_port = host.free_ports(3)
    return {
        "local": LocalState(
            isolation=found,
            network_cidr=host.free_network(found.mode, taken),
            storage_port=storage_port,
            master_port=master_port,
            master_webui_port=webui_port,
            local_cores_per_vcpu=_share(options),
        )
    }


def variables(lease: Lease, lease_dir: Path) -> Mapping[str, object]:
    """Values of the variables of ``infra/targets/local/terraform``."""
    state = own(lease)
    return {
        **lease.scenario.model_dump(exclude_defaults=True),
        "lease_id": lease.id,
        "lease_dir": str(lease_dir),
        "project_dir": str(paths.PROJECT_DIR),
        "python": launch.python(),
        "isolation": state.isolation.mode,
        "network_cidr": state.network_cidr,
        "local_cores_per_vcpu": state.local_cores_per_vcpu,
        "storage_port": state.storage_port,
        "master_port": state.master_port,
        "master_webui_port": state.master_webui_port,
    }


def backend(lease: Lease) -> Mapping[str, str]:
    """The state is a file in the lease's directory."""
    return {}


def parts(lease: Lease) -> list[str]:
    """The object store and the nodes."""
    return ["store", *lease.node_names]


def started(event: Event) -> str | None:
    """The node that is up according to this event."""
    return node_started(event)


def replacements(lease: Lease) -> list[str]:
    """Terraform cannot see a dead daemon."""
    return [resource_address(name) for name in dead_nodes(lease)]


def own_turn(progress: Progress) -> contextlib.AbstractContextManager[None]:
    """One cell measures at a time on a host, and nothing is loaded meanwhile."""
    return host_lock("measure", progress=progress)


def dead_nodes(lease: Lease) -> list[str]:
    """Nodes (store, m, w-0, ...) that were started and are not usable any more."""
    return [spec.node for spec in specs_of(lease.directory) if node.health(spec)]


@contextlib.contextmanager
def alone(lease: Lease, others: list[Lease]) -> Iterator[None]:
    """Within, the lease is awake and the others are frozen; idle daemons would share the host's cores with the measured ones."""
    freezer.thaw(lease.id)
    frozen = [other for other in others if other.id != lease.id and other.state.stage == "up" and other.state.local]
    try:
        for other in frozen:
            with contextlib.suppress(OSError):  # torn down just now
                freezer.freeze(other.id)
        yield
    finally:
        for other in frozen:
            with contextlib.suppress(OSError):
                freezer.thaw(other.id)


def reset(lease: Lease) -> None:
    """End what a killed client left on a standing lease: drivers and what they started, and their event logs.

    Whatever bears a node's mark and is not a daemon of the node, or its sampler, came from an attempt.
    """
    daemons = {d.pid for spec in specs_of(lease.directory) if (s := NodeState.read(spec.state_path)) for d in s.daemons}
    marks.kill_until_none(lambda: {m.pid for m in marks.marked(lease.id) if m.node} - daemons)
    for path in lease.eventlog_dir.glob("*"):
        path.unlink(missing_ok=True)


def thaw(lease: Lease) -> None:
    """Wake a lease that a killed client left frozen."""
    freezer.thaw(lease.id)


def copy_logs(lease: Lease, logs: Path) -> None:
    """The daemons' and executors' logs as they are now, one folder per node."""
    for spec in specs_of(lease.directory):
        if spec.logs_dir.is_dir():
            shutil.copytree(spec.logs_dir, logs / spec.node, dirs_exist_ok=True)
        for path in spec.work_dir.glob("app-*/*/std*"):
            kept = logs / spec.node / "executors" / "-".join(path.relative_to(spec.work_dir).parts)
            kept.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(path, kept)
        for path in spec.work_dir.glob("app-*"):
            shutil.rmtree(path, ignore_errors=True)


def describe(lease: Lease, launched_at: float) -> tuple[list[NodeLimits], Isolation]:
    """What each node really had, and what kept the nodes apart."""
    return nodes.describe(lease.directory, own(lease).isolation)


def record_fields(lease: Lease) -> Mapping[str, object]:
    """The share of the host that stood for a vCPU."""
    return {"local_cores_per_vcpu": own(lease).local_cores_per_vcpu}


def usd_per_hour(lease: Lease) -> float:
    """Notional: what the shape costs on Google Cloud."""
    return pricing.usd_per_hour(lease.scenario)


def cost(lease: Lease, cell: Cell, launched_at: float, ended_at: float) -> RunCost | None:
    """Costs of a local run are notional."""
    return None


def collect(lease: Lease, folder: Path, launched_at: float, ended_at: float) -> list[str]:
    """Everything lies in its place already."""
    return []


def worst_usd_per_hour(scenario: Scenario) -> float:
    """Nothing is paid for."""
    return 0.0


def list_price(scenario: Scenario) -> tuple[float, str]:
    """Notional, in the default region."""
    return pricing.usd_per_hour(scenario), pricing.DEFAULT_REGION


def breach(lease: Lease) -> str | None:
    """There is nothing to exceed."""
    return None


def before_destroy(lease_id: str, lease: Lease | None = None) -> None:
    """End an orphaned Terraform, and wake what is frozen: it would not die."""
    leftovers.stop_terraform(lease_id, TERRAFORM_GRACE_S)
    leftovers.thaw(lease_id)


def said_at_end(lease: Lease) -> dict[str, object]:
    """Nothing is paid for."""
    return {}


def find(lease_id: str | None, lease: Lease | None = None) -> Sequence[Item]:
    """Everything on this host that bears the mark of this lease, or of any."""
    return leftovers.find(lease_id)


def protected(lease_id: str | None, lease: Lease | None = None) -> list[str]:
    """Nothing on a host has a protection."""
    return []


def expired(found: Sequence[Leftover]) -> set[str]:
    """What belongs to another checkout is left alone, however old."""
    return set()


def remove(item: Leftover) -> None:
    """Remove one thing that :func:`find` found."""
    if isinstance(item, Item):
        leftovers.remove(item)


def _share(options: Options) -> float:
    return options.local_cores_per_vcpu or sizing.default_cores_per_vcpu()
