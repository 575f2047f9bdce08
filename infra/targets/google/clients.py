"""Google's clients, each made when it is first used: regional endpoints, one set of credentials, no key files.

Credentials are Application Default Credentials (cloud.google.com/docs/authentication/application-default-credentials).
``BAKEOFF_GOOGLE_GRPC`` (``host:port``) and ``BAKEOFF_GOOGLE_REST`` (``http://host:port``) redirect every client to servers
that stand in for Google's, without credentials, as ``STORAGE_EMULATOR_HOST`` does for the object store.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from typing import Any

from infra.base.errors import CredentialsError, SetupError
from infra.targets.google.calls import Backoff
from workloads.credentials import CredentialsProblem, default_credentials, refresh


@dataclass(frozen=True)
class StandIn:
    """Servers on this machine that stand in for Google's."""

    grpc: str  # host:port
    rest: str  # http://host:port

    @classmethod
    def from_environment(cls) -> StandIn | None:
        """What the environment names; None where it names nothing."""
        grpc, rest = os.environ.get("BAKEOFF_GOOGLE_GRPC", ""), os.environ.get("BAKEOFF_GOOGLE_REST", "")
        return cls(grpc, rest) if grpc or rest else None


class Clients:
    """Google's clients for one project and region.

    Args:
        project_id: of the user's project.
        region: such as ``us-central1``; Dataproc and Vertex AI answer at an endpoint of the region.
        credentials: instead of the Application Default Credentials.
        stand_in: servers that stand in for Google's; default: what the environment names.
        backoff: how calls are repeated.
    """

    def __init__(
        self,
        project_id: str,
        region: str,
        *,
        credentials: Any = None,
        stand_in: StandIn | None = None,
        backoff: Backoff | None = None,
    ) -> None:
        self.project_id = project_id
        self.region = region
        self.backoff = backoff or Backoff()
        self._given = credentials
        self._stand_in = stand_in or StandIn.from_environment()

    @cached_property
    def credentials(self) -> Any:
        """The credentials of every client, known to be usable now.

        Raises:
            CredentialsError: there are none, or they cannot be renewed; ends with the cure.
        """
        from google.auth.credentials import AnonymousCredentials

        if self._given is None and self._stand_in:
            return AnonymousCredentials()  # type: ignore[no-untyped-call]
        try:
            found = self._given or default_credentials()[0]
            refresh(found)  # now, and not within the first call: gRPC would report it as a server that does not answer
        except CredentialsProblem as error:
            raise CredentialsError(str(error)) from error
        return found

    @cached_property
    def jobs(self) -> Any:
        """Dataproc's jobs."""
        return self._grpc(
            "google.cloud.dataproc_v1", "JobControllerClient", f"{self.region}-dataproc.googleapis.com:443"
        )

    @cached_property
    def clusters(self) -> Any:
        """Dataproc's clusters."""
        name = "ClusterControllerClient"
        return self._grpc("google.cloud.dataproc_v1", name, f"{self.region}-dataproc.googleapis.com:443")

    @cached_property
    def metrics(self) -> Any:
        """Cloud Monitoring's time series."""
        return self._grpc("google.cloud.monitoring_v3", "MetricServiceClient")

    @cached_property
    def custom_jobs(self) -> Any:
        """Vertex AI's custom jobs."""
        module = "google.cloud.aiplatform_v1.services.job_service"
        return self._grpc(module, "JobServiceClient", f"{self.region}-aiplatform.googleapis.com:443")

    @cached_property
    def projects(self) -> Any:
        """Projects, and what the caller may do in them."""
        return self._grpc("google.cloud.resourcemanager_v3", "ProjectsClient")

    @cached_property
    def services(self) -> Any:
        """The APIs that are enabled in a project."""
        return self._grpc("google.cloud.service_usage_v1", "ServiceUsageClient")

    @cached_property
    def price_catalogue(self) -> Any:
        """The Cloud Billing Catalog: list prices."""
        return self._grpc("google.cloud.billing_v1", "CloudCatalogClient")

    def compute(self, collection: str) -> Any:
        """A client of Compute Engine by its collection: ``MachineTypes``, ``AcceleratorTypes``, ``Regions``, ``Projects``."""
        client = _load("google.cloud.compute_v1", f"{collection}Client")
        if self._stand_in is None:
            return client(credentials=self.credentials)
        transport = client.get_transport_class("rest")
        address = self._stand_in.rest
        return client(transport=transport(host=address, credentials=self.credentials, url_scheme="http"))

    @cached_property
    def storage(self) -> Any:
        """Cloud Storage, for buckets as things; their content is read through ``workloads.storage``."""
        return _load("google.cloud.storage", "Client")(project=self.project_id, credentials=self.credentials)

    @cached_property
    def bigquery(self) -> Any:
        """BigQuery, for a billing export table."""
        client = _load("google.cloud.bigquery", "Client")
        options = {"api_endpoint": self._stand_in.rest} if self._stand_in else None
        return client(project=self.project_id, credentials=self.credentials, client_options=options)

    def _grpc(self, module: str, name: str, endpoint: str | None = None) -> Any:
        client = _load(module, name)
        if self._stand_in is None:
            return client(credentials=self.credentials, client_options={"api_endpoint": endpoint} if endpoint else None)
        import grpc

        return client(transport=client.get_transport_class("grpc")(channel=grpc.insecure_channel(self._stand_in.grpc)))


def _load(module: str, name: str) -> Any:
    try:
        return getattr(import_module(module), name)
    except ImportError as error:
        raise SetupError(f"--target gcp needs Google's clients ({error}). Run: make setup-gcp") from error
