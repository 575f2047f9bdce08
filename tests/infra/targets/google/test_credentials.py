"""Credentials that are missing, expired, or expire while a job runs: one clear error with its cure, and no retry."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.auth.credentials import AnonymousCredentials, Credentials
from google.auth.exceptions import RefreshError, TransportError
from google.auth.transport.grpc import AuthMetadataPlugin
from google.auth.transport.requests import Request
from google.cloud.dataproc_v1 import GetJobRequest, JobControllerClient
from google.oauth2.credentials import Credentials as UserCredentials

from infra.base.errors import CloudError, CredentialsError, QuotaError, RecordError, SetupError
from infra.records.store import pull
from infra.targets.google import clients as module
from infra.targets.google import preflight
from infra.targets.google.calls import call, typed_error
from infra.targets.google.clients import Clients, StandIn
from tests.support.google.cloud import QUICK, Cloud
from tests.support.google.jobs import FOUR
from tests.support.google.server import Refusal
from workloads.bucket import client, forget_clients
from workloads.credentials import LOGIN
from workloads.errors import StorageError
from workloads.storage import open_store

NAMED = FOUR.model_copy(update={"master_machine_type": "n1-standard-2"})


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


KEY = {"type": "service_account", "client_email": "a@b", "token_uri": "https://t", "private_key": "none"}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "was not found"),
        ("", "is not a valid json file"),
        ("-----BEGIN", "is not a valid json file"),
        ("\xff\xfe\x00", "is not a valid json file"),
        ("[]", "object"),
        ('{"type": "installed"}', "does not have a valid type"),
        ('{"type": "service_account"}', "Failed to load service account credentials"),
        (json.dumps(KEY), "Failed to load service account credentials|PEM"),
    ],
    ids=["missing", "empty", "no_json", "binary", "a_list", "another_type", "half_a_key", "no_private_key"],
)
def test_a_key_file_that_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None, words: str
) -> None:
    """One line that names the file and the cure, for the APIs and for the object store alike; never as anybody."""
    key = tmp_path / "key.json"
    if content is not None:
        key.write_bytes(content.encode("latin-1"))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(key))
    monkeypatch.delenv("STORAGE_EMULATOR_HOST", raising=False)
    with pytest.raises(CredentialsError) as of_the_apis:
        _ = Clients("p", "europe-west2").credentials
    forget_clients()
    with pytest.raises(StorageError) as of_the_store:
        open_store("gs://a-bucket/x").list()
    with pytest.raises(RecordError) as of_records:
        pull("gs://a-bucket/runs", tmp_path)
    for raised in (of_the_apis, of_the_store, of_records):
        said = str(raised.value)
        assert re.search(words, said) and len(said.splitlines()) == 1
        assert f"GOOGLE_APPLICATION_CREDENTIALS names {key}" in said
        assert said.endswith(f"unset GOOGLE_APPLICATION_CREDENTIALS && {LOGIN}")


def test_a_key_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path))  # a folder: root may read any file
    with pytest.raises(CredentialsError, match=rf"names {tmp_path}, which is no usable key file \("):
        _ = Clients("p", "europe-west2").credentials


def test_without_credentials_the_object_store_is_asked_as_anybody_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Public buckets can be read without an account."""
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    for name in ("GOOGLE_APPLICATION_CREDENTIALS", "STORAGE_EMULATOR_HOST"):
        monkeypatch.delenv(name, raising=False)
    forget_clients()
    assert isinstance(client()._credentials, AnonymousCredentials)
    said = capsys.readouterr().err
    assert said == f"Only public buckets can be read. There are no credentials for Google Cloud. Run: {LOGIN}\n"
    forget_clients()


def test_credentials_without_a_project_are_enough_for_the_object_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = {"type": "authorized_user", "client_id": "i", "client_secret": "s", "refresh_token": "t"}
    (tmp_path / "adc.json").write_text(json.dumps(user))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "adc.json"))
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))  # no gcloud that would know a project
    for name in ("STORAGE_EMULATOR_HOST", "GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    forget_clients()
    assert client()._credentials.refresh_token == "t"
    forget_clients()


def test_without_a_network_the_cure_is_not_to_log_in(tmp_path: Path) -> None:
    class Unreachable(Expired):
        def refresh(self, request: Any) -> None:
            raise TransportError("HTTPSConnectionPool(host='oauth2.googleapis.com'): Max retries exceeded")  # type: ignore[no-untyped-call]

    with pytest.raises(
        CredentialsError, match=r"^Google cannot be reached .*Check the network and the proxy"
    ) as raised:
        _ = Clients("p", "europe-west2", credentials=Unreachable()).credentials
    assert LOGIN not in str(raised.value)


@pytest.mark.parametrize("quota_project", [None, "a-project"])
def test_a_users_credentials_need_a_quota_project(cloud: Cloud, quota_project: str | None) -> None:
    user = UserCredentials("token", refresh_token="t", quota_project_id=quota_project)  # type: ignore[no-untyped-call]
    clients = Clients("a-project", "europe-west2", credentials=user, stand_in=cloud.stand_in, backoff=QUICK)
    found = preflight.problems(clients, [NAMED], zone=cloud.compute.zone)
    cures = [problem.cure for problem in found if "quota project" in problem.what]
    assert cures == ([] if quota_project else ["gcloud auth application-default set-quota-project a-project"])


def test_a_service_accounts_credentials_need_none(cloud: Cloud) -> None:
    assert preflight.problems(cloud.clients, [NAMED], zone=cloud.compute.zone) == []


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
