"""The whole life of leases in a fake project: clusters come and go, and machines, disks, firewalls and addresses lie about."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from google.cloud import dataproc_v1 as dp
from google.longrunning import operations_pb2

from infra.targets.google.clients import StandIn
from tests.support.google.bigquery import FakeBigQuery
from tests.support.google.cloud import Cloud
from tests.support.google.dataproc import LABEL_VALUE, LABELS, FakeDataproc
from tests.support.google.rest import serve_rest
from tests.support.google.server import Fake, Method, Refusal, page, require, serve

FILTER = re.compile(r"(status\.state = ACTIVE AND )?labels\.([a-z-]+) = (\S+)")
LONGEST_S = 14 * 86400  # Dataproc's own limit of auto_delete_time
THINGS = re.compile(
    r"/compute/v1/projects/([^/]+)/(aggregated|global|zones/[^/]+|regions/[^/]+)/(instances|disks|firewalls|addresses)(?:/([^/]+))?"
)


@dataclass
class LivingDataproc(FakeDataproc):
    """Clusters are made as Terraform's provider would, listed in small pages, and go one look after they were deleted."""

    page_size: int = 2
    on_gone: Callable[[str], None] | None = None  # told the name of a cluster that was deleted

    def services(self) -> Mapping[str, Mapping[str, Method]]:
        known = {name: dict(methods) for name, methods in super().services().items()}
        known["google.cloud.dataproc.v1.ClusterController"] |= {
            "ListClusters": Method(dp.ListClustersRequest, self._list_clusters),
            "DeleteCluster": Method(dp.DeleteClusterRequest, self._delete_cluster),
        }
        known["google.cloud.dataproc.v1.JobController"] |= {"ListJobs": Method(dp.ListJobsRequest, self._list_jobs)}
        return known

    def create(self, name: str, labels: dict[str, str], auto_delete: datetime, staging: str) -> None:
        """What the provider asks Dataproc for; refused without labels, expiry and buckets of ours."""
        for label in LABELS:
            require(LABEL_VALUE.fullmatch(labels.get(label, "")), f"label {label} missing or malformed")
        left_s = auto_delete.timestamp() - datetime.now(UTC).timestamp()
        require(
            600 <= left_s + 60 <= LONGEST_S, f"auto_delete_time must be 10 minutes to 14 days ahead: {left_s:.0f} s"
        )
        require(not staging.startswith("dataproc-"), "the staging bucket must be ours")
        if name in self.clusters:
            raise Refusal("ALREADY_EXISTS", f"Cluster {name} exists")
        self.add_cluster(name, **labels)

    def finish(self, job_id: str, state: str, details: str, output: bytes) -> None:
        """The next look at the job finds it ended, and all that its driver said."""
        job = self.jobs[job_id]
        if job.status.state.name in ("PENDING", "RUNNING"):
            self._write_chunk(job, 0, output)
            job.status = dp.JobStatus(state=state, details=details)

    def _labelled(self, request: Any) -> tuple[str, str]:
        match = FILTER.fullmatch(request.filter)
        if not match:
            raise Refusal("INVALID_ARGUMENT", f"a list must be of ours only: '{request.filter}'")
        return match[2], match[3]

    def _list_clusters(self, request: Any) -> Any:
        self._check_place(request)
        key, value = self._labelled(request)
        for name in [n for n, c in self.clusters.items() if c.status.state.name == "DELETING"]:
            del self.clusters[name]
            if self.on_gone:
                self.on_gone(name)
        found = [c for c in self.clusters.values() if key in c.labels and value in ("*", c.labels[key])]
        some, token = page(found, request.page_token, self.page_size)
        return dp.ListClustersResponse(clusters=some, next_page_token=token)

    def _delete_cluster(self, request: Any) -> Any:
        self._check_place(request)
        cluster = self._find_cluster(request.cluster_name)
        require(request.cluster_uuid in ("", cluster.cluster_uuid), "another cluster of the same name")
        require(cluster.labels.get("bakeoff-protected") != "true", "a protected cluster was about to be deleted")
        cluster.status = dp.ClusterStatus(state="DELETING")
        return operations_pb2.Operation(name="operations/delete", done=False)

    def _list_jobs(self, request: Any) -> Any:
        self._check_place(request)
        key, value = self._labelled(request)
        # The state matcher counts only where there is no filter, and every list of ours has one.
        active = request.filter.startswith("status.state = ACTIVE")
        for job in self.jobs.values():
            if job.status.state.name == "CANCEL_PENDING" and self.cancels_at_once:
                job.status = dp.JobStatus(state="CANCELLED")
        ended = ("DONE", "ERROR", "CANCELLED")
        found = [
            job
            for job in self.jobs.values()
            if value in ("*", job.labels.get(key)) and not (active and job.status.state.name in ended)
        ]
        some, token = page(found, request.page_token, self.page_size)
        return dp.ListJobsResponse(jobs=some, next_page_token=token)


@dataclass
class FakeThings:
    """Instances and disks by zone, firewalls, addresses; small pages; labels are filtered as asked."""

    project: str = "a-project"
    region: str = "europe-west2"
    zone: str = "europe-west2-b"
    page_size: int = 1
    there: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)  # (collection, name)

    def add(self, collection: str, name: str, created: str = "2026-01-01T00:00:00.000-00:00", **labels: str) -> None:
        places = {"firewalls": {}, "addresses": {"region": self.region}}
        place = places.get(collection, {"zone": f"zones/{self.zone}"})
        dashed = {key.replace("_", "-"): value for key, value in labels.items()}
        self.there[collection, name] = {
            "name": name, "labels": dashed, "status": "RUNNING" if collection == "instances" else "READY",
            "creationTimestamp": created, **place,
        }  # fmt: skip

    @property
    def names(self) -> set[str]:
        return {name for _, name in self.there}

    def answer(self, method: str, path: str, body: dict[str, Any]) -> tuple[str, Callable[[Any], Any]] | None:
        match = THINGS.fullmatch(path)
        if not match:
            return None
        project, scope, collection, name = match.groups()
        if method == "DELETE":
            return f"delete {collection}", lambda _: self._delete(project, scope, collection, name)
        if collection == "instances" and scope.startswith("zones/"):
            return None  # of one cluster: FakeCompute's
        return f"list {collection}", lambda asked: self._list(project, scope, collection, asked)

    def _list(self, project: str, scope: str, collection: str, asked: dict[str, Any]) -> dict[str, Any]:
        require(project == self.project, f"another project: {project}")
        items = [thing for (kind, _), thing in sorted(self.there.items()) if kind == collection]
        if collection == "firewalls":
            require(scope == "global", "firewalls are global")
            items = [{k: v for k, v in item.items() if k != "labels"} | {"id": "1"} for item in items]
        elif collection == "addresses":
            require(scope == f"regions/{self.region}", f"addresses lie in the region: {scope}")
            items = [{k: v for k, v in item.items() if k not in ("labels", "status")} for item in items]
        else:
            by_name = re.fullmatch(r'name eq "(bakeoff-.*)"', asked.get("filter", ""))
            if by_name:
                items = [item for item in items if re.fullmatch(by_name[1], item["name"])]
                return self._paged(items, collection, scope, asked)
            wanted = re.fullmatch(r"labels\.([a-z-]+)(?:=(\S+)|:\*)", asked.get("filter", ""))
            require(wanted, f"a list must be of ours only: '{asked.get('filter')}'")
            assert wanted
            key, value = wanted.groups()
            items = [i for i in items if key in i["labels"] and value in (None, i["labels"][key])]
        return self._paged(items, collection, scope, asked)

    def _paged(self, items: list[Any], collection: str, scope: str, asked: dict[str, Any]) -> dict[str, Any]:
        some, token = page(items, asked.get("pageToken", ""), self.page_size)
        more = {"nextPageToken": token} if token else {}
        if scope == "aggregated":
            return {"items": {f"zones/{self.zone}": {collection: some}}, **more}
        return {"items": some, **more}

    def _delete(self, project: str, scope: str, collection: str, name: str) -> dict[str, Any]:
        thing = self.there.get((collection, name))
        if thing is None or project != self.project:
            raise Refusal("NOT_FOUND", f"{name} was not found")
        require(scope == thing.get("zone", scope), f"{name} does not lie in {scope}")
        require(thing["labels"].get("bakeoff-protected") != "true", "a protected thing was about to be deleted")
        del self.there[collection, name]
        return {"kind": "compute#operation", "name": "delete", "status": "DONE"}


@dataclass
class Project(Cloud):
    """A cloud in which leases live."""

    dataproc: LivingDataproc = field(default_factory=LivingDataproc)
    things: FakeThings = field(default_factory=FakeThings)

    def machines_go(self, cluster: str) -> None:
        """Machines go with their cluster."""
        for name in [name for name in self.compute.instances if name.startswith(f"{cluster}-")]:
            del self.compute.instances[name]


@contextmanager
def standing_project() -> Iterator[Project]:
    """A project whose servers run until the end of the block."""
    cloud = Project()
    cloud.dataproc.on_gone = cloud.machines_go
    grpc_fakes: list[Fake] = [cloud.dataproc, cloud.monitoring, cloud.vertex, cloud.project, cloud.catalog]
    with (
        serve(grpc_fakes, cloud.failures) as grpc,
        serve_rest([cloud.things, cloud.compute, FakeBigQuery()], cloud.failures) as rest,
    ):
        cloud.stand_in = StandIn(grpc, rest)
        yield cloud
