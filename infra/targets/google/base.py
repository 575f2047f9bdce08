"""What the two Google targets have in common: where on Google Cloud, limits that are expiries, images in the bucket."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from infra.base.checks import Check
from infra.base.errors import JobError, SetupError, UsageError
from infra.base.options import Grant, Options
from infra.base.progress import Progress
from infra.inputs.dataset import Dataset, copy
from infra.inputs.limits import Budget
from infra.leases.lease import Lease
from infra.targets.base import LONGEST_LIFE_S, Jobs, NewState, Pricing, Target
from infra.targets.google import dependencies, doctor
from infra.targets.google.clients import Clients
from infra.targets.google.lease import GcpState, lease_uri, state_of
from infra.targets.google.preflight import Service, problems
from infra.targets.google.settings import GcpSettings, load_settings
from workloads.errors import WorkloadError
from workloads.record import Scenario
from workloads.storage import open_store

FLAGS = frozenset({"max_usd", "max_minutes"})
TEARDOWN_LEAD_S = 60.0  # the client ends a lease so long before Google would


class GoogleJobs(Jobs):
    """Jobs whose packages and images lie in the bucket."""

    def prepare(self, grant: Grant, progress: Progress) -> None:
        """Put the packages of the jobs into the bucket. Raises SetupError without gcp.toml or Google's clients."""
        settings = load_settings()
        need_clients()
        dependencies.upload(settings, progress, packages=grant.packages)

    def load(self, dataset: Dataset, lease: Lease, progress: Progress) -> None:
        """Upload the images to ``gs://bucket/leases/<id>/images``, unless they are read where they are, or are there."""
        if lease.state.dataset == dataset.facts:
            return
        began = time.monotonic()
        uri = dataset.uri or f"{lease_uri(lease)}/images"
        if dataset.folder is not None:
            progress.stage(f"load {dataset.facts['images']} images into lease {lease.id}")
            try:
                open_store(uri).delete_all()
                copy(str(dataset.folder), uri, "images loaded", progress)
            except WorkloadError as error:
                raise JobError(f"The images could not be loaded into lease {lease.id}: {error}") from error
        lease.update(
            target_state=state_of(lease).model_copy(update={"images_uri": uri}),
            dataset=dataset.facts,
            load_data_s=round(time.monotonic() - began, 3),
        )


class GooglePricing(Pricing):
    """Prices that are paid: a lease expires when it may have used up its limit."""

    @abstractmethod
    def estimate_usd(self, scenario: Scenario, seconds: float) -> float:
        """What a new lease of a shape costs that is used for so long."""

    def breach(self, lease: Lease) -> str | None:
        """The hard limit that is reached; the client acts a minute before Google would."""
        state = state_of(lease)
        left_s = datetime.fromisoformat(lease.state.expires_at).timestamp() - time.time()
        if left_s > TEARDOWN_LEAD_S:
            return None
        asked = Budget(Options(lease.directory, max_usd=state.max_usd, max_minutes=state.max_minutes)).describe()
        return (
            f"{asked or 'the default life of a cluster'} is reached: {state.limit_s / 60:.1f} minutes at up to "
            f"{state.worst_usd_per_hour:.3f} USD per hour"
        )


class GoogleTarget(Target):
    """A target in the project that gcp.toml names."""

    service: Service
    pricing: GooglePricing

    def preflight(self, scenarios: Sequence[Scenario], settings: GcpSettings, *, plan_only: bool) -> None:
        """Raise UsageError with everything that stands in the way, each with its cure."""
        clients = Clients(settings.project_id, settings.region)
        found = problems(clients, scenarios, zone=settings.zone, service=self.service, writes=not plan_only)
        if found:
            lines = "".join(f"\n- {problem.what} Cure: {problem.cure}" for problem in found)
            raise UsageError(f"{len(found)} things stand in the way of {', '.join(s.name for s in scenarios)}:{lines}")

    def differs(self, lease: Lease, options: Options) -> list[str]:
        """A standing cluster keeps the limits and the place that it was made with."""
        state, found = state_of(lease), []
        for name, asked, has in (
            ("--max-usd", options.max_usd, state.max_usd),
            ("--max-minutes", options.max_minutes, state.max_minutes),
        ):
            if asked is not None and asked != has:
                found.append(f"{name} {asked:g}, and it was applied with {'none' if has is None else f'{has:g}'}")
        here, there = load_settings(), state.settings
        if (here.project_id, here.zone) != (there.project_id, there.zone):
            found.append(
                f"gcp.toml names {here.zone} of {here.project_id}, and it is in {there.zone} of {there.project_id}"
            )
        return found

    def new_state(self, scenario: Scenario, options: Options, grant: Grant, others: Sequence[Lease]) -> NewState:
        """Settings, limits, and the life that follows from them. Raises LimitError: the limits leave too little."""
        settings, rate = load_settings(), self.pricing.per_hour(scenario).worst_usd
        limit_s = grant.allowed_s or Budget(options).allowed_s([rate], LONGEST_LIFE_S)
        state = GcpState(
            settings=settings,
            max_usd=options.max_usd,
            max_minutes=options.max_minutes,
            limit_s=limit_s,
            worst_usd_per_hour=rate,
            estimated_usd=self.pricing.estimate_usd(scenario, min(grant.expected_s or limit_s, limit_s)),
            dependencies_uri=dependencies.uri(settings, packages=grant.packages),
        )
        return NewState(state, limit_s)

    def doctor(self, runs_dir: Path) -> list[Check]:
        return doctor.examine(self.service)


def need_clients() -> None:
    """Raise SetupError, with its cure, where Google's clients are not installed."""
    try:
        import google.cloud.dataproc_v1
    except ImportError as error:
        raise SetupError(f"--target gcp needs Google's clients ({error}). Run: make setup-gcp") from error
    del google
