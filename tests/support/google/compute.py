"""A Compute Engine that knows which machines a zone offers, and the quotas of a region and a project."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.support.google.server import Refusal, page, require

PATH = re.compile(
    r"/compute/v1/projects/([^/]+)"
    r"(?:/(zones|regions)/([^/]+)(?:/(machineTypes|acceleratorTypes|instances)(?:/(.+))?)?)?"
)
BY_CLUSTER = re.compile(r'labels\.goog-dataproc-cluster-name = "([^"]+)"')


@dataclass
class FakeCompute:
    """Offers and quotas, all generous unless a test says otherwise."""

    project: str = "a-project"
    region: str = "europe-west2"
    zone: str = "europe-west2-b"
    offered: set[str] = field(
        default_factory=lambda: {"n1-standard-1", "n1-standard-2", "n1-highmem-2", "n2-standard-4", "nvidia-tesla-t4"}
    )
    quotas: dict[str, tuple[float, float]] = field(
        default_factory=lambda: {
            "CPUS": (72, 0),
            "N2_CPUS": (72, 0),
            "PREEMPTIBLE_CPUS": (0, 0),
            "DISKS_TOTAL_GB": (8192, 0),
            "SSD_TOTAL_GB": (8192, 0),
            "IN_USE_ADDRESSES": (8, 0),
            "INSTANCES": (100, 0),
            "NVIDIA_T4_GPUS": (1, 0),
        }
    )
    project_quotas: dict[str, tuple[float, float]] = field(
        default_factory=lambda: {"CPUS_ALL_REGIONS": (96, 0), "GPUS_ALL_REGIONS": (1, 0)}
    )

    instances: dict[str, dict[str, Any]] = field(default_factory=dict)  # by name
    page_size: int = 2

    def add_instance(self, name: str, cluster: str, machine_type: str, created: str) -> None:
        self.instances[name] = {
            "name": name,
            "machineType": f"projects/{self.project}/zones/{self.zone}/machineTypes/{machine_type}",
            "creationTimestamp": created,
            "labels": {"goog-dataproc-cluster-name": cluster},
        }

    def answer(self, method: str, path: str, body: dict[str, Any]) -> tuple[str, Callable[[Any], Any]] | None:
        match = PATH.fullmatch(path)
        if not match or method != "GET":
            return None
        project, kind, place, collection, name = match.groups()
        if collection == "instances":
            return collection, lambda query: self._instances(project, place, query)
        if collection:
            return collection, lambda _: self._offer(project, place, name)
        if kind == "regions":
            return "regions", lambda _: self._region(project, place)
        return "projects", lambda _: {"name": project, "quotas": _listed(self.project_quotas)}

    def _offer(self, project: str, zone: str, name: str) -> dict[str, Any]:
        if (project, zone) != (self.project, self.zone) or name not in self.offered:
            raise Refusal("NOT_FOUND", f"The resource 'projects/{project}/zones/{zone}/{name}' was not found")
        return {"name": name}

    def _instances(self, project: str, zone: str, query: dict[str, Any]) -> dict[str, Any]:
        require((project, zone) == (self.project, self.zone), f"no zone {zone} in {project}")
        require(0 < int(query.get("maxResults", 500)) <= 500, "maxResults is at most 500")
        asked = BY_CLUSTER.fullmatch(query.get("filter", ""))
        require(asked, f"the filter must name one cluster: {query.get('filter')}")
        cluster = asked[1] if asked else ""
        found = [i for i in self.instances.values() if i["labels"]["goog-dataproc-cluster-name"] == cluster]
        some, token = page(found, query.get("pageToken", ""), self.page_size)
        return {"items": some, **({"nextPageToken": token} if token else {})}

    def _region(self, project: str, region: str) -> dict[str, Any]:
        if (project, region) != (self.project, self.region):
            raise Refusal("NOT_FOUND", f"The resource 'projects/{project}/regions/{region}' was not found")
        return {"name": region, "quotas": _listed(self.quotas)}


def _listed(quotas: dict[str, tuple[float, float]]) -> list[dict[str, Any]]:
    return [{"metric": metric, "limit": limit, "usage": usage} for metric, (limit, usage) in quotas.items()]
