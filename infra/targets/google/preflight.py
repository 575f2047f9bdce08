"""Before anything is applied: all that stands in its way, in one list, each with its cure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import reduce
from operator import or_
from typing import Any, Literal, NamedTuple

from infra.base.errors import CloudError, CredentialsError, MissingError
from infra.catalogue import Catalogue, MachineType
from infra.targets.google import quotas
from infra.targets.google.calls import call, pages, typed_error
from infra.targets.google.clients import Clients
from infra.targets.google.package import executor_heap_mb
from infra.targets.google.quotas import Quota
from workloads.record import Scenario

Service = Literal["dataproc", "vertex"]
APIS = (
    "compute.googleapis.com",
    "logging.googleapis.com",
    "monitoring.googleapis.com",
    "storage.googleapis.com",
)
SERVICE_APIS = {"dataproc": "dataproc.googleapis.com", "vertex": "aiplatform.googleapis.com"}
# Of the caller, in the project. Source: cloud.google.com/iam/docs/permissions-reference.
PERMISSIONS = (
    "compute.machineTypes.get",
    "monitoring.timeSeries.list",
    "resourcemanager.projects.get",
    "serviceusage.services.list",
    "serviceusage.services.use",  # what a user's requests are counted against is the quota of this project
)
DATAPROC_PERMISSIONS = (
    "compute.addresses.list",  # this and the next: to see that nothing is left
    "compute.disks.list",
    "compute.firewalls.list",
    "compute.instances.list",
    "compute.projects.get",
    "compute.regions.get",
    "dataproc.clusters.create",
    "dataproc.clusters.delete",
    "dataproc.clusters.get",
    "dataproc.clusters.list",
    "dataproc.clusters.use",
    "dataproc.jobs.cancel",
    "dataproc.jobs.create",
    "dataproc.jobs.get",
    "dataproc.jobs.list",
    "dataproc.operations.get",
    "storage.buckets.list",
)
VERTEX_PERMISSIONS = (
    "aiplatform.customJobs.cancel",
    "aiplatform.customJobs.create",
    "aiplatform.customJobs.get",
    "aiplatform.customJobs.list",
)
# Too small for the images since 2.0. Source: cloud.google.com/dataproc/docs/concepts/compute/supported-machine-types.
NOT_ON_DATAPROC = "n1-standard-1"
SERVICE_PERMISSIONS = {"dataproc": DATAPROC_PERMISSIONS, "vertex": VERTEX_PERMISSIONS}
READS = (".get", ".list")
PAGE = 200  # the most that a page of enabled services holds


class Problem(NamedTuple):
    """What stands in the way, and what to do about it."""

    what: str
    cure: str


def problems(
    clients: Clients,
    scenarios: Sequence[Scenario],
    *,
    zone: str,
    service: Service = "dataproc",
    together: bool = True,
    writes: bool = True,
) -> list[Problem]:
    """Everything that would make an apply of these clusters fail, side by side or (not ``together``) one after another.

    Args:
        service: the scenarios become Dataproc clusters, in the project's quotas of Compute Engine, or Vertex AI's jobs.
        writes: they are to be made, and not only planned: the caller needs more than the right to read.

    A check that cannot be made is a problem too; the others are still made. What it cannot see: rights on a single
    bucket or service account, Vertex AI's own quotas, and whether the zone has machines left at this moment.

    Raises:
        UsageError: a scenario names a machine, disk or accelerator that the catalogue does not know.
    """
    alone = [quotas.needed([scenario]) for scenario in scenarios]
    wanted = quotas.needed(scenarios) if together else reduce(or_, alone, Counter())
    try:
        _ = clients.credentials
    except CredentialsError as error:
        return [_unusable(error)]
    permissions = (*PERMISSIONS, *SERVICE_PERMISSIONS[service])
    checks: list[Callable[[], list[Problem]]] = [
        lambda: _quota_project(clients),
        lambda: _too_small(scenarios) if service == "dataproc" else [],
        lambda: _project(clients),
        lambda: _apis(clients, (*APIS, SERVICE_APIS[service])),
        lambda: _permissions(clients, [name for name in permissions if writes or name.endswith(READS)]),
        lambda: _offered(clients, scenarios, zone),
        lambda: _quotas(clients, wanted) if service == "dataproc" else [],
    ]
    found: list[Problem] = []
    for check in checks:
        try:
            found += check()
        except CredentialsError as error:
            return [_unusable(error)]
        except CloudError as error:
            found.append(Problem(f"A check could not be made. {error}", "See above; then check again."))
    return found


def _unusable(error: CredentialsError) -> Problem:
    what, _, cure = str(error).partition(" Run: ")
    return Problem(what, cure or "See above; then check again.")


def _project(clients: Clients) -> list[Problem]:
    from google.cloud import resourcemanager_v3

    request = resourcemanager_v3.GetProjectRequest(name=f"projects/{clients.project_id}")
    try:
        project = call(clients.projects.get_project, request, clients.backoff)
    except MissingError:
        return [_no_project(clients)]
    if project.state.name != "ACTIVE":
        return [
            Problem(f"The project {clients.project_id} is {project.state.name}.", "Restore it, or name another one.")
        ]
    return []


def _no_project(clients: Clients) -> Problem:
    return Problem(
        f"There is no project {clients.project_id}, or you may not see it.",
        "Set project_id in gcp.toml to one of: gcloud projects list",
    )


def _apis(clients: Clients, names: Sequence[str]) -> list[Problem]:
    from google.cloud import service_usage_v1

    request = service_usage_v1.ListServicesRequest(
        parent=f"projects/{clients.project_id}", filter="state:ENABLED", page_size=PAGE
    )
    enabled = {service.config.name for service in pages(clients.services.list_services, request, clients.backoff)}
    return [
        Problem(f"The API {name} is not enabled.", f"gcloud services enable {name} --project {clients.project_id}")
        for name in names
        if name not in enabled
    ]


def _permissions(clients: Clients, names: Sequence[str]) -> list[Problem]:
    from google.iam.v1 import iam_policy_pb2

    request = iam_policy_pb2.TestIamPermissionsRequest(
        resource=f"projects/{clients.project_id}", permissions=list(names)
    )
    granted = set(call(clients.projects.test_iam_permissions, request, clients.backoff).permissions)
    lacking = sorted(name for name in names if name not in granted)
    if not lacking:
        return []
    roles = sorted({_role(name) for name in lacking})
    return [
        Problem(
            f"You lack {len(lacking)} permissions in {clients.project_id}: {', '.join(lacking)}.",
            f"Ask whoever owns the project for {' and '.join(roles)}, or a custom role with these permissions.",
        )
    ]


def _role(permission: str) -> str:
    service = permission.split(".", 1)[0]
    roles = {
        "aiplatform": "roles/aiplatform.user",
        "dataproc": "roles/dataproc.editor",
        "resourcemanager": "roles/browser",
        "storage": "roles/storage.bucketViewer",
        "serviceusage": "roles/serviceusage.serviceUsageConsumer",
    }
    return roles.get(service, f"roles/{service}.viewer")


def runs_on_dataproc(scenario: Scenario) -> bool:
    """Whether Dataproc's images and Spark run on the scenario's machines. The local target runs all of them."""
    return not _too_small([scenario])


def _too_small(scenarios: Sequence[Scenario]) -> list[Problem]:
    found = []
    for scenario in scenarios:
        machine = Catalogue.default().machine_type(scenario.machine_type)
        if NOT_ON_DATAPROC in (scenario.machine_type, scenario.master_machine_type):
            what = f"Dataproc's images do not run on {NOT_ON_DATAPROC}, which {scenario.name} has."
            cure = "Take n1-standard-2 or larger; in place of eight-tiny-standard, four-small-standard."
        elif executor_heap_mb(machine) is None:
            what = f"{machine.name}, which {scenario.name} has, has too little memory for an executor of Spark on Dataproc."
            cure = f"Take {_larger(machine)} or larger."
        else:
            continue
        found.append(Problem(what, cure))
    return found


def _larger(machine: MachineType) -> str:
    """The next larger machine type of the same family that an executor fits on."""
    family = machine.name.rpartition("-")[0]
    fitting = [
        other
        for other in Catalogue.default().machine_types.values()
        if other.name.rpartition("-")[0] == family and executor_heap_mb(other) is not None
    ]
    return min(fitting, key=lambda other: other.memory_gb).name


def _quota_project(clients: Clients) -> list[Problem]:
    """A user's own credentials name no project to count requests against, unless told to; a service account's do."""
    from google.auth import external_account_authorized_user
    from google.oauth2 import credentials

    of_a_user = (credentials.Credentials, external_account_authorized_user.Credentials)
    found = clients.credentials
    if not isinstance(found, of_a_user) or found.quota_project_id:
        return []
    return [
        Problem(
            "Your credentials name no quota project, and some of Google's APIs refuse a user's requests without one.",
            f"gcloud auth application-default set-quota-project {clients.project_id}",
        )
    ]


def _offered(clients: Clients, scenarios: Sequence[Scenario], zone: str) -> list[Problem]:
    found = []
    machines = {name for s in scenarios for name in (s.machine_type, s.master_machine_type)}
    accelerators = {s.accelerator_type for s in scenarios if s.accelerator_type}
    for collection, field, kind, names in (
        ("MachineTypes", "machine_type", "machine type", machines),
        ("AcceleratorTypes", "accelerator_type", "accelerator type", accelerators),
    ):
        for name in sorted(names):
            try:
                _get(clients, collection, {"zone": zone, field: name})
            except MissingError:
                command = f"gcloud compute {kind.replace(' ', '-')}s list --filter 'name={name}'"
                found.append(Problem(f"The {kind} {name} is not offered in {zone}.", f"Choose a zone of: {command}"))
    return found


def _quotas(clients: Clients, wanted: dict[str, int]) -> list[Problem]:
    region = _get(clients, "Regions", {"region": clients.region})
    project = _get(clients, "Projects", {})
    known = {quota.metric: Quota(quota.limit, quota.usage) for quota in (*project.quotas, *region.quotas)}
    return [
        Problem(
            f"The quota {short.metric} does not suffice: {short.needed:g} needed, {short.quota.left:g} left of "
            f"{short.quota.limit:g} in {clients.region}.",
            "Ask for more (console.cloud.google.com/iam-admin/quotas), take a smaller scenario or another region, "
            "or destroy what stands: bakeoff destroy --all",
        )
        for short in quotas.shortages(wanted, known)
    ]


def _get(clients: Clients, collection: str, names: dict[str, str]) -> Any:
    """One resource of Compute Engine. Raises as :func:`infra.targets.google.calls.call`."""
    from google.api_core.exceptions import GoogleAPIError
    from google.auth.exceptions import GoogleAuthError

    try:
        client = clients.compute(collection)
        return call(client.get, {"project": clients.project_id, **names}, clients.backoff)
    except (GoogleAPIError, GoogleAuthError) as error:
        raise typed_error(error) from error
