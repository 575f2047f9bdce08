"""A Compute Engine that knows which machines a zone offers, and the quotas of a region and a project."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.infra.gcp.fakes.server import Refusal

PATH = re.compile(
    r"/compute/v1/projects/([^/]+)(?:/(zones|regions)/([^/]+)(?:/(machineTypes|acceleratorTypes)/(.+))?)?"
)


@dataclass
class FakeCompute:
    """Offers and quotas, all generous unless a test says otherwise."""

    project: str = "a-project"
    region: str = "europe-west2"
    zone: str = "europe-west2-b"
    offered: set[str] = field(
        default_factory=lambda: {"n1-standard-1", "n1-standard-2", "n2-standard-4", "nvidia-tesla-t4"}
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

    def answer(self, method: str, path: str, body: dict[str, Any]) -> tuple[str, Callable[[Any], Any]] | None:
        match = PATH.fullmatch(path)
        if not match or method != "GET":
            return None
        project, kind, place, collection, name = match.groups()
        if collection:
            return collection, lambda _: self._offer(project, place, name)
        if kind == "regions":
            return "regions", lambda _: self._region(project, place)
        return "projects", lambda _: {"name": project, "quotas": _listed(self.project_quotas)}

    def _offer(self, project: str, zone: str, name: str) -> dict[str, Any]:
        if (project, zone) != (self.project, self.zone) or name not in self.offered:
            raise Refusal("NOT_FOUND", f"The resource 'projects/{project}/zones/{zone}/{name}' was not found")
        return {"name": name}

    def _region(self, project: str, region: str) -> dict[str, Any]:
        if (project, region) != (self.project, self.region):
            raise Refusal("NOT_FOUND", f"The resource 'projects/{project}/regions/{region}' was not found")
        return {"name": region, "quotas": _listed(self.quotas)}


def _listed(quotas: dict[str, tuple[float, float]]) -> list[dict[str, Any]]:
    return [{"metric": metric, "limit": limit, "usage": usage} for metric, (limit, usage) in quotas.items()]
