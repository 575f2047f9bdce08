"""A project: whether it is there, which APIs are enabled in it, and what the caller may do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from google.cloud import resourcemanager_v3 as rm
from google.cloud import service_usage_v1 as su
from google.iam.v1 import iam_policy_pb2

from infra.targets.google import preflight
from tests.support.google.server import Method, Refusal, page, require

MOST_PERMISSIONS = 100  # of one request


@dataclass
class FakeProject:
    """All that bakeoff needs, unless a test takes something away."""

    project: str = "a-project"
    state: str = "ACTIVE"
    page_size: int = 2
    apis: set[str] = field(default_factory=lambda: {*preflight.APIS, *preflight.SERVICE_APIS.values()})
    permissions: set[str] = field(
        default_factory=lambda: {*preflight.PERMISSIONS, *preflight.DATAPROC_PERMISSIONS, *preflight.VERTEX_PERMISSIONS}
    )

    def services(self) -> Mapping[str, Mapping[str, Method]]:
        return {
            "google.cloud.resourcemanager.v3.Projects": {
                "GetProject": Method(rm.GetProjectRequest, self._get),
                "TestIamPermissions": Method(iam_policy_pb2.TestIamPermissionsRequest, self._test),
            },
            "google.api.serviceusage.v1.ServiceUsage": {
                "ListServices": Method(su.ListServicesRequest, self._list),
            },
        }

    def _get(self, request: Any) -> Any:
        if request.name != f"projects/{self.project}":
            raise Refusal("NOT_FOUND", f"{request.name} not found")
        return rm.Project(name="projects/1", project_id=self.project, state=self.state)

    def _test(self, request: Any) -> Any:
        require(request.resource == f"projects/{self.project}", f"resource must be the project: {request.resource}")
        require(0 < len(request.permissions) <= MOST_PERMISSIONS, "1 to 100 permissions")
        return iam_policy_pb2.TestIamPermissionsResponse(
            permissions=[name for name in request.permissions if name in self.permissions]
        )

    def _list(self, request: Any) -> Any:
        require(request.parent == f"projects/{self.project}", f"parent must be the project: {request.parent}")
        require(request.filter == "state:ENABLED", f"only enabled ones are asked for: {request.filter}")
        require(0 < request.page_size <= 200, f"page_size is at most 200: {request.page_size}")
        names, token = page(sorted(self.apis), request.page_token, self.page_size)
        services = [
            su.Service(name=f"{request.parent}/services/{n}", config={"name": n}, state="ENABLED") for n in names
        ]
        return su.ListServicesResponse(services=services, next_page_token=token)
