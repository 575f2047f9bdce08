"""Credentials that are missing, expired, or expire while a job runs: one clear error with its cure, and no retry."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.auth.credentials import Credentials
from google.auth.exceptions import RefreshError
from google.auth.transport.grpc import AuthMetadataPlugin
from google.auth.transport.requests import Request
from google.cloud.dataproc_v1 import GetJobRequest, JobControllerClient

from infra.base.errors import CloudError, CredentialsError, QuotaError, SetupError
from infra.targets.google import clients as module
from infra.targets.google import preflight
from infra.targets.google.calls import call, typed_error
from infra.targets.google.clients import Clients, StandIn
from tests.support.google.cloud import QUICK, Cloud
from tests.support.google.jobs import FOUR
from tests.support.google.server import Refusal


class Expired(Credentials):
    """Credentials that cannot be renewed."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.asked = 0

    def refresh(self, request: Any) -> None:
        self.asked += 1
        words = "Reauthentication is needed. Please run `gcloud auth application-default login`"
        raise RefreshError(words)  # type: ignore[no-untyped-call]


def test_expired_credentials_are_known_before_the_first_call() -> None:
    clients = Clients("p", "europe-west2", credentials=Expired())
    with pytest.raises(CredentialsError, match=f"have expired.*Run: {LOGIN}$"):
        _ = clients.jobs


def test_no_credentials_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    with pytest.raises(CredentialsError, match=f"There are no credentials.*Run: {LOGIN}$"):
        _ = Clients("p", "europe-west2").jobs


def test_preflight_says_so_and_nothing_else(cloud: Cloud) -> None:
    clients = Clients("a-project", "europe-west2", credentials=Expired(), stand_in=cloud.stand_in)
    (problem,) = preflight.problems(clients, [FOUR], zone=cloud.compute.zone)
    assert "have expired" in problem.what and problem.cure == LOGIN


def test_credentials_that_expire_under_way_are_not_asked_again(cloud: Cloud) -> None:
    cloud.failures.add("GetJob", Refusal("UNAUTHENTICATED", "Request had invalid authentication credentials."), times=9)
    request = GetJobRequest(project_id="a-project", region="europe-west2", job_id="j")
    with pytest.raises(CredentialsError, match=f"invalid authentication credentials.*Run: {LOGIN}$"):
        call(cloud.clients.jobs.get_job, request, QUICK)
    assert cloud.failures.calls["GetJob"] == 1


@pytest.fixture
def guarded() -> Iterator[str]:
    """A server behind a channel that carries credentials, as Google's are."""
    with ThreadPoolExecutor(1) as threads:
        server = grpc.server(threads)
        port = server.add_secure_port("127.0.0.1:0", grpc.local_server_credentials())
        server.start()
        try:
            yield f"127.0.0.1:{port}"
        finally:
            server.stop(None).wait()


def test_what_grpc_makes_of_expired_credentials_is_seen_through(guarded: str) -> None:
    """gRPC reports UNAVAILABLE, which any other client would repeat until its time is up."""
    expired = Expired()
    metadata = AuthMetadataPlugin(expired, Request())  # type: ignore[no-untyped-call]
    plugin = grpc.metadata_call_credentials(metadata)
    channel = grpc.secure_channel(guarded, grpc.composite_channel_credentials(grpc.local_channel_credentials(), plugin))
    jobs = JobControllerClient(transport=JobControllerClient.get_transport_class("grpc")(channel=channel))
    with channel, pytest.raises(CredentialsError, match=f"Reauthentication is needed.*Run: {LOGIN}$"):
        call(jobs.get_job, GetJobRequest(project_id="p", region="r", job_id="j"), QUICK)
    assert expired.asked == 1


def test_without_googles_clients_the_cure_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> object:
        raise ImportError(f"No module named '{name}'")

    monkeypatch.setattr(module, "import_module", missing)
    with pytest.raises(SetupError, match=r"No module named 'google\.cloud\.dataproc_v1'.*Run: make setup-gcp$"):
        _ = Clients("p", "r", stand_in=StandIn("127.0.0.1:1", "http://127.0.0.1:1")).jobs


def test_the_endpoints_are_those_of_the_region() -> None:
    from google.auth.credentials import AnonymousCredentials

    credentials = AnonymousCredentials()  # type: ignore[no-untyped-call]
    clients = Clients("p", "europe-west2", credentials=credentials)
    assert clients.jobs.api_endpoint == clients.clusters.api_endpoint == "europe-west2-dataproc.googleapis.com:443"
    assert clients.custom_jobs.api_endpoint == "europe-west2-aiplatform.googleapis.com:443"
    assert clients.metrics.api_endpoint == "monitoring.googleapis.com"


def test_an_old_service_that_gives_no_reason() -> None:
    """Without a reason, the words tell a rate limit from a quota of things."""
    from google.api_core import exceptions

    google: Any = exceptions
    assert (
        type(typed_error(google.ResourceExhausted("Insufficient 'CPUS' quota. Requested 40.0, available 24.0.")))
        is QuotaError
    )
    rate = typed_error(google.ResourceExhausted("Quota exceeded for limit 'Requests per minute per user'"))
    assert type(rate) is CloudError and "limits the rate" in str(rate)
    late = typed_error(google.RetryError("too late", google.ResourceExhausted("Requests per minute")))
    assert "did not answer in time" in str(late) and "limits the rate" in str(late)
