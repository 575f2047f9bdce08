"""The gcp target: a Dataproc cluster per lease, Google's own limits, prices that are paid. See infra/targets/base.py."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from infra.base.errors import CloudError, SetupError, UsageError
from infra.base.options import Options
from infra.base.progress import Progress
from infra.catalogue import pricing
from infra.inputs.experiment import Cell
from infra.inputs.limits import Budget
from infra.leases.lease import Lease
from infra.targets.base import Leftover
from infra.targets.dataproc import lives
from infra.targets.dataproc.describe import describe as describe  # noqa: PLC0414 - part of the interface
from infra.targets.dataproc.submit import cluster_name
from infra.targets.dataproc.submit import collect as collect  # noqa: PLC0414 - part of the interface
from infra.targets.dataproc.submit import submit as submit  # noqa: PLC0414 - part of the interface
from infra.targets.google import dependencies, leftovers
from infra.targets.google.clients import Clients
from infra.targets.google.costs import list_price as list_price  # noqa: PLC0414 - part of the interface
from infra.targets.google.lease_state import clients_of, own
from infra.targets.google.limits import lease_fields
from infra.targets.google.load import load as load  # noqa: PLC0414 - part of the interface
from infra.targets.google.preflight import Problem, problems
from infra.targets.google.settings import load_settings
from infra.terraform.process import Event
from workloads.record import RunCost, Scenario

ROOT: str | None = "targets/dataproc/terraform"
POLL_S = 2.0
QUEUE_S = 180.0
SAMPLE_S = 60.0  # Cloud Monitoring has a point a minute
LEAST_SAMPLED_RATIO = 0.0  # a minute without a point is Google's gap, and is named in the record
WHY_NO_METRIC: str | None = None  # said by infra/targets/dataproc/monitoring.py, series by series
READS_GS_IN_PLACE = True
SWEEP_S = 900.0  # a cluster takes minutes to go
SWEEP_PAUSE_S = 10.0
TEARDOWN_LEAD_S = 60.0  # the client ends a lease so long before Google would


def prepare(options: Options, progress: Progress) -> None:
    """Put the packages of the jobs into the bucket. Raises SetupError without gcp.toml or Google's clients."""
    settings = load_settings()
    need_clients()
    dependencies.upload(settings, progress, tensorflow=options.tensorflow)


def conditions(options: Options) -> dict[str, object]:
    """Where it runs."""
    settings = load_settings()
    return {"target": "gcp", "region": settings.region, "zone": settings.zone}


def check(scenarios: list[Scenario], options: Options, standing: Lease | None = None) -> None:
    """Preflight: everything that stands in the way, in one list, each with its cure.

    Raises:
        UsageError: that list.
        SetupError: there is no gcp.toml, or Google's clients are not installed.
    """
    settings = own(standing).settings if standing else load_settings()
    need_clients()
    refuse_local_options(options)
    clients = Clients(settings.project_id, settings.region)
    refuse(problems(clients, scenarios, zone=settings.zone, writes=not options.plan_only), scenarios)


def refuse_local_options(options: Options) -> None:
    """Raise UsageError for options that only the local target has."""
    if options.isolation != "auto" or options.local_cores_per_vcpu is not None:
        raise UsageError(
            "--isolation and --local-cores-per-vcpu belong to --target local: elsewhere a node is a machine."
        )


def refuse(found: list[Problem], scenarios: list[Scenario]) -> None:
    """Raise UsageError with all that stands in the way, if anything does."""
    if found:
        lines = "".join(f"\n- {problem.what} Cure: {problem.cure}" for problem in found)
        raise UsageError(f"{len(found)} things stand in the way of {', '.join(s.name for s in scenarios)}:{lines}")


def refuses(cell: Cell) -> str | None:
    """Dataproc runs everything."""
    return None


def differs(lease: Lease, options: Options) -> list[str]:
    """A standing cluster keeps the limits and the place that it was made with."""
    state, found = own(lease), []
    for name, asked, has in (
        ("--max-usd", options.max_usd, state.max_usd),
        ("--max-minutes", options.max_minutes, state.max_minutes),
    ):
        if asked is not None and asked != has:
            found.append(f"{name} {asked:g}, and it was applied with {'none' if has is None else f'{has:g}'}")
    here = load_settings()
    if (here.project_id, here.zone) != (state.settings.project_id, state.settings.zone):
        found.append(
            f"gcp.toml names {here.zone} of {here.project_id}, and it is in {state.settings.zone} of {state.settings.project_id}"
        )
    return found


def worst_usd_per_hour(scenario: Scenario) -> float:
    """What a cluster costs at most: spot machines, whose price may change every day, at that of regular ones."""
    regular = scenario.model_copy(update={"workers": scenario.workers + scenario.spot_workers, "spot_workers": 0})
    return pricing.usd_per_hour(regular, load_settings().region)


def new_lease(lease_id: str, scenario: Scenario, options: Options, others: list[Lease]) -> Mapping[str, object]:
    """Settings, limits, and the expiry that follows from them. Raises LimitError: the limits leave too little."""
    region = load_settings().region

    def estimate_usd(seconds: float) -> float:
        return pricing.cluster_cost(scenario, region, seconds).total_usd

    return lease_fields(options, worst_usd_per_hour(scenario), estimate_usd)


def variables(lease: Lease, lease_dir: Path) -> Mapping[str, object]:
    """Values of the variables of the root in ``terraform/``; ``expires_at`` is when Google deletes the cluster by itself."""
    state = own(lease)
    given = ("project_id", "region", "zone", "subnetwork", "service_account", "bucket", "staging_bucket", "temp_bucket")
    return {
        **lease.scenario.model_dump(exclude_defaults=True),
        **{name: getattr(state.settings, name) for name in given},
        "lease_id": lease.id,
        "labels": state.settings.labels,
        "dependencies_uri": state.dependencies_uri,
        "expires_at": datetime.fromisoformat(lease.state.expires_at).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def backend(lease: Lease) -> Mapping[str, str]:
    """A key of its own in the state bucket, locked by Terraform."""
    return leftovers.backend(own(lease).settings, lease.id)


def parts(lease: Lease) -> list[str]:
    """Dataproc tells of no parts."""
    return ["cluster"]


def started(event: Event) -> str | None:
    """``cluster`` when it is up."""
    done = event.get("type") == "apply_complete" and event.get("hook", {}).get("action") == "create"
    kind = event.get("hook", {}).get("resource", {}).get("resource_type")
    return "cluster" if done and kind == "google_dataproc_cluster" else None


def dead_nodes(lease: Lease) -> list[str]:
    """The cluster, where it is broken or gone: Dataproc replaces single machines itself."""
    from infra.targets.dataproc.jobs import check_cluster

    try:
        check_cluster(clients_of(lease), cluster_name(lease))
    except CloudError:
        raise
    except Exception as error:
        return [f"{cluster_name(lease)} ({error})"]
    return []


def replacements(lease: Lease) -> list[str]:
    """A cluster in ERROR is replaced whole; one that is gone Terraform sees itself."""
    return ["module.cluster.google_dataproc_cluster.this"] if leftovers.in_error(lease) else []


def own_turn(progress: Progress) -> contextlib.AbstractContextManager[None]:
    """Clusters do not disturb each other."""
    return contextlib.nullcontext()


def alone(lease: Lease, others: list[Lease]) -> contextlib.AbstractContextManager[None]:
    """Nor does anything else of ours."""
    return contextlib.nullcontext()


def reset(lease: Lease) -> None:
    """Cancel jobs that a killed client left running, and forget fetched event logs."""
    leftovers.cancel_jobs(lease)
    for path in lease.eventlog_dir.glob("*"):
        path.unlink(missing_ok=True)


def thaw(lease: Lease) -> None:
    """Clusters do not sleep."""


@contextlib.contextmanager
def sampled(lease: Lease, folder: Path) -> Iterator[Callable[[], str | None]]:
    """Google samples; the points are fetched afterwards."""
    yield lambda: None


def copy_logs(lease: Lease, logs: Path) -> None:
    """What Dataproc keeps of the nodes' set-up, where there is any."""
    leftovers.fetch_setup_logs(lease, logs)


def record_fields(lease: Lease) -> Mapping[str, object]:
    """Where it ran."""
    return {"region": own(lease).settings.region, "zone": own(lease).settings.zone}


def usd_per_hour(lease: Lease) -> float:
    """List price of the shape in the lease's region."""
    return pricing.usd_per_hour(lease.scenario, own(lease).settings.region)


def cost(lease: Lease, cell: Cell, launched_at: float, ended_at: float) -> RunCost | None:
    """Estimated at the time limit; measured from submit to end, each machine for as long as it was seen to stand then."""
    state = own(lease)
    region = state.settings.region
    seen = lives.of_attempt(lease, launched_at, ended_at)
    machines = lives.machines(seen, lease.scenario, ended_at, launched_at)
    measured = (
        pricing.cost(machines, region) if seen else pricing.cluster_cost(lease.scenario, region, ended_at - launched_at)
    )
    return RunCost(
        estimate=pricing.breakdown(pricing.cluster_cost(lease.scenario, region, cell.timeout_s)),
        measured=pricing.breakdown(measured),
        limit_usd=state.max_usd,
        limit_minutes=state.max_minutes,
    )


def breach(lease: Lease) -> str | None:
    """The hard limit that is reached, in a sentence; the client acts a minute before Google would."""
    state = own(lease)
    left_s = datetime.fromisoformat(lease.state.expires_at).timestamp() - time.time()
    if left_s > TEARDOWN_LEAD_S:
        return None
    asked = Budget(Options(lease.directory, max_usd=state.max_usd, max_minutes=state.max_minutes)).said()
    return (
        f"{asked or 'the default life of a cluster'} is reached: {state.limit_s / 60:.1f} minutes at up to "
        f"{state.worst_usd_per_hour:.3f} USD per hour"
    )


def before_destroy(lease_id: str, lease: Lease | None = None) -> None:
    """End an orphaned Terraform and running jobs, and free a lock that a dead client of this host left."""
    leftovers.before_destroy(lease_id, lease)


def said_at_end(lease: Lease) -> dict[str, object]:
    """Estimate and measured cost of the whole lease, and the limit that ended it, if one did."""
    state, now, missing = own(lease), time.time(), []
    machines, why = lives.look(lease, now)
    if machines:
        measured = pricing.cost(lives.machines(machines, lease.scenario, now), state.settings.region)
    else:
        lived_s = now - datetime.fromisoformat(lease.state.created_at).timestamp()
        measured = pricing.cluster_cost(lease.scenario, state.settings.region, lived_s)
    if why and lease.state.apply_s:
        missing.append(f"measured_usd counts {'machines seen earlier' if machines else lives.WHOLE_LIFE}: {why}")
    return {
        "estimated_usd": round(state.estimated_usd, 4),
        "measured_usd": round(measured.total_usd, 4) if machines or lease.state.apply_s else None,
        "machines": machines,
        "missing": missing,
        "breach": breach(lease),
    }


def find(lease_id: str | None, lease: Lease | None = None) -> Sequence[Leftover]:
    """What bears our labels or names in the project."""
    return leftovers.find(lease_id, lease)


def protected(lease_id: str | None, lease: Lease | None = None) -> list[str]:
    """What bears our marks and the protection label."""
    return leftovers.protected(lease_id, lease)


def expired(found: Sequence[Leftover]) -> set[str]:
    """Leases past the expiry in their labels."""
    return leftovers.expired(found)


def remove(item: Leftover) -> None:
    """Remove one thing that :func:`find` found."""
    leftovers.remove(item)


def need_clients() -> None:
    """Raise SetupError, with its cure, where Google's clients are not installed."""
    try:
        import google.cloud.dataproc_v1
    except ImportError as error:
        raise SetupError(f"--target gcp needs Google's clients ({error}). Run: make setup-gcp") from error
    del google
